package runs

import (
	"fmt"
	"maps"
	"slices"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/store"
)

// books is what must be true of the durable state, kept up batch by batch.
type books struct {
	names      map[int64]string // of workflows by row
	versions   map[int64]string // workflow by row of the version
	versionRow map[versionKey]int64
	runs       map[int64]*runBook
	byKey      map[string]int64
	running    map[int64]int // runs in progress by row of the workflow

	// What was ever durable.
	everStarted map[string]bool
	everAttempt map[attemptKey]bool
	uuidOf      map[int64]string // of a run by row
	workflowOf  map[string]string
	attempts    map[string]attemptKey // by uuid
}

type versionKey struct {
	workflow string
	version  int64
}

type runBook struct {
	workflow int64
	instance int64
	status   instance.Status
	ending   bool                     // a stop, a kill or a timeout ends it
	steps    map[int32]record.Attempt // the latest attempt by ordinal
}

type attemptKey struct {
	run     int64
	ordinal int32
	attempt int64
}

func (b *books) reset() {
	b.names, b.versions, b.runs = map[int64]string{}, map[int64]string{}, map[int64]*runBook{}
	b.versionRow = map[versionKey]int64{}
	b.byKey, b.running = map[string]int64{}, map[int64]int{}
	if b.uuidOf == nil {
		b.uuidOf, b.workflowOf, b.attempts = map[int64]string{}, map[string]string{}, map[string]attemptKey{}
	}
}

// Landed implements sim.World.
func (w *World) Landed(b *store.Batch) {
	for _, table := range []store.Table{store.Workflow, store.Version, store.Run, store.Step, store.Quarantine} {
		for i := range b.Rows {
			if r := &b.Rows[i]; r.Table == table {
				w.enter(r)
			}
		}
	}
	w.checkLimits()
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Table == store.Run {
			w.checkEnding(r)
		}
	}
}

// checkEnding checks that a run that is being ended has no step that goes on.
func (w *World) checkEnding(r *store.Row) {
	b := w.books.runs[r.ID]
	if b == nil || !b.ending {
		return
	}
	for i, a := range b.steps { // in any order: each fails by itself
		if a.Status.Active() && a.Order != record.OrderTerminate {
			w.env.Fail("run %s is being ended and its step %d is %s", r.Key, i, a.Status)
		}
	}
}

// checkLimits checks that no workflow has more runs in progress than its strategy allows.
func (w *World) checkLimits() {
	for row, n := range w.books.running {
		for _, d := range w.workflows {
			if d.id == w.books.names[row] && int64(n) > d.limit {
				w.env.Fail("workflow %s has %d runs in progress; it may have %d", d.id, n, d.limit)
			}
		}
	}
}

func (w *World) enter(r *store.Row) {
	k := &w.books
	switch r.Table {
	case store.Workflow:
		k.names[r.ID] = r.Key
	case store.Version:
		k.versions[r.ID] = k.names[r.Parent]
		k.versionRow[versionKey{k.names[r.Parent], r.A}] = r.ID
	case store.Run:
		w.enterRun(r)
	case store.Step:
		w.enterSteps(r)
	case store.Quarantine:
		if !w.env.Lost() {
			w.env.Fail("run %d is in quarantine: %s", r.Parent, r.Doc)
		}
	}
}

func (w *World) enterRun(r *store.Row) {
	k := &w.books
	rec, err := record.ParseRun(r.Doc)
	if err != nil {
		w.env.Fail("run row %d: %v", r.ID, err)
		return
	}
	b := k.runs[r.ID]
	if b == nil {
		b = &runBook{workflow: r.Parent, instance: r.A, steps: map[int32]record.Attempt{}}
		k.runs[r.ID] = b
	}
	if row, twice := k.byKey[r.Key]; r.Key != "" && twice && row != r.ID {
		w.env.Fail("request %s has started two runs, in rows %d and %d", r.Key, row, r.ID)
	}
	status := instance.Status(r.State)
	w.env.Tracef("  run %s is %s", r.Key, status)
	if b.status.Terminal() && status != b.status {
		w.env.Fail("run %s goes from %s to %s", r.Key, b.status, status)
	}
	if r.Open == status.Terminal() {
		w.env.Fail("run %s is %s and open is %v", r.Key, status, r.Open)
	}
	if was, is := b.status == instance.InProgress, status == instance.InProgress; was != is {
		if is {
			k.running[r.Parent]++
		} else {
			k.running[r.Parent]--
		}
	}
	b.status, b.ending = status, rec.Ending != instance.StatusUnknown
	k.byKey[r.Key] = r.ID
	k.everStarted[r.Key] = true
	k.uuidOf[r.ID] = rec.UUID
	k.workflowOf[r.Key] = k.names[r.Parent]
	for _, a := range rec.Attempts {
		w.enterAttempt(b, r.ID, a)
	}
	if status.Terminal() {
		w.endOfRun(r.ID)
	}
}

