// Package dag turns the transitions of steps into a graph, and refuses those that make none.
//
// Above it are the words; validate calls Problems when a definition is pushed, engine builds a Graph for every run. It is
// pure and linear in steps and edges.
//
// The one thing to know before changing it: Graph.Order is what users see as the order of runtime_dag, and the
// ordinals in stored overviews count along it. It depends on nothing but the definition and the start set, so it can be
// computed again after a restart of the server; a change of the order would give old overviews a new meaning.
package dag

import (
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// Graph is the steps of one level of a workflow and how they follow one another. It is never changed once built.
type Graph struct {
	// Nodes are the steps in the order of their definition; a node is named by its index here.
	Nodes []Node
	// Order is the order of runtime_dag: breadth first from the roots, roots in the order of the definition, successors in
	// the order of their transition. The ordinal of a step is its position here plus one.
	Order []int
	// Topo is an order in which every node comes after its predecessors.
	Topo []int
	// Roots are the nodes without predecessors, in the order of the definition.
	Roots []int
	// Index finds a node by the id of its step.
	Index map[string]int
}

// Node is a step in its graph.
type Node struct {
	Step    *workflow.Step
	Preds   []int // in the order of the definition
	Succs   []Edge
	Ordinal int // from 1, see Graph.Order
}

// Edge leads to a successor.
type Edge struct {
	To        int
	Condition string // SEL
}

// Always reports whether the edge has no condition to evaluate.
func (e Edge) Always() bool { return e.Condition == "true" }

// Build returns the graph of all steps of one level. Its error is a fault.BadRequest with one detail for each problem of
// this level and the levels below.
func Build(steps []*workflow.Step) (*Graph, error) {
	if problems := Problems(steps); len(problems) > 0 {
		return nil, fault.WithDetails(fault.BadRequest, problems[0], problems...)
	}
	return BuildPart(steps, nil, nil)
}

// BuildPart returns the graph of a restarted or customized run: what is reachable from the start steps (nil = from the
// roots) without going beyond the end steps (nil = no end). The edges between the steps that it holds all stay, so a
// start step that follows another start step has predecessors again. Only this level is checked.
func BuildPart(steps []*workflow.Step, start, end []string) (*Graph, error) {
	full, problem := connect(steps)
	if problem != "" {
		return nil, fault.New(fault.BadRequest, "%s", problem)
	}
	if start == nil && end == nil {
		full.arrange(full.Roots)
		if len(full.Topo) < len(full.Nodes) {
			return nil, fault.New(fault.BadRequest, "%s", full.cycle())
		}
		return full, nil
	}
	part, starts, err := full.reach(start, end)
	if err != nil {
		return nil, err
	}
	part.arrange(starts)
	if len(part.Topo) < len(part.Nodes) {
		return nil, fault.New(fault.BadRequest, "%s", part.cycle())
	}
	return part, nil
}

// connect makes nodes and edges; problem says why it cannot. Order and Topo are left to arrange.
func connect(steps []*workflow.Step) (g *Graph, problem string) {
	g = &Graph{Nodes: make([]Node, len(steps)), Index: make(map[string]int, len(steps))}
	for i, s := range steps {
		if _, ok := g.Index[s.ID]; ok {
			return nil, "two steps have the same id [" + s.ID + "]"
		}
		g.Index[s.ID] = i
		g.Nodes[i].Step = s
	}
	for i, s := range steps {
		for id, condition := range s.Transition.Successors.All() {
			to, ok := g.Index[id]
			if !ok {
				return nil, dangling(s.ID, id)
			}
			g.Nodes[i].Succs = append(g.Nodes[i].Succs, Edge{To: to, Condition: condition})
		}
	}
	g.fillPreds()
	return g, ""
}

// fillPreds computes predecessors and roots from the edges.
func (g *Graph) fillPreds() {
	for i := range g.Nodes {
		for _, e := range g.Nodes[i].Succs {
			g.Nodes[e.To].Preds = append(g.Nodes[e.To].Preds, i)
		}
	}
	for i := range g.Nodes {
		if len(g.Nodes[i].Preds) == 0 {
			g.Roots = append(g.Roots, i)
		}
	}
}

// reach returns the part of g between start and end, and the start nodes as it numbers them.
func (g *Graph) reach(start, end []string) (*Graph, []int, error) {
	find := func(ids []string) ([]int, error) {
		nodes := make([]int, len(ids))
		for i, id := range ids {
			n, ok := g.Index[id]
			if !ok {
				return nil, fault.New(fault.BadRequest, "there is no step [%s] in the workflow", id)
			}
			nodes[i] = n
		}
		return nodes, nil
	}
	from, err := find(start)
	if err != nil {
		return nil, nil, err
	}
	if start == nil {
		from = g.Roots
	}
	last, err := find(end)
	if err != nil {
		return nil, nil, err
	}
	stop := make([]bool, len(g.Nodes))
	for _, n := range last {
		stop[n] = true
	}
	reached := make([]bool, len(g.Nodes))
	queue := make([]int, 0, len(g.Nodes))
	visit := func(n int) {
		if !reached[n] {
			reached[n] = true
			queue = append(queue, n)
		}
	}
	for _, n := range from {
		visit(n)
	}
	for i := 0; i < len(queue); i++ {
		if stop[queue[i]] {
			continue
		}
		for _, e := range g.Nodes[queue[i]].Succs {
			visit(e.To)
		}
	}
	part := &Graph{Nodes: make([]Node, 0, len(queue)), Index: make(map[string]int, len(queue))}
	renumbered := make([]int, len(g.Nodes))
	for i, in := range reached {
		if in {
			renumbered[i] = len(part.Nodes)
			part.Index[g.Nodes[i].Step.ID] = len(part.Nodes)
			part.Nodes = append(part.Nodes, Node{Step: g.Nodes[i].Step})
		}
	}
	for i, in := range reached {
		if !in || stop[i] {
			continue
		}
		node := &part.Nodes[renumbered[i]]
		for _, e := range g.Nodes[i].Succs {
			node.Succs = append(node.Succs, Edge{To: renumbered[e.To], Condition: e.Condition})
		}
	}
	part.fillPreds()
	starts := make([]int, len(from))
	for i, n := range from {
		starts[i] = renumbered[n]
	}
	return part, starts, nil
}

// arrange computes Order from the start nodes, and Topo.
func (g *Graph) arrange(starts []int) {
	g.Order = make([]int, 0, len(g.Nodes))
	visit := func(n int) {
		if g.Nodes[n].Ordinal == 0 {
			g.Order = append(g.Order, n)
			g.Nodes[n].Ordinal = len(g.Order)
		}
	}
	for _, n := range g.Roots {
		visit(n)
	}
	for _, n := range starts {
		visit(n)
	}
	for i := 0; i < len(g.Order); i++ {
		for _, e := range g.Nodes[g.Order[i]].Succs {
			visit(e.To)
		}
	}
	open := make([]int, len(g.Nodes))
	for i := range g.Nodes {
		open[i] = len(g.Nodes[i].Preds)
	}
	g.Topo = append(make([]int, 0, len(g.Nodes)), g.Roots...)
	for i := 0; i < len(g.Topo); i++ {
		for _, e := range g.Nodes[g.Topo[i]].Succs {
			if open[e.To]--; open[e.To] == 0 {
				g.Topo = append(g.Topo, e.To)
			}
		}
	}
}

// cycle describes one cycle of a graph whose Topo is incomplete.
func (g *Graph) cycle() string {
	left := make([]bool, len(g.Nodes))
	for i := range left {
		left[i] = true
	}
	for _, n := range g.Topo {
		left[n] = false
	}
	// Every node left has a predecessor that is left: going back must come round.
	n := 0
	for !left[n] {
		n++
	}
	seen := make([]int, len(g.Nodes))
	var path []int
	for seen[n] == 0 {
		path = append(path, n)
		seen[n] = len(path)
		for _, p := range g.Nodes[n].Preds {
			if left[p] {
				n = p
				break
			}
		}
	}
	path = path[seen[n]-1:]
	// path runs backwards; begin with the step that is defined first.
	first := 0
	for i, p := range path {
		if p < path[first] {
			first = i
		}
	}
	var names []string
	for i := range path {
		names = append(names, g.Nodes[path[(first-i+len(path))%len(path)]].Step.ID)
	}
	names = append(names, names[0])
	return "[workflow step transition] is invalid where DAG contains cycle: " + strings.Join(names, " -> ")
}

// AppendJSON appends the graph as the REST document runtime_dag.
func (g *Graph) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, n := range g.Order {
		if i > 0 {
			b = append(b, ',')
		}
		node := &g.Nodes[n]
		b = wire.AppendString(b, node.Step.ID)
		b = append(b, ':', '{')
		if len(node.Preds) > 0 {
			b = append(wire.Key(b, "predecessors"), '[')
			for _, p := range node.Preds {
				b = wire.AppendString(wire.Comma(b), g.Nodes[p].Step.ID)
			}
			b = append(b, ']')
		}
		if len(node.Succs) > 0 {
			b = append(wire.Key(b, "successors"), '{')
			for _, e := range node.Succs {
				b = wire.AppendString(wire.Comma(b), g.Nodes[e.To].Step.ID)
				b = append(b, ':')
				b = wire.AppendString(b, e.Condition)
			}
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// Transition returns the transition of a node within this graph.
func (g *Graph) Transition(n int) workflow.Transition {
	var t workflow.Transition
	for _, p := range g.Nodes[n].Preds {
		t.Predecessors = append(t.Predecessors, g.Nodes[p].Step.ID)
	}
	if len(g.Nodes[n].Succs) > 0 {
		t.Successors = new(param.Ordered[string])
		for _, e := range g.Nodes[n].Succs {
			t.Successors.Set(g.Nodes[e.To].Step.ID, e.Condition)
		}
	}
	return t
}
