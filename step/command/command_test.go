//go:build unix

package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

const uuid = "0f0e0d0c-0b0a-5000-8000-000000000001"

// rig is a Runtime under test with one attempt.
type rig struct {
	*testing.T
	*Runtime
	world  *world
	pushes chan string
	handle string
}

// rigged opens a Runtime; change adjusts its configuration.
func rigged(t *testing.T, change func(*Config)) *rig {
	g := &rig{T: t, world: newWorld(t), pushes: make(chan string, 1000)}
	if change != nil {
		change(&g.world.cfg)
	}
	g.open()
	return g
}

func (g *rig) open() {
	g.Runtime = g.world.Open().(*Runtime)
	g.SetPush(func(uuid string) { g.pushes <- uuid })
	g.Cleanup(func() { g.Close() })
}

func (g *rig) reopen() {
	g.Close()
	g.open()
}

func attemptOf(params map[string]any) *step.Attempt {
	return &step.Attempt{UUID: uuid, WorkflowID: "wf", Instance: 1, Run: 2, StepID: "s", Attempt: 3, Type: "command", Params: params}
}

func (g *rig) start(params map[string]any) step.Progress {
	g.Helper()
	p, err := g.Start(g.Context(), attemptOf(params))
	if err != nil {
		g.Fatal(err)
	}
	g.handle = p.Handle
	return p
}

func (g *rig) observe() step.Progress {
	g.Helper()
	p, err := g.Observe(g.Context(), attemptOf(nil), g.handle)
	if err != nil {
		g.Fatal(err)
	}
	return p
}

func (g *rig) terminate(cause step.Cause) step.Progress {
	g.Helper()
	p, err := g.Terminate(g.Context(), attemptOf(nil), g.handle, cause)
	if err != nil {
		g.Fatal(err)
	}
	return p
}

// settle waits for pushes until the attempt has ended.
func (g *rig) settle(p step.Progress) step.Progress {
	g.Helper()
	for !p.State.Final() {
		var again <-chan time.Time
		if p.Again > 0 {
			again = time.After(p.Again)
		}
		select {
		case <-g.pushes:
		case <-again:
		case <-time.After(time.Minute):
			g.Fatal("no push")
		}
		p = g.observe()
	}
	return p
}

// run runs an attempt to its end.
func (g *rig) run(params map[string]any) step.Progress {
	g.Helper()
	return g.settle(g.start(params))
}

func (g *rig) log(stream step.LogStream) string {
	g.Helper()
	l, err := g.Logs(g.Context(), uuid, stream)
	if err != nil {
		g.Fatal(err)
	}
	defer l.Close()
	text, err := io.ReadAll(io.NewSectionReader(l, 0, 1<<40))
	if err != nil {
		g.Fatal(err)
	}
	return string(text)
}

func (g *rig) want(p step.Progress, state step.State, message string) {
	g.Helper()
	if p.State != state || !strings.Contains(p.Message, message) || (message == "") != (p.Message == "") {
		g.Fatalf("%v: %q, want %v: %q\nstderr: %s", p.State, p.Message, state, message, g.log(step.Stderr))
	}
}

// line reads a line that the command writes to a fifo.
func (g *rig) line(fifo string) string {
	g.Helper()
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		g.Fatal(err)
	}
	defer f.Close()
	f.SetReadDeadline(time.Now().Add(time.Minute))
	var text []byte
	buf := make([]byte, 1)
	for {
		if _, err := f.Read(buf); err != nil {
			g.Fatalf("the command is silent: %v", err)
		}
		if buf[0] == '\n' {
			return string(text)
		}
		text = append(text, buf[0])
	}
}

