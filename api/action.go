package api

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// WorkflowActionResponse answers an activation or a deactivation. Version is 0 when there is none to name.
type WorkflowActionResponse struct {
	WorkflowID string
	Version    int64
	Event      instance.TimelineEvent
}

// AppendJSON appends the response.
func (r *WorkflowActionResponse) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", r.WorkflowID)
	b = wire.Int(b, "workflow_version_id", r.Version)
	b = AppendEvent(wire.Key(b, "timeline_event"), &r.Event)
	return append(b, '}')
}

// InstanceActionResponse answers a stop, a kill or an unblock of an instance. Completed says that nothing is left to do.
type InstanceActionResponse struct {
	WorkflowID string
	Instance   int64
	Run        int64
	Status     instance.Status
	Completed  bool
	Info       string
	Event      instance.TimelineEvent
}

// AppendJSON appends the response.
func (r *InstanceActionResponse) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", r.WorkflowID)
	b = wire.Int(b, "workflow_instance_id", r.Instance)
	b = wire.Int(b, "workflow_run_id", r.Run)
	b = wire.Str(b, "workflow_instance_status", r.Status.String())
	b = wire.OptStr(b, "info", r.Info)
	b = AppendEvent(wire.Key(b, "timeline_event"), &r.Event)
	b = wire.Boolean(b, "completed", r.Completed)
	return append(b, '}')
}

// StepActionResponse answers an action on a step. State is set only if the effect was waited for and seen.
type StepActionResponse struct {
	WorkflowID string
	Instance   int64
	Run        int64
	StepID     string
	Attempt    int64
	State      *RuntimeState
	Event      instance.TimelineEvent
}

// AppendJSON appends the response; zero values are left out.
func (r *StepActionResponse) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "workflow_id", r.WorkflowID)
	b = wire.OptInt(b, "workflow_instance_id", r.Instance)
	b = wire.OptInt(b, "workflow_run_id", r.Run)
	b = wire.OptStr(b, "step_id", r.StepID)
	b = wire.OptInt(b, "step_attempt_id", r.Attempt)
	if r.State != nil {
		b = r.State.AppendJSON(wire.Key(b, "step_runtime_state"))
	}
	b = AppendEvent(wire.Key(b, "timeline_event"), &r.Event)
	return append(b, '}')
}

// StepRestartResponse answers the restart of a step.
type StepRestartResponse struct {
	WorkflowID string
	Version    int64
	Instance   int64
	Run        int64
	StepID     string
	Attempt    int64
	Status     StartStatus
	Event      instance.TimelineEvent
}

// AppendJSON appends the response; zero values are left out.
func (r *StepRestartResponse) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "workflow_id", r.WorkflowID)
	b = wire.OptInt(b, "workflow_version_id", r.Version)
	b = wire.OptInt(b, "workflow_instance_id", r.Instance)
	b = wire.OptInt(b, "workflow_run_id", r.Run)
	b = wire.OptStr(b, "step_id", r.StepID)
	b = wire.OptInt(b, "step_attempt_id", r.Attempt)
	b = wire.OptStr(b, "status", string(r.Status))
	b = AppendEvent(wire.Key(b, "timeline_event"), &r.Event)
	return append(b, '}')
}

// AppendActionMap appends what may be done to runs in each status.
func AppendActionMap(b []byte) []byte {
	b = append(b, '{')
	for _, s := range instance.Statuses() {
		b = appendActions(b, s.String(), s.Actions())
	}
	return append(b, '}')
}

// AppendStepActionMap appends what may be done to steps in each status in which something may be done.
func AppendStepActionMap(b []byte) []byte {
	b = append(b, '{')
	for _, s := range instance.StepStatuses() {
		if actions := s.Actions(); len(actions) > 0 {
			b = appendActions(b, s.String(), actions)
		}
	}
	return append(b, '}')
}

func appendActions(b []byte, status string, actions []instance.Action) []byte {
	b = append(wire.Key(b, status), '[')
	for _, a := range actions {
		b = wire.AppendString(wire.Comma(b), string(a))
	}
	return append(b, ']')
}
