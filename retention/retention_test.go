package retention_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/retention"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// world is a node on a store in memory, with a janitor and a clock that the test sets on.
type world struct {
	*testing.T
	retention.Options
	store *store.Memory
	node  *server.Node
	face  http.Handler
	jobs  jobs
	asked []*engine.Remove
	lose  int // commands that are not answered, though they take effect
	later atomic.Int64
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, store: store.NewMemory(4), jobs: jobs{fails: map[string]error{}}}
	clock := func() int64 { return server.WallClock() + w.later.Load() }
	runtimes := map[string]step.Runtime{"command": &w.jobs}
	w.node = server.NewNode(server.NodeOptions{Name: "test", Store: w.store, Runtimes: runtimes, Clock: clock})
	if err := w.node.Claim(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.node.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w.face = server.Face(w.node, 0, httpd.Deps{})
	w.Options = retention.Options{Store: w.store, Ask: w.ask, Plans: w.node.Plans(), Runtimes: runtimes, Clock: clock}
	return w
}

// wait sets the clock on.
func (w *world) wait(d time.Duration) { w.later.Add(d.Milliseconds()) }

// ask counts the commands, and loses some answers.
func (w *world) ask(ctx context.Context, g store.Group, body any) (any, error) {
	w.asked = append(w.asked, body.(*engine.Remove))
	v, err := w.node.Ask(ctx, g, body)
	if w.lose > 0 {
		w.lose--
		return nil, errors.New("the answer is lost")
	}
	return v, err
}

// jobs is a runtime whose attempts end at once and keep something until it is discarded.
type jobs struct {
	mu    sync.Mutex
	kept  []string
	first string           // attempt
	fails map[string]error // by attempt: Discard
}

func (j *jobs) Start(_ context.Context, a *step.Attempt) (step.Progress, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept = append(j.kept, a.UUID)
	if a.StepID == "again" && a.Instance == 1 {
		j.first = a.UUID
	}
	if a.Attempt == 1 && a.StepID == "again" && a.Instance == 2 {
		return step.Progress{State: step.PlatformError}, nil
	}
	return step.Progress{State: step.Done}, nil
}

func (j *jobs) Observe(ctx context.Context, a *step.Attempt, _ string) (step.Progress, error) {
	return j.Start(ctx, a)
}

func (j *jobs) Terminate(context.Context, *step.Attempt, string, step.Cause) (step.Progress, error) {
	return step.Progress{State: step.Stopped}, nil
}

func (j *jobs) Forget(context.Context, string) {}

func (j *jobs) Discard(_ context.Context, uuid string) error {
	if err := j.fails[uuid]; err != nil {
		return err
	}
	j.kept = slices.DeleteFunc(j.kept, func(k string) bool { return k == uuid })
	return nil
}

const workflows = "/api/v3/workflows"

func (w *world) do(method, path, body string) string {
	w.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("user", "tester")
	r.Header.Set("Content-Type", "application/json")
	a := httptest.NewRecorder()
	w.face.ServeHTTP(a, r)
	if a.Code != 200 {
		w.Fatalf("%s %s: %d %s", method, path, a.Code, a.Body)
	}
	return a.Body.String()
}

func (w *world) push(id, properties string, steps ...string) {
	w.Helper()
	w.do("POST", workflows, `{"properties":{"owner":"tester","run_strategy":"parallel"`+properties+`},"workflow":{"id":"`+id+`","steps":[`+strings.Join(steps, ",")+`]}}`)
}

// run starts an instance and waits for its end.
func (w *world) run(id, request string) {
	w.Helper()
	a := w.do("POST", workflows+"/"+id+"/versions/active/actions/start", `{"initiator":{"type":"manual"}`+request+`}`)
	_, n, _ := strings.Cut(a, `"workflow_instance_id":`)
	n = n[:strings.IndexAny(n, ",}")]
	w.do("GET", workflows+"/"+id+"/instances/"+n+"?wait=terminal", "")
}

func aStep(id, kind string) string {
	params := ""
	if kind == "command" {
		params = `,"params":{"command":{"type":"STRING","value":"x"}},"retry_policy":{"backoff":{"type":"FIXED_BACKOFF","platform_retry_backoff_in_secs":1}}`
	}
	return fmt.Sprintf(`{"step":{"id":%q,"type":%q%s}}`, id, kind, params)
}

// rows counts the rows of a table.
func (w *world) rows(table store.Table) (n int) {
	w.Helper()
	err := w.store.Read(w.Context(), func(s store.Snapshot) error {
		return s.Rows(store.Query{Table: table, By: store.ByTable}, func(*store.Row) error { n++; return nil })
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func (w *world) pass(want retention.Report) {
	w.Helper()
	if got, err := retention.New(w.Options).Pass(w.Context()); got != want || err != nil {
		w.Errorf("removed %+v, %v; want %+v", got, err, want)
	}
}

func (w *world) wantRows(runs, steps int) {
	w.Helper()
	if a, b := w.rows(store.Run), w.rows(store.Step); a != runs || b != steps {
		w.Errorf("%d runs and %d rows of steps are left; want %d and %d", a, b, runs, steps)
	}
}

// looked is a store that notes when it is read, and fails once.
type looked struct {
	*store.Memory
	began time.Time
	at    []time.Duration
}

func (l *looked) Read(ctx context.Context, f func(store.Snapshot) error) error {
	if l.at = append(l.at, time.Since(l.began)); len(l.at) == 2 {
		return errors.New("the store is away")
	}
	return l.Memory.Read(ctx, f)
}

// The first pass comes a minute after the start, the others an hour after the one before, until the context ends.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &looked{Memory: store.NewMemory(4), began: time.Now()}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { retention.New(retention.Options{Store: l}).Run(ctx); close(ended) }()
		time.Sleep(3 * time.Hour)
		stop()
		<-ended
		if want := []time.Duration{time.Minute, 61 * time.Minute, 121 * time.Minute}; !slices.Equal(l.at, want) {
			t.Errorf("it has looked after %v, want %v", l.at, want)
		}
	})
}

