package api

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/signal"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// StepInstance is one attempt of a step. Parts that the caller has as JSON already can be a wire.Raw. Times and ids of 0,
// nil parts and "" are not printed.
type StepInstance struct {
	WorkflowID    string
	Instance      int64
	Run           int64
	StepID        string
	Attempt       int64
	WorkflowUUID  string
	StepUUID      string
	CorrelationID string
	StepInstance  int64 // step_instance_id: the order in which the steps of the run were reached
	Version       int64
	GroupInfo     int64
	Owner         wire.Appender // a user
	Definition    wire.Appender // the step in its wrapper
	Tags          []workflow.Tag
	StepRunParams wire.Appender
	RestartConfig *RestartConfig
	Params        wire.Appender
	Transition    StepTransition
	Retry         StepRetry
	TimeoutMillis int64
	State         RuntimeState
	Waits         *signal.Dependencies
	Announces     *signal.Outputs
	Artifacts     *param.Bag
	Timeline      []instance.TimelineEvent
}

// AppendJSON appends the attempt.
func (s *StepInstance) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", s.WorkflowID)
	b = wire.Int(b, "workflow_instance_id", s.Instance)
	b = wire.Int(b, "workflow_run_id", s.Run)
	b = wire.Str(b, "step_id", s.StepID)
	b = wire.Int(b, "step_attempt_id", s.Attempt)
	b = wire.OptStr(b, "workflow_uuid", s.WorkflowUUID)
	b = wire.OptStr(b, "step_uuid", s.StepUUID)
	b = wire.OptStr(b, "correlation_id", s.CorrelationID)
	b = wire.Int(b, "step_instance_id", s.StepInstance)
	b = wire.Int(b, "workflow_version_id", s.Version)
	b = wire.Int(b, "group_info", s.GroupInfo)
	b = opt(b, "owner", s.Owner)
	b = opt(b, "definition", s.Definition)
	b = wire.List(b, "tags", s.Tags)
	b = opt(b, "step_run_params", s.StepRunParams)
	if s.RestartConfig != nil {
		b = s.RestartConfig.AppendJSON(wire.Key(b, "restart_config"))
	}
	b = opt(b, "params", s.Params)
	b = s.Transition.AppendJSON(wire.Key(b, "transition"))
	b = s.Retry.AppendJSON(wire.Key(b, "step_retry"))
	b = wire.OptInt(b, "timeout_in_millis", s.TimeoutMillis)
	b = s.State.AppendJSON(wire.Key(b, "runtime_state"))
	if s.Waits != nil {
		b = s.Waits.AppendJSON(wire.Key(b, "signal_dependencies"))
	}
	if s.Announces != nil {
		b = s.Announces.AppendJSON(wire.Key(b, "signal_outputs"))
	}
	b = appendArtifacts(b, s.Artifacts)
	b = appendTimeline(b, s.Timeline)
	return append(b, '}')
}

// StepTransition is the transition of a step in its run.
type StepTransition struct {
	Predecessors []string
	Successors   []StepEdge
}

// StepEdge leads to a successor. Known says that its condition has been evaluated, to Satisfied.
type StepEdge struct {
	StepID    string
	Condition string
	Known     bool
	Satisfied bool
	Time      int64
}

