//go:build linux

package command

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segue-run/segue/step"
)

// A guard is a fifo whose write end is inherited by all processes of a command that do not close it.
func (g *rig) guard() (path string, redirect string) {
	path = g.world.fifo(uuid, ".begun")
	return path, `exec 9<>"` + path + `";`
}

func TestTerminate(t *testing.T) {
	type c struct {
		name    string
		command string // prints a line to descriptor 9 when it is ready
		within  time.Duration
		log     string
	}
	for _, c := range []c{
		{"obedient", `echo ready >&9; sleep 1000`, 5 * time.Second, ""},
		{"says goodbye", `trap 'echo bye; exit 0' TERM; echo ready >&9; while :; do sleep 0.01; done`, 5 * time.Second, "bye\n"},
		{"gets it once", `n=0; trap 'n=1; echo hit' TERM; echo ready >&9; while test $n = 0; do sleep 0.01; done; sleep 0.2; exit 0`, 5 * time.Second, "hit\n"},
		{"stubborn", `trap '' TERM; echo ready >&9; while :; do sleep 1000; done`, 5 * time.Second, ""},
		{"stopped", `echo ready >&9; kill -STOP $$; sleep 1000`, 5 * time.Second, ""},
		{"with a grandchild in another session", `setsid sh -c 'trap "" TERM; sleep 1000 & setsid sleep 1000 & wait' & echo ready >&9; sleep 1000`, 5 * time.Second, ""},
		{"with an orphan", `(setsid sleep 1000 &) ; echo ready >&9; sleep 1000`, 5 * time.Second, ""},
		{"without environment", `env -i setsid sh -c 'trap "" TERM; /bin/sleep 1000' & echo ready >&9; sleep 1000`, 5 * time.Second, ""},
		{"that forks for ever", `trap '' TERM; f() { while :; do (sleep 0.01; setsid sleep 1000) & sleep 0.005; done; }; f & f & echo ready >&9; wait`, 20 * time.Second, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := rigged(t, func(cfg *Config) {
				cfg.Grace = 300 * time.Millisecond
				if c.log != "" { // it obeys, however slow the machine is
					cfg.Grace = time.Minute
				}
			})
			fifo, redirect := g.guard()
			p := g.start(map[string]any{"command": redirect + c.command})
			if got := g.line(fifo); got != "ready" {
				t.Fatalf("the command says %q", got)
			}
			begin := time.Now()
			p = g.settle(g.terminate(step.ByStop))
			g.want(p, step.Stopped, "terminated: stop")
			if took := time.Since(begin); took > c.within {
				t.Errorf("it took %v", took)
			}
			if g.world.Alive(uuid) {
				t.Error("processes are left")
			}
			if got := g.log(step.Stdout); c.log != "" && got != c.log {
				t.Errorf("log %q, want %q", got, c.log)
			}
		})
	}
}

// What a command leaves behind may finish for a while, and is then ended and named in the log.
func TestLeftBehind(t *testing.T) {
	t.Run("that finishes", func(t *testing.T) {
		g := rigged(t, func(c *Config) { c.Linger = time.Minute })
		fifo := g.world.fifo(uuid, ".go")
		p := g.start(map[string]any{"command": "echo early; (read x <" + fifo + "; echo late) & exit 7"})
		g.world.Release(uuid)
		g.want(g.settle(p), step.UserError, "exit code 7")
		if got := g.log(step.Stdout); got != "early\nlate\n" {
			t.Errorf("log %q", got)
		}
	})
	t.Run("that does not", func(t *testing.T) {
		g := rigged(t, nil)
		_, redirect := g.guard()
		p := g.run(map[string]any{"command": redirect + "setsid sh -c 'trap \"\" TERM; sleep 1000' & sleep 1001 & echo early"})
		g.want(p, step.Done, "")
		if g.world.Alive(uuid) {
			t.Error("processes are left")
		}
		if got := g.log(step.Stderr); !strings.Contains(got, "left processes behind, which are ended now: ") || !strings.Contains(got, "(sleep)") {
			t.Errorf("log %q", got)
		}
	})
	t.Run("and a termination comes", func(t *testing.T) {
		g := rigged(t, func(c *Config) { c.Linger = time.Hour })
		fifo, redirect := g.guard()
		g.start(map[string]any{"command": redirect + "sh -c 'while kill -0 $0 2>/dev/null; do :; done; echo alone >&9; sleep 1000' $$ & exit 0"})
		g.line(fifo)
		// The supervisor reaped the command before its pid could be gone, so its end comes before the termination.
		g.want(g.settle(g.terminate(step.ByStop)), step.Done, "")
		if g.world.Alive(uuid) {
			t.Error("processes are left")
		}
	})
}

