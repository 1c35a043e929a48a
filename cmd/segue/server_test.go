//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A server that ends, in order or not, leaves its commands to the next one on its directory, which adopts them.
func TestCommandsOutliveTheServer(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
			during, between := newGate(t), newGate(t)
			p := serverOn(t, dir)
			p.push()
			first := p.startRun("echo begun >>" + trace + "; " + during.wait() + "; echo ended >>" + trace)
			second := p.startRun(between.wait())
			during.reached()
			between.reached()
			p.signal(s)
			if s == syscall.SIGKILL {
				p.ends(-1)
			} else {
				p.ends(0, "stopping; a second time stops at once", "msg=stopped")
			}
			between.open() // it ends while there is no server
			p = serverOn(t, dir)
			p.becomes(second, "SUCCEEDED")
			during.open()
			p.becomes(first, "SUCCEEDED", `"step_attempt_id":1`)
			if text, err := os.ReadFile(trace); string(text) != "begun\nended\n" {
				t.Errorf("the command wrote %q, %v", text, err)
			}
		})
	}
}

// Whoever asks a second time does not wait for requests under way.
func TestAskedToEndTwice(t *testing.T) {
	t.Parallel()
	p := serverOn(t, t.TempDir())
	slow, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprintf(slow, "POST %s HTTP/1.1\r\nHost: localhost\r\nuser: me\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n", definitions)
	if _, err := io.ReadFull(slow, make([]byte, len("HTTP/1.1 100"))); err != nil { // now it reads the body
		t.Fatal(err)
	}
	p.signal(syscall.SIGTERM)
	p.hears("stopping; a second time")
	p.signal(syscall.SIGTERM) // of timeout(1)
	p.signal(syscall.SIGINT)
	p.ends(exitFailed, "stopping at once")
}

// What keeps a server from starting is said, with exit code 1.
func TestServerCannotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serverOn(t, dir)
	address := strings.TrimPrefix(p.url, "http://")
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	garbage := t.TempDir()
	write(t, filepath.Join(garbage, "segue.db"), strings.Repeat("this is no database. ", 1000))
	for _, c := range []struct{ name, dir, listen, want string }{
		{"a second server on the directory", dir, "127.0.0.1:0", fmt.Sprintf("another Segue server uses it (pid %d, address %s)", p.cmd.Process.Pid, address)},
		{"the port is taken", t.TempDir(), address, "cannot listen on " + address},
		{"a file in place of the directory", file, "127.0.0.1:0", "make the directory"},
		{"a damaged file", garbage, "127.0.0.1:0", "segue.db is damaged or no SQLite database: restore it from a backup"},
	} {
		t.Run(c.name, func(t *testing.T) {
			segue(t, "server", "--data", c.dir, "--listen", c.listen).ends(exitFailed, "segue: ", c.want)
		})
	}
	t.Run("a read-only file system", func(t *testing.T) {
		used := t.TempDir()
		q := serverOn(t, used)
		q.signal(syscall.SIGTERM)
		q.ends(0)
		readOnly(t, used)
		segue(t, "server", "--data", used, "--listen", "127.0.0.1:0").ends(exitFailed, "read-only file system", "cannot be written: give the user")
		segue(t, "server", "--data", filepath.Join(used, "new"), "--listen", "127.0.0.1:0").ends(exitFailed, "make the directory", "read-only file system")
	})
	p.do(200, "GET", "/healthz", "") // the first one has not been touched
}

func TestKeepFlags(t *testing.T) {
	const day = 24 * 3_600_000
	for _, c := range []struct {
		keepFor   string
		keepRuns  int64
		says      string
		age, runs int64
	}{
		{"90d", 0, "", 90 * day, 0},
		{"1d 12h", 100, "", day + day/2, 100},
		{"0", 0, "", 0, 0},
		{"soon", 0, `--keep-for: "soon" is not a length of time such as 90d`, 0, 0},
		{"90", 0, `--keep-for: "90" has no unit; say 90d for days`, 0, 0},
		{"-5", 0, `--keep-for: "-5" is not`, 0, 0},
		{"", 0, `--keep-for: "" is not`, 0, 0},
		{"2 weeks 1 day", 0, `--keep-for: "2 weeks 1 day" is not`, 0, 0},
		{"90d", -1, "--keep-runs -1 is not a number of runs", 0, 0},
	} {
		keep, err := (&serverFlags{keepFor: c.keepFor, keepRuns: c.keepRuns}).retention()
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %d: %v", c.keepFor, c.keepRuns, err)
			}
		case err != nil || keep.KeepFor != c.age || keep.KeepRuns != c.runs || keep.Requests != 30*day:
			t.Errorf("%s, %d: %+v, %v", c.keepFor, c.keepRuns, keep, err)
		}
	}
}