// endOfRun has the runtimes forget the attempts of a run.
func (w *World) endOfRun(row int64) {
	for _, uuid := range slices.Clone(w.pending) {
		if w.jobs[uuid].order.Run == row {
			w.drop(uuid)
		}
	}
}

func (w *World) enterSteps(r *store.Row) {
	list, err := record.ParseAttempts(r.Doc)
	if err != nil {
		w.env.Fail("step row %d: %v", r.ID, err)
		return
	}
	b := w.books.runs[r.Parent]
	if b == nil {
		w.env.Fail("step row %d belongs to run row %d, which does not exist", r.ID, r.Parent)
		return
	}
	for i := range list {
		w.enterAttempt(b, r.Parent, &list[i])
	}
}

func (w *World) enterAttempt(b *runBook, run int64, a *record.Attempt) {
	w.books.everAttempt[attemptKey{run, a.Ordinal, int64(a.Number)}] = true
	before, known := b.steps[a.Ordinal]
	done := known && before.Status.Terminal() && !before.Status.Retryable()
	switch {
	case known && a.Number < before.Number:
		return
	case done && (a.Number > before.Number || a.Status != before.Status):
		w.env.Fail("step %d of run row %d was %s in attempt %d and is %s in attempt %d",
			a.Ordinal, run, before.Status, before.Number, a.Status, a.Number)
	}
	b.steps[a.Ordinal] = *a
}

// checkOrder checks an order as it leaves a node.
func (b *books) checkOrder(w *World, o *engine.Order, current bool) {
	key := attemptKey{o.Run, o.Ordinal, o.Attempt.Attempt}
	if !b.everAttempt[key] {
		w.env.Fail("order %d for %s left a node before its attempt was durable: %+v", o.Kind, o.Attempt.UUID, key)
	}
	if before, known := b.attempts[o.Attempt.UUID]; known && before != key && !w.env.Lost() {
		w.env.Fail("uuid %s is that of %+v and of %+v", o.Attempt.UUID, before, key)
	}
	b.attempts[o.Attempt.UUID] = key
	// A start may be repeated after the end: it was decided before, in the same batch. The runtime adopts what it knows.
	j := w.jobs[o.Attempt.UUID]
	if current && o.Kind == record.OrderStart && j != nil && j.settled && !w.env.Lost() {
		w.env.Fail("step %s is launched again after the runtime was told to forget it", o.Attempt.StepID)
	}
	if r := b.runs[o.Run]; current && o.Kind == record.OrderStart && j == nil && r != nil && r.status.Terminal() && !w.env.Lost() {
		w.env.Fail("step %s was launched after the end of its run, which is %s", o.Attempt.StepID, r.status)
	}
}

// refused takes a final error.
func (w *World) refused(q *sim.Request, err error) {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.BadRequest, fault.Precondition, fault.Conflict:
		if _, start := q.Body.(*engine.Start); !start {
			return // there is nothing to stop (any more)
		}
	}
	if !w.env.Lost() {
		w.env.Fail("%s, which is %T, was answered by %v", q.ID, q.Body, err)
	}
}

// Restored implements sim.World.
func (w *World) Restored(s store.Snapshot) {
	w.books.reset()
	for _, d := range w.workflows {
		d.plan = nil // its version may be gone
	}
	w.pending = nil // orders are repeated when the nodes find out
	w.readAll(s)
}

