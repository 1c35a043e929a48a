package edge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-run/segue/edge"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
)

var running = step.Progress{}

func TestAnAttemptIsStartedAndLookedAtUntilItsEnd(t *testing.T) {
	inWorld(t, edge.Options{ObserveEvery: 5 * time.Second}, func(w *world) {
		w.run.do = func(_ context.Context, call string, a *step.Attempt, handle string) (step.Progress, error) {
			switch {
			case call == "start":
				if a.Params["n"] != int64(1) {
					t.Errorf("params of the start: %v", a.Params)
				}
				return step.Progress{Handle: "pid 7"}, nil
			case time.Since(w.began) < 15*time.Second:
				return running, nil
			}
			return step.Progress{State: step.Done, Message: "well done"}, nil
		}
		w.order(record.OrderStart, func(o *engine.Order) { o.Attempt.Params = map[string]any{"n": int64(1)} })
		w.want("start x", "> 1/2#3 RUNNING (pid 7)")
		w.pass(5*time.Second - 1)
		w.want()
		w.pass(1)
		w.want("observe x(pid 7)", "> 1/2#3 RUNNING")
		w.pass(10 * time.Second)
		w.want("observe x(pid 7)", "> 1/2#3 RUNNING", "observe x(pid 7)", "> 1/2#3 DONE: well done")
		w.pass(time.Hour)
		w.want()
	})
}

func TestARuntimeSaysWhenToLookAgain(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.run.do = func(context.Context, string, *step.Attempt, string) (step.Progress, error) {
			return step.Progress{Again: time.Minute}, nil
		}
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 RUNNING")
		w.pass(time.Minute - 1)
		w.want()
		w.pass(1)
		w.want("observe x", "> 1/2#3 RUNNING")
	})
}

func TestOrdersOfOneAttemptAreCarriedOutInOrder(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		g := newGate()
		w.run.do = func(ctx context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			if call == "start" {
				return step.Progress{Handle: "h"}, g.pass(ctx)
			}
			return step.Progress{State: step.Stopped}, nil
		}
		w.order(record.OrderStart)
		<-g.begun
		w.order(record.OrderTerminate) // waits for the start, and gets the handle that it returns
		w.want("start x")
		close(g.open)
		w.want("> 1/2#3 RUNNING (h)", "terminate by stop x(h)", "> 1/2#3 STOPPED")
	})
}

func TestOrdersOfManyAttemptsNeverOverlapInOneAttempt(t *testing.T) {
	inWorld(t, edge.Options{Calls: 3, ObserveEvery: time.Millisecond}, func(w *world) {
		w.run.do = func(_ context.Context, call string, a *step.Attempt, _ string) (step.Progress, error) {
			time.Sleep(time.Duration(1+len(a.UUID)) * time.Millisecond) // virtual: calls take a while
			if call == "terminate" {
				return step.Progress{State: step.Stopped}, nil
			}
			return running, nil
		}
		for round := range 5 {
			for i := range 20 {
				id := strings.Repeat("y", i+1)
				kind := record.OrderStart
				if round == 4 {
					kind = record.OrderTerminate
				}
				w.order(kind, uuid(id)) // script.call fails the test if two overlap
			}
			w.pass(7 * time.Millisecond)
		}
		w.pass(time.Second)
		if w.run.most != 3 {
			t.Errorf("%d calls at once; 3 are allowed", w.run.most)
		}
		stopped := 0
		for _, h := range w.history {
			if strings.HasSuffix(h, "STOPPED") {
				stopped++
			}
		}
		if stopped != 20 {
			t.Errorf("%d of 20 attempts have stopped", stopped)
		}
	})
}

func TestATerminateTakesThePlaceOfAStartThatWaitsForASlot(t *testing.T) {
	inWorld(t, edge.Options{Calls: 1}, func(w *world) {
		g := newGate()
		w.run.do = func(ctx context.Context, call string, a *step.Attempt, _ string) (step.Progress, error) {
			if a.UUID == "first" {
				return running, g.pass(ctx)
			}
			return step.Progress{State: step.Stopped}, nil
		}
		w.order(record.OrderStart, uuid("first"))
		<-g.begun
		w.order(record.OrderStart)
		w.want("start first")
		w.order(record.OrderTerminate)
		close(g.open)
		w.wantTogether("> 1/2#3 RUNNING", "terminate by stop x", "> 1/2#3 STOPPED")
	})
}

func TestAnAttemptSettledWhileItWaitsForASlotIsNotCalled(t *testing.T) {
	inWorld(t, edge.Options{Calls: 1}, func(w *world) {
		g := newGate()
		w.run.do = func(ctx context.Context, call string, a *step.Attempt, _ string) (step.Progress, error) {
			if call == "start" && a.UUID == "first" {
				return running, g.pass(ctx)
			}
			return running, nil
		}
		w.order(record.OrderStart, uuid("first"))
		<-g.begun
		w.order(record.OrderStart)
		synctest.Wait()
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"})
		close(g.open)
		w.want("start first", "> 1/2#3 RUNNING")
		w.pass(10 * time.Millisecond)
		w.want("forget x")
	})
}