func TestOutcomes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "text", 0o644)
	unreadable := file("garbage", "\x7fnot a program", 0o755)
	orphan := file("orphan", "#!/no/such/interpreter\n", 0o755)
	script := file("script", "#!/bin/sh\necho \"$0 $1\" >&2; exit 4\n", 0o755)
	type params = map[string]any
	for _, c := range []struct {
		name    string
		params  params
		state   step.State
		message string
	}{
		{"well", params{"command": "true"}, step.Done, ""},
		{"argv", params{"command": []string{"sh", "-c", "test \"$0\" = 'a b'", "a b"}}, step.Done, ""},
		{"exit code", params{"command": "exit 3"}, step.UserError, "exit code 3"},
		{"last line", params{"command": "echo first >&2; echo 'the  reason' >&2; echo >&2; exit 1"}, step.UserError, "exit code 1: the  reason"},
		{"last line without end", params{"command": "printf 'a\\nb' >&2; exit 1"}, step.UserError, "exit code 1: b"},
		{"binary last line", params{"command": "printf 'x\\377\\033[1my\\n' >&2; exit 1"}, step.UserError, "exit code 1: x\uFFFD[1my"},
		{"not found by the shell", params{"command": "no-such-program-here"}, step.UserError, "exit code 127: "},
		{"child of the shell killed", params{"command": "sh -c 'kill -SEGV $$'; exit $?"}, step.UserError, "exit code 139 (SIGSEGV)"},
		{"killed", params{"command": "kill -KILL $$"}, step.PlatformError, "SIGKILL"},
		{"terminated by itself", params{"command": "kill -TERM $$"}, step.UserError, "killed by SIGTERM"},
		{"not found", params{"command": []string{"no-such-program-here"}}, step.FatalError, `command "no-such-program-here" was not found in PATH`},
		{"path not found", params{"command": []string{"/no/such/program"}}, step.FatalError, `command "/no/such/program" was not found`},
		{"not executable", params{"command": []string{plain}}, step.FatalError, "is not executable: permission denied"},
		{"found, not executable", params{"command": []string{"plain"}, "env": params{"PATH": dir}}, step.FatalError, `command "plain" is not executable: ` + plain},
		{"a directory", params{"command": []string{dir}}, step.FatalError, "is not executable"},
		{"garbage", params{"command": []string{unreadable}}, step.FatalError, "neither a program of this system nor a script"},
		{"no interpreter", params{"command": []string{orphan}}, step.FatalError, "or the interpreter that its first line names"},
		{"script", params{"command": []string{script, "arg"}}, step.UserError, "exit code 4: " + script + " arg"},
		{"by PATH of the step", params{"command": []string{"script"}, "env": params{"PATH": dir}}, step.UserError, "exit code 4"},
		{"by relative path", params{"command": []string{"./script"}, "working_dir": dir}, step.UserError, "exit code 4: ./script"},
		{"too long", params{"command": []string{"true", strings.Repeat("x", 1<<20)}}, step.FatalError, "too long for this system"},
		{"no working_dir", params{"command": "true", "working_dir": "/no/such"}, step.FatalError, `working_dir "/no/such" does not exist`},
		{"working_dir is a file", params{"command": "true", "working_dir": plain}, step.FatalError, "is not a directory"},
		{"absolute working_dir", params{"command": "test $(pwd) = " + dir, "working_dir": dir}, step.Done, ""},
		{"relative working_dir", params{"command": `test "$(pwd)" = "$(cd "$PLACE" && pwd)"`, "working_dir": "traces", "env": params{"PLACE": "../traces"}}, step.Done, ""},
		{"stdin", params{"command": `test "$(cat)" = "two
lines"`, "stdin": "two\nlines"}, step.Done, ""},
		{"no stdin", params{"command": `test -z "$(cat)"`}, step.Done, ""},
		{"empty stdin", params{"command": `test -z "$(cat)"`, "stdin": ""}, step.Done, ""},
		{"large stdin", params{"command": `test $(wc -c) = 3000000`, "stdin": strings.Repeat("x", 3_000_000)}, step.Done, ""},
		{"env", params{"command": `test "$A,$B,$C" = "1,x y,true"`, "env": params{"A": int64(1), "B": "x y", "C": true}}, step.Done, ""},
		{"command missing", params{}, step.FatalError, "param command is missing"},
		{"command of a wrong type", params{"command": int64(3)}, step.FatalError, "param command is a LONG"},
		{"command empty", params{"command": " \n"}, step.FatalError, "param command is empty"},
		{"command without elements", params{"command": []string{}}, step.FatalError, "is an empty array"},
		{"command without a name", params{"command": []string{"", "x"}}, step.FatalError, "command[0] is empty"},
		{"command with NUL", params{"command": []string{"echo", "a\x00b"}}, step.FatalError, "command[1] has a NUL byte at offset 1"},
		{"env of a wrong type", params{"command": "true", "env": "A=1"}, step.FatalError, "param env is a STRING: it must be a STRING_MAP"},
		{"env name", params{"command": "true", "env": params{"A=B": "1"}}, step.FatalError, `the name "A=B"`},
		{"env value", params{"command": "true", "env": params{"A": []string{"1"}}}, step.FatalError, `param env["A"] is a STRING_ARRAY`},
		{"env of our own", params{"command": "true", "env": params{"SEGUE_RUN_ID": "9"}}, step.FatalError, "sets SEGUE_RUN_ID, which Segue sets itself"},
		{"working_dir of a wrong type", params{"command": "true", "working_dir": true}, step.FatalError, "param working_dir is a BOOLEAN: it must be a STRING"},
		{"stdin of a wrong type", params{"command": "true", "stdin": 1.5}, step.FatalError, "param stdin is a DOUBLE: it must be a STRING"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := rigged(t, nil)
			p := g.start(c.params)
			if !p.State.Final() {
				p = g.settle(p)
			}
			if p.State != c.state || !strings.Contains(p.Message, c.message) || (c.message == "") != (p.Message == "") {
				t.Errorf("%v: %q, want %v: %q", p.State, p.Message, c.state, c.message)
			}
		})
	}
}

