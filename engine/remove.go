package engine

import (
	"slices"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
)

const (
	// MaxRemove is how many runs one Remove looks at.
	MaxRemove = 32
	// MaxRemoveRows is how many rows one Remove deletes below the rows of runs if Limits do not say otherwise.
	MaxRemoveRows = 500
)

// removalKey is the line of flow in which removals wait for their rows, one after the other. No entity has this key, so nothing
// else waits behind them.
const removalKey = -1

// remove deletes history. A run goes bottom-up: its row goes last, in the batch of the last row below it or a later one, so
// that what is left by a crash is found again under it.
//
// No row is deleted twice: the rows are fetched when the removal before is durable and no other can come between. So a
// command that comes again finds nothing, and a store never sees a row key again that it has forgotten.
func (m *Machine) remove(t *flow.Turn, e *Remove) {
	wf := m.workflows[e.Workflow]
	if wf == nil {
		t.Reply(notFound("workflow %q does not exist", e.Workflow))
		return
	}
	retention, err := e.Retention.For(wf.rec.Properties)
	if err != nil {
		t.Reply(fault.New(fault.Internal, "workflow %q: %w", wf.id, err))
		return
	}
	places := placesOf(e)
	if m.removal > t.Durable {
		t.Reply(Removed{Part: rowsOfPlaces(places)})
		return
	}
	if !t.Fetched {
		t.Need(removalKey, removalQueries(wf, places, m.limits.RemoveRows+1)...)
		return
	}
	x := removal{wf: wf, runs: map[int64]*store.Row{}, below: map[int64][]*store.Row{}}
	x.sort(t.Rows)
	var reply Removed
	left := m.limits.RemoveRows
	for _, p := range places {
		row := x.runs[p.Row]
		if row == nil || row.A != p.Instance || row.B != p.Run || m.runs[p.Row] != nil {
			continue
		}
		rec, err := record.ParseRun(row.Doc)
		if err != nil || !retention.Removes(t.Now, &wf.rec, x.newest, row, rec) {
			continue // what cannot be read is kept
		}
		below := x.below[p.Row]
		if len(below) > left {
			reply.Part = append(reply.Part, p.Row)
			below = below[:left]
		} else {
			reply.Runs = append(reply.Runs, p.Row)
			below = append(below, row)
			left++ // its own row does not count
		}
		left -= len(below)
		reply.Rows += len(below)
		for _, r := range below {
			m.pending = append(m.pending, store.Row{Table: r.Table, ID: r.ID, Group: m.group, Delete: true})
			t.Dirty(deleteBytes)
		}
	}
	if reply.Rows > 0 {
		m.removal = t.Epoch
	}
	t.Reply(reply)
}

// deleteBytes is about what a deleted row costs in a batch.
const deleteBytes = 50

// placesOf returns the runs that a Remove looks at, each once.
func placesOf(e *Remove) []RunPlace {
	places := make([]RunPlace, 0, MaxRemove)
	for _, p := range e.Runs {
		same := func(q RunPlace) bool { return q.Row == p.Row }
		if len(places) < MaxRemove && !slices.ContainsFunc(places, same) {
			places = append(places, p)
		}
	}
	return places
}

func rowsOfPlaces(places []RunPlace) []int64 {
	rows := make([]int64, len(places))
	for i := range places {
		rows[i] = places[i].Row
	}
	return rows
}

// removalQueries ask for the newest run of a workflow, and for some runs with the keys of what is below them, at most limit of
// each table.
func removalQueries(wf *workflowHead, places []RunPlace, limit int) []store.Query {
	newest := store.Under(store.Run, wf.row).Last(1)
	newest.WithoutDocs = true
	queries := []store.Query{newest}
	for _, p := range places {
		queries = append(queries, store.One(store.Run, p.Row))
		for _, table := range []store.Table{store.Step, store.Detail} {
			below := store.Under(table, p.Row)
			below.WithoutDocs, below.Limit = true, limit
			queries = append(queries, below)
		}
	}
	return queries
}

// removal is what a Remove has fetched.
type removal struct {
	wf     *workflowHead
	newest int64
	runs   map[int64]*store.Row   // by row
	below  map[int64][]*store.Row // steps and details by the row of their run
}

func (x *removal) sort(rows []store.Row) {
	for i := range rows {
		switch r := &rows[i]; {
		case r.Table != store.Run:
			x.below[r.Parent] = append(x.below[r.Parent], r)
		case r.Parent == x.wf.row:
			x.newest = max(x.newest, r.A)
			x.runs[r.ID] = r
		}
	}
}
