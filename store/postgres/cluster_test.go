package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres/pgtest"
	"github.com/segue-run/segue/store/storetest"
)

// member is a node of a cluster with a store of its own.
type member struct {
	s      *Store
	seat   store.Seat
	number int64
}

func (m *member) batch(fence store.Fence, rows ...store.Row) *store.Batch {
	return &store.Batch{Seat: m.seat, Number: m.number + 1, Fences: []store.Fence{fence}, Rows: rows}
}

func memberOf(t testing.TB, name string, open func() (*Store, error)) *member {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m := &member{s: s}
	if m.seat, err = s.Join(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	return m
}

func opener(t testing.TB, dsn string, o Options) func() (*Store, error) {
	o.Groups = storetest.Groups
	return func() (*Store, error) { return Open(t.Context(), dsn, o) }
}

func (m *member) claim(t testing.TB, groups ...store.Group) []store.Owned {
	t.Helper()
	owned, err := m.s.Claim(t.Context(), m.seat, groups)
	if err != nil {
		t.Fatal(err)
	}
	return owned
}

func aStep(id int64, g store.Group, due int64) store.Row {
	return store.Row{Table: store.Step, ID: id, Group: g, Parent: 1, Due: due, Doc: []byte("{}")}
}

// connect opens a connection beside the store.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, text string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// blocked returns when a backend waits for one that conn has locked.
func blocked(t testing.TB, dsn string, conn *pgx.Conn) {
	t.Helper()
	watch := connect(t, dsn)
	for n := 0; n == 0; {
		err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))", int32(conn.PgConn().PID())).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCommitWaitsForClaim: a commit that meets a claim under way waits for it, and is fenced.
func TestCommitWaitsForClaim(t *testing.T) {
	dsn := pgtest.Schema(t)
	m := memberOf(t, "n", opener(t, dsn, Options{}))
	m.claim(t, 1, 2)
	claimer := connect(t, dsn)
	exec(t, claimer, "BEGIN")
	exec(t, claimer, lockGroups, []int32{1})
	exec(t, claimer, claimGroups, []int32{1}, "other")
	result := make(chan error)
	go func() {
		result <- m.s.Commit(context.Background(), m.batch(store.Fence{Group: 1, Generation: 1}, aStep(1, 1, 0)))
	}()
	blocked(t, dsn, claimer)
	exec(t, claimer, "COMMIT")
	if err := <-result; store.ClassOf(err) != store.Fenced || err == nil {
		t.Errorf("commit after the claim: %v", err)
	}
	b := m.batch(store.Fence{Group: 2, Generation: 1}, aStep(2, 2, 0))
	if err := m.s.Commit(t.Context(), b); err != nil {
		t.Errorf("commit in another group: %v", err)
	}
}

// TestClaimWaitsForCommit: a claim waits for the commit that holds its group; and if that does not end, gives up.
func TestClaimWaitsForCommit(t *testing.T) {
	dsn := pgtest.Schema(t)
	m := memberOf(t, "n", opener(t, dsn, Options{Lease: 500 * time.Millisecond}))
	m.claim(t, 1)
	committer := connect(t, dsn)
	exec(t, committer, "BEGIN")
	exec(t, committer, checkFences, []int32{1}, []int64{1})
	if _, err := m.s.Claim(t.Context(), m.seat, []store.Group{1}); err == nil || store.ClassOf(err) != store.Transient {
		t.Errorf("claim of a group whose commit does not end: %v", err)
	}
	// Nor does anything else get past it that would change the generation, locks or no locks.
	operator := connect(t, pgtest.With(dsn, "lock_timeout", "50"))
	_, err := operator.Exec(t.Context(), "UPDATE flow_group SET generation = generation + 1 WHERE id = 1")
	if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != "55P03" {
		t.Errorf("a plain update of the generation beside a commit: %v", err)
	}
	result := make(chan error)
	go func() {
		_, err := m.s.Claim(context.Background(), m.seat, []store.Group{1})
		result <- err
	}()
	blocked(t, dsn, committer)
	exec(t, committer, "COMMIT")
	if err := <-result; err != nil {
		t.Errorf("claim after the commit: %v", err)
	}
}

// TestFrozenNode: a node that stops in mid-commit, with the locks taken, does not keep its groups from being claimed.
func TestFrozenNode(t *testing.T) {
	dsn := pgtest.Schema(t)
	o := Options{Lease: time.Second}
	frozen := memberOf(t, "frozen", opener(t, dsn, o))
	frozen.claim(t, 1)
	exec(t, frozen.s.conn, "BEGIN")
	exec(t, frozen.s.conn, checkFences, []int32{1}, []int64{1})
	exec(t, frozen.s.conn, advance, "frozen", int64(1), int64(1), int64(0))

	heir := memberOf(t, "heir", opener(t, dsn, o))
	began := time.Now()
	var owned []store.Owned
	err := errors.New("not tried")
	for tries := 0; err != nil && tries < 3; tries++ {
		if owned, err = heir.s.Claim(t.Context(), heir.seat, []store.Group{1}); err != nil && store.ClassOf(err) != store.Transient {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatalf("the locks of a frozen node have not been released after %v: %v", time.Since(began), err)
	}
	b := heir.batch(store.Fence{Group: 1, Generation: owned[0].Generation}, aStep(1, 1, 0))
	if err := heir.s.Commit(t.Context(), b); err != nil {
		t.Error(err)
	}
	// It thaws, and finds its connection gone and its group taken.
	late := frozen.batch(store.Fence{Group: 1, Generation: 1}, aStep(2, 1, 0))
	err = frozen.s.Commit(t.Context(), late)
	for store.ClassOf(err) == store.Unknown || store.ClassOf(err) == store.Transient {
		err = frozen.s.Commit(t.Context(), late)
	}
	if store.ClassOf(err) != store.Fenced {
		t.Errorf("the frozen node after its thaw: %v", err)
	}
}

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

// TestTwoNodes has two nodes take the groups from each other while they count in them: in the end each counter stands at the
// number of commits that were acknowledged.
func TestTwoNodes(t *testing.T) {
	dsn := pgtest.Schema(t)
	var acknowledged [storetest.Groups]atomic.Int64
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	var all sync.WaitGroup
	var fenced atomic.Int64
	for n := range 2 {
		m := memberOf(t, fmt.Sprint("node-", n), opener(t, dsn, Options{}))
		all.Go(func() {
			for i := range rounds {
				g := store.Group((i*7 + n) % storetest.Groups)
				owned, err := m.s.Claim(context.Background(), m.seat, []store.Group{g, (g + 3) % storetest.Groups})
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				for _, o := range owned {
					if err := m.count(o, &acknowledged[o.Group]); store.ClassOf(err) == store.Fenced {
						fenced.Add(1)
					} else if err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	m := memberOf(t, "checker", opener(t, dsn, Options{}))
	err := m.s.Read(t.Context(), func(s store.Snapshot) error {
		return s.Rows(store.Query{Table: store.Step, By: store.ByTable}, func(r *store.Row) error {
			if want := acknowledged[r.Group].Load(); r.Due != want {
				t.Errorf("group %d stands at %d, %d were acknowledged", r.Group, r.Due, want)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d batches fenced", fenced.Load())
}

// count loads the counter of a group and counts on, three times, until fenced.
func (m *member) count(o store.Owned, acknowledged *atomic.Int64) error {
	at, id := int64(0), int64(o.Group)+1
	err := m.s.Read(context.Background(), func(s store.Snapshot) error {
		return s.Rows(store.One(store.Step, id), func(r *store.Row) error { at = r.Due; return nil })
	})
	for range 3 {
		if err != nil {
			return err
		}
		at++
		if err = m.s.Commit(context.Background(), m.batch(store.Fence{Group: o.Group, Generation: o.Generation}, aStep(id, o.Group, at))); err == nil {
			m.number++
			acknowledged.Add(1)
		}
	}
	return err
}

func TestAlwaysSynchronous(t *testing.T) {
	dsn := pgtest.Schema(t)
	for set, want := range map[string]string{"off": "on", "local": "local", "on": "on", "remote_apply": "remote_apply"} {
		m := memberOf(t, "n", opener(t, pgtest.With(dsn, "synchronous_commit", set), Options{}))
		var got string
		if err := m.s.conn.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != want {
			t.Errorf("%s becomes %q, %v; want %s", set, got, err, want)
		}
		for name, want := range map[string]string{"statement_timeout": "4s", "lock_timeout": "4s", "idle_in_transaction_session_timeout": "4s"} {
			if err := m.s.conn.QueryRow(t.Context(), "SHOW "+name).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q, %v; want %s", name, got, err, want)
			}
		}
	}
}

// TestPlans: each page of each query is served by one index, in order, when the tables are large enough to make it worth while.
func TestPlans(t *testing.T) {
	m := memberOf(t, "n", opener(t, pgtest.Schema(t), Options{}))
	exec(t, m.s.conn, "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false), set_config('enable_sort', 'off', false)")
	want := map[store.By]string{store.ByID: "_pkey", store.ByTable: "_pkey", store.ByParent: "_place", store.ByOpen: "_open", store.ByGroup: "_grp"}
	for _, table := range store.Tables() {
		for by := store.ByID; by <= store.ByTable; by++ {
			for _, desc := range []bool{false, true} {
				q := store.Query{Table: table, By: by, Desc: desc, Key: "x"}
				if q.Check() != nil {
					continue
				}
				index := want[by]
				if by == store.ByKey {
					index = map[store.Table]string{store.Workflow: "workflow_name", store.Run: "run_request"}[table]
				}
				p := page{q: q, layout: layoutOf(table), limit: 10}
				p.start()
				d := 0
				if desc {
					d = 1
				}
				rows, err := m.s.conn.Query(t.Context(), "EXPLAIN "+textsOf[table].queries[by][d][0], p.args()...)
				if err != nil {
					t.Fatal(err)
				}
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				plan := strings.Join(lines, "\n")
				// A unique index has the order but for the key, which PostgreSQL sorts by for form's sake.
				if err != nil || !strings.Contains(plan, index) || strings.Contains(strings.ReplaceAll(plan, "Incremental Sort", ""), "Sort  ") {
					t.Errorf("%+v: %v\n%s", q, err, plan)
				}
			}
		}
	}
}
