package engine

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
)

const (
	// packBytes is about how large a pack of ended attempts grows before the next one begins: half a page of the store.
	packBytes = 3500
	// foldSteps is how many steps a run may have at most whose attempts are kept in the run's own row, and foldBytes is
	// how large an attempt there may be.
	foldSteps = 8
	foldBytes = 500
)

// Seal appends the rows of everything that has changed.
//
// A small run is one row: the current attempts of its steps are in it. In a larger one, a step that begins and ends within
// one batch never gets a row of its own: the ended attempts that have no row yet share packs. So a run of five internal
// steps costs one row, and a chain of a hundred a few.
func (m *Machine) Seal(rows []store.Row, buf []byte) ([]store.Row, []byte) {
	rows = append(rows, m.pending...)
	clear(m.pending)
	m.pending = m.pending[:0]
	for i, wf := range m.dirtyWorkflows {
		m.dirtyWorkflows[i] = nil
		wf.dirty = false
		from := len(buf)
		wf.rec.Instances = max(wf.rec.Instances, wf.next-1)
		buf = wf.rec.AppendJSON(buf)
		rows = append(rows, store.Row{Table: store.Workflow, ID: wf.row, Group: m.group, Key: wf.id, Doc: buf[from:len(buf):len(buf)]})
	}
	m.dirtyWorkflows = m.dirtyWorkflows[:0]
	for i, r := range m.dirtyRuns {
		m.dirtyRuns[i] = nil
		r.dirty = false
		rows, buf = m.sealRun(r, rows, buf)
	}
	m.dirtyRuns = m.dirtyRuns[:0]
	return rows, buf
}

func (m *Machine) sealRun(r *run, rows []store.Row, buf []byte) ([]store.Row, []byte) {
	b := r.body
	due := int64(0)
	if !r.status.Terminal() {
		due = b.due()
		if len(b.ready) > 0 || b.ordered() {
			due = 1 // at once, should it be loaded: there is something to go on with, or an order to repeat
		}
	}
	if b.fold() || r.changed || due != 0 && (r.stored == 0 || due < r.stored) {
		r.changed, r.stored = false, due
		from := len(buf)
		buf = b.rec.AppendJSON(buf)
		rows = append(rows, store.Row{
			Table: store.Run, ID: r.row, Group: m.group, Parent: r.wf.row, A: r.instance, B: r.number, Key: r.key,
			State: int16(r.status), Open: !r.status.Terminal(), Due: due, Doc: buf[from:len(buf):len(buf)],
		})
	}
	b.rec.Attempts = b.rec.Attempts[:0]
	var pack []*record.Attempt
	size := 0
	flush := func() {
		if len(pack) == 0 {
			return
		}
		from := len(buf)
		buf = record.AppendAttempts(buf, pack...)
		rows = append(rows, store.Row{
			Table: store.Step, ID: m.ids(), Group: m.group, Parent: r.row, A: int64(pack[0].Seq), B: 0, Doc: buf[from:len(buf):len(buf)],
		})
		pack, size = pack[:0], 0
	}
	for i := range b.steps {
		s := &b.steps[i]
		if !s.dirty {
			continue
		}
		s.dirty = false
		if s.row == 0 && s.Status.Terminal() && !s.Status.Retryable() && !s.evaluating() {
			pack = append(pack, &s.Attempt)
			if size += packed(&s.Attempt); size > packBytes {
				flush()
			}
			continue
		}
		if s.row == 0 {
			s.row = m.ids()
		}
		from := len(buf)
		buf = record.AppendAttempts(buf, &s.Attempt)
		rows = append(rows, store.Row{
			Table: store.Step, ID: s.row, Group: m.group, Parent: r.row, A: int64(s.Seq), B: int64(s.Number),
			State: int16(s.Status), Doc: buf[from:len(buf):len(buf)],
		})
	}
	flush()
	return rows, buf
}

// fold puts the attempts into the run's record that are kept there, and reports whether the record is another one for it:
// one of them has changed, or is kept elsewhere from now on.
func (b *body) fold() (changed bool) {
	if len(b.steps) > foldSteps {
		return false
	}
	for i := range b.steps {
		s := &b.steps[i]
		if s.row != 0 || s.Status == instance.NotCreated || packed(&s.Attempt) > foldBytes {
			changed = changed || s.folded
			s.folded = false
			continue
		}
		b.rec.Attempts = append(b.rec.Attempts, &s.Attempt)
		changed = changed || s.dirty
		s.dirty, s.folded = false, true
	}
	return changed
}

// packed returns about how many bytes an attempt takes in a pack.
func packed(a *record.Attempt) int {
	n := 110 + len(a.Handle)
	for i := range a.Timeline {
		n += 40 + len(a.Timeline[i].Message)
	}
	return n
}
