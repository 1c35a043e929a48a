// Package step is the edge towards the outside world: what a runtime is, and what it is told. A runtime starts,
// observes and terminates attempts of steps; the engine decides, and only after its decision is on disk does an order
// reach a runtime. Control flow (no-op, sleep, loops, subworkflows, joins) is not a runtime but part of the engine.
//
// Above it are words, rules and the store; beside it flow, which delivers orders and outcomes; below it step/command
// and its siblings, each held to step/steptest.
//
// The one thing to know before changing it: after a crash the last order of every unfinished attempt is repeated, so
// every call must be idempotent by Attempt.UUID, whatever happened to the call before it.
package step

import (
	"context"
	"time"
)

// Attempt is one try at one step of one run, as a runtime sees it.
type Attempt struct {
	UUID       string // v5 of (workflow, run uuid, step, attempt): the idempotency key to hand on
	WorkflowID string
	Instance   int64
	Run        int64
	StepID     string
	Attempt    int64
	Type       string // the step type that chose the runtime, lower case
	// Params are the evaluated params of the step by name: string, int64, float64, bool, []string, []int64, []float64,
	// []bool or map[string]any of the same. They are shared and must not be changed. In Observe and Terminate they
	// may be nil.
	Params map[string]any
	// Deadline is the end of the step's timeout in epoch milliseconds, for runtimes that can hand it on; the engine
	// terminates the attempt at that time itself. 0 = none.
	Deadline int64
	// Generation is the generation of the flow group that gave the order.
	Generation int64
}

// State is what a runtime says of an attempt.
type State uint8

// The states of progress.
const (
	// Running: started, or starting; look again later.
	Running State = iota
	// Done: ended well.
	Done
	// UserError: ended badly through the author's doing (exit code 1); counts against the error retries.
	UserError
	// PlatformError: ended badly through no doing of the author (the host died); counts against the platform retries.
	PlatformError
	// FatalError: ended badly, and no retry can help.
	FatalError
	// Stopped: gone after a termination.
	Stopped
	// TimedOut: the runtime itself ended the attempt for its time.
	TimedOut
)

var stateNames = [...]string{"RUNNING", "DONE", "USER_ERROR", "PLATFORM_ERROR", "FATAL_ERROR", "STOPPED", "TIMED_OUT"}

// String returns the upper-case name.
func (s State) String() string { return stateNames[s] }

// Final reports whether the attempt has ended.
func (s State) Final() bool { return s != Running }

// Progress is what a runtime knows of an attempt.
type Progress struct {
	State State
	// Handle is what the runtime needs to find the job again (a pid, a pod name); the engine stores it with the attempt
	// and passes it back. At most MaxHandle bytes of UTF-8.
	Handle string
	// Message says in one line what happened, for the timeline of the attempt; empty = nothing to say.
	Message string
	// Outputs are new values of params that the step declares, by name, with the Go types of Attempt.Params. Only with
	// a final state.
	Outputs map[string]any
	// Artifacts are documents (JSON) by key, added to those of the attempt.
	Artifacts map[string][]byte
	// NoRetry says that no system retry may follow, whatever the state.
	NoRetry bool
	// Again is when to call Observe next; 0 = the runtime pushes (see Pusher) or the default interval of its type.
	Again time.Duration
}

// MaxHandle is the length of the longest handle in bytes.
const MaxHandle = 4096

// Cause says why an attempt is terminated.
type Cause uint8

// The causes of a termination.
const (
	ByStop Cause = iota + 1
	ByKill
	ByTimeout
	ByWorkflowTimeout
	ByFailure // the run fails at once (FAIL_IMMEDIATELY)
)

var causeNames = [...]string{"", "stop", "kill", "timeout", "workflow timeout", "failure of another step"}

// String returns the cause in words.
func (c Cause) String() string { return causeNames[c] }

// Runtime runs attempts of one type of step. Calls for one attempt come one after another, in the order of the
// engine's decisions; calls for different attempts come at the same time, bounded by a semaphore per type. The
// context ends when the group's right to act may have ended; a call should return then, and will be repeated.
//
// An error returned instead of a Progress means that nothing is known of the attempt; the call is repeated with
// backoff. What the author of the workflow must learn is a Progress with a final state.
type Runtime interface {
	// Start begins the attempt, or adopts it if it was begun before, and returns without waiting for its end. Called after
	// Terminate for the same attempt, it begins nothing and returns Stopped.
	Start(ctx context.Context, a *Attempt) (Progress, error)

	// Observe says how the attempt is doing. handle is the last one stored, or empty.
	Observe(ctx context.Context, a *Attempt, handle string) (Progress, error)

	// Terminate asks the job to end and says how far that is: Running until it is really gone, then Stopped, or the final
	// state it had reached before. It may come before Start, twice, or for an attempt that never was (Stopped).
	Terminate(ctx context.Context, a *Attempt, handle string, cause Cause) (Progress, error)

	// Forget says that the final state of the attempt is durable and that it will not be asked for again. What users may
	// still read (logs) stays.
	Forget(ctx context.Context, uuid string)
}

// Pusher is a Runtime that says by itself when an attempt has something new, so that it need not be polled. SetPush is
// called once, before any other call. push never blocks, may be called for unknown attempts and any number of times;
// it makes the edge call Observe soon.
type Pusher interface {
	SetPush(push func(uuid string))
}

// Discarder is a Runtime that keeps something of attempts that it was told to forget: logs, say. What a runtime keeps goes before
// the history of the run does.
type Discarder interface {
	// Discard removes all that is kept of an attempt, logs included. It returns nil when nothing is left, also for an attempt that
	// never was, and an error of kind fault.Precondition for one that runs. After it a late Start would be obeyed: it is called
	// only when no order can be on its way any more.
	Discard(ctx context.Context, uuid string) error
}

// LogReader is a Runtime whose attempts leave logs.
type LogReader interface {
	// Logs opens the log of an attempt, which may not exist yet (fault.NotFound).
	Logs(ctx context.Context, uuid string, stream LogStream) (Log, error)
}

// LogStream names one of the logs of an attempt.
type LogStream string

// The log streams.
const (
	Stdout LogStream = "stdout"
	Stderr LogStream = "stderr"
)

// Log is a log that may still grow.
type Log interface {
	// Size returns the present length in bytes.
	Size() (int64, error)
	// ReadAt is io.ReaderAt; it returns io.EOF at the present end.
	ReadAt(p []byte, off int64) (int, error)
	// Ended reports whether the log cannot grow any more.
	Ended() (bool, error)
	Close() error
}
