package storetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
)

// full returns a row that uses every column of its table.
func full(table store.Table, id int64) store.Row {
	r := store.Row{Table: table, ID: id, Group: 3, State: 4, Open: true, Due: 1234567890123, Doc: fmt.Appendf(nil, `{"id":%d}`, id)}
	if table != store.Workflow {
		r.Parent = 1000
	}
	switch table {
	case store.Version:
		r.A = id
	case store.Run:
		r.A, r.B, r.Key = id, 2, fmt.Sprintf("request-%d", id)
	case store.Step, store.Detail:
		r.A, r.B = id, 2
	case store.Workflow:
		r.Key = fmt.Sprintf("workflow-%d", id)
	}
	return r
}

func (w *world) wantRow(t *testing.T, want store.Row) {
	t.Helper()
	got := Lines(w.rows(t, store.One(want.Table, want.ID)))
	if got != Line(&want) {
		t.Errorf("stored %swant   %s", got, Line(&want))
	}
	// Every index that has groups knows it in its group and in no other.
	for g := store.Group(0); g < Groups; g++ {
		for _, q := range []store.Query{store.OpenIn(want.Table, g), store.AllIn(want.Table, g)} {
			if q.Check() != nil {
				continue
			}
			rows := slices.DeleteFunc(w.rows(t, q), func(r store.Row) bool { return r.ID != want.ID })
			if got, want := Lines(rows), Lines(answer(&q, []store.Row{want})); got != want {
				t.Errorf("%+v:\n%swant\n%s", q, got, want)
			}
		}
	}
}

func testUpsert(t *testing.T, w *world) {
	for _, table := range store.Tables() {
		r := full(table, 7)
		w.commit(t, w.batch(r))
		w.wantRow(t, r)
		r.State, r.Open, r.Due, r.Doc = 5, false, 0, []byte("new")
		w.commit(t, w.batch(r))
		w.wantRow(t, r)
		r.Open = true
		w.commit(t, w.batch(r))
		w.wantRow(t, r)
		w.commit(t, w.batch(store.Row{Table: table, ID: 7, Delete: true}, store.Row{Table: table, ID: 8, Delete: true}))
		if rows := w.rows(t, store.One(table, 7)); len(rows) != 0 {
			t.Errorf("deleted: %s", Lines(rows))
		}
	}
}

// testMove changes the columns that seldom change: an upsert sets all of them.
func testMove(t *testing.T, w *world) {
	for _, table := range store.Tables() {
		r := full(table, 7)
		w.commit(t, w.batch(r))
		r.Group = 5
		w.commit(t, w.batch(r))
		w.wantRow(t, r)
		if table != store.Workflow {
			r.Parent = 2000
			w.commit(t, w.batch(r))
			w.wantRow(t, r)
			if rows := w.rows(t, store.Under(table, 1000)); len(rows) != 0 {
				t.Errorf("still at the old place: %s", Lines(rows))
			}
			if rows := w.rows(t, store.Under(table, 2000)); len(rows) != 1 {
				t.Errorf("not at the new place")
			}
		}
		if r.B != 0 {
			r.A, r.B = 70, 20
			w.commit(t, w.batch(r))
			w.wantRow(t, r)
		}
		if r.Key != "" {
			for _, key := range []string{"other", "", "again"} {
				r.Key = key
				w.commit(t, w.batch(r))
				w.wantRow(t, r)
				if n := len(w.rows(t, store.Named(table, r.Parent, key))); key != "" && n != 1 {
					t.Errorf("%s by key %q: %d rows", table, key, n)
				}
			}
		}
	}
}

