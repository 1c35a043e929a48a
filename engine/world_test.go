package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// world is an engine on a memory store, driven by one goroutine, with a clock and an edge that the test works by hand.
type world struct {
	t      *testing.T
	now    int64
	store  store.Store
	node   *flow.Node
	orders []engine.Order
	ended  []engine.Changed
	loaded [4]*engine.Machine // by group
	still  bool               // all is decided and durable

	// For stories (see transcript_test.go).
	onOrder func(*engine.Order)
	told    []string // effects, in words

	evaluations []*engine.Evaluation // handed to workers
	slow        bool                 // the workers wait for evaluate
	eager       bool                 // a commit follows every turn
	stepsLeft   int                  // settle stops after so many steps; negative = never
	starts      map[int]bool
	passed      map[int]bool
}

// storyBegan is the time at which every world begins.
const storyBegan = 1_760_000_000_000

func newWorld(t *testing.T, limits engine.Limits) *world {
	w := &world{t: t, now: storyBegan, store: store.NewMemory(4), stepsLeft: -1}
	w.boot(limits)
	return w
}

// boot starts a node on the store, as after a crash of the one before.
func (w *world) boot(limits engine.Limits) {
	w.t.Helper()
	w.compare()
	w.node = flow.NewNode(flow.Options{
		Name: "n", Store: w.store, Kind: watched{engine.NewKind(limits, sel.NewCache(1<<20)), w}, Outbox: w,
		Clock:  func() int64 { return w.now },
		Report: func(i flow.Incident) { w.t.Logf("incident: %s group %d: %v", i.What, i.Group, i.Err) },
	})
	w.orders, w.evaluations = nil, nil
	ctx := context.Background()
	if err := w.node.Join(ctx); err != nil {
		w.t.Fatal(err)
	}
	if err := w.node.Claim(ctx, 0, 1, 2, 3); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}

// watched is a Kind whose machines the test knows.
type watched struct {
	*engine.Kind
	world *world
}

func (k watched) Load(s store.Snapshot, o store.Owned, ids func() int64) (flow.Machine, error) {
	m, err := k.Kind.Load(s, o, ids)
	if err == nil {
		k.world.loaded[o.Group] = m.(*engine.Machine)
	}
	return m, err
}

