package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Memory is a Store without a disk, for tests and the simulation, where it is the disk: it outlives the nodes that
// use it. It keeps copies of everything it is given, hands out nothing that it keeps, and scribbles over what it
// handed to a callback when the callback returns. What it does depends only on the calls made: there is no clock, no
// goroutine, no order of a map in it.
//
// A state of it is a value: Clone, a snapshot and an older state to go back to each cost one pointer.
type Memory struct {
	// Faults, if set, decides which calls fail. Set it before the first call.
	Faults Faults
	// Remember is the number of batches and claims that Forget can take back. Set it before the first call.
	Remember int

	mu      sync.Mutex
	checker Checker
	now     *memoryState
	past    []*memoryState // what was before each of the last batches and claims, oldest first
	closed  bool
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store with a number of flow groups.
func NewMemory(groups int) *Memory {
	if groups < 1 {
		panic(fmt.Sprintf("store: NewMemory: %d groups", groups))
	}
	return &Memory{now: &memoryState{groups: groups, nextID: 1}}
}

// Clone returns a store in the same state, without faults and without a past. Neither sees what happens to the other.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{now: m.now}
}

// Forget takes the last n batches and claims back, like a database that was restored from an older state: everything that was
// claimed, joined or leased since the first of them is gone too. It returns how many were taken back, at most
// Remember.
func (m *Memory) Forget(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n = min(n, len(m.past))
	if n <= 0 {
		return 0
	}
	at := len(m.past) - n
	m.now = m.past[at]
	clear(m.past[at:])
	m.past = m.past[:at]
	return n
}

// memoryState is one state of a Memory. It is never changed; its trees share what they have in common.
type memoryState struct {
	groups   int
	nextID   int64
	floor    int64
	nodes    *tree[memoryNode]
	owners   *tree[memoryOwner]
	messages *tree[memoryMessage] // by receiver, sender, number
	tables   [Quarantine + 1]memoryTable
}

type memoryNode struct{ incarnation, lastBatch int64 }

type memoryOwner struct {
	generation Generation
	state      string
}

type memoryMessage struct {
	sent int64
	body string
}

// apply makes a call that changes the state: it asks for a fault, then has change make the next state from this one.
func (m *Memory) apply(ctx context.Context, op string, b *Batch, change func(s *memoryState) error) error {
	verdict := Proceed
	if m.Faults != nil && b != nil {
		verdict = m.Faults.BeforeCommit(b)
	} else if m.Faults != nil {
		verdict = m.Faults.BeforeCall(op)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return &Error{Class: Transient, Op: op, Err: errClosed}
	}
	if err := ctx.Err(); err != nil {
		return &Error{Class: Transient, Op: op, Err: err}
	}
	if !verdict.applies() {
		return verdict.err(op)
	}
	next := *m.now
	if err := change(&next); err != nil {
		var e *Error
		if errors.As(err, &e) {
			return err
		}
		if !errors.Is(err, errLanded) {
			return &Error{Class: Refused, Op: op, Err: err}
		}
		return verdict.err(op)
	}
	if (b != nil || op == "claim") && m.Remember > 0 {
		if len(m.past) >= m.Remember {
			m.past = append(m.past[:0], m.past[len(m.past)-m.Remember+1:]...)
		}
		m.past = append(m.past, m.now)
	}
	m.now = &next
	return verdict.err(op)
}

var (
	errClosed = errors.New("the store is closed")
	errLanded = errors.New("the batch has landed already")
)

// Groups implements Store.
func (m *Memory) Groups() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now.groups
}

// Join implements Store.
func (m *Memory) Join(ctx context.Context, node string, stride int64) (seat Seat, err error) {
	err = m.apply(ctx, "join", nil, func(s *memoryState) error {
		if err := CheckNode(node); err != nil {
			return err
		}
		n, _ := s.nodes.get(treeKey{s: node})
		n.incarnation += max(stride, 1)
		n.lastBatch = 0
		s.nodes = s.nodes.with(treeKey{s: node}, n)
		seat = Seat{Node: node, Incarnation: n.incarnation}
		return nil
	})
	if err != nil {
		return Seat{}, err
	}
	return seat, nil
}

