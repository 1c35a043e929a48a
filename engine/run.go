package engine

import (
	"fmt"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/lifecycle"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// run is one run of a workflow instance: its head, which stays in memory as long as it has not ended, and its body,
// which is folded away while nothing happens to it.
type run struct {
	row      int64
	wf       *workflowHead
	instance int64
	number   int64
	version  int64 // 0 = in the body's record only
	key      string
	status   instance.Status
	due      int64 // when it wants to be woken; 0 = never
	stored   int64 // what its row says about that: as early, or earlier
	timer    int   // position in the timer heap plus 1
	epoch    uint64
	dirty    bool // something about it is not sealed yet
	changed  bool // its record is
	noted    bool
	resumed  bool  // its outstanding orders have been repeated since the group was loaded
	weight   int   // of its body in memory, about
	aside    int64 // row that says why it is in quarantine; 0 = it is not
	body     *body
}

// body is what is known of a run while it is unfolded.
type body struct {
	rec    record.Run
	plan   *Plan
	params *param.Params
	steps  []stepState
	ready  []int32 // steps to be reached, in order
	active int     // attempts that have not ended for good
	// What has happened to steps of the run; decides how it ends.
	failed, late, stopped bool
}

// stepState is a step of a run: its current attempt, and what the graph says about it.
type stepState struct {
	record.Attempt
	row    int64 // of the current attempt; 0 = none yet
	folded bool  // the row of the run has this attempt, or the one before it
	left   int32 // predecessors that are not complete
	opened bool  // an edge that leads here is true, or it is a root
	dirty  bool
	params *param.Params
	// artifacts is the JSON object of those put out so far; "" = none.
	artifacts               wire.Raw
	paramsRow, artifactsRow int64 // detail rows; 0 = none yet
}

func newBody(p *Plan) *body {
	b := &body{plan: p, steps: make([]stepState, len(p.Steps))}
	for i := range p.Steps {
		b.steps[i].Ordinal = int32(i)
		b.steps[i].left = p.Steps[i].Preds
		b.steps[i].opened = p.Steps[i].Preds == 0
	}
	return b
}

// due returns when the run wants to be woken.
func (b *body) due() int64 {
	due := b.rec.Deadline
	if b.rec.Ending != instance.StatusUnknown {
		due = 0 // it ends anyway
	}
	earlier := func(at int64) {
		if at != 0 && (due == 0 || at < due) {
			due = at
		}
	}
	if b.active > 0 {
		for i := range b.steps {
			s := &b.steps[i]
			if s.Status == instance.NotCreated {
				continue
			}
			earlier(s.Wake)
			if s.Order != record.OrderTerminate && !s.Status.Terminal() {
				earlier(s.Deadline)
			}
		}
	}
	return due
}

// ordered reports whether an order to a runtime is outstanding, or a worker evaluates.
func (b *body) ordered() bool {
	for i := range b.steps {
		if s := &b.steps[i]; s.Order != record.OrderNone || s.evaluating() {
			return true
		}
	}
	return false
}

// begin takes a run out of the queue.
func (m *Machine) begin(t *flow.Turn, r *run) {
	b := r.body
	r.status = lifecycle.MustRun(r.status, lifecycle.RunBegun)
	r.wf.running[r] = struct{}{}
	r.resumed = true
	b.rec.Started, b.rec.Modified = t.Now, t.Now
	b.rec.Deadline = t.Now + b.plan.timeout(b)
	b.rec.Timeout = b.plan.timeout(b)
	m.touch(t, r, 200)
	b.ready = append(b.ready, b.plan.Roots...)
	m.advance(t, r)
}

// advance carries a run on until it waits for something or the budget of the turn is spent.
func (m *Machine) advance(t *flow.Turn, r *run) {
	b := r.body
	for len(b.ready) > 0 {
		if m.budget <= 0 {
			m.touch(t, r, 100)
			t.Again(&goOn{run: r.row})
			return
		}
		m.budget--
		i := b.ready[0]
		b.ready = b.ready[1:]
		m.reach(t, r, i)
	}
	b.ready = nil
	if b.active == 0 {
		m.finish(t, r)
	}
}

// finish ends a run of which no step is active any more.
func (m *Machine) finish(t *flow.Turn, r *run) {
	b := r.body
	switch b.rec.Ending {
	case instance.Failed:
		b.failed = true
	case instance.TimedOut:
		b.late = true
	case instance.Stopped:
		b.stopped = true
	}
	cause := lifecycle.RunDoneWell
	switch {
	case b.failed:
		cause = lifecycle.RunDoneBadly
	case b.late:
		cause = lifecycle.RunDoneLate
	case b.stopped:
		cause = lifecycle.RunDoneStopped
	}
	m.end(t, r, cause)
}

// end gives a run its final status and lets the next one of the workflow begin.
func (m *Machine) end(t *flow.Turn, r *run, cause lifecycle.RunCause) {
	r.status = lifecycle.MustRun(r.status, cause)
	r.body.rec.Ended, r.body.rec.Modified = t.Now, t.Now
	r.body.rec.Deadline = 0
	m.touch(t, r, 200)
	m.timers.set(r, 0)
	m.ended.push(seen{r, t.Epoch})
	delete(r.wf.running, r)
	m.dequeue(t, r.wf, false)
}

// unfolded makes sure that the body of a run is in memory. It returns false if it had to ask for rows; the event comes
// again with them. Nothing may have been changed in the turn before.
func (m *Machine) unfolded(t *flow.Turn, r *run) bool {
	ok, err := m.tryUnfold(t, r)
	if err != nil {
		panic(fmt.Sprintf("engine: run row %d: %v", r.row, err))
	}
	if ok && r.status == instance.InProgress && !r.resumed && r.aside == 0 {
		r.resumed = true
		m.repeatOrders(t, r)
	}
	return ok
}

// tryUnfold is unfolded for a run that perhaps cannot be read. It repeats no order.
func (m *Machine) tryUnfold(t *flow.Turn, r *run) (bool, error) {
	if r.body != nil {
		return true, nil
	}
	var own *store.Row
	for i := range t.Rows {
		row := &t.Rows[i]
		switch {
		case row.Table == store.Version:
			if _, err := m.kind.plans.Load(row); err != nil {
				return false, err
			}
		case row.Table == store.Run && row.ID == r.row:
			own = row
		}
	}
	if own == nil {
		t.Need(r.row, store.One(store.Run, r.row), store.Under(store.Step, r.row), store.Under(store.Detail, r.row))
		return false, nil
	}
	rec, err := record.ParseRun(own.Doc)
	if err != nil {
		return false, err
	}
	plan := m.kind.plans.get(rec.VersionRow)
	if plan == nil {
		t.Need(r.row, store.One(store.Version, rec.VersionRow),
			store.One(store.Run, r.row), store.Under(store.Step, r.row), store.Under(store.Detail, r.row))
		return false, nil
	}
	b, err := unfold(rec, plan, r.row, t.Rows)
	if err != nil {
		return false, err
	}
	docs := 0
	for i := range t.Rows {
		if t.Rows[i].Table != store.Version {
			docs += len(t.Rows[i].Doc)
		}
	}
	m.unfoldedTo(r, b, docs)
	r.version = rec.Version
	if r.status == instance.InProgress {
		b.reopen()
	}
	m.resident.push(seen{r, r.epoch})
	return true, nil
}

// unfold builds the body of a run from its rows.
func unfold(rec *record.Run, plan *Plan, row int64, rows []store.Row) (*body, error) {
	b := newBody(plan)
	b.rec = *rec
	b.rec.Attempts = nil
	for _, a := range rec.Attempts {
		if err := b.takeAttempt(a, 0); err != nil {
			return nil, err
		}
		b.steps[a.Ordinal].folded = true
	}
	for i := range rows {
		if err := b.take(&rows[i], row); err != nil {
			return nil, err
		}
	}
	for i := range b.steps {
		s := &b.steps[i]
		if s.params == nil && s.Times[record.EvaluateParam] != 0 {
			s.params = plan.Steps[i].Static
		}
	}
	return b, nil
}

// take adds what one row says.
func (b *body) take(row *store.Row, run int64) error {
	if row.Parent != run {
		return nil
	}
	switch row.Table {
	case store.Step:
		attempts, err := record.ParseAttempts(row.Doc)
		if err != nil {
			return fmt.Errorf("step row %d: %w", row.ID, err)
		}
		own := row.ID
		if row.B == 0 {
			own = 0 // a pack is never written again
		}
		for i := range attempts {
			if err := b.takeAttempt(&attempts[i], own); err != nil {
				return fmt.Errorf("step row %d: %w", row.ID, err)
			}
		}
	case store.Detail:
		if err := b.takeDetail(row); err != nil {
			return fmt.Errorf("detail row %d: %w", row.ID, err)
		}
	}
	return nil
}

// takeAttempt adds an attempt that was stored in a row of its own (0 = not its own).
func (b *body) takeAttempt(a *record.Attempt, row int64) error {
	if int(a.Ordinal) >= len(b.steps) {
		return fmt.Errorf("the definition has no step %d", a.Ordinal)
	}
	if s := &b.steps[a.Ordinal]; a.Number > s.Number {
		s.Attempt, s.row = *a, row
	}
	return nil
}

// withSeq returns the step that was reached as the given one, or nil.
func (b *body) withSeq(seq int64) *stepState {
	for i := range b.steps {
		if s := &b.steps[i]; int64(s.Seq) == seq {
			return s
		}
	}
	return nil
}

// takeDetail adds what a detail row says of the run or of a step's latest attempt. Step rows come first.
func (b *body) takeDetail(row *store.Row) error {
	var s *stepState
	attempt, kind := record.DetailOf(row.B)
	if row.A != 0 {
		if s = b.withSeq(row.A); s == nil || s.Number != attempt {
			return nil // of an earlier attempt
		}
	}
	var err error
	switch {
	case kind == record.Params && s == nil:
		b.params, err = record.ParseParams(row.Doc)
	case kind == record.Params:
		s.paramsRow = row.ID
		s.params, err = record.ParseParams(row.Doc)
	case kind == record.Artifacts && s != nil:
		s.artifactsRow = row.ID
		s.artifacts, err = record.ParseRaw(row.Doc)
	}
	return err
}

// reopen computes what rows do not say: how far the graph has been walked, and what is ready.
func (b *body) reopen() {
	for i := range b.steps {
		s := &b.steps[i]
		b.rec.Seq = max(b.rec.Seq, s.Seq)
		switch st := s.Status; {
		case st == instance.NotCreated:
		case !st.Terminal() || st.Retryable() || s.evaluating():
			b.active++
		case st == instance.FatallyFailed || st == instance.InternallyFailed:
			b.failed = true
		case st == instance.StepTimedOut:
			b.late = true
		case st == instance.StepStopped:
			b.stopped = true
		case st.Complete():
			for k, e := range b.plan.Steps[i].Succs {
				next := &b.steps[e.To]
				next.left--
				next.opened = next.opened || s.Edges.Has(k)
			}
		}
	}
	if b.rec.Ending != instance.StatusUnknown {
		return
	}
	for i := range b.steps {
		if s := &b.steps[i]; s.Status == instance.NotCreated && s.left == 0 {
			b.ready = append(b.ready, int32(i))
		}
	}
}

// goOn continues a run that has more to do, or that has just been loaded.
func (m *Machine) goOn(t *flow.Turn, e *goOn) {
	r := m.runs[e.run]
	if e.sweep != nil {
		m.swept(t, r, e)
		return
	}
	if r == nil || r.status != instance.InProgress || r.aside != 0 || !m.unfolded(t, r) {
		return
	}
	m.wake(t, r)
	if !r.status.Terminal() && r.body.rec.Ending == instance.StatusUnknown || r.body.active == 0 && !r.status.Terminal() {
		m.advance(t, r)
	}
	if !r.status.Terminal() {
		m.setTimer(r)
	}
}

// setTimer has a run woken that is unfolded and has not ended. One in quarantine sleeps.
func (m *Machine) setTimer(r *run) {
	due := int64(0)
	if r.aside == 0 {
		due = r.body.due()
	}
	m.timers.set(r, due)
}

// repeatOrders tells the runtimes again what they were told last.
func (m *Machine) repeatOrders(t *flow.Turn, r *run) {
	for i := range r.body.steps {
		s := &r.body.steps[i]
		if s.evaluating() {
			m.askWorker(t, r, int32(i))
		}
		if s.Order == record.OrderNone {
			continue
		}
		kind := s.Order
		if kind == record.OrderStart && s.Status == instance.Running {
			kind = record.OrderObserve
		}
		m.order(t, r, int32(i), kind)
	}
}

// order lets an order out once the turn is durable.
func (m *Machine) order(t *flow.Turn, r *run, i int32, kind record.OrderKind) {
	s, p := &r.body.steps[i], &r.body.plan.Steps[i]
	o := Order{
		Kind: kind, Run: r.row, Ordinal: i, Handle: s.Handle, Cause: step.Cause(s.Cause),
		Attempt: step.Attempt{
			UUID: AttemptUUID(r.wf.id, &r.body.rec, p.ID, s.Number), WorkflowID: r.wf.id, Instance: r.instance, Run: r.number,
			StepID: p.ID, Attempt: int64(s.Number), Type: p.Type, Deadline: s.Deadline,
		},
	}
	if kind == record.OrderStart {
		o.Attempt.Params = plainParams(s.params)
	}
	t.Express(o)
}

// tick wakes the runs that are due.
func (m *Machine) tick(t *flow.Turn) {
	for n := 0; len(m.timers.heap) > 0 && m.timers.heap[0].due <= t.Now; n++ {
		if n == m.limits.DuePerTick {
			t.Soon(flow.Tick{})
			return
		}
		t.Soon(&goOn{run: m.timers.pop().row})
	}
}
