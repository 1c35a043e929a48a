package steptest

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

func succeed(b *bench) {
	a := b.attempt(1, Succeed)
	p := b.settle(a, b.start(a))
	b.is(p, step.Done)
	if want := b.world.Outputs(); !reflect.DeepEqual(p.Outputs, want) {
		b.Errorf("outputs %#v, want %#v", p.Outputs, want)
	}
	b.is(b.observe(a, p.Handle), step.Done) // the engine may have lost the answer
	b.runs(a, 1)
}

func fail(b *bench) {
	a := b.attempt(1, Fail)
	p := b.settle(a, b.start(a))
	b.is(p, step.UserError)
	if p.Message == "" {
		b.Error("a failure without a message")
	}
	b.runs(a, 1)
}

func broken(b *bench) {
	a := b.attempt(1, Broken)
	p := b.settle(a, b.start(a))
	b.is(p, step.FatalError)
	if p.Message == "" {
		b.Error("a failure without a message")
	}
	b.is(b.settle(a, b.start(a)), step.FatalError)
	b.is(b.terminate(a, p.Handle), step.FatalError)
	b.runs(a, 0)
}

func startTwice(b *bench) {
	a := b.attempt(1, Hold)
	b.is(b.start(a), step.Running)
	b.world.Begun(a.UUID)
	p := b.start(a)
	b.is(p, step.Running)
	b.world.Release(a.UUID)
	b.is(b.settle(a, p), step.Done)
	b.runs(a, 1)
}

func startAfterEnd(b *bench) {
	a := b.attempt(1, Succeed)
	b.is(b.settle(a, b.start(a)), step.Done)
	p := b.start(a)
	b.is(p, step.Done)
	if want := b.world.Outputs(); !reflect.DeepEqual(p.Outputs, want) {
		b.Errorf("the second answer has the outputs %#v, want %#v", p.Outputs, want)
	}
	b.reopen()
	b.is(b.start(a), step.Done)
	b.runs(a, 1)
}

func crashBeforeRecord(b *bench) {
	a := b.attempt(1, Hold)
	b.start(a) // the answer is lost
	b.reopen()
	p := b.start(a)
	b.is(p, step.Running)
	b.world.Begun(a.UUID)
	b.world.Release(a.UUID)
	b.is(b.settle(a, p), step.Done)
	b.runs(a, 1)
}

func crashWhileRunning(b *bench) {
	a := b.attempt(1, Hold)
	p := b.start(a)
	b.world.Begun(a.UUID)
	for range 3 {
		b.reopen()
		b.is(b.observe(a, p.Handle), step.Running)
	}
	b.world.Release(a.UUID)
	b.is(b.settle(a, p), step.Done)
	b.runs(a, 1)
}

func endWhileAway(b *bench) {
	a, c := b.attempt(1, Hold), b.attempt(2, Succeed)
	p, q := b.start(a), b.start(c)
	b.world.Begun(a.UUID)
	b.world.Crash(b.rt)
	b.world.Release(a.UUID)
	b.open()
	b.is(b.settle(a, b.observe(a, p.Handle)), step.Done)
	end := b.settle(c, b.observe(c, q.Handle))
	b.is(end, step.Done)
	if want := b.world.Outputs(); !reflect.DeepEqual(end.Outputs, want) {
		b.Errorf("outputs %#v, want %#v", end.Outputs, want)
	}
	b.runs(a, 1)
	b.runs(c, 1)
}

func cancelledBefore(b *bench) {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	a := b.attempt(1, Hold)
	if p, err := b.rt.Start(ctx, a); err == nil {
		b.Errorf("start with a dead context: %v", p.State)
	}
	b.runs(a, 0)
	p := b.start(a)
	b.world.Begun(a.UUID)
	if q, err := b.rt.Observe(ctx, bare(a), p.Handle); err == nil && q.State != step.Running {
		b.Errorf("observe with a dead context: %v", q.State)
	}
	if q, err := b.rt.Terminate(ctx, bare(a), p.Handle, step.ByStop); err == nil && q.State.Final() && q.State != step.Stopped {
		b.Errorf("terminate with a dead context: %v", q.State)
	}
	b.is(b.settle(a, b.terminate(a, p.Handle)), step.Stopped)
	b.gone(a)
	b.runs(a, 1)
}

// cancelledWithin cancels starts after ever longer times, crashes, and repeats them.
func cancelledWithin(b *bench) {
	for i := range 16 {
		a := b.attempt(1+i, Hold)
		ctx, cancel := context.WithTimeout(b.Context(), time.Duration(i*i)*100*time.Microsecond)
		p, err := b.rt.Start(ctx, a)
		cancel()
		if err == nil {
			b.is(p, step.Running)
		} else if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			b.Errorf("a start that was cancelled says: %v", err)
		}
		if i%2 == 0 {
			b.reopen()
		}
		p = b.start(a)
		b.is(p, step.Running)
		b.world.Begun(a.UUID)
		b.world.Release(a.UUID)
		b.is(b.settle(a, p), step.Done)
		b.runs(a, 1)
	}
}

