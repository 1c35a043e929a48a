package flow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// trouble is what a node remembers of failed commits and panics.
//
// A batch that the store refuses (a constraint, a size, a text) names no culprit; and a machine that panics may have been
// told what is about to be taken back (by a group that has another owner by now, say). So the node drops what is not
// durable, reloads, and then takes one event for each commit, each on top of durable state only, until the culprit shows
// itself again; that event's entity is poisoned, and everything else goes on.
type trouble struct {
	isolated atomic.Int32 // commits to go with one event each

	mu       sync.Mutex
	isolate  int32          // commits to isolate after the next drop
	strikes  map[strike]int // panics that were not judged
	reload   []store.Group  // dropped, to be loaded again
	rejoin   bool           // the seat itself must be taken again
	now      *suspect       // the event decided in the present epoch, while isolated
	poisoned map[store.Group][]*poison
	repeats  map[store.Group]int   // panics in a row without a commit between
	lost     map[store.Group]error // given up, and why
	refusals map[store.Group][]refusal
}

// refusal is the answer to a command that was condemned, by a node that may not own the group any more: it is held until the
// group has been loaded again.
type refusal struct {
	command *Command
	err     error
}

// suspect is the one event in a batch; without a loop, a turn is still under way.
type suspect struct {
	loop  *Loop
	env   *envelope
	epoch uint64
}

// poison is a Poisoned that is told at each loading of its group until a batch has landed that holds what the machine made
// of it.
type poison struct {
	Poisoned
	epoch uint64 // in which it was decided; 0 = not yet
}

// strike is an entity in whose event a machine has panicked.
type strike struct {
	group  store.Group
	entity int64
}

const (
	isolatedCommits = 512 // after a refused batch: what was in it must come again
	isolatedByPanic = 64  // what a machine panics on mostly comes again at once
	strikesOut      = 3   // so many panics condemn an entity without isolation; whoever asked for it may be slow to repeat
	hopelessLoads   = 8
)

func (t *trouble) init() {
	t.strikes = map[strike]int{}
	t.poisoned, t.repeats, t.lost = map[store.Group][]*poison{}, map[store.Group]int{}, map[store.Group]error{}
	t.refusals = map[store.Group][]refusal{}
}

// enterTurn reports whether a turn may begin now.
func (n *Node) enterTurn() bool {
	if n.ids.left.Load() < idReserve {
		n.kickCommitter()
		return false
	}
	t := &n.trouble
	if t.isolated.Load() == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil || n.durable.Load()+1 != n.epoch.Load() {
		return false
	}
	t.now = &suspect{}
	return true
}

// leaveTurn ends what enterTurn began; l is nil if no event was taken.
func (n *Node) leaveTurn(l *Loop, e *envelope) {
	t := &n.trouble
	if t.isolated.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.now == nil || t.now.loop != nil:
	case l == nil:
		t.now = nil
	default:
		t.now = &suspect{loop: l, env: e, epoch: l.epoch}
	}
}

// cut returns the suspect of an epoch that has been collected.
func (t *trouble) cut(epoch uint64) *suspect {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.now
	if s != nil && s.loop != nil && s.epoch <= epoch {
		t.now = nil
		return s
	}
	return nil
}

// landed notes that a commit has succeeded.
func (t *trouble) landed(epoch uint64) {
	if t.isolated.Load() > 0 {
		t.isolated.Add(-1)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.repeats)
	for g, list := range t.poisoned {
		t.poisoned[g] = slices.DeleteFunc(list, func(p *poison) bool { return p.epoch != 0 && p.epoch <= epoch })
		if len(t.poisoned[g]) == 0 {
			delete(t.poisoned, g)
		}
	}
}

// decided notes that a machine has set an entity aside.
func (t *trouble) decided(p *poison, epoch uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.epoch = epoch
}