// compare checks that a machine loaded now would be what the one in memory is, if everything is durable.
func (w *world) compare() {
	w.t.Helper()
	if !w.still {
		return
	}
	err := w.store.Read(context.Background(), func(s store.Snapshot) error {
		for g, m := range w.loaded {
			fresh, err := engine.NewKind(engine.Limits{}, sel.NewCache(1<<20)).Load(s, store.Owned{Group: store.Group(g)}, nil)
			if err != nil {
				return err
			}
			if err := m.Compare(fresh.(*engine.Machine), s); err != nil {
				return fmt.Errorf("group %d: %w", g, err)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("memory and store differ: %v", err)
	}
}

// Release takes what the engine lets out.
func (w *world) Release(g store.Group, _ store.Generation, effect any) {
	switch e := effect.(type) {
	case engine.Order:
		w.orders = append(w.orders, e)
		if w.onOrder != nil {
			w.onOrder(&e)
		}
		w.told = append(w.told, orderInWords(&e))
	case *engine.Evaluation:
		w.evaluations = append(w.evaluations, e)
		if !w.slow {
			w.evaluate(g)
		}
	case engine.Settled:
		w.told = append(w.told, fmt.Sprintf("settled %s", shortUUID(e.UUID)))
	case engine.Changed:
		if e.Ended {
			w.ended = append(w.ended, e)
		}
	}
}

// Released implements flow.Outbox.
func (*world) Released() {}

// evaluate has the workers do what they have been given.
func (w *world) evaluate(g store.Group) {
	for _, e := range w.evaluations {
		w.node.Outside(g, e.Do(nil))
	}
	w.evaluations = nil
}

// settle runs the node until nothing is left to do at the present time.
func (w *world) settle() {
	w.t.Helper()
	w.still = false
	for range 100_000 {
		if w.stepsLeft == 0 {
			return
		}
		w.stepsLeft = max(w.stepsLeft-1, -1)
		w.node.Tick()
		if w.eager && w.commit() {
			continue
		}
		if l := w.node.NextReady(); l != nil {
			if w.stepsLeft >= 0 || w.eager {
				if l.Turn() {
					l.Ready()
				}
				continue
			}
			for l.Turn() {
			}
			continue
		}
		if f := w.node.NextFetch(); f != nil {
			if err := f.Run(context.Background()); err != nil {
				w.t.Fatal(err)
			}
			continue
		}
		if w.commit() {
			continue
		}
		l := w.node.NextReady()
		if l == nil {
			w.still = true
			return
		}
		l.Ready()
	}
	w.t.Fatal("the node does not come to rest")
}

// commit commits what there is, and reports whether there was anything.
func (w *world) commit() bool {
	w.t.Helper()
	ctx := context.Background()
	b := w.node.Begin()
	if err := w.node.Recover(ctx); err != nil {
		w.t.Fatal(err)
	}
	if b == nil {
		return false
	}
	if v := w.node.End(b, w.node.Commit(ctx, b)); v != flow.Landed {
		w.t.Fatalf("a commit came to verdict %d", v)
	}
	return true
}

func (w *world) ask(id string, body any) (any, error) {
	w.t.Helper()
	var value any
	var err error
	answered := 0
	w.node.Ask(engine.GroupOf(id, 4), &flow.Command{Body: body, Answer: func(v any, e error) { value, err, answered = v, e, answered+1 }})
	w.settle()
	if answered != 1 {
		w.t.Fatalf("a command was answered %d times", answered)
	}
	return value, err
}

func (w *world) plan(definition string) *engine.Plan {
	w.t.Helper()
	n, err := wire.Parse([]byte(definition))
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := workflow.Decode(n)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := engine.NewPlan(d)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// push stores a workflow with a run strategy and returns its plan.
func (w *world) push(rule string, limit int64, definition string) *engine.Plan {
	w.t.Helper()
	p := w.plan(definition)
	v, err := w.ask(p.Definition.ID, pushOf(p, rule, limit, definition))
	if err != nil {
		w.t.Fatal(err)
	}
	c := *p
	c.Version, c.Row = v.(engine.Pushed).Version, v.(engine.Pushed).Row
	return &c
}

func pushOf(p *engine.Plan, rule string, limit int64, definition string) *engine.Push {
	return &engine.Push{
		Workflow: p.Definition.ID, Author: "ann", Active: true, Plan: p, Definition: wire.Raw(definition),
		Merge: func(wire.Raw, int64) (engine.Properties, error) {
			return engine.Properties{Snapshot: `{"owner":"ann"}`, Rule: rule, Limit: limit}, nil
		},
		Metadata: func(int64, int64) wire.Raw { return `{}` },
	}
}

// start starts a run; uuid is its request id too if it begins with r.
func (w *world) start(p *engine.Plan, uuid string) (engine.Started, error) {
	w.t.Helper()
	e := &engine.Start{Workflow: p.Definition.ID, Alias: "active", Plan: p, UUID: uuid, Message: "test"}
	if strings.HasPrefix(uuid, "r") {
		e.RequestID = uuid
	}
	v, err := w.ask(p.Definition.ID, e)
	if err != nil {
		return engine.Started{}, err
	}
	return v.(engine.Started), nil
}

// say delivers an outcome for the last order about a step.
func (w *world) say(p *engine.Plan, stepID string, progress step.Progress) {
	w.t.Helper()
	o := w.lastOrder(stepID)
	if o == nil {
		w.t.Fatalf("no order for step %s", stepID)
	}
	w.node.Outside(engine.GroupOf(p.Definition.ID, 4), &engine.Outcome{Type: o.Attempt.Type, UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: int32(o.Attempt.Attempt), Progress: progress})
	w.settle()
}

func (w *world) lastOrder(stepID string) *engine.Order {
	for i := len(w.orders) - 1; i >= 0; i-- {
		if w.orders[i].Attempt.StepID == stepID {
			return &w.orders[i]
		}
	}
	return nil
}

func (w *world) pass(ms int64) {
	w.now += ms
	w.settle()
}

// places returns where the runs of a workflow are.
func (w *world) places(id string) (places []engine.RunPlace) {
	w.t.Helper()
	err := w.store.Read(context.Background(), func(s store.Snapshot) error {
		wf, err := store.Collect(s, store.Named(store.Workflow, 0, id))
		if err != nil || len(wf) == 0 {
			return err
		}
		return s.Rows(store.Under(store.Run, wf[0].ID), func(r *store.Row) error {
			places = append(places, engine.RunPlace{Row: r.ID, Instance: r.A, Run: r.B})
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return places
}

// status returns a line like "SUCCEEDED a=SUCCEEDED b#2=RUNNING" of a run, read from the store.
func (w *world) status(p *engine.Plan, instanceID int64) string {
	w.t.Helper()
	var line string
	err := w.store.Read(context.Background(), func(s store.Snapshot) error {
		wf, err := store.Collect(s, store.Named(store.Workflow, 0, p.Definition.ID))
		if err != nil || len(wf) != 1 {
			return fmt.Errorf("workflow %s: %d rows, %v", p.Definition.ID, len(wf), err)
		}
		runs, err := store.Collect(s, store.Between(store.Run, wf[0].ID, instanceID, instanceID))
		if err == nil && len(runs) == 0 {
			line = "removed"
			return nil
		}
		if err != nil || len(runs) != 1 {
			return fmt.Errorf("instance %d: %d rows, %v", instanceID, len(runs), err)
		}
		line = instance.Status(runs[0].State).String()
		rows, err := store.Collect(s, store.Under(store.Step, runs[0].ID))
		if err != nil {
			return err
		}
		rec, err := record.ParseRun(runs[0].Doc)
		if err != nil {
			return err
		}
		latest := make([]*record.Attempt, len(p.Steps))
		for _, a := range rec.Attempts {
			latest[a.Ordinal] = a
		}
		for _, row := range rows {
			list, err := record.ParseAttempts(row.Doc)
			if err != nil {
				return err
			}
			for _, a := range list {
				if l := latest[a.Ordinal]; l == nil || a.Number > l.Number {
					latest[a.Ordinal] = &a
				}
			}
		}
		for i, a := range latest {
			if a == nil {
				continue
			}
			line += " " + p.Steps[i].ID
			if a.Number > 1 {
				line += fmt.Sprintf("#%d", a.Number)
			}
			line += "=" + a.Status.String()
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return line
}

func (w *world) want(p *engine.Plan, instanceID int64, want string) {
	w.t.Helper()
	w.compare()
	if got := w.status(p, instanceID); got != want {
		w.t.Errorf("instance %d of %s\n  is   %s\n  want %s", instanceID, p.Definition.ID, got, want)
	}
}

// dagOf writes a definition in a short form: "a:noop>b,c; b:sleep(2); c:command". A condition follows in brackets:
// "a:noop>b[false]". A failure mode follows a "!": "c:command!IGNORE_FAILURE". A retry limit follows a "*": "c:command*1".
func dagOf(id, text string) string {
	var steps []string
	for _, part := range strings.Split(text, ";") {
		head, succ, _ := strings.Cut(strings.TrimSpace(part), ">")
		name, kind, _ := strings.Cut(head, ":")
		kind, mode, _ := strings.Cut(kind, "!")
		kind, retries, hasRetries := strings.Cut(kind, "*")
		kind, arg, _ := strings.Cut(strings.TrimSuffix(kind, ")"), "(")
		s := fmt.Sprintf(`{"step":{"id":%q,"type":%q`, name, kind)
		if arg != "" {
			s += `,"params":{"sleep_seconds":{"value":` + arg + `,"type":"LONG"}}`
		}
		if mode != "" {
			s += fmt.Sprintf(`,"failure_mode":%q`, mode)
		}
		if hasRetries {
			s += `,"retry_policy":{"error_retry_limit":` + retries + `,"platform_retry_limit":` + retries + `,"timeout_retry_limit":` + retries + `}`
		}
		if succ != "" {
			var list []string
			for _, x := range strings.Split(succ, ",") {
				to, cond, _ := strings.Cut(strings.TrimSuffix(x, "]"), "[")
				if cond == "" {
					cond = "true"
				}
				list = append(list, fmt.Sprintf("%q:%q", to, cond))
			}
			s += `,"transition":{"successors":{` + strings.Join(list, ",") + `}}`
		}
		steps = append(steps, s+"}}")
	}
	return fmt.Sprintf(`{"id":%q,"steps":[%s]}`, id, strings.Join(steps, ","))
}
