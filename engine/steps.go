package engine

import (
	"errors"
	"fmt"

	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/lifecycle"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/workflow"
)

// entered says which moment a status sets.
var entered = map[instance.StepStatus]record.Moment{
	instance.StepCreated: record.Create, instance.Initialized: record.Initialize, instance.StepPaused: record.Pause,
	instance.WaitingForSignals: record.WaitSignal, instance.EvaluatingParams: record.EvaluateParam,
	instance.WaitingForPermits: record.WaitPermit, instance.Starting: record.Start, instance.Running: record.Execute,
	instance.Finishing: record.Finish,
}

var enteredAt = func() (at [32]record.Moment) {
	for s := range at {
		at[s] = record.End
	}
	for s, m := range entered {
		at[s] = m
	}
	return at
}()

// move changes the status of a step.
func (m *Machine) move(t *flow.Turn, r *run, i int32, cause lifecycle.StepCause) {
	s := &r.body.steps[i]
	s.Status = lifecycle.MustStep(s.Status, cause)
	s.Times[enteredAt[s.Status]] = t.Now
	s.Times[record.Modify] = t.Now
	m.touchStep(t, r, s)
}

func (m *Machine) touchStep(t *flow.Turn, r *run, s *stepState) {
	if !s.dirty {
		s.dirty = true
		m.touchRows(t, r, 150)
	} else if !r.noted {
		m.touchRows(t, r, 0)
	}
}

// note adds a line to the timeline of a step's attempt.
func (m *Machine) note(t *flow.Turn, r *run, s *stepState, level, message string) {
	if message == "" {
		return
	}
	e := instance.Log(t.Now, level, clip(message))
	if record.Repeats(s.Timeline, e) {
		return
	}
	s.Timeline = record.Note(s.Timeline, e)
	t.Dirty(len(e.Message))
	m.touchStep(t, r, s)
}

// maxMessage bounds a line of a timeline, in bytes.
const maxMessage = 2000

// reach creates the first attempt of a step all of whose predecessors are complete.
func (m *Machine) reach(t *flow.Turn, r *run, i int32) {
	b := r.body
	s := &b.steps[i]
	b.rec.Seq++
	b.active++
	s.Attempt = record.Attempt{Ordinal: i, Seq: b.rec.Seq, Number: 1, Satisfied: s.opened}
	m.move(t, r, i, lifecycle.StepReached)
	if !s.opened {
		m.note(t, r, s, "INFO", "Step condition is unsatisfied because no predecessors can reach it.")
		s.Edges = record.Edges{Known: true}
		m.move(t, r, i, lifecycle.StepNotSatisfied)
		m.complete(t, r, i)
		return
	}
	m.launch(t, r, i)
}

// launch takes an attempt from CREATED to its work.
func (m *Machine) launch(t *flow.Turn, r *run, i int32) {
	b := r.body
	s, p := &b.steps[i], &b.plan.Steps[i]
	if _, err := p.timeoutOf(b.params); err != nil {
		m.fail(t, r, i, fatally, fault.Lines(err))
		return
	}
	m.move(t, r, i, lifecycle.StepInitialized)
	m.move(t, r, i, lifecycle.StepPastBreakpoints)
	m.move(t, r, i, lifecycle.StepSignalsMatched)
	if p.Static != nil {
		s.params = p.Static
		m.work(t, r, i)
		return
	}
	params, err := m.evaluate(r, i)
	if errors.Is(err, eval.ErrBudget) {
		m.handOver(t, r, i)
		return
	}
	m.evaluated(t, r, i, params, err)
}

// evaluated goes on with an attempt whose params have been evaluated, or cannot be.
func (m *Machine) evaluated(t *flow.Turn, r *run, i int32, params *param.Params, err error) {
	if err != nil {
		m.fail(t, r, i, fatally, fault.Lines(err))
		return
	}
	s := &r.body.steps[i]
	s.params = params
	m.stepParams(t, r, s, record.AppendParams(nil, params))
	m.work(t, r, i)
}

