// Package workflow holds the words of definitions: workflows, steps, transitions, properties, versions, and their JSON.
//
// Above it are fault, wire, param, schedule and signal; instance and api build on it; dag, dsl and validate hold the
// rules. A definition that has been handed over is shared and never changed.
//
// The one thing to know before changing it: definitions are read strictly (an unknown field is an error) and written
// back as they came, but for normal forms (enums in upper case, tags and run strategies as objects). What one version
// accepts, all later ones must.
package workflow

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/signal"
	"github.com/segue-run/segue/wire"
)

// Tag marks a workflow or a step.
type Tag = param.Tag

// Criticality says how much a workflow matters.
type Criticality string

// The criticalities.
const (
	Critical Criticality = "CRITICAL"
	High     Criticality = "HIGH"
	Medium   Criticality = "MEDIUM"
	Low      Criticality = "LOW"
)

// Workflow is what an author writes: steps and what they share.
type Workflow struct {
	ID                      string
	Name                    string
	Description             string
	Tags                    []Tag        // nil = absent, as for all slices here
	Timeout                 param.Scalar // see schedule.ParseDuration
	TimeTriggers            []schedule.Trigger
	SignalTriggers          []signal.Trigger
	Criticality             Criticality
	InstanceStepConcurrency *int64
	Params                  *param.Definitions // nil = absent, as for all maps here
	Steps                   []*Step
}

// Decode reads a workflow.
func Decode(n *wire.Node) (*Workflow, error) {
	w := new(Workflow)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "id":
			return f.Str(&w.ID)
		case "name":
			return f.Str(&w.Name)
		case "description":
			return f.Str(&w.Description)
		case "tags":
			return wire.ListOf(&f.Node, &w.Tags, param.DecodeTag)
		case "timeout":
			return wire.Into(&f.Node, &w.Timeout, param.DecodeScalar)
		case "time_triggers":
			return wire.ListOf(&f.Node, &w.TimeTriggers, schedule.DecodeTrigger)
		case "signal_triggers":
			return wire.ListOf(&f.Node, &w.SignalTriggers, signal.DecodeTrigger)
		case "criticality":
			return wire.Enum(&f.Node, &w.Criticality, Critical, High, Medium, Low)
		case "instance_step_concurrency":
			return f.IntPtr(&w.InstanceStepConcurrency)
		case "params":
			return param.DecodeDefinitions(&f.Node, &w.Params)
		case "steps":
			return wire.ListOf(&f.Node, &w.Steps, DecodeStep)
		}
		return f.Unknown("id", "name", "description", "tags", "timeout", "time_triggers", "signal_triggers", "criticality",
			"instance_step_concurrency", "params", "steps")
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// AppendJSON appends the workflow.
func (w *Workflow) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "id", w.ID)
	b = wire.OptStr(b, "name", w.Name)
	b = wire.OptStr(b, "description", w.Description)
	b = wire.List(b, "tags", w.Tags)
	b = w.Timeout.AppendField(b, "timeout")
	b = wire.List(b, "time_triggers", w.TimeTriggers)
	b = wire.List(b, "signal_triggers", w.SignalTriggers)
	b = wire.OptStr(b, "criticality", string(w.Criticality))
	b = wire.IntPtr(b, "instance_step_concurrency", w.InstanceStepConcurrency)
	if w.Params != nil {
		b = param.AppendDefinitions(wire.Key(b, "params"), w.Params)
	}
	b = wire.List(b, "steps", w.Steps)
	return append(b, '}')
}

// Walk calls visit for each step, outer before inner, in the order of the definition, with the loops that it is in.
// path is reused; visit returns false to end the walk.
func (w *Workflow) Walk(visit func(s *Step, path []*Step) bool) { walk(w.Steps, nil, visit) }

func walk(steps []*Step, path []*Step, visit func(*Step, []*Step) bool) bool {
	for _, s := range steps {
		if !visit(s, path) || !walk(s.Steps, append(path, s), visit) {
			return false
		}
	}
	return true
}
