package runs

import (
	"errors"
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
	versions   map[int64]stored // by row of the version
	versionRow map[versionKey]int64
	runs       map[int64]*runBook
	byKey      map[string]int64
	running    map[int64]int     // runs in progress by row of the workflow
	aside      map[int64]int64   // runs in quarantine, by the row that says so
	below      map[rowName]int64 // the rows of runs by those below them

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

// stored is a version that is in the store.
type stored struct {
	*version
	workflow string
}

type runBook struct {
	workflow int64
	version  stored
	instance int64
	key      string
	created  int64
	ended    int64
	below    int // rows of steps and details
	status   instance.Status
	begun    bool                     // in the present batch
	ending   bool                     // a stop, a kill or a timeout ends it
	steps    map[int32]record.Attempt // the latest attempt by ordinal
	attempts map[attemptOf]record.Attempt
}

type attemptOf struct{ ordinal, number int32 }

type attemptKey struct {
	run     int64
	ordinal int32
	attempt int64
}

func (b *books) reset() {
	b.names, b.versions, b.runs = map[int64]string{}, map[int64]stored{}, map[int64]*runBook{}
	b.versionRow, b.below = map[versionKey]int64{}, map[rowName]int64{}
	b.byKey, b.running, b.aside = map[string]int64{}, map[int64]int{}, map[int64]int64{}
	if b.uuidOf == nil {
		b.uuidOf, b.workflowOf, b.attempts = map[int64]string{}, map[string]string{}, map[string]attemptKey{}
	}
}

// entered are the tables whose rows are in the books, those that others refer to first.
var entered = []store.Table{store.Workflow, store.Version, store.Run, store.Step, store.Detail, store.Quarantine}

// Landed implements sim.World.
func (w *World) Landed(b *store.Batch) {
	w.removed(b)
	for _, table := range entered {
		for i := range b.Rows {
			if r := &b.Rows[i]; r.Table == table && (!r.Delete || table == store.Quarantine) {
				w.enter(r)
			}
		}
	}
	w.checkLimits()
	for i := range b.Rows {
		switch r := &b.Rows[i]; r.Table {
		case store.Run:
			if r.Delete {
				continue
			}
			w.checkEnding(r)
			w.checkTurn(r)
			w.checkReached(r.ID)
		case store.Step:
			w.checkReached(r.Parent)
		}
	}
}

// checkTurn checks that a run that begins has not overtaken another one.
func (w *World) checkTurn(r *store.Row) {
	b := w.books.runs[r.ID]
	if b == nil || !b.begun {
		return
	}
	b.begun = false
	for row, o := range w.books.runs { // in any order: one is enough
		if o.workflow == b.workflow && o.instance < b.instance && o.status == instance.Created {
			w.env.Fail("run %s begins as instance %d, and instance %d (row %d) still waits", r.Key, b.instance, o.instance, row)
			return
		}
	}
}

// checkReached checks that the predecessors of each step that was reached are complete.
func (w *World) checkReached(run int64) {
	b := w.books.runs[run]
	if b == nil || b.version.version == nil {
		return
	}
	for i := range b.steps { // in any order: each fails by itself
		for _, p := range b.version.preds[i] {
			if before := b.steps[p]; !before.Status.Complete() {
				w.env.Fail("step %d of run row %d was reached, and step %d before it is %s", i, run, p, before.Status)
				return
			}
		}
	}
}

// Refused implements sim.Refusable: two runs with one request id, say. Taken one by one, the events would come right again.
func (w *World) Refused(err error) {
	if !w.env.Lost() {
		w.env.Fail("the store refuses a batch: %v", err)
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
		w.enterVersion(r)
		k.versionRow[versionKey{k.names[r.Parent], r.A}] = r.ID
	case store.Run:
		w.enterRun(r)
	case store.Step:
		w.enterBelow(r)
		w.enterSteps(r)
	case store.Detail:
		w.enterBelow(r)
	case store.Quarantine:
		w.enterQuarantine(r)
	}
}

// enterBelow enters a row that belongs to a run.
func (w *World) enterBelow(r *store.Row) {
	k, name := &w.books, rowName{r.Table, r.ID}
	b := k.runs[r.Parent]
	if b == nil {
		w.env.Fail("%s row %d belongs to run row %d, which does not exist", r.Table, r.ID, r.Parent)
		return
	}
	switch run, known := k.below[name]; {
	case !known:
		k.below[name] = r.Parent
		b.below++
	case run != r.Parent:
		w.env.Fail("%s row %d belongs to run row %d, and is written again for run row %d", r.Table, r.ID, run, r.Parent)
	}
}

func (w *World) enterVersion(r *store.Row) {
	k := &w.books
	rec, err := record.ParseVersion(r.Doc)
	if err != nil {
		w.env.Fail("version row %d: %v", r.ID, err)
		return
	}
	v := w.versions[string(rec.Definition)]
	if v == nil {
		w.env.Fail("version row %d has a definition that nobody has pushed: %s", r.ID, rec.Definition)
		return
	}
	k.versions[r.ID] = stored{v, k.names[r.Parent]}
}

func (w *World) enterRun(r *store.Row) {
	k := &w.books
	rec, err := record.ParseRun(r.Doc)
	if err != nil {
		w.env.Fail("run row %d: %v", r.ID, err)
		return
	}
	name, uuid := nameOf(r.Key, k.names[r.Parent]), nameOf(rec.UUID, k.names[r.Parent])
	b := k.runs[r.ID]
	if b == nil {
		b = &runBook{
			workflow: r.Parent, instance: r.A, key: name, created: rec.Created, version: k.versions[rec.VersionRow],
			steps: map[int32]record.Attempt{}, attempts: map[attemptOf]record.Attempt{},
		}
		k.runs[r.ID] = b
		w.reborn(uuid)
		if b.version.workflow != k.names[r.Parent] {
			w.env.Fail("run %s has a version of workflow %q", name, b.version.workflow)
		}
	}
	if row, twice := k.byKey[name]; r.Key != "" && twice && row != r.ID {
		w.env.Fail("request %s has started two runs, in rows %d and %d", name, row, r.ID)
	}
	status := instance.Status(r.State)
	w.env.Tracef("  run %s is %s", name, status)
	if b.status.Terminal() && status != b.status {
		w.env.Fail("run %s goes from %s to %s", name, b.status, status)
	}
	if r.Open == status.Terminal() {
		w.env.Fail("run %s is %s and open is %v", name, status, r.Open)
	}
	if was, is := b.status == instance.InProgress, status == instance.InProgress; was != is {
		if b.begun = is; is {
			k.running[r.Parent]++
		} else {
			k.running[r.Parent]--
		}
	}
	b.status, b.ending, b.ended = status, rec.Ending != instance.StatusUnknown, rec.Ended
	k.byKey[name] = r.ID
	k.everStarted[name] = true
	k.uuidOf[r.ID] = uuid
	k.workflowOf[name] = k.names[r.Parent]
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
		return
	}
	for i := range list {
		w.enterAttempt(b, r.Parent, &list[i])
	}
}

