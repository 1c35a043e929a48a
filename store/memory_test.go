package store

import (
	"strings"
	"testing"
)

// seated returns a store, a seat, and a batch that would be its first: one run in group 1.
func seated(t *testing.T) (*Memory, *Batch) {
	t.Helper()
	m := NewMemory(4)
	seat, err := m.Join(t.Context(), "n", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Claim(t.Context(), seat, []Group{0, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	return m, &Batch{
		Seat: seat, Number: 1, Fences: []Fence{{1, 1}},
		Rows: []Row{{Table: Run, ID: 7, Group: 1, Parent: 1, A: 1, B: 1, Key: "k", State: 1, Open: true, Doc: []byte(`{}`)}},
	}
}

func has(t *testing.T, m *Memory, table Table, id int64) bool {
	t.Helper()
	var rows []Row
	err := m.Read(t.Context(), func(s Snapshot) (err error) {
		rows, err = Collect(s, One(table, id))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows) == 1
}

// script is a Faults that gives its verdicts in order, then Proceed.
type script struct {
	commits []Verdict
	calls   map[string]Verdict
}

func (s *script) BeforeCommit(*Batch) Verdict {
	if len(s.commits) == 0 {
		return Proceed
	}
	v := s.commits[0]
	s.commits = s.commits[1:]
	return v
}

func (s *script) BeforeCall(op string) Verdict { return s.calls[op] }

func TestVerdicts(t *testing.T) {
	for v, want := range map[Verdict]struct {
		class   Class
		applied bool
	}{
		Full: {Transient, false}, Away: {Transient, false}, LostRequest: {Unknown, false}, LostAnswer: {Unknown, true},
		Broken: {Fatal, false}, BrokenAfter: {Fatal, true},
	} {
		m, b := seated(t)
		m.Faults = &script{commits: []Verdict{v}}
		err := m.Commit(t.Context(), b)
		if err == nil || ClassOf(err) != want.class {
			t.Errorf("verdict %d: %v, want class %v", v, err, want.class)
		}
		if has(t, m, Run, 7) != want.applied {
			t.Errorf("verdict %d: applied is %v", v, !want.applied)
		}
		if err := m.Commit(t.Context(), b); err != nil {
			t.Errorf("verdict %d: repeated: %v", v, err)
		}
		if !has(t, m, Run, 7) {
			t.Errorf("verdict %d: repeated, and not there", v)
		}
	}
}

func TestVerdictsOnOtherCalls(t *testing.T) {
	m, b := seated(t)
	m.Faults = &script{calls: map[string]Verdict{"claim": LostAnswer, "lease ids": Away, "join": Full, "read": LostAnswer}}
	if _, err := m.Claim(t.Context(), b.Seat, []Group{1}); ClassOf(err) != Unknown {
		t.Errorf("claim: %v", err)
	}
	if _, err := m.LeaseIDs(t.Context(), 1); ClassOf(err) != Transient {
		t.Errorf("lease: %v", err)
	}
	if _, err := m.Join(t.Context(), "n", 0); ClassOf(err) != Transient {
		t.Errorf("join: %v", err)
	}
	if err := m.Read(t.Context(), func(Snapshot) error { t.Error("read ran"); return nil }); ClassOf(err) != Unknown {
		t.Errorf("read: %v", err)
	}
	m.Faults = nil
	if err := m.Commit(t.Context(), b); ClassOf(err) != Fenced {
		t.Errorf("commit after a claim that was applied: %v", err)
	}
	if first, err := m.LeaseIDs(t.Context(), 1); err != nil || first != 1 {
		t.Errorf("lease: %d, %v", first, err)
	}
}

func TestForget(t *testing.T) {
	m, b := seated(t)
	m.Remember = 2
	for b.Number = 1; b.Number <= 4; b.Number++ {
		b.Rows[0].ID, b.Rows[0].A, b.Rows[0].Key = b.Number, b.Number, ""
		if err := m.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	clone := m.Clone()
	if n := m.Forget(5); n != 2 {
		t.Fatalf("forgot %d batches, want the 2 remembered", n)
	}
	if !has(t, m, Run, 2) || has(t, m, Run, 3) {
		t.Error("not the state after batch 2")
	}
	if !has(t, clone, Run, 4) {
		t.Error("the clone forgot too")
	}
	if err := m.Commit(t.Context(), b); ClassOf(err) != Behind {
		t.Errorf("batch 5 after the state was taken back to batch 2: %v", err)
	}
}

func TestMemoryKeepsAndLendsNothing(t *testing.T) {
	m, b := seated(t)
	doc := []byte(`{"a":1}`)
	b.Rows[0].Doc = doc
	if err := m.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	copy(doc, "scribble")
	var kept *Row
	var bytes []byte
	err := m.Read(t.Context(), func(s Snapshot) error {
		return s.Rows(One(Run, 7), func(r *Row) error {
			if string(r.Doc) != `{"a":1}` {
				t.Errorf("stored %q", r.Doc)
			}
			kept, bytes = r, r.Doc
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if kept.ID != 0 || string(bytes) != "#######" {
		t.Errorf("what was kept past the callback is still good: %+v, %q", kept, bytes)
	}
}

func TestChecker(t *testing.T) {
	_, good := seated(t)
	var c Checker
	if err := c.Check(good, 4); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]struct {
		do   func(b *Batch)
		says string
	}{
		"number":          {func(b *Batch) { b.Number = 0 }, "batch number 0"},
		"fence":           {func(b *Batch) { b.Fences[0].Group = 4 }, "groups 0 to 3"},
		"unfenced":        {func(b *Batch) { b.Fences[0].Group = 2 }, "run 7: group 1: the batch names no fence"},
		"group":           {func(b *Batch) { b.Rows[0].Group = -1 }, "run 7: group -1"},
		"id":              {func(b *Batch) { b.Rows[0].ID = 0 }, "row keys start at 1"},
		"table":           {func(b *Batch) { b.Rows[0].Table = 9 }, "no such table"},
		"state":           {func(b *Batch) { b.Rows[0].State = -1 }, "state -1"},
		"key":             {func(b *Batch) { b.Rows[0].Key = "a\x00b" }, `key "a\x00b"`},
		"long key":        {func(b *Batch) { b.Rows[0].Key = strings.Repeat("k", MaxKey+1) }, "key of 1025 bytes"},
		"doc":             {func(b *Batch) { b.Rows[0].Doc = []byte("\xff") }, "UTF-8"},
		"nul":             {func(b *Batch) { b.Rows[0].Doc = []byte("\x00") }, "NUL"},
		"size":            {func(b *Batch) { b.Rows[0].Doc = make([]byte, MaxDoc+1) }, "at most 67108864"},
		"column":          {func(b *Batch) { b.Rows[0].Table = Step }, "does not have all of these columns"},
		"twice":           {func(b *Batch) { b.Rows = append(b.Rows, Row{Table: Run, ID: 7, Delete: true}) }, "twice"},
		"state group":     {func(b *Batch) { b.Groups = []GroupState{{Group: 3}} }, "state of group 3"},
		"message number":  {func(b *Batch) { b.Send = []Message{{From: 1, To: 2}} }, "start at 1"},
		"message to":      {func(b *Batch) { b.Send = []Message{{From: 1, To: 4, Number: 1}} }, "groups 0 to 3"},
		"sender":          {func(b *Batch) { b.Send = []Message{{From: 2, To: 1, Number: 1}} }, "group 2: the batch names no fence"},
		"receiver":        {func(b *Batch) { b.Consumed = []Message{{From: 1, To: 2, Number: 1}} }, "group 2: the batch names no fence"},
		"sent twice":      {func(b *Batch) { b.Send = []Message{{From: 1, To: 2, Number: 1}, {From: 1, To: 2, Number: 1}} }, "twice"},
		"consumed twice":  {func(b *Batch) { b.Consumed = []Message{{From: 2, To: 1, Number: 1}, {From: 2, To: 1, Number: 1}} }, "twice"},
		"sent and eaten":  {func(b *Batch) { b.Send = []Message{{From: 1, To: 1, Number: 1}}; b.Consumed = b.Send }, "the same batch sends it"},
		"message too big": {func(b *Batch) { b.Send = []Message{{From: 1, To: 1, Number: 1, Body: make([]byte, MaxDoc+1)}} }, "at most"},
	} {
		_, b := seated(t)
		spoil.do(b)
		err := c.Check(b, 4)
		if err == nil || ClassOf(err) != Refused || !strings.Contains(err.Error(), spoil.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, spoil.says)
		}
	}
	if err := c.Check(good, 4); err != nil {
		t.Errorf("the good batch after the bad ones: %v", err)
	}
}
