//go:build unix

package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/server"
)

// up is a server that runs.
type up struct {
	testing.TB
	*server.Server
	face  http.Handler
	stop  context.CancelFunc
	ended chan error
}

// run opens a server with commands on a directory and runs it.
func run(t testing.TB, dir string, change func(*server.Config)) *up {
	t.Helper()
	c := server.Config{Data: dir, EnableCommand: true, Supervise: []string{os.Args[0], superviseArg}, Grace: 200 * time.Millisecond}
	if change != nil {
		change(&c)
	}
	s, err := server.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	u := &up{TB: t, Server: s, face: s.Handler(), ended: make(chan error, 1)}
	var ctx context.Context
	ctx, u.stop = context.WithCancel(context.Background())
	ready := make(chan struct{})
	go func() { u.ended <- s.Run(ctx, func() { close(ready) }) }()
	t.Cleanup(u.stop)
	<-ready
	return u
}

// end stops the server in order.
func (u *up) end() {
	u.Helper()
	u.stop()
	if err := <-u.ended; err != nil {
		u.Error(err)
	}
}

// do makes a request that is answered with 200.
func (u *up) do(method, path, body string) string {
	u.Helper()
	a := serve(u.face, method, path, body)
	if a.Code != 200 {
		u.Fatalf("%s %s: %d %s", method, path, a.Code, a.Body)
	}
	return a.Body.String()
}

// commands pushes workflow c, whose one step runs a command.
func (u *up) commands(command string) {
	u.Helper()
	text, err := json.Marshal(command)
	if err != nil {
		u.Fatal(err)
	}
	u.do("POST", workflows, `{"properties":{"owner":"tester"},"workflow":{"id":"c","steps":[{"step":{"id":"a","type":"command",`+
		`"params":{"command":{"type":"STRING","value":`+string(text)+`}}}}]}}`)
}

const startC = workflows + "/c/versions/active/actions/start"

// fifo makes a fifo.
func fifo(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A server that nobody will start again ends its commands; another one leaves them to the next.
func TestEndCommands(t *testing.T) {
	for _, ends := range []bool{false, true} {
		dir, held := t.TempDir(), fifo(t)
		u := run(t, dir, nil)
		u.commands(`exec 9>` + held + `; trap "" TERM; sh -c 'trap "" TERM; sleep 1000' & setsid sleep 1000 & echo ready >&9; sleep 1000`)
		u.do("POST", startC, manual)
		f, err := os.Open(held)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out := bufio.NewReader(f)
		if line, err := out.ReadString('\n'); line != "ready\n" {
			t.Fatalf("the command says %q, %v", line, err)
		}
		if ends {
			u.EndCommands()
		}
		u.end()
		want := "STOPPED"
		u = run(t, dir, nil)
		if !ends {
			u.do("GET", workflows+"/c/instances/1", "")
			u.do("PUT", workflows+"/c/instances/1/actions/stop", "")
		}
		if a := u.do("GET", workflows+"/c/instances/1?wait=terminal", ""); !strings.Contains(a, `"status":"`+want+`"`) {
			t.Errorf("ends=%t: %s", ends, a)
		}
		if a := u.do("GET", workflows+"/c/instances/1/runs/1/steps/a/attempts", ""); !strings.Contains(a, "terminated: stop") || strings.Contains(a, `"step_attempt_id":2`) {
			t.Errorf("ends=%t: %s", ends, a)
		}
		if _, err := io.Copy(io.Discard, out); err != nil { // to its end: nothing is left that could write
			t.Error(err)
		}
		u.end()
	}
}

// Without commands a server has no steps of that type, and says so instead of waiting.
func TestCommandsAreOff(t *testing.T) {
	u := run(t, t.TempDir(), func(c *server.Config) { c.EnableCommand = false })
	defer u.end()
	u.commands("true")
	a := serve(u.face, "POST", startC, manual)
	if a.Code == 200 || !strings.Contains(a.Body.String(), "command") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestUnsafeListening(t *testing.T) {
	for listen, want := range map[string]string{
		"0.0.0.0:0":    "refusing to listen on 0.0.0.0:0: commands are enabled and nobody can log in",
		":0":           "refusing to listen on :0",
		"[::]:0":       "refusing to listen on [::]:0",
		"example.com:": "refusing to listen on example.com:",
		"8080":         `listen address "8080": want host:port`,
		"127.0.0.1:0":  "",
		"localhost:0":  "",
	} {
		s, err := server.Open(t.Context(), server.Config{
			Data: t.TempDir(), Listen: listen, EnableCommand: true, Supervise: []string{os.Args[0], superviseArg},
		})
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", listen, err)
				continue
			}
			if !strings.HasPrefix(s.Address(), "127.0.0.1:") && !strings.HasPrefix(s.Address(), "[::1]:") {
				t.Errorf("%s: listens on %s", listen, s.Address())
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

// TestListenOnALateAddress: an address that is held for a moment longer is waited for.
func TestListenOnALateAddress(t *testing.T) {
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	freed := make(chan error)
	go func() {
		freed <- held.Close() // now, or just after the server has tried
	}()
	s, err := server.Open(t.Context(), server.Config{Data: t.TempDir(), Listen: held.Addr().String()})
	if e := <-freed; err != nil || e != nil {
		t.Fatal(err, e)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