// retell puts what is to be told of a group's entities into the mailbox of its new loop.
func (t *trouble) retell(l *Loop) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.poisoned[l.group] {
		p.epoch = 0
		l.box.put(&envelope{class: urgent, body: p.Poisoned, poison: p})
	}
}

// found notes that a group could be loaded after all.
func (t *trouble) found(g store.Group) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.lost, g)
}

// moved forgets what was to be told of a group that has another owner.
func (n *Node) moved(g store.Group) {
	t := &n.trouble
	t.mu.Lock()
	delete(t.poisoned, g)
	delete(t.lost, g)
	delete(t.repeats, g)
	maps.DeleteFunc(t.strikes, func(s strike, _ int) bool { return s.group == g })
	t.mu.Unlock()
	n.settleRefusals(g, false)
}

// panicked notes which event a machine could not decide. e is nil if it was not one event.
func (t *trouble) panicked(l *Loop, e *envelope, err error) {
	n := l.node
	t.mu.Lock()
	defer t.mu.Unlock()
	t.repeats[l.group]++
	n.report(Incident{What: "panic", Group: l.group, Err: withStack(err)})
	if e == nil { // Batch knows whether it was one
		t.isolate = isolatedCommits
		return
	}
	t.isolate = max(t.isolate, isolatedByPanic)
	who := strike{l.group, entityOf(l.machine, e.body)}
	t.strikes[who]++
	judged := t.now != nil && t.now.loop == nil // nothing but this turn is not durable
	if judged || t.strikes[who] >= strikesOut {
		delete(t.strikes, who)
		n.refuse(who.group, e.command, fault.New(fault.Internal, "the request cannot be decided: %w", err))
		n.condemn(l, who.entity, e.body, err)
	}
}

// withStack adds the stack of a panic, for operators.
func withStack(err error) error {
	var p *machinePanic
	if errors.As(err, &p) {
		return fmt.Errorf("%w\n%s", err, p.stack)
	}
	return err
}

// entityOf asks the machine, whose memory may be anything by now.
func entityOf(m Machine, event any) (id int64) {
	defer func() { _ = recover() }() // then only the group is known
	return m.Entity(event)
}

// describe asks the machine, too. It cannot take the node down.
func describe(m Machine, event any) (told wire.Raw) {
	defer func() {
		n, err := wire.Parse([]byte(told))
		if recover() != nil || err != nil || n.Kind != wire.Object || len(told) > MaxDescription || wire.Storable(string(told)) != string(told) {
			told = wire.Raw(wire.Str([]byte("{"), "type", fmt.Sprintf("%T", event))) + "}"
		}
	}()
	return m.Describe(event)
}

// condemn has an entity poisoned, because of an event, when its group is loaded again. The caller holds trouble.mu.
func (n *Node) condemn(l *Loop, entity int64, event any, err error) {
	g := l.group
	if entity == 0 {
		n.report(Incident{What: "refused", Group: g, Err: err})
		return
	}
	t := &n.trouble
	told := slices.ContainsFunc(t.poisoned[g], func(p *poison) bool { return p.Entity == entity })
	if !told {
		t.poisoned[g] = append(t.poisoned[g], &poison{Poisoned: Poisoned{
			Entity: entity, Reason: reasonOf(err), Event: describe(l.machine, event),
		}})
	}
	n.stats.Quarantines.Add(1)
	n.report(Incident{What: "quarantine", Group: g, Err: err})
}

// reasonOf returns the text of an error, storable and of a length that a row can bear.
func reasonOf(err error) string {
	const most = 2000
	s := err.Error()
	if len(s) > most {
		s = s[:most]
	}
	return wire.Storable(s)
}

// failed decides what a failed commit means.
func (n *Node) failed(b *Batch, err error) Verdict {
	class := store.ClassOf(err)
	n.report(Incident{What: class.String(), Err: err})
	switch class {
	case store.Transient, store.Unknown:
		n.stats.Repeats.Add(1)
		return Repeat
	case store.Fatal:
		return Halt
	}
	n.stats.Drops.Add(1)
	if class == store.Refused {
		n.refused(b, err)
	}
	n.drop(b, class == store.Behind)
	n.batches.put(b)
	return Dropped
}

