package flow

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/segue-run/segue/store"
)

// Loop owns one group: its machine, its mailbox, and what the machine has decided since the last cut.
type Loop struct {
	node       *Node
	group      store.Group
	generation store.Generation
	links      *links
	box        mailbox

	// queued says that the loop is in the node's ready queue; active that it has decided something since the committer
	// last looked; hurried that something of it is to be launched; deadline is the machine's next Tick, tickAt the one already posted.
	queued   atomic.Bool
	active   atomic.Bool
	hurried  atomic.Bool
	deadline atomic.Int64
	tickAt   atomic.Int64

	// turn is held during a turn and while the committer seals. It comes before every other lock of this package.
	turn     sync.Mutex
	gone     bool
	broken   bool  // its machine has panicked in the present epoch, or another owner may have it: to be dropped
	misled   bool  // it was given a message whose number is void: the next one with that number would be ignored
	unsealed error // why its rows could not be encoded
	machine  Machine
	floor    int64  // the group's time does not go back behind it
	epoch    uint64 // of what follows
	dirty    int64
	changed  bool
	held     []held
	sent     []*letter
	posted   int // of sent
	consumed []*letter
	sealed   []*part
	waiting  map[int64]*line
	scratch  Turn
}

// held is something that leaves the node when its batch is durable: the answer to a command, or an effect.
type held struct {
	command *Command
	value   any
}

// part is what one group adds to one batch.
type part struct {
	loop     *Loop
	epoch    uint64
	rows     []store.Row
	buf      []byte
	now      int64 // of its last turn
	dirty    int64
	held     []held
	sent     []*letter
	consumed []*letter
}

// Group returns the number of the group.
func (l *Loop) Group() store.Group { return l.group }

// Turn takes one event and has it decided. It returns false if there was none that may be taken now.
func (l *Loop) Turn() bool {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.turnLocked()
}

func (l *Loop) turnLocked() bool {
	if l.gone || l.broken || !l.node.enterTurn() {
		return false
	}
	e := l.box.take(l.node.admits())
	if e == nil {
		l.node.leaveTurn(nil, nil)
		return false
	}
	defer l.node.count(e) // when what follows from it is counted
	l.node.stats.Turns.Add(1)
	// First the event, then the epoch: no turn of epoch k can have seen a message of k+1.
	l.active.Store(true)
	if now := l.node.epoch.Load(); l.epoch != now {
		if l.seal(); l.broken { // then nothing of its epoch can be stored
			l.putBack(e)
			l.node.leaveTurn(nil, nil)
			l.node.kickCommitter()
			return false
		}
		l.epoch = now
	}
	waited := e.line
	e.line = nil
	if e.letter == nil || !e.letter.void.Load() {
		l.decide(e)
	}
	if waited != nil && e.line != waited {
		l.leave(waited)
	}
	l.node.leaveTurn(l, e)
	if l.broken {
		l.node.kickCommitter()
		return false
	}
	l.post()
	if d := l.machine.Deadline(); d != l.deadline.Load() {
		l.deadline.Store(d)
		l.node.deadlineMoved(d)
	}
	if l.changed || len(l.held) > 0 || l.node.trouble.isolated.Load() > 0 {
		l.node.kickCommitter()
	}
	return true
}

// decide runs the machine on one event.
func (l *Loop) decide(e *envelope) {
	l.floor = max(l.floor, l.node.clock())
	t := &l.scratch
	*t = Turn{
		Now: l.floor, Epoch: l.epoch, Durable: l.node.durable.Load(),
		Fetched: e.fetched, Rows: e.rows, loop: l, event: e,
	}
	if _, tick := e.body.(Tick); tick {
		l.tickAt.Store(0)
	}
	held, sent := len(l.held), len(l.sent)
	if err := l.handle(t, e.body); err != nil {
		l.held, l.sent = l.held[:held], l.sent[:sent] // what it said while breaking does not count
		l.broken = true
		l.node.trouble.panicked(l, e, err)
		l.putBack(e)
		return
	}
	if t.need != nil {
		l.await(t.need, e)
		return
	}
	if e.poison != nil {
		l.node.trouble.decided(e.poison, l.epoch)
	}
	l.changed = l.changed || t.dirtied
	if e.letter != nil {
		e.letter.consumed.Store(l.epoch)
		l.consumed = append(l.consumed, e.letter)
		l.changed = true
	}
	if e.command != nil && !t.replied {
		t.Reply(nil)
	}
}

// handle calls the machine and turns a panic into an error.
func (l *Loop) handle(t *Turn, event any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &machinePanic{fmt.Sprintf("panic on %T: %v", event, p), debug.Stack()}
		}
	}()
	held, sent := len(l.held), len(l.sent)
	l.machine.Handle(t, event)
	if t.need != nil && (t.dirtied || t.continued || len(l.held) > held || len(l.sent) > sent) {
		panic("the machine has asked for rows and has done something in the same turn")
	}
	return nil
}

