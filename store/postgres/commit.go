package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
)

// A statement takes at most so many rows, and starts no further one beyond so many bytes.
const (
	maxRows  = 2000
	maxBytes = 16 << 20
)

// Commit implements store.Store. Once the batch is on its way it is not called back: a context that ends then does not end the
// commit, which the timeouts bound.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return failed("commit", errClosed, store.Transient)
	}
	if err := ctx.Err(); err != nil {
		return failed("commit", err, store.Transient)
	}
	if err := s.checker.Check(b, s.groups); err != nil {
		return err
	}
	if s.conn == nil {
		conn, err := s.dial.writer(ctx)
		if err != nil {
			return failed("commit", err, store.Transient)
		}
		s.conn = conn
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*s.dial.patience)
	defer cancel()
	err := s.send(ctx, b)
	if err == nil {
		return nil
	}
	s.recover(ctx)
	return s.resolve(ctx, b, failed("commit", err, store.Unknown))
}

// recover gets the commit connection out of a failed transaction, or gives it up.
func (s *Store) recover(ctx context.Context) {
	if !s.conn.IsClosed() && s.conn.PgConn().TxStatus() == 'I' {
		return
	}
	if !s.conn.IsClosed() {
		if _, err := s.conn.Exec(ctx, "ROLLBACK"); err == nil {
			return
		}
	}
	s.conn.Close(ctx)
	s.conn = nil
}

