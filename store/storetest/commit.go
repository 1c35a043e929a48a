package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
)

// aRun returns a run in group 1.
func aRun(id int64) store.Row {
	return store.Row{Table: store.Run, ID: id, Group: 1, Parent: 1, A: id, B: 1, State: 1, Open: true, Doc: []byte(`{}`)}
}

func testJoin(t *testing.T, w *world) {
	for i := int64(1); i <= 3; i++ {
		seat, err := w.s.Join(t.Context(), "ночь ☾", 0)
		if err != nil {
			t.Fatal(err)
		}
		if seat != (store.Seat{Node: "ночь ☾", Incarnation: i}) {
			t.Errorf("seat %+v, want incarnation %d", seat, i)
		}
	}
	for _, c := range [][2]int64{{1000, 1003}, {7, 1010}, {-5, 1011}, {store.MaxStride, 1011 + store.MaxStride}} {
		seat, err := w.s.Join(t.Context(), "ночь ☾", c[0])
		if err != nil {
			t.Fatal(err)
		}
		if seat.Incarnation != c[1] {
			t.Errorf("a stride of %d gave incarnation %d, want %d", c[0], seat.Incarnation, c[1])
		}
	}
	if seat, err := w.s.Join(t.Context(), "never seen", store.MaxStride); err != nil || seat.Incarnation != store.MaxStride {
		t.Errorf("a new name with a stride: %+v, %v", seat, err)
	}
	for _, name := range []string{"", "a\x00b", "\xff", strings.Repeat("x", 256)} {
		_, err := w.s.Join(t.Context(), name, 0)
		wantClass(t, err, store.Refused)
	}
}

func testJoinUnseats(t *testing.T, w *world) {
	w.commit(t, w.batch(aRun(1)))
	old := *w
	if _, err := w.s.Join(t.Context(), w.seat.Node, 0); err != nil {
		t.Fatal(err)
	}
	old.fails(t, old.batch(aRun(2)), store.Behind)
	landed := old.batch(aRun(1))
	landed.Number = 1
	old.fails(t, landed, store.Behind)
	if rows := w.rows(t, store.Under(store.Run, 1)); len(rows) != 1 {
		t.Errorf("rows: %s", Lines(rows))
	}
	w.join(t, w.seat.Node)
	if w.seat.Incarnation != 3 {
		t.Errorf("incarnation %d, want 3", w.seat.Incarnation)
	}
	// The numbers of the new incarnation begin anew: its first batch is not the old first one.
	w.commit(t, w.batch(aRun(2)))
	if rows := w.rows(t, store.Under(store.Run, 1)); len(rows) != 2 {
		t.Errorf("rows: %s", Lines(rows))
	}
}

