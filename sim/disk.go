package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/segue-run/segue/store"
)

// disk is the store that all nodes share, with faults. It sees every call, so it also keeps the book of who may write
// what, apart from the store's own.
type disk struct {
	run   *run
	under store.Store
	book  *book
	past  []*book             // before each of the last batches and claims
	seq   int64               // batches and claims landed
	lost  int                 // restores
	seats map[store.Seat]bool // ever given, whatever was lost since

	shakyUntil int // the step up to which a restore has consequences
}

// book is what the disk knows about the state of the store. It is copied before each batch if the store may forget.
type book struct {
	owner  map[store.Group]store.Seat
	gen    map[store.Group]store.Generation
	landed map[store.Seat]int64
	sent   map[pair]int64
	rows   map[letterKey]landing
	claims map[store.Group]int64 // the number of the last batch before the claim
	next   int64                 // row keys from here on are nobody's
}

// landing is what is known of a message row: the node that wrote it, and the number of the batch.
type landing struct {
	by    string
	batch int64
}

type pair struct{ from, to store.Group }

type letterKey struct {
	pair
	number int64
}

func newDisk(r *run, under store.Store) *disk {
	return &disk{run: r, under: under, seats: map[store.Seat]bool{}, book: &book{
		owner: map[store.Group]store.Seat{}, gen: map[store.Group]store.Generation{}, landed: map[store.Seat]int64{},
		sent: map[pair]int64{}, rows: map[letterKey]landing{}, claims: map[store.Group]int64{},
	}}
}

func (b *book) clone() *book {
	return &book{
		maps.Clone(b.owner), maps.Clone(b.gen), maps.Clone(b.landed), maps.Clone(b.sent), maps.Clone(b.rows), maps.Clone(b.claims), b.next,
	}
}

var errInjected = errors.New("injected")

func failure(class store.Class, op string) error {
	return &store.Error{Class: class, Op: op, Err: errInjected}
}

// begin writes the rows of the beginning under a seat of its own.
func (d *disk) begin(w World) error {
	ctx := context.Background()
	seat, err := d.under.Join(ctx, "setup", 0)
	if err != nil {
		return err
	}
	var all []store.Group
	for g := range d.under.Groups() {
		all = append(all, store.Group(g))
	}
	owned, err := d.Claim(ctx, seat, all)
	if err != nil {
		return err
	}
	next, err := d.under.LeaseIDs(ctx, 1000)
	if err != nil {
		return err
	}
	d.book.next = next + 1000
	b := &store.Batch{Seat: seat, Number: 1, Time: d.run.time}
	b.Rows = w.Setup(func() int64 { next++; return next - 1 })
	for _, o := range owned {
		b.Fences = append(b.Fences, store.Fence{Group: o.Group, Generation: o.Generation})
	}
	err = d.Commit(ctx, b)
	d.past = nil // the beginning is never lost
	return err
}

// Groups implements store.Store.
func (d *disk) Groups() int { return d.under.Groups() }

// verdict is what is done to a call: the error to return before it, or instead of its result.
func (d *disk) verdict(op string, percent int) (before, after error) {
	r := d.run
	if r.calm || !r.chance(percent) {
		return nil, nil
	}
	class := store.Unknown
	n := r.rng.IntN(20)
	switch {
	case n < 4 && r.climate.Fatal:
		class = store.Fatal
	case n < 8:
		class = store.Transient
	}
	if done := class == store.Fatal && n >= 2 || class == store.Unknown && n >= 13; done {
		r.met.one(fmt.Sprintf("faults of the store: %s, %s, and it was done", op, class))
		return nil, failure(class, op)
	}
	r.met.one(fmt.Sprintf("faults of the store: %s, %s", op, class))
	return failure(class, op), nil
}

// Join implements store.Store.
func (d *disk) Join(ctx context.Context, node string, stride int64) (store.Seat, error) {
	before, after := d.verdict("join", d.run.climate.CallFaults)
	if before != nil {
		return store.Seat{}, before
	}
	seat, err := d.under.Join(ctx, node, stride)
	if err == nil {
		if d.seats[seat] {
			d.run.fail("the seat %s/%d was given twice", seat.Node, seat.Incarnation)
		}
		d.seats[seat] = true
		d.book.landed[seat] = 0
		d.joined(node)
		err = after
	}
	d.run.trace.line("join %s: %d %s", node, seat.Incarnation, short(err))
	return seat, err
}

