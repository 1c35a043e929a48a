// Package instance holds the words of running things: runs, steps, attempts, their statuses, the actions users may
// take on them, and the timeline they leave.
//
// Above it are only fault, param and workflow; below it, lifecycle says which status may follow which, and engine
// decides when. A status is never assigned anywhere but through lifecycle.
package instance

import (
	"fmt"
	"strings"
)

// Status is the status of one run of a workflow instance. The zero value is not a status.
type Status uint8

// Statuses of a run.
const (
	StatusUnknown Status = iota
	Created
	InProgress
	Paused
	TimedOut
	Stopped
	Failed
	Succeeded
)

var statusNames = [...]string{
	StatusUnknown: "UNKNOWN", Created: "CREATED", InProgress: "IN_PROGRESS", Paused: "PAUSED", TimedOut: "TIMED_OUT",
	Stopped: "STOPPED", Failed: "FAILED", Succeeded: "SUCCEEDED",
}

// Statuses lists every status of a run.
func Statuses() []Status {
	return []Status{Created, InProgress, Paused, TimedOut, Stopped, Failed, Succeeded}
}

// String returns the wire name.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// Terminal reports whether no further transition of the run is possible; a new attempt is a new run.
func (s Status) Terminal() bool { return s >= TimedOut && s <= Succeeded }

// ParseStatus reads a wire name in any letter case.
func ParseStatus(name string) (Status, error) {
	for i, n := range statusNames {
		if i > 0 && strings.EqualFold(n, name) {
			return Status(i), nil
		}
	}
	return StatusUnknown, fmt.Errorf("unknown workflow status %q", name)
}

// StepStatus is the status of one attempt of a step.
type StepStatus uint8

// Statuses of a step attempt. The numbers are stored; new ones go to the end.
const (
	NotCreated StepStatus = iota
	StepCreated
	Initialized
	StepPaused
	WaitingForSignals
	EvaluatingParams
	WaitingForPermits
	Starting
	Running
	Finishing
	Disabled
	Unsatisfied
	Skipped
	StepSucceeded
	CompletedWithError
	UserFailed
	PlatformFailed
	FatallyFailed
	InternallyFailed
	StepStopped
	StepTimedOut
	TimeoutFailed
)

type stepFacts struct {
	name                                    string
	terminal, complete, retryable, overview bool
}

var stepFactsOf = [...]stepFacts{
	NotCreated:         {name: "NOT_CREATED"},
	StepCreated:        {name: "CREATED"},
	Initialized:        {name: "INITIALIZED"},
	StepPaused:         {name: "PAUSED", overview: true},
	WaitingForSignals:  {name: "WAITING_FOR_SIGNALS", overview: true},
	EvaluatingParams:   {name: "EVALUATING_PARAMS", overview: true},
	WaitingForPermits:  {name: "WAITING_FOR_PERMITS", overview: true},
	Starting:           {name: "STARTING"},
	Running:            {name: "RUNNING", overview: true},
	Finishing:          {name: "FINISHING"},
	Disabled:           {name: "DISABLED", terminal: true, complete: true},
	Unsatisfied:        {name: "UNSATISFIED", terminal: true, complete: true},
	Skipped:            {name: "SKIPPED", terminal: true, complete: true},
	StepSucceeded:      {name: "SUCCEEDED", terminal: true, complete: true},
	CompletedWithError: {name: "COMPLETED_WITH_ERROR", terminal: true, complete: true},
	UserFailed:         {name: "USER_FAILED", terminal: true, retryable: true, overview: true},
	PlatformFailed:     {name: "PLATFORM_FAILED", terminal: true, retryable: true, overview: true},
	FatallyFailed:      {name: "FATALLY_FAILED", terminal: true, overview: true},
	InternallyFailed:   {name: "INTERNALLY_FAILED", terminal: true, overview: true},
	StepStopped:        {name: "STOPPED", terminal: true},
	StepTimedOut:       {name: "TIMED_OUT", terminal: true},
	TimeoutFailed:      {name: "TIMEOUT_FAILED", terminal: true, retryable: true, overview: true},
}

// StepStatuses lists every status of a step attempt in stored order.
func StepStatuses() []StepStatus {
	all := make([]StepStatus, len(stepFactsOf))
	for i := range all {
		all[i] = StepStatus(i)
	}
	return all
}

// String returns the wire name.
func (s StepStatus) String() string {
	if int(s) < len(stepFactsOf) {
		return stepFactsOf[s].name
	}
	return fmt.Sprintf("StepStatus(%d)", uint8(s))
}

// Valid reports whether s is one of the constants.
func (s StepStatus) Valid() bool { return int(s) < len(stepFactsOf) }

// Terminal reports whether the attempt has ended. A terminal attempt that is Retryable is followed by another one
// after a backoff.
func (s StepStatus) Terminal() bool { return s.Valid() && stepFactsOf[s].terminal }

// Complete reports whether successors may go on.
func (s StepStatus) Complete() bool { return s.Valid() && stepFactsOf[s].complete }

// Retryable reports whether the engine itself starts another attempt.
func (s StepStatus) Retryable() bool { return s.Valid() && stepFactsOf[s].retryable }

// Restartable reports whether only a user's restart can start another attempt.
func (s StepStatus) Restartable() bool { return s.Terminal() && !s.Complete() && !s.Retryable() }

// Active reports whether an action on the step still has something to act on: it is not terminal, or waits for its
// next attempt.
func (s StepStatus) Active() bool { return !s.Terminal() || s.Retryable() }

// InOverview reports whether a roll-up lists references to steps in this status.
func (s StepStatus) InOverview() bool { return s.Valid() && stepFactsOf[s].overview }

// ParseStepStatus reads a wire name in any letter case.
func ParseStepStatus(name string) (StepStatus, error) {
	for i, f := range stepFactsOf {
		if strings.EqualFold(f.name, name) {
			return StepStatus(i), nil
		}
	}
	return NotCreated, fmt.Errorf("unknown step status %q", name)
}
