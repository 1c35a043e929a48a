package bench

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// scripted is a runtime that answers at once, and says when each attempt was launched.
type scripted struct {
	mu       sync.Mutex
	launched map[string]time.Time // by run, of workflow/instance
	gaps     []time.Duration      // between two launches of a run
}

func newScripted() *scripted { return &scripted{launched: map[string]time.Time{}} }

func launchKey(workflowID string, instance int64) string {
	return fmt.Sprintf("%s/%d", workflowID, instance)
}

// Start answers that the attempt is done.
func (r *scripted) Start(_ context.Context, a *step.Attempt) (step.Progress, error) {
	now := time.Now()
	key := launchKey(a.WorkflowID, a.Instance)
	r.mu.Lock()
	if last, ok := r.launched[key]; ok {
		r.gaps = append(r.gaps, now.Sub(last))
	}
	r.launched[key] = now
	r.mu.Unlock()
	return step.Progress{State: step.Done}, nil
}

// Observe answers the same.
func (r *scripted) Observe(ctx context.Context, a *step.Attempt, _ string) (step.Progress, error) {
	return r.Start(ctx, a)
}

// Terminate answers that nothing is there any more.
func (r *scripted) Terminate(context.Context, *step.Attempt, string, step.Cause) (step.Progress, error) {
	return step.Progress{State: step.Stopped}, nil
}

// Forget has nothing to forget.
func (r *scripted) Forget(context.Context, string) {}

// takeGaps returns the times between two launches of the same run since the last call.
func (r *scripted) takeGaps() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	gaps := r.gaps
	r.gaps = nil
	return gaps
}

// take returns when the attempt of a run was launched, and forgets it.
func (r *scripted) take(workflowID string, instance int64) (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := launchKey(workflowID, instance)
	at, ok := r.launched[key]
	delete(r.launched, key)
	return at, ok
}

// chainOf returns a definition of n steps in a row.
func chainOf(id, stepType string, n int) string {
	var s strings.Builder
	fmt.Fprintf(&s, `{"id":%q,"steps":[`, id)
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"step":{"id":"s%d","type":%q`, i, stepType)
		if i < n-1 {
			fmt.Fprintf(&s, `,"transition":{"successors":{"s%d":"true"}}`, i+1)
		}
		s.WriteString("}}")
	}
	s.WriteString("]}")
	return s.String()
}

// fanOf returns a definition of n parallel steps between a first one and a join.
func fanOf(id, stepType string, n int) string {
	var s strings.Builder
	fmt.Fprintf(&s, `{"id":%q,"steps":[{"step":{"id":"first","type":"noop","transition":{"successors":{`, id)
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `"s%d":"true"`, i)
	}
	s.WriteString(`}}}}`)
	for i := range n {
		fmt.Fprintf(&s, `,{"step":{"id":"s%d","type":%q,"transition":{"successors":{"join":"true"}}}}`, i, stepType)
	}
	s.WriteString(`,{"step":{"id":"join","type":"noop"}}]}`)
	return s.String()
}

// sleepOf returns a definition of one long sleep.
func sleepOf(id string, seconds int) string {
	return fmt.Sprintf(`{"id":%q,"steps":[{"step":{"id":"wait","type":"sleep","params":{"sleep_seconds":{"value":%d,"type":"LONG"}},"transition":{"successors":{"b":"true"}}}},`+
		`{"step":{"id":"b","type":"noop","transition":{"successors":{"c":"true"}}}},{"step":{"id":"c","type":"noop","transition":{"successors":{"d":"true"}}}},`+
		`{"step":{"id":"d","type":"noop","transition":{"successors":{"e":"true"}}}},{"step":{"id":"e","type":"noop"}}]}`, id, seconds)
}

// push stores a definition with room for any number of runs at once.
func (b *stand) push(ctx context.Context, definition string) (*engine.Plan, error) {
	n, err := wire.Parse([]byte(definition))
	if err != nil {
		return nil, err
	}
	w, err := workflow.Decode(n)
	if err != nil {
		return nil, err
	}
	p, err := engine.NewPlan(w)
	if err != nil {
		return nil, err
	}
	v, err := b.node.Ask(ctx, b.group(w.ID), &engine.Push{
		Workflow: w.ID, Author: "bench", Active: true, Plan: p, Definition: wire.Raw(definition),
		Merge: func(wire.Raw, int64) (engine.Properties, error) {
			return engine.Properties{
				Snapshot: `{"owner":"bench","run_strategy":{"rule":"PARALLEL","workflow_concurrency":1000000}}`,
				Owner:    "bench", Rule: "PARALLEL", Limit: 1_000_000,
			}, nil
		},
		Metadata: func(version, now int64) wire.Raw {
			m := workflow.Metadata{WorkflowID: w.ID, Version: version, CreateTime: now}
			return wire.Raw(m.AppendJSON(nil))
		},
	})
	if err != nil {
		return nil, err
	}
	c := *p
	c.Version, c.Row = v.(engine.Pushed).Version, v.(engine.Pushed).Row
	return &c, nil
}

// group returns the group of a workflow as the engine's commands find it, among those that the node owns.
func (b *stand) group(workflowID string) store.Group {
	return engine.GroupOf(workflowID, benchGroups)
}

// begin starts a run and returns when that is durable.
func (b *stand) begin(ctx context.Context, p *engine.Plan) (engine.Started, error) {
	v, err := b.node.Ask(ctx, b.group(p.Definition.ID), &engine.Start{
		Workflow: p.Definition.ID, Alias: "active", Plan: p, UUID: uuid.NewString(),
		Initiator: `{"type":"MANUAL","user":"bench"}`, Message: "Manually run a new workflow instance by a user [bench]",
	})
	if err != nil {
		return engine.Started{}, err
	}
	return v.(engine.Started), nil
}

// finish waits for the durable end of a run.
func (b *stand) finish(ctx context.Context, s engine.Started) error {
	wake, stop := b.node.Hub().SubscribeEnd(s.Row)
	defer stop()
	q := store.One(store.Run, s.Row)
	q.WithoutDocs = true
	for {
		open := true
		err := b.store.Read(ctx, func(snap store.Snapshot) error {
			return snap.Rows(q, func(r *store.Row) error { open = r.Open; return nil })
		})
		if err != nil || !open {
			return err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// whole runs a workflow once, from the start to its durable end.
func (b *stand) whole(ctx context.Context, p *engine.Plan) error {
	s, err := b.begin(ctx, p)
	if err != nil {
		return err
	}
	return b.finish(ctx, s)
}
