package flow

import "runtime"

// Express returns a batch of what groups have decided that have something to launch (Turn.Express), and of nothing else. It
// returns nil if there is no such group, or if it has to wait for the next cut. Only one batch may be under way.
//
// The epoch stays open. What a group decides depends on its own memory and on the messages that it consumes; so one that has
// neither sent nor consumed any since its last batch is a consistent cut by itself.
func (n *Node) Express() *Batch {
	if n.trouble.isolated.Load() > 0 { // then the cut tells which event is in a batch
		return nil
	}
	b := n.batches.get()
	b.express = true
	b.epoch = n.epoch.Load() - 1 // all else of the open one is still to come
	for g := range n.loops {
		if l := n.loops[g].Load(); l != nil && l.hurried.Load() {
			b.parts = l.takeExpress(b.parts)
		}
	}
	if len(b.parts) == 0 {
		n.batches.put(b)
		return nil
	}
	n.assemble(b)
	return b
}

// takeExpress appends what the group has decided, if that can go by itself. The caller is the committer.
func (l *Loop) takeExpress(into []*part) []*part {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.broken || !l.hurried.Load() || len(l.sent) > 0 || len(l.consumed) > 0 {
		return into
	}
	if l.seal(); l.broken { // the cut finds out
		return into
	}
	l.active.Store(false)
	into = append(into, l.sealed...)
	l.sealed = l.sealed[:0]
	return into
}

// hurry notes that the group has something to launch. The caller holds turn.
func (l *Loop) hurry() {
	if !l.hurried.Swap(true) {
		l.node.hurried.loops.Add(1)
		l.node.hurried.bytes.Add(l.dirty)
	}
}

// calm notes that what the group has to launch is in a batch or taken back. The caller holds turn.
func (l *Loop) calm() {
	if l.hurried.Swap(false) {
		l.node.hurried.loops.Add(-1)
		l.node.hurried.bytes.Add(-l.dirty)
	}
}

const (
	expressPart  = 3 // of the time that commits usually take, express batches get no more than one part in so many
	expressWorth = 2 // a launch may cost the others so many times the time that it gains
)

// expressPays reports whether an express batch is worth what it costs all those who wait for the rest.
func (n *Node) expressPays() bool {
	if n.hurried.loops.Load() == 0 || n.pace.debt > 0 {
		return false
	}
	alone := n.pace.prices.of(n.hurried.bytes.Load())
	if alone == 0 {
		alone = n.pace.bare
	}
	return (n.pace.prices.of(n.dirty.Load())-alone)*expressWorth > alone
}

// next begins the next batch: an express one if that pays, or the next cut; nil if that is empty.
func (n *Node) next() *Batch {
	if n.expressPays() {
		if b := n.Express(); b != nil {
			n.kickCommitter() // all else is still to come
			return b
		}
	}
	return n.Begin()
}

// yield lets those run who have just been answered: they may ask again, and should not have to wait for two commits. What is to be
// launched does not wait for them. After an express batch they are few, and what it has launched is to run.
func (n *Node) yield(afterExpress bool) {
	if afterExpress {
		runtime.Gosched()
		return
	}
	for i := 0; i < yields && !n.expressPays(); i++ {
		runtime.Gosched()
	}
}
