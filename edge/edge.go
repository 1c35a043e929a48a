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
	settled  chan struct{} // forget is not empty
	mu       sync.Mutex
	closed   bool
	attempts map[string]*attempt
	forget   []engine.Settled
}

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
		a.stopTimer()
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
		a = &attempt{runtime: e.o.Runtimes[o.Attempt.Type]}
		e.attempts[o.Attempt.UUID] = a
	}
	a.group = g
	if o.Kind != record.OrderStart && o.Attempt.Params == nil {
		o.Attempt.Params = a.last.Attempt.Params
	}
	if o.Handle == "" {
		o.Handle = a.last.Handle // it was given before the runtime had said it
	}
	a.last, a.pending, a.failing, a.refused = o, true, 0, 0
	e.work(a)
}

// push has an attempt looked at soon. It is for runtimes.
func (e *Edge) push(uuid string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a := e.attempts[uuid]; a != nil && a.final == nil {
		e.look(a)
	}
}