func (w *World) enterAttempt(b *runBook, run int64, a *record.Attempt) {
	w.books.everAttempt[attemptKey{run, a.Ordinal, int64(a.Number)}] = true
	b.attempts[attemptOf{a.Ordinal, a.Number}] = *a
	before, known := b.steps[a.Ordinal]
	waits := before.Target == instance.CompletedWithError // for a worker, to say where to go on after a failure that does not count
	done := known && before.Status.Terminal() && !before.Status.Retryable() && !waits
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
	w.restoreHistory()
}

func (w *World) readAll(s store.Snapshot) {
	for _, t := range entered {
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
	if n := len(w.history.halves); n > 0 {
		return fmt.Errorf("%d runs have been removed in part", n)
	}
	if len(w.pending) > 0 {
		return fmt.Errorf("%d outcomes are not settled", len(w.pending))
	}
	return nil
}

// Compare implements sim.World.
func (w *World) Compare(g store.Group, live flow.Machine, s store.Snapshot) error {
	o, err := s.Owner(g)
	if err != nil {
		return err
	}
	fresh, err := w.Load(s, o, func() int64 { panic("runs: a machine that was loaded to be compared wants a row key") })
	if err != nil {
		return err
	}
	return live.(*machine).Compare(fresh.(*machine).Machine, s)
}

// Final implements sim.World.
func (w *World) Final(s store.Snapshot) error {
	w.books.reset()
	w.readAll(s)
	for id := range w.acked {
		if _, ok := w.books.byKey[id]; !ok && w.history.again[id] == 0 && !w.env.Lost() {
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
			w.count(r)
			if err := w.judge(d, r, w.books.uuidOf[row]); err != nil {
				return fmt.Errorf("run %s of workflow %s (%s): %w", w.books.uuidOf[row], d.id, r.version.raw, err)
			}
		}
	}
	return nil
}

// count counts what has come of a run.
func (w *World) count(r *runBook) {
	w.env.Met(fmt.Sprintf("runs that are %s", r.status))
	for _, a := range r.attempts { // in any order: sums
		w.env.Met(fmt.Sprintf("attempts that are %s", a.Status))
	}
}

// judge compares a run with the model.
func (w *World) judge(d *definition, r *runBook, uuid string) error {
	g := &r.version.graph
	if err := r.judgeSteps(g); err != nil {
		return err
	}
	x := g.expect(uuid)
	action, touched := w.stopped[startOf(uuid)]
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
	w.env.Met("runs known in every step")
	for i, want := range x.steps {
		a := r.steps[int32(i)]
		if a.Status != want || int64(a.Number) != x.attempts[i] {
			return fmt.Errorf("step %s is %s in attempt %d instead of %s in attempt %d", g.nodes[i].id, a.Status, a.Number, want, x.attempts[i])
		}
	}
	return nil
}

// judgeSteps checks what is true of every run that has ended, whatever was done to it.
func (r *runBook) judgeSteps(g *graph) error {
	complete := 0
	for _, i := range slices.Sorted(maps.Keys(r.steps)) {
		a := r.steps[i]
		if a.Status.Complete() {
			complete++
		}
		if r.status.Terminal() && (!a.Status.Terminal() || a.Order != record.OrderNone) {
			return fmt.Errorf("it is %s, and step %s is %s with order %d", r.status, g.nodes[i].id, a.Status, a.Order)
		}
		for number := int32(1); number <= a.Number; number++ {
			if err := r.judgeAttempt(&g.nodes[i], attemptOf{i, number}); err != nil {
				return fmt.Errorf("attempt %d of step %s: %w", number, g.nodes[i].id, err)
			}
		}
	}
	if all := complete == len(g.nodes); all != (r.status == instance.Succeeded) {
		return fmt.Errorf("it is %s, and %d of %d steps are complete", r.status, complete, len(g.nodes))
	}
	return nil
}

// judgeAttempt checks that an attempt has taken its time, and has waited for it after the one before.
func (r *runBook) judgeAttempt(n *node, of attemptOf) error {
	a, ok := r.attempts[of]
	if !ok {
		return errors.New("it is not in the store")
	}
	lasted := a.Times[record.Finish] - a.Times[record.Execute]
	if n.kind == "sleep" && a.Status == instance.StepSucceeded && lasted <= int64(n.sleep)*1000 {
		return fmt.Errorf("it has slept %d ms instead of %d s", lasted, n.sleep)
	}
	if of.number == 1 {
		return nil
	}
	before := r.attempts[attemptOf{of.ordinal, of.number - 1}]
	least := int64(userBackoff)
	switch before.Status {
	case instance.UserFailed, instance.TimeoutFailed:
	case instance.PlatformFailed:
		least = platformBackoff
	default:
		return fmt.Errorf("it follows one that is %s", before.Status)
	}
	if waited := a.Times[record.Create] - before.Times[record.End]; waited < least {
		return fmt.Errorf("it began %d ms after the one before it, which is %s; at least %d are asked for", waited, before.Status, least)
	}
	return nil
}
