package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

func TestRetentionRules(t *testing.T) {
	const now = 1_000_000
	old := func() (store.Row, record.Run) {
		return store.Row{A: 3, B: 1, State: int16(instance.Failed)}, record.Run{Created: 1000, Ended: 2000}
	}
	type change func(p *engine.Retention, wf *record.Workflow, row *store.Row, rec *record.Run)
	for name, c := range map[string]struct {
		change change
		want   bool
	}{
		"old":           {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, _ *record.Run) {}, true},
		"just old":      {func(_ *engine.Retention, _ *record.Workflow, _ *store.Row, r *record.Run) { r.Ended = now - 100_001 }, true},
		"not quite old": {func(_ *engine.Retention, _ *record.Workflow, _ *store.Row, r *record.Run) { r.Ended = now - 100_000 }, false},
		"kept for ever": {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, _ *record.Run) { p.KeepFor = 0 }, false},
		"one too many": {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, _ *record.Run) {
			p.KeepFor, p.KeepRuns = 0, 7
		}, true},
		"one of those": {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, _ *record.Run) {
			p.KeepFor, p.KeepRuns = 0, 8
		}, false},
		"old, not many": {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, _ *record.Run) { p.KeepRuns = 8 }, true},
		"many, not old": {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, r *record.Run) {
			p.KeepRuns, r.Ended = 7, now-5000
		}, true},
		"newest":      {func(_ *engine.Retention, _ *record.Workflow, r *store.Row, _ *record.Run) { r.A = 10 }, false},
		"newer still": {func(_ *engine.Retention, _ *record.Workflow, r *store.Row, _ *record.Run) { r.A = 11 }, false},
		"open":        {func(_ *engine.Retention, _ *record.Workflow, r *store.Row, _ *record.Run) { r.Open = true }, false},
		"in progress": {func(_ *engine.Retention, _ *record.Workflow, r *store.Row, _ *record.Run) {
			r.State = int16(instance.InProgress)
		}, false},
		"without an end": {func(_ *engine.Retention, _ *record.Workflow, _ *store.Row, r *record.Run) { r.Ended = 0 }, false},
		"just ended": {func(p *engine.Retention, _ *record.Workflow, _ *store.Row, r *record.Run) {
			p.KeepRuns, r.Ended = 1, now-999
		}, false},
		"requested": {func(p *engine.Retention, _ *record.Workflow, r *store.Row, rec *record.Run) {
			r.Key, rec.Created = "k", now-500_000
		}, true},
		"requested lately": {func(p *engine.Retention, _ *record.Workflow, r *store.Row, rec *record.Run) {
			r.Key, rec.Created = "k", now-499_999
		}, false},
		"created lately without a request id": {func(p *engine.Retention, _ *record.Workflow, r *store.Row, rec *record.Run) {
			rec.Created = now - 499_999
		}, true},
		"failed in strict order": {func(_ *engine.Retention, wf *record.Workflow, _ *store.Row, _ *record.Run) {
			wf.Strategy = "STRICT_SEQUENTIAL"
		}, false},
		"stopped in strict order": {func(_ *engine.Retention, wf *record.Workflow, r *store.Row, _ *record.Run) {
			wf.Strategy, r.State = "STRICT_SEQUENTIAL", int16(instance.Stopped)
		}, true},
	} {
		p := engine.Retention{KeepFor: 100_000, Requests: 500_000, Rest: 1000}
		row, rec := old()
		wf := record.Workflow{Strategy: "SEQUENTIAL"}
		c.change(&p, &wf, &row, &rec)
		if got := p.Removes(now, &wf, 10, &row, &rec); got != c.want {
			t.Errorf("%s: removed is %v", name, got)
		}
		if c.want && p.Young(now, 10, row.A, rec.Created) {
			t.Errorf("%s: it may be removed and is called too young", name)
		}
	}
}

