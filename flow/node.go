package flow

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

// Options sets up a Node. Store, Kind, Outbox, Clock and Name are required.
type Options struct {
	Name   string
	Store  store.Store
	Kind   Kind
	Outbox Outbox
	Clock  Clock
	// Forward hands a durable message row to the node that owns its group, best effort: the row is the truth. It may
	// be nil and must not block.
	Forward func(store.Message)
	// Shared says that other processes may come to own groups of the same store. Then even answers that write nothing wait
	// until the store has confirmed that the group is still this node's. It is implied by Forward.
	Shared bool
	// Stride returns how far a new seat is above the one before it: a random number from 1 to store.MaxStride. nil = one
	// that is drawn here.
	Stride func() int64
	// Limits bounds memory and batches; zero fields have defaults.
	Limits Limits
	// Report is told of what operators should know: drops, quarantines, repeats. It may be nil and must not block.
	Report func(Incident)
}

// Incident is something that should not happen often.
type Incident struct {
	What string // "fenced", "behind", "refused", "transient", "unknown", "fatal", "panic", "quarantine", "fetch",
	// "receive", "maintain", "ousted" (nothing is left to own); "healed" when a batch has landed (or was dropped) that had to be repeated
	Group store.Group
	Err   error
}

// Node is one process's part of the cluster: the loops of the groups it owns and their committer.
type Node struct {
	name    string
	store   store.Store
	kind    Kind
	outbox  Outbox
	clock   Clock
	forward func(store.Message)
	shared  bool
	stride  func() int64
	limits  Limits
	report  func(Incident)

	seat   store.Seat
	number int64 // of the last batch that landed; only the committer uses it

	loops   []atomic.Pointer[Loop] // by group; nil = not owned
	driven  atomic.Bool            // Run drives the node
	stall   atomic.Pointer[Stall]  // the present one, or the next
	ready   readyQueue
	fetches fetchQueue
	ids     idBlock
	parts   partPool
	batches batchPool

	epoch    atomic.Uint64 // that new decisions belong to
	durable  atomic.Uint64 // newest that is on disk
	dirty    atomic.Int64  // bytes decided in the present epoch
	inflight atomic.Int64  // bytes sealed and not yet durable
	soft     atomic.Int64  // present soft limit in bytes
	queued   atomic.Int64  // commands in mailboxes
	underway counter       // messages and continuations posted and not yet taken
	hurried  struct {      // groups that have something to launch, and bytes that they have decided in the present epoch
		loops, bytes atomic.Int64
	}

	commitKick chan struct{}
	timerKick  chan struct{}
	nextWake   atomic.Int64

	pace  pace
	first int // group that readyHeldBack begins with

	claimed generations
	trouble trouble
	stats   Stats
}

// NewNode returns a node that owns nothing yet. Join seats it.
func NewNode(o Options) *Node {
	n := &Node{
		name: o.Name, store: o.Store, kind: o.Kind, outbox: o.Outbox, clock: o.Clock, forward: o.Forward,
		shared: o.Shared || o.Forward != nil,
		stride: o.Stride,
		limits: o.Limits.withDefaults(), report: o.Report,
		loops:      make([]atomic.Pointer[Loop], o.Store.Groups()),
		commitKick: make(chan struct{}, 1),
		timerKick:  make(chan struct{}, 1),
	}
	if n.stride == nil {
		n.stride = func() int64 { return 1 + rand.Int64N(store.MaxStride) }
	}
	if n.report == nil {
		n.report = func(Incident) {}
	}
	n.stall.Store(&Stall{began: make(chan struct{})})
	n.epoch.Store(1)
	n.ready.init()
	n.fetches.init()
	n.underway.zero = make(chan struct{}, 1)
	n.soft.Store(n.limits.SoftBytes)
	n.pace.init(n.limits)
	n.trouble.init()
	return n
}

// loop returns the loop of a group, or nil if the node does not own it.
func (n *Node) loop(g store.Group) *Loop {
	if g < 0 || int(g) >= len(n.loops) {
		return nil
	}
	return n.loops[g].Load()
}

// Owns reports whether the node owns a group now.
func (n *Node) Owns(g store.Group) bool { return n.loop(g) != nil }

// Seat returns the node's seat in the store.
func (n *Node) Seat() store.Seat { return n.seat }

// errMoving answers what was asked of a group that is not here (any more).
var errMoving = fault.New(fault.Unavailable, "the flow group is moving to another owner or is being reloaded; repeat the request")

// errBusy answers a command that finds too much before it.
var errBusy = fault.New(fault.Unavailable, "too many requests are waiting for the disk; repeat the request later")

// errUncertain answers a command whose batch has not landed when the node ends, or may have landed after all.
var errUncertain = fault.New(fault.Unavailable, "the node has ended before the request was known to be durable; it may have taken effect: repeat it")

// Ask delivers a command to a group. c.Answer is called when its effect is durable, or with an error of kind
// fault.Unavailable if the group is not here or too much is waiting; then nothing has happened, or (after a failed
// commit) nothing will be found to have happened. Only a node that ends in the middle of a commit cannot tell, and says so.
func (n *Node) Ask(g store.Group, c *Command) {
	l := n.loop(g)
	if l == nil {
		c.answer(nil, errMoving)
		return
	}
	if err := n.stall.Load().Err(); err != nil {
		c.answer(nil, err)
		return
	}
	if n.queued.Add(1) > n.limits.Commands || n.full() {
		n.queued.Add(-1)
		c.answer(nil, errBusy)
		return
	}
	l.bring(&envelope{class: commands, body: c.Body, command: c})
	l.answerIfGone()
}