// Claim implements store.Store.
func (d *disk) Claim(ctx context.Context, seat store.Seat, groups []store.Group) ([]store.Owned, error) {
	before, after := d.verdict("claim", d.run.climate.CallFaults)
	if before != nil {
		return nil, before
	}
	owned, err := d.under.Claim(ctx, seat, groups)
	if err == nil {
		d.passed()
		for _, o := range owned {
			if o.Generation <= d.book.gen[o.Group] {
				d.run.fail("group %d was claimed with generation %d after %d", o.Group, o.Generation, d.book.gen[o.Group])
			}
			d.book.gen[o.Group], d.book.owner[o.Group], d.book.claims[o.Group] = o.Generation, seat, d.seq
		}
		if h := d.host(seat.Node); h != nil {
			h.marks.claimed = d.seq
		}
		err = after
	}
	d.run.trace.line("claim %v by %s/%d: %s", groups, seat.Node, seat.Incarnation, short(err))
	if err != nil {
		return nil, err
	}
	return owned, nil
}

// host returns the host of a node; nil = that of the beginning.
func (d *disk) host(node string) *host {
	for _, h := range d.run.hosts {
		if h.name == node {
			return h
		}
	}
	return nil
}

// joined notes that a node has a new seat, and has found out what the store has lost, if anything.
func (d *disk) joined(node string) {
	if h := d.host(node); h != nil {
		h.misled, h.told = false, false
		h.marks.joined = d.seq
	}
}

// LeaseIDs implements store.Store.
func (d *disk) LeaseIDs(ctx context.Context, n int64) (int64, error) {
	before, after := d.verdict("lease ids", d.run.climate.CallFaults)
	if before != nil {
		return 0, before
	}
	first, err := d.under.LeaseIDs(ctx, n)
	if err == nil {
		d.book.next = first + n
		d.run.current.marks.leased = d.seq
	}
	if err == nil {
		err = after
	}
	return first, err
}

// Commit implements store.Store.
func (d *disk) Commit(ctx context.Context, b *store.Batch) error {
	before, after := d.verdict("commit", d.run.climate.Faults)
	if before != nil {
		d.run.trace.line("commit %s/%d %d: %s", b.Seat.Node, b.Seat.Incarnation, b.Number, short(before))
		return before
	}
	err := d.under.Commit(ctx, b)
	if err == nil && d.book.landed[b.Seat] < b.Number {
		d.land(b)
	}
	if err == nil {
		err = after
	}
	d.run.trace.line("commit %s/%d %d: %d rows, %d sent, %d consumed, %d groups: %s",
		b.Seat.Node, b.Seat.Incarnation, b.Number, len(b.Rows), len(b.Send), len(b.Consumed), len(b.Groups), short(err))
	if err != nil && store.ClassOf(err) == store.Refused {
		d.run.met.one("batches refused by the store")
		if w, ok := d.run.world.(Refusable); ok {
			w.Refused(err)
		}
		d.run.trace.aside("  %v", err)
	}
	return err
}

// passed notes that a batch or a claim has become durable: a moment to which a restore may go back. The book is still that of the
// moment before.
func (d *disk) passed() {
	d.seq++
	if d.run.climate.Forget == 0 {
		return
	}
	d.past = append(d.past, d.book.clone())
	if len(d.past) > remembered {
		d.past = d.past[1:]
	}
}

