package sim

import (
	"context"
	"fmt"

	"github.com/segue-run/segue/store"
)

const (
	restRounds   = 2000
	restStill    = 100 // rounds in which nothing moves but time
	restMisled   = 5
	restPatience = 100 // rounds after which the operator looks, even if something moves
	restOperate  = 10  // rounds between two things that the operator does
	restCommits  = 20  // of one host in one round
	restTurns    = 200 // of one host for one batch
	restSteps    = 50  // of one committer for one batch
)

// rest ends all faults, has everything done that is left, and checks what has come of it.
func (r *run) rest() {
	r.calm = true
	r.trace.line("calm")
	for _, h := range r.hosts {
		h.until, h.skew = 0, 0
	}
	for len(r.zombies) > 0 {
		r.landZombie()
	}
	for round, still := 0, 0; r.failed == nil; round++ {
		r.time += 300
		if r.round(still > 0) {
			still = 0
		} else {
			still++
			r.time += 1000
		}
		if (still == restMisled || round%restPatience == restPatience-1) && r.wakeMisled() || round%restOperate == restOperate-1 && r.operate() {
			still = 0
		}
		err := r.unrest()
		switch {
		case still >= 3 && err == nil:
			r.final()
			return
		case still >= restStill && r.time > r.latest+restStill*1000: // a group that has seen a later time waits until it has come
			r.fail("nothing moves any more, but %v", err)
		case round == restRounds:
			r.fail("no rest after %d rounds: %v", round, err)
		}
	}
}

// operate has the operator do something, if there is anything to do.
func (r *run) operate() bool {
	o, ok := r.world.(Operator)
	if !ok {
		return false
	}
	q := o.Operate()
	if q == nil {
		return false
	}
	r.open = append(r.open, q)
	return true
}

// wakeMisled restarts the nodes that do not know yet what the store has lost, as an operator would do: they find out with
// their next batch, and have nothing more to write.
func (r *run) wakeMisled() bool {
	any := false
	for _, h := range r.hosts {
		if h.misled && !h.told && h.up() && h.phase == idle {
			h.crash()
			any = true
		}
	}
	return any
}

// round lets everything run once; false if nothing has moved. The nodes of a cluster read their inboxes.
func (r *run) round(inbox bool) bool {
	moved := false
	for _, h := range r.hosts {
		if r.failed != nil {
			return true
		}
		if !h.up() {
			h.start()
			moved = true
		}
		if !h.seated {
			h.join()
		}
	}
	for g := range r.climate.Groups {
		g := store.Group(g)
		if o := r.owner(g); o == nil || !o.node.Owns(g) && o.phase == idle {
			r.hosts[r.rng.IntN(len(r.hosts))].claim(g)
			moved = true
		}
	}
	for _, h := range r.hosts {
		if inbox { // nothing has moved in the round before
			h.checkInbox()
		}
		moved = h.calmRound(inbox && r.climate.Nodes > 1) || moved
	}
	for len(r.mail) > 0 && r.failed == nil {
		moved = r.post() || moved
	}
	return r.calmClients() || moved
}

// calmClients has every open request asked and every outside event delivered.
func (r *run) calmClients() bool {
	moved := false
	for _, q := range append([]*Request(nil), r.open...) {
		if h := r.owner(q.Group); h != nil && q.asks == 0 {
			r.ask(h, q)
			moved = true
		}
	}
	for i := 0; i < 10 && r.edge(); i++ {
		moved = true
	}
	return moved
}

// calmRound runs a host as flow.Node.Run would: it does only what flow asks for.
func (h *host) calmRound(inbox bool) bool {
	h.on(func() { h.node.Tick() })
	if inbox {
		h.on(h.node.Inbox)
		h.collectReady()
		h.fetchAll()
	}
	moved := false
	for n := 0; n < restCommits && h.up() && h.run.failed == nil && h.calmCommit(); n++ {
		moved = true // perhaps it takes one event for each commit
	}
	return moved
}

// calmCommit has a host decide what there is to decide, and commit it; false if nothing has moved.
func (h *host) calmCommit() bool {
	r := h.run
	moved := false
	h.collectReady()
	for n := 0; len(h.ready) > 0 && n < restTurns && r.failed == nil; n++ {
		h.turn(h.ready[r.rng.IntN(len(h.ready))])
		h.collectReady()
		moved = true
	}
	moved = h.fetchAll() || moved
	h.collectReady()
	if h.phase == idle && h.wanted || h.phase != idle {
		moved = true
		for n := 0; (n == 0 || h.phase != idle) && n < restSteps && h.up() && r.failed == nil; n++ {
			h.committerStep()
		}
	}
	return moved
}

// fetchAll runs the fetches that are there; false if there were none.
func (h *host) fetchAll() bool {
	n := len(h.fetches)
	for range n {
		if h.run.failed == nil {
			h.fetch(0)
		}
	}
	return n > 0
}

// unrest returns what is left to be done.
func (r *run) unrest() error {
	if len(r.open) > 0 {
		q := r.open[0]
		return fmt.Errorf("%d requests are open, the first is %s with %d attempts under way", len(r.open), q.ID, q.asks)
	}
	for _, h := range r.hosts {
		if len(h.asks) > 0 {
			return fmt.Errorf("%s: %d requests have no answer", h.name, len(h.asks))
		}
	}
	if err := r.disk.leftover(); err != nil {
		return err
	}
	var rest error
	if err := r.disk.peek(func(s store.Snapshot) error { rest = r.world.Rest(s); return nil }); err != nil {
		return err
	}
	return rest
}

// final compares every group with the store, and the store with what was promised.
func (r *run) final() {
	for _, h := range r.hosts {
		if b := h.node.Begin(); b != nil && !b.Empty() {
			r.fail("%s: a batch of %d rows although nothing has asked for a commit", h.name, len(b.Store.Rows))
			return
		} else if b != nil {
			h.commit(func() { h.node.End(b, h.node.Commit(context.Background(), b)) })
		}
		h.compare()
	}
	if err := r.disk.peek(r.world.Final); err != nil {
		r.fail("%v", err)
	}
}