func testClaim(t *testing.T, w *world) {
	for i, o := range w.owned {
		if o.Group != store.Group(i) || o.Generation != 1 || len(o.State) != 0 || o.Floor != 0 {
			t.Errorf("first claim: %+v", o)
		}
	}
	b := w.batch()
	b.Time = 500
	b.Groups = []store.GroupState{{Group: 5, Doc: []byte("five")}}
	w.commit(t, b)
	owned, err := w.s.Claim(t.Context(), w.seat, []store.Group{5, 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(owned) != 2 || owned[0].Group != 5 || owned[0].Generation != 2 || string(owned[0].State) != "five" || owned[0].Floor != 500 ||
		owned[1].Group != 2 || owned[1].Generation != 2 || len(owned[1].State) != 0 {
		t.Errorf("second claim: %+v", owned)
	}
	if owned, err := w.s.Claim(t.Context(), w.seat, nil); err != nil || len(owned) != 0 {
		t.Errorf("claim of nothing: %v, %v", owned, err)
	}
	for _, groups := range [][]store.Group{{-1}, {Groups}, {3, 3}} {
		_, err := w.s.Claim(t.Context(), w.seat, groups)
		wantClass(t, err, store.Refused)
	}
	err = w.s.Read(t.Context(), func(s store.Snapshot) error {
		if o, err := s.Owner(5); err != nil || o.Generation != 2 || string(o.State) != "five" || o.Floor != 500 {
			t.Errorf("owner of 5: %+v, %v", o, err)
		}
		_, err := s.Owner(Groups)
		wantClass(t, err, store.Refused)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testClaimFences(t *testing.T, w *world) {
	other, err := w.s.Join(t.Context(), "node-2", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Claim(t.Context(), other, []store.Group{1}); err != nil {
		t.Fatal(err)
	}
	w.fails(t, w.batch(aRun(1)), store.Fenced)
	b := w.batch()
	b.Fences = []store.Fence{{Group: 2, Generation: 1}}
	w.commit(t, b)
	if rows := w.rows(t, store.OpenIn(store.Run, 1)); len(rows) != 0 {
		t.Errorf("a fenced batch has written %s", Lines(rows))
	}
}

func testClaimNeedsASeat(t *testing.T, w *world) {
	old := w.seat
	w.join(t, w.seat.Node)
	for _, seat := range []store.Seat{old, {Node: "nobody", Incarnation: 1}, {Node: w.seat.Node, Incarnation: 9}} {
		_, err := w.s.Claim(t.Context(), seat, []store.Group{1})
		wantClass(t, err, store.Behind)
	}
	w.commit(t, w.batch(aRun(1)))
}

func testFenceIsAllOrNothing(t *testing.T, w *world) {
	b := w.batch(aRun(1))
	b.Send = []store.Message{{From: 1, To: 2, Number: 1, Body: []byte("x")}}
	b.Groups = []store.GroupState{{Group: 1, Doc: []byte("x")}}
	b.Time = 9
	b.Fences[7].Generation = 0
	before := Dump(t, w.s)
	w.fails(t, b, store.Fenced)
	b.Fences[7].Generation = 2
	w.fails(t, b, store.Fenced)
	if after := Dump(t, w.s); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	b.Fences[7].Generation = 1
	w.commit(t, b)
}

// testManyFences has each number of fences, and the same fence twice, which is no error.
func testManyFences(t *testing.T, w *world) {
	for n := range Groups + 1 {
		b := w.batch()
		b.Fences = b.Fences[:n]
		w.commit(t, b)
		b = w.batch()
		b.Fences = append(b.Fences[:n], b.Fences[:n]...)
		w.commit(t, b)
		for i := range n {
			b := w.batch()
			b.Fences = b.Fences[:n]
			b.Fences[i].Generation++
			w.fails(t, b, store.Fenced)
		}
	}
}

func testCommitIsIdempotent(t *testing.T, w *world) {
	b := w.batch(aRun(1))
	b.Send = []store.Message{{From: 1, To: 2, Number: 1, Body: []byte("x")}}
	w.commit(t, b)
	before := Dump(t, w.s)
	for range 3 {
		w.commit(t, b)
	}
	// It stays true when the group has been claimed and the message consumed meanwhile.
	if _, err := w.s.Claim(t.Context(), w.seat, []store.Group{1}); err != nil {
		t.Fatal(err)
	}
	w.commit(t, b)
	if after := Dump(t, w.s); after != strings.Replace(before, "group 1 generation 1", "group 1 generation 2", 1) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	w.owned[1].Generation++
	b2 := w.batch()
	b2.Consumed = []store.Message{{From: 1, To: 2, Number: 1}}
	w.commit(t, b2)
	w.commit(t, b2)
	if all := w.messages(t, 2); len(all) != 0 {
		t.Errorf("messages: %v", all)
	}
}

func testCommitBehind(t *testing.T, w *world) {
	for range 3 {
		w.commit(t, w.batch())
	}
	for _, number := range []int64{1, 2, 5, 100} {
		b := w.batch(aRun(1))
		b.Number = number
		w.fails(t, b, store.Behind)
	}
	b := w.batch()
	b.Seat.Node = "never joined"
	w.fails(t, b, store.Behind)
	b = w.batch()
	b.Seat.Incarnation++
	w.fails(t, b, store.Behind)
	// A batch that is behind is behind even if it is fenced or impossible as well.
	w.commit(t, w.batch(aRun(1)))
	b = w.batch(aRun(2))
	b.Number = 1
	b.Fences[1].Generation = 7
	b.Rows[0].A = 1
	w.fails(t, b, store.Behind)
	if rows := w.rows(t, store.Under(store.Run, 1)); len(rows) != 1 {
		t.Errorf("rows: %s", Lines(rows))
	}
}

func testCommitRefuses(t *testing.T, w *world) {
	for name, spoil := range map[string]func(b *store.Batch){
		"number":   func(b *store.Batch) { b.Number = 0 },
		"unfenced": func(b *store.Batch) { b.Fences = b.Fences[2:] },
		"text":     func(b *store.Batch) { b.Rows[0].Doc = []byte("a\x00b") },
		"twice":    func(b *store.Batch) { b.Rows = append(b.Rows, b.Rows[0]) },
		"no id":    func(b *store.Batch) { b.Rows[0].ID = 0 },
		"column":   func(b *store.Batch) { b.Rows[0].Table = store.Workflow },
	} {
		b := w.batch(aRun(1))
		spoil(b)
		if err := w.s.Commit(t.Context(), b); err == nil || store.ClassOf(err) != store.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What a refused batch had done is gone, and its number is still free.
	b := w.batch(aRun(1), aRun(2))
	b.Rows[1].A = 1
	w.fails(t, b, store.Refused)
	if rows := w.rows(t, store.Under(store.Run, 1)); len(rows) != 0 {
		t.Errorf("rows: %s", Lines(rows))
	}
	w.commit(t, w.batch(aRun(1)))
}

func testEmptyBatch(t *testing.T, w *world) {
	b := &store.Batch{Seat: w.seat, Number: 1, Time: 77}
	w.commit(t, b)
	w.commit(t, b)
	w.commit(t, &store.Batch{Seat: w.seat, Number: 2})
	w.fails(t, b, store.Behind)
}

func testLeaseIDs(t *testing.T, w *world) {
	next := int64(1)
	for i, n := range []int64{1, 10, 1, 100_000} {
		first, err := w.s.LeaseIDs(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if first < next {
			t.Errorf("lease of %d begins at %d, which was given out before (next is %d)", n, first, next)
		}
		next = first + n
		if i == 2 {
			w.s = w.bed.Crash(t, w.s)
		}
	}
	for _, n := range []int64{0, -1, store.MaxLease + 1} {
		_, err := w.s.LeaseIDs(t.Context(), n)
		wantClass(t, err, store.Refused)
	}
}

func testFloor(t *testing.T, w *world) {
	for _, time := range []int64{100, 300, 200} {
		b := w.batch()
		b.Time = time
		w.commit(t, b)
	}
	w.join(t, "node-2")
	if floor := w.owned[0].Floor; floor != 300 {
		t.Errorf("floor %d, want 300", floor)
	}
	b := w.batch()
	b.Time = 250
	w.commit(t, b)
	w.s = w.bed.Crash(t, w.s)
	w.join(t, "node-1")
	if floor := w.owned[0].Floor; floor != 300 {
		t.Errorf("floor %d after a restart, want 300", floor)
	}
}

func testGroupState(t *testing.T, w *world) {
	for _, doc := range []string{"a", "\x00\xff not text", "", strings.Repeat("long ", 10_000)} {
		b := w.batch()
		b.Groups = []store.GroupState{{Group: 3, Doc: []byte(doc)}, {Group: 4, Doc: []byte("other")}}
		w.commit(t, b)
		w.commit(t, w.batch())
		err := w.s.Read(t.Context(), func(s store.Snapshot) error {
			if o, err := s.Owner(3); err != nil || string(o.State) != doc {
				t.Errorf("state %.20q, %v, want %.20q", o.State, err, doc)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func testContext(t *testing.T, w *world) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantClass(t, w.s.Commit(ctx, w.batch(aRun(1))), store.Transient)
	_, err := w.s.Join(ctx, "node-2", 0)
	wantClass(t, err, store.Transient)
	_, err = w.s.Claim(ctx, w.seat, []store.Group{1})
	wantClass(t, err, store.Transient)
	_, err = w.s.LeaseIDs(ctx, 1)
	wantClass(t, err, store.Transient)
	wantClass(t, w.s.Read(ctx, func(store.Snapshot) error { t.Error("the read ran"); return nil }), store.Transient)
	w.commit(t, w.batch(aRun(1)))
}
