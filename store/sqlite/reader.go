package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
	zombie "zombiezen.com/go/sqlite"
)

// pool holds the read connections: at most as many as the channel has room for. A nil one has not been opened yet.
type pool struct {
	path   string
	groups int
	free   chan *reader
}

func newPool(path string, size, groups int) pool {
	p := pool{path: path, groups: groups, free: make(chan *reader, size)}
	for range size {
		p.free <- nil
	}
	return p
}

// reader is one read connection with its statements. It is used by one Read at a time.
type reader struct {
	conn       *zombie.Conn
	begin, end *zombie.Stmt
	owner      *zombie.Stmt
	messages   *zombie.Stmt
	queries    [store.Quarantine + 1][store.ByTable + 1][2][2]*zombie.Stmt
	using      map[*zombie.Stmt]bool // those whose rows are being read
	buffers    [][]byte              // documents lent to callbacks, by depth of nesting
	depth      int
}

const (
	ownerText    = "SELECT generation, state, (SELECT max(time) FROM node) FROM flow_group WHERE id = ?1"
	messagesText = "SELECT sender, number, sent, body FROM message WHERE receiver = ?1 ORDER BY sender, number"
)

func (p *pool) take(ctx context.Context) (*reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var r *reader
	var open bool
	select {
	case r, open = <-p.free:
		if !open {
			return nil, errClosed
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r != nil {
		return r, nil
	}
	r, err := newReader(p.path)
	if err != nil {
		p.free <- nil
		return nil, err
	}
	return r, nil
}

// close waits until all connections are back, and closes them.
func (p *pool) close() error {
	var errs []error
	for range cap(p.free) {
		if r := <-p.free; r != nil {
			errs = append(errs, r.conn.Close())
		}
	}
	close(p.free)
	return errors.Join(errs...)
}

func newReader(path string) (*reader, error) {
	conn, err := zombie.OpenConn(path, zombie.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(busyTimeout)
	r := &reader{conn: conn, using: map[*zombie.Stmt]bool{}}
	err = script(conn, "PRAGMA query_only = ON", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -2048")
	for stmt, text := range map[**zombie.Stmt]string{
		&r.begin: "BEGIN", &r.end: "ROLLBACK", &r.owner: ownerText, &r.messages: messagesText,
	} {
		if err == nil {
			*stmt, err = conn.Prepare(text)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return r, nil
}

// Read implements store.Store. f should be short: see the package comment. What shows that the file is damaged also ends
// all writing.
func (s *Store) Read(ctx context.Context, f func(store.Snapshot) error) error {
	err := s.read(ctx, f)
	var e *store.Error
	if errors.As(err, &e) && e.Class == store.Fatal {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.broke(err)
	}
	return err
}

func (s *Store) read(ctx context.Context, f func(store.Snapshot) error) (err error) {
	r, err := s.readers.take(ctx)
	if err != nil {
		return failed("read", err)
	}
	sound := false
	defer func() {
		if !sound {
			// f has panicked, or the connection is of no use any more.
			r.conn.Close()
			r = nil
		}
		s.readers.free <- r
	}()
	if err := run(r.begin); err != nil {
		return failed("read", err)
	}
	err = f(&snapshot{ctx: ctx, r: r, groups: s.groups})
	if !r.conn.AutocommitEnabled() {
		if back := run(r.end); back != nil {
			return failed("read", errors.Join(err, back))
		}
	}
	sound = true
	return err
}

// snapshot is one read transaction.
type snapshot struct {
	ctx    context.Context
	r      *reader
	groups int
}

// borrow returns a statement that nobody is reading from, and what to call at the end. A callback may ask the question
// that it is called for: then the second statement is made for the occasion.
func (r *reader) borrow(slot **zombie.Stmt, text string) (*zombie.Stmt, func() error, error) {
	if *slot == nil {
		stmt, err := r.conn.Prepare(text)
		if err != nil {
			return nil, nil, err
		}
		*slot = stmt
	}
	stmt := *slot
	if r.using[stmt] {
		stmt, _, err := r.conn.PrepareTransient(text)
		if err != nil {
			return nil, nil, err
		}
		return stmt, stmt.Finalize, nil
	}
	r.using[stmt] = true
	return stmt, func() error {
		delete(r.using, stmt)
		return stmt.Reset()
	}, nil
}

// each runs a statement and calls row for each of its rows with a buffer, which row returns, maybe grown.
func (s *snapshot) each(slot **zombie.Stmt, text string, bind func(*zombie.Stmt), row func(*zombie.Stmt, []byte) ([]byte, error)) (err error) {
	stmt, end, err := s.r.borrow(slot, text)
	if err != nil {
		return failed("read", err)
	}
	depth := s.r.depth
	if s.r.depth++; len(s.r.buffers) == depth {
		s.r.buffers = append(s.r.buffers, nil)
	}
	defer func() {
		s.r.depth--
		if e := end(); err == nil {
			err = failed("read", e)
		}
	}()
	bind(stmt)
	for {
		if err := s.ctx.Err(); err != nil {
			return failed("read", err)
		}
		more, err := stmt.Step()
		if err != nil {
			return failed("read", err)
		}
		if !more {
			return nil
		}
		buf, err := row(stmt, s.r.buffers[depth][:0])
		if cap(buf) <= keptDoc {
			s.r.buffers[depth] = buf
		}
		if err != nil {
			return err
		}
	}
}

// Rows implements store.Snapshot.
func (s *snapshot) Rows(q store.Query, each func(*store.Row) error) error {
	if err := q.Check(); err != nil {
		return err
	}
	desc, bare := 0, 0
	if q.Desc {
		desc = 1
	}
	if q.WithoutDocs {
		bare = 1
	}
	layout := schema.Of(q.Table)
	var row store.Row
	return s.each(&s.r.queries[q.Table][q.By][desc][bare], textsOf[q.Table].queries[q.By][desc][bare],
		func(stmt *zombie.Stmt) { bindQuery(stmt, &q) },
		func(stmt *zombie.Stmt, buf []byte) ([]byte, error) {
			buf = scan(stmt, layout, &row, !q.WithoutDocs, buf)
			return buf, each(&row)
		})
}

// bindQuery binds the parameters that queryText has put in.
func bindQuery(stmt *zombie.Stmt, q *store.Query) {
	switch q.By {
	case store.ByID:
		stmt.BindInt64(1, q.ID)
		return
	case store.ByKey:
		stmt.BindInt64(1, q.Parent)
		stmt.BindText(2, q.Key)
		return
	case store.ByParent:
		stmt.BindInt64(1, q.Parent)
		stmt.BindInt64(2, q.FromA)
		stmt.BindInt64(3, q.ToA)
	case store.ByOpen:
		stmt.BindInt64(1, int64(q.Group))
	case store.ByGroup:
		stmt.BindInt64(1, int64(q.Group))
		stmt.BindInt64(2, q.After)
	case store.ByTable:
		stmt.BindInt64(1, q.After)
		if q.Desc {
			stmt.BindInt64(1, below(q.After))
		}
	}
	limit := int64(-1)
	if q.Limit > 0 {
		limit = int64(q.Limit)
	}
	stmt.BindInt64(limitIndex, limit)
}

// below returns the highest row key that a descending query of a table may select.
func below(after int64) int64 {
	if after == 0 {
		return math.MaxInt64
	}
	return max(after, 1) - 1
}

// scan reads a row whose columns are in the order of schema.Layout.Columns.
func scan(stmt *zombie.Stmt, l *schema.Layout, r *store.Row, withDoc bool, buf []byte) []byte {
	*r = store.Row{Table: l.Table, ID: stmt.ColumnInt64(0), Group: store.Group(stmt.ColumnInt64(1))}
	n := 2
	if l.Parent != "" {
		r.Parent = stmt.ColumnInt64(n)
		n++
	}
	if l.A != "" {
		r.A = stmt.ColumnInt64(n)
		n++
	}
	if l.B != "" {
		r.B = stmt.ColumnInt64(n)
		n++
	}
	if l.Key != "" {
		r.Key = stmt.ColumnText(n)
		n++
	}
	r.State = int16(stmt.ColumnInt64(n))
	r.Open = stmt.ColumnInt64(n+1) != 0
	r.Due = stmt.ColumnInt64(n + 2)
	if withDoc {
		buf = bytesAt(stmt, n+3, buf)
		r.Doc = buf
	}
	return buf
}

// Messages implements store.Snapshot.
func (s *snapshot) Messages(to store.Group, each func(*store.Message) error) error {
	var m store.Message
	return s.each(&s.r.messages, messagesText,
		func(stmt *zombie.Stmt) { stmt.BindInt64(1, int64(to)) },
		func(stmt *zombie.Stmt, buf []byte) ([]byte, error) {
			buf = bytesAt(stmt, 3, buf)
			m = store.Message{From: store.Group(stmt.ColumnInt64(0)), To: to, Number: stmt.ColumnInt64(1), Sent: stmt.ColumnInt64(2), Body: buf}
			return buf, each(&m)
		})
}

// Owner implements store.Snapshot.
func (s *snapshot) Owner(g store.Group) (store.Owned, error) {
	if err := store.CheckGroup("read", g, s.groups); err != nil {
		return store.Owned{}, err
	}
	var o store.Owned
	found := false
	err := s.each(&s.r.owner, ownerText,
		func(stmt *zombie.Stmt) { stmt.BindInt64(1, int64(g)) },
		func(stmt *zombie.Stmt, buf []byte) ([]byte, error) {
			found = true
			o = store.Owned{Group: g, Generation: store.Generation(stmt.ColumnInt64(0)), State: bytesAt(stmt, 1, nil), Floor: stmt.ColumnInt64(2)}
			return buf, nil
		})
	if err == nil && !found {
		err = &store.Error{Class: store.Fatal, Op: "read", Err: fmt.Errorf("flow_group has no row for group %d", g)}
	}
	return o, err
}
