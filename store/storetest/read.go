package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/segue-run/segue/store"
)

func testMessages(t *testing.T, w *world) {
	b := w.batch()
	for _, m := range []store.Message{
		{From: 3, To: 2, Number: 1, Sent: 10, Body: []byte("three one")},
		{From: 1, To: 2, Number: 2, Sent: 11, Body: []byte("\x00\xff\xfe")},
		{From: 1, To: 2, Number: 10, Sent: 12},
		{From: 1, To: 2, Number: 9, Sent: -5, Body: []byte("nine")},
		{From: 1, To: 3, Number: 1, Sent: 14, Body: []byte("other")},
		{From: 2, To: 2, Number: 1, Sent: 15, Body: []byte("self")},
	} {
		b.Send = append(b.Send, m)
	}
	w.commit(t, b)
	want := "message 2 from group 1 to group 2 sent 11 \"\\x00\\xff\\xfe\"\n" +
		"message 9 from group 1 to group 2 sent -5 \"nine\"\n" +
		"message 10 from group 1 to group 2 sent 12 \"\"\n" +
		"message 1 from group 2 to group 2 sent 15 \"self\"\n" +
		"message 1 from group 3 to group 2 sent 10 \"three one\"\n"
	got := ""
	for _, m := range w.messages(t, 2) {
		got += fmt.Sprintf("%s sent %d %q\n", &m, m.Sent, m.Body)
	}
	if got != want {
		t.Errorf("messages to 2:\n%swant\n%s", got, want)
	}
	again := w.batch()
	again.Send = b.Send[:1]
	w.fails(t, again, store.Refused)

	b = w.batch()
	b.Consumed = []store.Message{{From: 1, To: 2, Number: 9}, {From: 3, To: 2, Number: 1}, {From: 5, To: 2, Number: 44}}
	b.Send = []store.Message{{From: 3, To: 2, Number: 2}}
	w.commit(t, b)
	var left []string
	for _, m := range w.messages(t, 2) {
		left = append(left, fmt.Sprint(m.From, "/", m.Number))
	}
	if fmt.Sprint(left) != "[1/2 1/10 2/1 3/2]" {
		t.Errorf("left: %v", left)
	}
}

// before reports whether a query puts a before b.
func before(q *store.Query, a, b *store.Row) bool {
	key := func(r *store.Row) [3]int64 {
		if q.By == store.ByParent {
			return [3]int64{r.A, r.B, r.ID}
		}
		return [3]int64{r.ID}
	}
	x, y := key(a), key(b)
	if q.Desc {
		x, y = y, x
	}
	return slices.Compare(x[:], y[:]) < 0
}

// selects reports whether a query without Limit selects a row: the contract once more, in the plainest words.
func selects(q *store.Query, r *store.Row) bool {
	if r.Table != q.Table {
		return false
	}
	switch q.By {
	case store.ByID:
		return r.ID == q.ID
	case store.ByParent:
		return r.Parent == q.Parent && r.A >= q.FromA && r.A <= q.ToA
	case store.ByKey:
		return r.Parent == q.Parent && r.Key == q.Key && q.Key != ""
	case store.ByOpen:
		return r.Group == q.Group && r.Open
	case store.ByGroup:
		return r.Group == q.Group && r.ID > q.After
	case store.ByTable:
		return q.After == 0 || (r.ID > q.After && !q.Desc) || (r.ID < q.After && q.Desc)
	}
	return false
}

// answer is what a query must give, worked out from all rows.
func answer(q *store.Query, all []store.Row) []store.Row {
	var rows []store.Row
	for _, r := range all {
		if selects(q, &r) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b store.Row) int {
		if before(q, &a, &b) {
			return -1
		}
		return 1
	})
	if q.Limit > 0 && len(rows) > q.Limit {
		rows = rows[:q.Limit]
	}
	return rows
}

