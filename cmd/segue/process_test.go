//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// process is segue in a process of its own.
type process struct {
	testing.TB
	cmd     *exec.Cmd
	url     string // of a server
	lines   chan string
	ended   chan struct{}
	mu      sync.Mutex
	text    strings.Builder // all that it has said
	waitErr error
}

// spawn starts segue. Its output and its log go to lines.
func spawn(t testing.TB, argv ...string) *process {
	t.Helper()
	p := &process{TB: t, cmd: exec.Command(argv[0], argv[1:]...), lines: make(chan string, 10_000), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asSegue+"=1")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a signal for the tests is none for it
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			p.mu.Lock()
			p.text.WriteString(s.Text() + "\n")
			p.mu.Unlock()
			p.lines <- s.Text()
		}
		r.Close()
		close(p.lines)
		p.waitErr = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// segue starts segue itself.
func segue(t testing.TB, args ...string) *process {
	t.Helper()
	return spawn(t, append([]string{os.Args[0]}, args...)...)
}

// serverOn starts a server on a directory, by argv, and waits until it serves.
func serverOn(t testing.TB, dir string, argv ...string) *process {
	t.Helper()
	p := spawn(t, append(append(argv, os.Args[0]), "server", "--data", dir, "--listen", "127.0.0.1:0", "--enable-command")...)
	p.url = "http://" + p.hears(`msg=serving address=(\S+)`)
	return p
}

// hears waits for a line and returns what its group matches.
func (p *process) hears(pattern string) string {
	p.Helper()
	re := regexp.MustCompile(pattern)
	for line := range p.lines {
		if m := re.FindStringSubmatch(line); m != nil {
			return m[len(m)-1]
		}
	}
	p.Fatalf("it has ended and never said %q:\n%s", pattern, p.said())
	return ""
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func (p *process) signal(s os.Signal) {
	p.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.Fatal(err)
	}
}

// ends waits for its end and checks the exit code and what it has said.
func (p *process) ends(code int, says ...string) {
	p.Helper()
	<-p.ended
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.Errorf("exit code %d (%v), want %d\n%s", got, p.waitErr, code, p.said())
	}
	for _, text := range says {
		if !strings.Contains(p.said(), text) {
			p.Errorf("it did not say %q, but:\n%s", text, p.said())
		}
	}
}

// response is an answer of the API.
type response struct {
	testing.TB
	code   int
	header http.Header
	body   string
}

// try makes a request, which may fail, as it does when the server ends.
func (p *process) try(method, path, body string) (*response, error) {
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("user", "tester")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	return &response{p.TB, a.StatusCode, a.Header, string(text)}, err
}

// do makes a request that is answered with a status.
func (p *process) do(status int, method, path, body string) *response {
	p.Helper()
	a, err := p.try(method, path, body)
	if err != nil {
		p.Fatalf("%s %s: %v\n%s", method, path, err, p.said())
	}
	if a.code != status {
		p.Fatalf("%s %s: %d, want %d\n%s", method, path, a.code, status, a.body)
	}
	return a
}

// says checks that an answer contains texts.
func (a *response) says(texts ...string) {
	a.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.Errorf("%q is not in %s", text, a.body)
		}
	}
}

const definitions = "/api/v3/workflows"

// push pushes workflow w with one command step a, whose command is that of the run.
func (p *process) push() {
	p.Helper()
	p.do(200, "POST", definitions, `{"properties":{"owner":"tester","run_strategy":"parallel"},"workflow":{"id":"w","params":{"c":{"type":"STRING","value":"true"}},`+
		`"steps":[{"step":{"id":"a","type":"command","params":{"command":{"type":"STRING","value":"${c}"}},"retry_policy":{"error_retry_limit":0}}}]}}`)
}

const startPath = definitions + "/w/versions/active/actions/start"

// start is the body of the start of a run with a command.
func start(command string) string {
	text, err := json.Marshal(map[string]any{
		"initiator":  map[string]string{"type": "manual"},
		"run_params": map[string]any{"c": map[string]string{"type": "STRING", "value": command}},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// startRun starts a run with a command and returns its path.
func (p *process) startRun(command string) string {
	p.Helper()
	var said struct {
		Instance int64 `json:"workflow_instance_id"`
	}
	a := p.do(200, "POST", startPath, start(command))
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || said.Instance == 0 {
		p.Fatalf("%s: %v", a.body, err)
	}
	return fmt.Sprintf("%s/w/instances/%d", definitions, said.Instance)
}

// becomes waits for the end of a run and checks its status and what is said of its step.
func (p *process) becomes(run, status string, says ...string) {
	p.Helper()
	p.do(200, "GET", run+"?wait=terminal", "").says(`"status":"` + status + `"`)
	p.do(200, "GET", run+"/runs/1/steps/a/attempts", "").says(says...)
}

// gate is where a command waits for the test: it reads a line from a fifo.
type gate struct {
	t    testing.TB
	path string
	in   *os.File
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{t: t, path: filepath.Join(t.TempDir(), "gate")}
	if err := syscall.Mkfifo(g.path, 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// wait is the shell command that waits at the gate.
func (g *gate) wait() string { return "read x <" + g.path }

// reached waits until a command waits at the gate.
func (g *gate) reached() {
	g.t.Helper()
	var err error
	if g.in, err = os.OpenFile(g.path, os.O_WRONLY, 0); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { g.in.Close() })
}

// open lets the command go on.
func (g *gate) open() {
	g.t.Helper()
	if _, err := io.WriteString(g.in, "go\n"); err != nil {
		g.t.Fatal(err)
	}
}
