// Package storetest holds every implementation of store.Store to the one contract. An implementation's test is a few
// lines: it says how to open, reopen and crash one of its databases, and calls Run.
//
// Above it is store; the tests of store, store/sqlite and store/postgres use it, and so may anything that wraps a store. The
// one thing to know before changing it: what the contract promises in a comment is tested here by name, and
// what two implementations might do differently is found by the random histories (see history.go), in which store.Memory
// is the reference.
package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
)

// Groups is the number of flow groups of the stores under test. Batches are fenced for few of them and for all.
const Groups = 10

// Bed is one database to be, empty at first.
type Bed interface {
	// Open opens the database with Groups flow groups. It is called again after Close.
	Open(t testing.TB) store.Store
	// Crash returns what a server finds that starts after s has ended without Close. Nobody uses s any more.
	Crash(t testing.TB, s store.Store) store.Store
}

// Run runs the whole suite. Each test makes a bed of its own.
func Run(t *testing.T, bed func(t testing.TB) Bed) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t, bed(t))) })
	}
	t.Run("Histories", func(t *testing.T) { histories(t, bed) })
}

var cases = []struct {
	name string
	run  func(*testing.T, *world)
}{
	{"Join", testJoin},
	{"JoinUnseats", testJoinUnseats},
	{"Claim", testClaim},
	{"ClaimFences", testClaimFences},
	{"ClaimNeedsASeat", testClaimNeedsASeat},
	{"FenceIsAllOrNothing", testFenceIsAllOrNothing},
	{"ManyFences", testManyFences},
	{"CommitIsIdempotent", testCommitIsIdempotent},
	{"CommitBehind", testCommitBehind},
	{"CommitRefuses", testCommitRefuses},
	{"EmptyBatch", testEmptyBatch},
	{"LeaseIDs", testLeaseIDs},
	{"Floor", testFloor},
	{"GroupState", testGroupState},
	{"Upsert", testUpsert},
	{"Move", testMove},
	{"Unique", testUnique},
	{"DeleteFirst", testDeleteFirst},
	{"Texts", testTexts},
	{"Numbers", testNumbers},
	{"BigDocument", testBigDocument},
	{"ManyRows", testManyRows},
	{"Messages", testMessages},
	{"Queries", testQueries},
	{"QueriesRefused", testQueriesRefused},
	{"WithoutDocs", testWithoutDocs},
	{"NestedReads", testNestedReads},
	{"CallbackErrors", testCallbackErrors},
	{"SnapshotIsolation", testSnapshotIsolation},
	{"ReadersBesideTheWriter", testReadersBesideTheWriter},
	{"Context", testContext},
	{"Maintain", testMaintain},
	{"Reopen", testReopen},
	{"Crash", testCrash},
	{"Closed", testClosed},
}

// world is a store with a seated node that owns every group.
type world struct {
	bed    Bed
	s      store.Store
	seat   store.Seat
	number int64
	owned  []store.Owned
}

func open(t testing.TB, bed Bed) *world {
	t.Helper()
	w := &world{bed: bed, s: bed.Open(t)}
	t.Cleanup(func() {
		if err := w.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if n := w.s.Groups(); n != Groups {
		t.Fatalf("%d groups, want %d", n, Groups)
	}
	w.join(t, "node-1")
	return w
}

// join seats the world's node and claims every group.
func (w *world) join(t testing.TB, node string) {
	t.Helper()
	var err error
	if w.seat, err = w.s.Join(t.Context(), node, 0); err != nil {
		t.Fatal(err)
	}
	if w.owned, err = w.s.Claim(t.Context(), w.seat, all()); err != nil {
		t.Fatal(err)
	}
	w.number = 0
}

// all returns every group.
func all() []store.Group {
	groups := make([]store.Group, Groups)
	for i := range groups {
		groups[i] = store.Group(i)
	}
	return groups
}

// batch returns the world's next batch, fenced for all groups.
func (w *world) batch(rows ...store.Row) *store.Batch {
	b := &store.Batch{Seat: w.seat, Number: w.number + 1, Rows: rows}
	for _, o := range w.owned {
		b.Fences = append(b.Fences, store.Fence{Group: o.Group, Generation: o.Generation})
	}
	return b
}

// commit commits a batch that must land.
func (w *world) commit(t testing.TB, b *store.Batch) {
	t.Helper()
	if err := w.s.Commit(t.Context(), b); err != nil {
		t.Fatalf("batch %d: %v", b.Number, err)
	}
	w.number = b.Number
}

// fails commits a batch that must fail with a class.
func (w *world) fails(t testing.TB, b *store.Batch, class store.Class) {
	t.Helper()
	wantClass(t, w.s.Commit(t.Context(), b), class)
}

func wantClass(t testing.TB, err error, class store.Class) {
	t.Helper()
	if err == nil || store.ClassOf(err) != class {
		t.Errorf("error %v, want class %v", err, class)
	}
}

// rows returns what a query selects.
func (w *world) rows(t testing.TB, q store.Query) (rows []store.Row) {
	t.Helper()
	err := w.s.Read(t.Context(), func(s store.Snapshot) (err error) {
		rows, err = store.Collect(s, q)
		return err
	})
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return rows
}

// messages returns the messages to a group.
func (w *world) messages(t testing.TB, to store.Group) (all []store.Message) {
	t.Helper()
	err := w.s.Read(t.Context(), func(s store.Snapshot) error {
		return s.Messages(to, func(m *store.Message) error {
			c := *m
			c.Body = append([]byte(nil), m.Body...)
			all = append(all, c)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Dump writes down everything that a store holds, so that two stores can be compared.
func Dump(t testing.TB, s store.Store) string {
	t.Helper()
	var out strings.Builder
	err := s.Read(t.Context(), func(s store.Snapshot) error {
		for _, table := range store.Tables() {
			err := s.Rows(store.Query{Table: table, By: store.ByTable}, func(r *store.Row) error {
				out.WriteString(Line(r))
				return nil
			})
			if err != nil {
				return err
			}
		}
		for g := store.Group(0); g < Groups; g++ {
			o, err := s.Owner(g)
			if err != nil {
				return err
			}
			fmt.Fprintf(&out, "group %d generation %d floor %d state %q\n", o.Group, o.Generation, o.Floor, o.State)
			err = s.Messages(g, func(m *store.Message) error {
				fmt.Fprintf(&out, "%s sent %d body %q\n", m, m.Sent, m.Body)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Line writes a row down.
func Line(r *store.Row) string {
	return fmt.Sprintf("%s %d group %d place (%d, %d, %d, %q) state %d open %t due %d doc %q\n",
		r.Table, r.ID, r.Group, r.Parent, r.A, r.B, r.Key, r.State, r.Open, r.Due, r.Doc)
}

// Lines writes rows down.
func Lines(rows []store.Row) string {
	var out strings.Builder
	for i := range rows {
		out.WriteString(Line(&rows[i]))
	}
	return out.String()
}
