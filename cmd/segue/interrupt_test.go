//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// guard is a fifo that the processes of a command hold open for writing as descriptor 9.
type guard struct {
	t    testing.TB
	path string
	out  *os.File
	said *bufio.Reader
}

func newGuard(t testing.TB) *guard {
	t.Helper()
	g := &guard{t: t, path: filepath.Join(t.TempDir(), "guard")}
	if err := syscall.Mkfifo(g.path, 0o600); err != nil {
		t.Fatal(err)
	}
	return g
}

// taken waits until a command has it open.
func (g *guard) taken() {
	g.t.Helper()
	var err error
	if g.out, err = os.Open(g.path); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { g.out.Close() })
	g.said = bufio.NewReader(g.out)
}

// hears waits for a line on descriptor 9.
func (g *guard) hears(want string) {
	g.t.Helper()
	if line, err := g.said.ReadString('\n'); line != want+"\n" {
		g.t.Fatalf("the command says %q, %v", line, err)
	}
}

// deserted waits until no process of the command is left.
func (g *guard) deserted() {
	g.t.Helper()
	if _, err := io.Copy(io.Discard, g.said); err != nil {
		g.t.Fatal(err)
	}
}

// runFile writes a workflow with two commands side by side, and steps after them.
func runFile(t testing.TB, command, beside string) string {
	path := filepath.Join(t.TempDir(), "w.yaml")
	write(t, path, fmt.Sprintf(`Workflow:
  id: w
  owner: tester
  jobs:
    - job: {id: a, type: command, command: '%s', transition: [never]}
    - job: {id: b, type: command, command: '%s', transition: [after]}
    - job: {id: after, type: NoOp}
    - job: {id: never, type: NoOp}
`, command, beside))
	return path
}

const lasting = `sh -c "sleep 1000" & setsid sleep 1000 & sleep 1000`

// Whatever ends `segue run` before its run has ended stops the run and its commands, with exit code 1.
func TestInterruptedRun(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			if s == syscall.SIGHUP && signal.Ignored(s) {
				t.Skip("the tests are run by nohup, and so is segue")
			}
			g := newGuard(t)
			p := segue(t, "run", "--data", t.TempDir(), runFile(t, "exec 9>"+g.path+"; "+lasting, "sleep 1000"))
			g.taken()
			p.signal(s)
			p.ends(exitFailed, "Stopping the run; interrupt again to leave at once.", "STOPPED")
			g.deserted()
		})
	}
	t.Run("nobody reads its output", func(t *testing.T) {
		t.Parallel()
		g, pause := newGuard(t), newGate(t)
		file := runFile(t, "exec 9>"+g.path+"; "+lasting, pause.wait())
		// Its first line is read, and no more, while there is more to come.
		p := spawn(t, "/bin/sh", "-c", `{ "$0" run --data "$1" "$2"; echo "code $?" >&2; } | { read x; exec <&-; echo closed >&2; }`,
			os.Args[0], t.TempDir(), file)
		g.taken()
		pause.reached()
		p.hears("closed")
		pause.open()
		if code := p.hears("code (.*)"); code != "1" {
			t.Errorf("exit code %s\n%s", code, p.said())
		}
		g.deserted()
	})
}

// A second interrupt leaves at once; the commands are ended all the same, each by its supervisor.
func TestRunInterruptedTwice(t *testing.T) {
	t.Parallel()
	g, pause, dir := newGuard(t), newGate(t), t.TempDir()
	p := segue(t, "run", "--data", dir, runFile(t,
		`exec 9>`+g.path+`; trap "echo asked >&9; `+pause.wait()+`; exit 0" TERM; while :; do sleep 1000 & wait; done`, "true"))
	g.taken()
	p.signal(syscall.SIGINT)
	g.hears("asked")
	p.signal(syscall.SIGINT)
	p.ends(exitFailed, "Left before the end of the run; its commands are being ended.")
	pause.reached()
	pause.open()
	g.deserted()
	supervised(t, dir)
}

// Two SIGTERMs in a row, as timeout(1) sends them, are one.
func TestRunTerminatedByTimeout(t *testing.T) {
	t.Parallel()
	g, pause := newGuard(t), newGate(t)
	p := segue(t, "run", "--data", t.TempDir(), runFile(t,
		`exec 9>`+g.path+`; trap "echo asked >&9; `+pause.wait()+`; exit 0" TERM; while :; do sleep 1000 & wait; done`, "true"))
	g.taken()
	p.signal(syscall.SIGTERM)
	p.hears("Stopping the run")
	p.signal(syscall.SIGTERM)
	g.hears("asked")
	pause.reached()
	pause.open()
	p.ends(exitFailed, "STOPPED")
	g.deserted()
}

// supervised waits for the end of all supervisors of a data directory: each holds the lock of its attempt.
func supervised(t testing.TB, dir string) {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(dir, "command", "*", "*", "lock"))
	if err != nil || len(locks) == 0 {
		t.Fatalf("no attempts in %s: %v", dir, err)
	}
	for _, path := range locks {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for err = syscall.EINTR; err == syscall.EINTR; {
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		}
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}
