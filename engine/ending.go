package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/lifecycle"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

const (
	causeStop            = uint8(step.ByStop)
	causeKill            = uint8(step.ByKill)
	causeTimeout         = uint8(step.ByTimeout)
	causeWorkflowTimeout = uint8(step.ByWorkflowTimeout)
	causeFailure         = uint8(step.ByFailure)
)

// act stops or kills one run.
func (m *Machine) act(t *flow.Turn, e *Act) {
	wf := m.workflows[e.Workflow]
	if wf == nil {
		t.Reply(notFound("workflow %q does not exist", e.Workflow))
		return
	}
	r := wf.find(m, e.Instance, e.Run)
	if r == nil {
		m.actOnEnded(t, e, wf)
		return
	}
	if !m.readable(t, r) {
		return
	}
	m.endRun(t, r, e)
	t.Reply(Acted{Run: r.number, Status: r.status, Completed: r.status.Terminal(), At: t.Now})
}

// actOnEnded answers for a run that is not in memory: it has ended, or never was, or is not the latest.
func (m *Machine) actOnEnded(t *flow.Turn, e *Act, wf *workflowHead) {
	var latest *store.Row
	for i := range m.runsEnding(wf, e.Instance) {
		latest = i
	}
	if latest == nil && !t.Fetched {
		t.Need(wf.row, store.Between(store.Run, wf.row, e.Instance, e.Instance).Last(1))
		return
	}
	for i := range t.Rows {
		if latest == nil || t.Rows[i].B > latest.B {
			latest = &t.Rows[i]
		}
	}
	if latest == nil && e.Instance > 0 && e.Instance < max(wf.next, wf.rec.Instances+1) {
		t.Reply(notFound("workflow %q has no instance %d any more; its history has been removed", e.Workflow, e.Instance))
		return
	}
	if latest == nil {
		t.Reply(notFound("workflow %q has no instance %d", e.Workflow, e.Instance))
		return
	}
	if e.Run != 0 && e.Run != latest.B {
		t.Reply(fault.New(fault.BadRequest, "run %d of instance %d of workflow %q is not the latest one, which is %d", e.Run, e.Instance, e.Workflow, latest.B))
		return
	}
	status := instance.Status(latest.State)
	if status == endingOf(e.Action) {
		t.Reply(Acted{Run: latest.B, Status: status, Completed: true, At: t.Now})
		return
	}
	t.Reply(fault.New(fault.BadRequest, "Cannot %s the workflow instance %q:%d run %d: its status is %s; only a run that has not ended can be stopped or killed",
		e.Action, e.Workflow, e.Instance, latest.B, status))
}

// runsEnding ranges over the runs of an instance whose end is not durable yet.
func (m *Machine) runsEnding(wf *workflowHead, instanceID int64) func(func(*store.Row) bool) {
	return func(yield func(*store.Row) bool) {
		for i := m.ended.head; i < len(m.ended.items); i++ {
			r := m.ended.items[i].run
			if r.wf == wf && r.instance == instanceID {
				if !yield(&store.Row{B: r.number, State: int16(r.status)}) {
					return
				}
			}
		}
	}
}

// endingOf returns the status that an action asks for.
func endingOf(a instance.Action) instance.Status {
	if a == instance.Kill {
		return instance.Failed
	}
	return instance.Stopped
}

// actAll stops or kills every unfinished run of a workflow.
func (m *Machine) actAll(t *flow.Turn, e *ActAll) {
	wf := m.workflows[e.Workflow]
	if wf == nil {
		t.Reply(ActedAll{At: t.Now})
		return
	}
	t.Reply(ActedAll{Queued: len(wf.queue), Running: len(wf.running), At: t.Now})
	s := record.Sweep{Action: e.Action, User: e.User, Reason: e.Reason}
	for _, r := range slices.Backward(wf.queue) { // the last first, and before those that run, so that none begins meanwhile
		s.Runs = append(s.Runs, r.row)
	}
	running := slices.SortedFunc(maps.Keys(wf.running), func(a, b *run) int { return cmp.Compare(a.row, b.row) })
	for _, r := range running {
		s.Runs = append(s.Runs, r.row)
	}
	if len(s.Runs) == 0 {
		return
	}
	wf.rec.Sweeps = append(wf.rec.Sweeps, s)
	m.touchWorkflow(t, wf)
	m.sweep(t, wf, &s)
}

// sweep has every run of a sweep ended, each in its own turn. The sweep is in the workflow's row until then.
func (m *Machine) sweep(t *flow.Turn, wf *workflowHead, s *record.Sweep) {
	for _, row := range s.Runs {
		wf.sweeping++
		t.Soon(&goOn{run: row, sweep: s, of: wf})
	}
}

// swept ends one run of a sweep, unless it has ended or is asked to end already; a kill counts more than anything else.
func (m *Machine) swept(t *flow.Turn, r *run, e *goOn) {
	if r != nil && !r.status.Terminal() {
		ok, err := m.tryUnfold(t, r)
		if !ok && err == nil {
			return
		}
		if err != nil { // nobody can end it before it can be read again
		} else if b := r.body; b.rec.Ending == instance.StatusUnknown || e.sweep.Action == instance.Kill && b.rec.EndingCause != causeKill {
			m.endRun(t, r, &Act{Action: e.sweep.Action, User: e.sweep.User, Reason: e.sweep.Reason})
		}
	}
	if e.of.sweeping--; e.of.sweeping == 0 {
		e.of.rec.Sweeps = nil
		m.touchWorkflow(t, e.of)
	}
}