// resolve finds out what a failed commit really ran into: its number, its fences, or neither.
func (s *Store) resolve(ctx context.Context, b *store.Batch, err error) error {
	if s.conn == nil || store.ClassOf(err) != store.Refused {
		return err
	}
	var incarnation, last int64
	found := s.conn.QueryRow(ctx, seatOf, b.Seat.Node).Scan(&incarnation, &last)
	switch {
	case found != nil && !errors.Is(found, pgx.ErrNoRows):
		s.recover(ctx)
		return failed("commit", found, store.Transient)
	case incarnation != b.Seat.Incarnation:
		return &store.Error{Class: store.Behind, Op: "commit", Err: store.NotSeated(b.Seat, incarnation)}
	case last == b.Number:
		return nil
	case last != b.Number-1:
		return &store.Error{Class: store.Behind, Op: "commit", Err: store.NotNext(b.Number, last)}
	}
	groups, _ := fences(b)
	rows, found := s.conn.Query(ctx, generations, groups)
	now := make(map[store.Group]store.Generation, len(groups))
	var g store.Group
	var generation store.Generation
	if found == nil {
		_, found = pgx.ForEachRow(rows, []any{(*int32)(&g), (*int64)(&generation)}, func() error { now[g] = generation; return nil })
	}
	if found != nil {
		s.recover(ctx)
		return failed("commit", found, store.Transient)
	}
	for _, f := range b.Fences {
		if now[f.Group] != f.Generation {
			return &store.Error{Class: store.Fenced, Op: "commit", Err: store.Moved(f, now[f.Group])}
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "22012" {
		// One of the two checks has failed, and yet both hold now: somebody has repaired the rows of node or flow_group.
		return &store.Error{Class: store.Transient, Op: "commit", Err: err}
	}
	return err
}

// fences returns the fences of a batch as arrays, in order of group, each once.
func fences(b *store.Batch) (groups []int32, generations []int64) {
	sorted := slices.Clone(b.Fences)
	slices.SortFunc(sorted, func(x, y store.Fence) int {
		return cmp.Or(cmp.Compare(x.Group, y.Group), cmp.Compare(x.Generation, y.Generation))
	})
	for _, f := range slices.Compact(sorted) {
		groups, generations = append(groups, int32(f.Group)), append(generations, int64(f.Generation))
	}
	return groups, generations
}

// send sends the whole transaction in one pipeline and waits for its end.
func (s *Store) send(ctx context.Context, b *store.Batch) error {
	defer s.columns.release()
	var p pgx.Batch
	p.Queue("BEGIN")
	groups, generations := fences(b)
	p.Queue(checkFences, groups, generations)
	p.Queue(advance, b.Seat.Node, b.Seat.Incarnation, b.Number, b.Time)
	for _, t := range store.Tables() {
		s.columns.queueDeletes(&p, t, b.Rows)
	}
	for _, t := range store.Tables() {
		s.columns.queueUpserts(&p, t, b.Rows)
	}
	queueMessages(&p, b)
	queueStates(&p, b)
	p.Queue("COMMIT")
	results := s.conn.SendBatch(ctx, &p)
	for _, q := range p.QueuedQueries {
		if _, err := results.Exec(); err != nil {
			// What Close adds follows from this error.
			_ = results.Close()
			return fmt.Errorf("%.40s: %w", q.SQL, err)
		}
	}
	return results.Close()
}

// columns holds the columns of the rows of a transaction: a set for each statement, used again in the next transaction.
type columns struct {
	sets []*columnSet
	used int
}

type columnSet struct {
	ids, parents, as, bs, dues []int64
	groups                     []int32
	keys, docs                 []string
	states                     []int16
	opens                      []bool
}

// take returns an empty set.
func (c *columns) take() *columnSet {
	if c.used == len(c.sets) {
		c.sets = append(c.sets, &columnSet{})
	}
	c.used++
	return c.sets[c.used-1]
}

// release empties all sets. Their texts are the caller's memory.
func (c *columns) release() {
	for _, s := range c.sets[:c.used] {
		clear(s.docs)
		clear(s.keys)
		*s = columnSet{s.ids[:0], s.parents[:0], s.as[:0], s.bs[:0], s.dues[:0], s.groups[:0], s.keys[:0], s.docs[:0], s.states[:0], s.opens[:0]}
	}
	c.used = 0
}

func (c *columns) queueDeletes(p *pgx.Batch, t store.Table, rows []store.Row) {
	var set *columnSet
	for i := range rows {
		if r := &rows[i]; r.Table == t && r.Delete {
			if set == nil {
				set = c.take()
			}
			set.ids = append(set.ids, r.ID)
		}
	}
	if set != nil {
		p.Queue(textsOf[t].remove, set.ids)
	}
}

func (c *columns) queueUpserts(p *pgx.Batch, t store.Table, rows []store.Row) {
	var set *columnSet
	bytes := 0
	for i := range rows {
		r := &rows[i]
		if r.Table != t || r.Delete {
			continue
		}
		if set == nil {
			set, bytes = c.take(), 0
		}
		set.add(r)
		if bytes += len(r.Doc); len(set.ids) >= maxRows || bytes >= maxBytes {
			p.Queue(textsOf[t].upsert, set.args(schema.Of(t))...)
			set = nil
		}
	}
	if set != nil {
		p.Queue(textsOf[t].upsert, set.args(schema.Of(t))...)
	}
}

func (s *columnSet) add(r *store.Row) {
	s.ids, s.groups = append(s.ids, r.ID), append(s.groups, int32(r.Group))
	s.parents, s.as, s.bs, s.keys = append(s.parents, r.Parent), append(s.as, r.A), append(s.bs, r.B), append(s.keys, r.Key)
	s.states, s.opens, s.dues = append(s.states, r.State), append(s.opens, r.Open), append(s.dues, r.Due)
	// The driver writes the text into its own buffer before Commit returns.
	s.docs = append(s.docs, unsafe.String(unsafe.SliceData(r.Doc), len(r.Doc)))
}

// args returns the arrays in the order of schema.Layout.Columns.
func (s *columnSet) args(l *schema.Layout) []any {
	args := []any{s.ids, s.groups}
	if l.Parent != "" {
		args = append(args, s.parents)
	}
	if l.A != "" {
		args = append(args, s.as)
	}
	if l.B != "" {
		args = append(args, s.bs)
	}
	if l.Key != "" {
		args = append(args, s.keys)
	}
	return append(args, s.states, s.opens, s.dues, s.docs)
}

func queueMessages(p *pgx.Batch, b *store.Batch) {
	if len(b.Consumed) > 0 {
		to, from, numbers := make([]int32, len(b.Consumed)), make([]int32, len(b.Consumed)), make([]int64, len(b.Consumed))
		for i := range b.Consumed {
			m := &b.Consumed[i]
			to[i], from[i], numbers[i] = int32(m.To), int32(m.From), m.Number
		}
		p.Queue(consume, to, from, numbers)
	}
	var to, from []int32
	var numbers, sent []int64
	var bodies [][]byte
	bytes := 0
	for i := range b.Send {
		m := &b.Send[i]
		to, from, numbers, sent = append(to, int32(m.To)), append(from, int32(m.From)), append(numbers, m.Number), append(sent, m.Sent)
		bodies = append(bodies, notNil(m.Body))
		if bytes += len(m.Body); len(to) >= maxRows || bytes >= maxBytes || i == len(b.Send)-1 {
			p.Queue(send, to, from, numbers, sent, bodies)
			to, from, numbers, sent, bodies, bytes = nil, nil, nil, nil, nil, 0
		}
	}
}

func queueStates(p *pgx.Batch, b *store.Batch) {
	var groups []int32
	var docs [][]byte
	for i := range b.Groups {
		g := &b.Groups[i]
		if later := slices.ContainsFunc(b.Groups[i+1:], func(o store.GroupState) bool { return o.Group == g.Group }); !later {
			groups, docs = append(groups, int32(g.Group)), append(docs, notNil(g.Doc))
		}
	}
	if len(groups) > 0 {
		p.Queue(setState, groups, docs)
	}
}

// notNil keeps the driver from sending NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
