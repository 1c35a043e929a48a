package workflow

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Properties are what holds for all versions of a workflow. Nil means unset.
type Properties struct {
	Owner                 *User
	RunStrategy           *RunStrategy
	StepConcurrency       *int64
	Alerting              *Alerting
	AlertingDisabled      *bool
	SignalTriggerDisabled *bool
	TimeTriggerDisabled   *bool
	Description           string
	Retention             *Retention
	Tags                  []Tag // changed only through their own endpoints
}

// PropertiesFields are the names of the fields of Properties.
var PropertiesFields = []string{"owner", "run_strategy", "step_concurrency", "alerting", "alerting_disabled",
	"signal_trigger_disabled", "time_trigger_disabled", "description", "retention", "tags"}

// DecodeField reads one field; ok is false if properties have no such field.
func (p *Properties) DecodeField(f *wire.Field) (ok bool, err error) {
	switch f.Name {
	case "owner":
		return true, wire.Into(&f.Node, &p.Owner, DecodeUser)
	case "access_control":
		return true, wire.Errorf(&f.Node, "access_control is not supported; leave it out")
	case "run_strategy":
		return true, wire.Into(&f.Node, &p.RunStrategy, DecodeRunStrategy)
	case "step_concurrency":
		return true, f.IntPtr(&p.StepConcurrency)
	case "alerting":
		return true, wire.Into(&f.Node, &p.Alerting, DecodeAlerting)
	case "alerting_disabled":
		return true, f.BooleanPtr(&p.AlertingDisabled)
	case "signal_trigger_disabled":
		return true, f.BooleanPtr(&p.SignalTriggerDisabled)
	case "time_trigger_disabled":
		return true, f.BooleanPtr(&p.TimeTriggerDisabled)
	case "description":
		return true, f.Str(&p.Description)
	case "retention":
		return true, wire.Into(&f.Node, &p.Retention, DecodeRetention)
	case "tags":
		return true, wire.ListOf(&f.Node, &p.Tags, param.DecodeTag)
	}
	return false, nil
}

// DecodeProperties reads properties.
func DecodeProperties(n *wire.Node) (*Properties, error) {
	p := new(Properties)
	err := n.Each(func(f *wire.Field) error {
		if ok, err := p.DecodeField(f); ok {
			return err
		}
		return f.Unknown(PropertiesFields...)
	})
	return p, err
}

// AppendFields appends the fields of the properties to the object that b is in.
func (p *Properties) AppendFields(b []byte) []byte {
	b = appendUser(b, "owner", p.Owner)
	if p.RunStrategy != nil {
		b = p.RunStrategy.AppendJSON(wire.Key(b, "run_strategy"))
	}
	b = wire.IntPtr(b, "step_concurrency", p.StepConcurrency)
	if p.Alerting != nil {
		b = p.Alerting.AppendJSON(wire.Key(b, "alerting"))
	}
	b = wire.BooleanPtr(b, "alerting_disabled", p.AlertingDisabled)
	b = wire.BooleanPtr(b, "signal_trigger_disabled", p.SignalTriggerDisabled)
	b = wire.BooleanPtr(b, "time_trigger_disabled", p.TimeTriggerDisabled)
	b = wire.OptStr(b, "description", p.Description)
	if p.Retention != nil {
		b = p.Retention.AppendJSON(wire.Key(b, "retention"))
	}
	return wire.List(b, "tags", p.Tags)
}

// AppendJSON appends the properties.
func (p *Properties) AppendJSON(b []byte) []byte {
	return append(p.AppendFields(append(b, '{')), '}')
}

// Strategy returns the run strategy, with its default. The receiver may be nil.
func (p *Properties) Strategy() RunStrategy {
	if p == nil || p.RunStrategy == nil {
		return DefaultStrategy()
	}
	return *p.RunStrategy
}

// Steps returns the step concurrency, with its default. The receiver may be nil.
func (p *Properties) Steps() int64 {
	if p == nil || p.StepConcurrency == nil {
		return DefaultConcurrency
	}
	return *p.StepConcurrency
}

// Pushed returns the properties after a push that carries change, which may be nil: what it sets wins, the rest is
// inherited, except that run_strategy, step_concurrency, alerting and retention become unset if a push leaves them out.
func (p *Properties) Pushed(change *Properties) *Properties {
	if change == nil {
		return p
	}
	next := p.Updated(change)
	next.RunStrategy, next.StepConcurrency = change.RunStrategy, change.StepConcurrency
	next.Alerting, next.Retention = change.Alerting, change.Retention
	return next
}

// Updated returns the properties after a property update: what it sets wins. The receiver may be nil.
func (p *Properties) Updated(change *Properties) *Properties {
	next := new(Properties)
	if p != nil {
		*next = *p
	}
	set(&next.Owner, change.Owner)
	set(&next.RunStrategy, change.RunStrategy)
	set(&next.StepConcurrency, change.StepConcurrency)
	set(&next.Alerting, change.Alerting)
	set(&next.AlertingDisabled, change.AlertingDisabled)
	set(&next.SignalTriggerDisabled, change.SignalTriggerDisabled)
	set(&next.TimeTriggerDisabled, change.TimeTriggerDisabled)
	set(&next.Retention, change.Retention)
	if change.Description != "" {
		next.Description = change.Description
	}
	return next
}

func set[T any](dst **T, v *T) {
	if v != nil {
		*dst = v
	}
}

// PropertiesSnapshot are the properties as they were from one change to the next. CreateTime is also its id.
type PropertiesSnapshot struct {
	WorkflowID string
	CreateTime int64
	Author     *User
	Properties
}

// DecodePropertiesSnapshot reads a snapshot.
func DecodePropertiesSnapshot(n *wire.Node) (*PropertiesSnapshot, error) {
	p := new(PropertiesSnapshot)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_id":
			return f.Str(&p.WorkflowID)
		case "create_time":
			return f.Int(&p.CreateTime)
		case "author":
			return wire.Into(&f.Node, &p.Author, DecodeUser)
		}
		if ok, err := p.DecodeField(f); ok {
			return err
		}
		return f.Unknown(append([]string{"workflow_id", "create_time", "author"}, PropertiesFields...)...)
	})
	return p, err
}

// AppendJSON appends the snapshot.
func (p *PropertiesSnapshot) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "workflow_id", p.WorkflowID)
	b = wire.OptInt(b, "create_time", p.CreateTime)
	b = appendUser(b, "author", p.Author)
	b = p.AppendFields(b)
	return append(b, '}')
}
