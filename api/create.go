package api

import (
	"slices"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// WorkflowCreateRequest pushes a version of a workflow. Workflow may be nil: validate says so.
type WorkflowCreateRequest struct {
	Properties *workflow.Properties
	Workflow   *workflow.Workflow
	Active     bool // default true
	GitInfo    *workflow.GitInfo
	Extra      *param.Bag // goes to the metadata of the version
}

// ReadCreate reads the body of a push.
func ReadCreate(body []byte) (*WorkflowCreateRequest, error) { return read(body, decodeCreate) }

func decodeCreate(n *wire.Node) (*WorkflowCreateRequest, error) {
	r := &WorkflowCreateRequest{Active: true}
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "properties":
			return wire.Into(&f.Node, &r.Properties, workflow.DecodeProperties)
		case "workflow":
			return wire.Into(&f.Node, &r.Workflow, workflow.Decode)
		case "is_active":
			return f.Boolean(&r.Active)
		case "git_info":
			return wire.Into(&f.Node, &r.GitInfo, workflow.DecodeGitInfo)
		case "extra_info":
			return param.DecodeBag(&f.Node, &r.Extra)
		}
		if slices.Contains(workflow.ReservedMetadata, f.Name) {
			return wire.Errorf(&f.Node, "the server sets %s itself; leave it out", f.Name)
		}
		return param.Stow(&r.Extra, f)
	})
	return r, err
}

// AppendJSON appends the request.
func (r *WorkflowCreateRequest) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if r.Properties != nil {
		b = r.Properties.AppendJSON(wire.Key(b, "properties"))
	}
	if r.Workflow != nil {
		b = r.Workflow.AppendJSON(wire.Key(b, "workflow"))
	}
	if r.GitInfo != nil {
		b = r.GitInfo.AppendJSON(wire.Key(b, "git_info"))
	}
	b = wire.Boolean(b, "is_active", r.Active)
	b = param.AppendBag(b, r.Extra)
	return append(b, '}')
}

// AppendCreateResponse appends the answer to a push.
func AppendCreateResponse(b []byte, d wire.Appender) []byte {
	return append(d.AppendJSON(append(b, `{"workflow_definition":`...)), '}')
}

// WorkflowPropertiesUpdateRequest changes properties. A reset of something that is also set is for validate to refuse.
type WorkflowPropertiesUpdateRequest struct {
	workflow.Properties
	ResetRule                bool // reset_run_strategy_rule
	ResetWorkflowConcurrency bool
	ResetStepConcurrency     bool
}

// ReadPropertiesUpdate reads the body of a properties update.
func ReadPropertiesUpdate(body []byte) (*WorkflowPropertiesUpdateRequest, error) {
	return read(body, func(n *wire.Node) (*WorkflowPropertiesUpdateRequest, error) {
		r := new(WorkflowPropertiesUpdateRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "reset_run_strategy_rule":
				return f.Boolean(&r.ResetRule)
			case "reset_workflow_concurrency":
				return f.Boolean(&r.ResetWorkflowConcurrency)
			case "reset_step_concurrency":
				return f.Boolean(&r.ResetStepConcurrency)
			case "tags":
				return wire.Errorf(&f.Node, "tags are changed through their own endpoint, properties/tag")
			}
			if ok, err := r.DecodeField(f); ok {
				return err
			}
			return f.Unknown(append([]string{"reset_run_strategy_rule", "reset_workflow_concurrency", "reset_step_concurrency"},
				workflow.PropertiesFields...)...)
		})
		return r, err
	})
}

// Apply returns the properties after the update. present may be nil.
func (r *WorkflowPropertiesUpdateRequest) Apply(present *workflow.Properties) *workflow.Properties {
	next := present.Updated(&r.Properties)
	if r.ResetRule {
		next.RunStrategy = nil
	}
	if r.ResetWorkflowConcurrency && next.RunStrategy != nil && next.RunStrategy.Rule == workflow.Parallel {
		s := workflow.NewStrategy(workflow.Parallel)
		next.RunStrategy = &s
	}
	if r.ResetStepConcurrency {
		next.StepConcurrency = nil
	}
	return next
}

// ReadTag reads the body of a tag upsert.
func ReadTag(body []byte) (workflow.Tag, error) { return read(body, param.DecodeTag) }
