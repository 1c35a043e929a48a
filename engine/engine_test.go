package engine_test

import (
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

func TestInternalStepsRunToTheEndInOneCommit(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("SEQUENTIAL", 1, dagOf("chain", "a:noop>b; b:noop>c,d; c:noop>e; d:noop>e; e:noop"))
	before := w.node.Stats().Commits.Load()
	if s, err := w.start(p, "u1"); err != nil || s.Instance != 1 || s.Run != 1 || s.Status != instance.Created {
		t.Fatalf("start = %+v, %v", s, err)
	}
	if n := w.node.Stats().Commits.Load() - before; n != 1 {
		t.Errorf("start to end took %d commits", n)
	}
	w.want(p, 1, "SUCCEEDED a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED d=SUCCEEDED e=SUCCEEDED")
	if len(w.ended) != 1 || w.ended[0].Instance != 1 {
		t.Errorf("ends told: %+v", w.ended)
	}
}

func TestConditionsDecideWhichBranchIsTaken(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("branches", "a:noop>b[false],c[true]; b:noop>d; c:noop>d; d:noop>e[false]; e:noop>f; f:noop"))
	if _, err := w.start(p, "u1"); err != nil {
		t.Fatal(err)
	}
	w.want(p, 1, "SUCCEEDED a=SUCCEEDED b=UNSATISFIED c=SUCCEEDED d=SUCCEEDED e=UNSATISFIED f=UNSATISFIED")
}

func TestASleepLastsAsLongAsItSays(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("sleeper", "a:sleep(2)>b; b:noop"))
	w.start(p, "u1")
	w.pass(2000)
	w.want(p, 1, "IN_PROGRESS a=RUNNING")
	w.pass(1)
	w.want(p, 1, "SUCCEEDED a=SUCCEEDED b=SUCCEEDED")
}

func TestALaunchIsDurableFirstAndItsOutcomeGoesOn(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("jobs", "a:command>b; b:command"))
	w.start(p, "u1")
	o := w.lastOrder("a")
	if o == nil || o.Kind != record.OrderStart || o.Attempt.UUID != engine.AttemptUUID("jobs", &record.Run{UUID: "u1", Scoped: true}, "a", 1) {
		t.Fatalf("order = %+v", o)
	}
	w.want(p, 1, "IN_PROGRESS a=STARTING")
	w.say(p, "a", step.Progress{Handle: "pid 7"})
	w.want(p, 1, "IN_PROGRESS a=RUNNING")
	w.say(p, "a", step.Progress{State: step.Done})
	w.want(p, 1, "IN_PROGRESS a=SUCCEEDED b=STARTING")
	w.say(p, "b", step.Progress{State: step.Done})
	w.want(p, 1, "SUCCEEDED a=SUCCEEDED b=SUCCEEDED")
}

// TestOneRequestIDInTwoWorkflows: a request id names a run of its workflow only, and so the jobs of both are different ones.
func TestOneRequestIDInTwoWorkflows(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	seen := map[string]string{}
	for _, id := range []string{"one", "two"} {
		p := w.push("PARALLEL", 9, dagOf(id, "a:command"))
		if _, err := w.start(p, "r1"); err != nil {
			t.Fatal(err)
		}
		uuid := w.lastOrder("a").Attempt.UUID
		if other := seen[uuid]; other != "" {
			t.Errorf("the attempts of workflows %s and %s are both %s", other, id, uuid)
		}
		seen[uuid] = id
	}
}

func TestFailureModes(t *testing.T) {
	for _, c := range []struct{ name, dag, want string }{
		{"default", "a:command*0>c; b:command>d; c:noop; d:noop", "FAILED a=FATALLY_FAILED b=SUCCEEDED d=SUCCEEDED"},
		{"ignored", "a:command*0!IGNORE_FAILURE>c; b:command>d; c:noop; d:noop", "SUCCEEDED a=COMPLETED_WITH_ERROR b=SUCCEEDED c=SUCCEEDED d=SUCCEEDED"},
		{"at once", "a:command*0!FAIL_IMMEDIATELY>c; b:command>d; c:noop; d:noop", "FAILED a=FATALLY_FAILED b=STOPPED"},
		{"join never reached", "a:command*0>c; b:command>c; c:noop", "FAILED a=FATALLY_FAILED b=SUCCEEDED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, engine.Limits{})
			p := w.push("PARALLEL", 9, dagOf("failing", c.dag))
			w.start(p, "u1")
			w.say(p, "a", step.Progress{State: step.UserError, Message: "exit code 1"})
			o := w.lastOrder("b")
			if c.name == "at once" && (o.Kind != record.OrderTerminate || o.Cause != step.ByFailure) {
				t.Errorf("the last order for b is %v because of %s", o.Kind, o.Cause)
			}
			w.say(p, "b", step.Progress{State: step.Done})
			w.want(p, 1, c.want)
		})
	}
}

