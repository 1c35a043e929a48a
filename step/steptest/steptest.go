// Package steptest is the suite that every runtime of steps is held to: what step.Runtime promises, under repetition,
// crashes, lateness and haste. A runtime's own test supplies a World and calls Run.
//
// Above it is step; below it are the tests of step/command and its siblings. The one thing to know before changing it:
// nothing here waits for a time to pass and then expects something. It waits for a push, or for as long as the runtime
// itself asked it to wait; times only vary the moment at which a call is cut short or overtaken.
package steptest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/segue-run/segue/step"
)

// Kind is what an attempt is to do.
type Kind uint8

const (
	// Succeed ends well at once, with the outputs of World.Outputs.
	Succeed Kind = iota
	// Fail ends at once through the author's doing.
	Fail
	// Hold runs until it is released or terminated.
	Hold
	// Broken has params that no attempt can run with.
	Broken
)

// World is one runtime's surroundings in one test: its durable state, and the outside that its attempts work on.
type World interface {
	// Open returns a Runtime over the state of this world. Called again, it must find what the former one left.
	Open() step.Runtime
	// Crash takes a Runtime away as the death of its process would. It is not used afterwards.
	Crash(step.Runtime)
	// Attempt returns an attempt with this UUID that does what kind says.
	Attempt(uuid string, kind Kind) *step.Attempt
	// Release lets an attempt of kind Hold end well. It is called once, after the attempt has begun.
	Release(uuid string)
	// Begun returns when the work of an attempt of kind Hold is under way.
	Begun(uuid string)
	// Runs says how often the work of the attempt was begun.
	Runs(uuid string) int
	// Alive reports whether the work of an attempt of kind Hold still goes on, once the runtime has said that it ended.
	Alive(uuid string) bool
	// Outputs are what an attempt of kind Succeed puts out.
	Outputs() map[string]any
}

// patience bounds every wait; to reach it is a failure.
const patience = 60 * time.Second

// Run runs the suite. open makes a new world for a test.
func Run(t *testing.T, open func(t *testing.T) World) {
	for _, c := range []struct {
		name string
		test func(*bench)
	}{
		{"succeed", succeed},
		{"fail", fail},
		{"broken params", broken},
		{"start twice", startTwice},
		{"start again after the end", startAfterEnd},
		{"crash between start and record", crashBeforeRecord},
		{"crash while it runs", crashWhileRunning},
		{"end while no server is alive", endWhileAway},
		{"context cancelled before", cancelledBefore},
		{"context cancelled in mid-start", cancelledWithin},
		{"two servers start", twoServers},
		{"terminate", terminate},
		{"terminate twice", terminateTwice},
		{"terminate before start", terminateBeforeStart},
		{"late start after terminate and restart", lateStartAfterRestart},
		{"terminate while starting", terminateWhileStarting},
		{"terminate after restart", terminateAfterRestart},
		{"terminate after the end", terminateAfterEnd},
		{"observe unknown", observeUnknown},
		{"forget", forget},
		{"late start after forget", lateStartAfterForget},
		{"discard", discard},
		{"discard one that runs", discardRunning},
		{"many at once", many},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{T: t, world: open(t), pushed: map[string]chan struct{}{}}
			b.open()
			c.test(b)
		})
	}
}

// bench is one test at work.
type bench struct {
	*testing.T
	world World
	rt    step.Runtime

	mu     sync.Mutex
	pushed map[string]chan struct{} // one token per attempt with news
}

// open opens a Runtime and listens to its pushes.
func (b *bench) open() step.Runtime {
	b.Helper()
	b.rt = b.world.Open()
	if p, ok := b.rt.(step.Pusher); ok {
		p.SetPush(func(uuid string) {
			select {
			case b.news(uuid) <- struct{}{}:
			default:
			}
		})
	}
	return b.rt
}

func (b *bench) news(uuid string) chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.pushed[uuid]
	if c == nil {
		c = make(chan struct{}, 1)
		b.pushed[uuid] = c
	}
	return c
}

// reopen crashes the Runtime and opens another.
func (b *bench) reopen() {
	b.Helper()
	b.world.Crash(b.rt)
	b.open()
}

func (b *bench) attempt(n int, kind Kind) *step.Attempt {
	return b.world.Attempt(fmt.Sprintf("%08x-0000-5000-8000-%012x", n*0x01010101, n), kind)
}

func (b *bench) start(a *step.Attempt) step.Progress {
	b.Helper()
	p, err := b.rt.Start(b.Context(), a)
	if err != nil {
		b.Fatalf("start: %v", err)
	}
	b.sound(p)
	return p
}

func (b *bench) observe(a *step.Attempt, handle string) step.Progress {
	b.Helper()
	p, err := b.rt.Observe(b.Context(), bare(a), handle)
	if err != nil {
		b.Fatalf("observe: %v", err)
	}
	b.sound(p)
	return p
}

func (b *bench) terminate(a *step.Attempt, handle string) step.Progress {
	b.Helper()
	p, err := b.rt.Terminate(b.Context(), bare(a), handle, step.ByStop)
	if err != nil {
		b.Fatalf("terminate: %v", err)
	}
	b.sound(p)
	return p
}

// bare is what a runtime sees of an attempt after its start: the params may be gone.
func bare(a *step.Attempt) *step.Attempt {
	c := *a
	c.Params = nil
	return &c
}

// sound checks what must hold of any progress.
func (b *bench) sound(p step.Progress) {
	b.Helper()
	if len(p.Handle) > step.MaxHandle {
		b.Errorf("the handle has %d bytes", len(p.Handle))
	}
	if p.Outputs != nil && !p.State.Final() {
		b.Errorf("outputs in state %v", p.State)
	}
	if p.Again < 0 {
		b.Errorf("look again in %v", p.Again)
	}
}

// settle follows an attempt to its final state.
func (b *bench) settle(a *step.Attempt, p step.Progress) step.Progress {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	handle := p.Handle
	for !p.State.Final() {
		var again <-chan time.Time
		if _, pushes := b.rt.(step.Pusher); p.Again > 0 || !pushes {
			again = time.After(max(p.Again, time.Millisecond))
		}
		select {
		case <-b.news(a.UUID):
		case <-again:
		case <-ctx.Done():
			b.Fatalf("attempt %s does not end: neither a push nor a time to look again", a.UUID)
		}
		p = b.observe(a, handle)
		if p.Handle != "" {
			handle = p.Handle
		}
	}
	return p
}

func (b *bench) is(p step.Progress, want step.State) {
	b.Helper()
	if p.State != want {
		b.Fatalf("state %v (%s), want %v", p.State, p.Message, want)
	}
}

func (b *bench) runs(a *step.Attempt, want int) {
	b.Helper()
	if got := b.world.Runs(a.UUID); got != want {
		b.Fatalf("the work was begun %d times, want %d", got, want)
	}
}

// gone checks that nothing of an attempt goes on.
func (b *bench) gone(a *step.Attempt) {
	b.Helper()
	if b.world.Alive(a.UUID) {
		b.Fatal("the runtime says that the attempt ended, and its work goes on")
	}
}
