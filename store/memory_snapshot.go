package store

// memorySnapshot reads one state of a Memory.
type memorySnapshot struct {
	state *memoryState
}

// Rows implements Snapshot.
func (s *memorySnapshot) Rows(q Query, each func(*Row) error) error {
	if err := q.Check(); err != nil {
		return err
	}
	var lent lending
	var err error
	s.state.tables[q.Table].scan(&q, func(r *memoryRow) bool {
		row := r.row
		if !q.WithoutDocs {
			row.Doc = lent.out(r.doc)
		}
		err = each(&row)
		row = Row{}
		lent.back()
		return err == nil
	})
	return err
}

// Messages implements Snapshot.
func (s *memorySnapshot) Messages(to Group, each func(*Message) error) error {
	var lent lending
	var err error
	s.state.messages.ascend(treeKey{a: int64(to), b: minInt64}, func(k treeKey, m memoryMessage) bool {
		if k.a != int64(to) {
			return false
		}
		msg := Message{From: Group(k.b), To: to, Number: k.c, Sent: m.sent, Body: lent.out(m.body)}
		err = each(&msg)
		msg = Message{}
		lent.back()
		return err == nil
	})
	return err
}

// Owner implements Snapshot.
func (s *memorySnapshot) Owner(g Group) (Owned, error) {
	if err := CheckGroup("read", g, s.state.groups); err != nil {
		return Owned{}, err
	}
	return s.state.owner(g), nil
}

// lending is the memory of the bytes handed to a callback. Taken back, it is scribbled over, so that who keeps them
// is found out.
type lending struct{ bytes []byte }

func (l *lending) out(text string) []byte {
	l.bytes = append(l.bytes[:0], text...)
	return l.bytes
}

func (l *lending) back() {
	for i := range l.bytes {
		l.bytes[i] = '#'
	}
}
