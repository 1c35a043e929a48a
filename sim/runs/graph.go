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
	// asks is the step whose output is in param in; -1 = none. It is a root, so that it has one when this step is reached.
	asks int
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
	// A small run is one row, a larger one has rows for its steps.
	g, sparse := graph{nodes: make([]node, 1+r.IntN(8))}, 3
	if r.IntN(3) == 0 {
		g.nodes, sparse = make([]node, 9+r.IntN(10)), 6
	}
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
			if r.IntN(sparse) == 0 {
				n.edges = append(n.edges, n.drawEdge(r, k))
				g.nodes[k].preds++
			}
		}
	}
	for i := range g.nodes {
		g.nodes[i].asks = -1
		if above := g.rootsAbove(i); len(above) > 0 && r.IntN(2) == 0 {
			g.nodes[i].asks = above[r.IntN(len(above))]
		}
	}
	return g
}

// rootsAbove returns the commands without predecessors from which a node can be reached.
func (g *graph) rootsAbove(i int) (list []int) {
	above := map[int]bool{i: true}
	for k := i - 1; k >= 0; k-- {
		for _, e := range g.nodes[k].edges {
			above[k] = above[k] || above[e.to]
		}
		if n := &g.nodes[k]; above[k] && n.preds == 0 && n.kind == "command" {
			list = append(list, k)
		}
	}
	return list
}

// predecessors returns the nodes that lead to each node.
func (g *graph) predecessors() [][]int32 {
	preds := make([][]int32, len(g.nodes))
	for i := range g.nodes {
		for _, e := range g.nodes[i].edges {
			preds[e.to] = append(preds[e.to], int32(i))
		}
	}
	return preds
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
	return fmt.Sprintf(`{"id":%q,%s"params":{"p":{"value":0,"type":"LONG"}},"steps":[%s]}`, id, timeout, strings.Join(steps, ","))
}

func (n *node) definition(g *graph) string {
	s := fmt.Sprintf(`{"step":{"id":%q,"type":%q`, n.id, n.kind)
	switch n.kind {
	case "sleep":
		s += fmt.Sprintf(`,"params":{"sleep_seconds":{"value":%d,"type":"LONG"}}`, n.sleep)
	case "command":
		s += `,"params":{"out":{"value":-1,"type":"LONG","mode":"MUTABLE"}`
		if n.asks >= 0 {
			s += fmt.Sprintf(`,"in":{"expression":"p + %s__out","type":"LONG"}`, g.nodes[n.asks].id)
		}
		s += fmt.Sprintf(`},"retry_policy":{"error_retry_limit":%d,"platform_retry_limit":%d,"timeout_retry_limit":%d,"backoff":{"type":"FIXED_BACKOFF","error_retry_backoff_in_secs":%d,"platform_retry_backoff_in_secs":%d,"timeout_retry_backoff_in_secs":1}}`,
			n.retries, n.retries, n.retries/2, userBackoff/1000, platformBackoff/1000)
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

// newPlan prepares a definition.
func newPlan(raw string) *engine.Plan {
	n, err := wire.Parse([]byte(raw))
	if err != nil {
		panic(fmt.Sprintf("runs: %v: %s", err, raw))
	}
	w, err := workflow.Decode(n)
	if err != nil {
		panic(fmt.Sprintf("runs: %v: %s", err, raw))
	}
	p, err := engine.NewPlan(w)
	if err != nil || p.Unsupported != "" {
		panic(fmt.Sprintf("runs: %v %s: %s", err, p.Unsupported, raw))
	}
	return p
}

// push returns a fresh command that stores a version of the workflow.
func (d *definition) push(v *version) *engine.Push {
	return &engine.Push{
		Workflow: d.id, Author: "sim", Active: true, Plan: v.plan, Definition: wire.Raw(v.raw),
		Merge: func(wire.Raw, int64) (engine.Properties, error) {
			return engine.Properties{Snapshot: `{"owner":"sim"}`, Rule: d.rule, Limit: d.limit}, nil
		},
		Metadata: func(int64, int64) wire.Raw { return `{}` },
	}
}

const (
	userBackoff     = 1000 // milliseconds between an attempt and the next one
	platformBackoff = 2000
)

// script is how a job goes.
type script struct {
	state   step.State
	lasts   int64 // milliseconds
	out     int64
	message string
	// chatty says that it has something new to say whenever it is asked; artifact, that it puts out a document; cursed, that
	// the engine fails on its end.
	chatty, artifact, cursed bool
}

// scriptOf returns the script of an attempt.
func scriptOf(run, stepID string, attempt int64) script {
	h := hash(run, stepID, attempt)
	s := script{state: step.Done, lasts: int64(h >> 8 % 700), out: int64(h >> 20 % 10), message: "scripted"}
	s.chatty, s.artifact, s.cursed = h>>32%4 == 0, h>>36%4 == 0, h>>46%20 == 0
	if h>>40%6 == 0 {
		s.message = strings.Repeat("scripted ", 80) // more than an attempt in the row of its run may have
	}
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