func TestOutputs(t *testing.T) {
	big := strings.Repeat("x", 749_990)
	for _, c := range []struct {
		name    string
		command string
		want    map[string]any // nil with a message: UserError
		message string
	}{
		{"none", "true", nil, ""},
		{"empty file", `: >"$SEGUE_OUTPUT"`, nil, ""},
		{"empty object", `echo '{}' >"$SEGUE_OUTPUT"`, map[string]any{}, ""},
		{"numbers", `echo '{"i":9007199254740993,"f":1e3,"n":-0.5}' >"$SEGUE_OUTPUT"`, map[string]any{"i": int64(9007199254740993), "f": 1000.0, "n": -0.5}, ""},
		{"just small enough", `printf '{"s":"` + `'; printf %749991s | tr ' ' x; printf '"}' ) >"$SEGUE_OUTPUT"`, map[string]any{"s": big + "x"}, ""},
		{"too big", `head -c 750001 /dev/zero >"$SEGUE_OUTPUT"`, nil, "has 750001 bytes: at most 750000 are allowed"},
		{"1 GB, sparse", `truncate -s 1G "$SEGUE_OUTPUT"`, nil, "has 1073741824 bytes: at most 750000 are allowed"},
		{"not JSON", `printf '{"a": 1,\n  oops}' >"$SEGUE_OUTPUT"`, nil, "the file at SEGUE_OUTPUT is not valid JSON: invalid character 'o' looking for beginning of object key string at line 2, column 3"},
		{"not an object", `echo '[1]' >"$SEGUE_OUTPUT"`, nil, "must be a JSON object of outputs by name, and is an array"},
		{"a fifo", `mkfifo "$SEGUE_OUTPUT"`, nil, "is not a regular file"},
		{"a directory", `mkdir "$SEGUE_OUTPUT"`, nil, "is not a regular file"},
		{"a link", `ln -s /etc/hostname "$SEGUE_OUTPUT"`, nil, "is a symbolic link"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := rigged(t, nil)
			if strings.Contains(c.command, " ) >") {
				c.command = "( " + c.command
			}
			p := g.run(map[string]any{"command": c.command})
			if c.message != "" {
				g.want(p, step.UserError, c.message)
				return
			}
			g.want(p, step.Done, "")
			if !reflect.DeepEqual(p.Outputs, c.want) {
				t.Errorf("outputs %.200v, want %.200v", p.Outputs, c.want)
			}
		})
	}
	t.Run("of a failure are not read", func(t *testing.T) {
		g := rigged(t, nil)
		p := g.run(map[string]any{"command": `echo nonsense >"$SEGUE_OUTPUT"; exit 2`})
		g.want(p, step.UserError, "exit code 2")
		if p.Outputs != nil {
			t.Errorf("outputs %v", p.Outputs)
		}
	})
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_TOKEN", "hidden")
	t.Setenv("LC_ALL", "C")
	t.Setenv("TZ", "UTC")
	g := rigged(t, nil)
	g.want(g.run(map[string]any{"command": []string{"env"}, "env": map[string]any{"MINE": "1", "TZ": "CET"}}), step.Done, "")
	got := map[string]string{}
	for line := range strings.Lines(g.log(step.Stdout)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		got[name] = value
	}
	want := map[string]string{
		"SEGUE_WORKFLOW_ID": "wf", "SEGUE_INSTANCE_ID": "1", "SEGUE_RUN_ID": "2", "SEGUE_STEP_ID": "s", "SEGUE_ATTEMPT": "3",
		"SEGUE_ATTEMPT_UUID": uuid, "SEGUE_OUTPUT": filepath.Join(g.path(uuid), "output.json"),
		"MINE": "1", "TZ": "CET", "LC_ALL": "C", "PATH": os.Getenv("PATH"),
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s=%q, want %q", name, got[name], value)
		}
	}
	for _, name := range []string{"SECRET_TOKEN", "GOMAXPROCS", "GOGC"} {
		if value, ok := got[name]; ok {
			t.Errorf("the command sees %s=%s", name, value)
		}
	}
}