func testQueries(t *testing.T, w *world) {
	var all []store.Row
	for _, table := range store.Tables() {
		for i := range int64(40) {
			r := full(table, 100-i*2)
			r.Group, r.Open = store.Group(i%3), i%4 < 2
			if table != store.Workflow {
				r.Parent = i % 3
			}
			if table == store.Step || table == store.Detail {
				r.A, r.B = i%5-2, i%2
			}
			all = append(all, r)
		}
	}
	w.commit(t, w.batch(all...))
	for _, table := range store.Tables() {
		var queries []store.Query
		for _, n := range []int64{-1, 0, 1, 2, 3, 22, 24, 50, 100, 101} {
			queries = append(queries, store.One(table, n), store.Under(table, n), store.Between(table, n%3, -1, n), store.Between(table, 1, 1, 0),
				store.Under(table, n).Last(3), store.Between(table, n, 30, 60).Last(0),
				store.OpenIn(table, store.Group(n)), store.AllIn(table, store.Group(n)),
				store.Query{Table: table, By: store.ByGroup, Group: 1, After: n, Limit: 4},
				store.Query{Table: table, By: store.ByTable, After: n, Limit: 5},
				store.Query{Table: table, By: store.ByTable, After: n}.Last(5),
				store.Query{Table: table, By: store.ByTable, Desc: true, After: n},
				store.Named(table, n, full(table, n).Key), store.Named(table, 0, fmt.Sprintf("workflow-%d", n)), store.Named(table, 1, "request-24"))
		}
		for _, q := range queries {
			if q.Check() != nil {
				continue
			}
			got, want := Lines(w.rows(t, q)), Lines(answer(&q, all))
			if got != want {
				t.Errorf("%+v:\n%swant\n%s", q, got, want)
			}
		}
	}
}

func testQueriesRefused(t *testing.T, w *world) {
	w.commit(t, w.batch(full(store.Workflow, 1)))
	for _, q := range []store.Query{
		{}, {Table: store.Run}, {Table: 9, By: store.ByID}, store.Under(store.Workflow, 0), store.OpenIn(store.Workflow, 1), store.AllIn(store.Run, 1),
		store.Named(store.Step, 1, "x"), store.OpenIn(store.Run, 1).Last(1), store.Under(store.Run, 1).Last(-1), {Table: store.Run, By: 99},
	} {
		err := w.s.Read(t.Context(), func(s store.Snapshot) error {
			return s.Rows(q, func(*store.Row) error { t.Errorf("%+v gave a row", q); return nil })
		})
		wantClass(t, err, store.Refused)
	}
}

