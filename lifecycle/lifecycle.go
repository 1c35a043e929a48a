// Package lifecycle is the one place where a status changes. A transition is a value in a table: where from, where to,
// and what causes it. The tables drive the engine, the tests and the diagrams in docs/lifecycle.md.
//
// Above it is instance, which names the statuses; below it, engine asks for a transition by its cause and gets the new
// status, or panics, because a transition that the table does not have is a broken invariant and not an input error.
package lifecycle

import (
	"fmt"
	"strings"

	"github.com/segue-run/segue/instance"
)

// RunMove is a transition of a run.
type RunMove struct {
	Cause RunCause
	From  []instance.Status
	To    instance.Status
	Why   string
}

// RunCause names what makes a run change its status.
type RunCause uint8

// The causes of run transitions.
const (
	RunCreated RunCause = iota + 1
	RunRejected
	RunInvalid
	RunBegun
	RunDoneWell
	RunDoneBadly
	RunDoneStopped
	RunDoneLate
	RunDequeuedByStop
	RunDequeuedByKill
)

// RunMoves is the table of run transitions. StatusUnknown stands for "no run yet".
var RunMoves = []RunMove{
	{RunCreated, []instance.Status{instance.StatusUnknown}, instance.Created, "a start, a restart or a parent step asks for it"},
	{RunRejected, []instance.Status{instance.StatusUnknown}, instance.Stopped, "the run strategy stops it on arrival"},
	{RunInvalid, []instance.Status{instance.StatusUnknown}, instance.Failed, "its params cannot be evaluated, and the request asks to keep failed runs"},
	{RunBegun, []instance.Status{instance.Created}, instance.InProgress, "the run strategy lets it go"},
	{RunDequeuedByStop, []instance.Status{instance.Created}, instance.Stopped, "stopped, or displaced by a newer run, while queued"},
	{RunDequeuedByKill, []instance.Status{instance.Created}, instance.Failed, "killed while queued"},
	{RunDoneWell, []instance.Status{instance.InProgress}, instance.Succeeded, "every step that was reached is complete"},
	{RunDoneBadly, []instance.Status{instance.InProgress}, instance.Failed, "a step has failed for good"},
	{RunDoneStopped, []instance.Status{instance.InProgress}, instance.Stopped, "a step was stopped, and none has failed or timed out"},
	{RunDoneLate, []instance.Status{instance.InProgress}, instance.TimedOut, "the run or a step has timed out, and none has failed"},
}

// StepMove is a transition of a step attempt.
type StepMove struct {
	Cause StepCause
	From  []instance.StepStatus
	To    instance.StepStatus
	Why   string
}

// StepCause names what makes a step attempt change its status.
type StepCause uint8

// The causes of step transitions.
const (
	StepReached StepCause = iota + 1
	StepNotSatisfied
	StepSkippedAhead
	StepInitialized
	StepAtBreakpoint
	StepResumed
	StepPastBreakpoints
	StepSignalsMatched
	StepParamsEvaluated
	StepPermitted
	StepStarted
	StepWorkDone
	StepFinished
	StepFailedUser
	StepFailedPlatform
	StepFailedTimeout
	StepFailedFatally
	StepFailedInternally
	StepFailureIgnored
	StepStopped
	StepKilled
	StepSkipped
	StepTimedOut
)

var (
	waiting = []instance.StepStatus{
		instance.StepCreated, instance.Initialized, instance.StepPaused, instance.WaitingForSignals,
		instance.EvaluatingParams, instance.WaitingForPermits,
	}
	working     = []instance.StepStatus{instance.Starting, instance.Running}
	nonTerminal = concat(waiting, working, []instance.StepStatus{instance.Finishing})
	retrying    = []instance.StepStatus{instance.UserFailed, instance.PlatformFailed, instance.TimeoutFailed}
	active      = concat(nonTerminal, retrying)
)