// While the disk is full, nothing is acknowledged, and all else waits; with room again, all goes on by itself.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	smallDisk(t, disk, "8m")
	g := newGate(t)
	p := serverOn(t, filepath.Join(disk, "data"))
	p.push()
	before := p.startRun(g.wait())
	g.reached()
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	refused := 0
	for refused < 3 {
		a, err := p.try("POST", startPath, start("true"))
		switch {
		case err != nil:
			t.Fatal(err)
		case a.code == 200: // the last pages of a file that has room
		case a.code != 503 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "database or disk is full"):
			t.Fatalf("%d %v %s", a.code, a.header, a.body)
		default:
			refused++
		}
	}
	g.open() // the command ends while its end cannot be written down
	p.do(200, "GET", before, "").says(`"status":"IN_PROGRESS"`)
	segue(t, "server", "--data", filepath.Join(disk, "other"), "--listen", "127.0.0.1:0").ends(exitFailed, "no space left on device")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.hears("the store takes everything again")
	p.becomes(before, "SUCCEEDED")
	p.becomes(p.startRun("true"), "SUCCEEDED")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// An I/O error (here: a limit on the size of files, which the kernel answers writes with) ends the server, with the reason.
// All that it had acknowledged is there afterwards.
func TestIOError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serverOn(t, dir, "/bin/sh", "-c", `ulimit -f 4096; exec "$0" "$@"`) // 2 MB, or 4
	p.push()
	var acknowledged []string
	for {
		a, err := p.try("POST", startPath, start("true # "+strings.Repeat("x", 30_000)))
		if err != nil || a.code != 200 {
			break
		}
		acknowledged = append(acknowledged, fmt.Sprintf("%s/w/instances/%d", definitions, len(acknowledged)+1))
		if len(acknowledged) > 1000 {
			t.Fatal("there is no limit")
		}
	}
	p.ends(exitFailed, "the server has stopped: ", "disk I/O error", "All that was acknowledged had been written before")
	p = serverOn(t, dir)
	for _, run := range acknowledged {
		p.becomes(run, "SUCCEEDED")
	}
	if len(acknowledged) == 0 {
		t.Error("the limit was too low for anything to be acknowledged")
	}
}

// A file that is damaged under a running server ends it as soon as anybody sees that.
func TestDamageUnderARunningServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serverOn(t, dir)
	p.push()
	for range 20 {
		p.becomes(p.startRun("true # "+strings.Repeat("x", 30_000)), "SUCCEEDED")
	}
	p.signal(syscall.SIGTERM) // then all of it is in the file, and nothing in a cache
	p.ends(0)
	p = serverOn(t, dir)
	f, err := os.OpenFile(filepath.Join(dir, "segue.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const page = 8192
	if _, err := f.WriteAt([]byte(strings.Repeat("\xee", int(info.Size())-page)), page); err != nil {
		t.Fatal(err)
	}
	for i := 1; ; i = i%20 + 1 {
		if _, err := p.try("GET", fmt.Sprintf("%s/w/instances/%d/runs/1/steps", definitions, i), ""); err != nil {
			break // it has stopped
		}
	}
	p.ends(exitFailed, "the server has stopped: ", "database disk image is malformed", "restore the database from a backup")
	segue(t, "server", "--data", dir, "--listen", "127.0.0.1:0").ends(exitFailed, "segue: ", "malformed", "backup")
}

// What is too large is refused, or ends its own step; the server goes on.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	p := serverOn(t, t.TempDir())
	chain := func(n int) string {
		var steps []string
		for i := range n {
			next := ""
			if i+1 < n {
				next = fmt.Sprintf(`,"transition":{"successors":{"s%d":"true"}}`, i+1)
			}
			steps = append(steps, fmt.Sprintf(`{"step":{"id":"s%d","type":"NoOp"%s}}`, i, next))
		}
		return `{"properties":{"owner":"tester"},"workflow":{"id":"long","steps":[` + strings.Join(steps, ",") + `]}}`
	}
	p.do(200, "POST", definitions, chain(300))
	p.do(400, "POST", definitions, chain(301)).says("[workflow step list] is too large [301] and over the size limit [300]")
	p.do(200, "POST", definitions+"/long/versions/active/actions/start", `{"initiator":{"type":"manual"}}`)
	p.do(200, "GET", definitions+"/long/instances/1?wait=terminal", "").says(`"status":"SUCCEEDED"`)

	half := 1 << 19
	p.do(400, "POST", definitions, strings.Repeat("[", half)+strings.Repeat("]", half)).says("the document is nested deeper than 256 (line 1, column 257)")
	deep := strings.Repeat(`{"m":{"type":"MAP","value":`, 20_000) + "{}" + strings.Repeat("}}", 20_000)
	p.do(400, "POST", definitions, `{"properties":{"owner":"tester"},"workflow":{"id":"deep","params":`+deep+`,"steps":[]}}`).says("nested deeper than 256")
	p.do(413, "POST", definitions, strings.Repeat(" ", 2*half+1)).says("the body is over the limit of 1048576 bytes")

	p.push()
	p.do(400, "POST", startPath, start(strings.Repeat("x", 300_000))).says("over the limit of 262144")
	p.becomes(p.startRun(`truncate -s 1G "$$SEGUE_OUTPUT"`), "FAILED", "FATALLY_FAILED", "the file at SEGUE_OUTPUT has 1073741824 bytes: at most 750000 are allowed")
	p.becomes(p.startRun("true"), "SUCCEEDED")
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fill writes a file until its disk is full.
func fill(t testing.TB, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, block := range []int{64 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, block))
		}
	}
}
