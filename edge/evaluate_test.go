package edge_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-run/segue/edge"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// evaluating is a node whose only effects are evaluations.
type evaluating struct {
	t       *testing.T
	node    *flow.Node
	workers *edge.Evaluators
	ended   chan int64
}

// Release implements flow.Outbox.
func (n *evaluating) Release(g store.Group, _ store.Generation, effect any) {
	switch e := effect.(type) {
	case *engine.Evaluation:
		n.workers.Evaluate(g, e)
	case engine.Changed:
		if e.Ended {
			n.ended <- e.Instance
		}
	}
}

// Released implements flow.Outbox.
func (*evaluating) Released() {}

func (n *evaluating) ask(body any) any {
	n.t.Helper()
	c := make(chan any, 1)
	n.node.Ask(engine.GroupOf("dear", 4), &flow.Command{Body: body, Answer: func(v any, err error) {
		if err != nil {
			n.t.Error(err)
		}
		c <- v
	}})
	return <-c
}

// inNode has f play with a node that has a workflow of one step, whose only param is an expression.
func inNode(t *testing.T, expression string, f func(n *evaluating, start func())) {
	synctest.Test(t, func(t *testing.T) {
		n := &evaluating{t: t, ended: make(chan int64, 100)}
		n.workers = edge.NewEvaluators(func(g store.Group, e *engine.Evaluated) bool { return n.node.Outside(g, e) })
		n.node = flow.NewNode(flow.Options{
			Name: "n", Store: store.NewMemory(4), Kind: engine.NewKind(engine.Limits{}, sel.NewCache(1<<20)), Outbox: n,
			Clock: func() int64 { return time.Now().UnixMilli() },
		})
		ctx, stop := context.WithCancel(t.Context())
		if err := n.node.Join(ctx); err != nil {
			t.Fatal(err)
		}
		if err := n.node.Claim(ctx, 0, 1, 2, 3); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- n.node.Run(ctx) }()
		p := n.push(`{"id":"dear","steps":[{"step":{"id":"a","type":"noop","params":{"n":{"expression":"` + expression + `","type":"LONG"}}}}]}`)
		f(n, func() { n.ask(&engine.Start{Workflow: "dear", Alias: "active", Plan: p, UUID: "u", Message: "m"}) })
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		n.workers.Close()
		n.workers.Evaluate(0, nil) // it is closed: nobody looks at it
	})
}

func (n *evaluating) push(definition string) *engine.Plan {
	tree, err := wire.Parse([]byte(definition))
	if err != nil {
		n.t.Fatal(err)
	}
	w, err := workflow.Decode(tree)
	if err != nil {
		n.t.Fatal(err)
	}
	p, err := engine.NewPlan(w)
	if err != nil {
		n.t.Fatal(err)
	}
	v := n.ask(&engine.Push{
		Workflow: w.ID, Author: "ann", Active: true, Plan: p, Definition: wire.Raw(definition),
		Merge: func(wire.Raw, int64) (engine.Properties, error) {
			return engine.Properties{Snapshot: `{"owner":"ann"}`, Rule: "PARALLEL", Limit: 100}, nil
		},
		Metadata: func(int64, int64) wire.Raw { return `{}` },
	}).(engine.Pushed)
	c := *p
	c.Version, c.Row = v.Version, v.Row
	return &c
}

func TestDearExpressionsOfManyRunsAreEvaluatedAside(t *testing.T) {
	inNode(t, "n = 0; for (i = 0; i < 20000; i += 1) n += i % 3; return n;", func(n *evaluating, start func()) {
		const runs = 20
		for range runs {
			start()
		}
		seen := map[int64]bool{}
		for range runs {
			seen[<-n.ended] = true
		}
		if len(seen) != runs {
			t.Errorf("%d of %d runs have ended", len(seen), runs)
		}
	})
}

// TestANodeEndsWhileItEvaluates: an expression that would take seconds is given up, and is evaluated by the next node.
func TestANodeEndsWhileItEvaluates(t *testing.T) {
	inNode(t, "n = 0; for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) n += 1; return n;", func(_ *evaluating, start func()) {
		start()
		start()
		start()
	})
}
