package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/sqlite"
)

// earlier are the workflows of a data directory with runs in every state, and how many runs each has.
var earlier = []struct {
	id, rule   string
	definition string
	runs       int64
}{
	{"jobs", "PARALLEL", dagOf("jobs", "a:command>b; b:noop"), 12},
	{"sleeps", "PARALLEL", dagOf("sleeps", "s:sleep(7200)>n; n:noop"), 1},
	{"queue", "SEQUENTIAL", dagOf("queue", "a:command"), 3},
	{"dear", "PARALLEL", dearDefinition, 3},
	{"large", "PARALLEL", dagOf("large", "a:noop>b,c; b:noop>d; c:noop>d[false]; d:noop>e; e:noop>f; f:noop>g,x; x:noop; g:command>h; h:noop>i; i:noop; j:command*1"), 2},
	{"values", "PARALLEL", `{"id":"values","steps":[{"step":{"id":"a","type":"command","params":{"x":{"value":1,"type":"LONG"},"y":{"expression":"x + 1","type":"LONG"}},
		"transition":{"successors":{"b":"x > 5"}}}},{"step":{"id":"b","type":"command","params":{"z":{"value":"${a__x}","type":"STRING"}}}}]}`, 2},
}

// TestEarlierDataDirectories opens every database that an earlier version has written, with runs stopped in every state, and has
// all of them come to their end. With -update, a database in the present format is added, unless there is one.
//
// A test that fails here after a change of a format says that users would lose their runs: add a migration or read both
// formats, and leave the files as they are.
func TestEarlierDataDirectories(t *testing.T) {
	present := filepath.Join("testdata", "earlier", fmt.Sprintf("1.%d.db.gz", record.Format)) // schema and records
	if _, err := os.Stat(present); os.IsNotExist(err) && *update {
		writeEarlier(t, present)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "earlier", "*.db.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			w := openEarlier(t, file)
			var b strings.Builder
			w.tellAll(&b, "as it was left")
			w.boot(engine.Limits{})
			w.settle()
			jobs := 0
			for _, o := range w.orders { // or a runtime would run again what it knows under another name
				a := o.Attempt
				if a.WorkflowID != "jobs" {
					continue
				}
				jobs++
				if want := engine.AttemptUUID("jobs", &record.Run{UUID: fmt.Sprintf("r%d", a.Instance)}, a.StepID, int32(a.Attempt)); a.UUID != want {
					t.Errorf("attempt %d of step %s of run %d is now called %s, and was %s", a.Attempt, a.StepID, a.Instance, a.UUID, want)
				}
			}
			if jobs == 0 {
				t.Error("no order was repeated")
			}
			w.finishAll()
			v, err := w.ask("jobs", &engine.Start{Workflow: "jobs", Alias: "active", Plan: w.stored("jobs"), UUID: "r1", RequestID: "r1"})
			if s, _ := v.(engine.Started); err != nil || !s.Duplicate || s.Instance != 1 {
				t.Errorf("a request id of an earlier run: %+v, %v", v, err)
			}
			if _, err := w.ask("jobs", &engine.Release{Workflow: "jobs", Instance: 11, User: "ann"}); err != nil {
				t.Errorf("release: %v", err)
			}
			w.finishAll()
			w.tellAll(&b, "at the end")
			golden := strings.TrimSuffix(file, ".db.gz") + ".txt"
			want, err := os.ReadFile(golden)
			if *update && os.IsNotExist(err) {
				want = []byte(b.String())
				err = os.WriteFile(golden, want, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("it is now\n%s", diff(string(want), b.String()))
			}
		})
	}
}

