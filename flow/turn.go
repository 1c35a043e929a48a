package flow

import (
	"github.com/segue-run/segue/store"
)

// Turn is one call of Machine.Handle: what the machine may look at besides its memory, and what it asks for. It is
// valid during the call only.
type Turn struct {
	// Now is the group's time in epoch milliseconds; it never goes back.
	Now int64
	// Epoch is the batch that this turn will be part of (unless an express batch takes it before); Durable is the newest one
	// known to be on disk, with all that belongs to it. What was last changed in an epoch up to Durable may be forgotten and
	// fetched again.
	Epoch, Durable uint64
	// Fetched says that the event is delivered again after a Need; Rows are the rows it asked for, in order.
	Fetched bool
	Rows    []store.Row

	loop      *Loop
	event     *envelope
	replied   bool
	need      *need
	dirtied   bool
	continued bool
}

// need is an unanswered Turn.Need.
type need struct {
	key     int64
	queries []store.Query
}

// Dirty says that about n bytes of rows have changed, so that they are written with this epoch.
func (t *Turn) Dirty(n int) {
	t.dirtied = true
	t.loop.dirty += int64(n)
	t.loop.node.dirty.Add(int64(n))
	if t.loop.hurried.Load() {
		t.loop.node.hurried.bytes.Add(int64(n))
	}
}

// Reply answers the command under way once this turn's epoch is durable. It does nothing for other events. The
// first reply counts; an error value becomes the error of the command.
func (t *Turn) Reply(value any) {
	if t.event.command == nil || t.replied {
		return
	}
	t.replied = true
	t.loop.held = append(t.loop.held, held{command: t.event.command, value: value})
}

// Hold lets an effect out once this turn's epoch is durable.
func (t *Turn) Hold(effect any) {
	t.loop.held = append(t.loop.held, held{value: effect})
}

// Express is Hold for an effect that something outside waits for. If other groups have decided much in this epoch, it may go out
// with a batch of its own group before theirs (see Node.Express).
func (t *Turn) Express(effect any) {
	t.Hold(effect)
	t.loop.hurry()
}

// Send posts a message to another group, or to this one. It is delivered exactly once, whatever crashes.
func (t *Turn) Send(to store.Group, m Message) {
	t.loop.sent = append(t.loop.sent, &letter{from: t.loop.group, to: to, body: m, sentAt: t.Now})
}

// Again delivers event to this machine later: after messages, edge events and commands that are already waiting.
func (t *Turn) Again(event any) {
	t.continued = true
	t.loop.node.underway.add(1)
	t.loop.box.put(&envelope{class: continuation, body: event})
}

// Soon delivers event to this machine like one from the edge: before commands and continuations.
func (t *Turn) Soon(event any) {
	t.loop.box.put(&envelope{class: outside, body: event})
}

// Need asks for rows. The event is delivered again when they are there; until then, events that need the same key
// wait behind it, in order. The machine must have changed nothing in this turn.
func (t *Turn) Need(key int64, queries ...store.Query) {
	t.need = &need{key: key, queries: queries}
}
