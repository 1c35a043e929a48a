package engine

import (
	"fmt"
	"sort"

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
	if r == nil {
		return // the run has ended durably, and with it the attempt: Settled has been or will be said again on Observe
	}
	if !m.unfolded(t, r) {
		return
	}
	b := r.body
	if int(e.Ordinal) >= len(b.steps) {
		return
	}
	s, p := &b.steps[e.Ordinal], &b.plan.Steps[e.Ordinal]
	if e.Attempt != s.Number || s.Order == record.OrderNone || r.status != instance.InProgress {
		if e.Progress.State.Final() {
			t.Hold(Settled{Type: p.Type, UUID: AttemptUUID(b.rec.UUID, p.ID, e.Attempt), Run: r.row, Ordinal: e.Ordinal, Attempt: e.Attempt})
		}
		return
	}
	if b.rec.Quarantine != "" {
		return // it will be said again when the run is released
	}
	m.progress(t, r, e.Ordinal, &e.Progress)
	m.advance(t, r)
}

func (m *Machine) progress(t *flow.Turn, r *run, i int32, p *step.Progress) {
	s := &r.body.steps[i]
	if len(p.Handle) > step.MaxHandle {
		m.fail(t, r, i, fatally, fmt.Sprintf("the runtime gave a handle of %d bytes; %d are allowed", len(p.Handle), step.MaxHandle))
		return
	}
	if p.Handle != "" && p.Handle != s.Handle {
		s.Handle = p.Handle
		m.touchStep(t, r, s)
	}
	terminating := s.Order == record.OrderTerminate
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
	if len(p.Artifacts) > 0 {
		m.artifacts(t, r, s, p.Artifacts)
	}
	if terminating {
		m.note(t, r, s, "INFO", p.Message)
		m.terminated(t, r, i)
		return
	}
	s.NoRetry = s.NoRetry || p.NoRetry
	if err := m.outputs(t, r, i, p.Outputs); err != nil {
		m.fail(t, r, i, fatally, fault.Lines(err))
		return
	}
	switch p.State {
	case step.Done:
		m.note(t, r, s, "INFO", p.Message)
		if s.Status == instance.Starting {
			m.move(t, r, i, lifecycle.StepStarted)
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

// outputs merges what an attempt has put out into the params that the step declares.
func (m *Machine) outputs(t *flow.Turn, r *run, i int32, out map[string]any) error {
	if len(out) == 0 {
		return nil
	}
	s := &r.body.steps[i]
	names := make([]string, 0, len(out))
	for name := range out {
		names = append(names, name)
	}
	sort.Strings(names)
	merged := s.params.Clone()
	for _, name := range names {
		p, ok := merged.Get(name)
		if !ok {
			return fault.New(fault.BadRequest, "Invalid output parameter [%s], not defined in params", name)
		}
		if p.Mode.Or() != param.Mutable {
			return fault.New(fault.BadRequest, "Cannot modify param with mode [%s] for parameter [%s]", p.Mode, name)
		}
		v, err := param.Plain(out[name])
		if err != nil {
			return fault.In(err, "output parameter [%s]", name)
		}
		c := *p
		if err := c.SetResult(v, t.Now); err != nil {
			return fault.In(err, "output parameter [%s]", name)
		}
		c.SetMeta("source", string(param.SourceOutput))
		merged.Set(name, &c)
	}
	s.params = merged
	m.detail(t, r, s.Seq, s.Number, record.Params, record.AppendParams(nil, merged))
	m.touchStep(t, r, s)
	return nil
}

// artifacts keeps the documents that an attempt has put out.
func (m *Machine) artifacts(t *flow.Turn, r *run, s *stepState, list map[string][]byte) {
	keys := make([]string, 0, len(list))
	for k := range list {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	doc := []byte{'{'}
	for _, k := range keys {
		doc = wire.AppendString(wire.Comma(doc), k)
		doc = append(append(doc, ':'), list[k]...)
	}
	doc = append(doc, '}')
	m.detail(t, r, s.Seq, s.Number, record.Artifacts, record.AppendRaw(nil, wire.Raw(doc)))
}