// Outside delivers an event from the edge to a group, and reports whether the group is here. An event may be lost
// until what the machine made of it is durable; after a reload, the machine repeats its orders and the edge its events.
func (n *Node) Outside(g store.Group, event any) bool {
	l := n.loop(g)
	if l == nil {
		return false
	}
	l.bring(&envelope{class: outside, body: event})
	return true
}

// Receive delivers a message row that another node has sent. Copies and stale ones are ignored; a gap is filled from
// the store (see Inbox).
func (n *Node) Receive(m store.Message) error {
	l := n.loop(m.To)
	if l == nil {
		return errMoving
	}
	ok, gap := l.links.accept(m.From, m.Number)
	if gap {
		n.fetches.add(&Fetch{loop: l})
		return nil
	}
	if !ok {
		return nil
	}
	body, err := n.kind.DecodeMessage(m.Body)
	if err != nil {
		return fault.In(err, "message %d from group %d to group %d", m.Number, m.From, m.To)
	}
	letter := &letter{from: m.From, to: m.To, body: body, sentAt: m.Sent}
	letter.number.Store(m.Number)
	l.put(&envelope{class: urgent, body: body, letter: letter})
	return nil
}

// Inbox has every group read its message rows: the safety net under Receive.
func (n *Node) Inbox() {
	for g := range n.loops {
		if l := n.loops[g].Load(); l != nil {
			n.fetches.add(&Fetch{loop: l})
		}
	}
}

// Tick posts a Tick to every group whose deadline has come, and returns the earliest deadline that has not; 0 = none.
func (n *Node) Tick() int64 {
	now := n.clock()
	var next int64
	for g := range n.loops {
		l := n.loops[g].Load()
		if l == nil {
			continue
		}
		d := l.deadline.Load()
		switch {
		case d == 0:
		case d > now:
			if next == 0 || d < next {
				next = d
			}
		case l.tickAt.Swap(d) != d:
			l.put(&envelope{class: urgent, body: Tick{}})
		}
	}
	return next
}

// deadlineMoved wakes the timer if it would sleep too long.
func (n *Node) deadlineMoved(d int64) {
	if d == 0 {
		return
	}
	if w := n.nextWake.Load(); w == 0 || d < w {
		select {
		case n.timerKick <- struct{}{}:
		default:
		}
	}
}

func (n *Node) kickCommitter() {
	select {
	case n.commitKick <- struct{}{}:
	default:
	}
}

// answerIfGone refuses commands that were put into the mailbox of a loop that is being dropped.
func (l *Loop) answerIfGone() {
	if l.node.loop(l.group) == l {
		return
	}
	for _, e := range l.box.drain() {
		l.node.discard(e)
	}
}

// Stall is a time in which the store takes nothing: new commands are refused, and those that wait for their batch may
// have to wait for long.
type Stall struct {
	began chan struct{}
	err   error // set before began is closed
}

// Began is closed when the stall begins; then Err says why.
func (s *Stall) Began() <-chan struct{} { return s.began }

// Err returns what new commands are refused with, of kind fault.Unavailable; nil = the stall has not begun.
func (s *Stall) Err() error {
	select {
	case <-s.began:
		return s.err
	default:
		return nil
	}
}

// Stall returns the present stall, or the next one. Whoever has asked something and waits should watch it.
func (n *Node) Stall() *Stall { return n.stall.Load() }

// stalled notes why the store takes nothing; nil = it does. Only the committer calls it.
func (n *Node) stalled(err error) {
	s := n.stall.Load()
	switch {
	case err != nil && s.err == nil:
		s.err = fault.New(fault.Unavailable, "the store takes nothing at present, so nothing can be promised; repeat the request later: %w", err)
		close(s.began)
	case err == nil && s.err != nil:
		n.stall.Store(&Stall{began: make(chan struct{})})
	}
}

// count notes that an event is no longer waiting.
func (n *Node) count(e *envelope) {
	if e.counted {
		return
	}
	e.counted = true
	switch {
	case e.class == commands:
		n.queued.Add(-1)
	case e.class == continuation, e.letter != nil && e.letter.local:
		n.underway.add(-1)
	}
}

// discard forgets an event of a dropped group.
func (n *Node) discard(e *envelope) {
	n.count(e)
	e.command.answer(nil, errMoving)
}

// Stats counts what the node has done since it started.
type Stats struct {
	Turns, Commits, Rows, Bytes, Letters, Drops, Quarantines, Repeats, Repairs atomic.Int64
}

// Stats returns the node's counters.
func (n *Node) Stats() *Stats { return &n.stats }

// counter counts things under way and signals when there are none.
type counter struct {
	n    atomic.Int64
	zero chan struct{}
}

func (c *counter) add(d int64) {
	if c.n.Add(d) == 0 {
		select {
		case c.zero <- struct{}{}:
		default:
		}
	}
}

// readyQueue is the FIFO of loops that have something to do, each at most once.
type readyQueue struct {
	mu     sync.Mutex
	cond   sync.Cond
	items  []*Loop
	head   int
	closed bool
}

func (q *readyQueue) init() { q.cond.L = &q.mu }

func (q *readyQueue) add(l *Loop) {
	if l.queued.Swap(true) {
		return
	}
	q.mu.Lock()
	if q.head > 0 && q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	q.items = append(q.items, l)
	q.mu.Unlock()
	q.cond.Signal()
}

// take returns the next loop. Without wait it returns nil if there is none; with wait only when the queue is closed.
func (q *readyQueue) take(wait bool) *Loop {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.head == len(q.items) {
		if !wait || q.closed {
			return nil
		}
		q.cond.Wait()
	}
	if q.closed {
		return nil
	}
	l := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	l.queued.Store(false)
	return l
}

func (q *readyQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cond.Broadcast()
}
