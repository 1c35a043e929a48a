package storetest

import (
	"testing"

	"github.com/segue-run/segue/store"
)

func testMaintain(t *testing.T, w *world) {
	for i := int64(1); i <= 20; i++ {
		w.commit(t, w.batch(full(store.Step, i)))
	}
	before := Dump(t, w.s)
	for range 3 {
		if err := w.s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := Dump(t, w.s); after != before {
		t.Errorf("maintenance has changed something:\n%sthen\n%s", before, after)
	}
}

// everything commits one batch with something of every kind in it.
func (w *world) everything(t *testing.T) {
	b := w.batch()
	for _, table := range store.Tables() {
		b.Rows = append(b.Rows, full(table, 1), full(table, 2))
	}
	b.Send = []store.Message{{From: 1, To: 2, Number: 1, Sent: 5, Body: []byte("hello")}}
	b.Groups = []store.GroupState{{Group: 1, Doc: []byte("one")}}
	b.Time = 1000
	w.commit(t, b)
}

func testReopen(t *testing.T, w *world) {
	w.everything(t)
	before := Dump(t, w.s)
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}
	w.s = w.bed.Open(t)
	if after := Dump(t, w.s); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	// The seat is still that of this process: nobody has joined since.
	w.commit(t, w.batch(full(store.Step, 9)))
	w.join(t, w.seat.Node)
	if w.seat.Incarnation != 2 || w.owned[1].Generation != 2 || string(w.owned[1].State) != "one" {
		t.Errorf("seat %+v, group 1 %+v", w.seat, w.owned[1])
	}
}

func testCrash(t *testing.T, w *world) {
	for range 3 {
		w.everything(t)
		before := Dump(t, w.s)
		last := w.batch()
		w.s = w.bed.Crash(t, w.s)
		if after := Dump(t, w.s); after != before {
			t.Fatalf("before\n%s\nafter\n%s", before, after)
		}
		// The batch whose answer the crash has swallowed may be repeated.
		last.Number--
		w.commit(t, last)
		w.commit(t, w.batch(store.Row{Table: store.Run, ID: 1, Delete: true}))
		b := w.batch()
		b.Consumed = []store.Message{{From: 1, To: 2, Number: 1}}
		w.commit(t, b)
	}
}

func testClosed(t *testing.T, w *world) {
	s := w.s
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantClass(t, s.Commit(t.Context(), w.batch()), store.Transient)
	wantClass(t, s.Read(t.Context(), func(store.Snapshot) error { return nil }), store.Transient)
	wantClass(t, s.Maintain(t.Context()), store.Transient)
	_, err := s.Join(t.Context(), "x", 0)
	wantClass(t, err, store.Transient)
	if err := s.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}
