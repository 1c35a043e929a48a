package instance

// Action is something a user may do to a run or a step.
type Action string

// The actions of the v3 API.
const (
	Stop    Action = "STOP"
	Kill    Action = "KILL"
	Restart Action = "RESTART"
	Unblock Action = "UNBLOCK"
	Skip    Action = "SKIP"
	Pause   Action = "PAUSE"
	Resume  Action = "RESUME"
	Bypass  Action = "BYPASS_STEP_DEPENDENCIES"
	// Abandon is Segue's own: it ends a step whose job does not confirm its end.
	Abandon Action = "ABANDON"
)

// Actions returns what a user may do to a run in this status.
func (s Status) Actions() []Action {
	switch s {
	case Created, InProgress, Paused:
		return []Action{Stop, Kill}
	case TimedOut, Stopped, Succeeded:
		return []Action{Restart}
	case Failed:
		return []Action{Restart, Unblock}
	}
	return nil
}

// Actions returns what a user may do to a step in this status.
func (s StepStatus) Actions() []Action {
	switch s {
	case StepCreated:
		return []Action{Pause, Stop, Kill}
	case Initialized:
		return []Action{Pause, Stop, Kill, Skip}
	case StepPaused:
		return []Action{Resume, Stop, Kill, Skip}
	case WaitingForSignals:
		return []Action{Stop, Kill, Skip, Bypass}
	case EvaluatingParams, WaitingForPermits, Starting, Running, Finishing, UserFailed, PlatformFailed, TimeoutFailed:
		return []Action{Stop, Kill, Skip}
	case Disabled, Unsatisfied:
		return []Action{Restart}
	case Skipped, StepSucceeded, CompletedWithError, FatallyFailed, InternallyFailed, StepStopped, StepTimedOut:
		return []Action{Restart, Skip}
	}
	return nil
}
