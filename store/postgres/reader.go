package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
)

// pool holds the read connections: at most as many as the channel has room for. A nil one has not been opened yet.
type pool struct {
	dial *dialer
	free chan *pgx.Conn
}

func newPool(dial *dialer, size int) pool {
	p := pool{dial: dial, free: make(chan *pgx.Conn, size)}
	for range size {
		p.free <- nil
	}
	return p
}

// close waits until all connections are back, and closes them.
func (p *pool) close(ctx context.Context) {
	for range cap(p.free) {
		if conn := <-p.free; conn != nil {
			conn.Close(ctx)
		}
	}
	close(p.free)
}

// begin takes a connection and begins a read on it. One that has broken while it lay idle is replaced, once.
func (p *pool) begin(ctx context.Context) (conn *pgx.Conn, tx pgx.Tx, err error) {
	var open bool
	select {
	case conn, open = <-p.free:
		if !open {
			return nil, nil, errClosed
		}
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if conn != nil {
		if tx, err = conn.BeginTx(ctx, options); err == nil {
			return conn, tx, nil
		}
		conn.Close(context.WithoutCancel(ctx))
	}
	if conn, err = p.dial.reader(ctx); err != nil {
		p.free <- nil
		return nil, nil, err
	}
	if tx, err = conn.BeginTx(ctx, options); err != nil {
		conn.Close(context.WithoutCancel(ctx))
		p.free <- nil
		return nil, nil, err
	}
	return conn, tx, nil
}

// Read implements store.Store. f should be short: the server keeps what was deleted meanwhile.
func (s *Store) Read(ctx context.Context, f func(store.Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return failed("read", err, store.Transient)
	}
	conn, tx, err := s.readers.begin(ctx)
	if err != nil {
		return failed("read", err, store.Transient)
	}
	sound := false
	defer func() {
		if !sound {
			conn.Close(context.WithoutCancel(ctx))
			conn = nil
		}
		s.readers.free <- conn
	}()
	err = f(&snapshot{ctx: ctx, tx: tx, groups: s.groups})
	sound = tx.Rollback(context.WithoutCancel(ctx)) == nil
	return err
}

// snapshot is one read transaction. A connection answers one question at a time, and callbacks may ask further ones,
// so rows come in pages that are read whole before the first callback.
type snapshot struct {
	ctx    context.Context
	tx     pgx.Tx
	groups int
}

// Pages are as large as these bounds and the size of the rows in the page before allow.
const (
	firstPage    = 64
	smallestPage = 16
	largestPage  = 1024
	pageBytes    = 4 << 20
)

// nextPage returns the size of the page after one of n rows with so many bytes.
func nextPage(n, bytes int) int {
	return min(max(pageBytes/max(bytes/n, 1), smallestPage), largestPage)
}

// Rows implements store.Snapshot.
func (s *snapshot) Rows(q store.Query, each func(*store.Row) error) error {
	if err := q.Check(); err != nil {
		return err
	}
	p := page{q: q, layout: schema.Of(q.Table), limit: firstPage}
	p.start()
	for left := q.Limit; ; {
		if q.Limit > 0 {
			p.limit = min(p.limit, left)
		}
		if err := s.fetch(&p); err != nil {
			return failed("read", err, store.Transient)
		}
		bytes, n := 0, len(p.rows)
		for i := range p.rows {
			if err := s.ctx.Err(); err != nil {
				return failed("read", err, store.Transient)
			}
			bytes += len(p.rows[i].Doc)
			p.after(&p.rows[i])
			if err := each(&p.rows[i]); err != nil {
				return err
			}
		}
		if left -= n; n < p.limit || q.By == store.ByID || q.By == store.ByKey || (q.Limit > 0 && left == 0) {
			return nil
		}
		p.limit = nextPage(n, bytes)
	}
}

// page is where a query has got to.
type page struct {
	q      store.Query
	layout *schema.Layout
	limit  int
	rows   []store.Row
	// the place that the next page begins behind (ascending) or with (descending)
	a, b, id int64
}

// start goes to the place before all rows.
func (p *page) start() {
	q := &p.q
	switch {
	case q.By == store.ByParent && q.Desc:
		p.a, p.b, p.id = q.ToA, math.MaxInt64, math.MaxInt64
	case q.By == store.ByParent:
		p.a, p.b, p.id = q.FromA, math.MinInt64, 0
	case q.By == store.ByTable && q.Desc && q.After == 0:
		p.id = math.MaxInt64
	case q.By == store.ByTable && q.Desc:
		p.id = max(q.After, 1) - 1
	case q.By == store.ByTable || q.By == store.ByGroup:
		p.id = q.After
	}
}

// after goes to the place behind a row.
func (p *page) after(r *store.Row) {
	p.a, p.b, p.id = r.A, r.B, r.ID
	if p.q.Desc {
		p.id--
	}
}

// args returns the parameters of queryText.
func (p *page) args() []any {
	q := &p.q
	switch q.By {
	case store.ByID:
		return []any{q.ID}
	case store.ByKey:
		if p.layout.Parent == "" {
			return []any{q.Key}
		}
		return []any{q.Key, q.Parent}
	case store.ByParent:
		args := []any{q.Parent, q.FromA, q.ToA}
		if p.layout.A != "" {
			args = append(args, p.a)
		}
		if p.layout.B != "" {
			args = append(args, p.b)
		}
		return append(args, p.id, p.limit)
	case store.ByTable:
		return []any{p.id, p.limit}
	}
	return []any{int32(q.Group), p.id, p.limit}
}

// fetch reads the next page. Each page has rows of its own, since a callback may ask the same question again.
func (s *snapshot) fetch(p *page) error {
	p.rows = p.rows[:0]
	q := &p.q
	if q.By == store.ByKey && (q.Key == "" || p.layout.Parent == "" && q.Parent != 0) {
		return nil
	}
	desc, bare := 0, 0
	if q.Desc {
		desc = 1
	}
	if q.WithoutDocs {
		bare = 1
	}
	rows, err := s.tx.Query(s.ctx, textsOf[q.Table].queries[q.By][desc][bare], p.args()...)
	if err != nil {
		return err
	}
	var r store.Row
	fields := []any{&r.ID, (*int32)(&r.Group)}
	for _, column := range []struct {
		name  string
		field any
	}{{p.layout.Parent, &r.Parent}, {p.layout.A, &r.A}, {p.layout.B, &r.B}, {p.layout.Key, &r.Key}} {
		if column.name != "" {
			fields = append(fields, column.field)
		}
	}
	fields = append(fields, &r.State, &r.Open, &r.Due)
	if !q.WithoutDocs {
		fields = append(fields, &r.Doc)
	}
	_, err = pgx.ForEachRow(rows, fields, func() error {
		r.Table = q.Table
		p.rows = append(p.rows, r)
		r.Doc = nil
		return nil
	})
	return err
}

// Messages implements store.Snapshot.
func (s *snapshot) Messages(to store.Group, each func(*store.Message) error) error {
	from, number, limit := int32(-1), int64(0), firstPage
	for {
		rows, err := s.tx.Query(s.ctx, messagesFrom, int32(to), from, number, limit)
		if err != nil {
			return failed("read", err, store.Transient)
		}
		var found []store.Message
		var m store.Message
		_, err = pgx.ForEachRow(rows, []any{(*int32)(&m.From), &m.Number, &m.Sent, &m.Body}, func() error {
			m.To = to
			found = append(found, m)
			m.Body = nil
			return nil
		})
		if err != nil {
			return failed("read", err, store.Transient)
		}
		bytes, n := 0, len(found)
		for i := range found {
			from, number = int32(found[i].From), found[i].Number
			bytes += len(found[i].Body)
			if err := each(&found[i]); err != nil {
				return err
			}
		}
		if n < limit {
			return nil
		}
		limit = nextPage(n, bytes)
	}
}

// Owner implements store.Snapshot.
func (s *snapshot) Owner(g store.Group) (store.Owned, error) {
	if err := store.CheckGroup("read", g, s.groups); err != nil {
		return store.Owned{}, err
	}
	o := store.Owned{Group: g}
	err := s.tx.QueryRow(s.ctx, ownerOf, int32(g)).Scan((*int64)(&o.Generation), &o.State, &o.Floor)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Owned{}, &store.Error{Class: store.Fatal, Op: "read", Err: fmt.Errorf("flow_group has no row for group %d", g)}
	}
	if err != nil {
		return store.Owned{}, failed("read", err, store.Transient)
	}
	return o, nil
}
