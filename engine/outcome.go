package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/lifecycle"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/wire"
)

// outcome takes note of what a runtime says. It may come late, twice, or for an attempt that is long over.
func (m *Machine) outcome(t *flow.Turn, e *Outcome) {
	r := m.runs[e.Run]
	if r == nil { // the run has ended durably, and with it the attempt
		if e.Progress.State.Final() {
			t.Hold(Settled{Type: e.Type, UUID: e.UUID, Run: e.Run, Ordinal: e.Ordinal, Attempt: e.Attempt})
		}
		return
	}
	if r.aside != 0 || !m.unfolded(t, r) {
		return // in quarantine; it will be said again when the run is released
	}
	b := r.body
	if int(e.Ordinal) >= len(b.steps) {
		return
	}
	s, p := &b.steps[e.Ordinal], &b.plan.Steps[e.Ordinal]
	if e.Attempt != s.Number || s.Order == record.OrderNone || r.status != instance.InProgress {
		if e.Progress.State.Final() {
			t.Hold(Settled{Type: p.Type, UUID: AttemptUUID(r.wf.id, &b.rec, p.ID, e.Attempt), Run: r.row, Ordinal: e.Ordinal, Attempt: e.Attempt})
		}
		return
	}
	if e.Trouble != "" {
		m.note(t, r, s, "WARN", e.Trouble)
		return
	}
	m.progress(t, r, e.Ordinal, &e.Progress)
	m.advance(t, r)
}

func (m *Machine) progress(t *flow.Turn, r *run, i int32, p *step.Progress) {
	s := &r.body.steps[i]
	terminating := s.Order == record.OrderTerminate
	m.artifacts(t, r, s, p.Artifacts)
	switch handle := wire.Storable(p.Handle); {
	case len(handle) > step.MaxHandle:
		// A job that cannot be found again cannot be left to itself.
		m.note(t, r, s, "ERROR", fmt.Sprintf("the runtime gave a handle of %d bytes; %d are allowed", len(handle), step.MaxHandle))
		if !terminating && !p.State.Final() {
			m.terminate(t, r, i, instance.FatallyFailed, causeKill)
			return
		}
	case handle != "" && handle != s.Handle:
		s.Handle = handle
		m.touchStep(t, r, s)
	}
	if !p.State.Final() {
		m.note(t, r, s, "INFO", p.Message)
		if s.Status == instance.Starting {
			m.move(t, r, i, lifecycle.StepStarted)
			if !terminating {
				s.Order = record.OrderObserve
			}
		}
		return
	}
	s.NoRetry = s.NoRetry || p.NoRetry
	if terminating {
		m.note(t, r, s, "INFO", p.Message)
		m.terminated(t, r, i)
		return
	}
	switch p.State {
	case step.Done:
		m.note(t, r, s, "INFO", p.Message)
		if s.Status == instance.Starting {
			m.move(t, r, i, lifecycle.StepStarted)
		}
		if err := m.outputs(t, r, i, p.Outputs); err != nil {
			m.fail(t, r, i, fatally, err.Error())
			return
		}
		m.done(t, r, i)
	case step.UserError:
		m.fail(t, r, i, byUser, p.Message)
	case step.PlatformError:
		m.fail(t, r, i, byPlatform, p.Message)
	case step.Stopped:
		m.note(t, r, s, "INFO", p.Message)
		r.body.stopped = true
		m.move(t, r, i, lifecycle.StepStopped)
		m.settle(t, r, i)
	case step.TimedOut:
		m.note(t, r, s, "WARN", p.Message)
		r.body.late = true
		m.move(t, r, i, lifecycle.StepTimedOut)
		m.settle(t, r, i)
	default:
		m.fail(t, r, i, fatally, p.Message)
	}
}

// outputs merges what an attempt that has done its work has put out into the params that the step declares.
func (m *Machine) outputs(t *flow.Turn, r *run, i int32, out map[string]any) error {
	if len(out) == 0 {
		return nil
	}
	s := &r.body.steps[i]
	merged := s.params.Clone()
	for _, name := range slices.Sorted(maps.Keys(out)) {
		p, ok := merged.Get(name)
		if !ok {
			return fault.New(fault.BadRequest, "Invalid output parameter [%s], not defined in params", name)
		}
		c, err := output(p, out[name], t.Now)
		if err != nil {
			return fault.In(err, "output parameter [%s]", name)
		}
		if reflect.DeepEqual(c.Result, p.Result) {
			continue // then its mode does not count, and its value is still the definition's
		}
		if p.Mode.Or() != param.Mutable {
			return fault.New(fault.BadRequest, "Cannot modify param with mode [%s] for parameter [%s]", p.Mode, name)
		}
		merged.Set(name, c)
	}
	doc := record.AppendParams(nil, merged)
	if len(doc) > eval.MaxSize {
		return fault.New(fault.BadRequest, "Parameters' total size [%d] is larger than system limit [%d]", len(doc), eval.MaxSize)
	}
	s.params = merged
	m.stepParams(t, r, s, doc)
	m.touchStep(t, r, s)
	return nil
}