// The command has descriptors 0, 1 and 2 only, and the supervisor none of the server's.
func TestDescriptors(t *testing.T) {
	// A careless server: a descriptor that is not closed on exec.
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(ends[1])
	g := rigged(t, nil)
	fifo := g.world.fifo(uuid, ".go")
	ready := g.world.fifo(uuid, ".ready")
	p := g.start(map[string]any{"command": `ls -l /proc/self/fd | grep -c ' -> /' ; ls /proc/self/fd | tr '\n' ' '; echo x >` + ready + `; read x <` + fifo})
	g.line(ready)
	syscall.Close(ends[0])
	if _, err := syscall.Write(ends[1], []byte("x")); err != syscall.EPIPE {
		t.Errorf("write to a pipe whose read end only the supervisor or the command can hold: %v", err)
	}
	g.world.Release(uuid)
	g.want(g.settle(p), step.Done, "")
	// ls itself opens the directory as 3.
	if _, fds, _ := strings.Cut(g.log(step.Stdout), "\n"); fds != "0 1 2 3 " {
		t.Errorf("descriptors of the command: %s", fds)
	}
}

func TestLogLimit(t *testing.T) {
	g := rigged(t, func(c *Config) { c.MaxLog = 1000 })
	// More than pipe and limit can hold: it must not block.
	g.want(g.run(map[string]any{"command": `head -c 50000000 /dev/zero; echo kept >&2; head -c 3000000 /dev/zero | tr '\0' x >&2; printf '\nthe end' >&2; exit 5`}), step.UserError, "exit code 5: the end")
	want := strings.Repeat("\x00", 1000) + "\nsegue: the limit of 1000 bytes is reached; 49999000 more bytes were dropped\n"
	if got := g.log(step.Stdout); got != want {
		t.Errorf("stdout has %d bytes and ends with %q", len(got), got[max(0, len(got)-200):])
	}
	if got := g.log(step.Stderr); !strings.HasPrefix(got, "kept\nxxx") || !strings.HasSuffix(got, " more bytes were dropped\n") {
		t.Errorf("stderr: %q", got)
	}
}

func TestBinaryLog(t *testing.T) {
	g := rigged(t, nil)
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	g.want(g.run(map[string]any{"command": []string{"cat", path}}), step.Done, "")
	if got := g.log(step.Stdout); !bytes.Equal([]byte(got), data) {
		t.Errorf("%d bytes differ from the %d written", len(got), len(data))
	}
}

