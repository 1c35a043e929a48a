package lifecycle

import (
	"flag"
	"os"
	"path/filepath"
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
