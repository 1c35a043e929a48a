package flow

import (
	"context"
	"sync"

	"github.com/segue-run/segue/store"
)

// Fetch reads rows that a machine has asked for, or the message rows of a group, off the loop.
type Fetch struct {
	loop    *Loop
	line    *line // of the event; nil = an inbox
	queries []store.Query
}

// Group returns the group whose rows or messages are read.
func (f *Fetch) Group() store.Group { return f.loop.group }

// Run reads the rows and delivers the events that wait for them. After an error it may be run again.
func (f *Fetch) Run(ctx context.Context) error {
	l := f.loop
	var rows []store.Row
	moved := false
	err := l.node.store.Read(ctx, func(s store.Snapshot) error {
		rows = rows[:0]
		o, err := s.Owner(l.group)
		if err != nil {
			return err
		}
		if moved = o.Generation != l.generation; moved {
			return nil
		}
		if f.line == nil {
			return l.node.readInbox(s, l)
		}
		for _, q := range f.queries {
			some, err := store.Collect(s, q)
			if err != nil {
				return err
			}
			rows = append(rows, some...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if moved { // what is in memory and what was read do not belong together
		l.outdate()
		return nil
	}
	if f.line == nil {
		return nil
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.gone {
		return nil
	}
	e := f.line.events[0]
	e.class, e.rows, e.fetched = resumed, rows, true
	l.box.put(e)
	l.node.ready.add(l)
	return nil
}

// readInbox accepts message rows that have not come by themselves.
func (n *Node) readInbox(s store.Snapshot, l *Loop) error {
	if n.loop(l.group) != l {
		return nil
	}
	return s.Messages(l.group, func(m *store.Message) error {
		ok, gap := l.links.accept(m.From, m.Number)
		if gap || !ok {
			return nil // gap: a row before it is not durable yet, or is being removed; the next reading sees it
		}
		body, err := n.kind.DecodeMessage(m.Body)
		if err != nil {
			return err
		}
		n.stats.Repairs.Add(1)
		x := &letter{from: m.From, to: m.To, body: body, sentAt: m.Sent}
		x.number.Store(m.Number)
		l.put(&envelope{class: urgent, body: body, letter: x})
		return nil
	})
}

// fetchQueue is the FIFO of fetches to run.
type fetchQueue struct {
	mu     sync.Mutex
	cond   sync.Cond
	items  []*Fetch
	closed bool
}

func (q *fetchQueue) init() { q.cond.L = &q.mu }

func (q *fetchQueue) add(f *Fetch) {
	q.mu.Lock()
	q.items = append(q.items, f)
	q.mu.Unlock()
	q.cond.Signal()
}

func (q *fetchQueue) take(wait bool) *Fetch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		if !wait || q.closed {
			return nil
		}
		q.cond.Wait()
	}
	if q.closed {
		return nil
	}
	f := q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	return f
}

func (q *fetchQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cond.Broadcast()
}

// NextFetch returns a fetch to run, or nil.
func (n *Node) NextFetch() *Fetch { return n.fetches.take(false) }

// WantsCommit reports, once for each time, that a batch should be cut.
func (n *Node) WantsCommit() bool {
	select {
	case <-n.commitKick:
		return true
	default:
		return false
	}
}

// NextReady returns a loop that may have something to do, or nil. The caller calls Turn until it returns false, or
// fewer times and then Ready.
func (n *Node) NextReady() *Loop { return n.ready.take(false) }

// Ready has the loop run again.
func (l *Loop) Ready() { l.node.ready.add(l) }
