package httpd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// world is the API on an engine with a store in memory.
type world struct {
	testing.TB
	node    *server.Node
	url     string
	runtime *held
	logs    bytes.Buffer
	deps    httpd.Deps
}

// held is a runtime whose attempts end when the test says so.
type held struct {
	push   atomic.Pointer[func(string)]
	done   chan struct{} // closed: attempts are done
	began  chan *step.Attempt
	log    *growing
	logNot atomic.Bool
}

func (h *held) SetPush(push func(string)) { h.push.Store(&push) }

func (h *held) Start(ctx context.Context, a *step.Attempt) (step.Progress, error) {
	select {
	case h.began <- a:
	default:
	}
	go func() {
		<-h.done
		(*h.push.Load())(a.UUID)
	}()
	return h.Observe(ctx, a, "")
}

func (h *held) Observe(_ context.Context, _ *step.Attempt, _ string) (step.Progress, error) {
	select {
	case <-h.done:
		return step.Progress{State: step.Done}, nil
	default:
		return step.Progress{State: step.Running}, nil
	}
}

func (h *held) Terminate(context.Context, *step.Attempt, string, step.Cause) (step.Progress, error) {
	return step.Progress{State: step.Stopped}, nil
}

func (h *held) Forget(context.Context, string) {}

// Logs opens the one log that there is.
func (h *held) Logs(_ context.Context, _ string, s step.LogStream) (step.Log, error) {
	if s == step.Stderr || h.logNot.Load() {
		return nil, fault.New(fault.NotFound, "no log yet")
	}
	return h.log, nil
}

func newWorld(t testing.TB, change func(*httpd.Deps)) *world {
	t.Helper()
	w := &world{TB: t, runtime: &held{done: make(chan struct{}), began: make(chan *step.Attempt, 16), log: &growing{}}}
	log := slog.New(slog.DiscardHandler)
	w.node = server.NewNode(server.NodeOptions{
		Name: "test", Store: store.NewMemory(4), Runtimes: map[string]step.Runtime{"command": w.runtime}, Limits: flow.Limits{}, Log: log,
	})
	ctx, stop := context.WithCancel(context.Background())
	if err := w.node.Claim(ctx, 0); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.node.Run(ctx) }()
	w.deps = httpd.Deps{
		Store: w.node.Store(), Engine: w.node, Hub: w.node.Hub(), Plans: w.node.Plans(), Env: eval.Env{Programs: w.node.Programs()},
		Logs: func(ctx context.Context, _, uuid string, s step.LogStream) (step.Log, error) {
			return w.runtime.Logs(ctx, uuid, s)
		},
		Log: log, Version: "test", Limits: httpd.Limits{LogPoll: time.Millisecond},
	}
	if change != nil {
		change(&w.deps)
	}
	face := httptest.NewServer(httpd.New(w.deps))
	w.url = face.URL
	t.Cleanup(func() {
		face.Close()
		stop()
		if err := <-ended; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	return w
}

// answer is what came back.
type answer struct {
	testing.TB
	call   string
	status int
	header http.Header
	body   string
}

// do makes a request as user tester. A body makes it a JSON request.
func (w *world) do(method, path, body string, headers ...string) *answer {
	w.Helper()
	req, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("user", "tester")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			req.Host = headers[i+1]
		case headers[i+1] == "":
			req.Header.Del(headers[i])
		default:
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return &answer{TB: w.TB, call: method + " " + path, status: res.StatusCode, header: res.Header, body: string(text)}
}

func (w *world) get(path string) *answer { w.Helper(); return w.do("GET", path, "") }

// is checks the status.
func (a *answer) is(status int) *answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("%s: status %d, want %d\n%s", a.call, a.status, status, a.body)
	}
	return a
}

// has checks values in a JSON answer: path of keys and indexes divided by slashes, then the value as JSON; "-" = absent.
func (a *answer) has(pairs ...string) *answer {
	a.Helper()
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		a.Fatalf("%s: %v\n%s", a.call, err, a.body)
	}
	for i := 0; i < len(pairs); i += 2 {
		got := "-"
		if v, ok := at(doc, pairs[i]); ok {
			text, err := json.Marshal(v)
			if err != nil {
				a.Fatal(err)
			}
			got = string(text)
		}
		if got != pairs[i+1] {
			a.Errorf("%s: %s is %s, want %s", a.call, pairs[i], got, pairs[i+1])
		}
	}
	return a
}

func at(doc any, path string) (any, bool) {
	for _, key := range strings.Split(path, "/") {
		switch v := doc.(type) {
		case map[string]any:
			inner, ok := v[key]
			if !ok {
				return nil, false
			}
			doc = inner
		case []any:
			if key == "#" {
				return len(v), true
			}
			n := -1
			if _, err := fmt.Sscan(key, &n); err != nil || n < 0 || n >= len(v) {
				return nil, false
			}
			doc = v[n]
		default:
			return nil, false
		}
	}
	return doc, true
}

// says checks that the answer contains texts.
func (a *answer) says(texts ...string) *answer {
	a.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.Errorf("%s: %q is not in %s", a.call, text, a.body)
		}
	}
	return a
}

const api = "/api/v3/workflows"

// push pushes a workflow of the given steps.
func (w *world) push(id, steps string) *answer {
	w.Helper()
	return w.do("POST", api, `{"properties":{"owner":"tester","run_strategy":"parallel"},"workflow":{"id":"`+id+`","steps":[`+steps+`]}}`)
}

const manual = `{"initiator":{"type":"manual"}}`

const (
	noop    = `{"step":{"id":"a","type":"noop"}}`
	chain   = `{"step":{"id":"a","type":"noop","transition":{"successors":{"b":"true"}}}},{"step":{"id":"b","type":"noop"}}`
	command = `{"step":{"id":"a","type":"command","params":{"command":{"value":"x","type":"STRING"}}}}`
)

func (w *world) start(id string) *answer {
	w.Helper()
	return w.do("POST", api+"/"+id+"/versions/active/actions/start", manual).is(200)
}

// growing is a log that the test writes.
type growing struct {
	text  atomic.Pointer[string]
	ended atomic.Bool
}

func (g *growing) now() string {
	if t := g.text.Load(); t != nil {
		return *t
	}
	return ""
}

func (g *growing) Size() (int64, error) { return int64(len(g.now())), nil }

func (g *growing) ReadAt(p []byte, off int64) (int, error) {
	return strings.NewReader(g.now()).ReadAt(p, off)
}

func (g *growing) Ended() (bool, error) { return g.ended.Load(), nil }

func (g *growing) Close() error { return nil }

var _ httpd.Engine = (*server.Node)(nil)

// moving answers a number of starts with Moved, as if the alias had just been given to another version.
type moving struct {
	httpd.Engine
	times atomic.Int32
}

func (m *moving) Ask(ctx context.Context, g store.Group, body any) (any, error) {
	if _, ok := body.(*engine.Start); ok && m.times.Add(-1) >= 0 {
		return engine.Moved{Version: 1}, nil
	}
	return m.Engine.Ask(ctx, g, body)
}
