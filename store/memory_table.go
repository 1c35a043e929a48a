package store

import "fmt"

// memoryTable holds the rows of one table and an index for each question that the stores answer. An index holds row
// keys, so that a row that changes without moving leaves it alone.
type memoryTable struct {
	byID                             *tree[*memoryRow]
	byParent, byKey, byOpen, byGroup *tree[int64]
}

// memoryRow is a row as it was stored; its text is a copy.
type memoryRow struct {
	row Row // without Doc
	doc string
}

// indexed tells the places of a row in the indexes of its table.
func (r *Row) indexed() (parent, text, open, group treeKey, in struct{ parent, text, open, group bool }) {
	parent = treeKey{a: r.Parent, b: r.A, c: r.B, d: r.ID}
	text = treeKey{a: r.Parent, s: r.Key}
	group = treeKey{a: int64(r.Group), b: r.ID}
	in.parent = r.Table != Workflow
	in.text = r.Key != ""
	in.open = r.Open && (r.Table == Run || r.Table == Step)
	in.group = r.Table == Workflow || r.Table == Quarantine
	return parent, text, group, group, in
}

func (t *memoryTable) remove(id int64) {
	old, ok := t.byID.get(treeKey{a: id})
	if !ok {
		return
	}
	t.byID = t.byID.without(treeKey{a: id})
	t.unindex(&old.row)
}

func (t *memoryTable) unindex(r *Row) {
	parent, text, open, group, in := r.indexed()
	if in.parent {
		t.byParent = t.byParent.without(parent)
	}
	if in.text {
		t.byKey = t.byKey.without(text)
	}
	if in.open {
		t.byOpen = t.byOpen.without(open)
	}
	if in.group {
		t.byGroup = t.byGroup.without(group)
	}
}

func (t *memoryTable) put(r *Row) error {
	stored := &memoryRow{row: *r, doc: string(r.Doc)}
	stored.row.Doc = nil
	if old, ok := t.byID.get(treeKey{a: r.ID}); ok {
		o := &old.row
		if o.Group == r.Group && o.Parent == r.Parent && o.A == r.A && o.B == r.B && o.Key == r.Key && o.Open == r.Open {
			t.byID = t.byID.with(treeKey{a: r.ID}, stored)
			return nil
		}
		t.unindex(o)
	}
	parent, text, open, group, in := r.indexed()
	if r.Table == Version || r.Table == Run {
		var taken int64
		t.byParent.ascend(treeKey{a: r.Parent, b: r.A, c: r.B, d: minInt64}, func(k treeKey, id int64) bool {
			if k.a == r.Parent && k.b == r.A && k.c == r.B {
				taken = id
			}
			return false
		})
		if taken != 0 {
			return fmt.Errorf("%s %d: (%d, %d, %d) is row %d already", r.Table, r.ID, r.Parent, r.A, r.B, taken)
		}
	}
	if in.text {
		if taken, ok := t.byKey.get(text); ok {
			return fmt.Errorf("%s %d: (%d, %q) is row %d already", r.Table, r.ID, r.Parent, r.Key, taken)
		}
		t.byKey = t.byKey.with(text, r.ID)
	}
	t.byID = t.byID.with(treeKey{a: r.ID}, stored)
	if in.parent {
		t.byParent = t.byParent.with(parent, r.ID)
	}
	if in.open {
		t.byOpen = t.byOpen.with(open, r.ID)
	}
	if in.group {
		t.byGroup = t.byGroup.with(group, r.ID)
	}
	return nil
}

func (t *memoryTable) row(id int64) *memoryRow {
	r, ok := t.byID.get(treeKey{a: id})
	if !ok {
		panic(fmt.Sprintf("store: memory: an index names row %d, which does not exist", id))
	}
	return r
}

// scan calls each for the rows that the query selects until it returns false. The query has been checked.
func (t *memoryTable) scan(q *Query, each func(*memoryRow) bool) {
	limit := q.Limit
	counted := func(id int64) bool {
		if limit--; !each(t.row(id)) {
			return false
		}
		return limit != 0
	}
	switch q.By {
	case ByID:
		if r, ok := t.byID.get(treeKey{a: q.ID}); ok {
			each(r)
		}
	case ByKey:
		if id, ok := t.byKey.get(treeKey{a: q.Parent, s: q.Key}); ok {
			each(t.row(id))
		}
	case ByParent:
		t.scanParent(q, counted)
	case ByOpen:
		group := int64(q.Group)
		t.byOpen.ascend(treeKey{a: group, b: minInt64}, func(k treeKey, id int64) bool {
			return k.a == group && counted(id)
		})
	case ByGroup:
		group := int64(q.Group)
		t.byGroup.ascend(treeKey{a: group, b: q.After}, func(k treeKey, id int64) bool {
			return k.a == group && (k.b <= q.After || counted(id))
		})
	case ByTable:
		t.scanTable(q, counted)
	}
}

func (t *memoryTable) scanParent(q *Query, each func(int64) bool) {
	if q.Desc {
		t.byParent.descend(treeKey{q.Parent, q.ToA, maxInt64, maxInt64, ""}, func(k treeKey, id int64) bool {
			return k.a == q.Parent && k.b >= q.FromA && each(id)
		})
		return
	}
	t.byParent.ascend(treeKey{q.Parent, q.FromA, minInt64, minInt64, ""}, func(k treeKey, id int64) bool {
		return k.a == q.Parent && k.b <= q.ToA && each(id)
	})
}

func (t *memoryTable) scanTable(q *Query, each func(int64) bool) {
	if !q.Desc {
		t.byID.ascend(treeKey{a: q.After}, func(k treeKey, _ *memoryRow) bool {
			return k.a == q.After || each(k.a)
		})
		return
	}
	from := q.After
	if from == 0 {
		from = maxInt64
	}
	t.byID.descend(treeKey{a: from}, func(k treeKey, _ *memoryRow) bool {
		return (k.a == q.After && q.After != 0) || each(k.a)
	})
}
