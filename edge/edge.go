// Package edge carries the engine's orders to the runtimes, and what the runtimes say back to the engine.
//
// Above it are flow (which lets an order out when it is durable), engine (whose orders and outcomes it carries) and step
// (what a runtime is); below it, the server gives it the runtimes.
//
// The one thing to know before changing it: nothing here is durable, and nothing need be. What is lost in a crash, or
// said to a group that is just being reloaded, is asked for again: the engine repeats its last order, and the runtime
// answers it by the attempt's UUID. So a final progress is kept until the engine says that the end is Settled.
package edge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// Options sets up an Edge.
type Options struct {
	// Runtimes by the step type that they run, lower case.
	Runtimes map[string]step.Runtime
	// Deliver hands an outcome to the group of its run; false = the group is not here.
	Deliver func(g store.Group, outcome *engine.Outcome) bool
	Log     *slog.Logger
	// Calls is how many calls of one type may be under way at once. Default 64.
	Calls int
	// CallTimeout bounds one call. Default 1 minute.
	CallTimeout time.Duration
	// ObserveEvery is how often an attempt is looked at whose runtime neither pushes nor says when. Default 3 s; runtimes
	// that push are looked at ten times less often.
	ObserveEvery time.Duration
}

// Edge is the edge of one node.
type Edge struct {
	o        Options
	ctx      context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup
	calls    map[string]chan struct{} // semaphores by type
	pushes   map[string]bool
	jobs     chan *attempt // to workers that have nothing to do
	settled  chan struct{}
	mu       sync.Mutex
	closed   bool
	attempts map[string]*attempt
	forget   []engine.Settled
}

// attempt is what the edge knows of an attempt that it has orders for.
type attempt struct {
	edge    *Edge
	runtime step.Runtime
	// All of the following is guarded by Edge.mu.
	group   store.Group
	last    engine.Order // the order that counts
	pending bool         // last has not been carried out, or is to be carried out again
	begun   bool         // a call of Start has been made by this process
	busy    bool         // a goroutine works on it
	final   *step.Progress
	timer   *time.Timer
	failing int // calls in a row that returned an error
}

const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = time.Minute
	idleFor      = 10 * time.Second     // that a worker waits for another attempt
	forgetAfter  = 5 * time.Millisecond // there is no hurry, and many come together
)

