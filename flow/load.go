package flow

import (
	"context"
	"fmt"
	"sync"

	"github.com/segue-run/segue/store"
)

// Join seats the node in the store. Nothing can be claimed before.
func (n *Node) Join(ctx context.Context) error {
	seat, err := n.store.Join(ctx, n.name, n.stride())
	if err != nil {
		return err
	}
	n.seat, n.number = seat, 0
	n.ids.reset() // a store that has lost the last seat may have lost the lease, too
	return n.LeaseIDs(ctx)
}

// LeaseIDs tops up the row keys that the node may hand out. It does nothing while there are plenty.
func (n *Node) LeaseIDs(ctx context.Context) error {
	for n.ids.wanted() {
		first, err := n.store.LeaseIDs(ctx, idLease)
		if err != nil {
			return err
		}
		n.ids.refill(first, idLease)
	}
	return nil
}

// Claim makes the node the owner of groups and loads them. After an error it may be called again for those that the node
// does not own then.
func (n *Node) Claim(ctx context.Context, groups ...store.Group) error {
	owned, err := n.store.Claim(ctx, n.seat, groups)
	if err != nil {
		if store.ClassOf(err) == store.Behind {
			n.unseated()
		}
		return err
	}
	for _, o := range owned {
		n.setGeneration(o.Group, o.Generation)
		if l := n.loop(o.Group); l != nil {
			l.outdate()
			continue
		}
		if err := n.load(ctx, o.Group, o.Generation); err != nil {
			return err
		}
	}
	return nil
}

// unseated has everything dropped, and the seat taken anew, with the next batch.
func (n *Node) unseated() {
	n.trouble.mu.Lock()
	n.trouble.rejoin = true
	n.trouble.mu.Unlock()
	for g := range n.loops {
		if l := n.loops[g].Load(); l != nil {
			l.outdate()
		}
	}
	n.kickCommitter()
}

// unclaimed has a group claimed again, on a seat taken anew, since the store has lost the claim.
func (n *Node) unclaimed(g store.Group) {
	n.trouble.mu.Lock()
	n.trouble.reload = append(n.trouble.reload, g)
	n.trouble.mu.Unlock()
	n.unseated()
}

// generations remembers under which generation each group was claimed.
type generations struct {
	mu sync.Mutex
	of map[store.Group]store.Generation
}

func (n *Node) setGeneration(g store.Group, gen store.Generation) {
	n.claimed.mu.Lock()
	defer n.claimed.mu.Unlock()
	if n.claimed.of == nil {
		n.claimed.of = map[store.Group]store.Generation{}
	}
	n.claimed.of[g] = gen
}

func (n *Node) generationOf(g store.Group) store.Generation {
	n.claimed.mu.Lock()
	defer n.claimed.mu.Unlock()
	return n.claimed.of[g]
}

// outdate has a loop dropped, and loaded again if the group is still the node's, with the next batch: another node has
// owned the group meanwhile, and this one did not notice.
func (l *Loop) outdate() {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.gone {
		return
	}
	l.broken = true
	l.active.Store(true)
	l.node.kickCommitter()
}

// load builds the loop of a group from the store and starts it with Loaded. A group that has another generation by now
// is not loaded: it has another owner, or the store has lost the claim, and the seat is taken anew to claim it again.
func (n *Node) load(ctx context.Context, g store.Group, gen store.Generation) error {
	if l := n.loop(g); l != nil && l.generation == gen {
		return nil // claimed anew since it was dropped
	}
	var l *Loop
	err := n.store.Read(ctx, func(s store.Snapshot) error {
		o, err := s.Owner(g)
		if err != nil {
			return err
		}
		if o.Generation > gen {
			n.moved(g)
			return nil
		}
		if o.Generation < gen {
			n.unclaimed(g)
			return nil
		}
		m, err := n.kind.Load(s, o, n.ids.take)
		if err != nil {
			return fmt.Errorf("load flow group %d: %w", g, err)
		}
		links, err := parseLinks(g, o.State)
		if err != nil {
			return fmt.Errorf("load flow group %d: %w", g, err)
		}
		l = &Loop{
			node: n, group: g, generation: gen, links: links, machine: m, floor: o.Floor,
			epoch: n.epoch.Load(), waiting: map[int64]*line{},
		}
		l.box.put(&envelope{class: urgent, body: Loaded{}})
		n.trouble.retell(l)
		return n.loadLetters(s, l)
	})
	if err != nil || l == nil {
		return err
	}
	if n.publish(l) {
		n.settleRefusals(g, true)
		n.ready.add(l)
		// What was sent since the snapshot found nobody here.
		n.fetches.add(&Fetch{loop: l})
	}
	return nil
}

// publish makes a loop the one of its group, unless the group has been claimed again or loaded meanwhile.
func (n *Node) publish(l *Loop) bool {
	n.claimed.mu.Lock()
	defer n.claimed.mu.Unlock()
	if n.claimed.of[l.group] != l.generation || !n.loops[l.group].CompareAndSwap(nil, l) {
		return false
	}
	n.trouble.found(l.group)
	return true
}

// loadLetters puts the message rows to a group into its mailbox, once each.
func (n *Node) loadLetters(s store.Snapshot, l *Loop) error {
	return s.Messages(l.group, func(m *store.Message) error {
		ok, gap := l.links.accept(m.From, m.Number)
		if gap {
			return fmt.Errorf("message %d from group %d to group %d follows a gap", m.Number, m.From, m.To)
		}
		if !ok {
			return nil
		}
		body, err := n.kind.DecodeMessage(m.Body)
		if err != nil {
			return fmt.Errorf("message %d from group %d to group %d: %w", m.Number, m.From, m.To, err)
		}
		x := &letter{from: m.From, to: m.To, body: body, sentAt: m.Sent}
		x.number.Store(m.Number)
		l.box.put(&envelope{class: urgent, body: body, letter: x})
		return nil
	})
}