// writeEarlier makes a database with runs in every state.
func writeEarlier(t *testing.T, file string) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{Groups: 4})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: storyBegan, store: s, stepsLeft: -1, slow: true}
	w.boot(engine.Limits{})
	plans := map[string]*engine.Plan{}
	for i := range earlier {
		e := &earlier[i]
		plans[e.id] = w.push(e.rule, 99, e.definition)
	}
	start := func(id string, n int) {
		if _, err := w.start(plans[id], fmt.Sprintf("r%d", n)); err != nil {
			t.Fatal(err)
		}
	}
	jobs := plans["jobs"]
	act := func(i int64, a instance.Action) {
		if _, err := w.ask("jobs", &engine.Act{Workflow: "jobs", Instance: i, Action: a, User: "ann", Reason: "r"}); err != nil {
			t.Fatal(err)
		}
	}
	job := func(i int64, p ...step.Progress) {
		start("jobs", int(i))
		for _, p := range p {
			w.say(jobs, "a", p)
		}
	}
	running := step.Progress{Handle: "pid 7", Message: "runs"}
	job(1, running, step.Progress{State: step.UserError, Message: "bad"})
	w.pass(60_000)
	w.say(jobs, "a", running) // the second attempt runs
	job(2)
	job(3, running)
	job(4, step.Progress{State: step.UserError, Message: "bad\nworse"})
	job(5, step.Progress{State: step.PlatformError})
	job(6, running)
	act(6, instance.Stop)
	job(7)
	act(7, instance.Kill)
	job(8, step.Progress{State: step.Done})
	job(9, step.Progress{State: step.FatalError})
	job(10, step.Progress{State: step.TimedOut})
	job(11, running)
	w.poison(jobs, w.orders[len(w.orders)-1].Run)
	job(12, running)
	act(12, instance.Stop)
	w.say(jobs, "a", step.Progress{State: step.Stopped})
	start("sleeps", 1)
	for n := range 3 {
		start("queue", n+1)
	}
	for n := range 2 {
		start("dear", n+1)
		w.say(plans["dear"], "c", step.Progress{State: step.UserError})
	}
	w.evaluate(engine.GroupOf("dear", 4)) // of both; now b works
	w.settle()
	w.say(plans["dear"], "b", step.Progress{State: step.Done}) // of the second run; its edges are with a worker
	start("dear", 3)
	w.say(plans["dear"], "c", step.Progress{State: step.UserError})
	for n := range 2 {
		start("large", n+1)
	}
	w.say(plans["large"], "j", step.Progress{State: step.UserError})
	w.say(plans["large"], "g", step.Progress{State: step.Done})
	for n := range 2 {
		start("values", n+1)
		w.say(plans["values"], "a", step.Progress{State: step.Done, Outputs: map[string]any{"x": int64(7)}, Artifacts: map[string][]byte{"k": []byte(`{"n":1.50}`)}})
	}
	w.say(plans["values"], "b", step.Progress{State: step.Done})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := os.ReadFile(filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if _, err := z.Write(db); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// openEarlier opens a copy of a database.
func openEarlier(t *testing.T, file string) *world {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	db, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, sqlite.FileName), db, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, now: storyBegan + 3600_000, store: s, stepsLeft: -1}
}

// stored returns the plan of the active version of a workflow from the store.
func (w *world) stored(id string) *engine.Plan {
	w.t.Helper()
	var p *engine.Plan
	err := w.store.Read(context.Background(), func(s store.Snapshot) error {
		wf, err := store.Collect(s, store.Named(store.Workflow, 0, id))
		if err != nil || len(wf) != 1 {
			return fmt.Errorf("workflow %s: %d rows, %w", id, len(wf), err)
		}
		versions, err := store.Collect(s, store.Under(store.Version, wf[0].ID).Last(1))
		if err != nil {
			return err
		}
		p, err = engine.NewKind(engine.Limits{}, nil).Plans().Load(&versions[0])
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// tellAll writes the status of every run.
func (w *world) tellAll(b *strings.Builder, when string) {
	fmt.Fprintf(b, "# %s\n", when)
	for _, e := range earlier {
		p := w.stored(e.id)
		for n := int64(1); n <= e.runs; n++ {
			fmt.Fprintf(b, "%s %d: %s\n", e.id, n, w.status(p, n))
		}
	}
}

// finishAll has the runtimes do whatever they are told, until nothing more is to be done.
func (w *world) finishAll() {
	for range 20 {
		orders := w.orders
		w.orders = nil
		for _, o := range orders {
			p := step.Progress{State: step.Done}
			if o.Kind == record.OrderTerminate {
				p.State = step.Stopped
			}
			w.node.Outside(engine.GroupOf(o.Attempt.WorkflowID, 4), &engine.Outcome{
				Type: o.Attempt.Type, UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: int32(o.Attempt.Attempt), Progress: p})
		}
		w.pass(3600_000)
	}
}
