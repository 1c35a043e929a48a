package runs

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/step"
)

// The reference model of a run, from the specification: a step is reached when all its predecessors are complete; it
// runs if it has none, or if any edge that leads to it is true, and is UNSATISFIED otherwise, with all its own edges
// false. A failed attempt is tried again while the retries of its kind of failure last; then the step fails: with
// IGNORE_FAILURE it is complete all the same, otherwise what comes behind it is never reached. A run with a failed step
// is FAILED.

// expected is what must have come of a run.
type expected struct {
	status   instance.Status
	steps    []instance.StepStatus
	attempts []int64
	atOnce   bool // a step with FAIL_IMMEDIATELY fails: what becomes of the others depends on who was faster
	timed    bool // some time limit may have struck
}

// expect works out a run that nobody disturbs.
func (g *graph) expect(run string) expected {
	x := expected{
		status: instance.Succeeded, steps: make([]instance.StepStatus, len(g.nodes)), attempts: make([]int64, len(g.nodes)),
		timed: g.timeout != "",
	}
	complete, open := make([]int, len(g.nodes)), make([]bool, len(g.nodes)) // of the predecessors of each
	for i := range g.nodes {                                                // edges lead forwards only
		n := &g.nodes[i]
		if complete[i] < n.preds {
			continue
		}
		var out int64
		x.attempts[i] = 1
		if x.steps[i] = instance.Unsatisfied; n.preds == 0 || open[i] {
			x.steps[i], x.attempts[i], out = n.run(run)
			x.timed = x.timed || n.timeout != ""
		}
		if x.steps[i] == instance.FatallyFailed {
			x.status = instance.Failed
			x.atOnce = x.atOnce || n.mode == "FAIL_IMMEDIATELY"
			continue
		}
		for _, e := range n.edges {
			complete[e.to]++
			if x.steps[i] != instance.Unsatisfied && e.holds(out) {
				open[e.to] = true
			}
		}
	}
	return x
}

// holds evaluates a condition.
func (e *edge) holds(out int64) bool {
	switch e.condition {
	case always:
		return true
	case never:
		return false
	}
	return out > e.above
}

// run works out one step.
func (n *node) run(run string) (status instance.StepStatus, attempts, out int64) {
	if n.kind != "command" {
		return instance.StepSucceeded, 1, 0
	}
	var user, platform int
	for attempt := int64(1); ; attempt++ {
		s := scriptOf(run, n.id, attempt)
		switch {
		case s.state == step.Done:
			return instance.StepSucceeded, attempt, s.out
		case s.state == step.UserError && user < n.retries:
			user++
		case s.state == step.PlatformError && platform < n.retries:
			platform++
		case n.mode == "IGNORE_FAILURE":
			return instance.CompletedWithError, attempt, -1
		default:
			return instance.FatallyFailed, attempt, -1
		}
	}
}
