package sim

import (
	"context"
	"slices"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

// phase is where the committer of a host stands.
type phase uint8

const (
	idle       phase = iota
	cutting          // an epoch is closed and groups are being collected from
	begun            // there is a batch
	committed        // Commit has returned
	recovering       // what was dropped is to be loaded again
)

// String completes "a crash …".
func (p phase) String() string {
	return [...]string{"between batches", "in the cut", "before the commit", "after the commit", "in recovery"}[p]
}

// host is one machine with its process: a flow.Node, or none while it is down.
type host struct {
	run   *run
	index int
	name  string
	node  *flow.Node
	skew  int64
	until int // the step up to which it is frozen
	lapse int // the step from which others think that it is gone; 0 = they do not

	seated  bool
	ready   []*flow.Loop
	fetches []*flow.Fetch
	loaded  map[store.Group]*machine
	loading *machine // has read its rows, and does not serve yet; nil = none

	phase  phase
	cut    *flow.Cut
	batch  *flow.Batch
	err    error
	wanted bool

	// What is on the stack: turns or seals by group, and the committer. Neither can be entered twice.
	turning    map[store.Group]int
	committing int
	claiming   int
	stack      int // calls of any kind

	asks map[*ask]bool // commands without an answer yet

	misled bool // the store has lost batches and the node has not joined since
	told   bool // it has been told by the store
	marks  marks
}

// marks are moments in the life of a process, as numbers of the last batch that the disk had then.
type marks struct {
	joined  int64 // it took its seat
	claimed int64 // it last claimed groups
	leased  int64 // it last leased keys
	landed  int64 // its last batch landed
	known   int64 // the last one landed of which it knows that it has
}

// misledBy reports whether a process goes on as if nothing had happened after a restore that loses all batches after a moment,
// with keys that the store has forgotten. It does not if its seat is lost, too, or the number of its last batch.
func (m marks) misledBy(restore int64) bool {
	return m.joined <= restore && m.leased > restore && m.known <= restore
}

// forget takes back what a restore has lost.
func (m *marks) forget(restore int64) {
	for _, p := range []*int64{&m.joined, &m.claimed, &m.leased, &m.landed, &m.known} {
		*p = min(*p, restore)
	}
}

// machine is a machine of the World on a host. Others may run while it seals.
type machine struct {
	flow.Machine
	host       *host
	group      store.Group
	generation store.Generation
}

// Handle implements flow.Machine. Only a machine that is used is told that it is loaded.
func (m *machine) Handle(t *flow.Turn, event any) {
	if _, first := event.(flow.Loaded); first {
		m.host.loaded[m.group] = m
	}
	m.Machine.Handle(t, event)
}

// Seal implements flow.Machine.
func (m *machine) Seal(rows []store.Row, buf []byte) ([]store.Row, []byte) {
	m.host.enter(m.group, func() { m.host.run.yield(m.host) })
	return m.Machine.Seal(rows, buf)
}

// Load implements flow.Kind. Others may run before what is loaded takes effect.
func (h *host) Load(s store.Snapshot, o store.Owned, ids func() int64) (flow.Machine, error) {
	inner, err := h.run.world.Load(s, o, ids)
	if err != nil {
		return nil, err
	}
	m := &machine{Machine: inner, host: h, group: o.Group, generation: o.Generation}
	delete(h.loaded, o.Group)
	r := h.run
	r.met.one("loads of a group")
	before := h.loading
	h.loading = m
	r.yieldFor(h, r.climate.Yield, 150)
	h.goOn()
	h.loading = before
	return m, nil
}

// DecodeMessage implements flow.Kind.
func (h *host) DecodeMessage(body []byte) (flow.Message, error) {
	return h.run.world.DecodeMessage(body)
}

// clock is the host's. Others may run while it is read.
func (h *host) clock() int64 {
	h.run.yield(h)
	now := h.run.time + h.skew
	h.run.latest = max(h.run.latest, now)
	return now
}

// on runs f as code of the host.
func (h *host) on(f func()) {
	before := h.run.current
	h.run.current = h
	h.stack++
	f()
	h.stack--
	h.run.current = before
}

// enter runs f as a turn or seal of a group.
func (h *host) enter(g store.Group, f func()) {
	h.turning[g]++
	f()
	if h.turning[g]--; h.turning[g] == 0 {
		delete(h.turning, g)
	}
}

// commit runs f as the committer.
func (h *host) commit(f func()) {
	h.committing++
	h.on(f)
	h.committing--
}

// busy reports whether the host is in a turn, or its committer or its claimer at work.
func (h *host) busy() bool { return h.committing > 0 || h.claiming > 0 || len(h.turning) > 0 }

func (h *host) up() bool { return h.node != nil }

// start boots the process. It has no seat yet.
func (h *host) start() {
	r := h.run
	o := flow.Options{
		Name: h.name, Store: r.disk, Kind: h, Outbox: outbox{h}, Clock: h.clock, Limits: r.climate.Limits,
		Stride: func() int64 { return 1 + r.rng.Int64N(store.MaxStride) },
		Report: func(i flow.Incident) {
			r.trace.line("%s: incident %s, group %d", h.name, i.What, i.Group)
			r.met.one("incident: " + i.What)
			h.told = h.told || i.What == store.Behind.String()
			if i.What == "fatal" && store.ClassOf(i.Err) != store.Fatal {
				r.fail("%s: %v", h.name, i.Err)
			}
		},
	}
	if r.climate.Nodes > 1 {
		o.Forward = func(m store.Message) {
			m.Body = slices.Clone(m.Body)
			r.mail = append(r.mail, mail{m})
		}
	}
	h.node = flow.NewNode(o)
	h.seated, h.told, h.marks, h.ready, h.fetches = false, false, marks{}, nil, nil
	h.loaded, h.turning, h.asks = map[store.Group]*machine{}, map[store.Group]int{}, map[*ask]bool{}
	h.phase, h.cut, h.batch, h.err, h.wanted = idle, nil, nil, nil, false
	h.join()
}

// join takes a seat.
func (h *host) join() {
	h.commit(func() {
		err := h.node.Join(context.Background())
		h.seated = err == nil
	})
}

// claim takes groups over.
func (h *host) claim(groups ...store.Group) {
	h.claiming++
	h.on(func() {
		if err := h.node.Claim(context.Background(), groups...); err != nil {
			h.run.trace.line("%s: claim: %s", h.name, short(err))
		}
	})
	h.claiming--
	if !h.run.calm && h.run.chance(20) { // what was overlooked while it loaded is seen now, before something else brings it up
		h.settle()
		h.checkInbox()
	}
}

// crash ends the process: its memory is gone. A commit under way may still reach the store.
func (h *host) crash() {
	r := h.run
	r.trace.line("%s: crash in phase %d", h.name, h.phase)
	r.met.one("crash " + h.phase.String())
	h.addStats(r.met)
	if h.phase == begun || h.phase == committed {
		r.zombies = append(r.zombies, zombie{h, h.node, h.batch, h.marks})
	}
	for a := range h.asks { // in any order: each only changes its own request
		a.request.asks--
	}
	h.node, h.asks, h.seated = nil, nil, false
}

// zombie is a commit whose process is gone.
type zombie struct {
	host  *host
	node  *flow.Node
	batch *flow.Batch
	marks marks
}

func (h *host) addStats(c Counts) {
	if h.node == nil {
		return
	}
	s := h.node.Stats()
	c["batches"] += s.Commits.Load()
	c["messages that became rows"] += s.Letters.Load()
	c["drops of groups"] += s.Drops.Load()
	c["commits repeated"] += s.Repeats.Load()
	c["quarantines"] += s.Quarantines.Load()
	c["repairs"] += s.Repairs.Load()
}

// outbox takes what a process lets out.
type outbox struct{ host *host }

// Release implements flow.Outbox.
func (o outbox) Release(g store.Group, generation store.Generation, effect any) {
	r := o.host.run
	r.world.Release(g, effect, r.disk.book.gen[g] == generation)
}

// Released implements flow.Outbox.
func (o outbox) Released() {}

// turn gives one event to a loop.
func (h *host) turn(l *flow.Loop) {
	r := h.run
	var more bool
	h.on(func() { h.enter(l.Group(), func() { more = l.Turn() }) })
	r.met.one("turns")
	r.trace.line("%s: turn of %d: %v", h.name, l.Group(), more)
	if more && !slices.Contains(h.ready, l) {
		h.ready = append(h.ready, l)
	} else if i := slices.Index(h.ready, l); !more && i >= 0 {
		h.ready = slices.Delete(h.ready, i, i+1)
	}
}

// collectReady moves what flow wants to run into lists, from which the choice is free.
func (h *host) collectReady() {
	for {
		l := h.node.NextReady()
		if l == nil {
			break
		}
		if !slices.Contains(h.ready, l) {
			h.ready = append(h.ready, l)
		}
	}
	for {
		f := h.node.NextFetch()
		if f == nil {
			break
		}
		h.fetches = append(h.fetches, f)
	}
	h.wanted = h.node.WantsCommit() || h.wanted
}

// fetch runs one fetch; after an error it is kept.
func (h *host) fetch(i int) {
	f := h.fetches[i]
	h.fetches = slices.Delete(h.fetches, i, i+1)
	var err error
	h.on(func() { err = f.Run(context.Background()) })
	h.run.trace.line("%s: fetch for %d: %s", h.name, f.Group(), short(err))
	h.run.met.one("fetches")
	if err != nil {
		h.fetches = append(h.fetches, f)
	}
}

// committerStep does the next thing that the committer has to do; false if it cannot now.
func (h *host) committerStep() bool {
	r := h.run
	if h.committing > 0 {
		return false
	}
	ctx := context.Background()
	switch h.phase {
	case idle:
		if len(h.turning) == 0 && r.chance(r.climate.Express) {
			h.commit(func() { h.batch = h.node.Express() })
			if h.batch != nil {
				r.met.one("express batches")
				h.phase = begun
				return true
			}
		}
		h.wanted = false
		h.commit(func() {
			if err := h.node.LeaseIDs(ctx); err != nil {
				r.trace.line("%s: lease: %s", h.name, short(err))
			}
			h.cut = h.node.Cut()
		})
		h.phase = cutting
	case cutting:
		if h.cut.Next() {
			g := h.cut.Group()
			if h.turning[g] > 0 {
				return false
			}
			h.commit(h.cut.Collect)
			return true
		}
		if len(h.turning) > 0 {
			return false
		}
		h.commit(func() { h.batch = h.cut.Batch() })
		h.phase = begun
		if h.batch == nil {
			h.phase = recovering
		}
	case begun:
		h.commit(func() { h.err = h.node.Commit(ctx, h.batch) })
		h.phase = committed
	case committed:
		if len(h.turning) > 0 {
			return false
		}
		h.end()
	case recovering:
		if len(h.turning) > 0 || h.claiming > 0 { // both change the seat
			return false
		}
		var err error
		h.commit(func() { err = h.node.Recover(ctx) })
		switch {
		case err == nil:
			h.phase = idle
		case store.ClassOf(err) == store.Fatal && h.stack == 0:
			h.crash()
		}
	}
	return true
}

// end hands the result of a commit to the node.
func (h *host) end() {
	r := h.run
	var v flow.Verdict
	h.commit(func() { v = h.node.End(h.batch, h.err) })
	r.trace.line("%s: end: verdict %d", h.name, v)
	switch v {
	case flow.Repeat:
		h.phase = begun
	case flow.Halt:
		h.crash()
	case flow.Landed, flow.Dropped:
		if v == flow.Landed {
			h.marks.known = h.marks.landed
		}
		h.batch, h.phase = nil, recovering
	}
}
