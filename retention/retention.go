// Package retention is the janitor of a node: it removes runs that are history (engine.Retention says which), first what
// runtimes keep of their attempts, then their rows.
//
// Above it are the store, which it reads, engine, whose command Remove it sends, and step, whose runtimes discard; below it,
// the server starts it.
//
// The one thing to know before changing it: it decides nothing. What it finds in the store is a proposal; the group of the
// workflow looks again, by the same rules, and deletes. So a pass may end anywhere, be out of date, or run twice: the next one
// finds what is left. Nothing outside the database may outlive the row that it is found by, so that goes first.
package retention

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// Options sets up a Janitor.
type Options struct {
	Store store.Store
	// Ask sends a command to a group and returns the reply when its effect is durable.
	Ask func(ctx context.Context, g store.Group, body any) (any, error)
	// Plans is the cache of prepared definitions.
	Plans *engine.Plans
	// Runtimes by the step type that they run, lower case.
	Runtimes map[string]step.Runtime
	// Retention is for workflows that do not say it themselves.
	Retention engine.Retention
	// Clock returns epoch milliseconds.
	Clock func() int64
	// First is when the first pass begins after the start, and Every how long after a pass the next one does. Default 1 minute
	// and 1 hour.
	First, Every time.Duration
	Log          *slog.Logger
}

// Janitor removes history.
type Janitor struct {
	Options
	passing sync.Mutex // two passes at once could take a run for another that has its request id since
}

// New returns a janitor.
func New(o Options) *Janitor {
	if o.First == 0 {
		o.First = time.Minute
	}
	if o.Every == 0 {
		o.Every = time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Janitor{Options: o}
}

// Report says what a pass has done.
type Report struct {
	Runs     int // removed whole
	Rows     int // deleted, those of the runs included
	Attempts int // of which runtimes have discarded what they kept
	Failed   int // runs that could not be read or discarded, and are kept
}

// Run makes passes until the context ends.
func (j *Janitor) Run(ctx context.Context) {
	timer := time.NewTimer(j.First)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		report, err := j.Pass(ctx)
		if err != nil && ctx.Err() == nil {
			j.Log.Warn("history is not removed; the next attempt is later", "error", err, "again_in", j.Every)
		}
		if report != (Report{}) {
			j.Log.Info("history looked through", "removed", report.Runs, "rows", report.Rows, "attempts", report.Attempts, "failed", report.Failed)
		}
		timer.Reset(j.Every)
	}
}

const (
	// leisure is how long a pass rests after each command, in times of what that took: there is no hurry, and others want the disk.
	leisure       = 3
	pageWorkflows = 64
	pageRuns      = 64
	// stepsPerCommand is how many steps the runs of one command have reached at most, about, unless it is one run: each is a row
	// or two, and what is more than engine.MaxRemoveRows would be fetched in vain.
	stepsPerCommand = engine.MaxRemoveRows / 2
)

// Pass looks at every workflow once and removes what may go. An error of the store, or the end of the context, ends it; a workflow
// whose group does not answer is left for the next pass.
func (j *Janitor) Pass(ctx context.Context) (report Report, err error) {
	j.passing.Lock()
	defer j.passing.Unlock()
	after := int64(0)
	for {
		var page []head
		err := j.Store.Read(ctx, func(s store.Snapshot) error {
			page = page[:0]
			q := store.Query{Table: store.Workflow, By: store.ByTable, After: after, Limit: pageWorkflows}
			return s.Rows(q, func(row *store.Row) error {
				rec, err := record.ParseWorkflow(row.Doc)
				page = append(page, head{row: row.ID, group: row.Group, id: row.Key, rec: rec, bad: err})
				return nil
			})
		})
		if err != nil {
			return report, err
		}
		for i := range page {
			w := &work{Janitor: j, head: &page[i], report: &report}
			if err := w.clean(ctx); err != nil {
				return report, err
			}
		}
		if len(page) < pageWorkflows {
			return report, nil
		}
		after = page[len(page)-1].row
	}
}

// head is a workflow.
type head struct {
	row   int64
	group store.Group
	id    string
	rec   *record.Workflow
	bad   error // why it cannot be read
}

// work is what a pass does with one workflow.
type work struct {
	*Janitor
	*head
	report *Report
	warned bool
}

