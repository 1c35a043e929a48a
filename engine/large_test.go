package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/step"
)

// TestMoreSuccessorsThanAWordHasBits has a step with 200 edges, of which every third is false, and a join behind them.
func TestMoreSuccessorsThanAWordHasBits(t *testing.T) {
	var succ, rest []string
	want := "SUCCEEDED first=SUCCEEDED"
	for i := range 200 {
		cond := "true"
		status := "SUCCEEDED"
		if i%3 == 1 {
			cond, status = "n < 0", "UNSATISFIED"
		}
		succ = append(succ, fmt.Sprintf("%q:%q", fmt.Sprintf("s%d", i), cond))
		rest = append(rest, fmt.Sprintf(`{"step":{"id":"s%d","type":"noop","transition":{"successors":{"join":"true"}}}}`, i))
		want += fmt.Sprintf(" s%d=%s", i, status)
	}
	def := fmt.Sprintf(`{"id":"wide","steps":[{"step":{"id":"first","type":"command","params":{"n":{"value":1,"type":"LONG"}},"transition":{"successors":{%s}}}},%s,{"step":{"id":"join","type":"noop"}}]}`,
		strings.Join(succ, ","), strings.Join(rest, ","))
	for _, limits := range []engine.Limits{{}, {StepsPerTurn: 1}} {
		for crashAt := range 5 {
			w := newWorld(t, limits)
			w.eager = true
			p := w.push("SEQUENTIAL", 1, def)
			w.start(p, "u1")
			o := w.lastOrder("first")
			w.stepsLeft = 50 * crashAt // the edges are stored with the first of these steps, and read after the crash
			w.node.Outside(engine.GroupOf("wide", 4), &engine.Outcome{Type: o.Attempt.Type, UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: 1, Progress: step.Progress{State: step.Done}})
			w.settle()
			w.stepsLeft = -1
			w.boot(limits)
			if crashAt == 0 {
				w.say(p, "first", step.Progress{State: step.Done})
			}
			w.want(p, 1, want+" join=SUCCEEDED")
		}
	}
}

// randomDAG returns a definition with n steps, of which most are internal, and what becomes of each: a step is satisfied
// if an edge from a satisfied step leads to it whose condition is true.
func randomDAG(rng *rand.Rand, n int) (def string, want []string, order []int) {
	order = rng.Perm(n) // the list of steps is in no order
	at := make([]int, n)
	for pos, step := range order {
		at[step] = pos
	}
	type edge struct{ from, to int } // by topological number
	edges := map[edge]bool{}
	for to := 1; to < n; to++ {
		for range rng.IntN(4) {
			edges[edge{max(0, to-1-rng.IntN(40)), to}] = rng.IntN(4) > 0
		}
	}
	satisfied := make([]bool, n)
	for to := range n {
		roots := true
		for e, yes := range edges {
			if e.to == to {
				roots = false
				satisfied[to] = satisfied[to] || yes && satisfied[e.from]
			}
		}
		satisfied[to] = satisfied[to] || roots
	}
	steps := make([]string, n)
	want = make([]string, n)
	for s := range n {
		var succ []string
		for to := s + 1; to < n; to++ {
			if yes, is := edges[edge{s, to}]; is {
				succ = append(succ, fmt.Sprintf(`"s%d":"1 == %d"`, to, map[bool]int{true: 1, false: 2}[yes]))
			}
		}
		kind := "noop"
		switch rng.IntN(12) {
		case 0:
			kind = "command"
		case 1:
			kind = "sleep"
		}
		steps[at[s]] = fmt.Sprintf(`{"step":{"id":"s%d","type":%q,"params":{"sleep_seconds":{"value":%d,"type":"LONG"}},"transition":{"successors":{%s}}}}`,
			s, kind, rng.IntN(3), strings.Join(succ, ","))
		want[at[s]] = fmt.Sprintf("s%d=%s", s, map[bool]string{true: "SUCCEEDED", false: "UNSATISFIED"}[satisfied[s]])
	}
	return fmt.Sprintf(`{"id":"random","steps":[%s]}`, strings.Join(steps, ",")), want, order
}

func TestRandomGraphsOf300Steps(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		def, want, _ := randomDAG(rng, 300)
		limits := engine.Limits{StepsPerTurn: 1 + rng.IntN(60), Resident: 1}
		w := newWorld(t, limits)
		w.eager = rng.IntN(2) == 0
		p := w.push("SEQUENTIAL", 1, def)
		w.start(p, "u1")
		line := strings.Join(want, " ")
		for round := 0; len(w.ended) == 0; round++ {
			if round > 1000 {
				t.Fatalf("seed %d: the run does not end: %s", seed, w.status(p, 1))
			}
			if len(w.orders) > 0 && rng.IntN(4) > 0 {
				o := w.orders[0]
				w.orders = w.orders[1:]
				w.node.Outside(engine.GroupOf("random", 4), &engine.Outcome{Type: o.Attempt.Type, UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: 1, Progress: step.Progress{State: step.Done}})
				w.stepsLeft = rng.IntN(8) - 1
				w.settle()
				w.stepsLeft = -1
			} else {
				w.pass(int64(rng.IntN(1000)))
			}
			if rng.IntN(3) == 0 {
				w.boot(limits)
			}
			w.settle()
		}
		w.boot(limits) // the end may have been told before
		w.want(p, 1, "SUCCEEDED "+line)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
