package validate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/dag"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/workflow"
)

// Create checks a push, but for what depends on the versions that exist (see Owner). Its error has a detail for
// everything that is wrong.
func Create(r *api.WorkflowCreateRequest) error {
	var v violations
	if p := r.Properties; p != nil {
		if len(p.Tags) > 0 {
			v.add("properties.tags", "Cannot set workflow property tags by a push; use the properties/tag endpoint")
		}
		v.properties("properties", p)
	}
	if r.Workflow == nil {
		v.add("workflow", "[workflow definition] cannot be null")
		return v.err()
	}
	v.workflow("workflow", r.Workflow)
	if err := v.err(); err != nil {
		return err
	}
	if size := len(r.AppendJSON(nil)); size > MaxRequest {
		return fault.New(fault.BadRequest, "the definition has %d bytes, which is over the limit of %d", size, MaxRequest)
	}
	return nil
}

// Owner checks that the first version of a workflow has an owner. present are the properties that exist, or nil.
func Owner(present, pushed *workflow.Properties) error {
	if present == nil && (pushed == nil || pushed.Owner == nil) {
		return fault.New(fault.BadRequest, "properties.owner must be set for the first version of a workflow")
	}
	return nil
}

// PropertiesUpdate checks a properties update.
func PropertiesUpdate(r *api.WorkflowPropertiesUpdateRequest) error {
	var v violations
	for _, both := range []struct {
		name       string
		set, reset bool
	}{
		{"run_strategy", r.RunStrategy != nil, r.ResetRule || r.ResetWorkflowConcurrency},
		{"step_concurrency", r.StepConcurrency != nil, r.ResetStepConcurrency},
	} {
		if both.set && both.reset {
			v.add("properties", "cannot set and reset %s in one request", both.name)
		}
	}
	v.properties("properties", &r.Properties)
	return v.err()
}

// Tag checks a tag that is put on a workflow.
func Tag(t workflow.Tag) error {
	var v violations
	v.name("tag.name", t.Name)
	return v.err()
}

func (v *violations) properties(path string, p *workflow.Properties) {
	v.description(path, p.Description)
	v.tags(path+".tags", p.Tags)
	if s := p.RunStrategy; s != nil && (s.Concurrency < 1 || s.Concurrency > MaxWorkflows) {
		v.add(path+".runStrategy.workflowConcurrency", "workflow_concurrency should be positive and at most %d - rejected value is [%d]", MaxWorkflows, s.Concurrency)
	}
	if n := p.StepConcurrency; n != nil && (*n < 1 || *n > MaxStepsAtOnce) {
		v.add(path+".stepConcurrency", "step_concurrency should be positive and at most %d - rejected value is [%d]", MaxStepsAtOnce, *n)
	}
	if a := p.Alerting; a != nil && a.TCT != nil {
		if text := a.TCT.Check(); text != "" {
			v.add(path+".alerting.tct", "%s", text)
		}
	}
	if r := p.Retention; r != nil {
		v.retention(path+".retention", r)
	}
}

func (v *violations) retention(path string, r *workflow.Retention) {
	if r.KeepFor.Given {
		if age, err := r.Age(); err != nil || age > MaxKeepDays*24*time.Hour {
			v.add(path+".keepFor", "keep_for should be a length of time such as 30 days, at most %d days, or 0 for ever - rejected value is [%s]", MaxKeepDays, r.KeepFor.Text)
		}
	}
	if n := r.KeepRuns; n != nil && *n < 0 {
		v.add(path+".keepRuns", "keep_runs should be a number of runs, or 0 for all - rejected value is [%d]", *n)
	}
}

func (v *violations) workflow(path string, w *workflow.Workflow) {
	v.id(path+".id", w.ID)
	v.texts(path, w.Name, w.Description)
	v.tags(path+".tags", w.Tags)
	v.timeout(path+".timeout", w.Timeout)
	v.timeTriggers(path+".timeTriggers", w.TimeTriggers)
	v.signalTriggers(path+".signalTriggers", w.SignalTriggers)
	if n := w.InstanceStepConcurrency; n != nil && (*n < 1 || *n > MaxInstanceSteps) {
		v.add(path+".instanceStepConcurrency", "instance_step_concurrency should be positive and less than %d - rejected value is [%d]", MaxInstanceSteps+1, *n)
	}
	v.paramNames(path+".params", w.Params)
	if len(w.Steps) == 0 {
		v.add(path+".steps", "[workflow step definitions] cannot be null or empty")
		return
	}
	v.steps(path+".steps", w)
}

func (v *violations) steps(path string, w *workflow.Workflow) {
	count, unique := 0, true
	seen := map[string]bool{}
	w.Walk(func(s *workflow.Step, _ []*workflow.Step) bool {
		count++
		if s.ID != "" && seen[s.ID] {
			unique = false
			v.add(path, "[workflow step definitions] contain duplicate step ids - rejected id is [%s]", s.ID)
		}
		seen[s.ID] = true
		return true
	})
	if count > MaxSteps {
		v.add(path, "[workflow step list] is too large [%d] and over the size limit [%d]", count, MaxSteps)
		return
	}
	v.level(path, w.Steps, nil)
	if !unique {
		return // the graph would be one of other steps
	}
	for _, problem := range dag.Problems(w.Steps) {
		v.add(path, "%s", problem)
	}
}

