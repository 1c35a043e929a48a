package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/step"
)

// TestIdleRunsAreParkedByNumberAndBySize: what a group keeps in memory of runs that wait is bounded, whatever they put out.
func TestIdleRunsAreParkedByNumberAndBySize(t *testing.T) {
	const runs = 40
	for name, c := range map[string]struct {
		limits engine.Limits
		most   int
	}{
		"by number": {engine.Limits{Resident: 5}, 6},
		"by size":   {engine.Limits{ResidentBytes: 300_000}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.limits)
			p := w.push("PARALLEL", 999, `{"id":"w","steps":[{"step":{"id":"a","type":"command","params":{"x":{"value":"","type":"STRING"}},"transition":{"successors":{"b":"true"}}}},
				{"step":{"id":"b","type":"command"}}]}`)
			for n := range runs {
				if _, err := w.start(p, fmt.Sprintf("r%d", n)); err != nil {
					t.Fatal(err)
				}
				w.say(p, "a", step.Progress{State: step.Done, Outputs: map[string]any{"x": strings.Repeat("x", 10_000)}})
			}
			if n, bytes := w.loaded[engine.GroupOf("w", 4)].Unfolded(); n > c.most {
				t.Errorf("%d of %d runs are unfolded in %d bytes; want at most %d", n, runs, bytes, c.most)
			}
			for _, o := range w.orders {
				if o.Attempt.StepID == "b" {
					w.node.Outside(engine.GroupOf("w", 4), &engine.Outcome{Type: "command", UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: 1, Progress: step.Progress{State: step.Done}})
				}
			}
			w.settle()
			for n := int64(1); n <= runs; n++ {
				w.want(p, n, "SUCCEEDED a=SUCCEEDED b=SUCCEEDED")
			}
			if _, err := w.start(p, "r999"); err != nil { // what has ended is forgotten with the next event
				t.Fatal(err)
			}
			if n, bytes := w.loaded[engine.GroupOf("w", 4)].Unfolded(); n != 1 {
				t.Errorf("%d runs are unfolded in %d bytes when all but one have ended", n, bytes)
			}
		})
	}
}