func TestRetriesFollowTheBackoffOfTheirClass(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("retrying", "a:command*1>b; b:noop"))
	w.start(p, "u1")
	w.say(p, "a", step.Progress{State: step.UserError})
	w.want(p, 1, "IN_PROGRESS a=USER_FAILED")
	w.pass(59_000)
	w.want(p, 1, "IN_PROGRESS a=USER_FAILED")
	w.pass(1_000)
	w.want(p, 1, "IN_PROGRESS a#2=STARTING")
	w.say(p, "a", step.Progress{State: step.PlatformError})
	w.want(p, 1, "IN_PROGRESS a#2=PLATFORM_FAILED")
	w.pass(60_000)
	w.say(p, "a", step.Progress{State: step.UserError})
	w.want(p, 1, "FAILED a#3=FATALLY_FAILED")
}

func TestATimeoutTerminatesTheJobBeforeTheStepEnds(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	def := `{"id":"late","steps":[{"step":{"id":"a","type":"command","timeout":"5s"}}]}`
	p := w.push("PARALLEL", 9, def)
	w.start(p, "u1")
	w.say(p, "a", step.Progress{})
	w.pass(5_000)
	if o := w.lastOrder("a"); o.Kind != record.OrderTerminate || o.Cause != step.ByTimeout {
		t.Fatalf("order = %+v", o)
	}
	w.want(p, 1, "IN_PROGRESS a=RUNNING")
	w.say(p, "a", step.Progress{State: step.Stopped})
	w.want(p, 1, "TIMED_OUT a=TIMED_OUT")
}

func TestTheTimeoutOfARunEndsAllItsSteps(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, `{"id":"late","timeout":"7s","steps":[{"step":{"id":"a","type":"command"}},{"step":{"id":"b","type":"sleep","params":{"sleep_seconds":{"value":60,"type":"LONG"}}}}]}`)
	w.start(p, "u1")
	w.pass(7_000)
	w.want(p, 1, "IN_PROGRESS a=STARTING b=TIMED_OUT")
	w.say(p, "a", step.Progress{State: step.Stopped})
	w.want(p, 1, "TIMED_OUT a=TIMED_OUT b=TIMED_OUT")
}

func TestStopAndKill(t *testing.T) {
	for action, want := range map[instance.Action]string{
		instance.Stop: "STOPPED a=STOPPED b=STOPPED",
		instance.Kill: "FAILED a=FATALLY_FAILED b=FATALLY_FAILED",
	} {
		w := newWorld(t, engine.Limits{})
		p := w.push("PARALLEL", 9, dagOf("long", "a:command>c; b:sleep(60); c:noop"))
		w.start(p, "u1")
		v, err := w.ask("long", &engine.Act{Workflow: "long", Instance: 1, Action: action, User: "bob"})
		if err != nil || v.(engine.Acted).Completed {
			t.Fatalf("%s = %+v, %v", action, v, err)
		}
		w.say(p, "a", step.Progress{State: step.Stopped})
		w.want(p, 1, want)
		again, err := w.ask("long", &engine.Act{Workflow: "long", Instance: 1, Action: action, User: "bob"})
		if err != nil || !again.(engine.Acted).Completed {
			t.Errorf("%s again = %+v, %v", action, again, err)
		}
		other := instance.Stop
		if action == instance.Stop {
			other = instance.Kill
		}
		if _, err := w.ask("long", &engine.Act{Workflow: "long", Instance: 1, Action: other}); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s after %s: %v", other, action, err)
		}
	}
}

func TestSequentialRunsOneAtATimeInOrder(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("SEQUENTIAL", 1, dagOf("queue", "a:command"))
	for _, u := range []string{"u1", "u2", "u3"} {
		w.start(p, u)
	}
	w.want(p, 1, "IN_PROGRESS a=STARTING")
	w.want(p, 2, "CREATED")
	v, err := w.ask("queue", &engine.Act{Workflow: "queue", Instance: 2, Action: instance.Stop})
	if err != nil || !v.(engine.Acted).Completed {
		t.Errorf("stop of a queued run = %+v, %v", v, err)
	}
	w.say(p, "a", step.Progress{State: step.Done})
	w.want(p, 1, "SUCCEEDED a=SUCCEEDED")
	w.want(p, 2, "STOPPED")
	w.want(p, 3, "IN_PROGRESS a=STARTING")
}

