package dsl

import (
	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// Templates knows the job templates that a job's type may name.
type Templates interface {
	// StepType returns the type of the steps that a template makes.
	StepType(jobType, version string) (workflow.Type, bool)
}

// Decode reads a definition. Its errors are bad requests that say where in the document they are.
func Decode(text []byte) (*api.WorkflowCreateRequest, error) { return DecodeWith(text, nil) }

// DecodeWith is Decode with job templates.
func DecodeWith(text []byte, templates Templates) (*api.WorkflowCreateRequest, error) {
	n, err := parse(text)
	if err != nil {
		return nil, err
	}
	r, err := definition(n, templates)
	if err != nil {
		return nil, fault.New(fault.BadRequest, "YAML definition: %w", err)
	}
	return r, nil
}

// DecodeJobTemplate reads a job template. Its YAML is the JSON form in other clothes, not the short form of definitions.
func DecodeJobTemplate(text []byte) (*api.JobTemplate, error) {
	n, err := parse(text)
	if err != nil {
		return nil, err
	}
	t, err := api.DecodeJobTemplateRequest(n.wire())
	if err != nil {
		return nil, fault.New(fault.BadRequest, "YAML job template: %w", err)
	}
	return t, nil
}

func definition(n *node, templates Templates) (*api.WorkflowCreateRequest, error) {
	if n.kind != wire.Object || len(n.fields) != 1 || n.fields[0].name != "workflow" && n.fields[0].name != "Workflow" {
		return nil, n.errorf("want a mapping with the one key Workflow (or workflow)")
	}
	body := n.fields[0]
	if body.kind != wire.Object {
		return nil, body.errorf("want a mapping, not %s", body.kind)
	}
	d := &reader{w: &workflow.Workflow{Params: new(param.Definitions)}, p: new(workflow.Properties), templates: templates}
	for _, f := range body.fields {
		if err := d.field(f); err != nil {
			return nil, wire.In(wire.In(err, f.name), body.name)
		}
	}
	if err := order(d.dag, d.w.Steps); err != nil {
		return nil, wire.In(wire.In(err, "dag"), body.name)
	}
	if err := d.strategy(); err != nil {
		return nil, wire.In(err, body.name)
	}
	steps := int64(workflow.DefaultConcurrency)
	d.p.StepConcurrency = &steps
	return &api.WorkflowCreateRequest{Properties: d.p, Workflow: d.w, Active: true}, nil
}

// reader collects what the keys of a workflow say.
type reader struct {
	w           *workflow.Workflow
	p           *workflow.Properties
	templates   Templates
	rule        *node
	concurrency *node
	dag         *node
}

// field takes one key. A null counts as absent, but not for a param.
func (d *reader) field(f entry) error {
	w := d.w
	text := func(dst *string) func() error { return func() error { return wire.Set(dst, f.str) } }
	var read func() error
	switch f.name {
	case "id":
		read = text(&w.ID)
	case "name":
		read = text(&w.Name)
	case "description":
		read = text(&w.Description)
	case "criticality":
		read = func() error {
			return wire.Enum(f.wire(), &w.Criticality, workflow.Critical, workflow.High, workflow.Medium, workflow.Low)
		}
	case "owner":
		read = func() error {
			d.p.Owner = new(workflow.User)
			return wire.Set(&d.p.Owner.Name, f.str)
		}
	case "run_strategy":
		read = func() error { d.rule = f.node; return nil }
	case "workflow_concurrency":
		read = func() error { d.concurrency = f.node; return nil }
	case "retention":
		if f.kind != wire.Object {
			return addParam(w.Params, f) // a name that params have elsewhere
		}
		read = func() error { return wire.Into(f.wire(), &d.p.Retention, workflow.DecodeRetention) }
	case "tags":
		read = func() error { return tags(f.node, &w.Tags) }
	case "timeout":
		read = func() error { return duration(f.node, &w.Timeout) }
	case "jobs":
		read = func() (err error) { w.Steps, err = jobs(f.node, d.templates); return err }
	case "dag":
		read = func() error { d.dag = f.node; return nil }
	case "workflow_params":
		read = func() (err error) { w.Params, err = params(f.node); return err }
	default:
		return addParam(w.Params, f)
	}
	if f.kind == wire.Null {
		return nil
	}
	return read()
}

// strategy sets the run strategy: SEQUENTIAL, whatever the concurrency, if the document names none.
func (d *reader) strategy() error {
	if d.rule == nil {
		s := workflow.DefaultStrategy()
		d.p.RunStrategy = &s
		return nil
	}
	rule := d.rule.wire()
	if rule.Kind != wire.String {
		return wire.In(d.rule.errorf("want the name of a rule, not %s", d.rule.kind), "run_strategy")
	}
	if d.concurrency == nil {
		s, err := workflow.DecodeRunStrategy(rule)
		d.p.RunStrategy = s
		return wire.In(err, "run_strategy")
	}
	both := &wire.Node{Kind: wire.Object, Line: rule.Line, Col: rule.Col, Fields: []wire.Field{
		{Name: "rule", Node: *rule}, {Name: "workflow_concurrency", Node: *d.concurrency.wire()},
	}}
	s, err := workflow.DecodeRunStrategy(both)
	d.p.RunStrategy = s
	return wire.In(err, "run_strategy")
}