// work takes an attempt from its params to its work.
func (m *Machine) work(t *flow.Turn, r *run, i int32) {
	b := r.body
	s, p := &b.steps[i], &b.plan.Steps[i]
	m.move(t, r, i, lifecycle.StepParamsEvaluated)
	m.move(t, r, i, lifecycle.StepPermitted)
	timeout, err := p.timeoutOf(b.params)
	if err != nil {
		m.fail(t, r, i, fatally, fault.Lines(err))
		return
	}
	s.Timeout = timeout
	s.Deadline = t.Now + timeout
	switch p.Kind {
	case NoOp:
		m.move(t, r, i, lifecycle.StepStarted)
		m.done(t, r, i)
	case Sleep:
		m.move(t, r, i, lifecycle.StepStarted)
		ms, err := sleepOf(s.params)
		if err != nil {
			m.fail(t, r, i, fatally, fault.Lines(err))
			return
		}
		s.Wake = t.Now + ms + 1 // strictly longer than asked for
	default:
		s.Order = record.OrderStart
		m.order(t, r, i, record.OrderStart)
	}
}

// done takes an attempt from the end of its work to SUCCEEDED.
func (m *Machine) done(t *flow.Turn, r *run, i int32) {
	m.move(t, r, i, lifecycle.StepWorkDone)
	edges, err := m.edges(r, i)
	if errors.Is(err, eval.ErrBudget) {
		m.handOver(t, r, i)
		return
	}
	m.finished(t, r, i, edges, err)
}

// finished ends an attempt that has done its work, now that its edges have been evaluated, or cannot be.
func (m *Machine) finished(t *flow.Turn, r *run, i int32, edges record.Edges, err error) {
	if err != nil {
		m.fail(t, r, i, fatally, fault.Lines(err))
		return
	}
	r.body.steps[i].Edges = edges
	m.move(t, r, i, lifecycle.StepFinished)
	m.complete(t, r, i)
}

// complete lets the successors of a complete step know.
func (m *Machine) complete(t *flow.Turn, r *run, i int32) {
	b := r.body
	s := &b.steps[i]
	m.settle(t, r, i)
	for k, e := range b.plan.Steps[i].Succs {
		next := &b.steps[e.To]
		next.left--
		next.opened = next.opened || s.Edges.Has(k)
		if next.left == 0 && b.rec.Ending == instance.StatusUnknown {
			b.ready = append(b.ready, e.To)
		}
	}
}

// settle ends an attempt for good.
func (m *Machine) settle(t *flow.Turn, r *run, i int32) {
	b := r.body
	s := &b.steps[i]
	b.active--
	s.Deadline, s.Wake = 0, 0
	m.withdraw(t, r, i)
}

// withdraw lets the edge forget an attempt that has ended.
func (m *Machine) withdraw(t *flow.Turn, r *run, i int32) {
	s, p := &r.body.steps[i], &r.body.plan.Steps[i]
	if s.Order == record.OrderNone {
		return
	}
	s.Order, s.Target, s.Cause = record.OrderNone, 0, 0
	t.Hold(Settled{Type: p.Type, UUID: AttemptUUID(r.wf.id, &r.body.rec, p.ID, s.Number), Run: r.row, Ordinal: i, Attempt: s.Number})
}

// failure says whose failure it is.
type failure uint8

const (
	byUser failure = iota
	byPlatform
	byTimeout
	fatally
)

// fail ends an attempt badly: with another attempt after a backoff, or for good.
func (m *Machine) fail(t *flow.Turn, r *run, i int32, f failure, message string) {
	b := r.body
	s, p := &b.steps[i], &b.plan.Steps[i]
	m.note(t, r, s, "ERROR", message)
	if b.rec.Ending == instance.StatusUnknown && !s.NoRetry {
		cause, wait, ok, wrong := p.Retry.next(s, f, b.params)
		for _, err := range wrong {
			m.note(t, r, s, "WARN", "The default is used instead: "+fault.Lines(err))
		}
		if ok {
			m.move(t, r, i, cause)
			s.Wake, s.Deadline = t.Now+wait, 0
			m.note(t, r, s, "INFO", fmt.Sprintf("Retrying task in [%s]", spoken(wait)))
			m.withdraw(t, r, i)
			return
		}
	}
	m.move(t, r, i, lifecycle.StepFailedFatally)
	switch p.Failure {
	case workflow.IgnoreFailure:
		edges, err := m.edges(r, i)
		if errors.Is(err, eval.ErrBudget) {
			m.handOver(t, r, i)
			s.Target = instance.CompletedWithError
			return
		}
		m.ignored(t, r, i, edges, err)
		return
	case workflow.FailImmediately:
		b.failed = true
		m.settle(t, r, i)
		m.endSteps(t, r, instance.Failed, instance.StepStopped, causeFailure, "")
		return
	}
	b.failed = true
	m.settle(t, r, i)
}

