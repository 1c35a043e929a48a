package flow

import (
	"context"

	"github.com/segue-run/segue/store"
)

// Batch is a consistent cut: everything that all groups of the node have decided in one epoch and is not durable yet, or of some
// groups alone (see Express).
type Batch struct {
	Store store.Batch
	epoch uint64
	parts []*part
	dirty int64
	// express says that it comes from Express.
	express bool
	// only is the one event that the batch holds, when the node looks for the one that the store refuses.
	only *suspect
	// fence says that even a batch which writes nothing is committed, to see that its answers are those of the owner.
	fence bool
}

// Empty reports whether there is nothing to write; End may then be called without a Commit.
func (b *Batch) Empty() bool {
	s := &b.Store
	return !b.fence && len(s.Rows) == 0 && len(s.Send) == 0 && len(s.Consumed) == 0 && len(s.Groups) == 0
}

// Bytes returns the size of the documents in the batch.
func (b *Batch) Bytes() int64 {
	var n int64
	for i := range b.Store.Rows {
		n += int64(len(b.Store.Rows[i].Doc))
	}
	return n
}

// Begin closes the present epoch and returns its batch, or nil if nothing was decided in it (or what was decided had to be
// taken back; see Recover). The loops go on in the next epoch at once. Only one batch may be under way.
func (n *Node) Begin() *Batch {
	c := n.Cut()
	for c.Next() {
		c.Collect()
	}
	return c.Batch()
}

// Cut is Begin in steps: the loops run on between any two of them.
type Cut struct {
	node  *Node
	batch *Batch
	next  int
	torn  bool // a group cannot tell any more what it has decided
}

// Cut closes the present epoch.
func (n *Node) Cut() *Cut {
	k := n.epoch.Load()
	b := n.batches.get()
	b.epoch = k
	n.epoch.Store(k + 1)
	return &Cut{node: n, batch: b}
}

// Next reports whether there is a group left to collect from.
func (c *Cut) Next() bool { return c.next < len(c.node.loops) }

// Group returns the group that Collect looks at next; it waits for the end of a turn of that group.
func (c *Cut) Group() store.Group { return store.Group(c.next) }

// Collect takes what the next group has decided in the epoch.
func (c *Cut) Collect() {
	if l := c.node.loops[c.next].Load(); l != nil {
		parts, whole := l.takeSeals(c.batch.epoch, c.batch.parts)
		c.batch.parts, c.torn = parts, c.torn || !whole
	}
	c.next++
}

// Batch returns what was collected, as Begin does.
func (c *Cut) Batch() *Batch {
	n, b := c.node, c.batch
	b.only = n.trouble.cut(b.epoch)
	n.readyHeldBack()
	if c.torn {
		if b.only != nil && b.only.loop.unsealed != nil {
			n.refused(b, b.only.loop.unsealed)
		}
		for _, p := range b.parts {
			b.dirty += p.dirty
		}
		n.stats.Drops.Add(1)
		n.drop(b, false)
		n.batches.put(b)
		return nil
	}
	if len(b.parts) == 0 {
		n.durableUpTo(b.epoch)
		n.batches.put(b)
		if n.trouble.isolated.Load() > 0 {
			n.readyHeldBack()
		}
		return nil
	}
	n.assemble(b)
	n.cutLetters(b)
	return b
}

// assemble makes the batch of the store from its parts.
func (n *Node) assemble(b *Batch) {
	s := &b.Store
	s.Seat, s.Time = n.seat, n.clock()
	b.fence = n.shared
	for _, p := range b.parts {
		s.Time = max(s.Time, p.now)
		b.dirty += p.dirty
		s.Rows = append(s.Rows, p.rows...)
		s.Fences = append(s.Fences, store.Fence{Group: p.loop.group, Generation: p.loop.generation})
	}
}

