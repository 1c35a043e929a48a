//go:build unix

package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/step/steptest"
)

func TestContract(t *testing.T) {
	steptest.Run(t, func(t *testing.T) steptest.World { return newWorld(t) })
}

// world is a state directory and a directory in which commands leave traces.
type world struct {
	*testing.T
	cfg    Config
	traces string
}

func newWorld(t *testing.T) *world {
	dir := t.TempDir()
	w := &world{T: t, traces: filepath.Join(dir, "traces"), cfg: Config{
		Dir: filepath.Join(dir, "attempts"), Self: []string{os.Args[0], superviseArg}, WorkDir: dir,
		Grace: 10 * time.Second, Linger: 200 * time.Millisecond,
	}}
	if err := os.Mkdir(w.traces, 0o755); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) Open() step.Runtime {
	r, err := New(w.cfg)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// Crash closes the watchers, which the death of a process would do as well; nothing is told to the commands.
func (w *world) Crash(rt step.Runtime) { rt.(*Runtime).Close() }

func (w *world) trace(uuid, name string) string { return filepath.Join(w.traces, uuid+name) }

// fifo makes a fifo for an attempt to meet the test at.
func (w *world) fifo(uuid, name string) string {
	path := w.trace(uuid, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil && !errors.Is(err, os.ErrExist) {
		w.Fatal(err)
	}
	return path
}

func (w *world) Attempt(uuid string, kind steptest.Kind) *step.Attempt {
	runs := w.trace(uuid, ".runs")
	a := &step.Attempt{UUID: uuid, WorkflowID: "wf", Instance: 1, Run: 2, StepID: "s", Attempt: 3, Type: "command", Params: map[string]any{}}
	switch kind {
	case steptest.Succeed:
		a.Params["command"] = `echo x >>"` + runs + `"; echo hello; echo '{"n":7,"s":"text","list":[1,2],"map":{"deep":1.5}}' >"$SEGUE_OUTPUT"`
	case steptest.Fail:
		a.Params["command"] = `echo x >>"` + runs + `"; echo oh no >&2; exit 3`
	case steptest.Hold:
		// The held descriptor 9 tells the test of the end of all that inherited it.
		a.Params["command"] = `echo x >>"` + runs + `"; exec 9>"` + w.fifo(uuid, ".begun") + `"; echo begun >&9; read x <"` + w.fifo(uuid, ".go") + `"`
	case steptest.Broken:
		a.Params["command"] = int64(7)
	}
	return a
}

func (w *world) Release(uuid string) {
	if err := os.WriteFile(w.trace(uuid, ".go"), []byte("go\n"), 0); err != nil {
		w.Fatal(err)
	}
}

func (w *world) Begun(uuid string) {
	f, err := os.OpenFile(w.trace(uuid, ".begun"), os.O_RDWR, 0)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	f.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := f.Read(make([]byte, 6)); err != nil {
		w.Fatalf("attempt %s has not begun: %v", uuid, err)
	}
}

func (w *world) Runs(uuid string) int {
	data, err := os.ReadFile(w.trace(uuid, ".runs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.Fatal(err)
	}
	return strings.Count(string(data), "x")
}

// Alive asks whether anybody holds the write end of the fifo.
func (w *world) Alive(uuid string) bool {
	fd, err := syscall.Open(w.trace(uuid, ".begun"), syscall.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		w.Fatal(err)
	}
	defer syscall.Close(fd)
	buf := make([]byte, 64)
	for {
		n, err := syscall.Read(fd, buf)
		if err == nil && n > 0 {
			continue // a beginning that nobody waited for
		}
		return err == syscall.EAGAIN
	}
}

func (w *world) Outputs() map[string]any {
	return map[string]any{"n": int64(7), "s": "text", "list": []int64{1, 2}, "map": map[string]any{"deep": 1.5}}
}
