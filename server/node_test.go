package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/step/command"
	"github.com/segue-run/segue/store"
	"go.uber.org/goleak"
)

// TestMain makes the test binary the supervisor of the commands that its tests run.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == superviseArg {
		os.Exit(command.Supervise(os.Args[2:]))
	}
	goleak.VerifyTestMain(m)
}

const superviseArg = "supervise-for-tests"

// disk decides how the calls of a store go.
type disk struct {
	mu     sync.Mutex
	commit func(*store.Batch) store.Verdict
	call   func(op string) store.Verdict
	failed chan struct{} // gets a value for each commit that fails, as far as it has room
}

func (d *disk) set(commit func(*store.Batch) store.Verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commit = commit
}

func (d *disk) BeforeCommit(b *store.Batch) store.Verdict {
	d.mu.Lock()
	f := d.commit
	d.mu.Unlock()
	v := store.Proceed
	if f != nil {
		v = f(b)
	}
	if v != store.Proceed {
		select {
		case d.failed <- struct{}{}:
		default:
		}
	}
	return v
}

func (d *disk) BeforeCall(op string) store.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.call == nil {
		return store.Proceed
	}
	return d.call(op)
}

func always(v store.Verdict) func(*store.Batch) store.Verdict {
	return func(*store.Batch) store.Verdict { return v }
}

// life is a node that runs, on a store whose disk the test plays.
type life struct {
	testing.TB
	disk  *disk
	store *store.Memory
	node  *server.Node
	face  http.Handler
	stop  context.CancelFunc
	ended chan error
}

func live(t *testing.T) *life {
	t.Helper()
	l := &life{TB: t, disk: &disk{failed: make(chan struct{}, 100)}, store: store.NewMemory(4), ended: make(chan error, 1)}
	l.store.Faults = l.disk
	l.node = server.NewNode(server.NodeOptions{Name: "test", Store: l.store, Shared: true})
	if err := l.node.Claim(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	t.Cleanup(l.stop)
	go func() { l.ended <- l.node.Run(ctx) }()
	l.face = server.Face(l.node, 0, httpd.Deps{Version: "test"})
	if a := l.do("POST", workflows, parallel); a.Code != 200 {
		t.Fatalf("push: %d %s", a.Code, a.Body)
	}
	return l
}

const (
	manual    = `{"initiator":{"type":"manual"}}`
	workflows = "/api/v3/workflows"
	parallel  = `{"properties":{"owner":"tester","run_strategy":"parallel"},"workflow":{"id":"w","steps":[{"step":{"id":"a","type":"noop"}}]}}`
)

func (l *life) do(method, path, body string) *httptest.ResponseRecorder {
	return serve(l.face, method, path, body)
}

func serve(face http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("user", "tester")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	face.ServeHTTP(w, r)
	return w
}

// start starts a run in the background.
func (l *life) start() <-chan *httptest.ResponseRecorder {
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		answer <- l.do("POST", workflows+"/w/versions/active/actions/start", manual)
	}()
	return answer
}

// turn waits until the engine has decided n more events than it had at the beginning.
func (l *life) turn(since int64, n int64) {
	for l.node.Flow().Stats().Turns.Load() < since+n {
		runtime.Gosched()
	}
}