func (w *World) readAll(s store.Snapshot) {
	for _, t := range []store.Table{store.Workflow, store.Version, store.Run, store.Step} {
		err := s.Rows(store.Query{Table: t, By: store.ByTable}, func(r *store.Row) error { w.enter(r); return nil })
		if err != nil {
			w.env.Fail("%v", err)
		}
	}
}

// Rest implements sim.World.
func (w *World) Rest(s store.Snapshot) error {
	for g := range w.env.Groups {
		err := s.Rows(store.OpenIn(store.Run, store.Group(g)), func(r *store.Row) error {
			return fmt.Errorf("run %s of workflow row %d is %s: %s", r.Key, r.Parent, instance.Status(r.State), r.Doc)
		})
		if err != nil {
			return err
		}
		err = s.Rows(store.OpenIn(store.Step, store.Group(g)), func(r *store.Row) error {
			return fmt.Errorf("an order is outstanding: %s", r.Doc)
		})
		if err != nil {
			return err
		}
	}
	if len(w.pending) > 0 {
		return fmt.Errorf("%d outcomes are not settled", len(w.pending))
	}
	return nil
}

// Compare implements sim.World: a machine that is loaded now wants to be woken as early as the one that lives, or earlier.
func (w *World) Compare(g store.Group, live flow.Machine, s store.Snapshot) error {
	o, err := s.Owner(g)
	if err != nil {
		return err
	}
	fresh, err := w.Load(s, o, func() int64 { return 0 })
	if err != nil {
		return err
	}
	if at := live.Deadline(); at != 0 && (fresh.Deadline() == 0 || fresh.Deadline() > at) {
		return fmt.Errorf("it wants to be woken at %d; a machine loaded now, at %d", at, fresh.Deadline())
	}
	return nil
}

// Final implements sim.World.
func (w *World) Final(s store.Snapshot) error {
	w.books.reset()
	w.readAll(s)
	for id := range w.acked {
		if _, ok := w.books.byKey[id]; !ok && !w.env.Lost() {
			return fmt.Errorf("run %s was acknowledged and is not in the store", id)
		}
	}
	instances := map[[2]int64]bool{}
	for _, d := range w.workflows {
		for _, row := range slices.Sorted(maps.Keys(w.books.runs)) {
			r := w.books.runs[row]
			if w.books.names[r.workflow] != d.id {
				continue
			}
			if name := [2]int64{r.workflow, r.instance}; instances[name] {
				return fmt.Errorf("workflow %s has instance %d twice", d.id, r.instance)
			} else {
				instances[name] = true
			}
			if err := w.judge(d, r, w.books.uuidOf[row]); err != nil {
				return fmt.Errorf("run %s of workflow %s (%s): %w", w.books.uuidOf[row], d.id, d.raw, err)
			}
		}
	}
	return nil
}

// judge compares a run with the model.
func (w *World) judge(d *definition, r *runBook, uuid string) error {
	x := d.graph.expect(uuid)
	action, touched := w.stopped[uuid]
	switch {
	case !r.status.Terminal():
		return fmt.Errorf("it is %s", r.status)
	case d.unclear || w.env.Lost(): // instance numbers may have been given twice
		return nil
	case touched:
		if action == instance.Kill && r.status == instance.Stopped || action == instance.Stop && r.status == instance.StatusUnknown {
			return fmt.Errorf("it is %s after %s", r.status, action)
		}
		return nil
	case x.timed:
		if r.status == instance.Stopped {
			return fmt.Errorf("it is %s, and nobody has stopped it", r.status)
		}
		return nil
	case r.status != x.status:
		return fmt.Errorf("it is %s instead of %s", r.status, x.status)
	case x.atOnce:
		return nil
	}
	for i, want := range x.steps {
		a := r.steps[int32(i)]
		if a.Status != want || int64(a.Number) != x.attempts[i] {
			return fmt.Errorf("step %s is %s in attempt %d instead of %s in attempt %d", d.graph.nodes[i].id, a.Status, a.Number, want, x.attempts[i])
		}
	}
	return nil
}

// Meets is what any hundred seeds of this world meet, besides what all worlds do.
var Meets = []string{}
