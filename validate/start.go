package validate

import (
	"slices"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/param"
)

// ReservedParams are the names that a run param cannot have.
var ReservedParams = []string{"maestro", "Maestro", "MAESTRO", "scheduler", "Scheduler", "SCHEDULER", "util", "Util", "UTIL",
	"params", "Params", "PARAMS", "AUTH_BLOB", "AUTH_DATA", "AUTH_ACTING_ON_BEHALF_OF_BLOB", "AUTH_TRIGGERING_ON_BEHALF_OF_BLOB",
	"AUTHORIZED_MANAGERS"}

// Start checks the request of a start.
func Start(r *api.WorkflowStartRequest) error {
	var v violations
	if r.Initiator == nil {
		v.add("initiator", "must not be null")
	}
	v.tags("runtimeTags", r.RuntimeTags)
	v.runParams("runParams", r.RunParams)
	return v.err()
}

// Restart checks the request of a restart.
func Restart(r *api.WorkflowRestartRequest) error {
	var v violations
	if r.Policy == "" {
		v.add("restartPolicy", "must not be null")
	}
	v.runParams("runParams", r.RunParams)
	return v.err()
}

// StepRestart checks the request of a step's restart.
func StepRestart(r *api.StepRestartRequest) error {
	var v violations
	if r.Policy == "" {
		v.add("restartPolicy", "must not be null")
	}
	v.runParams("stepRunParams", r.StepParams)
	return v.err()
}

func (v *violations) runParams(path string, defs *param.Definitions) {
	const token = "[param definition]"
	if defs.Len() > MaxRunParams {
		v.add(path, "%s contain more than param size limit %d - rejected size is [%d]", token, MaxRunParams, defs.Len())
	}
	for name, d := range defs.All() {
		if slices.Contains(ReservedParams, name) {
			v.add(path, "%s cannot be any of reserved param names - rejected value is [%s]", token, name)
		}
		if d.Meta.Has(param.MetaSource) {
			v.add(path, "%s users cannot set param source for a param: %s", token, name)
		}
	}
	v.paramNames(path, defs)
}

// Signal checks a signal that is announced.
func Signal(r *api.SignalCreateRequest) error {
	var v violations
	v.name("name", r.Name)
	return v.err()
}

// TagPermit checks a tag permit.
func TagPermit(r *api.TagPermitRequest) error {
	var v violations
	v.name("tag", r.Tag)
	if r.MaxAllowed == nil || *r.MaxAllowed < 0 {
		v.add("maxAllowed", "must be greater than or equal to 0")
	}
	return v.err()
}

// Breakpoint checks a breakpoint.
func Breakpoint(p *api.Breakpoint) error {
	var v violations
	if p.WorkflowID == "" {
		v.add("workflowId", "must not be null")
	}
	if p.StepID == "" {
		v.add("stepId", "must not be null")
	}
	return v.err()
}

// JobTemplate checks a job template.
func JobTemplate(t *api.JobTemplate) error {
	var v violations
	m, d := &t.Metadata, &t.Definition
	for _, f := range []struct {
		path    string
		missing bool
	}{{"owner", m.Owner == nil}, {"status", m.Status == ""}, {"support", m.Support == ""}, {"definition.stepType", d.StepType == ""}} {
		if f.missing {
			v.add(f.path, "must not be null")
		}
	}
	v.reference("definition.jobType", d.JobType)
	v.reference("definition.version", d.Version)
	v.description("definition", d.Description)
	v.tags("definition.tags", d.Tags)
	v.paramNames("definition.params", d.Params)
	return v.err()
}
