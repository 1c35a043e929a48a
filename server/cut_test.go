package server_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store/sqlite"
)

var allCuts = flag.Bool("cuts", false, "cut the WAL at every frame boundary, not at some")

// The shape of a WAL of SQLite, and of the index that lies beside it.
const (
	walHeader   = 32
	frameHeader = 24
	frame       = frameHeader + 8192
	backfilled  = 96 // offset in the index: the number of frames that have been copied into the database
)

// log is the WAL of a running store. It begins anew now and then: its salt says which one it is.
type log struct{ path string }

// end returns the salt of the WAL, and how many of its frames are valid.
func (l log) end(t testing.TB) (salt string, frames int) {
	f, err := os.Open(l.path)
	if err != nil {
		t.Error(err)
		return "", 0
	}
	defer f.Close()
	head := make([]byte, walHeader)
	for {
		if _, err := f.ReadAt(head, 0); err != nil {
			t.Error(err)
			return "", 0
		}
		salt := string(head[16:24])
		n, valid := 0, 0
		for {
			if _, err := f.ReadAt(head[:frameHeader], walHeader+int64(n)*frame); err != nil || string(head[8:16]) != salt {
				break
			}
			n++
			if binary.BigEndian.Uint32(head[4:8]) != 0 {
				valid = n
			}
		}
		// It may have begun anew meanwhile.
		if _, err := f.ReadAt(head, 0); err == nil && string(head[16:24]) == salt {
			return salt, valid
		}
	}
}

// told is something that a client was told, and how long the WAL was then at most.
type told struct {
	salt   string
	frames int
	path   string
	want   string // is in the answer for path from then on
	ended  bool   // the run of the path has ended
}

// history is what clients were told.
type history struct {
	testing.TB
	log log
	mu  sync.Mutex
	all []told
}

// add notes what has just been answered.
func (h *history) add(path, want string, ended bool) (salt string, frames int) {
	salt, frames = h.log.end(h)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, told{salt, frames, path, want, ended})
	return salt, frames
}

// quick is a runtime whose attempts are done at once, or, in workflow "long", when it says so.
type quick struct {
	patient bool // those of "long" go on
	mu      sync.Mutex
	started []string // paths of runs
}

func (q *quick) Start(ctx context.Context, a *step.Attempt) (step.Progress, error) {
	q.mu.Lock()
	q.started = append(q.started, fmt.Sprintf("%s/%s/instances/%d", workflows, a.WorkflowID, a.Instance))
	q.mu.Unlock()
	return q.Observe(ctx, a, "")
}

func (q *quick) Observe(_ context.Context, a *step.Attempt, _ string) (step.Progress, error) {
	if q.patient && a.WorkflowID == "long" {
		return step.Progress{State: step.Running}, nil
	}
	return step.Progress{State: step.Done}, nil
}

func (q *quick) Terminate(context.Context, *step.Attempt, string, step.Cause) (step.Progress, error) {
	return step.Progress{State: step.Stopped}, nil
}

func (q *quick) Forget(context.Context, string) {}

// machine is a node on a SQLite store.
type machine struct {
	face http.Handler
	node *server.Node
	end  func()
}

func machineOn(t testing.TB, dir string, r step.Runtime) *machine {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{node: server.NewNode(server.NodeOptions{Name: "node", Store: s, Runtimes: map[string]step.Runtime{"command": r}})}
	if err := m.node.Claim(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	m.face = server.Face(m.node, 0, httpd.Deps{Version: "test"})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.node.Run(ctx) }()
	m.end = func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	return m
}

