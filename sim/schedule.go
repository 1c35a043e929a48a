package sim

import (
	"context"
	"slices"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

// act does one thing out of all that may happen now.
func (r *run) act() {
	for range 20 {
		if r.one() {
			return
		}
	}
	r.time += int64(r.rng.IntN(20))
}

// yieldDepth is how often others may interrupt each other.
const yieldDepth = 3

// yield lets others run inside a call of h (nil: of nobody).
func (r *run) yield(h *host) { r.yieldFor(h, r.climate.Yield, 6) }

// yieldFor is yield in so many cases of a hundred, and for at most so many things; some calls take long.
func (r *run) yieldFor(h *host, percent, most int) {
	if r.calm || h == nil || r.depth >= yieldDepth || r.failed != nil || !r.chance(percent) {
		return
	}
	r.depth++
	r.met.one("yields")
	before := r.current
	if r.chance(30) { // what comes between is most often a batch
		for n := r.rng.IntN(most); n > 0 && h.up() && h.seated; n-- {
			h.committerStep()
		}
	}
	for range 1 + r.rng.IntN(most) {
		r.act()
	}
	r.current = before
	r.depth--
}

// host draws a host that can run.
func (r *run) host() *host {
	h := r.hosts[r.rng.IntN(len(r.hosts))]
	if !h.up() || h.until > r.step {
		return nil
	}
	return h
}

// one tries one thing; false if it cannot happen now.
func (r *run) one() bool {
	if n := r.rng.IntN(1000); n < 60 {
		if r.trouble(n) {
			return true
		}
	}
	if r.inherit() {
		return true
	}
	if len(r.zombies) > 0 && r.zombies[0].host.seated && r.chance(3) && r.landZombie() {
		return true
	}
	switch n := r.rng.IntN(100); {
	case n < 35:
		return r.turnSome()
	case n < 58:
		h := r.host()
		return h != nil && h.seated && (h.phase != idle || h.wanted && r.chance(r.climate.Cut) || r.chance(10)) &&
			(h.phase != begun && h.phase != committed || !r.climate.SlowCommits || r.chance(20)) && h.committerStep()
	case n < 66:
		h := r.host()
		if h == nil {
			return false
		}
		h.collectReady()
		if len(h.fetches) == 0 {
			return false
		}
		i := r.rng.IntN(len(h.fetches))
		if h.turning[h.fetches[i].Group()] > 0 {
			return false
		}
		h.fetch(i)
		return true
	case n < 80:
		return r.client()
	case n < 86:
		return r.post()
	case n < 89:
		return r.edge()
	case n < 95:
		r.time += int64(r.rng.IntN(r.climate.Stride))
		return true
	case n < 98:
		h := r.host()
		if h == nil {
			return false
		}
		h.on(func() { h.node.Tick() })
		return true
	case n < 99:
		return r.compareSome()
	default:
		h := r.host()
		if h == nil || r.climate.Nodes == 1 || !r.chance(30) {
			return false
		}
		h.on(func() { h.node.Inbox() })
		return true
	}
}

// turnSome has some loop take an event.
func (r *run) turnSome() bool {
	h := r.host()
	if h == nil {
		return false
	}
	h.collectReady()
	if len(h.ready) == 0 {
		return false
	}
	l := h.ready[r.rng.IntN(len(h.ready))]
	if h.turning[l.Group()] > 0 {
		return false
	}
	h.turn(l)
	return true
}

// trouble does one of the rare bad things; n is below 60.
func (r *run) trouble(n int) bool {
	c := &r.climate
	in := func(perMille int) bool { return r.rng.IntN(10) < perMille }
	switch n % 6 {
	case 0:
		h := r.hosts[r.rng.IntN(len(r.hosts))]
		if !h.up() || h.stack > 0 || !in(c.Crash) && !(r.shaky(h) && r.chance(30)) {
			return false
		}
		h.crash()
	case 1:
		return r.recoverHost()
	case 2:
		if !in(c.Takeover) {
			return false
		}
		return r.takeover()
	case 3:
		h := r.host()
		if h == nil || !in(c.Freeze) {
			return false
		}
		long := 1 + r.rng.IntN(300)
		h.until = r.step + long
		if r.chance(50) {
			h.lapse = r.step + 1 + r.rng.IntN(long)
		}
		r.met.one("hosts frozen")
		r.trace.line("%s: frozen until %d", h.name, h.until)
	case 4:
		if r.depth == 0 && (in(c.Forget) || c.Forget > 0 && r.justTook() && r.chance(30)) {
			r.disk.forget(1 + r.rng.IntN(remembered))
			return true
		}
		return r.landZombie()
	default:
		h := r.host()
		if h == nil || !c.Jumps || !r.chance(20) {
			return false
		}
		h.skew += int64(r.rng.IntN(20001)) - 10000
		r.met.one("jumps of a clock")
		r.trace.line("%s: clock jumps to %d", h.name, h.skew)
	}
	return true
}

// shaky reports whether a host is likely to crash: a store that loses batches and processes that end have the same causes. It
// is so for a while after a restore, and for a process whose first batch is on its way.
func (r *run) shaky(h *host) bool {
	return r.climate.Forget > 0 && (r.step < r.disk.shakyUntil || h.phase == begun && h.marks.joined >= r.disk.seq)
}

// justTook reports whether a process has taken something that a restore would lose. It may be one that is gone, but for a
// commit that is on its way.
func (r *run) justTook() bool {
	for _, h := range r.hosts {
		if h.up() && max(h.marks.joined, h.marks.claimed, h.marks.leased)+1 >= r.disk.seq {
			return true
		}
	}
	for _, z := range r.zombies {
		if z.marks.joined+1 >= r.disk.seq {
			return true
		}
	}
	return false
}

// recoverHost boots a host that is down, seats one that is not, and has it claim some groups that nobody serves.
func (r *run) recoverHost() bool {
	h := r.hosts[r.rng.IntN(len(r.hosts))]
	switch {
	case h.up() && h.stack > 0:
		return false
	case !h.up():
		h.start()
	case !h.seated:
		h.join()
	case h.busy() || h.until > r.step:
		return false
	}
	if !h.seated {
		return true
	}
	mine := slices.DeleteFunc(r.orphans(h), func(store.Group) bool { return r.chance(50) })
	if len(mine) > 0 {
		h.claim(mine...)
	}
	return len(mine) > 0
}

// orphans returns the groups without a living owner, and those that h has owned in an earlier life.
func (r *run) orphans(h *host) []store.Group {
	var groups []store.Group
	for g := range r.climate.Groups {
		if o := r.owner(store.Group(g)); o == nil || o == h && !h.node.Owns(store.Group(g)) {
			groups = append(groups, store.Group(g))
		}
	}
	return groups
}

// takeover has a host take groups from another, which may go on for a while.
func (r *run) takeover() bool {
	h := r.host()
	if h == nil || !h.seated || h.busy() {
		return false
	}
	var groups []store.Group
	for g := range r.climate.Groups {
		if r.disk.book.owner[store.Group(g)].Node != h.name && r.chance(40) {
			groups = append(groups, store.Group(g))
		}
	}
	if len(groups) == 0 {
		return false
	}
	r.met.one("takeovers")
	r.rng.Shuffle(len(groups), func(i, k int) { groups[i], groups[k] = groups[k], groups[i] })
	h.claim(groups...)
	return true
}

// inherit has another host take groups of one that is frozen for so long that its lease is over; false if there is none.
func (r *run) inherit() bool {
	for _, frozen := range r.hosts {
		if frozen.lapse == 0 || frozen.lapse > r.step {
			continue
		}
		if frozen.until <= r.step {
			frozen.lapse = 0 // it was back in time
			continue
		}
		h := r.host()
		if h == nil || h == frozen || !h.seated || h.busy() {
			continue
		}
		frozen.lapse = 0
		var groups []store.Group
		share := []int{50, 100}[r.rng.IntN(2)] // others are handed over only in part
		for g := range r.climate.Groups {
			if r.disk.book.owner[store.Group(g)].Node == frozen.name && r.chance(share) {
				groups = append(groups, store.Group(g))
			}
		}
		if len(groups) > 0 {
			r.met.one("takeovers from a frozen owner")
			h.claim(groups...)
			return true
		}
	}
	return false
}

// landZombie lets the commit of a process that is gone arrive, or be lost.
func (r *run) landZombie() bool {
	if len(r.zombies) == 0 {
		return false
	}
	z := r.zombies[0]
	if !r.calm && !(z.host.up() && z.host.seated) && r.chance(60) {
		return false
	}
	r.zombies = r.zombies[1:]
	if r.chance(30) {
		return true
	}
	r.met.one("commits after the end of their process")
	err := z.node.Commit(context.Background(), z.batch)
	r.trace.line("zombie commit of %s: %s", z.host.name, short(err))
	return true
}

// settle has a host work off what there is to do, undisturbed but by faults, for as long as a quiet moment lasts.
func (h *host) settle() {
	for n := 0; n < settleSteps && h.up() && h.stack == 0; n++ {
		h.collectReady()
		switch {
		case len(h.ready) > 0:
			h.turn(h.ready[0])
		case len(h.fetches) > 0:
			h.fetch(0)
		case h.phase != idle || h.wanted:
			h.committerStep()
		default:
			return
		}
	}
}

// settleSteps is how long a quiet moment is at most.
const settleSteps = 60

// goOn has the other groups of a host work while one is being loaded. What they send to it finds nobody there.
func (h *host) goOn() {
	r := h.run
	if r.calm || h.claiming == 0 || r.depth >= yieldDepth || !r.chance(30) {
		return
	}
	r.depth++
	r.met.one("yields")
	before := r.current
	for n := r.rng.IntN(60); n > 0 && h.up() && r.failed == nil; n-- {
		switch r.rng.IntN(4) {
		case 0:
			r.client()
		case 1:
			r.turnSome()
		default:
			h.committerStep()
		}
	}
	r.current = before
	r.depth--
}

// compareSome compares the groups of a host with the store, if all that they have decided is durable.
func (r *run) compareSome() bool {
	h := r.host()
	if h == nil || h.phase != idle || h.busy() || !h.seated {
		return false
	}
	if r.chance(15) {
		h.settle()
		if !h.up() || h.phase != idle {
			return true
		}
	}
	drops, yields := h.node.Stats().Drops.Load(), r.met["yields"]
	h.commit(func() { h.batch = h.node.Begin() })
	if h.batch != nil {
		h.phase = begun
		return true
	}
	h.phase = recovering
	if h.node.Stats().Drops.Load() == drops && r.met["yields"] == yields {
		h.compare()
		h.phase = idle
		h.checkInbox()
		h.phase = recovering
	}
	return true
}

// compare compares every group of a host with the store. Nothing is decided and not durable.
func (h *host) compare() {
	r := h.run
	if h.misled {
		return
	}
	err := r.disk.peek(func(s store.Snapshot) error {
		for g := range r.climate.Groups {
			g := store.Group(g)
			m := h.current(g)
			if m == nil {
				continue
			}
			r.met.one("groups compared with the store")
			if err := r.world.Compare(g, m.Machine, s); err != nil {
				r.fail("%s: group %d: memory and store differ: %v", h.name, g, err)
			}
		}
		return nil
	})
	if err != nil {
		r.fail("the store cannot be read: %v", err)
	}
}

// current returns the machine of a group that is loaded on the host and belongs to it; nil = there is none.
func (h *host) current(g store.Group) *machine {
	book := h.run.disk.book
	m := h.loaded[g]
	if m == nil || !h.node.Owns(g) || book.gen[g] != m.generation || book.owner[g].Node != h.name {
		return nil
	}
	return m
}

// checkInbox looks for messages that a host with nothing to do has overlooked: what was there when it claimed the group, and
// what it has written itself since. Only what other nodes have written may be on its way.
func (h *host) checkInbox() {
	r := h.run
	if !h.up() {
		return
	}
	if h.collectReady(); h.misled || h.phase != idle || h.stack > 0 || h.wanted || len(h.ready) > 0 || len(h.fetches) > 0 {
		return
	}
	r.met.one("inboxes looked into")
	err := r.disk.peek(func(s store.Snapshot) error {
		for g := range r.climate.Groups {
			g := store.Group(g)
			if h.current(g) == nil {
				continue
			}
			err := s.Messages(g, func(m *store.Message) error {
				at := r.disk.book.rows[letterKey{pair{m.From, m.To}, m.Number}]
				if at.by == h.name || at.batch <= r.disk.book.claims[g] {
					r.fail("%s has nothing to do, and has not had %s", h.name, m)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.fail("the store cannot be read: %v", err)
	}
}

var _ flow.Kind = (*host)(nil)
