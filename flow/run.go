package flow

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

const (
	turnsInARow   = 16 // that a worker gives to one group before the next
	fetchers      = 4
	yields        = 2           // before a busy node cuts the next batch
	wakeAtLeast   = time.Second // wall clocks jump and machines sleep
	inboxEvery    = 2 * time.Second
	backoffFirst  = 5 * time.Millisecond
	backoffMost   = 2 * time.Second
	shedAfter     = 200 * time.Millisecond // of failing commits, new commands are refused
	maintainEvery = time.Minute
)

// Run drives the node with goroutines until the context ends or the store cannot be trusted any more; then it returns the
// reason. Join and Claim come before. What was decided and not yet committed when the context ends is committed first.
func (n *Node) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := n.calibrate(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // it has ended before it began
		}
		return err
	}
	var wg sync.WaitGroup
	start := func(f func()) { wg.Go(f) }
	n.driven.Store(true)
	defer n.driven.Store(false)
	for range max(1, runtime.GOMAXPROCS(0)) {
		start(n.work)
	}
	for range fetchers {
		start(func() { n.fetch(ctx) })
	}
	start(func() { n.tick(ctx) })
	start(func() { n.maintain(ctx) })
	err := n.commits(ctx)
	cancel(err)
	n.ready.close()
	n.fetches.close()
	wg.Wait()
	n.Abandon()
	return err
}

// Abandon forgets every group without writing anything: every waiting command is refused.
func (n *Node) Abandon() {
	n.drop(&Batch{}, true)
}

func (n *Node) work() {
	for {
		l := n.ready.take(true)
		if l == nil {
			return
		}
		for i := 0; ; i++ {
			if i == turnsInARow {
				n.ready.add(l)
				break
			}
			if !l.Turn() {
				break
			}
		}
	}
}

// commits is the committer: one batch after another. When ctx has ended, what was decided is still committed, in order
// and within a grace, and what comes after is not begun.
func (n *Node) commits(ctx context.Context) error {
	grace, cancel := outlasting(ctx, backoffMost)
	defer cancel()
	express := false // the last batch was one
	for {
		select {
		case <-ctx.Done():
			if b := n.Begin(); b != nil {
				return n.commitOne(grace, grace, b)
			}
			return nil
		case <-n.commitKick: // while the last batch was under way: the node is busy, and what settles may never be all
			n.yield(express)
		default:
			select {
			case <-ctx.Done():
				continue
			case <-n.commitKick:
				n.settle(ctx)
			}
		}
		if err := n.ids.topUp(ctx, n); err != nil {
			if store.ClassOf(err) == store.Fatal {
				return err
			}
			n.report(Incident{What: "transient", Err: err})
			time.AfterFunc(backoffMost, n.kickCommitter) // or nobody might ask for keys again
		}
		b := n.next()
		express = b != nil && b.express
		if b != nil {
			if err := n.commitOne(ctx, grace, b); err != nil {
				return err
			}
		}
		if err := n.recoverAll(ctx); err != nil {
			return err
		}
	}
}

func halted(err error) error {
	return fmt.Errorf("the store failed fatally, so nothing more is promised: %w", err)
}

// giveUp answers who waits for a batch of which nobody will know whether it has landed, and forgets every group.
func (n *Node) giveUp(b *Batch) {
	for _, p := range b.parts {
		for _, h := range p.held {
			h.command.answer(nil, errUncertain)
		}
	}
	n.drop(b, true)
}

// outlasting returns a context that ends a while after ctx.
func outlasting(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(d, func() { cancel(fmt.Errorf("%v after the stop", d)) })
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}

// commitOne commits a batch, repeating it as long as that may help: no batch after it may be begun before it has landed
// or was dropped. While grace lasts, the end of ctx only shortens the waits.
func (n *Node) commitOne(ctx, grace context.Context, b *Batch) error {
	backoff := backoffFirst
	defer n.stalled(nil)
	var why error // of the last try that was not cut short
	for repeats := 0; ; repeats++ {
		began := time.Now()
		err := n.Commit(grace, b)
		took := time.Since(began)
		if err == nil && !b.Empty() {
			n.soft.Store(n.pace.committed(b.dirty, b.express, took, n.soft.Load()))
		}
		if grace.Err() == nil || why == nil {
			why = err
		}
		switch n.End(b, err) {
		case Halt:
			n.giveUp(b)
			return halted(err)
		case Repeat:
			if backoff > shedAfter {
				n.stalled(err)
			}
			if !sleep(ctx, backoff) && !sleep(grace, backoffFirst) {
				n.giveUp(b)
				return fault.New(fault.Unavailable, "stopped while the store took nothing; what was not acknowledged yet may be lost: %w", why)
			}
			backoff = min(2*backoff, backoffMost)
		default:
			if repeats > 0 {
				n.report(Incident{What: "healed"})
			}
			return nil
		}
	}
}

func (n *Node) recoverAll(ctx context.Context) error {
	backoff := backoffFirst
	for {
		err := n.Recover(ctx)
		if err == nil || ctx.Err() != nil {
			if backoff > backoffFirst {
				n.report(Incident{What: "healed"})
			}
			return nil
		}
		if store.ClassOf(err) == store.Fatal {
			return err
		}
		n.report(Incident{What: "transient", Err: err})
		sleep(ctx, backoff)
		backoff = min(2*backoff, backoffMost)
	}
}

// settle waits a moment, in a node that has just become busy, until no message and no continuation is under way, so that
// all that follows from one event shares one commit.
func (n *Node) settle(ctx context.Context) {
	if n.limits.Settle <= 0 || n.underway.n.Load() <= 0 {
		return
	}
	timer := time.NewTimer(n.limits.Settle)
	defer timer.Stop()
	for n.underway.n.Load() > 0 {
		select {
		case <-n.underway.zero:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// topUp leases row keys before they run out.
func (b *idBlock) topUp(ctx context.Context, n *Node) error {
	if !b.wanted() {
		return nil
	}
	err := n.LeaseIDs(ctx)
	if err == nil {
		n.readyHeldBack()
	}
	return err
}

func (n *Node) fetch(ctx context.Context) {
	for {
		f := n.fetches.take(true)
		if f == nil {
			return
		}
		backoff := backoffFirst
		for {
			err := f.Run(ctx)
			if err == nil || ctx.Err() != nil {
				break
			}
			n.report(Incident{What: "fetch", Group: f.loop.group, Err: err})
			sleep(ctx, backoff)
			backoff = min(2*backoff, backoffMost)
		}
	}
}

// tick posts Ticks when they are due. It looks at the wall clock at least once a second.
func (n *Node) tick(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-n.timerKick:
		}
		n.nextWake.Store(0)
		next := n.Tick()
		wait := wakeAtLeast
		if next != 0 {
			wait = min(wait, time.Duration(max(next-n.clock(), 0))*time.Millisecond)
			n.nextWake.Store(next)
		} else {
			n.nextWake.Store(1 << 62)
		}
		timer.Reset(wait)
	}
}

func (n *Node) maintain(ctx context.Context) {
	inbox := time.NewTicker(inboxEvery)
	defer inbox.Stop()
	keep := time.NewTicker(maintainEvery)
	defer keep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-inbox.C:
			if n.forward != nil { // a node by itself has every message in memory
				n.Inbox()
			}
		case <-keep.C:
			if err := n.store.Maintain(ctx); err != nil && ctx.Err() == nil {
				n.report(Incident{What: "maintain", Err: err})
			}
		}
	}
}

// sleep waits and reports whether it could wait to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