func TestRetentionOfAWorkflow(t *testing.T) {
	server := engine.Retention{KeepFor: 5, KeepRuns: 6, Requests: 7, Rest: 8}
	for snapshot, want := range map[string]engine.Retention{
		"":                                   server,
		`{"owner":"x"}`:                      server,
		`{"retention":{"keep_runs":0}}`:      {KeepFor: 5, KeepRuns: 0, Requests: 7, Rest: 8},
		`{"retention":{"keep_for":"2 min"}}`: {KeepFor: 120_000, KeepRuns: 6, Requests: 7, Rest: 8},
		`{"retention":{"keep_for":0,"keep_runs":"1000"}}`: {KeepFor: 0, KeepRuns: 1000, Requests: 7, Rest: 8},
	} {
		if got, err := server.For(wire.Raw(snapshot)); got != want || err != nil {
			t.Errorf("%s: %+v, %v", snapshot, got, err)
		}
	}
	for _, bad := range []string{`{`, `{"retention":{"keep_for":"soon"}}`} {
		if _, err := server.For(wire.Raw(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

// rows counts what is stored of runs, steps and details.
func (w *world) rows() (n [3]int) {
	w.t.Helper()
	err := w.store.Read(context.Background(), func(s store.Snapshot) error {
		for i, table := range []store.Table{store.Run, store.Step, store.Detail} {
			err := s.Rows(store.Query{Table: table, By: store.ByTable, WithoutDocs: true}, func(*store.Row) error { n[i]++; return nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) wantRows(runs, steps, details int) {
	w.t.Helper()
	w.compare()
	if got, want := w.rows(), [3]int{runs, steps, details}; got != want {
		w.t.Errorf("%v runs, steps and details; want %v", got, want)
	}
}

// remove asks for the removal of runs that are not among the newest.
func (w *world) remove(id string, keep int64, places ...engine.RunPlace) engine.Removed {
	w.t.Helper()
	v, err := w.ask(id, &engine.Remove{Workflow: id, Runs: places, Retention: engine.Retention{KeepRuns: keep}})
	if err != nil {
		w.t.Fatal(err)
	}
	return v.(engine.Removed)
}

// A run of more rows than a batch can bear goes in several, its own row last.
func TestRemoveInParts(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	var text []string
	const steps = 260
	for i := range steps {
		text = append(text, fmt.Sprintf("s%d:command", i))
	}
	p := w.push("PARALLEL", 9, dagOf("large", strings.Join(text, ";")))
	for range 2 {
		if _, err := w.start(p, "u"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range steps {
		id := fmt.Sprintf("s%d", i)
		for j := len(w.orders) - 1; j >= 0; j-- {
			if o := &w.orders[j]; o.Attempt.StepID == id && o.Attempt.Instance == 1 {
				w.node.Outside(engine.GroupOf("large", 4), &engine.Outcome{
					Type: o.Attempt.Type, UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: 1,
					Progress: step.Progress{State: step.Done, Artifacts: map[string][]byte{"x": []byte("1")}},
				})
				break
			}
		}
	}
	w.settle()
	w.wantRows(2, 2*steps, steps)
	place := w.places("large")[0]
	first := w.remove("large", 1, place)
	if !slices.Equal(first.Part, []int64{place.Row}) || len(first.Runs) != 0 || first.Rows != engine.MaxRemoveRows {
		t.Fatalf("first: %+v", first)
	}
	w.boot(engine.Limits{})
	second := w.remove("large", 1, place)
	if !slices.Equal(second.Runs, []int64{place.Row}) || len(second.Part) != 0 || second.Rows != 2*steps-engine.MaxRemoveRows+1 {
		t.Fatalf("second: %+v", second)
	}
	w.wantRows(1, steps, 0)
	if third := w.remove("large", 1, place); third.Rows != 0 {
		t.Fatalf("third: %+v", third)
	}
}

// A command that comes twice deletes once, also before its first effect is durable, and also if it names a run twice.
func TestRemoveTwice(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("twice", "a:noop"))
	for range 5 {
		if _, err := w.start(p, "u"); err != nil {
			t.Fatal(err)
		}
	}
	places := w.places("twice")
	e := &engine.Remove{Workflow: "twice", Runs: append(places[:2:2], places...), Retention: engine.Retention{KeepRuns: 2}}
	var answers []engine.Removed
	for range 3 {
		w.node.Ask(engine.GroupOf("twice", 4), &flow.Command{Body: e, Answer: func(v any, err error) {
			if err != nil {
				t.Error(err)
			}
			answers = append(answers, v.(engine.Removed))
		}})
	}
	w.settle()
	deleted := 0
	for _, a := range answers {
		deleted += a.Rows
	}
	if len(answers) != 3 || deleted != 3 {
		t.Errorf("3 runs of a row, and the answers are %+v", answers)
	}
	w.wantRows(2, 0, 0)
}

// A command that was made from another state of the store removes nothing that it does not mean.
func TestRemoveElsewhere(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p, other := w.push("PARALLEL", 9, dagOf("this", "a:noop")), w.push("PARALLEL", 9, dagOf("that", "a:noop"))
	for range 3 {
		for _, plan := range []*engine.Plan{p, other} {
			if _, err := w.start(plan, "u"); err != nil {
				t.Fatal(err)
			}
		}
	}
	here, there := w.places("this"), w.places("that")
	for name, place := range map[string]engine.RunPlace{
		"a run of another workflow": there[0],
		"another instance":          {Row: here[0].Row, Instance: 2, Run: 1},
		"another run":               {Row: here[0].Row, Instance: 1, Run: 2},
		"the newest run":            here[2],
		"no run":                    {Row: 1 << 40, Instance: 1, Run: 1},
	} {
		if r := w.remove("this", 1, place); r.Rows != 0 || len(r.Runs)+len(r.Part) != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if _, err := w.ask("nobody", &engine.Remove{Workflow: "nobody", Runs: here}); err == nil {
		t.Error("runs of a workflow that is not there: no error")
	}
	w.wantRows(6, 0, 0)
}

// What refers to a run by its name finds that it is gone, and its request id is free again.
func TestAfterRemove(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("gone", "a:noop"))
	var first engine.Started
	for i := range 3 {
		s, err := w.start(p, fmt.Sprintf("r%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = s
		}
	}
	if again, err := w.start(p, "r0"); err != nil || !again.Duplicate || again.Row != first.Row {
		t.Fatalf("the request again: %+v, %v", again, err)
	}
	if r := w.remove("gone", 1, w.places("gone")...); len(r.Runs) != 2 {
		t.Fatalf("%+v", r)
	}
	_, err := w.ask("gone", &engine.Act{Workflow: "gone", Instance: 1, Action: instance.Stop, User: "bob"})
	if err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("stop of a run that was removed: %v", err)
	}
	w.boot(engine.Limits{})
	again, err := w.start(p, "r0")
	if err != nil || again.Duplicate || again.Instance != 4 {
		t.Errorf("the request after its run was removed: %+v, %v", again, err)
	}
}
