package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// notYet are the black-box cases that this version does not pass, each with the words of the server that say why. A case
// that passes, or fails in other words, makes the test fail, so that the list stays true.
var notYet = map[string]string{
	"action-005-stop-step":                    "single steps cannot be acted on",
	"action-006-kill-step":                    "single steps cannot be acted on",
	"action-008-skip-failed":                  "is of kind subworkflow",
	"breakpoint-001-pause-and-remove":         "there are no breakpoints",
	"breakpoint-004-resume-not-paused":        "there are no breakpoints",
	"breakpoint-005-invalid":                  "there are no breakpoints",
	"breakpoint-007-inside-foreach":           "there are no breakpoints",
	"dag-003-sample-4":                        "run strategy STRICT_SEQUENTIAL",
	"dag-005-sample-7":                        "run strategy STRICT_SEQUENTIAL",
	"dag-006-sample-9":                        "run strategy LAST_ONLY",
	"deletion-001-delete":                     "workflows cannot be deleted",
	"dsl-004-loops-and-subworkflow":           "is of kind foreach",
	"dsl-006-python-sdk-subworkflow-version":  "is of kind subworkflow",
	"failure-001-fail-after-running":          "is of kind subworkflow",
	"failure-002-ignore-failure":              "is of kind subworkflow",
	"failure-008-http-blocked-host":           "is of type Http",
	"foreach-001-sample":                      "is of kind foreach",
	"foreach-002-cartesian-order":             "is of kind foreach",
	"foreach-004-empty":                       "is of kind foreach",
	"foreach-005-invalid-loop-param":          "is of kind foreach",
	"foreach-009-fail-after-running":          "is of kind foreach",
	"foreach-010-ignore-failure":              "is of kind foreach",
	"foreach-011-fail-immediately":            "is of kind foreach",
	"foreach-012-restart-from-incomplete":     "is of kind foreach",
	"foreach-015-sample-subworkflow":          "is of kind foreach",
	"jobtemplate-001-crud":                    "there are no job templates",
	"jobtemplate-003-yaml":                    "there are no job templates",
	"param-024-default-workflow-params":       "is absent", // the params that every workflow has by default
	"param-026-system-params":                 "is absent",
	"properties-001-update":                   "properties cannot be changed alone",
	"properties-006-in-instance":              "properties cannot be changed alone",
	"restart-001-from-incomplete":             "is of kind subworkflow",
	"restart-002-from-beginning":              "instances cannot be restarted",
	"restart-005-run-policy-param":            "instances cannot be restarted",
	"restart-008-stopped-instance":            "instances cannot be restarted",
	"restart-009-twice":                       "is of kind subworkflow",
	"restart-013-step-not-restartable":        "steps cannot be restarted",
	"restart-014-aggregated-status":           "is of kind subworkflow",
	"restart-015-conditional-kept":            "is of kind subworkflow",
	"retry-004-sample-10":                     "has signal_dependencies",
	"retry-008-http-output":                   "is of type Http",
	"runstrategy-003-strict-sequential":       "run strategy STRICT_SEQUENTIAL",
	"runstrategy-005-unblock-workflow":        "run strategy STRICT_SEQUENTIAL",
	"runstrategy-007-first-only":              "run strategy FIRST_ONLY",
	"runstrategy-013-switch-to-strict":        "properties cannot be changed alone",
	"signal-002-duplicate":                    "signals cannot be announced",
	"signal-005-dependency":                   "has signal_dependencies",
	"signal-006-dependency-before-start":      "signals cannot be announced",
	"signal-007-dependency-without-params":    "has signal_dependencies",
	"signal-008-dependency-operators":         "has signal_dependencies",
	"signal-012-bypass":                       "has signal_dependencies",
	"signal-013-stop-and-skip-waiting":        "has signal_dependencies",
	"signal-014-outputs":                      "has signal_dependencies",
	"signal-017-sample-push":                  "has signal_dependencies",
	"signal-018-trigger":                      "signals cannot be announced",
	"signal-019-trigger-join":                 "signals cannot be announced",
	"signal-021-trigger-disabled":             "signals cannot be announced",
	"subworkflow-001-sync":                    "is of kind subworkflow",
	"subworkflow-002-default-is-sync":         "is of kind subworkflow",
	"subworkflow-005-system-params":           "is of kind subworkflow",
	"subworkflow-007-missing-child":           "is of kind subworkflow",
	"subworkflow-009-parent-stopped":          "is of kind subworkflow",
	"subworkflow-010-default-version":         "is of kind subworkflow",
	"subworkflow-012-restart-from-incomplete": "is of kind subworkflow",
	"tag-006-permit-crud":                     "there are no tag permits",
	"tag-008-permit-serializes":               "there are no tag permits",
	"timeout-005-foreach":                     "is of kind foreach",
	"validation-007-loop-params-siblings":     "is of kind foreach",
	"version-008-timeline":                    "versions cannot be activated",
	"while-001-sample":                        "is of kind while",
	"while-003-two-params":                    "is of kind while",
	"while-004-loop-index":                    "is of kind while",
	"while-006-restart-from-incomplete":       "is of kind while",
	"while-007-restart-from-beginning":        "is of kind while",
}

