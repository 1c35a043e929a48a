package examples

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// readme returns the workflow that README.md lets a reader save as hello.yaml, and the indented commands below a heading.
func readme(t *testing.T) (hello string, commands func(heading string) []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	hello, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("README.md has no workflow")
	}
	return hello, func(heading string) []string {
		_, rest, ok := strings.Cut(string(text), "\n## "+heading+"\n")
		if !ok {
			t.Fatalf("README.md has no heading %q", heading)
		}
		rest, _, _ = strings.Cut(rest, "\n## ")
		var list []string
		for line := range strings.Lines(rest) {
			if line, ok := strings.CutPrefix(line, "    "); ok {
				if n := len(list); n > 0 && strings.HasSuffix(list[n-1], "\\") {
					list[n-1] = strings.TrimSuffix(list[n-1], "\\") + strings.TrimSpace(line)
				} else {
					list = append(list, strings.TrimSpace(line))
				}
			}
		}
		return list
	}
}

var (
	goRun   = "go run ./cmd/segue"
	listens = regexp.MustCompile(`msg=serving address=(\S+)`)
)

// TestReadme runs the commands of README.md as they stand there, but for the port, with the binary of the tests.
func TestReadme(t *testing.T) {
	hello, commands := readme(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hello.yaml"), []byte(hello), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sh := func(command string) string {
		t.Helper()
		c := exec.CommandContext(ctx, "sh", "-c", command)
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	var greetings []string
	for _, command := range commands("Your first workflow") {
		if strings.Contains(command, "hello.yaml") {
			out := sh(strings.Replace(command, goRun, binary, 1))
			_, greeting, _ := strings.Cut(out, "greet.greeting = ")
			greeting, _, _ = strings.Cut(greeting, "\n")
			greetings = append(greetings, greeting)
		}
	}
	if got := strings.Join(greetings, " "); got != `"Hello, world" "Hello, Ada"` {
		t.Errorf("the commands greet %s", got)
	}

	list := commands("A server")
	if len(list) < 4 || !strings.HasPrefix(list[0], goRun+" server ") {
		t.Fatalf("the commands for a server are %q", list)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skipf("the rest needs curl: %v", err)
	}
	server := exec.CommandContext(ctx, binary, append(strings.Fields(list[0])[3:], "--listen", "127.0.0.1:0")...)
	server.Dir = dir
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	address := ""
	for lines := bufio.NewScanner(log); address == "" && lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
		if m := listens.FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
	}
	if address == "" {
		t.Fatalf("the server has not started\n%s", &told)
	}
	last := ""
	for _, command := range list[1:] {
		last = sh(strings.ReplaceAll(strings.Replace(command, "curl", "curl -sS --fail-with-body", 1), "127.0.0.1:8080", address))
	}
	if !strings.Contains(last, `"status":"SUCCEEDED"`) {
		t.Errorf("the last command answers %s", last)
	}
	cancel()
	if err := server.Wait(); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}
