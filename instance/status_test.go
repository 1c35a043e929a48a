package instance

import (
	"fmt"
	"strings"
	"testing"
)

// TestStepStatuses pins what is stored (the numbers), what is on the wire (the names), and what the statuses mean.
func TestStepStatuses(t *testing.T) {
	const want = `
0 NOT_CREATED
1 CREATED
2 INITIALIZED
3 PAUSED overview
4 WAITING_FOR_SIGNALS overview
5 EVALUATING_PARAMS overview
6 WAITING_FOR_PERMITS overview
7 STARTING
8 RUNNING overview
9 FINISHING
10 DISABLED terminal complete
11 UNSATISFIED terminal complete
12 SKIPPED terminal complete
13 SUCCEEDED terminal complete
14 COMPLETED_WITH_ERROR terminal complete
15 USER_FAILED terminal retryable overview
16 PLATFORM_FAILED terminal retryable overview
17 FATALLY_FAILED terminal restartable overview
18 INTERNALLY_FAILED terminal restartable overview
19 STOPPED terminal restartable
20 TIMED_OUT terminal restartable
21 TIMEOUT_FAILED terminal retryable overview
`
	var b strings.Builder
	for _, s := range StepStatuses() {
		fmt.Fprintf(&b, "\n%d %s", s, s)
		for _, fact := range []struct {
			name string
			is   bool
		}{
			{"terminal", s.Terminal()}, {"complete", s.Complete()}, {"retryable", s.Retryable()},
			{"restartable", s.Restartable()}, {"overview", s.InOverview()},
		} {
			if fact.is {
				b.WriteString(" " + fact.name)
			}
		}
		if s.Active() == (s.Terminal() && !s.Retryable()) {
			t.Errorf("%s: active %v", s, s.Active())
		}
	}
	if got := b.String() + "\n"; got != want {
		t.Errorf("the statuses are%s", got)
	}
}

func TestRunStatuses(t *testing.T) {
	const want = "0 UNKNOWN false, 1 CREATED false, 2 IN_PROGRESS false, 3 PAUSED false, 4 TIMED_OUT true, 5 STOPPED true, 6 FAILED true, 7 SUCCEEDED true"
	var got []string
	for _, s := range append([]Status{StatusUnknown}, Statuses()...) {
		got = append(got, fmt.Sprintf("%d %s %v", s, s, s.Terminal()))
	}
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("the statuses are %s", s)
	}
}

func TestNamesAreReadInAnyCase(t *testing.T) {
	for _, s := range Statuses() {
		if got, err := ParseStatus(strings.ToLower(s.String())); got != s || err != nil {
			t.Errorf("%s is read as %s, %v", s, got, err)
		}
	}
	for _, s := range StepStatuses() {
		if got, err := ParseStepStatus(strings.ToLower(s.String())); got != s || err != nil {
			t.Errorf("%s is read as %s, %v", s, got, err)
		}
	}
	for _, name := range []string{"", "UNKNOWN", "RUNNING "} {
		if s, err := ParseStatus(name); err == nil {
			t.Errorf("%q is read as the run status %s", name, s)
		}
	}
	if s, err := ParseStepStatus("IN_PROGRESS"); err == nil {
		t.Errorf("IN_PROGRESS is read as the step status %s", s)
	}
	if s := StepStatus(99); s.Valid() || s.Terminal() || s.Complete() || s.Retryable() || s.InOverview() || s.String() != "StepStatus(99)" {
		t.Errorf("a status that there is not: %s", s)
	}
}

// TestActions is the action map of the v3 API.
func TestActions(t *testing.T) {
	for status, want := range map[Status]string{
		Created: "STOP KILL", InProgress: "STOP KILL", Paused: "STOP KILL",
		TimedOut: "RESTART", Stopped: "RESTART", Succeeded: "RESTART", Failed: "RESTART UNBLOCK",
	} {
		if got := join(status.Actions()); got != want {
			t.Errorf("%s: %s; want %s", status, got, want)
		}
	}
	work := "STOP KILL SKIP"
	again := "RESTART SKIP"
	for status, want := range map[StepStatus]string{
		NotCreated: "", StepCreated: "PAUSE STOP KILL", Initialized: "PAUSE STOP KILL SKIP", StepPaused: "RESUME STOP KILL SKIP",
		WaitingForSignals: "STOP KILL SKIP BYPASS_STEP_DEPENDENCIES",
		EvaluatingParams:  work, WaitingForPermits: work, Starting: work, Running: work, Finishing: work,
		UserFailed: work, PlatformFailed: work, TimeoutFailed: work,
		Disabled: "RESTART", Unsatisfied: "RESTART",
		Skipped: again, StepSucceeded: again, CompletedWithError: again, FatallyFailed: again, InternallyFailed: again, StepStopped: again, StepTimedOut: again,
	} {
		if got := join(status.Actions()); got != want {
			t.Errorf("step %s: %s; want %s", status, got, want)
		}
	}
}

func join(actions []Action) string {
	var names []string
	for _, a := range actions {
		names = append(names, string(a))
	}
	return strings.Join(names, " ")
}
