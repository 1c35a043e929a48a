package api

import (
	"strconv"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// RuntimeOverview counts the steps of a run and, in the roll-up, the leaves below it. The zero RunStatus is not printed.
type RuntimeOverview struct {
	TotalSteps int64
	Steps      []StatusSteps // in the order of the statuses; NOT_CREATED is never among them
	Rollup     Rollup
	RunStatus  instance.Status
}

// StatusSteps are the steps in one status, in the order of their ordinals.
type StatusSteps struct {
	Status instance.StepStatus
	Steps  []StepTimes
}

// StepTimes is one step: its position in runtime_dag, from 1, and when it started and ended (0 = not yet).
type StepTimes struct{ Ordinal, Start, End int64 }

// Rollup counts the leaf steps of a run and of all that it has started.
type Rollup struct {
	TotalLeaves int64
	Statuses    []StatusRollup
}

// StatusRollup are the leaves in one status; Refs name some of them ("instance:step:attempt") by run ("workflow:run").
type StatusRollup struct {
	Status instance.StepStatus
	Count  int64
	Refs   *param.Ordered[[]string]
}

// AppendJSON appends the overview.
func (o *RuntimeOverview) AppendJSON(b []byte) []byte {
	b = wire.Int(append(b, '{'), "total_step_count", o.TotalSteps)
	b = append(wire.Key(b, "step_overview"), '{')
	for _, s := range o.Steps {
		b = append(wire.Key(b, s.Status.String()), '{')
		b = wire.Int(b, "cnt", int64(len(s.Steps)))
		b = append(wire.Key(b, "steps"), '[')
		for _, t := range s.Steps {
			b = append(wire.Comma(b), '[')
			b = strconv.AppendInt(b, t.Ordinal, 10)
			b = appendTime(append(b, ','), t.Start)
			b = appendTime(append(b, ','), t.End)
			b = append(b, ']')
		}
		b = append(b, ']', '}')
	}
	b = append(b, '}')
	b = o.Rollup.AppendJSON(wire.Key(b, "rollup_overview"))
	if o.RunStatus != instance.StatusUnknown {
		b = wire.Str(b, "run_status", o.RunStatus.String())
	}
	return append(b, '}')
}

func appendTime(b []byte, t int64) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, t, 10)
}

// AppendJSON appends the roll-up.
func (r *Rollup) AppendJSON(b []byte) []byte {
	b = wire.Int(append(b, '{'), "total_leaf_count", r.TotalLeaves)
	if r.Statuses != nil {
		b = append(wire.Key(b, "overview"), '{')
		for _, s := range r.Statuses {
			b = append(wire.Key(b, s.Status.String()), '{')
			b = wire.Int(b, "cnt", s.Count)
			if s.Refs.Len() > 0 {
				b = param.AppendObject(wire.Key(b, "ref"), s.Refs, wire.AppendStrings)
			}
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// AggregatedInfo is the state of an instance over all its runs.
type AggregatedInfo struct {
	Status instance.Status
	Steps  []AggregatedStep // every step of the top level
}

// AggregatedStep is the newest state of one step. Zero values are left out.
type AggregatedStep struct {
	StepID     string
	Run        int64
	Status     instance.StepStatus
	Start, End int64
}

// AppendJSON appends the aggregated view.
func (a *AggregatedInfo) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_instance_status", a.Status.String())
	if len(a.Steps) > 0 {
		b = append(wire.Key(b, "step_aggregated_views"), '{')
		for _, s := range a.Steps {
			b = wire.AppendString(wire.Comma(b), s.StepID)
			b = append(b, ':', '{')
			b = wire.OptInt(b, "workflow_run_id", s.Run)
			b = wire.Str(b, "status", s.Status.String())
			b = wire.OptInt(b, "start_time", s.Start)
			b = wire.OptInt(b, "end_time", s.End)
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// WorkflowOverview is where a workflow stands. Versions of 0 and a LatestInstance of 0 are not printed.
type WorkflowOverview struct {
	WorkflowID      string
	Active          int64
	Latest          int64
	Default         int64
	Properties      wire.Appender // a PropertiesSnapshot whose run strategy is filled in
	StepConcurrency int64
	Created         int64 // instances in the status
	InProgress      int64
	Paused          int64
	Failed          int64
	LatestInstance  int64
}

// AppendJSON appends the overview.
func (o *WorkflowOverview) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", o.WorkflowID)
	b = wire.OptInt(b, "active_version_id", o.Active)
	b = wire.OptInt(b, "latest_version_id", o.Latest)
	b = wire.OptInt(b, "default_version_id", o.Default)
	b = opt(b, "properties_snapshot", o.Properties)
	b = wire.OptInt(b, "step_concurrency", o.StepConcurrency)
	b = append(wire.Key(b, "nonterminal_instances"), '{')
	b = wire.Int(b, instance.Created.String(), o.Created)
	b = wire.Int(b, instance.InProgress.String(), o.InProgress)
	b = wire.Int(b, instance.Paused.String(), o.Paused)
	b = append(b, '}')
	b = wire.Int(b, "failed_instances", o.Failed)
	b = wire.OptInt(b, "latest_instance_id", o.LatestInstance)
	return append(b, '}')
}
