package runs

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// graph is a random workflow, as the model sees it.
type graph struct {
	nodes   []node
	timeout string // of the run; "" = none that matters
}

type node struct {
	id      string
	kind    string // noop, sleep or command
	sleep   int    // seconds
	mode    string // failure mode; "" = FAIL_AFTER_RUNNING
	retries int
	timeout string
	edges   []edge
	preds   int
}

// edge leads to a later node. Its condition is a literal, or asks for the output of a command.
type edge struct {
	to        int
	condition string
	above     int64 // for "out > n"
}

const (
	always = "true"
	never  = "false"
	byOut  = "out"
)

// draw draws a graph.
func draw(r *rand.Rand) graph {
	g := graph{nodes: make([]node, 1+r.IntN(7))}
	if r.IntN(8) == 0 {
		g.timeout = "3s"
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		n.id = fmt.Sprintf("s%d", i)
		switch k := r.IntN(10); {
		case k < 3:
			n.kind = "noop"
		case k < 5:
			n.kind, n.sleep = "sleep", r.IntN(3)
		default:
			n.kind, n.retries = "command", r.IntN(3)
			n.mode = []string{"", "", "", "IGNORE_FAILURE", "FAIL_IMMEDIATELY"}[r.IntN(5)]
			if r.IntN(6) == 0 {
				n.timeout = "2s"
			}
		}
		for k := i + 1; k < len(g.nodes); k++ {
			if r.IntN(3) == 0 {
				n.edges = append(n.edges, n.drawEdge(r, k))
				g.nodes[k].preds++
			}
		}
	}
	return g
}

func (n *node) drawEdge(r *rand.Rand, to int) edge {
	e := edge{to: to, condition: always}
	switch k := r.IntN(10); {
	case k < 2:
		e.condition = never
	case k < 5 && n.kind == "command":
		e.condition, e.above = byOut, int64(r.IntN(10))
	}
	return e
}

// definition writes the graph as a workflow.
func (g *graph) definition(id string) string {
	var steps []string
	for i := range g.nodes {
		steps = append(steps, g.nodes[i].definition(g))
	}
	timeout := ""
	if g.timeout != "" {
		timeout = fmt.Sprintf(`"timeout":%q,`, g.timeout)
	}
	return fmt.Sprintf(`{"id":%q,%s"steps":[%s]}`, id, timeout, strings.Join(steps, ","))
}

func (n *node) definition(g *graph) string {
	s := fmt.Sprintf(`{"step":{"id":%q,"type":%q`, n.id, n.kind)
	switch n.kind {
	case "sleep":
		s += fmt.Sprintf(`,"params":{"sleep_seconds":{"value":%d,"type":"LONG"}}`, n.sleep)
	case "command":
		s += `,"params":{"out":{"value":-1,"type":"LONG","mode":"MUTABLE"}}`
		s += fmt.Sprintf(`,"retry_policy":{"error_retry_limit":%d,"platform_retry_limit":%d,"timeout_retry_limit":0,"backoff":{"type":"FIXED_BACKOFF","error_retry_backoff_in_secs":1,"platform_retry_backoff_in_secs":2}}`,
			n.retries, n.retries)
	}
	if n.mode != "" {
		s += fmt.Sprintf(`,"failure_mode":%q`, n.mode)
	}
	if n.timeout != "" {
		s += fmt.Sprintf(`,"timeout":%q`, n.timeout)
	}
	if len(n.edges) > 0 {
		var list []string
		for _, e := range n.edges {
			condition := e.condition
			if condition == byOut {
				condition = fmt.Sprintf("out > %d", e.above)
			}
			list = append(list, fmt.Sprintf("%q:%q", g.nodes[e.to].id, condition))
		}
		s += `,"transition":{"successors":{` + strings.Join(list, ",") + `}}`
	}
	return s + "}}"
}

// newPlan prepares the definition.
func (d *definition) newPlan() *engine.Plan {
	n, err := wire.Parse([]byte(d.raw))
	if err != nil {
		panic(fmt.Sprintf("runs: %v: %s", err, d.raw))
	}
	w, err := workflow.Decode(n)
	if err != nil {
		panic(fmt.Sprintf("runs: %v: %s", err, d.raw))
	}
	p, err := engine.NewPlan(w)
	if err != nil || p.Unsupported != "" {
		panic(fmt.Sprintf("runs: %v %s: %s", err, p.Unsupported, d.raw))
	}
	return p
}

// push returns a fresh command that stores the workflow.
func (d *definition) push() *engine.Push {
	return &engine.Push{
		Workflow: d.id, Author: "sim", Active: true, Plan: d.newPlan(), Definition: wire.Raw(d.raw),
		Merge: func(wire.Raw, int64) (engine.Properties, error) {
			return engine.Properties{Snapshot: `{"owner":"sim"}`, Rule: d.rule, Limit: d.limit}, nil
		},
		Metadata: func(int64, int64) wire.Raw { return `{}` },
	}
}

// script is how a job goes.
type script struct {
	state step.State // Running = it never ends by itself
	lasts int64      // milliseconds
	out   int64
}

// scriptOf returns the script of an attempt.
func scriptOf(run, stepID string, attempt int64) script {
	h := hash(run, stepID, attempt)
	s := script{state: step.Done, lasts: int64(h >> 8 % 700), out: int64(h >> 20 % 10)}
	switch n := h % 100; {
	case n < 14:
		s.state = step.UserError
	case n < 24:
		s.state = step.PlatformError
	case n < 29:
		s.state = step.FatalError
	}
	return s
}