// refused looks for the culprit in a batch that can never be stored.
func (n *Node) refused(b *Batch, err error) {
	t := &n.trouble
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isolate = isolatedCommits
	if b.only == nil {
		return
	}
	l, event := b.only.loop, b.only.env.body
	n.condemn(l, entityOf(l.machine, event), event, err)
	n.refuse(b.only.loop.group, b.only.env.command, fault.New(fault.Internal, "the request cannot be stored: %w", err))
}

// refuse answers a command that was condemned, once it is known whose group it is. The caller holds trouble.mu.
func (n *Node) refuse(g store.Group, c *Command, err error) {
	switch {
	case c == nil || c.answered:
	case n.shared:
		c.answered = true // whatever becomes of the event
		n.trouble.refusals[g] = append(n.trouble.refusals[g], refusal{&Command{Answer: c.Answer}, err})
	default:
		c.answer(nil, err)
	}
}

// settleRefusals lets out what is held about a group: the refusals themselves if the group is still the node's, or else that
// it is not.
func (n *Node) settleRefusals(g store.Group, owned bool) {
	t := &n.trouble
	t.mu.Lock()
	list := t.refusals[g]
	delete(t.refusals, g)
	t.mu.Unlock()
	for _, r := range list {
		if owned {
			r.command.answer(nil, r.err)
		} else {
			r.command.answer(nil, errMoving)
		}
	}
}

// drop forgets every group that holds anything not durable, of the batch or of a later epoch, and every group that
// counts on a message of the batch. With all, it forgets every group, and the seat.
func (n *Node) drop(b *Batch, all bool) {
	var loops []*Loop
	for g := range n.loops {
		if l := n.loops[g].Load(); l != nil {
			l.turn.Lock() // all of them: nobody may build on what is being taken back
			loops = append(loops, l)
		}
	}
	for _, p := range b.parts {
		n.takeBack(p)
	}
	var events []*envelope
	var gone []store.Group
	for _, l := range loops {
		in := slices.ContainsFunc(b.parts, func(p *part) bool { return p.loop == l })
		if all || in || l.misled || l.active.Load() || len(l.sealed) > 0 {
			events = append(events, l.drop()...)
			gone = append(gone, l.group)
		}
	}
	n.durableUpTo(b.epoch) // of what is left
	t := &n.trouble
	t.mu.Lock()
	if all { // it was judged on memory that had nothing to do with the store
		clear(t.poisoned)
		clear(t.strikes)
	}
	if t.isolate > 0 {
		t.isolated.Store(max(t.isolate, t.isolated.Load()))
		t.isolate = 0
	}
	t.reload = append(t.reload, gone...)
	t.rejoin = t.rejoin || all
	t.now = nil
	t.mu.Unlock()
	for _, l := range loops {
		l.turn.Unlock()
	}
	n.readyHeldBack()
	for _, e := range events {
		n.discard(e)
	}
	if all {
		for g := range n.loops {
			n.settleRefusals(store.Group(g), false)
		}
	}
}

// takeBack cancels what a part would have let out.
func (n *Node) takeBack(p *part) {
	n.inflight.Add(-p.dirty)
	for _, m := range p.sent {
		m.void.Store(true)
		if m.local && m.number.Load() != 0 {
			m.at.misled = true
		}
	}
	n.cancel(p.held)
}

func (n *Node) cancel(list []held) {
	for _, h := range list {
		h.command.answer(nil, errMoving)
	}
}