func testUnique(t *testing.T, w *world) {
	base := []store.Row{full(store.Workflow, 1), full(store.Version, 1), full(store.Run, 1), full(store.Run, 3), full(store.Step, 1), full(store.Detail, 1)}
	w.commit(t, w.batch(base...))
	before := Dump(t, w.s)
	change := func(table store.Table, id int64, f func(*store.Row)) store.Row {
		r := full(table, id)
		f(&r)
		return r
	}
	for name, r := range map[string]store.Row{
		"workflow name":  change(store.Workflow, 2, func(r *store.Row) { r.Key = "workflow-1" }),
		"version":        change(store.Version, 2, func(r *store.Row) { r.A = 1 }),
		"run":            change(store.Run, 2, func(r *store.Row) { r.A = 1 }),
		"request":        change(store.Run, 2, func(r *store.Row) { r.Key = "request-1" }),
		"moved onto":     change(store.Run, 3, func(r *store.Row) { r.A = 1 }),
		"request onto":   change(store.Run, 3, func(r *store.Row) { r.Key = "request-1" }),
		"key, no doc":    change(store.Run, 3, func(r *store.Row) { r.Key, r.Doc = "request-1", nil }),
		"new and closed": change(store.Run, 2, func(r *store.Row) { r.A, r.Open = 3, false }),
	} {
		if err := w.s.Commit(t.Context(), w.batch(r)); err == nil || store.ClassOf(err) != store.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := Dump(t, w.s); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	w.commit(t, w.batch(
		change(store.Step, 2, func(r *store.Row) { r.A = 1 }),
		change(store.Detail, 2, func(r *store.Row) { r.A = 1 }),
		change(store.Run, 4, func(r *store.Row) { r.Key, r.Parent = "request-1", 1001 }),
		change(store.Run, 5, func(r *store.Row) { r.Key = "" }),
		change(store.Run, 6, func(r *store.Row) { r.Key = "" }),
		change(store.Version, 2, func(r *store.Row) { r.A, r.Parent = 1, 1001 }),
		change(store.Workflow, 2, func(r *store.Row) { r.Key = "Workflow-1" }),
	))
}

// testDeleteFirst: a batch may give a deleted row's place to another row, wherever in the batch the delete stands.
func testDeleteFirst(t *testing.T, w *world) {
	w.commit(t, w.batch(full(store.Run, 1)))
	heir := full(store.Run, 1)
	heir.ID = 2
	w.commit(t, w.batch(heir, store.Row{Table: store.Run, ID: 1, Delete: true}))
	w.wantRow(t, heir)
	if rows := w.rows(t, store.One(store.Run, 1)); len(rows) != 0 {
		t.Errorf("deleted: %s", Lines(rows))
	}
}

func testTexts(t *testing.T, w *world) {
	texts := []string{
		"plain", "with 'quotes', \"double\" and \\backslash", "tab\tnewline\nreturn\r", "ünïcödé 漢字 🎼", "\u202eright to left",
		"\ufeffbyte order mark", "e\u0301 and é", "\x01\x1f\x7f control", "ends in a space ", "?1 $1 :a %s", "{}", "NULL", "\U0010ffff", "1e5", "007", "0x10",
		strings.Repeat("🎼", store.MaxKey/4),
	}
	for i, text := range texts {
		r := full(store.Run, int64(i+1))
		r.Key, r.Doc = text, []byte(text)
		w.commit(t, w.batch(r))
		w.wantRow(t, r)
		if rows := w.rows(t, store.Named(store.Run, r.Parent, text)); len(rows) != 1 || rows[0].ID != r.ID {
			t.Errorf("by key %q: %s", text, Lines(rows))
		}
	}
	empty := full(store.Step, 1)
	empty.Doc = nil
	w.commit(t, w.batch(empty))
	w.wantRow(t, empty)
	if rows := w.rows(t, store.Named(store.Run, 1000, "")); len(rows) != 0 {
		t.Errorf("by an empty key: %s", Lines(rows))
	}
}

func testNumbers(t *testing.T, w *world) {
	for i, n := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64} {
		r := full(store.Step, int64(i+1))
		r.Parent, r.A, r.B, r.Due = n, n, n, n
		w.commit(t, w.batch(r))
		w.wantRow(t, r)
		if rows := w.rows(t, store.Between(store.Step, n, n, n)); len(rows) != 1 {
			t.Errorf("under %d: %s", n, Lines(rows))
		}
	}
	r := full(store.Run, math.MaxInt64)
	r.State = math.MaxInt16
	w.commit(t, w.batch(r))
	w.wantRow(t, r)
	last := w.rows(t, store.Query{Table: store.Run, By: store.ByTable}.Last(1))
	if len(last) != 1 || last[0].ID != r.ID {
		t.Errorf("the last run: %s", Lines(last))
	}
}

func testBigDocument(t *testing.T, w *world) {
	for i, size := range []int{8 << 10, 1<<20 + 1, 17 << 20} {
		r := full(store.Detail, int64(i+1))
		r.Doc = []byte(strings.Repeat("dœcument", size/9+1)[:size/9*9])
		w.commit(t, w.batch(r))
		rows := w.rows(t, store.One(store.Detail, r.ID))
		if len(rows) != 1 || string(rows[0].Doc) != string(r.Doc) {
			t.Errorf("a document of %d bytes is not what was stored", len(r.Doc))
		}
		b := w.batch(store.Row{Table: store.Detail, ID: r.ID, Delete: true})
		b.Send = []store.Message{{From: 1, To: 1, Number: int64(i + 1), Body: r.Doc}}
		w.commit(t, b)
	}
	for i, m := range w.messages(t, 1) {
		if m.Number != int64(i+1) || len(m.Body) < 8<<10-9 {
			t.Errorf("%s: body of %d bytes", &m, len(m.Body))
		}
	}
}

// testManyRows writes and reads more rows than any page or piece holds.
func testManyRows(t *testing.T, w *world) {
	const n = 5000
	b := w.batch()
	for i := int64(1); i <= n; i++ {
		r := full(store.Step, i)
		r.A, r.B, r.Open, r.Group = i/7, i%3, i%2 == 0, store.Group(i%Groups)
		b.Rows = append(b.Rows, r)
	}
	w.commit(t, b)
	for _, c := range []struct {
		q    store.Query
		want int
	}{
		{store.Under(store.Step, 1000), n},
		{store.Under(store.Step, 1000).Last(n - 1), n - 1},
		{store.Query{Table: store.Step, By: store.ByTable}, n},
		{store.Query{Table: store.Step, By: store.ByTable, Limit: 2500}, 2500},
		{store.Query{Table: store.Step, By: store.ByTable, After: 10}, n - 10},
		{store.OpenIn(store.Step, 2), n / Groups},
	} {
		rows := w.rows(t, c.q)
		if len(rows) != c.want {
			t.Errorf("%+v: %d rows, want %d", c.q, len(rows), c.want)
		}
		for i := 1; i < len(rows); i++ {
			if !before(&c.q, &rows[i-1], &rows[i]) {
				t.Fatalf("%+v: out of order:\n%s", c.q, Lines(rows[i-1:i+1]))
			}
		}
	}
}