func testWithoutDocs(t *testing.T, w *world) {
	for _, table := range store.Tables() {
		want := full(table, 5)
		w.commit(t, w.batch(want))
		want.Doc = nil
		q := store.One(table, 5)
		q.WithoutDocs = true
		err := w.s.Read(t.Context(), func(s store.Snapshot) error {
			return s.Rows(q, func(r *store.Row) error {
				if r.Doc != nil {
					t.Errorf("%s: a document came along: %q", table, r.Doc)
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := Lines(w.rows(t, q)); got != Line(&want) {
			t.Errorf("%swant %s", got, Line(&want))
		}
	}
}

// testNestedReads asks within a callback, even the same question; the outer row stays good.
func testNestedReads(t *testing.T, w *world) {
	w.commit(t, w.batch(full(store.Step, 1), full(store.Step, 2), full(store.Step, 3)))
	b := w.batch()
	b.Send = []store.Message{{From: 1, To: 1, Number: 1, Body: []byte("one")}, {From: 1, To: 1, Number: 2, Body: []byte("two")}}
	w.commit(t, b)
	q := store.Under(store.Step, 1000)
	seen := ""
	err := w.s.Read(t.Context(), func(s store.Snapshot) error {
		return s.Rows(q, func(outer *store.Row) error {
			err := s.Rows(q, func(r *store.Row) error {
				seen += fmt.Sprintf(" %d", r.ID)
				return s.Rows(q, func(*store.Row) error { return nil })
			})
			if err != nil {
				return err
			}
			if err := s.Messages(1, func(m *store.Message) error { seen += fmt.Sprintf(" %s", m.Body); return nil }); err != nil {
				return err
			}
			if _, err := s.Owner(1); err != nil {
				return err
			}
			seen += fmt.Sprintf(" [%d %s]", outer.ID, outer.Doc)
			return nil
		})
	})
	want := ` 1 2 3 one two [1 {"id":1}] 1 2 3 one two [2 {"id":2}] 1 2 3 one two [3 {"id":3}]`
	if err != nil || seen != want {
		t.Errorf("saw %q, want %q; %v", seen, want, err)
	}
}

func testCallbackErrors(t *testing.T, w *world) {
	b := w.batch(full(store.Step, 1), full(store.Step, 2))
	b.Send = []store.Message{{From: 1, To: 1, Number: 1}, {From: 1, To: 1, Number: 2}}
	w.commit(t, b)
	stop := errors.New("stop")
	calls := 0
	for range 3 {
		err := w.s.Read(t.Context(), func(s store.Snapshot) error {
			err := s.Rows(store.Under(store.Step, 1000), func(*store.Row) error { calls++; return stop })
			if err != stop {
				t.Errorf("Rows: %v", err)
			}
			if err := s.Messages(1, func(*store.Message) error { calls++; return stop }); err != stop {
				t.Errorf("Messages: %v", err)
			}
			return stop
		})
		if err != stop {
			t.Errorf("Read: %v", err)
		}
	}
	if calls != 6 {
		t.Errorf("%d calls, want 6: an error ends the iteration", calls)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_ = w.s.Read(t.Context(), func(s store.Snapshot) error {
			return s.Rows(store.Under(store.Step, 1000), func(*store.Row) error { panic("in a callback") })
		})
	}()
	w.commit(t, w.batch(full(store.Step, 3)))
	if rows := w.rows(t, store.Under(store.Step, 1000)); len(rows) != 3 {
		t.Errorf("after the panic: %s", Lines(rows))
	}
}

func testSnapshotIsolation(t *testing.T, w *world) {
	w.commit(t, w.batch(aRun(1)))
	q := store.Under(store.Run, 1)
	err := w.s.Read(t.Context(), func(s store.Snapshot) error {
		before, err := store.Collect(s, q)
		if err != nil {
			return err
		}
		w.commit(t, w.batch(aRun(2), store.Row{Table: store.Run, ID: 1, Delete: true}))
		after, err := store.Collect(s, q)
		if err != nil {
			return err
		}
		if Lines(before) != Lines(after) || len(before) != 1 {
			t.Errorf("one read saw two states:\n%sthen\n%s", Lines(before), Lines(after))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows := w.rows(t, q); len(rows) != 1 || rows[0].ID != 2 {
		t.Errorf("a later read: %s", Lines(rows))
	}
}

// testReadersBesideTheWriter: each batch moves ten rows on together, so a reader that sees two values has seen half a batch; and
// a read never sees less than what had been acknowledged before it began.
func testReadersBesideTheWriter(t *testing.T, w *world) {
	const rows, batches, readers = 10, 60, 3
	var mu sync.Mutex
	acknowledged, done := int64(0), false
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for {
				mu.Lock()
				least, stop := acknowledged, done
				mu.Unlock()
				var seen []int64
				err := w.s.Read(t.Context(), func(s store.Snapshot) error {
					return s.Rows(store.Under(store.Step, 1000), func(r *store.Row) error { seen = append(seen, r.Due); return nil })
				})
				if err != nil {
					t.Errorf("read: %v", err)
					return
				}
				if least > 0 && (len(seen) != rows || slices.Min(seen) != slices.Max(seen) || seen[0] < least) {
					t.Errorf("read %v after batch %d had been acknowledged", seen, least)
					return
				}
				if stop {
					return
				}
			}
		})
	}
	for n := int64(1); n <= batches; n++ {
		b := w.batch()
		for i := int64(1); i <= rows; i++ {
			r := full(store.Step, i)
			r.Due = n
			b.Rows = append(b.Rows, r)
		}
		if err := w.s.Commit(t.Context(), b); err != nil {
			t.Errorf("commit %d: %v", n, err)
			break
		}
		w.number = n
		mu.Lock()
		acknowledged = n
		mu.Unlock()
		if _, err := w.s.LeaseIDs(t.Context(), 1); err != nil {
			t.Errorf("lease: %v", err)
		}
	}
	mu.Lock()
	done = true
	mu.Unlock()
	all.Wait()
}
