package dsl

import (
	"strings"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

var kinds = map[string]workflow.Kind{
	"job": workflow.Typed, "subworkflow": workflow.Subworkflow, "foreach": workflow.Foreach, "while": workflow.While,
}

// job is a step with what its keys said that is no field of a step.
type job struct {
	*workflow.Step
	templates  Templates
	typ        *node              // Typed
	version    string             // Typed: of the job template
	child      string             // Subworkflow: its workflow id
	childVer   string             // Subworkflow
	loopParams *param.Definitions // Foreach, While
	ranges     *node              // Foreach
	dag        *node              // Foreach, While
}

// jobs reads a list of jobs.
func jobs(n *node, templates Templates) ([]*workflow.Step, error) {
	if n.kind != wire.Array {
		return nil, n.errorf("want a list of jobs, not %s", n.kind)
	}
	steps := make([]*workflow.Step, 0, len(n.items))
	for i, item := range n.items {
		s, err := oneJob(item, templates)
		if err != nil {
			return nil, wire.InItem(err, i)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func oneJob(n *node, templates Templates) (*workflow.Step, error) {
	if n.kind != wire.Object || len(n.fields) != 1 {
		return nil, n.errorf("want a mapping with exactly one of the keys job, subworkflow, foreach, while")
	}
	e := n.fields[0]
	kind, ok := kinds[strings.ToLower(e.name)]
	if !ok {
		return nil, e.key.errorf("unknown kind of job %q; want one of job, subworkflow, foreach, while", e.name)
	}
	if e.kind != wire.Object {
		return nil, wire.In(e.errorf("want a mapping, not %s", e.kind), e.name)
	}
	j := &job{Step: &workflow.Step{Kind: kind, Params: new(param.Definitions)}, templates: templates}
	for _, f := range e.fields {
		if err := j.field(f); err != nil {
			return nil, wire.In(wire.In(err, f.name), e.name)
		}
	}
	if err := j.finish(e.node); err != nil {
		return nil, wire.In(err, e.name)
	}
	return j.Step, nil
}

// field takes one key of a job. A null counts as absent, but not for a param.
func (j *job) field(f entry) error {
	read := j.reader(f)
	if read == nil {
		return addParam(j.Params, f)
	}
	if f.kind == wire.Null {
		return nil
	}
	return read()
}

// reader returns what reads a structural key; nil if it is none.
func (j *job) reader(f entry) func() error {
	text := func(dst *string) func() error { return func() error { return wire.Set(dst, f.str) } }
	switch f.name {
	case "id":
		return text(&j.ID)
	case "name":
		return text(&j.Name)
	case "description":
		return text(&j.Description)
	case "failure_mode":
		return func() error {
			return wire.Enum(f.wire(), &j.FailureMode, workflow.FailAfterRunning, workflow.FailImmediately, workflow.IgnoreFailure)
		}
	case "tags":
		return func() error { return tags(f.node, &j.Tags) }
	case "timeout":
		return func() error { return duration(f.node, &j.Timeout) }
	case "transition":
		return func() (err error) { j.Transition, err = transition(f.node); return err }
	case "job_params":
		return func() (err error) { j.Params, err = params(f.node); return err }
	}
	switch j.Kind {
	case workflow.Typed:
		return j.typedReader(f, text)
	case workflow.Subworkflow:
		return j.subworkflowReader(f, text)
	}
	return j.loopReader(f, text)
}

func (j *job) typedReader(f entry, text func(*string) func() error) func() error {
	switch f.name {
	case "type":
		return func() error { j.typ = f.node; return nil }
	case "type_version":
		return text(&j.version)
	case "retry_policy":
		return func() (err error) { j.Retry, err = workflow.DecodeRetryPolicy(f.wire()); return err }
	}
	return nil
}

func (j *job) subworkflowReader(f entry, text func(*string) func() error) func() error {
	switch f.name {
	case "workflow_id", "subworkflow_id":
		return text(&j.child)
	case "version", "subworkflow_version":
		return text(&j.childVer)
	case "sync":
		return func() error { return f.wire().BooleanPtr(&j.Sync) }
	case "explicit_params":
		return func() error { return f.wire().BooleanPtr(&j.ExplicitParams) }
	}
	return nil
}

func (j *job) loopReader(f entry, text func(*string) func() error) func() error {
	switch f.name {
	case "loop_params", "params":
		return func() (err error) { j.loopParams, err = params(f.node); return err }
	case "jobs":
		return func() (err error) { j.Steps, err = jobs(f.node, j.templates); return err }
	case "dag":
		return func() error { j.dag = f.node; return nil }
	}
	switch {
	case j.Kind == workflow.While && f.name == "condition":
		return text(&j.Condition)
	case j.Kind == workflow.Foreach && (f.name == "concurrency" || f.name == "job_concurrency"):
		return func() error { return f.wire().IntPtr(&j.Concurrency) }
	case j.Kind == workflow.Foreach && f.name == "ranges":
		return func() error { j.ranges = f.node; return nil }
	}
	return nil
}

// finish sets what follows from several keys.
func (j *job) finish(n *node) error {
	switch j.Kind {
	case workflow.Typed:
		return j.finishType(n)
	case workflow.Subworkflow:
		if j.child == "" {
			j.child = j.ID
		}
		return j.lead("subworkflow_id", j.child, "subworkflow_version", j.childVer, n)
	case workflow.Foreach:
		if j.loopParams == nil {
			j.loopParams = new(param.Definitions)
		}
		if err := j.addRanges(); err != nil {
			return wire.In(err, "ranges")
		}
	}
	if j.loopParams != nil {
		if j.Params.Has("loop_params") {
			return n.errorf("there are two params of the name %q", "loop_params")
		}
		j.Params.Set("loop_params", &param.Definition{Type: param.Map, Value: j.loopParams})
	}
	return wire.In(order(j.dag, j.Steps), "dag")
}

// lead puts texts in front of the params; one that is empty is left out.
func (j *job) lead(name, value, name2, value2 string, n *node) error {
	all := new(param.Definitions)
	for _, p := range [][2]string{{name, value}, {name2, value2}} {
		if j.Params.Has(p[0]) && p[1] != "" {
			return n.errorf("there are two params of the name %q", p[0])
		}
		if p[1] != "" {
			all.Set(p[0], &param.Definition{Type: param.String, Value: p[1]})
		}
	}
	for name, d := range j.Params.All() {
		all.Set(name, d)
	}
	j.Params = all
	return nil
}

func (j *job) finishType(n *node) error {
	if j.typ == nil {
		return n.errorf("a job must have a type")
	}
	name, err := j.typ.str()
	if err != nil {
		return wire.In(err, "type")
	}
	if wire.Enum(&wire.Node{Kind: wire.String, Text: name}, &j.Type, workflow.Types()...) == nil {
		return nil
	}
	if j.version == "" {
		j.version = "default"
	}
	if j.templates != nil {
		if t, ok := j.templates.StepType(name, j.version); ok {
			j.Type, j.SubType = t, name
			return nil
		}
	}
	var known []string
	for _, t := range workflow.Types() {
		known = append(known, string(t))
	}
	return wire.In(j.typ.errorf("unknown type %q: neither a job template (version %s) nor one of %s", name, j.version, strings.Join(known, ", ")), "type")
}

// addRanges adds loop params that count: a mapping with from (0), to (which is not reached) and increment (1), or a list
// of them.
func (j *job) addRanges() error {
	if j.ranges == nil {
		return nil
	}
	if j.ranges.kind != wire.Object {
		return j.ranges.errorf("want a mapping from names to ranges, not %s", j.ranges.kind)
	}
	for _, e := range j.ranges.fields {
		if j.loopParams.Has(e.name) {
			return e.key.errorf("there are two loop params of the name %q", e.name)
		}
		text, err := rangeOf(e.node)
		if err != nil {
			return wire.In(err, e.name)
		}
		j.loopParams.Set(e.name, &param.Definition{Type: param.LongArray, Expression: text})
	}
	return nil
}

func rangeOf(n *node) (string, error) {
	from, to, increment := "0", "", "1"
	set := func(dst *string, v *node) (err error) {
		if *dst, err = v.str(); err == nil && v.kind == wire.Number {
			if !v.isInt() {
				return v.errorf("want an integer, not %s", v.source)
			}
			*dst = v.text
		}
		return err
	}
	switch {
	case n.kind == wire.Array && len(n.items) >= 1 && len(n.items) <= 3:
		parts := []*string{&from, &to, &increment}
		if len(n.items) == 1 {
			parts = []*string{&to}
		}
		for i, item := range n.items {
			if err := set(parts[i], item); err != nil {
				return "", err
			}
		}
	case n.kind == wire.Object:
		for _, e := range n.fields {
			parts := map[string]*string{"from": &from, "to": &to, "increment": &increment}
			dst, ok := parts[e.name]
			if !ok {
				return "", e.key.errorf("unknown key %q; want from, to and increment", e.name)
			}
			if err := set(dst, e.node); err != nil {
				return "", wire.In(err, e.name)
			}
		}
	default:
		return "", n.errorf("want a mapping with from, to and increment, or a list of them")
	}
	if to == "" {
		return "", n.errorf("a range must have an end: to")
	}
	if increment == "0" {
		return "", n.errorf("the increment of a range cannot be 0")
	}
	return "Util.intsBetween(" + from + ", " + to + ", " + increment + ");", nil
}

// tags reads a list of tags.
func tags(n *node, dst *[]workflow.Tag) error {
	return wire.ListOf(n.wire(), dst, func(n *wire.Node) (workflow.Tag, error) {
		if n.Kind == wire.Number || n.Kind == wire.Bool {
			return workflow.Tag{Name: n.Text}, nil
		}
		return param.DecodeTag(n)
	})
}

// duration reads a length of time, which is kept as a text.
func duration(n *node, dst *param.Scalar) error {
	text, err := n.str()
	if err != nil {
		return n.errorf("want seconds or a text like 1h 30min, not %s", n.kind)
	}
	*dst = param.Txt(text)
	return nil
}
