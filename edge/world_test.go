package edge_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/segue-run/segue/edge"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a runtime that does what the test says, and writes down every call.
type script struct {
	w *world
	// do decides a call ("start", "observe", "terminate", "forget"); nil = Running, and Stopped for a terminate.
	do func(ctx context.Context, call string, a *step.Attempt, handle string) (step.Progress, error)

	mu    sync.Mutex
	under map[string]int // calls under way by attempt
	all   int
	most  int // calls under way at once
}

func (s *script) call(ctx context.Context, call, handle string, a *step.Attempt) (step.Progress, error) {
	s.mu.Lock()
	if s.under == nil {
		s.under = map[string]int{}
	}
	s.under[a.UUID]++
	if s.under[a.UUID] > 1 {
		s.w.t.Errorf("two calls for attempt %s at once", a.UUID)
	}
	s.all++
	s.most = max(s.most, s.all)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.under[a.UUID]--
		s.all--
		s.mu.Unlock()
	}()
	if handle != "" {
		s.w.say("%s %s(%s)", call, a.UUID, handle)
	} else {
		s.w.say("%s %s", call, a.UUID)
	}
	name, _, _ := strings.Cut(call, " ")
	if s.do != nil {
		return s.do(ctx, name, a, handle)
	}
	if name == "terminate" {
		return step.Progress{State: step.Stopped}, nil
	}
	return step.Progress{}, nil
}

func (s *script) Start(ctx context.Context, a *step.Attempt) (step.Progress, error) {
	return s.call(ctx, "start", "", a)
}

func (s *script) Observe(ctx context.Context, a *step.Attempt, handle string) (step.Progress, error) {
	return s.call(ctx, "observe", handle, a)
}

func (s *script) Terminate(ctx context.Context, a *step.Attempt, handle string, cause step.Cause) (step.Progress, error) {
	return s.call(ctx, "terminate by "+cause.String(), handle, a)
}

func (s *script) Forget(ctx context.Context, uuid string) {
	_, _ = s.call(ctx, "forget", "", &step.Attempt{UUID: uuid})
}

// pusher is a script that pushes.
type pusher struct {
	script
	push func(string)
}

func (p *pusher) SetPush(push func(string)) { p.push = push }

// world is an edge with a scripted runtime of the type "job", and an engine that only writes down what it is told. Time
// passes when the test says so.
type world struct {
	t       *testing.T
	edge    *edge.Edge
	run     *script
	refuse  bool // the group is not here
	told    func(*engine.Outcome)
	log     text
	mu      sync.Mutex
	history []string
	began   time.Time
}

// text is a log that may be read meanwhile.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// inWorld runs a test in a bubble of virtual time.
func inWorld(t *testing.T, o edge.Options, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, run: &script{}, began: time.Now()}
		w.run.w = w
		w.open(o)
		defer w.edge.Close()
		test(w)
	})
}

func (w *world) open(o edge.Options) {
	if o.Runtimes == nil {
		o.Runtimes = map[string]step.Runtime{"job": w.run}
	}
	o.Log = slog.New(slog.NewTextHandler(&w.log, nil))
	o.Deliver = func(g store.Group, e *engine.Outcome) bool {
		p := e.Progress
		what := fmt.Sprintf("> %d/%d#%d %s", e.Run, e.Ordinal, e.Attempt, p.State)
		if p.Handle != "" {
			what += " (" + p.Handle + ")"
		}
		if p.Message != "" {
			what += ": " + p.Message
		}
		if e.Trouble != "" {
			what = fmt.Sprintf("> %d/%d#%d trouble", e.Run, e.Ordinal, e.Attempt)
		}
		w.mu.Lock()
		refuse, told := w.refuse, w.told
		w.mu.Unlock()
		if refuse {
			w.say("%s refused by group %d", what, g)
			return false
		}
		w.say("%s", what)
		if told != nil {
			told(e)
		}
		return true
	}
	w.edge = edge.New(o)
}

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, fmt.Sprintf(format, args...))
}

// want waits until nothing moves any more, and compares all that has happened since the last want.
func (w *world) want(lines ...string) {
	w.t.Helper()
	w.compare(w.happened(), lines)
}

// wantTogether does the same where the order is left open.
func (w *world) wantTogether(lines ...string) {
	w.t.Helper()
	w.compare(slices.Sorted(slices.Values(w.happened())), slices.Sorted(slices.Values(lines)))
}

// happened waits until nothing moves any more, and returns all that has happened since the last time.
func (w *world) happened() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.history
	w.history = nil
	return got
}

func (w *world) compare(got, lines []string) {
	w.t.Helper()
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		w.t.Errorf("after %s\n  is   %q\n  want %q", time.Since(w.began), got, lines)
	}
}

func (w *world) setRefuse(v bool) {
	w.mu.Lock()
	w.refuse = v
	w.mu.Unlock()
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// order gives an order for attempt x of run 1.
func (w *world) order(kind record.OrderKind, edit ...func(*engine.Order)) {
	o := engine.Order{
		Kind: kind, Run: 1, Ordinal: 2,
		Attempt: step.Attempt{UUID: "x", WorkflowID: "wf", StepID: "s", Attempt: 3, Type: "job"},
	}
	if kind == record.OrderTerminate {
		o.Cause = step.ByStop
	}
	for _, f := range edit {
		f(&o)
	}
	w.edge.Order(7, o)
}

func uuid(s string) func(*engine.Order) { return func(o *engine.Order) { o.Attempt.UUID = s } }

// gate is a call that the test holds up.
type gate struct{ begun, open chan struct{} }

func newGate() *gate { return &gate{make(chan struct{}), make(chan struct{})} }

func (g *gate) pass(ctx context.Context) error {
	close(g.begun)
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