// Each workflow goes by what it says itself, and many runs go in many commands of bounded size.
func TestManyRuns(t *testing.T) {
	w := newWorld(t)
	var large []string
	for i := range 30 {
		large = append(large, aStep(fmt.Sprint("s", i), "noop"))
	}
	w.push("few", `,"retention":{"keep_runs":3}`, aStep("a", "noop"))
	w.push("large", `,"retention":{"keep_for":"1 min"}`, large...)
	w.push("all", `,"retention":{"keep_for":0}`, aStep("a", "noop"))
	w.push("server", "", aStep("a", "noop"))
	const each = 200
	for range each {
		for _, id := range []string{"few", "large", "all", "server"} {
			w.run(id, "")
		}
	}
	w.Retention = engine.Retention{KeepFor: time.Hour.Milliseconds()}
	before := w.rows(store.Step)
	w.wait(2 * time.Minute)
	w.pass(retention.Report{Runs: each - 3 + each - 1, Rows: each - 3 + each - 1 + before - before/each})
	for _, e := range w.asked {
		if len(e.Runs) > engine.MaxRemove || e.Workflow == "large" && len(e.Runs) > 10 {
			w.Errorf("one command is to remove %d runs of %s", len(e.Runs), e.Workflow)
		}
	}
	w.wantRows(3+1+each+each, before/each)
	w.wait(time.Hour)
	w.pass(retention.Report{Runs: each - 1 + 2, Rows: each - 1 + 2}) // and two of those few are old by now
}

// A request id is remembered with its run, whatever came before and after it goes.
func TestRequestIDs(t *testing.T) {
	w := newWorld(t)
	w.push("w", "", aStep("a", "noop"))
	for i := range 9 {
		request := ""
		if i%3 == 1 {
			request = fmt.Sprintf(`,"request_id":"00000000-0000-4000-8000-00000000000%d"`, i)
		}
		w.run("w", request)
	}
	w.Retention = engine.Retention{KeepRuns: 1, Requests: time.Hour.Milliseconds()}
	w.pass(retention.Report{Runs: 5, Rows: 5})
	w.wait(59 * time.Minute)
	w.pass(retention.Report{})
	w.wait(time.Minute)
	w.pass(retention.Report{Runs: 3, Rows: 3})
}

// What runtimes keep of each attempt goes before the rows. A run of which it cannot go stays, with all its rows, and does not hold
// up others.
func TestDiscard(t *testing.T) {
	w := newWorld(t)
	w.push("w", "", aStep("again", "command"), aStep("b", "noop"), aStep("c", "command"))
	for range 4 {
		w.run("w", "")
	}
	if len(w.jobs.kept) != 9 { // and one of them twice
		w.Fatalf("%d attempts were started", len(w.jobs.kept))
	}
	stuck := w.jobs.first
	w.jobs.fails[stuck] = errors.New("it runs")
	w.Retention = engine.Retention{KeepRuns: 1}
	report, err := retention.New(w.Options).Pass(w.Context())
	if err != nil || report != (retention.Report{Runs: 2, Rows: 3, Attempts: 5, Failed: 1}) {
		w.Errorf("%+v, %v", report, err)
	}
	if !slices.Contains(w.jobs.kept, stuck) {
		w.Error("what could not be discarded is gone")
	}
	w.Runtimes = nil // a server that does not run commands cannot know what there is of them
	w.pass(retention.Report{Failed: 1})
	w.Runtimes = map[string]step.Runtime{"command": &w.jobs}
	w.wantRows(2, 0)
	delete(w.jobs.fails, stuck)
	w.pass(retention.Report{Runs: 1, Rows: 1, Attempts: 2})
	w.wantRows(1, 0)
	if len(w.jobs.kept) != 2 {
		w.Errorf("kept are %v", w.jobs.kept)
	}
}

// A pass that ends anywhere is made good by the next one.
func TestPassIsInterrupted(t *testing.T) {
	w := newWorld(t)
	w.push("w", "", aStep("a", "command"))
	for range 100 {
		w.run("w", "")
	}
	w.Retention, w.lose = engine.Retention{KeepRuns: 1}, 1
	w.push("x", "", aStep("a", "noop"))
	w.run("x", "")
	w.run("x", "")
	if report, err := retention.New(w.Options).Pass(w.Context()); err != nil || report.Runs != 1 || report.Failed == 0 {
		w.Errorf("a pass in which one workflow does not answer: %+v, %v", report, err)
	}
	w.wantRows(100-engine.MaxRemove+1, 0)
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	if report, err := retention.New(w.Options).Pass(ctx); err == nil || report != (retention.Report{}) {
		w.Errorf("a pass that has to end: %+v, %v", report, err)
	}
	left := 99 - engine.MaxRemove
	w.pass(retention.Report{Runs: left, Rows: left, Attempts: left})
	if len(w.jobs.kept) != 1 {
		w.Errorf("kept are %v", w.jobs.kept)
	}
}
