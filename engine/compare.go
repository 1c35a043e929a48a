package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
)

// Compare says where m, of which all that it has decided must be durable, differs from loaded, which has just been loaded
// from the same rows and has decided nothing. It is for those who prove that a group may be loaded at any batch boundary.
// What is unfolded in m is unfolded from the rows, too.
func (m *Machine) Compare(loaded *Machine, s store.Snapshot) error {
	if a, b := slices.Sorted(maps.Keys(m.workflows)), slices.Sorted(maps.Keys(loaded.workflows)); !slices.Equal(a, b) {
		return fmt.Errorf("workflows %q in memory, %q when loaded", a, b)
	}
	for _, id := range slices.Sorted(maps.Keys(m.workflows)) {
		if err := m.workflows[id].compare(loaded.workflows[id], s); err != nil {
			return fmt.Errorf("workflow %q: %w", id, err)
		}
	}
	open := 0
	for _, row := range slices.Sorted(maps.Keys(m.runs)) {
		r := m.runs[row]
		if r.status.Terminal() {
			continue // and is kept until its end is durable
		}
		open++
		if err := r.compare(loaded, s); err != nil {
			return fmt.Errorf("run row %d of workflow %q: %w", row, r.wf.id, err)
		}
	}
	if open != len(loaded.runs) {
		return fmt.Errorf("%d unfinished runs in memory, %d when loaded", open, len(loaded.runs))
	}
	return nil
}

func (wf *workflowHead) compare(loaded *workflowHead, s store.Snapshot) error {
	if a, b := wf.rec.AppendJSON(nil), loaded.rec.AppendJSON(nil); wf.row != loaded.row || !bytes.Equal(a, b) {
		return fmt.Errorf("row %d %s in memory, row %d %s when loaded", wf.row, a, loaded.row, b)
	}
	if a, b := rowsOf(slices.Values(wf.queue)), rowsOf(slices.Values(loaded.queue)); !slices.Equal(a, b) {
		return fmt.Errorf("queue %d in memory, %d when loaded", a, b)
	}
	a, b := slices.Sorted(slices.Values(rowsOf(maps.Keys(wf.running)))), slices.Sorted(slices.Values(rowsOf(maps.Keys(loaded.running))))
	if !slices.Equal(a, b) {
		return fmt.Errorf("runs %d in progress in memory, %d when loaded", a, b)
	}
	for key, r := range loaded.requests {
		if known := wf.requests[key]; known == nil || known.row != r.row {
			return fmt.Errorf("run row %d has request id %q, which is not known in memory", r.row, key)
		}
	}
	if (wf.sweeping == 0) != (len(wf.rec.Sweeps) == 0) {
		return fmt.Errorf("%d sweeps are in its row, and %d runs wait for one", len(wf.rec.Sweeps), wf.sweeping)
	}
	if wf.next == 0 {
		return nil
	}
	last, err := store.Collect(s, store.Under(store.Run, wf.row).Last(1))
	if err != nil {
		return err
	}
	next := loaded.rec.Instances + 1
	for i := range last {
		next = max(next, last[i].A+1)
	}
	if wf.next != next {
		return fmt.Errorf("the next instance is %d in memory, %d when loaded", wf.next, next)
	}
	return nil
}

func rowsOf(runs func(func(*run) bool)) (rows []int64) {
	for r := range runs {
		rows = append(rows, r.row)
	}
	return rows
}

func (r *run) compare(loaded *Machine, s store.Snapshot) error {
	l := loaded.runs[r.row]
	if l == nil {
		return fmt.Errorf("it is %s in memory, and not there when loaded", r.status)
	}
	if r.instance != l.instance || r.number != l.number || r.key != l.key || r.status != l.status {
		return fmt.Errorf("it is run %d:%d, request %q, %s in memory; %d:%d, %q, %s when loaded",
			r.instance, r.number, r.key, r.status, l.instance, l.number, l.key, l.status)
	}
	if r.aside != l.aside {
		return fmt.Errorf("its quarantine row is %d in memory, %d when loaded", r.aside, l.aside)
	}
	if r.aside != 0 {
		return nil // nobody may be able to read it
	}
	if r.due != 0 && (l.due == 0 || l.due > r.due) {
		return fmt.Errorf("it is due at %d in memory, at %d when loaded", r.due, l.due)
	}
	if r.body == nil {
		return nil
	}
	if r.status == instance.InProgress && (len(r.body.ready) > 0 || r.body.ordered()) && l.due != 1 {
		return fmt.Errorf("it has something to go on with, and is due at %d when loaded", l.due)
	}
	b, err := l.fromRows(loaded.kind, s)
	if err != nil {
		return err
	}
	return r.body.compare(b, r.status == instance.InProgress)
}