// ignored goes on after a failure that does not count, now that the edges have been evaluated. If they cannot be, nobody can say
// where to go on, and the failure cannot be ignored.
func (m *Machine) ignored(t *flow.Turn, r *run, i int32, edges record.Edges, err error) {
	s := &r.body.steps[i]
	if err != nil {
		m.note(t, r, s, "ERROR", "The failure cannot be ignored: "+fault.Lines(err))
		r.body.failed = true
		m.settle(t, r, i)
		return
	}
	s.Edges = edges
	m.move(t, r, i, lifecycle.StepFailureIgnored)
	m.complete(t, r, i)
}

// retry begins the next attempt of a step whose backoff is over.
func (m *Machine) retry(t *flow.Turn, r *run, i int32) {
	s := &r.body.steps[i]
	m.sealAttempt(t, r, s)
	next := record.Attempt{
		Ordinal: i, Seq: s.Seq, Number: s.Number + 1, Satisfied: s.Satisfied,
		UserRetries: s.UserRetries, PlatformRetries: s.PlatformRetries, TimeoutRetries: s.TimeoutRetries, ManualRetries: s.ManualRetries,
	}
	switch s.Status {
	case instance.UserFailed:
		next.UserRetries++
	case instance.PlatformFailed:
		next.PlatformRetries++
	case instance.TimeoutFailed:
		next.TimeoutRetries++
	}
	*s = stepState{Attempt: next, left: s.left, opened: s.opened, folded: s.folded}
	m.move(t, r, i, lifecycle.StepReached)
	m.launch(t, r, i)
}

// stepParams writes the evaluated params of a step's attempt.
func (m *Machine) stepParams(t *flow.Turn, r *run, s *stepState, doc []byte) {
	if s.paramsRow == 0 {
		s.paramsRow = m.ids()
	}
	m.detail(t, r, s.paramsRow, s.Seq, s.Number, record.Params, doc)
}

// sealAttempt writes an attempt that is about to be followed by another one.
func (m *Machine) sealAttempt(t *flow.Turn, r *run, s *stepState) {
	s.Wake = 0
	if s.row == 0 {
		s.row = m.ids()
	}
	doc := record.AppendAttempts(nil, &s.Attempt)
	m.pending = append(m.pending, store.Row{
		Table: store.Step, ID: s.row, Group: m.group, Parent: r.row, A: int64(s.Seq), B: int64(s.Number),
		State: int16(s.Status), Doc: doc,
	})
	t.Dirty(len(doc))
	s.dirty = false
}

// wake does what is due: retries after their backoff, sleeps that are over, timeouts.
func (m *Machine) wake(t *flow.Turn, r *run) {
	b := r.body
	if b.rec.Deadline != 0 && b.rec.Deadline <= t.Now && b.rec.Ending == instance.StatusUnknown {
		b.rec.Timeline = record.Note(b.rec.Timeline, instance.Log(t.Now, "WARN", "Workflow instance run has timed out after "+spoken(b.rec.Timeout)))
		m.touch(t, r, 100)
		m.endSteps(t, r, instance.TimedOut, instance.StepTimedOut, causeWorkflowTimeout, "")
		return
	}
	for i := range b.steps {
		s := &b.steps[i]
		switch {
		case s.Status == instance.NotCreated:
		case s.Status.Retryable():
			if s.Wake != 0 && s.Wake <= t.Now {
				m.retry(t, r, int32(i))
			}
		case s.Status.Terminal():
		case s.Order == record.OrderTerminate:
			if s.Wake != 0 && s.Wake <= t.Now {
				m.unconfirmed(t, r, int32(i))
			}
		case s.Wake != 0 && s.Wake <= t.Now && s.Wake <= s.Deadline: // whichever was first, even if both are noticed late
			s.Wake = 0
			m.done(t, r, int32(i))
		case s.Deadline != 0 && s.Deadline <= t.Now:
			m.timeout(t, r, int32(i))
		}
	}
}

// timeout ends an attempt whose time is over; its job is terminated first.
func (m *Machine) timeout(t *flow.Turn, r *run, i int32) {
	s, p := &r.body.steps[i], &r.body.plan.Steps[i]
	m.note(t, r, s, "WARN", "Step has timed out after "+spoken(s.Timeout))
	target := instance.StepTimedOut
	if !s.NoRetry && p.Retry.left(s, byTimeout, r.body.params) {
		target = instance.TimeoutFailed
	}
	m.terminate(t, r, i, target, causeTimeout)
}
