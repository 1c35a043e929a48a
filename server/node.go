// Package server puts the parts together: a store, a node of the flow engine, the edge with its runtimes, and the REST
// API. It is the only package that names a concrete store or runtime.
//
// Above it is everything; below it are the commands of cmd/segue and the benchmarks.
//
// The one thing to know before changing it: start and stop order stand in Node.Run and Server.Run and nowhere else. What
// is started last is stopped first, and nothing answers before the groups are loaded.
package server

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-run/segue/edge"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/notify"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// programBytes bounds the cache of compiled expressions.
const programBytes = 32 << 20

// NodeOptions sets up a Node.
type NodeOptions struct {
	Name     string // of the node in the store
	Store    store.Store
	Shared   bool                    // other processes may come to own groups of the store
	Runtimes map[string]step.Runtime // by step type, lower case
	Limits   flow.Limits
	Engine   engine.Limits
	Log      *slog.Logger
	Clock    flow.Clock // default: the wall clock
}

// Node is the engine of one process: loops, committer and edge, without a face.
type Node struct {
	store    store.Store
	kind     *engine.Kind
	flow     *flow.Node
	edge     *edge.Edge
	workers  *edge.Evaluators
	hub      notify.Hub
	log      *slog.Logger
	clock    flow.Clock
	programs *sel.Cache
	types    map[string]bool
	journal  journal
	over     chan struct{} // closed when Run has ended
	halt     atomic.Pointer[context.CancelCauseFunc]
	leaving  []leaving // for the edge, when the batch has been answered
}

// leaving is an effect for the edge, of a group.
type leaving struct {
	group  store.Group
	effect any
}

// WallClock is the clock of the machine in epoch milliseconds.
func WallClock() int64 { return time.Now().UnixMilli() }

// NewNode puts a node together. It owns nothing until Claim.
func NewNode(o NodeOptions) *Node {
	raiseHeap()
	if o.Clock == nil {
		o.Clock = WallClock
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := &Node{store: o.Store, log: o.Log, clock: o.Clock, programs: sel.NewCache(programBytes), types: map[string]bool{}}
	n.journal.log, n.over = o.Log, make(chan struct{})
	for name := range o.Runtimes {
		n.types[name] = true
	}
	n.kind = engine.NewKind(o.Engine, n.programs)
	n.edge = edge.New(edge.Options{
		Runtimes: o.Runtimes,
		Deliver:  func(g store.Group, e *engine.Outcome) bool { return n.flow.Outside(g, e) },
		Log:      o.Log,
	})
	n.workers = edge.NewEvaluators(func(g store.Group, e *engine.Evaluated) bool { return n.flow.Outside(g, e) })
	n.flow = flow.NewNode(flow.Options{
		Name: o.Name, Store: o.Store, Kind: n.kind, Outbox: n, Clock: o.Clock, Limits: o.Limits, Report: n.report,
		Shared: o.Shared,
	})
	return n
}

// Claim seats the node and makes it the owner of the first groups of the store; 0 = all.
func (n *Node) Claim(ctx context.Context, groups int) error {
	if err := n.flow.Join(ctx); err != nil {
		return err
	}
	if groups == 0 {
		groups = n.store.Groups()
	}
	all := make([]store.Group, groups)
	for i := range all {
		all[i] = store.Group(i)
	}
	return n.flow.Claim(ctx, all...)
}

// Run drives the node until the context ends, or until the store cannot be trusted any more or another process has taken
// over all of it; then it returns why. Claim comes before. Jobs that runtimes have started go on. It may be called once.
func (n *Node) Run(ctx context.Context) error {
	defer close(n.over)
	running, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	n.halt.Store(&halt)
	err := n.flow.Run(running)
	n.workers.Close()
	n.edge.Close()
	if err == nil && ctx.Err() == nil {
		err = context.Cause(running)
	}
	return err
}

func (n *Node) report(i flow.Incident) {
	if halt := n.halt.Load(); halt != nil && i.What == "ousted" {
		(*halt)(fault.New(fault.Conflict, "another Segue server has taken over the database, which is for one server at a time: %w", i.Err))
	}
	n.journal.report(i)
}

// Release takes what the engine lets out, once it is durable.
func (n *Node) Release(g store.Group, _ store.Generation, effect any) {
	switch e := effect.(type) {
	case engine.Order, engine.Settled:
		n.leaving = append(n.leaving, leaving{g, e})
	case *engine.Evaluation:
		n.workers.Evaluate(g, e)
	case engine.Changed:
		n.hub.Publish(e.Row, e.Ended)
	}
}

// Released hands the edge what it is to do. Of all that a batch wakes up, the last one runs first on this processor: whoever gets
// an answer may have to wait for another commit, a launch should not.
func (n *Node) Released() {
	for i := range n.leaving {
		switch l := &n.leaving[i]; e := l.effect.(type) {
		case engine.Order:
			n.edge.Order(l.group, e)
		case engine.Settled:
			n.edge.Settled(e)
		}
	}
	clear(n.leaving)
	n.leaving = n.leaving[:0]
}

// Ask sends a command to the group of a workflow and waits until its effect is durable. If the context or the node ends
// first, or the store takes nothing for a while, the command may still take effect, and the error says so.
func (n *Node) Ask(ctx context.Context, g store.Group, body any) (any, error) {
	a := answers.Get().(*answer)
	stall := n.flow.Stall()
	n.flow.Ask(g, &flow.Command{Body: body, Answer: a.set})
	var instead error
	select {
	case <-a.done:
		return a.take()
	case <-ctx.Done():
		instead = fault.New(fault.Timeout, "the request has not been answered in time; it may still take effect: %w", context.Cause(ctx))
	case <-stall.Began():
		instead = fault.New(fault.Unavailable, "this request may still take effect; a start can be repeated with its request_id: %w", stall.Err())
	case <-n.over:
		instead = fault.New(fault.Unavailable, "the server has stopped; this request may have taken effect, and a start can be repeated with its request_id")
	}
	select {
	case <-a.done: // both at once, and this one knows
		return a.take()
	default:
		return nil, instead
	}
}

// answer carries the answer to one command.
type answer struct {
	done  chan struct{}
	value any
	err   error
}

func (a *answer) set(value any, err error) {
	a.value, a.err = value, err
	a.done <- struct{}{}
}

// take returns the answer and gives its carrier back.
func (a *answer) take() (any, error) {
	v, err := a.value, a.err
	a.value, a.err = nil, nil
	answers.Put(a)
	return v, err
}

var answers = sync.Pool{New: func() any { return &answer{done: make(chan struct{}, 1)} }}

// Health returns what keeps the node from its work; nil = nothing.
func (n *Node) Health(ctx context.Context) error {
	err := n.store.Read(ctx, func(s store.Snapshot) error {
		_, err := s.Owner(0)
		return err
	})
	if err == nil {
		err = n.flow.Health()
	}
	return err
}

// Store returns the node's store, for reading.
func (n *Node) Store() store.Store { return n.store }

// Hub tells of changes of runs.
func (n *Node) Hub() *notify.Hub { return &n.hub }

// Plans returns the cache of prepared definitions.
func (n *Node) Plans() *engine.Plans { return n.kind.Plans() }

// Programs returns the cache of compiled expressions.
func (n *Node) Programs() *sel.Cache { return n.programs }

// Flow returns the flow node, for its counters.
func (n *Node) Flow() *flow.Node { return n.flow }

// Runs reports whether the node has a runtime for a step type.
func (n *Node) Runs(stepType string) bool { return n.types[stepType] }
