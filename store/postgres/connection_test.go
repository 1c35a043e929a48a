package postgres

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres/pgtest"
	"github.com/segue-run/segue/store/storetest"
)

// brittle is a connection that breaks on command.
type brittle struct {
	net.Conn
	when   *atomic.Int32
	answer []byte
}

const (
	sound = iota
	beforeRequest
	beforeAnswer
)

var errBroke = errors.New("the network broke")

func (c *brittle) Write(p []byte) (int, error) {
	if c.when.CompareAndSwap(beforeRequest, sound) {
		c.Close()
		return 0, errBroke
	}
	return c.Conn.Write(p)
}

// Read swallows the answer that says that COMMIT is done.
func (c *brittle) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.when.Load() == beforeAnswer {
		c.answer = append(c.answer, p[:n]...)
		if bytes.Contains(c.answer, []byte("COMMIT\x00")) {
			c.when.Store(sound)
			c.Close()
			return 0, errBroke
		}
	}
	return n, err
}

// TestBrokenConnection breaks the connection in COMMIT, before the server has got anything, which is a passing trouble, and after it
// has got all, when the outcome is unknown: the same batch again settles both.
func TestBrokenConnection(t *testing.T) {
	dsn := pgtest.Schema(t)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	var when atomic.Int32
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &brittle{Conn: conn, when: &when}, err
	}
	m := memberOf(t, "n", func() (*Store, error) { return open(t.Context(), config, Options{Groups: storetest.Groups}) })
	m.claim(t, 1)
	want := map[int32]store.Class{beforeRequest: store.Transient, beforeAnswer: store.Unknown}
	for i, at := range []int32{sound, beforeRequest, beforeAnswer, sound, beforeAnswer} {
		b := m.batch(store.Fence{Group: 1, Generation: 1}, aStep(int64(i+1), 1, 0))
		b.Send = []store.Message{{From: 1, To: 1, Number: int64(i + 1)}}
		when.Store(at)
		err := m.s.Commit(t.Context(), b)
		if at == sound && err != nil || at != sound && (err == nil || store.ClassOf(err) != want[at]) {
			t.Fatalf("batch %d, broken at %d: %v", b.Number, at, err)
		}
		landed := false
		err = m.s.Read(t.Context(), func(s store.Snapshot) error {
			return s.Rows(store.One(store.Step, int64(i+1)), func(*store.Row) error { landed = true; return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		if landed == (at == beforeRequest) {
			t.Errorf("batch %d, broken at %d: landed is %v", b.Number, at, landed)
		}
		if err := m.s.Commit(t.Context(), b); err != nil {
			t.Fatalf("batch %d again: %v", b.Number, err)
		}
		m.number = b.Number
	}
}

// TestServerEndsConnections has the server throw out all of the store's connections: each call recovers, at the second try.
func TestServerEndsConnections(t *testing.T) {
	dsn := pgtest.Schema(t)
	m := memberOf(t, "n", opener(t, dsn, Options{}))
	m.claim(t, 1)
	empty := func(store.Snapshot) error { return nil }
	if err := m.s.Read(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, dsn)
	var pids []int32
	for _, c := range []*pgx.Conn{m.s.conn, m.s.control.conn} {
		pids = append(pids, int32(c.PgConn().PID()))
	}
	reader := <-m.s.readers.free
	for reader == nil {
		m.s.readers.free <- reader
		reader = <-m.s.readers.free
	}
	m.s.readers.free <- reader
	exec(t, conn, "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", append(pids, int32(reader.PgConn().PID())))
	b := m.batch(store.Fence{Group: 1, Generation: 1}, aStep(1, 1, 0))
	// Whether the batch can still be sent is a matter of luck.
	if err := m.s.Commit(t.Context(), b); store.ClassOf(err) != store.Unknown && store.ClassOf(err) != store.Transient {
		t.Errorf("commit: %v", err)
	}
	if err := m.s.Commit(t.Context(), b); err != nil {
		t.Errorf("commit again: %v", err)
	}
	if _, err := m.s.LeaseIDs(t.Context(), 1); err == nil || store.ClassOf(err) != store.Transient {
		t.Errorf("lease: %v", err)
	}
	if _, err := m.s.LeaseIDs(t.Context(), 1); err != nil {
		t.Errorf("lease again: %v", err)
	}
	for range cap(m.s.readers.free) {
		if err := m.s.Read(t.Context(), empty); err != nil {
			t.Errorf("read: %v", err)
		}
	}
}

// TestUnreachable: clients get to see why the database cannot be reached, not who tried where.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for dsn, want := range map[string]string{
		"postgres://somebody:secret@" + addr + "/place":                                                     "store: commit: transient: the database cannot be reached: ",
		"postgres://somebody:secret@" + silent.Addr().String() + "/place?connect_timeout=1&sslmode=disable": "store: commit: transient: the database cannot be reached in time",
	} {
		_, err := pgx.Connect(t.Context(), dsn)
		if err == nil {
			t.Errorf("%s is there", dsn)
			continue
		}
		text := failed("commit", err, store.Unknown).Error()
		if !strings.HasPrefix(text, want) || strings.Contains(text, "somebody") || strings.Contains(text, "127.0.0.1") || strings.Contains(text, "place") {
			t.Errorf("%s\n  is   %s\n  want %s", dsn, text, want)
		}
	}
}