// cutLetters turns the messages that cross the cut into rows, and removes the rows of those consumed. No loop can
// consume anything in the epoch of the batch any more.
func (n *Node) cutLetters(b *Batch) {
	s := &b.Store
	for _, p := range b.parts {
		wrote := false
		for _, m := range p.sent {
			if m.consumed.Load() == b.epoch {
				continue
			}
			number := p.loop.links.next(m.to, m.local)
			if m.local {
				m.at.links.acceptLocal(m.from, number)
			}
			m.number.Store(number)
			wrote = true
			s.Send = append(s.Send, store.Message{From: m.from, To: m.to, Number: number, Sent: m.sentAt, Body: m.body.AppendBody(nil)})
			n.stats.Letters.Add(1)
		}
		for _, m := range p.consumed {
			number := m.number.Load()
			if number == 0 {
				continue
			}
			p.loop.links.consume(m.from, number)
			wrote = true
			s.Consumed = append(s.Consumed, store.Message{From: m.from, To: m.to, Number: number})
		}
		if wrote { // nothing else in the batch touches the links of this group
			s.Groups = append(s.Groups, store.GroupState{Group: p.loop.group, Doc: p.loop.links.doc()})
		}
	}
}

// readyHeldBack has the loops run again that were held back by the limits of the epoch before: each time another one first, or
// the first ones would fill every epoch.
func (n *Node) readyHeldBack() {
	n.first = (n.first + 1) % len(n.loops)
	for i := range n.loops {
		if l := n.loops[(n.first+i)%len(n.loops)].Load(); l != nil && l.box.waiting(continuation) {
			n.ready.add(l)
		}
	}
}

// Commit writes a batch to the store. It may be repeated.
func (n *Node) Commit(ctx context.Context, b *Batch) error {
	if b.Empty() {
		return nil
	}
	b.Store.Number = n.number + 1
	return n.store.Commit(ctx, &b.Store)
}

// Verdict says what has become of a batch.
type Verdict uint8

// The verdicts of End.
const (
	// Landed: durable; its effects are out.
	Landed Verdict = iota
	// Repeat: not known to be durable; commit the same batch again after a while, then call End again.
	Repeat
	// Dropped: it will never be durable. The groups that depended on it are gone; Recover loads them again.
	Dropped
	// Halt: the store cannot be trusted. Answer nothing more and end the process.
	Halt
)

// End takes note of how the commit of a batch went, and lets out what may now be let out.
func (n *Node) End(b *Batch, err error) Verdict {
	if err == nil {
		n.land(b)
		return Landed
	}
	return n.failed(b, err)
}

func (n *Node) land(b *Batch) {
	s := &b.Store
	if !b.Empty() {
		n.number = s.Number
		n.stats.Commits.Add(1)
		n.stats.Rows.Add(int64(len(s.Rows) + len(s.Send) + len(s.Consumed) + len(s.Groups) + 1))
		n.stats.Bytes.Add(b.Bytes())
	}
	heldBack := n.dirty.Load()+n.inflight.Load() >= n.limits.HardBytes || n.trouble.isolated.Load() > 0
	n.inflight.Add(-b.dirty)
	n.trouble.landed(b.epoch)
	n.durableUpTo(b.epoch) // from here on a turn may enter that is the only one
	for _, p := range b.parts {
		for _, h := range p.held {
			if h.command == nil {
				n.outbox.Release(p.loop.group, p.loop.generation, h.value)
			}
		}
	}
	for _, p := range b.parts {
		for _, h := range p.held {
			if h.command != nil {
				h.answer()
			}
		}
	}
	for _, m := range s.Send {
		if n.loop(m.To) == nil {
			if n.forward != nil {
				n.forward(m)
			}
		} else if err := n.Receive(m); err != nil { // ignored if it was handed over
			n.report(Incident{What: "receive", Group: m.To, Err: err})
		}
	}
	if heldBack {
		n.readyHeldBack()
	}
	n.outbox.Released()
	for _, p := range b.parts {
		n.parts.put(p)
	}
	n.batches.put(b)
}

func (n *Node) durableUpTo(epoch uint64) {
	if epoch > n.durable.Load() {
		n.durable.Store(epoch)
	}
}

// answer lets a held answer out.
func (h *held) answer() {
	if err, bad := h.value.(error); bad {
		h.command.answer(nil, err)
		return
	}
	h.command.answer(h.value, nil)
}