// New returns an edge.
func New(o Options) *Edge {
	if o.Calls == 0 {
		o.Calls = 64
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = time.Minute
	}
	if o.ObserveEvery == 0 {
		o.ObserveEvery = 3 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Edge{o: o, attempts: map[string]*attempt{}, calls: map[string]chan struct{}{}, pushes: map[string]bool{}}
	e.jobs, e.settled = make(chan *attempt), make(chan struct{}, 1)
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.wg.Go(e.forgetSettled)
	for name, r := range o.Runtimes {
		e.calls[name] = make(chan struct{}, o.Calls)
		if p, ok := r.(step.Pusher); ok {
			e.pushes[name] = true
			p.SetPush(e.push)
		}
	}
	return e
}

// Close ends all calls and waits for them. Jobs go on; whoever starts next adopts them.
func (e *Edge) Close() {
	e.mu.Lock()
	e.closed = true
	for _, a := range e.attempts {
		if a.timer != nil {
			a.timer.Stop()
		}
	}
	e.mu.Unlock()
	e.stop()
	e.wg.Wait()
}

// Order takes an order of the engine. It does not block. The last order for an attempt counts: a terminate that finds a
// start not begun takes its place.
func (e *Edge) Order(g store.Group, o engine.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	a := e.attempts[o.Attempt.UUID]
	if a == nil {
		a = &attempt{edge: e, runtime: e.o.Runtimes[o.Attempt.Type]}
		e.attempts[o.Attempt.UUID] = a
	}
	a.group = g
	if o.Kind != record.OrderStart && o.Attempt.Params == nil {
		o.Attempt.Params = a.last.Attempt.Params
	}
	a.last, a.pending, a.failing = o, true, 0
	e.work(a)
}

// Settled forgets an attempt whose end is durable. It does not block.
func (e *Edge) Settled(s engine.Settled) {
	e.mu.Lock()
	if a := e.attempts[s.UUID]; a != nil && a.timer != nil {
		a.timer.Stop()
	}
	delete(e.attempts, s.UUID)
	e.forget = append(e.forget, s)
	e.mu.Unlock()
	select {
	case e.settled <- struct{}{}:
	default:
	}
}

// forgetSettled has the runtimes forget what is settled, some at a time.
func (e *Edge) forgetSettled() {
	for {
		select {
		case <-e.settled:
		case <-e.ctx.Done():
			return
		}
		select {
		case <-time.After(forgetAfter):
		case <-e.ctx.Done():
			return
		}
		e.mu.Lock()
		list := e.forget
		e.forget = nil
		e.mu.Unlock()
		for _, s := range list {
			if r := e.o.Runtimes[s.Type]; r != nil {
				r.Forget(e.ctx, s.UUID)
			}
		}
	}
}

// push looks at an attempt soon.
func (e *Edge) push(uuid string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a := e.attempts[uuid]; a != nil && !e.closed {
		a.pending = true
		e.work(a)
	}
}

// work has a worker carry out what is pending. The caller holds e.mu.
func (e *Edge) work(a *attempt) {
	if a.busy {
		return
	}
	a.busy = true
	if a.timer != nil {
		a.timer.Stop()
	}
	select {
	case e.jobs <- a:
	default:
		e.wg.Go(func() { e.worker(a) })
	}
}

// worker carries out orders for one attempt after another, as long as there are some. Workers are kept for a while
// because a new goroutine's stack has to grow first.
func (e *Edge) worker(a *attempt) {
	idle := time.NewTimer(idleFor)
	defer idle.Stop()
	for {
		e.carry(a)
		idle.Reset(idleFor)
		select {
		case a = <-e.jobs:
		case <-idle.C:
			return
		case <-e.ctx.Done():
			return
		}
	}
}

// carry carries out orders for one attempt, one after another, until none is pending.
func (e *Edge) carry(a *attempt) {
	for {
		e.mu.Lock()
		if !a.pending || e.closed || e.attempts[a.last.Attempt.UUID] != a {
			a.busy = false
			e.mu.Unlock()
			return
		}
		a.pending = false
		o, final, group := a.last, a.final, a.group
		kind := o.Kind
		if kind == record.OrderStart {
			if a.begun {
				kind = record.OrderObserve // it was begun; a push or a timer asks how it is
			}
			a.begun = true
		}
		e.mu.Unlock()
		if final != nil {
			e.deliver(a, group, o, *final)
			continue
		}
		p, err := e.call(a, kind, &o)
		e.mu.Lock()
		if err != nil {
			if kind == record.OrderStart {
				a.begun = false
			}
			a.failing++
			wait := backoff(a.failing)
			if e.ctx.Err() == nil {
				e.o.Log.Warn("runtime call failed", "type", o.Attempt.Type, "attempt", o.Attempt.UUID,
					"workflow", o.Attempt.WorkflowID, "step", o.Attempt.StepID, "failures", a.failing, "again_in", wait, "error", err)
			}
			e.later(a, wait)
			e.mu.Unlock()
			continue
		}
		a.failing = 0
		if p.State.Final() {
			a.final = &p
		} else {
			e.later(a, e.again(a, p))
		}
		if p.Handle != "" {
			a.last.Handle = p.Handle
		}
		group = a.group
		e.mu.Unlock()
		e.deliver(a, group, o, p)
	}
}

func backoff(failures int) time.Duration {
	d := backoffFirst
	for range min(failures-1, 16) {
		d *= 2
	}
	return min(d, backoffMost)
}

// again returns when to look at a running attempt next.
func (e *Edge) again(a *attempt, p step.Progress) time.Duration {
	switch {
	case p.Again > 0:
		return p.Again
	case e.pushes[a.last.Attempt.Type]:
		return 10 * e.o.ObserveEvery
	}
	return e.o.ObserveEvery
}

// later has the attempt looked at after a while. The caller holds e.mu.
func (e *Edge) later(a *attempt, d time.Duration) {
	if a.timer != nil {
		a.timer.Stop()
	}
	uuid := a.last.Attempt.UUID
	a.timer = time.AfterFunc(d, func() { e.push(uuid) })
}

// call makes one call of the runtime, within the bounds of its type.
func (e *Edge) call(a *attempt, kind record.OrderKind, o *engine.Order) (p step.Progress, err error) {
	if a.runtime == nil {
		return step.Progress{
			State:   step.FatalError,
			Message: fmt.Sprintf("this server has no runtime for steps of type %q", o.Attempt.Type),
		}, nil
	}
	slots := e.calls[o.Attempt.Type]
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-e.ctx.Done():
		return p, e.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(e.ctx, e.o.CallTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the runtime panicked: %v", r)
		}
	}()
	switch kind {
	case record.OrderStart:
		return a.runtime.Start(ctx, &o.Attempt)
	case record.OrderTerminate:
		return a.runtime.Terminate(ctx, &o.Attempt, o.Handle, o.Cause)
	}
	return a.runtime.Observe(ctx, &o.Attempt, o.Handle)
}

// deliver tells the engine. If the group is not here, it will ask again when it is.
func (e *Edge) deliver(a *attempt, g store.Group, o engine.Order, p step.Progress) {
	e.o.Deliver(g, &engine.Outcome{Run: o.Run, Ordinal: o.Ordinal, Attempt: int32(o.Attempt.Attempt), Progress: p})
}
