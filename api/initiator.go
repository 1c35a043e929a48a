package api

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// InitiatorType says who or what started a run.
type InitiatorType string

// The types of initiators. Those from BySubworkflow on are upstream steps.
const (
	Manual        InitiatorType = "MANUAL"
	ByTime        InitiatorType = "TIME"
	BySignal      InitiatorType = "SIGNAL"
	BySubworkflow InitiatorType = "SUBWORKFLOW"
	ByForeach     InitiatorType = "FOREACH"
	ByWhile       InitiatorType = "WHILE"
	ByTemplate    InitiatorType = "TEMPLATE"
)

// Upstream reports whether the initiator is a step of another run.
func (t InitiatorType) Upstream() bool { return t != Manual && t != ByTime && t != BySignal }

// Initiator says who or what started a run. Which fields count depends on Type.
type Initiator struct {
	Type        InitiatorType
	User        *workflow.User        // Manual
	TriggerUUID string                // ByTime, BySignal
	TriggerTime *int64                // ByTime, epoch milliseconds
	Timezone    string                // ByTime
	SignalIDs   *param.Ordered[int64] // BySignal: sequence by signal name
	Params      *param.Params         // BySignal
	Ancestors   []Ancestor            // upstream steps, the root first
}

// Ancestor is a step above a run.
type Ancestor struct {
	WorkflowID string
	Instance   int64
	Run        int64
	StepID     string
	Attempt    int64
	Sync       *bool
}

// DecodeInitiator reads an initiator.
func DecodeInitiator(n *wire.Node) (*Initiator, error) {
	i := new(Initiator)
	kind := n.Get("type")
	if kind == nil {
		return nil, wire.Errorf(n, "an initiator must be an object with a type")
	}
	if err := wire.Enum(kind, &i.Type, Manual, ByTime, BySignal, BySubworkflow, ByForeach, ByWhile, ByTemplate); err != nil {
		return nil, wire.In(err, "type")
	}
	err := n.Each(func(f *wire.Field) error {
		switch {
		case f.Name == "type" || f.Name == "depth":
			return nil // depth follows from the ancestors
		case f.Name == "user" && i.Type == Manual:
			return wire.Into(&f.Node, &i.User, workflow.DecodeUser)
		case f.Name == "trigger_uuid" && (i.Type == ByTime || i.Type == BySignal):
			return f.Str(&i.TriggerUUID)
		case f.Name == "trigger_time" && i.Type == ByTime:
			return f.IntPtr(&i.TriggerTime)
		case f.Name == "timezone" && i.Type == ByTime:
			return f.Str(&i.Timezone)
		case f.Name == "signal_id_map" && i.Type == BySignal:
			return param.DecodeObject(&f.Node, &i.SignalIDs, (*wire.Node).AsInt)
		case f.Name == "params" && i.Type == BySignal:
			return param.DecodeParams(&f.Node, &i.Params)
		case f.Name == "ancestors" && i.Type.Upstream():
			return wire.ListOf(&f.Node, &i.Ancestors, decodeAncestor)
		}
		return f.Unknown()
	})
	return i, err
}

func decodeAncestor(n *wire.Node) (Ancestor, error) {
	var a Ancestor
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_id":
			return f.Str(&a.WorkflowID)
		case "instance_id":
			return f.Int(&a.Instance)
		case "run_id":
			return f.Int(&a.Run)
		case "step_id":
			return f.Str(&a.StepID)
		case "step_attempt_id":
			return f.Int(&a.Attempt)
		case "sync":
			return f.BooleanPtr(&a.Sync)
		}
		return f.Unknown("workflow_id", "instance_id", "run_id", "step_id", "step_attempt_id", "sync")
	})
	return a, err
}

// AppendJSON appends the initiator.
func (i *Initiator) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if i.Type.Upstream() {
		b = wire.List(b, "ancestors", i.Ancestors)
	}
	b = wire.OptStr(b, "trigger_uuid", i.TriggerUUID)
	b = wire.IntPtr(b, "trigger_time", i.TriggerTime)
	b = wire.OptStr(b, "timezone", i.Timezone)
	if i.SignalIDs != nil {
		b = param.AppendObject(wire.Key(b, "signal_id_map"), i.SignalIDs, func(b []byte, v int64) []byte { return param.AppendValue(b, v) })
	}
	if i.Params != nil {
		b = param.AppendParams(wire.Key(b, "params"), i.Params)
	}
	b = wire.Int(b, "depth", int64(len(i.Ancestors)))
	b = wire.Str(b, "type", string(i.Type))
	if i.User != nil {
		b = i.User.AppendJSON(wire.Key(b, "user"))
	}
	return append(b, '}')
}

// AppendJSON appends the ancestor.
func (a Ancestor) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "workflow_id", a.WorkflowID)
	b = wire.OptInt(b, "instance_id", a.Instance)
	b = wire.OptInt(b, "run_id", a.Run)
	b = wire.OptStr(b, "step_id", a.StepID)
	b = wire.OptInt(b, "step_attempt_id", a.Attempt)
	b = wire.BooleanPtr(b, "sync", a.Sync)
	return append(b, '}')
}
