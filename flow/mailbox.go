package flow

import (
	"sync"

	"github.com/segue-run/segue/store"
)

// class orders the events of a mailbox.
type class uint8

const (
	// resumed: those that have waited for rows. Before everything, so that no other event comes between the rows and the one
	// that asked for them.
	resumed class = iota
	// urgent: messages, rows that were asked for, ticks, and what flow itself says. Always taken.
	urgent
	// outside: outcomes from the edge. Taken unless the node is at its hard limit.
	outside
	// commands: what users ask. Held back when the epoch is full.
	commands
	// continuation: the machine's own further work. Held back when the epoch is well filled. See commandsInARow.
	continuation

	classes
)

// Command is a request that is answered once its effect is durable.
type Command struct {
	Body any
	// Answer is called exactly once, from the committer's goroutine or from Deliver; it must not block.
	Answer func(value any, err error)

	answered bool
}

// answer answers the command, unless it has been: who cannot be decided or stored is told so at once, while the answer
// that its decision gave is still held.
func (c *Command) answer(value any, err error) {
	if c == nil || c.answered {
		return
	}
	c.answered = true
	c.Answer(value, err)
}

// envelope is an event in a mailbox.
type envelope struct {
	class   class
	body    any
	command *Command
	letter  *letter
	poison  *poison
	line    *line // in which it waits for rows
	counted bool  // taken once; no longer among what waits
	fetched bool  // rows are those that it asked for
	rows    []store.Row
}

// queue is a FIFO that reuses its space.
type queue struct {
	items []*envelope
	head  int
}

func (q *queue) push(e *envelope) { q.items = append(q.items, e) }

func (q *queue) pop() *envelope {
	e := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head >= 1024 && q.head*2 >= len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return e
}

func (q *queue) len() int { return len(q.items) - q.head }

// mailbox holds the events of one group.
type mailbox struct {
	mu     sync.Mutex
	queues [classes]queue
	asked  int // commands taken since the last continuation
}

// commandsInARow is how many commands are taken before a continuation that waits: users who never pause must not keep what
// they have begun from going on.
const commandsInARow = 16

func (b *mailbox) put(e *envelope) {
	b.mu.Lock()
	b.queues[e.class].push(e)
	b.mu.Unlock()
}

// take returns the next event of a class up to max, or nil.
func (b *mailbox) take(max class) *envelope {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := resumed; c <= max; c++ {
		if b.queues[c].len() == 0 {
			continue
		}
		switch {
		case c == commands && b.asked >= commandsInARow && max >= continuation && b.queues[continuation].len() > 0:
			c = continuation
			fallthrough
		case c == continuation:
			b.asked = 0
		case c == commands:
			b.asked++
		}
		return b.queues[c].pop()
	}
	return nil
}

// waiting reports whether an event of a class up to max is there.
func (b *mailbox) waiting(max class) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := resumed; c <= max; c++ {
		if b.queues[c].len() > 0 {
			return true
		}
	}
	return false
}

// drain empties the mailbox.
func (b *mailbox) drain() []*envelope {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*envelope
	for c := range b.queues {
		for b.queues[c].len() > 0 {
			all = append(all, b.queues[c].pop())
		}
	}
	return all
}