// land checks a batch that has just become durable against the book.
func (d *disk) land(b *store.Batch) {
	r := d.run
	d.passed()
	k := d.book
	if k.landed[b.Seat] != b.Number-1 {
		r.fail("batch %d of %s/%d landed after %d", b.Number, b.Seat.Node, b.Seat.Incarnation, k.landed[b.Seat])
	}
	k.landed[b.Seat] = b.Number
	if h := d.host(b.Seat.Node); h != nil {
		h.marks.landed = d.seq
	}
	for _, f := range b.Fences {
		if k.gen[f.Group] != f.Generation || k.owner[f.Group].Node != b.Seat.Node {
			r.fail("%s/%d wrote group %d as generation %d; it belongs to %v with generation %d",
				b.Seat.Node, b.Seat.Incarnation, f.Group, f.Generation, k.owner[f.Group], k.gen[f.Group])
		}
	}
	for i := range b.Rows {
		if row := &b.Rows[i]; row.ID >= k.next {
			r.fail("%s/%d wrote %s %d, a key that nobody was given", b.Seat.Node, b.Seat.Incarnation, row.Table, row.ID)
		}
	}
	for i := range b.Consumed {
		m := &b.Consumed[i]
		key := letterKey{pair{m.From, m.To}, m.Number}
		if _, there := k.rows[key]; !there {
			r.fail("%s was consumed and is no row", m)
		}
		delete(k.rows, key)
	}
	for i := range b.Send {
		m := &b.Send[i]
		p := pair{m.From, m.To}
		if m.Number != k.sent[p]+1 {
			r.fail("%s follows number %d", m, k.sent[p])
		}
		k.sent[p] = m.Number
		k.rows[letterKey{p, m.Number}] = landing{b.Seat.Node, d.seq}
		if h := d.host(b.Seat.Node); h != nil && h.loading != nil && h.loading.group == m.To {
			r.met.one("messages sent to a group while its node was loading it")
		}
	}
	r.world.Landed(b)
}

// Read implements store.Store. Other parts of the cluster may run before it returns.
func (d *disk) Read(ctx context.Context, f func(store.Snapshot) error) error {
	before, after := d.verdict("read", d.run.climate.CallFaults)
	if before == nil {
		before = after
	}
	if before != nil {
		return before
	}
	if err := d.under.Read(ctx, f); err != nil {
		return err
	}
	d.run.yield(d.run.current)
	return nil
}

// peek reads without faults.
func (d *disk) peek(f func(store.Snapshot) error) error { return d.under.Read(context.Background(), f) }

// forget takes the last batches back, if every process that would be misled finds out by itself. Commits that are still on
// their way from one that is gone may arrive afterwards.
func (d *disk) forget(n int) {
	m, ok := d.under.(*store.Memory)
	n = min(n, len(d.past))
	if !ok || n == 0 {
		return
	}
	to := d.seq - int64(n)
	for _, h := range d.run.hosts {
		if h.up() && h.marks.misledBy(to) {
			return
		}
	}
	for _, z := range d.run.zombies {
		if z.marks.misledBy(to) {
			return
		}
	}
	if got := m.Forget(n); got != n {
		d.run.fail("the store forgot %d batches instead of %d", got, n)
	}
	d.book = d.past[len(d.past)-n]
	d.past = d.past[:len(d.past)-n]
	d.seq, d.lost = to, d.lost+1
	d.shakyUntil = d.run.step + d.run.rng.IntN(300)
	d.run.met.one("restores of an older state")
	for _, h := range d.run.hosts {
		if h.up() && h.seated && h.marks.joined > to {
			d.run.met.one("restores that lose the seat of a process")
		}
		if h.up() && h.seated && h.marks.joined <= to && h.marks.claimed > to && h.marks.known <= to {
			d.run.met.one("restores that lose nothing of a process but its claims")
		}
	}
	for _, z := range d.run.zombies {
		d.run.met.one("restores while a commit is on its way")
		if z.marks.joined > to {
			d.run.met.one("restores that lose the seat of a commit on its way")
		}
	}
	for _, h := range d.run.hosts {
		h.misled, h.told = true, false
		h.marks.forget(to)
	}
	for i := range d.run.zombies {
		d.run.zombies[i].marks.forget(to)
	}
	d.run.trace.line("the store forgets %d batches", n)
	if err := d.peek(func(s store.Snapshot) error { d.run.world.Restored(s); return nil }); err != nil {
		d.run.fail("the store cannot be read: %v", err)
	}
}

// Maintain implements store.Store.
func (d *disk) Maintain(ctx context.Context) error { return d.under.Maintain(ctx) }

// Close implements store.Store.
func (d *disk) Close() error { return nil } // Run closes what is under it

// leftover returns the message rows that nobody has consumed.
func (d *disk) leftover() error {
	return d.peek(func(s store.Snapshot) error {
		for g := range d.Groups() {
			err := s.Messages(store.Group(g), func(m *store.Message) error {
				return fmt.Errorf("%s is still a row", m)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// short is an error in a trace: its class only, since texts may hold addresses.
func short(err error) string {
	if err == nil {
		return "ok"
	}
	return store.ClassOf(err).String()
}