// A store that has lost a run is asked for it again, and its attempts have the same keys: what is said of the lost one is not said of
// the new one.
func TestASettlementOfALostRunLeavesTheNewOneAlone(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.run.do = func(_ context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			return step.Progress{State: step.Done}, nil
		}
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 DONE")
		w.order(record.OrderStart, func(o *engine.Order) { o.Run = 4 })
		w.want("> 4/2#3 DONE")
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"})
		w.pass(10 * time.Millisecond)
		w.want()
		w.order(record.OrderObserve, func(o *engine.Order) { o.Run = 4 })
		w.want("> 4/2#3 DONE")
		w.edge.Settled(engine.Settled{Run: 4, Type: "job", UUID: "x"})
		w.pass(10 * time.Millisecond)
		w.want("forget x")
	})
}

func TestARepeatedStartIsAnsweredByWhatIsKnown(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.run.do = func(_ context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			if call == "start" {
				return running, nil
			}
			return step.Progress{State: step.UserError, Message: "exit code 1"}, nil
		}
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 RUNNING")
		w.order(record.OrderStart) // its group was reloaded; the job runs
		w.want("observe x", "> 1/2#3 USER_ERROR: exit code 1")
		w.order(record.OrderStart) // and again; the runtime need not be asked
		w.want("> 1/2#3 USER_ERROR: exit code 1")
		w.order(record.OrderTerminate)
		w.want("> 1/2#3 USER_ERROR: exit code 1")
	})
}

func TestErrorsAreRepeatedWithBackoffAndLogged(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		var at []time.Duration
		w.run.do = func(_ context.Context, call string, a *step.Attempt, _ string) (step.Progress, error) {
			if call != "start" {
				t.Errorf("a start that failed is followed by %s", call)
			}
			at = append(at, time.Since(w.began))
			return running, errors.New("connection refused")
		}
		w.order(record.OrderStart)
		w.pass(5 * time.Minute)
		var waits []time.Duration
		for i := 1; i < len(at); i++ {
			waits = append(waits, at[i]-at[i-1])
		}
		ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
		want := []time.Duration{ms(100), ms(200), ms(400), ms(800), ms(1600), ms(3200), ms(6400), ms(12800), ms(25600), ms(51200), time.Minute, time.Minute, time.Minute}
		if fmt.Sprint(waits) != fmt.Sprint(want) {
			t.Errorf("waits %v\nwant  %v", waits, want)
		}
		first, _, _ := strings.Cut(w.log.String(), "\n")
		for _, part := range []string{"level=WARN", "type=job", "attempt=x", "workflow=wf", "step=s", "failures=1", "again_in=100ms", `error="connection refused"`} {
			if !strings.Contains(first, part) {
				t.Errorf("the log line lacks %s: %s", part, first)
			}
		}
		if n := strings.Count(w.log.String(), "\n"); n != len(at) {
			t.Errorf("%d log lines for %d errors", n, len(at))
		}
		// A new order does not wait for the backoff, and begins it anew.
		at = nil
		w.order(record.OrderStart)
		w.pass(ms(150))
		if len(at) != 2 {
			t.Errorf("%d calls soon after a new order", len(at))
		}
	})
}

// Once in each row of failures, and without what the call failed with: that may name the server's files.
func TestTheUserHearsOfARuntimeThatCannotBeAsked(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		var fails atomic.Bool
		fails.Store(true)
		var said atomic.Pointer[string]
		w.run.do = func(_ context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			if fails.Load() {
				return running, errors.New("no space left on /srv/segue")
			}
			return step.Progress{Again: time.Hour}, nil
		}
		w.told = func(e *engine.Outcome) { said.Store(&e.Trouble) }
		told := func(want int) {
			t.Helper()
			w.mu.Lock()
			defer w.mu.Unlock()
			n := 0
			for _, line := range w.history {
				if line == "> 1/2#3 trouble" {
					n++
				}
			}
			if w.history = nil; n != want {
				t.Errorf("after %s: told %d times since the last look, want %d", time.Since(w.began), n, want)
			}
		}
		w.order(record.OrderStart)
		w.pass(1400 * time.Millisecond)
		told(0)
		w.pass(time.Hour)
		told(1)
		if s := *said.Load(); s == "" || strings.Contains(s, "/srv") {
			t.Errorf("the user hears %q", s)
		}
		fails.Store(false)
		w.pass(time.Minute)
		told(0)
		fails.Store(true)
		w.pass(2 * time.Hour)
		told(1)
		w.order(record.OrderTerminate)
		w.pass(time.Hour)
		told(1)
	})
}