// machinePanic is what became of a call of a machine.
type machinePanic struct {
	what  string
	stack []byte
}

// Error returns what the panic said. The stack is for operators only.
func (p *machinePanic) Error() string { return p.what }

// line is a queue of events that need the same rows. The first has its rows, or a fetch is under way for it. Only when it
// is decided comes the next one's turn: what that one needs may be in memory by then, or be other rows than before.
type line struct {
	key    int64
	events []*envelope
}

// await sets an event aside until the rows that it needs are there.
func (l *Loop) await(n *need, e *envelope) {
	q := l.waiting[n.key]
	if q == nil {
		q = &line{key: n.key}
		l.waiting[n.key] = q
	}
	if len(q.events) == 0 || q.events[0] != e {
		q.events = append(q.events, e)
	}
	e.line, e.rows, e.fetched = q, nil, false
	if q.events[0] == e {
		l.node.fetches.add(&Fetch{loop: l, line: q, queries: n.queries})
	}
}

// leave takes the first event out of a line and has the next one decided.
func (l *Loop) leave(q *line) {
	if q.events = q.events[1:]; len(q.events) == 0 {
		delete(l.waiting, q.key)
		return
	}
	next := q.events[0]
	next.class = resumed
	l.box.put(next)
}

// post hands this turn's messages to the mailboxes of this node; those to other nodes go out with their rows, and so do
// those that would overtake an earlier one which is still on that way.
func (l *Loop) post() {
	for ; l.posted < len(l.sent); l.posted++ {
		m := l.sent[l.posted]
		l.changed = true
		if to := l.node.loop(m.to); to != nil && l.links.upToDate(m.to, to.links) {
			m.local, m.at = true, to
			l.node.underway.add(1)
			to.put(&envelope{class: urgent, body: m.body, letter: m})
		} else {
			l.links.sendsRow(m.to)
		}
	}
}

// putBack keeps an event until its broken loop is dropped.
func (l *Loop) putBack(e *envelope) {
	l.node.count(e) // as what it was
	e.class = resumed
	l.box.put(e)
}

// put adds an event and has the loop run.
func (l *Loop) put(e *envelope) {
	l.box.put(e)
	l.node.ready.add(l)
}

// turnsAtOnce is how many turns a goroutine that brings an event takes itself.
const turnsAtOnce = 4

// bring adds an event and, while Run drives the node, has it decided by the goroutine that brings it, if nobody else is
// at it: that saves waking a worker. The caller holds no lock.
func (l *Loop) bring(e *envelope) {
	l.box.put(e)
	if l.node.driven.Load() && l.turn.TryLock() {
		for range turnsAtOnce {
			if !l.turnLocked() {
				break
			}
		}
		l.turn.Unlock()
		if !l.box.waiting(continuation) {
			return
		}
	}
	l.node.ready.add(l)
}

// seal swaps out what has been decided in the loop's epoch. The caller holds turn.
func (l *Loop) seal() {
	if !l.changed && len(l.held) == 0 && len(l.sent) == 0 && len(l.consumed) == 0 {
		return
	}
	p := l.node.parts.get()
	p.loop, p.epoch, p.now, p.dirty = l, l.epoch, l.floor, l.dirty
	if l.changed {
		l.sealRows(p)
	}
	p.held, l.held = l.held, p.held
	p.sent, l.sent = l.sent, p.sent
	p.consumed, l.consumed = l.consumed, p.consumed
	l.calm()
	l.node.dirty.Add(-l.dirty)
	l.node.inflight.Add(l.dirty)
	l.changed, l.dirty, l.posted = false, 0, 0
	l.sealed = append(l.sealed, p)
}

// sealRows encodes what has changed. A machine that cannot do that is as good as one that has panicked on an event.
func (l *Loop) sealRows(p *part) {
	defer func() {
		if r := recover(); r != nil {
			l.broken = true
			l.unsealed = &machinePanic{fmt.Sprintf("panic while encoding rows: %v", r), debug.Stack()}
			l.node.trouble.panicked(l, nil, l.unsealed)
		}
	}()
	p.rows, p.buf = l.machine.Seal(p.rows, p.buf)
}

// takeSeals appends what the group adds to the batch of an epoch, sealing it if need be. whole is false if that cannot
// be told any more. The caller is the committer.
func (l *Loop) takeSeals(epoch uint64, into []*part) (parts []*part, whole bool) {
	if !l.active.Load() {
		return into, true
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.epoch <= epoch {
		if l.broken {
			return into, false
		}
		l.seal()
		if l.broken {
			return into, false
		}
		l.active.Store(false)
	} // else it already works for the next batch, and stays active
	for len(l.sealed) > 0 && l.sealed[0].epoch <= epoch {
		into = append(into, l.sealed[0])
		l.sealed = l.sealed[1:]
	}
	return into, true
}