// output returns a param with the value that an attempt has put out. The entries of a map are merged.
func output(p *param.Param, value any, now int64) (*param.Param, error) {
	v, err := param.Plain(value)
	if err != nil {
		return nil, err
	}
	base, isMap := p.Result.(*param.Object)
	over, alsoMap := v.(*param.Object)
	if isMap && alsoMap {
		if v, err = overlaid(base, over); err != nil {
			return nil, err
		}
	}
	c := *p
	if err := c.SetResult(fitting(p.Type, v), now); err != nil {
		return nil, err
	}
	c.SetMeta("source", string(param.SourceOutput))
	return &c, nil
}

// fitting returns an array as one of type t where a document cannot tell: without elements it can have any type, and
// decimals may happen to be whole.
func fitting(t param.Type, v any) any {
	switch list := v.(type) {
	case []string:
		if len(list) == 0 && (t == param.LongArray || t == param.DoubleArray || t == param.BooleanArray) {
			return []any{}
		}
	case []int64:
		if t == param.DoubleArray {
			decimals := make([]float64, len(list))
			for i, n := range list {
				decimals[i] = float64(n)
			}
			return decimals
		}
	}
	return v
}

// overlaid returns a map with the entries of another one over its own; an entry keeps its type.
func overlaid(base, over *param.Object) (*param.Object, error) {
	merged := base.Clone()
	for name, v := range over.All() {
		old, exists := merged.Get(name)
		if exists {
			oldMap, isMap := old.(*param.Object)
			newMap, alsoMap := v.(*param.Object)
			var err error
			if isMap && alsoMap {
				v, err = overlaid(oldMap, newMap)
			} else {
				t := param.TypeOf(old)
				v, _, err = param.Coerce(t, fitting(t, v))
			}
			if err != nil {
				return nil, fault.In(err, "[%s]", name)
			}
		}
		merged.Set(name, v)
	}
	return merged, nil
}

// artifacts adds the documents that an attempt has put out to those that it has put out before.
func (m *Machine) artifacts(t *flow.Turn, r *run, s *stepState, list map[string][]byte) {
	if len(list) == 0 {
		return
	}
	all := &wire.Node{Kind: wire.Object}
	if s.artifacts != "" {
		n, err := wire.Parse([]byte(s.artifacts))
		if err != nil {
			panic(fmt.Sprintf("engine: artifacts of run row %d, step %d: %v", r.row, s.Ordinal, err))
		}
		all = n
	}
	for _, key := range slices.Sorted(maps.Keys(list)) {
		n, err := wire.Parse(list[key])
		if err != nil {
			m.note(t, r, s, "WARN", fmt.Sprintf("artifact [%s] is not a JSON document and is not kept: %v", key, err))
			continue
		}
		setField(all, wire.Storable(key), n)
	}
	doc := wire.Raw(all.AppendJSON(nil))
	switch {
	case doc == s.artifacts || len(all.Fields) == 0:
		return
	case len(doc) > eval.MaxSize:
		m.note(t, r, s, "WARN", fmt.Sprintf("the artifacts would have %d bytes; %d are allowed, so the new ones are not kept", len(doc), eval.MaxSize))
		return
	}
	s.artifacts = doc
	if s.artifactsRow == 0 {
		s.artifactsRow = m.ids()
	}
	m.detail(t, r, s.artifactsRow, s.Seq, s.Number, record.Artifacts, record.AppendRaw(nil, doc))
	m.touchStep(t, r, s)
}

// setField sets a field of an object, in the place that it has.
func setField(object *wire.Node, name string, v *wire.Node) {
	for i := range object.Fields {
		if f := &object.Fields[i]; f.Name == name {
			f.Node = *v
			return
		}
	}
	object.Fields = append(object.Fields, wire.Field{Name: name, Node: *v})
}