func TestASuccessEndsTheBackoff(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		calls := 0
		w.run.do = func(context.Context, string, *step.Attempt, string) (step.Progress, error) {
			calls++
			if calls == 3 {
				return step.Progress{Again: time.Second}, nil
			}
			return running, errors.New("no")
		}
		w.order(record.OrderStart)
		w.pass(300 * time.Millisecond)
		w.want("start x", "start x", "start x", "> 1/2#3 RUNNING")
		w.pass(time.Second) // the observation fails
		w.want("observe x")
		w.pass(100 * time.Millisecond)
		w.want("observe x")
	})
}

func TestATerminateIsRepeatedUntilTheJobIsGone(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		n := 0
		w.run.do = func(_ context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			if n++; n < 3 {
				return step.Progress{Again: time.Second}, nil
			}
			return step.Progress{State: step.Stopped}, nil
		}
		w.order(record.OrderTerminate, func(o *engine.Order) { o.Cause, o.Handle = step.ByWorkflowTimeout, "h" })
		w.pass(2 * time.Second)
		w.want("terminate by workflow timeout x(h)", "> 1/2#3 RUNNING", "terminate by workflow timeout x(h)", "> 1/2#3 RUNNING",
			"terminate by workflow timeout x(h)", "> 1/2#3 STOPPED")
		w.pass(time.Hour)
		w.want()
	})
}

func TestAPushIsFollowedByAnObservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, began: time.Now()}
		p := &pusher{script: script{w: w}}
		w.open(edge.Options{Runtimes: map[string]step.Runtime{"job": p}, ObserveEvery: time.Second})
		defer w.edge.Close()
		if p.push == nil {
			t.Fatal("SetPush has not been called")
		}
		p.push("nobody")
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 RUNNING")
		p.push("x")
		w.want("observe x", "> 1/2#3 RUNNING")
		w.pass(10*time.Second - 1) // those that push are looked at less often
		w.want()
		w.pass(1)
		w.want("observe x", "> 1/2#3 RUNNING")
		// A push in the middle of a call is not lost.
		g := newGate()
		p.do = func(ctx context.Context, _ string, _ *step.Attempt, _ string) (step.Progress, error) {
			p.do = func(context.Context, string, *step.Attempt, string) (step.Progress, error) {
				return step.Progress{State: step.Done}, nil
			}
			return running, g.pass(ctx)
		}
		p.push("x")
		<-g.begun
		p.push("x")
		p.push("x")
		close(g.open)
		w.want("observe x", "> 1/2#3 RUNNING", "observe x", "> 1/2#3 DONE")
		p.push("x") // there is nothing new after the end
		w.want()
	})
}

func TestATypeWithoutARuntimeIsAFatalError(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		other := func(o *engine.Order) { o.Attempt.Type = "spaceship" }
		w.order(record.OrderStart, other)
		w.want(`> 1/2#3 FATAL_ERROR: this server has no runtime for steps of type "spaceship"`)
		w.order(record.OrderTerminate, other)
		w.want(`> 1/2#3 FATAL_ERROR: this server has no runtime for steps of type "spaceship"`)
		w.edge.Settled(engine.Settled{Run: 1, Type: "spaceship", UUID: "x"})
		w.pass(time.Second)
		w.want()
	})
}

func TestAPanicOfARuntimeIsAnError(t *testing.T) {
	inWorld(t, edge.Options{Calls: 1}, func(w *world) {
		var panics atomic.Bool
		panics.Store(true)
		w.run.do = func(_ context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			if panics.Load() {
				panic("boo")
			}
			return running, nil
		}
		w.order(record.OrderStart)
		w.want("start x")
		if !strings.Contains(w.log.String(), "the runtime panicked: boo") {
			t.Errorf("log: %s", w.log.String())
		}
		panics.Store(false)
		w.pass(100 * time.Millisecond)
		w.want("start x", "> 1/2#3 RUNNING") // the slot has been given back
		panics.Store(true)
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"})
		w.pass(time.Second)
		w.want("forget x")
		panics.Store(false)
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "y"})
		w.pass(time.Second)
		w.want("forget y")
	})
}

func TestSettledForgets(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 RUNNING")
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"})
		w.pass(time.Hour)
		w.want("forget x") // and no observation any more
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "never seen here"})
		w.pass(time.Second)
		w.want("forget never seen here")
	})
}

func TestForgetWaitsForTheCallThatIsUnderWay(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		g := newGate()
		w.run.do = func(ctx context.Context, call string, _ *step.Attempt, _ string) (step.Progress, error) {
			if call == "start" {
				return running, g.pass(ctx)
			}
			return running, nil
		}
		w.order(record.OrderStart)
		<-g.begun
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"})
		w.pass(time.Second)
		w.want("start x")
		close(g.open)
		w.pass(time.Hour)
		w.want("> 1/2#3 RUNNING", "forget x")
	})
}