// endRun has a run stopped or killed. The run is unfolded.
func (m *Machine) endRun(t *flow.Turn, r *run, e *Act) {
	b := r.body
	cause, target := causeStop, instance.StepStopped
	if e.Action == instance.Kill {
		cause, target = causeKill, instance.FatallyFailed
	}
	b.rec.Timeline = record.Note(b.rec.Timeline, instance.ActionEvent(t.Now, e.Action, e.User, "", e.Reason))
	m.touch(t, r, 200)
	m.outOfQuarantine(t, r)
	if r.status == instance.Created {
		r.wf.unqueue(r)
		leave := lifecycle.RunDequeuedByStop
		if e.Action == instance.Kill {
			leave = lifecycle.RunDequeuedByKill
		}
		m.end(t, r, leave)
		return
	}
	m.endSteps(t, r, endingOf(e.Action), target, cause, e.User)
	m.advance(t, r)
}

// endSteps has every step of a run ended that is active, and no other one reached. A kill counts more than what was asked
// for before.
func (m *Machine) endSteps(t *flow.Turn, r *run, ending instance.Status, target instance.StepStatus, cause uint8, by string) {
	b := r.body
	if b.rec.Ending == instance.StatusUnknown || cause == causeKill {
		b.rec.Ending, b.rec.EndingBy, b.rec.EndingCause = ending, by, cause
	}
	b.ready = nil
	m.touch(t, r, 50)
	for i := range b.steps {
		s := &b.steps[i]
		switch {
		case s.Status == instance.NotCreated:
		case s.Status.Active():
			m.terminate(t, r, int32(i), target, cause)
		case s.evaluating(): // where to go on after a failure that does not count: nowhere
			s.Target = 0
			m.move(t, r, int32(i), lifecycle.StepFailureIgnored)
			m.complete(t, r, int32(i))
		}
	}
}

// terminate ends an active attempt: at once if no runtime has to do with it, otherwise when the runtime says that the job
// is gone.
func (m *Machine) terminate(t *flow.Turn, r *run, i int32, target instance.StepStatus, cause uint8) {
	s := &r.body.steps[i]
	if s.Order == record.OrderNone {
		s.Target = target
		m.terminated(t, r, i)
		return
	}
	if s.Order == record.OrderTerminate && (s.Target == instance.FatallyFailed || target != instance.FatallyFailed && s.Target != instance.TimeoutFailed) {
		return // it is under way already, for as good a reason
	}
	s.Order, s.Target, s.Cause = record.OrderTerminate, target, cause
	s.Wake = t.Now + confirmWithin
	m.touchStep(t, r, s)
	m.order(t, r, i, record.OrderTerminate)
}

// confirmWithin is how long a job may take to confirm its end, in milliseconds, before its step says that it has not.
const confirmWithin = 10 * 60 * 1000

// unconfirmed says that a job has not confirmed its end. The edge goes on asking for it.
func (m *Machine) unconfirmed(t *flow.Turn, r *run, i int32) {
	s := &r.body.steps[i]
	s.Wake = 0
	m.touchStep(t, r, s)
	m.note(t, r, s, "WARN", "The job was told to end "+spoken(confirmWithin)+" ago and has not confirmed it. It is told again and again; "+
		"if it cannot be reached any more, abandon the step.")
}

// abandon ends an attempt whose job does not confirm its end, because a user says so.
func (m *Machine) abandon(t *flow.Turn, e *Abandon) {
	wf := m.workflows[e.Workflow]
	if wf == nil {
		t.Reply(notFound("workflow %q does not exist", e.Workflow))
		return
	}
	r := wf.find(m, e.Instance, e.Run)
	if r == nil {
		t.Reply(fault.New(fault.BadRequest, "instance %d of workflow %q has no run that has not ended", e.Instance, e.Workflow))
		return
	}
	if !m.readable(t, r) {
		return
	}
	at, known := r.body.plan.Index[e.Step]
	if !known {
		t.Reply(notFound("workflow %q has no step %q in version %d", e.Workflow, e.Step, r.body.plan.Version))
		return
	}
	i := int32(at)
	s := &r.body.steps[i]
	if s.Order != record.OrderTerminate || r.aside != 0 {
		t.Reply(fault.New(fault.BadRequest,
			"step %q of instance %d of workflow %q is %s; only a step whose job has been told to end and has not confirmed it can be abandoned: stop or kill the run first",
			e.Step, e.Instance, e.Workflow, s.Status))
		return
	}
	s.Timeline = record.Note(s.Timeline, instance.ActionEvent(t.Now, instance.Abandon, e.User, "The job may still be running.", ""))
	m.touchStep(t, r, s)
	t.Dirty(200)
	m.terminated(t, r, i)
	m.advance(t, r)
	t.Reply(Acted{Run: r.number, Status: r.status, Completed: r.status.Terminal(), At: t.Now})
}

// terminated gives an attempt the status for which it was terminated.
func (m *Machine) terminated(t *flow.Turn, r *run, i int32) {
	b := r.body
	s := &b.steps[i]
	switch target := s.Target; target {
	case instance.FatallyFailed:
		b.failed = true
		m.move(t, r, i, lifecycle.StepKilled)
	case instance.StepTimedOut:
		b.late = true
		m.move(t, r, i, lifecycle.StepTimedOut)
	case instance.TimeoutFailed:
		if b.rec.Ending == instance.StatusUnknown && !s.NoRetry {
			s.Target = 0
			m.fail(t, r, i, byTimeout, "")
			return
		}
		b.late = true
		m.move(t, r, i, lifecycle.StepTimedOut)
	default:
		b.stopped = true
		m.move(t, r, i, lifecycle.StepStopped)
	}
	s.Target = 0
	m.settle(t, r, i)
}
