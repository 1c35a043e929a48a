package engine_test

import (
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/step"
)

// dear is an expression that no turn has time for.
const dear = "n = 0; for (i = 0; i < 20000; i += 1) n += i % 3;"

// dearDefinition has dear expressions in the params of b and in the conditions of b and of the failing c.
const dearDefinition = `{"id":"dear","steps":[
	{"step":{"id":"a","type":"noop","transition":{"successors":{"b":"true","c":"true"}}}},
	{"step":{"id":"b","type":"command","params":{"n":{"expression":"` + dear + ` return n;","type":"LONG"}},
		"transition":{"successors":{"b1":"` + dear + ` return n > 5;","b2":"n == 5"}}}},
	{"step":{"id":"b1","type":"noop"}}, {"step":{"id":"b2","type":"noop"}},
	{"step":{"id":"c","type":"command","failure_mode":"IGNORE_FAILURE","retry_policy":{"error_retry_limit":0},
		"transition":{"successors":{"c1":"` + dear + ` return n > 5;"}}}},
	{"step":{"id":"c1","type":"noop"}}]}`

func TestDearExpressionsAreEvaluatedByWorkers(t *testing.T) {
	for name, between := range map[string]func(w *world){
		"":                        func(*world) {},
		"with crashes":            func(w *world) { w.boot(engine.Limits{}) },
		"with crashes and parked": func(w *world) { w.boot(engine.Limits{Resident: 1}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, engine.Limits{})
			w.slow = true
			p := w.push("PARALLEL", 9, dearDefinition)
			if _, err := w.start(p, "r1"); err != nil {
				t.Fatal(err)
			}
			g := engine.GroupOf("dear", 4)
			goOn := func(want string) {
				t.Helper()
				between(w)
				w.pass(1000)
				w.want(p, 1, want)
				twice := w.evaluations
				w.evaluate(g)
				w.settle()
				w.evaluations = append(w.evaluations, twice...) // a result that comes again is ignored
			}
			goOn("IN_PROGRESS a=SUCCEEDED b=EVALUATING_PARAMS c=STARTING")
			w.say(p, "c", step.Progress{State: step.UserError})
			goOn("IN_PROGRESS a=SUCCEEDED b=STARTING c=FATALLY_FAILED")
			w.want(p, 1, "IN_PROGRESS a=SUCCEEDED b=STARTING c=COMPLETED_WITH_ERROR c1=SUCCEEDED")
			w.say(p, "b", step.Progress{State: step.Done})
			goOn("IN_PROGRESS a=SUCCEEDED b=FINISHING c=COMPLETED_WITH_ERROR c1=SUCCEEDED")
			w.want(p, 1, "SUCCEEDED a=SUCCEEDED b=SUCCEEDED b1=SUCCEEDED b2=UNSATISFIED c=COMPLETED_WITH_ERROR c1=SUCCEEDED")
		})
	}
}

func TestARunThatWaitsForWorkersCanBeStopped(t *testing.T) {
	for _, crash := range []bool{false, true} {
		w := newWorld(t, engine.Limits{})
		w.slow = true
		p := w.push("PARALLEL", 9, dearDefinition)
		for i, id := range []string{"r1", "r2", "r3"} {
			if _, err := w.start(p, id); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				w.say(p, "c", step.Progress{State: step.UserError})
			} else {
				w.say(p, "c", step.Progress{State: step.Done})
			}
		}
		g := engine.GroupOf("dear", 4)
		last := w.evaluations
		if crash {
			w.boot(engine.Limits{})
		}
		stop := func(instanceID int64, action instance.Action) {
			t.Helper()
			if _, err := w.ask("dear", &engine.Act{Workflow: "dear", Instance: instanceID, Action: action}); err != nil {
				t.Fatal(err)
			}
		}
		stop(1, instance.Stop)
		stop(2, instance.Stop)
		stop(3, instance.Kill)
		w.evaluations = append(w.evaluations, last...)
		w.evaluate(g)
		w.settle()
		w.want(p, 1, "STOPPED a=SUCCEEDED b=STOPPED c=COMPLETED_WITH_ERROR")
		w.want(p, 2, "STOPPED a=SUCCEEDED b=STOPPED c=STOPPED")
		w.want(p, 3, "FAILED a=SUCCEEDED b=FATALLY_FAILED c=FATALLY_FAILED")
	}
}

func TestALimitOfTheLanguageFailsTheStepAtTheWorker(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, `{"id":"w","steps":[{"step":{"id":"a","type":"noop","params":{"n":{"expression":"n = 0; for (i = 0; i < 30000; i += 1) n += 1; return n;","type":"LONG"}}}}]}`)
	if _, err := w.start(p, "r1"); err != nil {
		t.Fatal(err)
	}
	w.want(p, 1, "FAILED a=FATALLY_FAILED")
}

func TestAWorkerGivesUpWhenItIsTold(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	w.slow = true
	p := w.push("PARALLEL", 9, dearDefinition)
	if _, err := w.start(p, "r1"); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	close(done)
	if len(w.evaluations) != 1 || w.evaluations[0].Do(done) != nil {
		t.Error("a worker that is told to end has a result all the same")
	}
}
