package api

import (
	"strings"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// WorkflowStartRequest starts a run. Initiator may be nil: validate says so.
type WorkflowStartRequest struct {
	Initiator        *Initiator
	RequestTime      int64  // epoch milliseconds; 0 = now
	RequestID        string // a UUID in lower case; "" = none
	RuntimeTags      []workflow.Tag
	RunParams        *param.Definitions
	Artifacts        *param.Bag
	PersistFailedRun bool
}

// ReadStart reads the body of a start.
func ReadStart(body []byte) (*WorkflowStartRequest, error) {
	return read(body, func(n *wire.Node) (*WorkflowStartRequest, error) {
		r := new(WorkflowStartRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "initiator":
				return wire.Into(&f.Node, &r.Initiator, DecodeInitiator)
			case "request_time":
				return f.Int(&r.RequestTime)
			case "request_id":
				return decodeUUID(f, &r.RequestID)
			case "runtime_tags":
				return wire.ListOf(&f.Node, &r.RuntimeTags, param.DecodeTag)
			case "run_params":
				return param.DecodeDefinitions(&f.Node, &r.RunParams)
			case "artifacts":
				return param.DecodeBag(&f.Node, &r.Artifacts)
			case "persist_failed_run":
				return f.Boolean(&r.PersistFailedRun)
			}
			return f.Unknown("initiator", "request_time", "request_id", "runtime_tags", "run_params", "artifacts", "persist_failed_run")
		})
		return r, err
	})
}

func decodeUUID(f *wire.Field, dst *string) error {
	if !isUUID(f.Text) || f.Kind != wire.String {
		return wire.Errorf(&f.Node, "%s is not a UUID", f.Raw())
	}
	*dst = strings.ToLower(f.Text)
	return nil
}

// StartStatus says what became of a start or a restart.
type StartStatus string

// The statuses of a start. Duplicated: a run with the same request id exists. Stopped: the run strategy stopped it
// on arrival.
const (
	StartCreated    StartStatus = "CREATED"
	StartDuplicated StartStatus = "DUPLICATED"
	StartStopped    StartStatus = "STOPPED"
	StartFailed     StartStatus = "INTERNAL_ERROR"
)

// WorkflowStartResponse answers a start and a restart.
type WorkflowStartResponse struct {
	WorkflowID string
	Version    int64
	Instance   int64
	Run        int64
	UUID       string
	Status     StartStatus
	Event      instance.TimelineEvent
}

// AppendJSON appends the response.
func (r *WorkflowStartResponse) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", r.WorkflowID)
	b = wire.Int(b, "workflow_version_id", r.Version)
	b = wire.Int(b, "workflow_instance_id", r.Instance)
	b = wire.Int(b, "workflow_run_id", r.Run)
	b = wire.Str(b, "workflow_uuid", r.UUID)
	b = wire.Str(b, "status", string(r.Status))
	b = AppendEvent(wire.Key(b, "timeline_event"), &r.Event)
	return append(b, '}')
}

// Policy says which steps a run runs.
type Policy string

// The run policies.
const (
	FreshRun           Policy = "START_FRESH_NEW_RUN"
	CustomizedRun      Policy = "START_CUSTOMIZED_RUN"
	RestartIncomplete  Policy = "RESTART_FROM_INCOMPLETE"
	RestartBeginning   Policy = "RESTART_FROM_BEGINNING"
	RestartSpecific    Policy = "RESTART_FROM_SPECIFIC"
	RestartCustomized  Policy = "RESTART_CUSTOMIZED_RUN"
	RestartInlineRoot         = "RESTART_FROM_INLINE_ROOT" // upstream_restart_mode
	RestartFromTheStep        = "RESTART_FROM_STEP"        // upstream_restart_mode
)

// decodePolicy reads a restart policy; its letters count, as in the original.
func decodePolicy(f *wire.Field, dst *Policy) error {
	switch p := Policy(f.Text); {
	case f.Kind == wire.String && (p == RestartIncomplete || p == RestartBeginning):
		*dst = p
		return nil
	}
	return wire.Errorf(&f.Node, "unknown restart policy %s; want %s or %s", f.Raw(), RestartIncomplete, RestartBeginning)
}

// WorkflowRestartRequest restarts an instance. Policy may be empty: validate says so.
type WorkflowRestartRequest struct {
	RequestTime int64
	RequestID   string
	Policy      Policy
	RunParams   *param.Definitions
}

// ReadRestart reads the body of a restart.
func ReadRestart(body []byte) (*WorkflowRestartRequest, error) {
	return read(body, func(n *wire.Node) (*WorkflowRestartRequest, error) {
		r := new(WorkflowRestartRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "request_time":
				return f.Int(&r.RequestTime)
			case "request_id":
				return decodeUUID(f, &r.RequestID)
			case "restart_policy":
				return decodePolicy(f, &r.Policy)
			case "run_params":
				return param.DecodeDefinitions(&f.Node, &r.RunParams)
			}
			return f.Unknown("request_time", "request_id", "restart_policy", "run_params")
		})
		return r, err
	})
}

// StepRestartRequest restarts a step. Policy holds for the steps downstream.
type StepRestartRequest struct {
	RequestTime  int64
	RequestID    string
	Policy       Policy
	StepParams   *param.Definitions // step_run_params
	UpstreamMode string             // RestartInlineRoot, RestartFromTheStep or ""
}

// ReadStepRestart reads the body of a step's restart.
func ReadStepRestart(body []byte) (*StepRestartRequest, error) {
	return read(body, func(n *wire.Node) (*StepRestartRequest, error) {
		r := new(StepRestartRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "request_time":
				return f.Int(&r.RequestTime)
			case "request_id":
				return decodeUUID(f, &r.RequestID)
			case "restart_policy":
				return decodePolicy(f, &r.Policy)
			case "step_run_params":
				return param.DecodeDefinitions(&f.Node, &r.StepParams)
			case "upstream_restart_mode":
				if f.Text != RestartInlineRoot && f.Text != RestartFromTheStep {
					return wire.Errorf(&f.Node, "unknown mode %s; want %s or %s", f.Raw(), RestartInlineRoot, RestartFromTheStep)
				}
				r.UpstreamMode = f.Text
				return nil
			}
			return f.Unknown("request_time", "request_id", "restart_policy", "step_run_params", "upstream_restart_mode")
		})
		return r, err
	})
}
