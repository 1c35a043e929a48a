package runs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/store"
)

// machine is the engine with a bug: it panics on the end of a cursed job, until the bug is mended for the run or the run is
// in quarantine.
type machine struct {
	*engine.Machine
	world *World
}

// Handle implements flow.Machine.
func (m *machine) Handle(t *flow.Turn, event any) {
	if o, ok := event.(*engine.Outcome); ok && m.world.failsOn(o) {
		panic(fmt.Sprintf("the end of attempt %s cannot be decided", o.UUID))
	}
	m.Machine.Handle(t, event)
}

// Entity implements flow.Machine. The engine has not seen what it would have panicked on, and would name an earlier run.
func (m *machine) Entity(event any) int64 {
	if o, ok := event.(*engine.Outcome); ok {
		return o.Run
	}
	return m.Machine.Entity(event)
}

func (w *World) failsOn(o *engine.Outcome) bool {
	j, run := w.jobs[o.UUID], w.books.uuidOf[o.Run]
	if !w.curses || j == nil || !j.script.cursed || !o.Progress.State.Final() || w.cured[run] || w.books.inQuarantine(o.Run) {
		return false
	}
	if r := w.books.runs[o.Run]; r == nil || r.status.Terminal() {
		return false // a run that the store has lost, or that has ended: there is nothing to decide
	}
	w.env.Met("outcomes that cannot be decided")
	w.cursed[run] = true
	return true
}

func (b *books) inQuarantine(run int64) bool {
	for _, r := range b.aside { // in any order
		if r == run {
			return true
		}
	}
	return false
}

// enterQuarantine takes the row of a run in quarantine into the books. Only a curse brings one there.
func (w *World) enterQuarantine(r *store.Row) {
	k := &w.books
	if r.Delete {
		w.env.Met("runs released from quarantine")
		delete(k.aside, r.ID)
		return
	}
	k.aside[r.ID] = r.Parent
	if q, err := record.ParseQuarantine(r.Doc); err != nil || !strings.HasPrefix(string(q.Event), `{"type":"Outcome",`) {
		w.env.Fail("the quarantine row %d does not tell the outcome that could not be decided: %s", r.ID, r.Doc)
	}
	if uuid := k.uuidOf[r.Parent]; !w.cursed[uuid] && !w.env.Lost() {
		w.env.Fail("run %s is in quarantine: %s", uuid, r.Doc)
	}
}

// Operate implements sim.Operator: the bug is mended for a run in quarantine, and the run is released; what was removed in part is
// removed whole.
func (w *World) Operate() *sim.Request {
	k := &w.books
	rows := slices.Sorted(maps.Keys(k.aside))
	if len(rows) == 0 {
		return w.finish()
	}
	row := k.aside[rows[w.rng.IntN(len(rows))]]
	r := k.runs[row]
	w.cured[k.uuidOf[row]] = true
	w.operated++
	workflow := k.names[r.workflow]
	return &sim.Request{
		ID: fmt.Sprintf("o%d", w.operated), Group: engine.GroupOf(workflow, w.env.Groups),
		Body: &engine.Release{Workflow: workflow, Instance: r.instance, User: "sim"},
	}
}