func concat(lists ...[]instance.StepStatus) []instance.StepStatus {
	var all []instance.StepStatus
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func only(s ...instance.StepStatus) []instance.StepStatus { return s }

// StepMoves is the table of step transitions.
var StepMoves = []StepMove{
	{StepReached, only(instance.NotCreated), instance.StepCreated, "all predecessors are complete, or a backoff is over, or a user restarts it"},
	{StepNotSatisfied, only(instance.StepCreated), instance.Unsatisfied, "no edge that leads here is true"},
	{StepSkippedAhead, only(instance.StepCreated), instance.Skipped, "the restart request skips it"},
	{StepInitialized, only(instance.StepCreated), instance.Initialized, "timeout and dependencies are evaluated"},
	{StepAtBreakpoint, only(instance.Initialized), instance.StepPaused, "a breakpoint matches"},
	{StepResumed, only(instance.StepPaused), instance.WaitingForSignals, "a user resumes it, or the breakpoint is removed"},
	{StepPastBreakpoints, only(instance.Initialized), instance.WaitingForSignals, "no breakpoint matches"},
	{StepSignalsMatched, only(instance.WaitingForSignals), instance.EvaluatingParams, "every signal dependency is matched or bypassed"},
	{StepParamsEvaluated, only(instance.EvaluatingParams), instance.WaitingForPermits, "the params are evaluated"},
	{StepPermitted, only(instance.WaitingForPermits), instance.Starting, "all its tags have a permit; the timeout begins"},
	{StepStarted, only(instance.Starting), instance.Running, "the runtime has begun the attempt"},
	{StepWorkDone, working, instance.Finishing, "the runtime says it is done"},
	{StepFinished, only(instance.Finishing), instance.StepSucceeded, "outputs are merged, signals sent, edges evaluated"},
	{StepFailedUser, working, instance.UserFailed, "an error of its author; error retries are left"},
	{StepFailedPlatform, working, instance.PlatformFailed, "an error of the platform; platform retries are left"},
	{StepFailedTimeout, working, instance.TimeoutFailed, "its timeout has passed; timeout retries are left"},
	{StepFailedFatally, nonTerminal, instance.FatallyFailed, "no retry is left or can help, or an expression fails"},
	{StepFailedInternally, active, instance.InternallyFailed, "the engine itself has failed on it"},
	{StepFailureIgnored, only(instance.FatallyFailed), instance.CompletedWithError, "its failure mode is IGNORE_FAILURE"},
	{StepStopped, active, instance.StepStopped, "stopped by a user, by an ancestor, or by FAIL_IMMEDIATELY of another step"},
	{StepKilled, active, instance.FatallyFailed, "killed; the failure mode does not count"},
	{StepSkipped, concat(active[1:]), instance.Skipped, "skipped by a user"},
	{StepTimedOut, active, instance.StepTimedOut, "its timeout or its run's has passed; no timeout retry is left"},
}

var (
	runTable  [16][16]instance.Status     // by cause, from; StatusUnknown = no such transition
	stepTable [32][32]instance.StepStatus // by cause, from; NotCreated = no such transition
	runNames  = [...]string{"", "created", "rejected", "invalid", "begun", "done well", "done badly", "done stopped", "done late", "dequeued by stop", "dequeued by kill"}
	stepNames = [...]string{
		"", "reached", "not satisfied", "skipped ahead", "initialized", "at breakpoint", "resumed", "past breakpoints",
		"signals matched", "params evaluated", "permitted", "started", "work done", "finished", "failed user",
		"failed platform", "failed timeout", "failed fatally", "failed internally", "failure ignored", "stopped", "killed",
		"skipped", "timed out",
	}
)

func init() {
	for _, m := range RunMoves {
		for _, from := range m.From {
			runTable[m.Cause][from] = m.To
		}
	}
	for _, m := range StepMoves {
		for _, from := range m.From {
			stepTable[m.Cause][from] = m.To
		}
	}
}

// String returns the cause in words.
func (c RunCause) String() string { return runNames[c] }

// String returns the cause in words.
func (c StepCause) String() string { return stepNames[c] }

// Run returns the status that a cause leads to.
func Run(from instance.Status, cause RunCause) (to instance.Status, ok bool) {
	to = runTable[cause][from]
	return to, to != instance.StatusUnknown
}

// MustRun is Run for callers that know; it panics if there is no such transition.
func MustRun(from instance.Status, cause RunCause) instance.Status {
	to, ok := Run(from, cause)
	if !ok {
		panic(fmt.Sprintf("lifecycle: a run that is %s cannot be %s", from, cause))
	}
	return to
}

// Step returns the status that a cause leads to.
func Step(from instance.StepStatus, cause StepCause) (to instance.StepStatus, ok bool) {
	if !from.Valid() {
		return instance.NotCreated, false
	}
	to = stepTable[cause][from]
	return to, to != instance.NotCreated
}

// MustStep is Step for callers that know; it panics if there is no such transition.
func MustStep(from instance.StepStatus, cause StepCause) instance.StepStatus {
	to, ok := Step(from, cause)
	if !ok {
		panic(fmt.Sprintf("lifecycle: a step that is %s cannot be %s", from, cause))
	}
	return to
}

// Diagram returns both tables as Mermaid state diagrams in Markdown, for docs/lifecycle.md.
func Diagram() string {
	var b strings.Builder
	b.WriteString("# Lifecycle\n\nGenerated from the tables of package lifecycle (`go test ./lifecycle -update`).\n\n## Runs\n\n```mermaid\nstateDiagram-v2\n")
	for _, m := range RunMoves {
		for _, from := range m.From {
			name := from.String()
			if from == instance.StatusUnknown {
				name = "[*]"
			}
			fmt.Fprintf(&b, "  %s --> %s: %s\n", name, m.To, m.Cause)
		}
	}
	b.WriteString("```\n\n| cause | from | to | when |\n|---|---|---|---|\n")
	for _, m := range RunMoves {
		var from []string
		for _, s := range m.From {
			if s == instance.StatusUnknown {
				from = append(from, "(none)")
			} else {
				from = append(from, s.String())
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Cause, strings.Join(from, ", "), m.To, m.Why)
	}
	b.WriteString("\n## Steps\n\n```mermaid\nstateDiagram-v2\n")
	for _, m := range StepMoves {
		if len(m.From) > 3 {
			continue // the table below has them; a picture of every exit from every status shows nothing
		}
		for _, from := range m.From {
			fmt.Fprintf(&b, "  %s --> %s: %s\n", from, m.To, m.Cause)
		}
	}
	b.WriteString("```\n\n| cause | from | to | when |\n|---|---|---|---|\n")
	for _, m := range StepMoves {
		var from []string
		for _, s := range m.From {
			from = append(from, s.String())
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Cause, strings.Join(from, ", "), m.To, m.Why)
	}
	return b.String()
}