// The supervisor is killed: the command dies with it, what it left is killed, and the attempt is lost.
func TestSupervisorKilled(t *testing.T) {
	for _, c := range []struct{ name, command string }{
		{"plain", `echo ready >&9; sleep 1000`},
		{"stubborn", `trap '' TERM HUP; echo ready >&9; while :; do sleep 1000; done`},
		{"with descendants elsewhere", `setsid sh -c 'trap "" TERM HUP; sleep 1000 & setsid sleep 1000 & wait' & (setsid sleep 1000 &) ; echo ready >&9; sleep 1000`},
		{"without environment, in the session", `env -i /bin/sleep 1000 & echo ready >&9; sleep 1000`},
	} {
		for _, restart := range []bool{false, true} {
			name := c.name
			if restart {
				name += ", and the server too"
			}
			t.Run(name, func(t *testing.T) {
				g := rigged(t, nil)
				fifo, redirect := g.guard()
				p := g.start(map[string]any{"command": redirect + c.command})
				g.line(fifo)
				if restart {
					g.Close()
				}
				if err := syscall.Kill(g.record().PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				if restart {
					g.open()
					p = g.observe()
				}
				g.want(g.settle(p), step.PlatformError, "the supervisor of the command died")
				if g.world.Alive(uuid) {
					t.Error("processes are left")
				}
				g.want(g.start(map[string]any{"command": "true"}), step.PlatformError, "the supervisor of the command died")
				g.want(g.terminate(step.ByStop), step.PlatformError, "the supervisor of the command died")
			})
		}
	}
}

// Somebody ends the supervisor, as the shutdown of the machine does.
func TestSupervisorTerminated(t *testing.T) {
	g := rigged(t, nil)
	fifo, redirect := g.guard()
	p := g.start(map[string]any{"command": redirect + `trap 'echo bye; exit 0' TERM; echo ready >&9; while :; do sleep 0.01; done`})
	g.line(fifo)
	if err := syscall.Kill(g.record().PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	g.want(g.settle(p), step.PlatformError, "ended by SIGTERM, not by Segue")
	if got := g.log(step.Stdout); got != "bye\n" {
		t.Errorf("log %q", got)
	}
}

// After a reboot nothing can be left, whatever pids say.
func TestRebooted(t *testing.T) {
	g := rigged(t, nil)
	at := attempt{uuid, g.path(uuid)}
	if err := at.create(g.cfg.Dir); err != nil {
		t.Fatal(err)
	}
	// The pids are of this very process: to kill by them would be noticed.
	self, err := readProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	was := startedRecord{Format: format, Host: g.host, Boot: "another boot", PID: self.pid, PIDStart: self.start}
	if err := writeRecord(at.dir, startedFile, &was); err != nil {
		t.Fatal(err)
	}
	if err := writeRecord(at.dir, childFile, &childRecord{PID: self.session, Start: 1}); err != nil {
		t.Fatal(err)
	}
	g.want(g.observe(), step.PlatformError, "died with the machine")
	g.want(g.observe(), step.PlatformError, "died with the machine")
}

// The server was killed while it wrote that the attempt shall end, and its successor repeats the order.
func TestTombstoneBroken(t *testing.T) {
	for _, first := range []bool{false, true} {
		g := rigged(t, nil)
		if err := (attempt{uuid, g.path(uuid)}).create(g.cfg.Dir); err != nil {
			t.Fatal(err)
		}
		broken := func() {
			if err := os.WriteFile(filepath.Join(g.path(uuid), terminateFile), []byte(`{"format":1,"cau`), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fifo, redirect := g.guard()
		if first {
			broken() // it was before the start, and may count or not; the order to terminate is repeated in any case
			g.want(g.terminate(step.ByStop), step.Stopped, "before the command was started")
			g.want(g.start(map[string]any{"command": "true"}), step.Stopped, "before the command was started")
			continue
		}
		g.start(map[string]any{"command": redirect + "echo ready >&9; sleep 1000"})
		g.line(fifo)
		broken()
		g.want(g.settle(g.terminate(step.ByStop)), step.Stopped, "terminated: stop")
	}
}

// The supervisor was killed while it wrote how the command ended.
func TestExitRecordBroken(t *testing.T) {
	g := rigged(t, nil)
	fifo, redirect := g.guard()
	p := g.start(map[string]any{"command": redirect + "echo ready >&9; sleep 1000"})
	g.line(fifo)
	path := filepath.Join(g.path(uuid), exitFile)
	if err := os.WriteFile(path, []byte(`{"format":1,"code":0`), 0o600); err != nil {
		t.Fatal(err)
	}
	if q := g.observe(); q.State != step.Running {
		t.Errorf("state %v", q.State)
	}
	if err := syscall.Kill(g.record().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	g.want(g.settle(p), step.PlatformError, "the supervisor of the command died")
	g.want(g.observe(), step.PlatformError, "the supervisor of the command died")
}

// A command that hands its output to a stranger does not keep the attempt from ending.
func TestOutputHeldByStranger(t *testing.T) {
	g := rigged(t, nil)
	ready := g.world.fifo(uuid, ".ready")
	g.start(map[string]any{"command": "echo hello >&2; echo $$ >" + ready + "; sleep 1000"})
	stolen, err := os.OpenFile(filepath.Join("/proc", g.line(ready), "fd/2"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer stolen.Close()
	g.want(g.settle(g.terminate(step.ByKill)), step.Stopped, "terminated: kill")
	if got := g.log(step.Stderr); got != "hello\n" {
		t.Errorf("log %q", got)
	}
}
