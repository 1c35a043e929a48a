package postgres

import (
	"context"
	"errors"
	"fmt"
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
	if m.seat, err = s.Join(t.Context(), name, 0); err != nil {
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

// patiently calls f until its error is not Transient, and sends that: on a busy machine a call may run out of patience before
// anybody has seen it wait.
func patiently(f func() error) <-chan error {
	result := make(chan error, 1)
	go func() {
		err := f()
		for store.ClassOf(err) == store.Transient {
			err = f()
		}
		result <- err
	}()
	return result
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
	result := patiently(func() error {
		return m.s.Commit(context.Background(), m.batch(store.Fence{Group: 1, Generation: 1}, aStep(1, 1, 0)))
	})
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
	result := patiently(func() error {
		_, err := m.s.Claim(context.Background(), m.seat, []store.Group{1})
		return err
	})
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
	for tries := 0; err != nil && tries < 20; tries++ {
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