// Claim implements Store.
func (m *Memory) Claim(ctx context.Context, seat Seat, groups []Group) (owned []Owned, err error) {
	err = m.apply(ctx, "claim", nil, func(s *memoryState) error {
		if err := CheckClaim(groups, s.groups); err != nil {
			return err
		}
		if n, ok := s.nodes.get(treeKey{s: seat.Node}); !ok || n.incarnation != seat.Incarnation {
			return &Error{Class: Behind, Op: "claim", Err: NotSeated(seat, n.incarnation)}
		}
		for _, g := range groups {
			o := s.owner(g)
			o.Generation++
			s.owners = s.owners.with(treeKey{a: int64(g)}, memoryOwner{o.Generation, string(o.State)})
			owned = append(owned, o)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return owned, nil
}

// LeaseIDs implements Store.
func (m *Memory) LeaseIDs(ctx context.Context, n int64) (first int64, err error) {
	err = m.apply(ctx, "lease ids", nil, func(s *memoryState) error {
		if err := CheckLease(n); err != nil {
			return err
		}
		first = s.nextID
		s.nextID += n
		return nil
	})
	if err != nil {
		return 0, err
	}
	return first, nil
}

// Commit implements Store.
func (m *Memory) Commit(ctx context.Context, b *Batch) error {
	return m.apply(ctx, "commit", b, func(s *memoryState) error {
		if err := m.checker.Check(b, s.groups); err != nil {
			return err
		}
		return s.commit(b)
	})
}

// commit makes the state that holds the batch. An error leaves a half-made state that the caller throws away.
func (s *memoryState) commit(b *Batch) error {
	seat := treeKey{s: b.Seat.Node}
	n, ok := s.nodes.get(seat)
	if !ok || n.incarnation != b.Seat.Incarnation {
		return &Error{Class: Behind, Op: "commit", Err: NotSeated(b.Seat, n.incarnation)}
	}
	if n.lastBatch == b.Number {
		return errLanded
	}
	if n.lastBatch != b.Number-1 {
		return &Error{Class: Behind, Op: "commit", Err: NotNext(b.Number, n.lastBatch)}
	}
	n.lastBatch = b.Number
	s.nodes = s.nodes.with(seat, n)
	s.floor = max(s.floor, b.Time)
	for _, f := range b.Fences {
		if o, _ := s.owners.get(treeKey{a: int64(f.Group)}); o.generation != f.Generation {
			return &Error{Class: Fenced, Op: "commit", Err: Moved(f, o.generation)}
		}
	}
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Delete {
			s.tables[r.Table].remove(r.ID)
		}
	}
	for i := range b.Rows {
		if r := &b.Rows[i]; !r.Delete {
			if err := s.tables[r.Table].put(r); err != nil {
				return err
			}
		}
	}
	for i := range b.Consumed {
		s.messages = s.messages.without(b.Consumed[i].treeKey())
	}
	for i := range b.Send {
		msg := &b.Send[i]
		if _, taken := s.messages.get(msg.treeKey()); taken {
			return fmt.Errorf("%s: it exists already", msg)
		}
		s.messages = s.messages.with(msg.treeKey(), memoryMessage{msg.Sent, string(msg.Body)})
	}
	for i := range b.Groups {
		k := treeKey{a: int64(b.Groups[i].Group)}
		o, _ := s.owners.get(k)
		o.state = string(b.Groups[i].Doc)
		s.owners = s.owners.with(k, o)
	}
	return nil
}

func (m *Message) treeKey() treeKey {
	return treeKey{a: int64(m.To), b: int64(m.From), c: m.Number}
}

func (s *memoryState) owner(g Group) Owned {
	o, _ := s.owners.get(treeKey{a: int64(g)})
	return Owned{Group: g, Generation: o.generation, State: []byte(o.state), Floor: s.floor}
}

// Read implements Store.
func (m *Memory) Read(ctx context.Context, f func(Snapshot) error) error {
	verdict := Proceed
	if m.Faults != nil {
		verdict = m.Faults.BeforeCall("read")
	}
	m.mu.Lock()
	s, closed := m.now, m.closed
	m.mu.Unlock()
	if closed {
		return &Error{Class: Transient, Op: "read", Err: errClosed}
	}
	if err := ctx.Err(); err != nil {
		return &Error{Class: Transient, Op: "read", Err: err}
	}
	if err := verdict.err("read"); err != nil {
		return err
	}
	return f(&memorySnapshot{state: s})
}

// Maintain implements Store; there is nothing to do.
func (m *Memory) Maintain(ctx context.Context) error {
	return m.apply(ctx, "maintain", nil, func(*memoryState) error { return nil })
}

// Close implements Store. What was stored stays; a Clone of a closed store is open.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
