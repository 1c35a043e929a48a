// Package examples holds workflows for readers, each with a header that says what it shows and how it ends. Its test runs
// every one of them as a user would and holds it to its header.
package examples

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ends is the line of a header that says how the run ends; call is the one that says how to run it.
var (
	ends = regexp.MustCompile(`(?m)^# Ends: ([A-Z_]+), exit code ([0-3])$`)
	call = regexp.MustCompile(`(?m)^#   segue run (examples/\S+)((?: -p \S+)*)`)
)

// shows is what the runs of the examples show, by step: its status, and the number of its attempts if there are more than
// one. "-" = the step is never created.
var shows = map[string]map[string]string{
	"branches": {"measure": "SUCCEEDED", "cool": "SUCCEEDED", "heat": "UNSATISFIED", "rest": "UNSATISFIED", "log": "SUCCEEDED"},
	"failures": {"optional": "COMPLETED_WITH_ERROR", "needed": "FATALLY_FAILED", "beside": "SUCCEEDED", "never": "-"},
	"pipeline": {"count": "SUCCEEDED", "rank": "SUCCEEDED", "check": "SUCCEEDED", "large-tree": "SUCCEEDED", "small-tree": "UNSATISFIED", "report": "SUCCEEDED"},
	"retries":  {"flaky": "SUCCEEDED 3", "after": "SUCCEEDED"},
	"timeout":  {"slow": "TIMED_OUT", "never": "-"},
}

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
			header, command := ends.FindSubmatch(text), call.FindStringSubmatch(string(text))
			if header == nil || command == nil || command[1] != "examples/"+file {
				t.Fatal("the header does not say how to run it and how it ends: want lines like \"#   segue run examples/x.yaml\" and \"# Ends: SUCCEEDED, exit code 0\"")
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			c := exec.CommandContext(ctx, binary, append([]string{"run", "-o", "json", "--data", t.TempDir(), command[1]}, strings.Fields(command[2])...)...)
			c.Dir = ".."
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
				Steps  []struct {
					ID       string `json:"step_id"`
					Status   string `json:"status"`
					Attempts int    `json:"attempts"`
				} `json:"steps"`
			}
			if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
				t.Fatalf("%v\n%s\n%s", err, &stdout, &stderr)
			}
			if want, _ := strconv.Atoi(string(header[2])); doc.Status != string(header[1]) || code != want {
				t.Errorf("ended %s with exit code %d, the header says %s and %d\n%s\n%s", doc.Status, code, header[1], want, &stdout, &stderr)
			}
			got := map[string]string{}
			for id := range shows[strings.TrimSuffix(file, ".yaml")] {
				got[id] = "-"
			}
			for _, s := range doc.Steps {
				got[s.ID] = s.Status
				if s.Attempts > 1 {
					got[s.ID] += " " + strconv.Itoa(s.Attempts)
				}
			}
			if want := shows[strings.TrimSuffix(file, ".yaml")]; !maps.Equal(got, want) {
				t.Errorf("the steps are %v, want %v", got, want)
			}
		})
	}
}
