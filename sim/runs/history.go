package runs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/store"
)

// history is what the world knows of the removal of runs. In some seeds there is a janitor, who has seen the store now or earlier,
// or has never seen it well.
type history struct {
	retention engine.Retention
	cleaned   int               // commands so far
	proposals []*engine.Remove  // earlier ones
	proposed  map[proposal]bool // runs that were ever named to be removed
	gone      map[int64]bool    // rows of runs that were removed
	again     map[string]int    // starts whose run was removed, and how often
	used      map[string]bool   // names of runs that were removed
	halves    map[int64]half    // runs that have lost something, by row
	buried    map[int64]half    // what runs that are gone had lost before; a restore may bring them back without it
}

// proposal is a run as a janitor names it.
type proposal struct {
	workflow string
	engine.RunPlace
}

// half is what a run has lost.
type half struct {
	uuid string
	lost []rowName
}

type rowName struct {
	table store.Table
	id    int64
}

func (w *World) drawHistory() {
	h := &w.history
	h.proposed, h.gone, h.again, h.used = map[proposal]bool{}, map[int64]bool{}, map[string]int{}, map[string]bool{}
	h.halves, h.buried = map[int64]half{}, map[int64]half{}
	pick := func(of ...int64) int64 { return of[w.rng.IntN(len(of))] }
	if w.rng.IntN(2) == 0 {
		return
	}
	const forEver = 1 << 40
	h.retention = engine.Retention{
		KeepFor: pick(0, 1, 3000, 60_000), KeepRuns: pick(0, 1, 1, 2, 3), Requests: pick(1, 1, 1, 5000, forEver), Rest: pick(0, 0, 2000),
	}
	if h.retention.Keeps() {
		h.retention.KeepRuns = 1
	}
}

// clean returns what the janitor asks for next, or nil.
func (w *World) clean() *sim.Request {
	h := &w.history
	if h.retention.Keeps() {
		return nil
	}
	var e *engine.Remove
	if n := len(h.proposals); n > 0 && w.rng.IntN(3) == 0 {
		e = h.proposals[w.rng.IntN(n)] // made from another state of the store
	} else if e = w.propose(w.workflows[w.rng.IntN(len(w.workflows))]); e == nil {
		return nil
	}
	return w.removal(e)
}

func (w *World) removal(e *engine.Remove) *sim.Request {
	h := &w.history
	h.cleaned++
	h.proposals = append(h.proposals, e)
	for _, p := range e.Runs {
		h.proposed[proposal{e.Workflow, p}] = true
	}
	return &sim.Request{ID: fmt.Sprintf("c%d", h.cleaned), Group: engine.GroupOf(e.Workflow, w.env.Groups), Body: e}
}

// propose names the runs of a workflow that may go by what is durable, or all of them if the janitor does not look; and now and then
// one that is not there.
func (w *World) propose(d *definition) *engine.Remove {
	e := &engine.Remove{Workflow: d.id, Retention: w.history.retention}
	careless := w.rng.IntN(4) == 0
	for _, row := range slices.Sorted(maps.Keys(w.books.runs)) {
		b := w.books.runs[row]
		place := engine.RunPlace{Row: row, Instance: b.instance, Run: 1}
		own := w.books.names[b.workflow] == d.id
		switch {
		case careless && w.rng.IntN(8) == 0:
			place.Instance += int64(1 - 2*w.rng.IntN(2))
			e.Runs = append(e.Runs, place)
		case own && (careless || w.removable(b, w.env.Now()) == ""):
			e.Runs = append(e.Runs, place)
		}
	}
	if len(e.Runs) == 0 {
		return nil
	}
	if careless {
		w.rng.Shuffle(len(e.Runs), func(i, j int) { e.Runs[i], e.Runs[j] = e.Runs[j], e.Runs[i] })
		e.Runs = e.Runs[:1+w.rng.IntN(len(e.Runs))]
	}
	return e
}

// finish returns the command to remove the rest of a run that has lost something, or nil.
func (w *World) finish() *sim.Request {
	for _, row := range slices.Sorted(maps.Keys(w.history.halves)) {
		if b := w.books.runs[row]; b != nil {
			e := &engine.Remove{Workflow: w.books.names[b.workflow], Retention: w.history.retention}
			e.Runs = []engine.RunPlace{{Row: row, Instance: b.instance, Run: 1}}
			return w.removal(e)
		}
	}
	return nil
}