// A log can be followed while the command runs, across a restart of the server.
func TestFollowLog(t *testing.T) {
	g := rigged(t, nil)
	if _, err := g.Logs(t.Context(), uuid, step.Stdout); !fault.Is(err, fault.NotFound) {
		t.Errorf("the log of an attempt that is not there: %v", err)
	}
	fifo, ready := g.world.fifo(uuid, ".go"), g.world.fifo(uuid, ".ready")
	p := g.start(map[string]any{"command": "echo one; echo x >" + ready + "; read x <" + fifo + "; echo two"})
	l, err := g.Logs(t.Context(), uuid, step.Stdout)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if ended, err := l.Ended(); ended || err != nil {
		t.Errorf("ended %v, %v", ended, err)
	}
	g.line(ready)
	g.reopen()
	g.observe()
	g.world.Release(uuid)
	g.want(g.settle(p), step.Done, "")
	if ended, err := l.Ended(); !ended || err != nil {
		t.Errorf("ended %v, %v", ended, err)
	}
	if size, err := l.Size(); size != 8 || err != nil {
		t.Errorf("size %d, %v", size, err)
	}
	buf := make([]byte, 100)
	if n, err := l.ReadAt(buf, 4); string(buf[:n]) != "two\n" || err != io.EOF {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if _, err := g.Logs(t.Context(), uuid, "other"); !fault.Is(err, fault.BadRequest) {
		t.Errorf("a log of another name: %v", err)
	}
	if _, err := g.Logs(t.Context(), "../../etc", step.Stdout); !fault.Is(err, fault.NotFound) {
		t.Errorf("the log of a path: %v", err)
	}
}

func TestForgetAndDiscard(t *testing.T) {
	g := rigged(t, nil)
	g.want(g.run(map[string]any{"command": "echo kept", "stdin": "secret"}), step.Done, "")
	g.Forget(t.Context(), uuid)
	entries, err := os.ReadDir(g.path(uuid))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"forgotten", "stderr.log", "stdout.log"}; !reflect.DeepEqual(names, want) {
		t.Errorf("left are %v, want %v", names, want)
	}
	held := attemptOf(map[string]any{"command": "read x <" + g.world.fifo(uuid, ".go")})
	held.UUID = "0f0e0d0c-0b0a-5000-8000-000000000002"
	if _, err := g.Start(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	g.Forget(t.Context(), held.UUID) // which is a mistake, and must not orphan the command
	if err := g.Discard(t.Context(), held.UUID); !fault.Is(err, fault.Precondition) {
		t.Errorf("discard of one that runs: %v", err)
	}
	if err := g.Discard(t.Context(), uuid); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(g.path(uuid)); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
	g.world.Release(uuid)
	<-g.pushes
	if p, err := g.Observe(t.Context(), held, ""); err != nil || p.State != step.Done {
		t.Errorf("the one that ran: %v, %v", p, err)
	}
}

func TestUnwritableDirectory(t *testing.T) {
	g := rigged(t, nil)
	// The place of the shard is taken by a file, which stops root as well.
	shard := filepath.Dir(g.path(uuid))
	if err := os.WriteFile(shard, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := g.Start(t.Context(), attemptOf(map[string]any{"command": "true"})); err == nil {
		t.Fatalf("start: %v", p)
	}
	os.Remove(shard)
	// So that the supervisor is the one that fails: what a former attempt may have left cannot be removed.
	block := filepath.Join(g.path(uuid), outputFile, "full")
	if err := os.MkdirAll(block, 0o700); err != nil {
		t.Fatal(err)
	}
	runs := g.world.trace(uuid, ".runs")
	params := map[string]any{"command": "echo x >>" + runs}
	_, err := g.Start(t.Context(), attemptOf(params))
	if err == nil || !strings.Contains(err.Error(), outputFile) {
		t.Fatalf("start: %v", err)
	}
	g.reopen()
	if _, err := g.Start(t.Context(), attemptOf(params)); err == nil {
		t.Fatal("start went well")
	}
	os.Remove(block)
	// The supervisor died while it wrote that it would start.
	if err := os.WriteFile(filepath.Join(g.path(uuid), startedFile), []byte(`{"format":1,"ho`), 0o600); err != nil {
		t.Fatal(err)
	}
	g.want(g.run(params), step.Done, "")
	if n := g.world.Runs(uuid); n != 1 {
		t.Errorf("the command ran %d times", n)
	}
}

func TestOtherHost(t *testing.T) {
	g := rigged(t, nil)
	for name, call := range map[string]func(handle string) (step.Progress, error){
		"observe": func(h string) (step.Progress, error) { return g.Observe(t.Context(), attemptOf(nil), h) },
		"terminate": func(h string) (step.Progress, error) {
			return g.Terminate(t.Context(), attemptOf(nil), h, step.ByKill)
		},
	} {
		if _, err := call("host=elsewhere/1 pid=7"); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "elsewhere/1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := g.Observe(t.Context(), attemptOf(nil), g.Runtime.handle(7)); err != nil || p.State != step.PlatformError {
		t.Errorf("one of this host that is gone: %v, %v", p, err)
	}
}

func TestBadUUID(t *testing.T) {
	g := rigged(t, nil)
	for _, bad := range []string{"", "x", "../../etc/passwd", "a/b", ".hidden"} {
		a := attemptOf(map[string]any{"command": "true"})
		a.UUID = bad
		if _, err := g.Start(t.Context(), a); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Self: []string{"true"}}, "no state directory"},
		{Config{Dir: "x"}, "no supervisor command"},
		{Config{Dir: "x", Self: []string{"no-such-program-here"}}, "no-such-program-here"},
		{Config{Dir: "x", Self: []string{"true"}, Grace: -1}, "must not be negative"},
	} {
		if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.cfg, err, c.want)
		}
	}
	t.Run("a supervisor that is none", func(t *testing.T) {
		g := rigged(t, func(c *Config) { c.Self = []string{"false"} })
		_, err := g.Start(context.Background(), attemptOf(map[string]any{"command": "true"}))
		if err == nil || !strings.Contains(err.Error(), "exit status 1") {
			t.Errorf("start: %v", err)
		}
	})
}

// record reads the started record.
func (g *rig) record() startedRecord {
	g.Helper()
	var s startedRecord
	if there, err := readRecord(g.path(uuid), startedFile, &s); err != nil || !there {
		g.Fatalf("started record: %v, %v", there, err)
	}
	return s
}