// instances reads which instances of the workflow there are.
func instances(t testing.TB, s store.Store) []int64 {
	t.Helper()
	var all []int64
	err := s.Read(t.Context(), func(snap store.Snapshot) error {
		return snap.Rows(store.Query{Table: store.Run, By: store.ByTable, WithoutDocs: true}, func(r *store.Row) error {
			all = append(all, r.A)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// While the store takes nothing, requests are refused, and those that wait are told so; afterwards all goes on.
func TestFullDisk(t *testing.T) {
	l := live(t)
	l.disk.set(always(store.Full))
	waits := <-l.start()
	for _, c := range []struct {
		what   string
		answer *httptest.ResponseRecorder
		says   string
	}{
		{"one that had begun to wait", waits, "may still take effect; a start can be repeated with its request_id"},
		{"a new one", <-l.start(), "the store takes nothing at present, so nothing can be promised"},
	} {
		a := c.answer
		if a.Code != 503 || a.Header().Get("Retry-After") == "" || !strings.Contains(a.Body.String(), c.says) || !strings.Contains(a.Body.String(), "the disk is full") {
			t.Errorf("%s: %d %v %s", c.what, a.Code, a.Header(), a.Body)
		}
	}
	if a := l.do("GET", workflows+"/w/instances/1", ""); a.Code != 404 {
		t.Errorf("what is not stored is read: %d %s", a.Code, a.Body)
	}
	stall := l.node.Flow().Stall()
	l.disk.set(nil)
	for l.node.Flow().Stall() == stall {
		runtime.Gosched()
	}
	if a := <-l.start(); a.Code != 200 || !strings.Contains(a.Body.String(), `"workflow_instance_id":2`) {
		t.Errorf("after the disk has room again: %d %s", a.Code, a.Body)
	}
	l.stop()
	if err := <-l.ended; err != nil {
		t.Error(err)
	}
	if got := instances(t, l.store); !slices.Equal(got, []int64{1, 2}) { // what was decided was kept
		t.Errorf("instances %v", got)
	}
}

// A stop while a batch is being repeated: the batches stay in order. What was decided later is not stored without it.
func TestStopWhileTheDiskIsFull(t *testing.T) {
	for _, room := range []bool{false, true} {
		t.Run(fmt.Sprintf("room=%t", room), func(t *testing.T) {
			l := live(t)
			turns := l.node.Flow().Stats().Turns.Load()
			tries := 0
			l.disk.set(func(*store.Batch) store.Verdict {
				tries++
				if tries == 1 {
					l.start() // it is decided while the batch before it is not stored
					l.turn(turns, 2)
					l.stop()
				}
				if room && tries > 1 {
					return store.Proceed
				}
				return store.Full
			})
			first := l.start()
			err := <-l.ended
			got := instances(t, l.store)
			switch {
			case room && (err != nil || !slices.Equal(got, []int64{1, 2})):
				t.Errorf("instances %v, %v", got, err)
			case !room && (len(got) > 0 || err == nil || !strings.Contains(err.Error(), "what was not acknowledged yet may be lost")):
				t.Errorf("instances %v, %v", got, err)
			}
			if a := <-first; a.Code == 200 != room {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
}

// After a failed fsync nothing is acknowledged any more, and the node ends with the reason.
func TestBrokenDisk(t *testing.T) {
	l := live(t)
	l.disk.set(always(store.BrokenAfter))
	answer := l.start()
	err := <-l.ended
	if e := (*store.Error)(nil); !errors.As(err, &e) || e.Class != store.Fatal || !strings.Contains(err.Error(), "nothing more is promised") {
		t.Errorf("the node ended with %v", err)
	}
	if a := <-answer; a.Code != 503 || !strings.Contains(a.Body.String(), "may have taken effect") {
		t.Errorf("the request was answered %d %s", a.Code, a.Body)
	}
	if a := <-l.start(); a.Code != 503 {
		t.Errorf("afterwards: %d %s", a.Code, a.Body)
	}
}

// A node that another one has taken everything from, while it stood still, acknowledges nothing more and ends.
func TestTakenOver(t *testing.T) {
	l := live(t)
	if a := <-l.start(); a.Code != 200 {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	other := server.NewNode(server.NodeOptions{Name: "test", Store: l.store, Shared: true})
	if err := other.Claim(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- other.Run(ctx) }()
	if a := <-l.start(); a.Code != 503 {
		t.Errorf("the first one answers %d %s", a.Code, a.Body)
	}
	if err := <-l.ended; err == nil || !strings.Contains(err.Error(), "another Segue server has taken over the database") {
		t.Errorf("the first one ended with %v", err)
	}
	face := server.Face(other, 0, httpd.Deps{Version: "test"})
	for {
		a := serve(face, "POST", workflows+"/w/versions/active/actions/start", manual)
		if a.Code == 503 { // the first one has taken the seat for a moment
			continue
		}
		if a.Code != 200 || !strings.Contains(a.Body.String(), `"workflow_instance_id":2`) {
			t.Errorf("the second one answers %d %s", a.Code, a.Body)
		}
		break
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := instances(t, l.store); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("instances %v", got)
	}
}