// TestConformance runs the black-box cases of the shared specification against `segue server`, with the runner that
// comes with them.
func TestConformance(t *testing.T) {
	shared := os.Getenv("SEGUE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	shared = filepath.Join(shared, "conformance")
	if _, err := os.Stat(filepath.Join(shared, "cases")); err != nil {
		t.Skipf("the shared specification is not beside this checkout (set SEGUE_SHARED): %v", err)
	}
	dir := t.TempDir()
	runner := filepath.Join(dir, "runner")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join(shared, "runner"), "-o", runner, ".")
	build.Env = append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the runner: %v\n%s", err, out)
	}
	report := filepath.Join(dir, "report.json")
	run := exec.CommandContext(t.Context(), runner, "-base", "http://"+serve(t), "-cases", filepath.Join(shared, "cases"), "-report", report,
		"-features", "signal_trigger,http_loopback,tag_permit", "-parallel", "16", "-wait", "30s")
	out, err := run.CombinedOutput()
	text, readErr := os.ReadFile(report)
	if readErr != nil {
		t.Fatalf("the runner: %v, and no report: %v\n%s", err, readErr, out)
	}
	var cases []struct{ ID, Outcome, Error string }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range cases {
		seen[c.ID] = true
		why, later := notYet[c.ID]
		switch {
		case c.Outcome == "skip":
		case !later && c.Outcome != "pass":
			t.Errorf("%s: %s", c.ID, c.Error)
		case later && c.Outcome == "pass":
			t.Errorf("%s passes now: take it from the list", c.ID)
		case later && !strings.Contains(c.Error, why):
			t.Errorf("%s: the server does not say %q: %s", c.ID, why, c.Error)
		}
	}
	for id := range notYet {
		if !seen[id] {
			t.Errorf("there is no case %s", id)
		}
	}
}

// serve runs `segue server` on a new data directory until the test ends, and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	log := &addressOf{found: make(chan string, 1)}
	ended := make(chan error, 1)
	go func() {
		root := rootCommand()
		root.SetErr(log)
		root.SetArgs([]string{"server", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0"})
		ended <- root.ExecuteContext(ctx)
	}()
	select {
	case address := <-log.found:
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Errorf("the server has ended: %v", err)
			}
		})
		return address
	case err := <-ended:
		stop()
		t.Fatalf("the server has not started: %v", err)
		return ""
	}
}

// addressOf is a log in which the server says where it serves.
type addressOf struct {
	found chan string
}

var serving = regexp.MustCompile(`msg=serving address=(\S+)`)

// Write is called for one line at a time.
func (a *addressOf) Write(p []byte) (int, error) {
	if m := serving.FindSubmatch(p); m != nil {
		a.found <- string(m[1])
	}
	return len(p), nil
}
