package seltest

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared returns a file of the project's shared test data, or skips the test.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	dir := os.Getenv("SEGUE_SHARED")
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(wd, "go.mod")); err == nil {
				break
			}
			if wd == filepath.Dir(wd) {
				t.Fatal("there is no go.mod above the test")
			}
			wd = filepath.Dir(wd)
		}
		dir = filepath.Join(wd, "..", "shared")
	}
	f, err := os.Open(filepath.Join(dir, "spec", "data", name))
	if err != nil {
		t.Skipf("the shared cases are not here (set SEGUE_SHARED): %v", err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// deviation is a case that comes out otherwise than in the original, on purpose.
type deviation struct{ Name, Rule, Why string }

func deviations(t *testing.T) map[string]deviation {
	t.Helper()
	f, err := os.Open("../testdata/deviations.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]deviation{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var d deviation
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		if len(d.Rule) != 2 || d.Rule < "D1" || d.Rule > "D6" || d.Why == "" {
			t.Errorf("%s: a deviation needs a rule from D1 to D6 and a reason", d.Name)
		}
		all[d.Name] = d
	}
	return all
}

// TestCases holds the language to cases that were verified against the original. Each difference is listed with the
// rule that explains it, and nothing is listed that is no difference.
func TestCases(t *testing.T) {
	known := deviations(t)
	for _, name := range []string{"sel-cases.jsonl", "interp-cases.jsonl"} {
		var rep Report
		if err := rep.Run(shared(t, name)); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d passed, %d failed", name, rep.Passed, len(rep.Failures))
		for _, f := range rep.Failures {
			if _, ok := known[f.Name]; !ok {
				t.Errorf("%s: %s\n  want %s\n  got  %s", f.Name, f.Text, f.Want, f.Got)
			}
			delete(known, f.Name)
		}
	}
	for _, d := range known {
		t.Errorf("%s is listed as a deviation, but is none", d.Name)
	}
}

func TestACaseHasToSayWhatItWants(t *testing.T) {
	var rep Report
	if err := rep.Run(strings.NewReader(`{"name": "a", "expr": "1;"}` + "\n" + `{"name": "b", "value": "x"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	if len(rep.Failures) != 2 || rep.Failures[0].Want != noWant || rep.Failures[1].Want != noWant {
		t.Errorf("%+v", rep)
	}
}