func TestTheEndMaySettleTheAttemptAtOnce(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.run.do = func(context.Context, string, *step.Attempt, string) (step.Progress, error) {
			return step.Progress{State: step.Done}, nil
		}
		w.told = func(*engine.Outcome) { w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"}) }
		w.order(record.OrderStart)
		w.pass(time.Second)
		w.want("start x", "> 1/2#3 DONE", "forget x")
	})
}

func TestCloseEndsCallsAndLeavesNothing(t *testing.T) {
	inWorld(t, edge.Options{Calls: 1}, func(w *world) {
		g := newGate()
		w.run.do = func(ctx context.Context, _ string, _ *step.Attempt, _ string) (step.Progress, error) {
			return running, g.pass(ctx)
		}
		w.order(record.OrderStart)
		<-g.begun
		w.order(record.OrderStart, uuid("waits for a slot"))
		synctest.Wait()
		w.edge.Close() // the bubble fails the test if a goroutine stays
		w.want("start x")
		w.order(record.OrderStart, uuid("late"))
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "x"})
		w.pass(time.Hour)
		w.want()
		if w.log.String() != "" {
			t.Errorf("what Close has ended is no failure: %s", w.log.String())
		}
	})
}

func TestAfterCloseNoTimerFires(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 RUNNING")
		w.edge.Close()
		w.pass(time.Hour)
		w.want()
	})
}

func TestAnOutcomeThatIsRefusedIsToldWhenTheOrderIsRepeated(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.run.do = func(context.Context, string, *step.Attempt, string) (step.Progress, error) {
			return step.Progress{State: step.Done}, nil
		}
		w.setRefuse(true)
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 DONE refused by group 7")
		w.setRefuse(false)
		w.order(record.OrderStart)
		w.want("> 1/2#3 DONE")
		w.pass(time.Hour)
		w.want()
	})
}

func TestAnAttemptOfAGroupThatDoesNotComeBackIsForgotten(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.setRefuse(true)
		w.order(record.OrderStart)
		w.want("start x", "> 1/2#3 RUNNING refused by group 7")
		w.pass(time.Hour)
		w.want("observe x", "> 1/2#3 RUNNING refused by group 7") // once more, and then no more
		w.setRefuse(false)
		w.order(record.OrderStart) // it has come back after all
		w.want("start x", "> 1/2#3 RUNNING")
	})
}

func TestACallIsBoundedInTime(t *testing.T) {
	inWorld(t, edge.Options{CallTimeout: 5 * time.Second}, func(w *world) {
		w.run.do = func(ctx context.Context, _ string, _ *step.Attempt, _ string) (step.Progress, error) {
			<-ctx.Done()
			return running, ctx.Err()
		}
		w.order(record.OrderStart)
		w.want("start x")
		w.pass(5*time.Second + 100*time.Millisecond)
		w.want("start x")
		if !strings.Contains(w.log.String(), "deadline exceeded") {
			t.Errorf("log: %s", w.log.String())
		}
		w.pass(10 * time.Second)
		w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: "other"})
		w.pass(time.Minute)
		if !strings.Contains(strings.Join(w.history, ";"), "forget other") {
			t.Error("a call that hangs keeps others from being forgotten")
		}
	})
}

func TestAnOrderWithoutAHandleUsesTheOneThatTheRuntimeGave(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		w.run.do = func(_ context.Context, call string, a *step.Attempt, _ string) (step.Progress, error) {
			if call == "start" {
				return step.Progress{Handle: "h1"}, nil
			}
			if a.Params["n"] != int64(1) {
				t.Errorf("%s has params %v", call, a.Params)
			}
			return step.Progress{State: step.Stopped}, nil
		}
		w.order(record.OrderStart, func(o *engine.Order) { o.Attempt.Params = map[string]any{"n": int64(1)} })
		w.want("start x", "> 1/2#3 RUNNING (h1)")
		w.order(record.OrderTerminate) // decided before the handle was known
		w.want("terminate by stop x(h1)", "> 1/2#3 STOPPED")
	})
}

func TestWorkersAreUsedAgain(t *testing.T) {
	inWorld(t, edge.Options{}, func(w *world) {
		for i := range 100 {
			w.order(record.OrderStart, uuid(fmt.Sprint(i)))
			synctest.Wait()
			w.edge.Settled(engine.Settled{Run: 1, Type: "job", UUID: fmt.Sprint(i)})
		}
		w.pass(time.Minute) // the worker has gone by now; the next order gets a new one
		w.order(record.OrderStart)
		synctest.Wait()
		last := w.history[len(w.history)-2:]
		if last[0] != "start x" {
			t.Errorf("last: %q", last)
		}
	})
}
