package flow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-run/segue/store"
)

// Limits bounds what a node holds in memory and puts into one batch. Zero fields have defaults.
type Limits struct {
	// SoftBytes is where continuations begin to wait for the next epoch. It is the upper end of a range: the node lowers
	// it on disks that need longer than a few bare commits for as much. Default 256 KiB.
	SoftBytes int64
	// FullBytes is where commands wait for the next epoch too. Default 512 KiB.
	FullBytes int64
	// HardBytes is where events from the edge wait as well and new commands are refused, counting what is in flight. Default
	// 256 MiB.
	HardBytes int64
	// Commands is how many commands may wait in mailboxes before more are refused. Default 32768.
	Commands int64
	// Settle is how long the committer of an idle node waits for messages and continuations under way, so that they
	// share its batch. Default 300 microseconds; negative = not at all.
	Settle time.Duration
}

func (l Limits) withDefaults() Limits {
	def := func(p *int64, v int64) {
		if *p == 0 {
			*p = v
		}
	}
	def(&l.SoftBytes, 256<<10)
	def(&l.FullBytes, 512<<10)
	def(&l.HardBytes, 256<<20)
	def(&l.Commands, 32768)
	if l.Settle == 0 {
		l.Settle = 300 * time.Microsecond
	}
	return l
}

// full reports whether so much is waiting for the disk that nothing may be added but what has been promised.
func (n *Node) full() bool { return n.dirty.Load()+n.inflight.Load() >= n.limits.HardBytes }

// admits returns the last class of events that a loop may take now.
func (n *Node) admits() class {
	d := n.dirty.Load()
	switch {
	case n.full():
		return urgent
	case d >= n.limits.FullBytes:
		return outside
	case d >= n.soft.Load():
		return commands
	}
	return continuation
}

// pace learns how long a bare commit takes, and sets the soft limit so that a batch full of continuations takes a few
// times as long: the disk is then well used, and who waits for the next batch does not wait long.
type pace struct {
	limits Limits
	bare   time.Duration
	prices prices
	debt   time.Duration // how long ordinary batches are to take before the next express one
}

const (
	paceFactor  = 3
	paceFloor   = 16 << 10 // bytes
	bareBatch   = 4 << 10  // a commit of at most so many bytes counts as bare
	bareAtFirst = time.Millisecond
)

// calibrate takes a first look at the store: a lease of one key is a commit of one row.
func (n *Node) calibrate(ctx context.Context) error {
	for range 5 {
		began := time.Now()
		if _, err := n.store.LeaseIDs(ctx, 1); err != nil {
			return err
		}
		n.pace.bare = min(n.pace.bare, time.Since(began))
	}
	return nil
}

func (p *pace) init(l Limits) { p.limits, p.bare = l, bareAtFirst }

// committed learns from one commit of so many bytes, as announced by its turns, and returns the new soft limit.
func (p *pace) committed(bytes int64, express bool, took time.Duration, soft int64) int64 {
	p.prices.learn(bytes, took)
	if express {
		p.debt = (expressPart - 1) * min(took, p.prices.of(bytes))
	} else {
		p.debt = max(p.debt-took, 0)
	}
	switch {
	case took < p.bare:
		p.bare = took // no commit is faster than a bare one
	case bytes <= bareBatch:
		p.bare += (min(took, priceJump*p.bare) - p.bare) / 16
	case took > paceFactor*p.bare:
		soft -= soft / 8
	case bytes*2 > soft:
		soft += soft / 8
	}
	return min(max(soft, paceFloor), p.limits.SoftBytes)
}

// idBlock hands out row keys from leased blocks. It is refilled ahead of need, so that take never waits.
type idBlock struct {
	mu         sync.Mutex
	next, end  int64
	next2, to2 int64
	left       atomic.Int64
}

const (
	idLease   = 1 << 18
	idReserve = 1 << 16 // no turn begins with fewer left: one batch full of rows needs less
)

func (b *idBlock) take() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == b.end {
		b.next, b.end, b.next2, b.to2 = b.next2, b.to2, 0, 0
	}
	if b.next == b.end {
		panic("flow: one turn has used more row keys than are kept in reserve")
	}
	b.left.Add(-1)
	b.next++
	return b.next - 1
}

func (b *idBlock) refill(first, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == b.end {
		b.next, b.end = first, first+n
	} else {
		b.next2, b.to2 = first, first+n
	}
	b.left.Add(n)
}

// reset forgets the leased blocks.
func (b *idBlock) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next, b.end, b.next2, b.to2 = 0, 0, 0, 0
	b.left.Store(0)
}

// wanted reports whether a block should be leased now.
func (b *idBlock) wanted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next2 == b.to2
}

// partPool and batchPool keep buffers for the next batches.
type partPool struct {
	mu   sync.Mutex
	free []*part
}

const poolMax = 256

func (p *partPool) get() *part {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		x := p.free[n-1]
		p.free = p.free[:n-1]
		return x
	}
	return &part{}
}

func (p *partPool) put(x *part) {
	clear(x.rows)
	clear(x.held)
	clear(x.sent)
	clear(x.consumed)
	keep := part{rows: x.rows[:0], buf: x.buf[:0], held: x.held[:0], sent: x.sent[:0], consumed: x.consumed[:0]}
	if cap(keep.buf) > 4<<20 {
		keep.buf = nil
	}
	*x = keep
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < poolMax {
		p.free = append(p.free, x)
	}
}

type batchPool struct {
	free *Batch
}

func (p *batchPool) get() *Batch {
	if b := p.free; b != nil {
		p.free = nil
		return b
	}
	return &Batch{}
}

func (p *batchPool) put(b *Batch) {
	s := &b.Store
	clear(s.Rows)
	clear(s.Send)
	clear(s.Consumed)
	clear(s.Groups)
	*s = store.Batch{
		Fences: s.Fences[:0], Rows: s.Rows[:0], Send: s.Send[:0], Consumed: s.Consumed[:0], Groups: s.Groups[:0],
	}
	*b = Batch{Store: *s, parts: b.parts[:0]}
	p.free = b
}