// fromRows unfolds a run from a snapshot.
func (r *run) fromRows(k *Kind, s store.Snapshot) (*body, error) {
	var rows []store.Row
	for _, q := range []store.Query{store.One(store.Run, r.row), store.Under(store.Step, r.row), store.Under(store.Detail, r.row)} {
		list, err := store.Collect(s, q)
		if err != nil {
			return nil, err
		}
		rows = append(rows, list...)
	}
	rec, err := record.ParseRun(rows[0].Doc)
	if err != nil {
		return nil, err
	}
	version, err := store.Collect(s, store.One(store.Version, rec.VersionRow))
	if err != nil {
		return nil, err
	}
	if len(version) != 1 {
		return nil, fmt.Errorf("its version row %d does not exist", rec.VersionRow)
	}
	plan, err := k.plans.Load(&version[0])
	if err != nil {
		return nil, err
	}
	b, err := unfold(rec, plan, r.row, rows)
	if err == nil && r.status == instance.InProgress {
		b.reopen()
	}
	return b, err
}

// compare compares a body with one from rows. walked says that the run has begun.
func (b *body) compare(l *body, walked bool) error {
	rec, stored := b.rec, l.rec
	rec.Attempts, stored.Attempts = nil, nil
	if a, b := rec.AppendJSON(nil), stored.AppendJSON(nil); !bytes.Equal(a, b) {
		return fmt.Errorf("its record is %s in memory, %s when loaded", a, b)
	}
	if a, b := record.AppendParams(nil, b.params), record.AppendParams(nil, l.params); !bytes.Equal(a, b) {
		return fmt.Errorf("its params are %s in memory, %s when loaded", a, b)
	}
	if b.plan.Row != l.plan.Row || len(b.steps) != len(l.steps) {
		return fmt.Errorf("it runs version row %d in memory, %d when loaded", b.plan.Row, l.plan.Row)
	}
	if a, b := slices.Sorted(slices.Values(b.ready)), slices.Sorted(slices.Values(l.ready)); !slices.Equal(a, b) {
		return fmt.Errorf("steps %d are ready in memory, %d when loaded", a, b)
	}
	if walked && (b.active != l.active || b.failed != l.failed || b.late != l.late || b.stopped != l.stopped) {
		return fmt.Errorf("active %d, failed %v, late %v, stopped %v in memory; %d, %v, %v, %v when loaded",
			b.active, b.failed, b.late, b.stopped, l.active, l.failed, l.late, l.stopped)
	}
	for i := range b.steps {
		if err := b.steps[i].compare(&l.steps[i]); err != nil {
			return fmt.Errorf("step [%s]: %w", b.plan.Steps[i].ID, err)
		}
	}
	return nil
}

func (s *stepState) compare(l *stepState) error {
	if a, b := record.AppendAttempts(nil, &s.Attempt), record.AppendAttempts(nil, &l.Attempt); !bytes.Equal(a, b) {
		return fmt.Errorf("%s in memory, %s when loaded", a, b)
	}
	if s.left != l.left || s.opened != l.opened {
		return fmt.Errorf("%d predecessors left, reachable %v in memory; %d, %v when loaded", s.left, s.opened, l.left, l.opened)
	}
	if a, b := record.AppendParams(nil, s.params), record.AppendParams(nil, l.params); !bytes.Equal(a, b) {
		return fmt.Errorf("params %s in memory, %s when loaded", a, b)
	}
	if s.artifacts != l.artifacts {
		return fmt.Errorf("artifacts %s in memory, %s when loaded", s.artifacts, l.artifacts)
	}
	if c := cmp.Or(cmp.Compare(s.row, l.row), cmp.Compare(s.paramsRow, l.paramsRow), cmp.Compare(s.artifactsRow, l.artifactsRow)); c != 0 {
		return fmt.Errorf("rows %d, %d, %d in memory; %d, %d, %d when loaded",
			s.row, s.paramsRow, s.artifactsRow, l.row, l.paramsRow, l.artifactsRow)
	}
	return nil
}
