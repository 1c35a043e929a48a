package edge

import (
	"context"
	"fmt"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// attempt is what the edge knows of an attempt that it has orders for. All of it is guarded by Edge.mu.
type attempt struct {
	runtime step.Runtime // nil = none for its type
	group   store.Group
	last    engine.Order // the order that counts
	pending bool         // last has not been carried out, or is to be carried out again
	begun   bool         // a call of Start has been made by this process
	busy    bool         // a goroutine works on it
	final   *step.Progress
	timer   *time.Timer
	failing int             // calls in a row that returned an error
	refused int             // outcomes since the last order for which the group was not here
	settled *engine.Settled // said while busy; the runtime is told afterwards
}

const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = time.Minute
	idleFor      = 10 * time.Second // that a worker waits for another attempt

	// So many calls in a row have failed when the user hears of it, after about three seconds.
	failingLong = 5
	// trouble is what the user hears. What a call fails with is for the log: it may name what is not the user's business.
	trouble = "The step's runtime cannot be asked: calls fail one after the other. It is asked again and again; the server's log says why."

	// When the group of an attempt is not here, it is being reloaded, and then its orders are repeated, or another node
	// has it. The outcome is offered once more after refusedAgain; if nothing has been ordered by then, the attempt is
	// forgotten. Should the group come back, the runtime will know.
	refusedAgain = 10 * time.Minute
	refusedMost  = 2
)

// look has an attempt carried out again, whatever its last order was. The caller holds e.mu.
func (e *Edge) look(a *attempt) {
	if !e.closed {
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
	a.stopTimer()
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
		for e.carry(a) {
		}
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

// carry carries out the last order for an attempt, if it is pending; otherwise it returns false, and the attempt is no
// longer busy.
func (e *Edge) carry(a *attempt) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.idle(a) {
		return false
	}
	if a.final == nil && a.runtime == nil {
		a.final = &step.Progress{
			State:   step.FatalError,
			Message: fmt.Sprintf("this server has no runtime for steps of type %q", a.last.Attempt.Type),
		}
	}
	if a.final != nil {
		a.pending = false
		e.deliver(a, a.last, *a.final)
		return true
	}
	// First the slot, then the order: one that comes while there is no slot still takes the place of the one before.
	slots := e.calls[a.last.Attempt.Type]
	if !e.slot(slots) {
		a.busy = false
		return false
	}
	if e.idle(a) {
		<-slots
		return false
	}
	a.pending = false
	o := a.last
	kind := o.Kind
	if kind == record.OrderStart {
		if a.begun {
			kind = record.OrderObserve // a push or a timer asks how it is, or the order was repeated
		}
		a.begun = true
	}
	e.mu.Unlock()
	p, err := e.call(a.runtime, kind, &o)
	<-slots
	e.mu.Lock()
	if err != nil {
		e.failed(a, kind, &o, err)
		return true
	}
	a.failing = 0
	if p.Handle != "" {
		a.last.Handle = p.Handle
	}
	if p.State.Final() {
		a.final = &p
		a.stopTimer()
	} else {
		e.later(a, e.again(a, p))
	}
	e.deliver(a, o, p)
	return true
}

// slot waits for a free slot; false = the edge is being closed. The caller holds e.mu, which is free meanwhile.
func (e *Edge) slot(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	e.mu.Unlock()
	defer e.mu.Lock()
	select {
	case slots <- struct{}{}:
		return true
	case <-e.ctx.Done():
		return false
	}
}

// idle reports whether nothing is to be done for an attempt, and notes it. The caller holds e.mu.
func (e *Edge) idle(a *attempt) bool {
	if a.pending && !e.closed && a.settled == nil {
		return false
	}
	a.busy = false
	if a.settled != nil {
		e.forgetSoon(*a.settled)
	}
	return true
}

// failed has a call repeated of which nothing is known. The caller holds e.mu.
func (e *Edge) failed(a *attempt, kind record.OrderKind, o *engine.Order, err error) {
	if kind == record.OrderStart {
		a.begun = false
	}
	if e.closed {
		return // the edge itself has ended the call
	}
	a.failing++
	wait := backoff(a.failing)
	e.o.Log.Warn("runtime call failed", "type", o.Attempt.Type, "attempt", o.Attempt.UUID,
		"workflow", o.Attempt.WorkflowID, "step", o.Attempt.StepID, "failures", a.failing, "again_in", wait, "error", err)
	e.later(a, wait)
	if a.failing == failingLong {
		e.tell(a, engine.Outcome{Trouble: trouble}, *o)
	}
}

func backoff(failures int) time.Duration {
	return min(backoffFirst<<min(failures-1, 16), backoffMost)
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
	a.stopTimer()
	if e.closed {
		return
	}
	uuid := a.last.Attempt.UUID
	a.timer = time.AfterFunc(d, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.attempts[uuid] == a {
			e.look(a)
		}
	})
}

func (a *attempt) stopTimer() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
}

// call makes one call of a runtime.
func (e *Edge) call(r step.Runtime, kind record.OrderKind, o *engine.Order) (p step.Progress, err error) {
	ctx, cancel := context.WithTimeout(e.ctx, e.o.CallTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the runtime panicked: %v", r)
		}
	}()
	switch kind {
	case record.OrderStart:
		return r.Start(ctx, &o.Attempt)
	case record.OrderTerminate:
		return r.Terminate(ctx, &o.Attempt, o.Handle, o.Cause)
	}
	return r.Observe(ctx, &o.Attempt, o.Handle)
}

// deliver tells the engine. The caller holds e.mu, which is free meanwhile.
func (e *Edge) deliver(a *attempt, o engine.Order, p step.Progress) {
	e.tell(a, engine.Outcome{Progress: p}, o)
}

// tell is deliver for an outcome that lacks only whose it is.
func (e *Edge) tell(a *attempt, out engine.Outcome, o engine.Order) {
	group := a.group
	out.Run, out.Ordinal, out.Attempt = o.Run, o.Ordinal, int32(o.Attempt.Attempt)
	out.Type, out.UUID = o.Attempt.Type, o.Attempt.UUID
	e.mu.Unlock()
	here := e.o.Deliver(group, &out)
	e.mu.Lock()
	if here || a.pending || a.settled != nil {
		return
	}
	if a.refused++; a.refused < refusedMost {
		e.later(a, refusedAgain)
		return
	}
	a.stopTimer()
	delete(e.attempts, o.Attempt.UUID)
}