func TestParallelRunsUpToItsLimit(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 2, dagOf("few", "a:command"))
	for _, u := range []string{"u1", "u2", "u3"} {
		w.start(p, u)
	}
	w.want(p, 2, "IN_PROGRESS a=STARTING")
	w.want(p, 3, "CREATED")
}

func TestADuplicateRequestGetsTheRunThatExists(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("SEQUENTIAL", 1, dagOf("dedup", "a:noop"))
	first, _ := w.start(p, "r1")
	second, err := w.start(p, "r1")
	if err != nil || !second.Duplicate || second.Instance != first.Instance || second.Row != first.Row {
		t.Errorf("second start = %+v, %v", second, err)
	}
	w.boot(engine.Limits{})
	third, err := w.start(p, "r1")
	if err != nil || !third.Duplicate || third.Instance != first.Instance {
		t.Errorf("start after a restart = %+v, %v", third, err)
	}
	if s, err := w.start(p, "r2"); err != nil || s.Instance != 2 {
		t.Errorf("another start = %+v, %v", s, err)
	}
}

func TestAfterACrashOrdersAreRepeatedAndRunsGoOn(t *testing.T) {
	w := newWorld(t, engine.Limits{Resident: 1})
	p := w.push("PARALLEL", 50, dagOf("survivor", "a:command>b; b:sleep(5)>c; c:command*1"))
	for _, u := range []string{"u1", "u2", "u3"} {
		w.start(p, u)
	}
	w.boot(engine.Limits{Resident: 1})
	if n := len(w.orders); n != 3 {
		t.Fatalf("%d orders after the restart", n)
	}
	w.say(p, "a", step.Progress{State: step.Done})
	w.boot(engine.Limits{Resident: 1})
	w.pass(5_001)
	w.want(p, 3, "IN_PROGRESS a=SUCCEEDED b=SUCCEEDED c=STARTING")
	w.say(p, "c", step.Progress{State: step.UserError})
	w.boot(engine.Limits{Resident: 1})
	w.pass(60_000)
	w.want(p, 3, "IN_PROGRESS a=SUCCEEDED b=SUCCEEDED c#2=STARTING")
	w.say(p, "c", step.Progress{State: step.Done})
	w.want(p, 3, "SUCCEEDED a=SUCCEEDED b=SUCCEEDED c#2=SUCCEEDED")
	w.want(p, 1, "IN_PROGRESS a=STARTING")
}

func TestAnAttemptMayOutgrowTheRowOfItsRun(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 50, dagOf("talker", "a:command*1>b; b:command"))
	w.start(p, "u1")
	w.say(p, "a", step.Progress{State: step.Running})
	w.say(p, "a", step.Progress{State: step.Running, Message: strings.Repeat("much ", 200)})
	w.boot(engine.Limits{})
	w.say(p, "a", step.Progress{State: step.UserError})
	w.boot(engine.Limits{})
	w.pass(60_000)
	w.want(p, 1, "IN_PROGRESS a#2=STARTING")
	w.say(p, "a", step.Progress{State: step.Done, Message: strings.Repeat("done ", 200)})
	w.boot(engine.Limits{})
	w.say(p, "b", step.Progress{State: step.Done})
	w.want(p, 1, "SUCCEEDED a#2=SUCCEEDED b=SUCCEEDED")
}

func TestALongChainIsCarriedOnInContinuations(t *testing.T) {
	w := newWorld(t, engine.Limits{StepsPerTurn: 7})
	text := "s0:noop"
	for i := 1; i < 100; i++ {
		text += strings.NewReplacer("N", itoa(i)).Replace(">sN; sN:noop")
	}
	p := w.push("SEQUENTIAL", 1, dagOf("long", text))
	w.start(p, "u1")
	w.start(p, "u2")
	if got := w.status(p, 2); strings.Count(got, "SUCCEEDED") != 101 {
		t.Errorf("run is %s", got)
	}
	if rows := w.node.Stats().Rows.Load(); rows > 40 {
		t.Errorf("%d rows written for 200 steps", rows)
	}
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + itoa(i%10)
}

func TestGroupOfNeverChanges(t *testing.T) {
	for id, want := range map[string]store.Group{"": 63, "a": 49, "tiny-report": 45, "nightly-etl": 49} {
		if got := engine.GroupOf(id, 64); got != want {
			t.Errorf("GroupOf(%q, 64) = %d, want %d", id, got, want)
		}
	}
}