// twoServers has a former server still at its start when its successor repeats it.
func twoServers(b *bench) {
	former := b.rt
	b.open()
	for i := range 8 {
		a := b.attempt(1+i, Hold)
		var first error
		var both sync.WaitGroup
		both.Go(func() { _, first = former.Start(b.Context(), a) })
		p := b.start(a)
		both.Wait()
		if first != nil {
			b.Errorf("start by the former server: %v", first)
		}
		b.world.Begun(a.UUID)
		b.world.Release(a.UUID)
		b.is(b.settle(a, p), step.Done)
		b.runs(a, 1)
	}
	b.world.Crash(former)
}

func terminate(b *bench) {
	a := b.attempt(1, Hold)
	p := b.start(a)
	b.world.Begun(a.UUID)
	q := b.terminate(a, p.Handle)
	if q.State.Final() {
		b.is(q, step.Stopped)
	}
	b.is(b.settle(a, q), step.Stopped)
	b.gone(a)
	b.is(b.start(a), step.Stopped)
	b.runs(a, 1)
}

func terminateTwice(b *bench) {
	a := b.attempt(1, Hold)
	p := b.start(a)
	b.world.Begun(a.UUID)
	b.terminate(a, p.Handle)
	b.is(b.settle(a, b.terminate(a, p.Handle)), step.Stopped)
	b.is(b.terminate(a, p.Handle), step.Stopped)
	b.gone(a)
}

func terminateBeforeStart(b *bench) {
	a := b.attempt(1, Hold)
	b.is(b.settle(a, b.terminate(a, "")), step.Stopped)
	b.is(b.settle(a, b.terminate(a, "")), step.Stopped)
	b.is(b.start(a), step.Stopped)
	b.is(b.observe(a, ""), step.Stopped)
	b.runs(a, 0)
}

func lateStartAfterRestart(b *bench) {
	a := b.attempt(1, Hold)
	b.terminate(a, "")
	b.reopen()
	b.is(b.start(a), step.Stopped)
	b.runs(a, 0)
}