// level checks the steps of one level; loops are the names of the loop params around it.
func (v *violations) level(path string, steps []*workflow.Step, loops []string) {
	for i, s := range steps {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.step(at, s)
		if !s.Kind.Loop() {
			continue
		}
		if len(s.Steps) == 0 {
			v.add(at+".steps", "[workflow step definitions] cannot be null or empty")
		}
		inner := loops[:len(loops):len(loops)]
		d, _ := s.Params.Get("loop_params")
		names, ok := loopParams(d)
		if !ok {
			v.add(at+".params", "[workflow step definitions] step [%s] must have a literal MAP param loop_params", s.ID)
		}
		for _, name := range names.Keys() {
			for _, outer := range loops {
				if outer == name {
					v.add(at+".params", "[workflow step definitions] loop param [%s] of step [%s] has the name of a loop param around it", name, s.ID)
				}
			}
			inner = append(inner, name)
		}
		v.level(at+".steps", s.Steps, inner)
	}
}

func loopParams(d *param.Definition) (*param.Definitions, bool) {
	if d == nil {
		return nil, false
	}
	names, ok := d.Value.(*param.Definitions)
	return names, ok
}

func (v *violations) step(path string, s *workflow.Step) {
	v.reference(path+".id", s.ID)
	v.texts(path, s.Name, s.Description)
	v.tags(path+".tags", s.Tags)
	v.timeout(path+".timeout", s.Timeout)
	v.paramNames(path+".params", s.Params)
	for _, err := range s.Retry.Check() {
		v.add(path+".retryPolicy", "%v", err)
	}
	if s.Waits != nil && len(s.Waits) == 0 {
		v.add(path+".signalDependencies", "[signal dependencies] cannot be empty")
	}
	if s.Announces != nil && len(s.Announces) == 0 {
		v.add(path+".signalOutputs", "[signal outputs] cannot be empty")
	}
	if s.Type == workflow.TypeCommand {
		v.command(path+".params", s)
	}
	switch {
	case s.Kind == workflow.Foreach && s.Concurrency != nil && *s.Concurrency > MaxForeach:
		v.add(path+".concurrency", "must be less than or equal to %d - rejected value is [%d]", MaxForeach, *s.Concurrency)
	case s.Kind == workflow.While && strings.TrimSpace(s.Condition) == "":
		v.add(path+".condition", "must not be null")
	case s.Kind == workflow.Template:
		v.add(path, "step [%s] is a template, which cannot be run", s.ID)
	case s.Type == workflow.TypeTitus || s.Type == workflow.TypeJoin:
		v.add(path+".type", "step [%s] has type %s, which cannot be run", s.ID, s.Type)
	}
}

// commandParams are the params that a command reads, with the types that it takes.
var commandParams = []struct {
	name  string
	must  bool
	types []param.Type
}{
	{"command", true, []param.Type{param.String, param.StringArray}},
	{"env", false, []param.Type{param.StringMap, param.Map}},
	{"working_dir", false, []param.Type{param.String}},
	{"stdin", false, []param.Type{param.String}},
}

// command checks the params of a command. Their values are known when it runs.
func (v *violations) command(path string, s *workflow.Step) {
	for _, c := range commandParams {
		d, ok := s.Params.Get(c.name)
		switch {
		case !ok && c.must:
			v.add(path, "[command step] step [%s] of type command must have a param %s of type %s", s.ID, c.name, either(c.types))
		case ok && !slices.Contains(c.types, d.Type):
			v.add(path+"["+c.name+"]", "[command step] param %s of step [%s] must be of type %s - rejected type is [%s]", c.name, s.ID, either(c.types), d.Type)
		}
	}
}

// either lists types as alternatives.
func either(types []param.Type) string {
	var names []string
	for _, t := range types {
		names = append(names, t.String())
	}
	return strings.Join(names, " or ")
}

// timeout checks a length of time; one with a reference can only be checked at run time.
func (v *violations) timeout(path string, s param.Scalar) {
	if !s.Given || strings.Contains(s.Text, "$") {
		return
	}
	if _, err := Timeout(s.Text); err != nil {
		v.add(path, "%s", err)
	}
}

// Timeout reads how long a run or a step may take.
func Timeout(text string) (time.Duration, error) {
	d, err := schedule.ParseDuration(text)
	if err == nil && d > 0 && d <= MaxTimeoutDays*24*time.Hour {
		return d, nil
	}
	why := ""
	if err != nil {
		why = ": " + err.Error()
	}
	return 0, fault.New(fault.BadRequest, "[maestro timeout] cannot be non-positive or more than system limit: %d days - rejected value is [%s]%s", MaxTimeoutDays, text, why)
}

func (v *violations) tags(path string, tags []workflow.Tag) {
	seen := make(map[string]bool, len(tags))
	for i, t := range tags {
		if seen[t.Name] {
			v.add(path, "[tag list definition] cannot contain duplicate tag names - rejected name is [%s]", t.Name)
		}
		seen[t.Name] = true
		v.name(fmt.Sprintf("%s[%d].name", path, i), t.Name)
	}
}

// paramNames checks the names of params, and of the children of literal MAPs; and their tags.
func (v *violations) paramNames(path string, defs *param.Definitions) {
	for name, d := range defs.All() {
		at := path + "[" + name + "]"
		v.reference(at, name)
		v.tags(at+".tags", d.Tags)
		if children, ok := d.Value.(*param.Definitions); ok {
			v.paramNames(at+".value", children)
		}
	}
}