// TestCutLog copies database and WAL of a server under load, cuts the WAL at frame boundaries of its tail, and opens each
// pair with an engine: it knows all that had been acknowledged when the WAL was that long, brings all of it to an end, and
// runs nothing again that had ended.
func TestCutLog(t *testing.T) {
	dir := t.TempDir()
	m := machineOn(t, dir, &quick{patient: true})
	h := &history{TB: t, log: log{filepath.Join(dir, sqlite.FileName+"-wal")}}
	for _, id := range []string{"short", "long"} {
		body := fmt.Sprintf(`{"properties":{"owner":"tester","run_strategy":{"rule":"PARALLEL","workflow_concurrency":1000}},"workflow":{"id":%q,"params":{"p":{"type":"STRING","value":""}},`+
			`"steps":[{"step":{"id":"a","type":"NoOp","transition":{"successors":{"b":"true"}}}},{"step":{"id":"b","type":"command","params":{"command":{"type":"STRING","value":"true"}},`+
			`"transition":{"successors":{"c":"true"}}}},{"step":{"id":"c","type":"NoOp"}}]}}`, id)
		if a := serve(m.face, "POST", workflows, body); a.Code != 200 {
			t.Fatalf("push: %d %s", a.Code, a.Body)
		}
		h.add(workflows+"/"+id+"/versions/1", `"workflow_version_id":1`, false)
	}
	load(t, m, h)
	// All is quiet. What the index says of the copying holds as long as nothing is written.
	files := map[string][]byte{}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(filepath.Join(dir, sqlite.FileName+suffix))
		if err != nil {
			t.Fatal(err)
		}
		files[suffix] = data
	}
	salt, frames := h.log.end(t)
	first := int(binary.NativeEndian.Uint32(files["-shm"][backfilled:]))
	m.end()
	if first == frames {
		t.Fatalf("all %d frames have been copied into the database: no tail is left to cut", frames)
	}
	var cuts []int
	for n := first; n <= frames; n++ {
		if *allCuts || n == first || n == frames || (n-first)%max(1, (frames-first)/6) == 0 {
			cuts = append(cuts, n)
		}
	}
	checked := 0
	for _, n := range cuts {
		cut := t.TempDir()
		for suffix, data := range map[string][]byte{"": files[""], "-wal": files["-wal"][:walHeader+n*frame]} {
			if err := os.WriteFile(filepath.Join(cut, sqlite.FileName+suffix), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var known []told
		for _, x := range h.all {
			if x.salt != salt || x.frames <= n {
				known = append(known, x)
			}
		}
		checked += len(known)
		opened(t, fmt.Sprintf("cut after frame %d of %d to %d", n, first, frames), cut, known)
		if err := os.RemoveAll(cut); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d acknowledgements, %d frames in the tail, %d cuts, %d acknowledgements looked for", len(h.all), frames-first, len(cuts), checked)
}

// load has clients start, stop and watch runs until the WAL has begun anew twice and has a tail.
func load(t testing.TB, m *machine, h *history) {
	var clients sync.WaitGroup
	var mu sync.Mutex
	salts := map[string]bool{}
	enough := func(salt string, frames int) bool {
		mu.Lock()
		defer mu.Unlock()
		salts[salt] = true
		return len(salts) > 2 && frames > 100 && frames < 300
	}
	for c := range 4 {
		clients.Go(func() {
			for i := 0; i < 10_000; i++ {
				id := "short"
				if (i+c)%3 == 0 {
					id = "long"
				}
				request := uuid.NewString()
				body := fmt.Sprintf(`{"initiator":{"type":"manual"},"request_id":%q,"run_params":{"p":{"type":"STRING","value":%q}}}`, request, strings.Repeat("x", i%7*500))
				a := serve(m.face, "POST", workflows+"/"+id+"/versions/active/actions/start", body)
				var said struct {
					Instance int64 `json:"workflow_instance_id"`
				}
				if err := json.Unmarshal(a.Body.Bytes(), &said); err != nil || a.Code != 200 {
					t.Errorf("start: %d %s", a.Code, a.Body)
					return
				}
				path := fmt.Sprintf("%s/%s/instances/%d", workflows, id, said.Instance)
				salt, frames := h.add(path, request, false)
				stops := id == "long" && i%2 == 0
				if stops {
					if a := serve(m.face, "PUT", path+"/actions/stop", ""); a.Code != 200 {
						t.Errorf("stop: %d %s", a.Code, a.Body)
						return
					}
				}
				if id == "short" || stops {
					want := `"status":"SUCCEEDED"`
					if stops {
						want = `"status":"STOPPED"`
					}
					if a := serve(m.face, "GET", path+"?wait=terminal", ""); !strings.Contains(a.Body.String(), want) {
						t.Errorf("want %s: %d %s", want, a.Code, a.Body)
						return
					}
					salt, frames = h.add(path, want, true)
				}
				if enough(salt, frames) {
					return
				}
			}
			t.Error("the WAL never had a tail")
		})
	}
	clients.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// opened opens a store and compares what it knows with what had been told.
func opened(t *testing.T, name, dir string, known []told) {
	t.Helper()
	r := &quick{}
	m := machineOn(t, dir, r)
	defer m.end()
	ended := map[string]bool{}
	for _, x := range known {
		if a := serve(m.face, "GET", x.path, ""); a.Code != 200 || !strings.Contains(a.Body.String(), x.want) {
			t.Errorf("%s: %s should say %s: %d %s", name, x.path, x.want, a.Code, a.Body)
		}
		ended[x.path] = ended[x.path] || x.ended
	}
	for _, x := range known {
		if !strings.Contains(x.path, "/instances/") {
			continue
		}
		a := serve(m.face, "GET", x.path+"?wait=terminal", "").Body.String()
		if !strings.Contains(a, `"status":"SUCCEEDED"`) && !strings.Contains(a, `"status":"STOPPED"`) {
			t.Errorf("%s: %s does not end well: %s", name, x.path, a)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for path := range ended {
		if ended[path] && slices.Contains(r.started, path) {
			t.Errorf("%s: %s had ended and was run again", name, path)
		}
	}
}
