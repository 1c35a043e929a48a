// Package examples holds workflows for readers, each with a header that says what it shows and how it ends. Its test runs
// every one of them as a user would and holds it to its header.
package examples

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// ends is the line of a header that says how the run ends.
var ends = regexp.MustCompile(`(?m)^# Ends: ([A-Z_]+), exit code ([0-3])$`)

// binary is segue, built once for all tests.
var binary string

func TestMain(m *testing.M) { os.Exit(withBinary(m.Run)) }

func withBinary(run func() int) int {
	dir, err := os.MkdirTemp("", "segue-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "segue")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/segue").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return run()
}

func TestEveryExampleDoesWhatItsHeaderSays(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("found %d examples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			header := ends.FindSubmatch(text)
			if header == nil {
				t.Fatal("the header does not say how it ends: want a line like \"# Ends: SUCCEEDED, exit code 0\"")
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			c := exec.CommandContext(ctx, binary, "run", "-o", "json", "--data", t.TempDir(), file)
			var stdout, stderr bytes.Buffer
			c.Stdout, c.Stderr = &stdout, &stderr
			code := 0
			if err := c.Run(); err != nil {
				var exit *exec.ExitError
				if !errors.As(err, &exit) {
					t.Fatal(err)
				}
				code = exit.ExitCode()
			}
			var doc struct {
				Status string `json:"status"`
			}
			if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
				t.Fatalf("%v\n%s\n%s", err, &stdout, &stderr)
			}
			if want, _ := strconv.Atoi(string(header[2])); doc.Status != string(header[1]) || code != want {
				t.Errorf("ended %s with exit code %d, the header says %s and %d\n%s\n%s", doc.Status, code, header[1], want, &stdout, &stderr)
			}
		})
	}
}
