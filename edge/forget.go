package edge

import (
	"context"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/step"
)

// forgetAfter is how long a Forget waits for others: there is no hurry, and many come together.
const forgetAfter = 5 * time.Millisecond

// Settled forgets an attempt whose end is durable, and has its runtime forget it after the call that may be under way.
// It does not block. What is settled when the edge is closed, the runtimes are not told.
func (e *Edge) Settled(s engine.Settled) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.attempts[s.UUID]
	if a == nil {
		e.forgetSoon(s)
		return
	}
	if a.last.Run != s.Run { // a store that had lost the run was asked for it again: the attempt is one of the new run
		return
	}
	delete(e.attempts, s.UUID)
	a.stopTimer()
	if a.busy {
		a.settled = &s
		return
	}
	e.forgetSoon(s)
}

// forgetSoon puts an attempt on the list of those to be forgotten. The caller holds e.mu.
func (e *Edge) forgetSoon(s engine.Settled) {
	e.forget = append(e.forget, s)
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
			if r := e.o.Runtimes[s.Type]; r != nil && e.ctx.Err() == nil {
				e.forgetOne(r, s)
			}
		}
	}
}

func (e *Edge) forgetOne(r step.Runtime, s engine.Settled) {
	ctx, cancel := context.WithTimeout(e.ctx, e.o.CallTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			e.o.Log.Error("runtime panicked", "type", s.Type, "attempt", s.UUID, "call", "Forget", "panic", p)
		}
	}()
	r.Forget(ctx, s.UUID)
}
