package sqlite

import (
	"context"
	"fmt"

	"github.com/segue-run/segue/store"
	zombie "zombiezen.com/go/sqlite"
)

// rowsBetweenChecks is the number of rows that a batch writes between two looks at its context.
const rowsBetweenChecks = 128

// batch writes a batch inside the transaction. The batch has been checked.
func (w *writer) batch(ctx context.Context, b *store.Batch, groups int) error {
	if err := w.follows(b); err != nil {
		return err
	}
	if err := w.fenced(b, groups); err != nil {
		return err
	}
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Delete {
			stmt := w.tables[r.Table].remove
			stmt.BindInt64(1, r.ID)
			if err := run(stmt); err != nil {
				return fmt.Errorf("delete %s %d: %w", r.Table, r.ID, err)
			}
		}
	}
	for i := range b.Rows {
		if r := &b.Rows[i]; !r.Delete {
			if err := w.put(r); err != nil {
				return fmt.Errorf("%s %d: %w", r.Table, r.ID, err)
			}
		}
		if i%rowsBetweenChecks == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return w.letters(b)
}

// follows takes the number of the batch, if it is the next one of a seat that is still taken by its process.
func (w *writer) follows(b *store.Batch) error {
	w.advance.BindText(1, b.Seat.Node)
	w.advance.BindInt64(2, b.Seat.Incarnation)
	w.advance.BindInt64(3, b.Number)
	w.advance.BindInt64(4, b.Time)
	if err := run(w.advance); err != nil {
		return err
	}
	if w.conn.Changes() == 1 {
		return nil
	}
	incarnation, last, err := w.seated(b.Seat)
	switch {
	case err != nil:
		return err
	case incarnation != b.Seat.Incarnation:
		return &store.Error{Class: store.Behind, Op: "commit", Err: store.NotSeated(b.Seat, incarnation)}
	case last == b.Number:
		return errLanded
	}
	return &store.Error{Class: store.Behind, Op: "commit", Err: store.NotNext(b.Number, last)}
}

// fenced compares the generations of the groups that the batch writes.
func (w *writer) fenced(b *store.Batch, groups int) error {
	if len(b.Fences) > 8 && len(b.Fences)*4 > groups {
		return w.fencedByScan(b, groups)
	}
	for _, f := range b.Fences {
		var found store.Generation
		w.generation.BindInt64(1, int64(f.Group))
		row, err := w.generation.Step()
		if err != nil {
			return err
		}
		if row {
			found = store.Generation(w.generation.ColumnInt64(0))
		}
		if err := w.generation.Reset(); err != nil {
			return err
		}
		if found != f.Generation {
			return &store.Error{Class: store.Fenced, Op: "commit", Err: store.Moved(f, found)}
		}
	}
	return nil
}

// fencedByScan does the same with one pass over all groups, for batches that write many of them.
func (w *writer) fencedByScan(b *store.Batch, groups int) error {
	if len(w.found) != groups {
		w.found = make([]store.Generation, groups)
	}
	clear(w.found)
	for {
		row, err := w.generations.Step()
		if err != nil {
			return err
		}
		if !row {
			break
		}
		if id := w.generations.ColumnInt64(0); id < int64(groups) {
			w.found[id] = store.Generation(w.generations.ColumnInt64(1))
		}
	}
	if err := w.generations.Reset(); err != nil {
		return err
	}
	for _, f := range b.Fences {
		if w.found[f.Group] != f.Generation {
			return &store.Error{Class: store.Fenced, Op: "commit", Err: store.Moved(f, w.found[f.Group])}
		}
	}
	return nil
}

// put inserts or updates a row. The upsert leaves a row alone that exists in another place; then all of it is set.
func (w *writer) put(r *store.Row) error {
	t := &w.tables[r.Table]
	t.bind(t.upsert, r)
	if err := run(t.upsert); err != nil {
		return err
	}
	if w.conn.Changes() == 0 {
		t.bind(t.move, r)
		if err := run(t.move); err != nil {
			return err
		}
	}
	if len(r.Doc) > keptDoc {
		return t.upsert.ClearBindings()
	}
	return nil
}

// keptDoc is the size of a document that a statement may keep until its next use.
const keptDoc = 1 << 20

// bind binds the columns of a row in the order of schema.Layout.Columns.
func (t *writerTable) bind(stmt *zombie.Stmt, r *store.Row) {
	stmt.BindInt64(1, r.ID)
	stmt.BindInt64(2, int64(r.Group))
	n := 3
	if t.layout.Parent != "" {
		stmt.BindInt64(n, r.Parent)
		n++
	}
	if t.layout.A != "" {
		stmt.BindInt64(n, r.A)
		n++
	}
	if t.layout.B != "" {
		stmt.BindInt64(n, r.B)
		n++
	}
	if t.layout.Key != "" {
		if r.Key == "" {
			stmt.BindNull(n)
		} else {
			stmt.BindText(n, r.Key)
		}
		n++
	}
	stmt.BindInt64(n, int64(r.State))
	stmt.BindBool(n+1, r.Open)
	stmt.BindInt64(n+2, r.Due)
	bindText(stmt, n+3, r.Doc)
}

// letters writes what a batch says about messages and about the groups themselves.
func (w *writer) letters(b *store.Batch) error {
	for i := range b.Consumed {
		m := &b.Consumed[i]
		w.consume.BindInt64(1, int64(m.To))
		w.consume.BindInt64(2, int64(m.From))
		w.consume.BindInt64(3, m.Number)
		if err := run(w.consume); err != nil {
			return fmt.Errorf("consume %s: %w", m, err)
		}
	}
	for i := range b.Send {
		m := &b.Send[i]
		w.send.BindInt64(1, int64(m.To))
		w.send.BindInt64(2, int64(m.From))
		w.send.BindInt64(3, m.Number)
		w.send.BindInt64(4, m.Sent)
		w.send.BindBytes(5, m.Body)
		if err := run(w.send); err != nil {
			return fmt.Errorf("send %s: %w", m, err)
		}
	}
	for i := range b.Groups {
		g := &b.Groups[i]
		w.state.BindInt64(1, int64(g.Group))
		w.state.BindBytes(2, g.Doc)
		if err := run(w.state); err != nil {
			return fmt.Errorf("state of group %d: %w", g.Group, err)
		}
	}
	return nil
}