// drop forgets the group and returns the events that nobody will decide. The caller holds turn.
func (l *Loop) drop() []*envelope {
	n := l.node
	l.gone = true
	n.loops[l.group].Store(nil)
	l.calm()
	n.dirty.Add(-l.dirty)
	for _, m := range l.sent {
		m.void.Store(true)
	}
	n.cancel(l.held)
	for _, p := range l.sealed {
		n.takeBack(p)
	}
	l.held, l.sent, l.sealed, l.dirty, l.changed = nil, nil, nil, 0, false
	events := l.box.drain()
	for _, key := range slices.Sorted(maps.Keys(l.waiting)) {
		events = append(events, l.waiting[key].events...)
	}
	l.waiting = nil
	return events
}

// Recover loads the groups again that were dropped and are still owned, or joins and claims anew if the seat was lost.
// It does nothing if nothing was dropped. After an error it may be called again.
func (n *Node) Recover(ctx context.Context) error {
	t := &n.trouble
	t.mu.Lock()
	rejoin := t.rejoin
	t.mu.Unlock()
	if rejoin { // on a new seat nobody would find out that the store has lost what is still in memory
		n.drop(&Batch{}, true)
	}
	t.mu.Lock()
	groups := t.reload
	t.reload = nil
	if rejoin {
		t.rejoin = false
	}
	t.mu.Unlock()
	if len(groups) == 0 && !rejoin {
		return nil
	}
	slices.Sort(groups)
	groups = slices.Compact(groups)
	err := n.recover(ctx, groups, rejoin)
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.rejoin = t.rejoin || rejoin
		for _, g := range groups {
			if !n.Owns(g) {
				t.reload = append(t.reload, g)
			}
		}
	}
	return err
}

func (n *Node) recover(ctx context.Context, groups []store.Group, rejoin bool) error {
	if rejoin {
		if err := n.Join(ctx); err != nil {
			return err
		}
		mine, err := n.stillMine(ctx, groups)
		if err != nil {
			return err
		}
		if len(mine) == 0 && len(groups) > 0 {
			n.report(Incident{What: "ousted", Err: errOusted})
		}
		return n.Claim(ctx, mine...)
	}
	for _, g := range groups {
		if n.hopeless(g) {
			n.lose(g, fmt.Errorf("flow group %d cannot be run: it has failed %d times in a row", g, hopelessLoads))
			continue
		}
		err := n.load(ctx, g, n.generationOf(g))
		if err != nil && store.ClassOf(err) == store.Refused { // its rows cannot be read: the others need not wait for it
			n.lose(g, fmt.Errorf("flow group %d cannot be run: %w", g, err))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errOusted = fault.New(fault.Conflict, "another process has claimed every flow group of this node")

// lose gives a group up. The others go on.
func (n *Node) lose(g store.Group, why error) {
	n.trouble.mu.Lock()
	n.trouble.lost[g] = why
	n.trouble.mu.Unlock()
	n.settleRefusals(g, false)
	n.report(Incident{What: "fatal", Group: g, Err: why})
}

// Health returns what keeps the node from its work: the store takes nothing, or a group had to be given up. nil = nothing.
func (n *Node) Health() error {
	if err := n.Stall().Err(); err != nil {
		return err
	}
	t := &n.trouble
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range slices.Sorted(maps.Keys(t.lost)) {
		return fault.New(fault.Unavailable, "%w", t.lost[g])
	}
	return nil
}

// stillMine returns the groups that nobody has claimed since this node did. The store may have forgotten its claim.
func (n *Node) stillMine(ctx context.Context, groups []store.Group) (mine []store.Group, err error) {
	err = n.store.Read(ctx, func(s store.Snapshot) error {
		mine = mine[:0]
		for _, g := range groups {
			o, err := s.Owner(g)
			if err != nil {
				return err
			}
			if o.Generation <= n.generationOf(g) {
				mine = append(mine, g)
			} else {
				n.moved(g)
			}
		}
		return nil
	})
	return mine, err
}

func (n *Node) hopeless(g store.Group) bool {
	n.trouble.mu.Lock()
	defer n.trouble.mu.Unlock()
	return n.trouble.repeats[g] >= hopelessLoads
}
