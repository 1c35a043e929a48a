package sqlite

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
	zombie "zombiezen.com/go/sqlite"
)

// writer is the write connection with its statements.
type writer struct {
	conn    *zombie.Conn
	checker store.Checker

	found []store.Generation // of fencedByScan

	begin, commit, rollback  *zombie.Stmt
	advance, seat, seatNode  *zombie.Stmt
	generation, generations  *zombie.Stmt
	claimGroup, floor, lease *zombie.Stmt
	send, consume, state     *zombie.Stmt
	tables                   [store.Quarantine + 1]writerTable
	length                   *zombie.Stmt
	freePages, allPages      *zombie.Stmt
	vacuum, truncate         *zombie.Stmt
}

type writerTable struct {
	layout               *schema.Layout
	upsert, move, remove *zombie.Stmt
}

func newWriter(conn *zombie.Conn) (*writer, error) {
	w := &writer{conn: conn}
	var err error
	prepare := func(text string) (stmt *zombie.Stmt) {
		if err == nil {
			stmt, err = conn.Prepare(text)
		}
		return stmt
	}
	w.begin = prepare("BEGIN IMMEDIATE")
	w.commit = prepare("COMMIT")
	w.rollback = prepare("ROLLBACK")
	w.advance = prepare("UPDATE node SET last_batch = ?3, time = max(time, ?4) WHERE name = ?1 AND incarnation = ?2 AND last_batch = ?3 - 1")
	w.seat = prepare("SELECT incarnation, last_batch FROM node WHERE name = ?1")
	w.seatNode = prepare("INSERT INTO node (name, incarnation, last_batch, time) VALUES (?1, ?2, 0, 0) " +
		"ON CONFLICT (name) DO UPDATE SET incarnation = incarnation + ?2, last_batch = 0 RETURNING incarnation")
	w.generation = prepare("SELECT generation FROM flow_group WHERE id = ?1")
	w.generations = prepare("SELECT id, generation FROM flow_group")
	w.claimGroup = prepare("UPDATE flow_group SET generation = generation + 1, node = ?2 WHERE id = ?1 RETURNING generation, state")
	w.floor = prepare("SELECT max(time) FROM node")
	w.lease = prepare("UPDATE meta SET value = value + ?1 WHERE key = 'next_id' RETURNING value - ?1")
	w.send = prepare("INSERT INTO message (receiver, sender, number, sent, body) VALUES (?1, ?2, ?3, ?4, ?5)")
	w.consume = prepare("DELETE FROM message WHERE receiver = ?1 AND sender = ?2 AND number = ?3")
	w.state = prepare("UPDATE flow_group SET state = ?2 WHERE id = ?1")
	for _, t := range store.Tables() {
		w.tables[t] = writerTable{
			layout: schema.Of(t), upsert: prepare(textsOf[t].upsert), move: prepare(textsOf[t].move), remove: prepare(textsOf[t].remove),
		}
	}
	w.length = prepare("PRAGMA wal_checkpoint(NOOP)")
	w.truncate = prepare("PRAGMA wal_checkpoint(TRUNCATE)")
	w.freePages = prepare("PRAGMA freelist_count")
	w.allPages = prepare("PRAGMA page_count")
	w.vacuum = prepare(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", vacuumPages))
	if err != nil {
		return nil, err
	}
	return w, nil
}

// logLength returns the number of pages in the WAL; 0 if it cannot be told.
func (w *writer) logLength() (pages int) {
	if _, err := one(w.length, func() { pages = w.length.ColumnInt(1) }); err != nil {
		return 0
	}
	return pages
}

// run steps a statement to its end, ready for its next use.
func run(stmt *zombie.Stmt) error {
	for {
		row, err := stmt.Step()
		if err != nil {
			return err
		}
		if !row {
			return stmt.Reset()
		}
	}
}

// one steps a statement that gives at most one row, has read look at the row, and runs it to its end.
func one(stmt *zombie.Stmt, read func()) (bool, error) {
	row, err := stmt.Step()
	if err != nil {
		return false, err
	}
	if row {
		read()
		return true, run(stmt)
	}
	return false, stmt.Reset()
}

// errLanded makes transaction end without a change and without an error.
var errLanded = errors.New("the batch has landed already")

// transaction runs f between BEGIN and COMMIT. Whatever goes wrong, the connection is outside a transaction when it
// returns, or the error is Fatal.
func (w *writer) transaction(ctx context.Context, f func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := run(w.begin); err != nil {
		return err
	}
	err := f(w)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = run(w.commit)
	}
	if !w.conn.AutocommitEnabled() {
		if back := run(w.rollback); back != nil {
			return &store.Error{Class: store.Fatal, Op: "rollback", Err: errors.Join(back, err)}
		}
	}
	if err == errLanded {
		return nil
	}
	return err
}

func (w *writer) join(node string, stride int64) (store.Seat, error) {
	seat := store.Seat{Node: node}
	w.seatNode.BindText(1, node)
	w.seatNode.BindInt64(2, max(stride, 1))
	_, err := one(w.seatNode, func() { seat.Incarnation = w.seatNode.ColumnInt64(0) })
	return seat, err
}

func (w *writer) leaseIDs(n int64) (first int64, err error) {
	w.lease.BindInt64(1, n)
	_, err = one(w.lease, func() { first = w.lease.ColumnInt64(0) })
	return first, err
}

// seated returns what the store knows about the node of a seat; the incarnation is 0 if it knows nothing.
func (w *writer) seated(seat store.Seat) (incarnation, last int64, err error) {
	w.seat.BindText(1, seat.Node)
	_, err = one(w.seat, func() { incarnation, last = w.seat.ColumnInt64(0), w.seat.ColumnInt64(1) })
	return incarnation, last, err
}

func (w *writer) claim(seat store.Seat, groups []store.Group) ([]store.Owned, error) {
	incarnation, _, err := w.seated(seat)
	if err != nil {
		return nil, err
	}
	if incarnation != seat.Incarnation {
		return nil, &store.Error{Class: store.Behind, Op: "claim", Err: store.NotSeated(seat, incarnation)}
	}
	var floor int64
	if _, err := one(w.floor, func() { floor = w.floor.ColumnInt64(0) }); err != nil {
		return nil, err
	}
	var owned []store.Owned
	for _, g := range groups {
		o := store.Owned{Group: g, Floor: floor}
		w.claimGroup.BindInt64(1, int64(g))
		w.claimGroup.BindText(2, seat.Node)
		found, err := one(w.claimGroup, func() {
			o.Generation = store.Generation(w.claimGroup.ColumnInt64(0))
			o.State = bytesAt(w.claimGroup, 1, nil)
		})
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, &store.Error{Class: store.Fatal, Op: "claim", Err: fmt.Errorf("flow_group has no row for group %d", g)}
		}
		owned = append(owned, o)
	}
	return owned, nil
}

// bytesAt appends a column to buf.
func bytesAt(stmt *zombie.Stmt, column int, buf []byte) []byte {
	n := stmt.ColumnLen(column)
	at := len(buf)
	if cap(buf)-at < n {
		grown := make([]byte, at, max(at+n, 2*cap(buf)))
		copy(grown, buf)
		buf = grown
	}
	buf = buf[:at+n]
	stmt.ColumnBytes(column, buf[at:])
	return buf
}

// bindText binds bytes as text. The driver copies them before it returns.
func bindText(stmt *zombie.Stmt, param int, text []byte) {
	stmt.BindText(param, unsafe.String(unsafe.SliceData(text), len(text)))
}