// removable returns why a run must be kept; "" = it may be removed. It is written from the rules, not from the engine.
func (w *World) removable(b *runBook, now int64) string {
	p, newest := &w.history.retention, int64(0)
	for _, o := range w.books.runs { // in any order: a maximum
		if o.workflow == b.workflow {
			newest = max(newest, o.instance)
		}
	}
	switch {
	case !b.status.Terminal():
		return "it is " + b.status.String()
	case b.instance == newest:
		return "it is the newest of its workflow"
	case b.key != "" && now-b.created < p.Requests:
		return "its request id is to be remembered"
	case now-b.ended < p.Rest:
		return "it has just ended"
	case (p.KeepFor == 0 || now-b.ended <= p.KeepFor) && (p.KeepRuns == 0 || newest-b.instance < p.KeepRuns):
		return "it is to be kept"
	}
	return ""
}

// removed takes what a batch deletes out of the books, before what it writes is entered: rows below runs first.
func (w *World) removed(b *store.Batch) {
	for _, table := range []store.Table{store.Step, store.Detail, store.Run, store.Workflow, store.Version} {
		for i := range b.Rows {
			if r := &b.Rows[i]; r.Delete && r.Table == table {
				w.removedRow(rowName{r.Table, r.ID}, b.Time)
			}
		}
	}
}

func (w *World) removedRow(name rowName, now int64) {
	k, h := &w.books, &w.history
	run := name.id
	if name.table != store.Run {
		run = k.below[name]
	}
	b := k.runs[run]
	if b == nil {
		w.env.Fail("%s row %d is deleted and is not there, or belongs to no run", name.table, name.id)
		return
	}
	place := engine.RunPlace{Row: run, Instance: b.instance, Run: 1}
	if why := w.removable(b, now); why != "" {
		w.env.Fail("%s row %d of run %s is deleted: %s", name.table, name.id, k.uuidOf[run], why)
	}
	if !h.proposed[proposal{k.names[b.workflow], place}] {
		w.env.Fail("%s row %d is deleted, and nobody has named run %s", name.table, name.id, k.uuidOf[run])
	}
	if name.table != store.Run {
		delete(k.below, name)
		b.below--
		half := h.halves[run]
		h.halves[run] = halfOf(half, k.uuidOf[run], name)
		return
	}
	if b.below > 0 {
		w.env.Fail("run %s is deleted, and %d rows below it are left", k.uuidOf[run], b.below)
	}
	w.env.Met("runs removed")
	if len(h.halves[run].lost) > 0 {
		w.env.Met("runs removed with rows below them")
		h.buried[run] = h.halves[run]
	}
	delete(h.halves, run)
	delete(k.runs, run)
	if k.byKey[b.key] == run {
		delete(k.byKey, b.key)
	}
	h.gone[run], h.used[k.uuidOf[run]] = true, true
	h.again[b.key]++
}

func halfOf(h half, uuid string, lost rowName) half {
	if h.uuid != uuid {
		h = half{uuid: uuid}
	}
	h.lost = append(h.lost, lost)
	return h
}

// restoreHistory forgets what was removed in batches that the store has lost.
func (w *World) restoreHistory() {
	h := &w.history
	for row, x := range h.buried { // in any order: each by itself
		if w.books.runs[row] != nil {
			h.halves[row] = x
			delete(h.buried, row)
		}
	}
	for row, x := range h.halves { // in any order: each by itself
		x.lost = slices.DeleteFunc(x.lost, func(name rowName) bool { return w.books.below[name] == row })
		h.halves[row] = x
		if len(x.lost) == 0 || w.books.runs[row] == nil || w.books.uuidOf[row] != x.uuid {
			delete(h.halves, row)
		}
	}
	for row := range h.gone {
		if w.books.runs[row] != nil {
			delete(h.gone, row)
		}
	}
}

// reborn makes room for a run that has the uuid of one that was removed: its start was under way meanwhile. What the runtimes knew of
// that has been discarded.
func (w *World) reborn(uuid string) {
	if !w.history.used[uuid] {
		return
	}
	delete(w.history.used, uuid)
	for attempt, j := range w.jobs { // in any order: each by itself
		if j.run == uuid {
			w.drop(attempt)
			delete(w.jobs, attempt)
			delete(w.books.attempts, attempt)
		}
	}
}

// nameOf is the name of a start, from its request id, or of a run, from its uuid: request ids are those of one workflow, and clients
// use the same ones for several.
func nameOf(id, workflow string) string { return id + "@" + workflow }

// idOf returns the request id of a start.
func idOf(start string) string {
	id, _, _ := strings.Cut(start, "@")
	return id
}

// uuidFor returns the uuid of the run that a start begins now.
func (w *World) uuidFor(start string) string {
	if n := w.history.again[start]; n > 0 {
		return fmt.Sprintf("%s.%d", idOf(start), n)
	}
	return idOf(start)
}

// startOf returns the name of the start that has begun a run.
func startOf(run string) string {
	uuid, workflow, _ := strings.Cut(run, "@")
	id, _, _ := strings.Cut(uuid, ".")
	return nameOf(id, workflow)
}