// terminateWhileStarting has the termination come from the next server while the start of the former is under way.
func terminateWhileStarting(b *bench) {
	former := b.rt
	b.open()
	for i := range 16 {
		a := b.attempt(1+i, Hold)
		ctx, cancel := context.WithTimeout(b.Context(), patience)
		var late step.Progress
		var err error
		both := make(chan struct{})
		go func() {
			defer close(both)
			late, err = former.Start(ctx, a)
		}()
		if i%2 == 1 {
			// So that it comes anywhere in the start, and not only before it.
			if err := wait(ctx, time.Duration(i*i)*50*time.Microsecond); err != nil {
				b.Fatal(err)
			}
		}
		p := b.settle(a, b.terminate(a, ""))
		<-both
		cancel()
		b.is(p, step.Stopped)
		if err != nil {
			b.Errorf("the start that was overtaken: %v", err)
		} else if late.State != step.Running && late.State != step.Stopped {
			b.Errorf("the start that was overtaken: %v (%s)", late.State, late.Message)
		}
		b.is(b.start(a), step.Stopped)
		b.gone(a)
		if n := b.world.Runs(a.UUID); n > 1 {
			b.Errorf("the work was begun %d times", n)
		}
	}
	b.world.Crash(former)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func terminateAfterRestart(b *bench) {
	a := b.attempt(1, Hold)
	p := b.start(a)
	b.world.Begun(a.UUID)
	b.reopen()
	p = b.terminate(a, p.Handle)
	b.reopen() // in the middle of it
	b.is(b.settle(a, b.terminate(a, p.Handle)), step.Stopped)
	b.gone(a)
	b.runs(a, 1)
}

func terminateAfterEnd(b *bench) {
	a, c := b.attempt(1, Succeed), b.attempt(2, Fail)
	p, q := b.settle(a, b.start(a)), b.settle(c, b.start(c))
	b.is(b.terminate(a, p.Handle), step.Done)
	b.is(b.terminate(c, q.Handle), step.UserError)
	b.is(b.start(a), step.Done)
}

func observeUnknown(b *bench) {
	a := b.attempt(1, Hold)
	p, err := b.rt.Observe(b.Context(), bare(a), "")
	if err == nil && p.State != step.PlatformError {
		b.Errorf("an attempt that never was: %v", p.State)
	}
	b.runs(a, 0)
	b.is(b.start(a), step.Running) // to have looked for it changes nothing
	b.world.Begun(a.UUID)
	b.world.Release(a.UUID)
	b.is(b.settle(a, b.observe(a, "")), step.Done)
	b.runs(a, 1)
}

func forget(b *bench) {
	a := b.attempt(1, Succeed)
	b.is(b.settle(a, b.start(a)), step.Done)
	var before []byte
	reader, logs := b.rt.(step.LogReader)
	if logs {
		before = b.log(reader, a)
	}
	b.rt.Forget(b.Context(), a.UUID)
	b.rt.Forget(b.Context(), a.UUID)
	b.rt.Forget(b.Context(), b.attempt(2, Hold).UUID) // that never was
	if logs && string(b.log(reader, a)) != string(before) {
		b.Error("the log is not what it was")
	}
}

func lateStartAfterForget(b *bench) {
	a := b.attempt(1, Succeed)
	b.is(b.settle(a, b.start(a)), step.Done)
	b.rt.Forget(b.Context(), a.UUID)
	b.reopen()
	if p, err := b.rt.Start(b.Context(), a); err == nil && !p.State.Final() {
		b.Errorf("a forgotten attempt: %v", p.State)
	}
	b.runs(a, 1)
}

func discard(b *bench) {
	d, ok := b.rt.(step.Discarder)
	if !ok {
		b.Skip("the runtime keeps nothing")
	}
	discarded := func(a *step.Attempt) {
		b.Helper()
		for range 2 {
			if err := d.Discard(b.Context(), a.UUID); err != nil {
				b.Fatalf("discard: %v", err)
			}
		}
		if r, ok := b.rt.(step.LogReader); ok {
			if l, err := r.Logs(b.Context(), a.UUID, step.Stdout); !fault.Is(err, fault.NotFound) {
				b.Errorf("the log of an attempt that was discarded: %v, %v", l, err)
			}
		}
	}
	forgotten, ended, stopped, never := b.attempt(1, Succeed), b.attempt(2, Fail), b.attempt(3, Hold), b.attempt(4, Hold)
	for _, a := range []*step.Attempt{forgotten, ended} {
		b.settle(a, b.start(a))
	}
	b.rt.Forget(b.Context(), forgotten.UUID)
	b.is(b.terminate(stopped, ""), step.Stopped)
	b.reopen()
	d = b.rt.(step.Discarder)
	for _, a := range []*step.Attempt{forgotten, ended, stopped, never} {
		discarded(a)
	}
}

func discardRunning(b *bench) {
	d, ok := b.rt.(step.Discarder)
	if !ok {
		b.Skip("the runtime keeps nothing")
	}
	a := b.attempt(1, Hold)
	p := b.start(a)
	b.world.Begun(a.UUID)
	if err := d.Discard(b.Context(), a.UUID); !fault.Is(err, fault.Precondition) {
		b.Errorf("discard: %v", err)
	}
	b.world.Release(a.UUID)
	b.is(b.settle(a, p), step.Done)
	b.runs(a, 1)
}

// log reads a log that has ended.
func (b *bench) log(r step.LogReader, a *step.Attempt) []byte {
	b.Helper()
	l, err := r.Logs(b.Context(), a.UUID, step.Stdout)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if ended, err := l.Ended(); err != nil || !ended {
		b.Fatalf("the log of an attempt that ended: ended %v, %v", ended, err)
	}
	size, err := l.Size()
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(io.NewSectionReader(l, 0, size+1))
	if err != nil {
		b.Fatal(err)
	}
	if int64(len(text)) != size {
		b.Errorf("the log has %d bytes and says %d", len(text), size)
	}
	return text
}

func many(b *bench) {
	const n = 50
	attempts := make([]*step.Attempt, n)
	states := make([]step.Progress, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		attempts[i] = b.attempt(1+i, Hold)
		all.Go(func() { states[i], errs[i] = b.rt.Start(b.Context(), attempts[i]) })
	}
	all.Wait()
	for i, a := range attempts {
		if errs[i] != nil {
			b.Fatal(errs[i])
		}
		b.world.Begun(a.UUID)
	}
	b.reopen()
	for i, a := range attempts {
		if i%2 == 0 {
			b.world.Release(a.UUID)
			states[i] = b.observe(a, states[i].Handle)
		} else {
			states[i] = b.terminate(a, states[i].Handle)
		}
	}
	for i, a := range attempts {
		want := step.Done
		if i%2 == 1 {
			want = step.Stopped
		}
		b.is(b.settle(a, states[i]), want)
		b.runs(a, 1)
		b.gone(a)
	}
}