// AppendJSON appends the transition; empty parts are left out.
func (t *StepTransition) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(t.Predecessors) > 0 {
		b = wire.StrList(b, "predecessors", t.Predecessors)
	}
	if len(t.Successors) > 0 {
		b = append(wire.Key(b, "successors"), '{')
		for i := range t.Successors {
			e := &t.Successors[i]
			b = wire.AppendString(wire.Comma(b), e.StepID)
			b = append(b, `:{"expression":`...)
			b = wire.AppendString(b, e.Condition)
			b = append(b, `,"type":"BOOLEAN"`...)
			if e.Known {
				b = wire.Boolean(b, "evaluated_result", e.Satisfied)
				b = wire.Int(b, "evaluated_time", e.Time)
			}
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// StepRetry counts the retries of a step.
type StepRetry struct {
	Errors, Platform, Timeouts, Manual int64
	Retryable                          bool
	Rules                              workflow.Retry
}

// AppendJSON appends the counters with their limits.
func (r *StepRetry) AppendJSON(b []byte) []byte {
	b = wire.Int(append(b, '{'), "error_retries", r.Errors)
	b = wire.Int(b, "error_retry_limit", r.Rules.Limits[workflow.UserError])
	b = wire.Int(b, "platform_retries", r.Platform)
	b = wire.Int(b, "platform_retry_limit", r.Rules.Limits[workflow.PlatformError])
	b = wire.Int(b, "timeout_retries", r.Timeouts)
	b = wire.Int(b, "timeout_retry_limit", r.Rules.Limits[workflow.TimeoutError])
	b = wire.Int(b, "manual_retries", r.Manual)
	b = wire.Boolean(b, "retryable", r.Retryable)
	b = r.Rules.AppendBackoff(wire.Key(b, "backoff"))
	return append(b, '}')
}

// Moments is the number of times in a RuntimeState.
const Moments = 11

// MomentNames are the names of the times of an attempt, in the order of its life.
var MomentNames = [Moments]string{"create_time", "initialize_time", "pause_time", "wait_signal_time", "evaluate_param_time",
	"wait_permit_time", "start_time", "execute_time", "finish_time", "end_time", "modify_time"}

// RuntimeState is the status of an attempt and when it got there: Times as MomentNames has them, 0 = not yet.
type RuntimeState struct {
	Status instance.StepStatus
	Times  [Moments]int64
}

// AppendJSON appends the state.
func (s *RuntimeState) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "status", s.Status.String())
	for i, t := range s.Times {
		b = wire.OptInt(b, MomentNames[i], t)
	}
	return append(b, '}')
}

// Breakpoint stops a step before it runs. Numbers of 0 match all and are not printed.
type Breakpoint struct {
	WorkflowID string
	Version    int64
	Instance   int64
	Run        int64
	StepID     string
	Attempt    int64
	CreateTime int64
	CreatedBy  *workflow.User
}

// AppendJSON appends the breakpoint.
func (p *Breakpoint) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", p.WorkflowID)
	b = wire.OptInt(b, "workflow_version_id", p.Version)
	b = wire.OptInt(b, "workflow_instance_id", p.Instance)
	b = wire.OptInt(b, "workflow_run_id", p.Run)
	b = wire.Str(b, "step_id", p.StepID)
	b = wire.OptInt(b, "step_attempt_id", p.Attempt)
	b = wire.Int(b, "create_time", p.CreateTime)
	if p.CreatedBy != nil {
		b = p.CreatedBy.AppendJSON(wire.Key(b, "created_by"))
	}
	return append(b, '}')
}

// PausedAttempt is an attempt that a breakpoint has stopped.
type PausedAttempt struct {
	WorkflowID string
	Version    int64
	Instance   int64
	Run        int64
	StepID     string
	Attempt    int64
	CreateTime int64
}

// AppendJSON appends the attempt.
func (p *PausedAttempt) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", p.WorkflowID)
	b = wire.Int(b, "workflow_version_id", p.Version)
	b = wire.Int(b, "workflow_instance_id", p.Instance)
	b = wire.Int(b, "workflow_run_id", p.Run)
	b = wire.Str(b, "step_id", p.StepID)
	b = wire.Int(b, "step_attempt_id", p.Attempt)
	b = wire.Int(b, "create_time", p.CreateTime)
	return append(b, '}')
}

// ReadBreakpoint reads the body that sets a breakpoint: on all attempts of a step, which is all there is so far.
func ReadBreakpoint(body []byte) (*Breakpoint, error) {
	return read(body, func(n *wire.Node) (*Breakpoint, error) {
		p := new(Breakpoint)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "workflow_id":
				return f.Str(&p.WorkflowID)
			case "step_id":
				return f.Str(&p.StepID)
			case "workflow_version", "workflow_instance_id", "workflow_run", "step_attempt_id":
				return wire.Errorf(&f.Node, "%s can't be specified for a breakpoint, which is set on a step of all instances", f.Name)
			}
			return f.Unknown("workflow_id", "step_id")
		})
		return p, err
	})
}