// warn says why something is kept, once for a workflow in a pass: there may be very many of the same kind.
func (w *work) warn(what string, err error) {
	if !w.warned {
		w.Log.Warn("history is kept: "+what, "workflow", w.id, "error", err)
		w.warned = true
	}
}

// candidate is a run that may be removed, as far as the store says.
type candidate struct {
	place engine.RunPlace
	rec   *record.Run
}

func (w *work) clean(ctx context.Context) error {
	retention, err := w.Retention, w.bad
	if err == nil {
		retention, err = retention.For(w.rec.Properties)
	}
	if err != nil {
		w.warn("the workflow cannot be read", err)
		return nil
	}
	if retention.Keeps() {
		return nil
	}
	for from, more := int64(0), true; more; {
		var list []candidate
		if list, from, more, err = w.find(ctx, &retention, from); err != nil {
			return err
		}
		for len(list) > 0 {
			n := few(list)
			switch err := w.remove(ctx, list[:n]); {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				w.report.Failed += len(list)
				w.warn("its group does not remove it", err)
				return nil
			}
			list = list[n:]
		}
	}
	return nil
}

// find reads a page of runs, the oldest first, and returns those that may go, and where the next page begins. Runs of one instance
// that are on two pages have to wait for the next pass.
func (w *work) find(ctx context.Context, retention *engine.Retention, from int64) (list []candidate, next int64, more bool, err error) {
	now := w.Clock()
	err = w.Store.Read(ctx, func(s store.Snapshot) error {
		list, next, more = list[:0], from, false
		newest := int64(0)
		last := store.Under(store.Run, w.row).Last(1)
		last.WithoutDocs = true
		if err := s.Rows(last, func(row *store.Row) error { newest = row.A; return nil }); err != nil {
			return err
		}
		page := store.Between(store.Run, w.row, from, newest-1)
		page.Limit = pageRuns
		seen, young := 0, false
		err := s.Rows(page, func(row *store.Row) error {
			seen, next = seen+1, row.A+1
			rec, err := record.ParseRun(row.Doc)
			if err != nil {
				w.report.Failed++
				w.warn(fmt.Sprintf("run %d of instance %d cannot be read", row.B, row.A), err)
				return nil
			}
			if row.B == 1 && retention.Young(now, newest, row.A, rec.Created) {
				young = true
				return errYoung
			}
			if retention.Removes(now, w.rec, newest, row, rec) {
				list = append(list, candidate{engine.RunPlace{Row: row.ID, Instance: row.A, Run: row.B}, rec})
			}
			return nil
		})
		if young {
			err = nil
		}
		more = seen == pageRuns && !young
		return err
	})
	return list, next, more, err
}

// errYoung ends the reading of a page.
var errYoung = fault.New(fault.Internal, "the rest is too young")

// few returns how many of the runs go into one command.
func few(list []candidate) int {
	steps := 0
	for i := range list {
		steps += int(list[i].rec.Seq)
		if i > 0 && steps > stepsPerCommand || i == engine.MaxRemove {
			return i
		}
	}
	return len(list)
}

// remove removes runs: what the runtimes keep of them, then their rows.
func (w *work) remove(ctx context.Context, list []candidate) error {
	var places []engine.RunPlace
	for i := range list {
		err := w.discard(ctx, list[i].rec, list[i].place.Row)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			w.report.Failed++
			w.warn(fmt.Sprintf("run %d of instance %d", list[i].place.Run, list[i].place.Instance), err)
			continue
		}
		places = append(places, list[i].place)
	}
	for len(places) > 0 {
		began := time.Now()
		v, err := w.Ask(ctx, w.group, &engine.Remove{Workflow: w.id, Runs: places, Retention: w.Retention})
		if err != nil {
			return fault.In(err, "remove history of workflow %q", w.id)
		}
		removed := v.(engine.Removed)
		w.report.Runs += len(removed.Runs)
		w.report.Rows += removed.Rows
		if removed.Rows == 0 {
			return nil // somebody else is at it, or they are not what they were
		}
		places = among(places, removed.Part)
		if err := pause(ctx, leisure*time.Since(began)); err != nil {
			return err
		}
	}
	return nil
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// among returns the places of some rows.
func among(places []engine.RunPlace, rows []int64) []engine.RunPlace {
	var some []engine.RunPlace
	for _, p := range places {
		for _, row := range rows {
			if p.Row == row {
				some = append(some, p)
			}
		}
	}
	return some
}
