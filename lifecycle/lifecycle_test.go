package lifecycle

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/instance"
)

var update = flag.Bool("update", false, "rewrite docs/lifecycle.md")

func TestEveryMoveLeavesAStatusThatMayBeLeft(t *testing.T) {
	for _, m := range RunMoves {
		for _, from := range m.From {
			if from.Terminal() {
				t.Errorf("%s: leaves the terminal status %s", m.Cause, from)
			}
		}
	}
	for _, m := range StepMoves {
		for _, from := range m.From {
			if from.Terminal() && !from.Retryable() && m.Cause != StepFailureIgnored {
				t.Errorf("%s: leaves the terminal status %s", m.Cause, from)
			}
		}
	}
}

func TestACauseLeadsToOneStatusOnly(t *testing.T) {
	runs := map[RunCause]bool{}
	for _, m := range RunMoves {
		if runs[m.Cause] {
			t.Errorf("run cause %q stands twice in the table", m.Cause)
		}
		runs[m.Cause] = true
	}
	steps := map[StepCause]bool{}
	for _, m := range StepMoves {
		if steps[m.Cause] {
			t.Errorf("step cause %q stands twice in the table", m.Cause)
		}
		steps[m.Cause] = true
	}
	if len(runs) != len(runNames)-1 || len(steps) != len(stepNames)-1 {
		t.Errorf("%d of %d run causes and %d of %d step causes have a transition", len(runs), len(runNames)-1, len(steps), len(stepNames)-1)
	}
}

func TestEveryStatusIsReachedAndEveryNonTerminalOneCanEnd(t *testing.T) {
	reached, left := map[instance.StepStatus]bool{instance.NotCreated: true}, map[instance.StepStatus]bool{}
	for _, m := range StepMoves {
		reached[m.To] = true
		for _, from := range m.From {
			left[from] = true
		}
	}
	for _, s := range instance.StepStatuses() {
		if !reached[s] && s != instance.Disabled {
			t.Errorf("nothing leads to %s", s)
		}
		if !s.Terminal() && s != instance.NotCreated {
			if _, ok := Step(s, StepStopped); !ok || !left[s] {
				t.Errorf("%s cannot be stopped", s)
			}
		}
	}
}

// TestStepMovesAreThoseOfTheOriginal lists, in the words of the specification, what each status may become. What may happen to
// every active step is in ends.
func TestStepMovesAreThoseOfTheOriginal(t *testing.T) {
	const ends = " STOPPED FATALLY_FAILED INTERNALLY_FAILED TIMED_OUT"
	const work = " FINISHING USER_FAILED PLATFORM_FAILED TIMEOUT_FAILED"
	for from, want := range map[instance.StepStatus]string{
		instance.NotCreated:         "CREATED",
		instance.StepCreated:        "UNSATISFIED SKIPPED INITIALIZED" + ends, // a user's SKIP is ignored here, a restart's is not
		instance.Initialized:        "PAUSED WAITING_FOR_SIGNALS SKIPPED" + ends,
		instance.StepPaused:         "WAITING_FOR_SIGNALS SKIPPED" + ends,
		instance.WaitingForSignals:  "EVALUATING_PARAMS SKIPPED" + ends,
		instance.EvaluatingParams:   "WAITING_FOR_PERMITS SKIPPED" + ends,
		instance.WaitingForPermits:  "STARTING SKIPPED" + ends,
		instance.Starting:           "RUNNING SKIPPED" + work + ends,
		instance.Running:            "SKIPPED" + work + ends,
		instance.Finishing:          "SUCCEEDED SKIPPED" + ends,
		instance.UserFailed:         "SKIPPED" + ends, // the next attempt is another row
		instance.PlatformFailed:     "SKIPPED" + ends,
		instance.TimeoutFailed:      "SKIPPED" + ends,
		instance.FatallyFailed:      "COMPLETED_WITH_ERROR",
		instance.Disabled:           "",
		instance.Unsatisfied:        "",
		instance.Skipped:            "",
		instance.StepSucceeded:      "",
		instance.CompletedWithError: "",
		instance.InternallyFailed:   "",
		instance.StepStopped:        "",
		instance.StepTimedOut:       "",
	} {
		got := map[string]bool{}
		for _, m := range StepMoves {
			if to, ok := Step(from, m.Cause); ok {
				got[to.String()] = true
			}
		}
		for _, to := range strings.Fields(want) {
			if !got[to] {
				t.Errorf("%s cannot become %s", from, to)
			}
			delete(got, to)
		}
		for to := range got {
			t.Errorf("%s may become %s", from, to)
		}
	}
}

func TestRunMovesAreThoseOfTheOriginal(t *testing.T) {
	for from, want := range map[instance.Status]string{
		instance.StatusUnknown: "CREATED STOPPED FAILED",
		instance.Created:       "IN_PROGRESS STOPPED FAILED",
		instance.InProgress:    "SUCCEEDED FAILED STOPPED TIMED_OUT",
		instance.Paused:        "", instance.TimedOut: "", instance.Stopped: "", instance.Failed: "", instance.Succeeded: "",
	} {
		got := map[string]bool{}
		for _, m := range RunMoves {
			if to, ok := Run(from, m.Cause); ok {
				got[to.String()] = true
			}
		}
		for _, to := range strings.Fields(want) {
			if !got[to] {
				t.Errorf("%s cannot become %s", from, to)
			}
			delete(got, to)
		}
		for to := range got {
			t.Errorf("%s may become %s", from, to)
		}
	}
}

func TestIllegalMovesAreRefused(t *testing.T) {
	if to, ok := Step(instance.StepSucceeded, StepStopped); ok {
		t.Errorf("a succeeded step may be stopped, to %s", to)
	}
	if to, ok := Run(instance.Succeeded, RunDoneBadly); ok {
		t.Errorf("a succeeded run may fail, to %s", to)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustStep did not panic")
		}
	}()
	MustStep(instance.StepCreated, StepFinished)
}

func TestDocumentedDiagramIsCurrent(t *testing.T) {
	path := filepath.Join("..", "docs", "lifecycle.md")
	want := Diagram()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the tables say; run go test ./lifecycle -update", path)
	}
}
