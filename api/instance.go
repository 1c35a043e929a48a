package api

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// WorkflowInstance is one run of an instance. Parts that the caller has as JSON already can be a wire.Raw. Times and ids
// of 0, nil parts and "" are not printed.
type WorkflowInstance struct {
	WorkflowID    string
	Instance      int64
	Run           int64
	UUID          string
	CorrelationID string
	Version       int64
	GroupInfo     int64
	InternalID    int64
	ExecutionID   string
	Config        RunConfig
	RunParams     wire.Appender // Definitions; always printed, {} if nil
	StepRunParams wire.Appender
	Properties    wire.Appender // RunProperties
	Workflow      wire.Appender // runtime_workflow
	DAG           wire.Appender // runtime_dag
	TimeoutMillis int64
	Params        wire.Appender
	Initiator     wire.Appender
	Status        instance.Status
	RequestTime   int64
	CreateTime    int64
	StartTime     int64
	EndTime       int64
	ModifyTime    int64
	Overview      *RuntimeOverview
	Artifacts     *param.Bag
	Timeline      []instance.TimelineEvent
	Aggregated    *AggregatedInfo
}

// AppendJSON appends the run.
func (w *WorkflowInstance) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", w.WorkflowID)
	b = wire.Int(b, "workflow_instance_id", w.Instance)
	b = wire.Int(b, "workflow_run_id", w.Run)
	b = wire.OptStr(b, "workflow_uuid", w.UUID)
	b = wire.OptStr(b, "correlation_id", w.CorrelationID)
	b = wire.Int(b, "workflow_version_id", w.Version)
	b = wire.Int(b, "group_info", w.GroupInfo)
	b = wire.OptInt(b, "internal_id", w.InternalID)
	b = wire.OptStr(b, "execution_id", w.ExecutionID)
	b = w.Config.AppendJSON(wire.Key(b, "run_config"))
	if b = opt(b, "run_params", w.RunParams); w.RunParams == nil {
		b = append(wire.Key(b, "run_params"), '{', '}')
	}
	b = opt(b, "step_run_params", w.StepRunParams)
	b = opt(b, "run_properties", w.Properties)
	b = opt(b, "runtime_workflow", w.Workflow)
	b = opt(b, "runtime_dag", w.DAG)
	b = wire.OptInt(b, "timeout_in_millis", w.TimeoutMillis)
	b = opt(b, "params", w.Params)
	b = opt(b, "initiator", w.Initiator)
	b = wire.Str(b, "status", w.Status.String())
	b = wire.OptInt(b, "request_time", w.RequestTime)
	b = wire.OptInt(b, "create_time", w.CreateTime)
	b = wire.OptInt(b, "start_time", w.StartTime)
	b = wire.OptInt(b, "end_time", w.EndTime)
	b = wire.OptInt(b, "modify_time", w.ModifyTime)
	if w.Overview != nil {
		b = w.Overview.AppendJSON(wire.Key(b, "runtime_overview"))
	}
	b = appendArtifacts(b, w.Artifacts)
	b = appendTimeline(b, w.Timeline)
	if w.Aggregated != nil {
		b = w.Aggregated.AppendJSON(wire.Key(b, "aggregated_info"))
	}
	return append(b, '}')
}

func appendArtifacts(b []byte, artifacts *param.Bag) []byte {
	if artifacts.Len() == 0 {
		return b
	}
	b = param.AppendBag(append(wire.Key(b, "artifacts"), '{'), artifacts)
	return append(b, '}')
}

// RunConfig says how a run was asked for.
type RunConfig struct {
	RuntimeTags   []workflow.Tag
	CorrelationID string
	Policy        Policy
	Restart       *RestartConfig
}

// AppendJSON appends the configuration.
func (c *RunConfig) AppendJSON(b []byte) []byte {
	b = wire.List(append(b, '{'), "runtime_tags", c.RuntimeTags)
	b = wire.OptStr(b, "correlation_id", c.CorrelationID)
	b = wire.OptStr(b, "policy", string(c.Policy))
	if c.Restart != nil {
		b = c.Restart.AppendJSON(wire.Key(b, "restart_config"))
	}
	return append(b, '}')
}

// RestartConfig says what a restart is to run again. The last node of the path is the run itself.
type RestartConfig struct {
	Path              []RestartNode
	Policy            Policy
	DownstreamPolicy  Policy
	Params            *param.Definitions
	StepRestartParams *param.Ordered[*param.Definitions]
	SkipSteps         []string
}

// RestartNode is one level of a restart path; StepID "" is printed as null.
type RestartNode struct {
	WorkflowID string
	Instance   int64
	StepID     string
}

// AppendJSON appends the configuration.
func (c *RestartConfig) AppendJSON(b []byte) []byte {
	b = append(wire.Key(append(b, '{'), "restart_path"), '[')
	for _, n := range c.Path {
		b = append(wire.Comma(b), '{')
		b = wire.Str(b, "workflow_id", n.WorkflowID)
		b = wire.Int(b, "instance_id", n.Instance)
		if n.StepID == "" {
			b = append(wire.Key(b, "step_id"), "null"...)
		} else {
			b = wire.Str(b, "step_id", n.StepID)
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	b = wire.OptStr(b, "restart_policy", string(c.Policy))
	b = wire.OptStr(b, "downstream_policy", string(c.DownstreamPolicy))
	if c.Params != nil {
		b = param.AppendDefinitions(wire.Key(b, "restart_params"), c.Params)
	}
	if c.StepRestartParams != nil {
		b = param.AppendObject(wire.Key(b, "step_restart_params"), c.StepRestartParams, param.AppendDefinitions)
	}
	b = wire.StrList(b, "skip_steps", c.SkipSteps)
	return append(b, '}')
}

// RunProperties is what a run keeps of the properties of its workflow at its start.
type RunProperties struct {
	CreateTime      int64
	Owner           *workflow.User
	Alerting        *workflow.Alerting
	StepConcurrency *int64
	Tags            []workflow.Tag
}

// AppendJSON appends the properties.
func (p *RunProperties) AppendJSON(b []byte) []byte {
	b = wire.OptInt(append(b, '{'), "create_time", p.CreateTime)
	if p.Owner != nil {
		b = p.Owner.AppendJSON(wire.Key(b, "owner"))
	}
	if p.Alerting != nil {
		b = p.Alerting.AppendJSON(wire.Key(b, "alerting"))
	}
	b = wire.IntPtr(b, "step_concurrency", p.StepConcurrency)
	b = wire.List(b, "tags", p.Tags)
	return append(b, '}')
}
