package httpd

import (
	"context"
	"hash/fnv"
	"strings"

	"github.com/google/uuid"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/validate"
	"github.com/segue-run/segue/view"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// start begins a run of a new instance.
func (s *server) start(c *call) error {
	if len(c.body) > validate.MaxRequest {
		return fault.New(fault.BadRequest, "the request has %d bytes, which is over the limit of %d", len(c.body), validate.MaxRequest)
	}
	req, err := api.ReadStart(c.body)
	if err != nil {
		return err
	}
	if err := validate.Start(req); err != nil {
		return err
	}
	if err := s.mayStart(c, req); err != nil {
		return err
	}
	req.Initiator.User = c.user
	now := s.Clock()
	cmd := engine.Start{
		Workflow: c.workflow(), Alias: c.r.PathValue("version"), RequestID: req.RequestID, UUID: req.RequestID,
		Initiator: wire.Raw(req.Initiator.AppendJSON(nil)), Requested: req.RequestTime,
		Message: "Manually run a new workflow instance by a user [" + c.user.Name + "]",
	}
	if cmd.UUID == "" {
		cmd.UUID = uuid.NewString()
	}
	if cmd.Requested == 0 {
		cmd.Requested = now
	}
	if len(req.RuntimeTags) > 0 {
		cmd.Tags = wire.Raw(wire.AppendList(nil, req.RuntimeTags))
	}
	if req.RunParams.Len() > 0 {
		cmd.Request = wire.Raw(param.AppendDefinitions(nil, req.RunParams))
	}
	started, err := s.begin(c, &cmd, req, now)
	if err != nil {
		return err
	}
	s.hints.setRun(cmd.Plan.Definition.ID, started.Instance, started.Row)
	answer := api.WorkflowStartResponse{
		WorkflowID: cmd.Workflow, Version: started.Version, Instance: started.Instance, Run: started.Run, UUID: started.UUID,
		Status: api.StartCreated, Event: instance.Log(started.At, "INFO", started.Message),
	}
	switch {
	case started.Duplicate:
		answer.Status = api.StartDuplicated
	case started.Status == instance.Stopped:
		answer.Status = api.StartStopped
	}
	return c.reply(&answer)
}

// mayStart refuses what a start cannot have.
func (s *server) mayStart(c *call, req *api.WorkflowStartRequest) error {
	switch t := req.Initiator.Type; t {
	case api.Manual:
	case api.ByTime, api.BySignal:
		// No trigger is subscribed yet, so none has the uuid of the request.
		f, err := s.readVersion(c, c.workflow(), c.r.PathValue("version"))
		if err != nil {
			return err
		}
		if f.version.Plan.Version != f.head.Active {
			return fault.New(fault.BadRequest, "workflow [%s] version [%d] must be active to be started by a trigger", f.head.ID, f.version.Plan.Version)
		}
		return fault.New(fault.Conflict, "mismatch trigger uuid: workflow [%s] version [%d] has no trigger [%s]", f.head.ID, f.version.Plan.Version, req.Initiator.TriggerUUID)
	default:
		return fault.New(fault.BadRequest, "initiator.type %s: only steps of the server's own runs start runs so", t)
	}
	if req.Artifacts.Len() > 0 {
		return fault.New(fault.Unsupported, "artifacts: this version of segue does not take artifacts with a start")
	}
	return nil
}

// movedMost is how often a start looks again for the version that its alias names, if that changes all the time.
const movedMost = 8

// begin sends the start to the engine, prepared against the version that the alias names.
func (s *server) begin(c *call, cmd *engine.Start, req *api.WorkflowStartRequest, now int64) (engine.Started, error) {
	alias := strings.ToLower(cmd.Alias)
	row := s.hints.alias(cmd.Workflow, alias)
	remembered := true // the version is a hint, and may not be what the alias names now
	for range movedMost {
		v := s.versions.Get(row)
		if v == nil {
			remembered = false
			f, err := s.readVersion(c, cmd.Workflow, cmd.Alias)
			if err != nil {
				return engine.Started{}, err
			}
			v = f.version
			s.hints.setAlias(cmd.Workflow, alias, v.Plan.Row)
		}
		if err := s.ready(c.r.Context(), cmd, req, v, now); err != nil {
			if remembered { // what is wrong with it must not be told of another version
				row, remembered = 0, false
				continue
			}
			return engine.Started{}, err
		}
		reply, err := s.ask(c.r.Context(), cmd.Workflow, cmd)
		if err != nil {
			if fault.Is(err, fault.NotFound) {
				s.hints.setAlias(cmd.Workflow, alias, 0)
				return engine.Started{}, s.wordNotFound(c, cmd, err)
			}
			return engine.Started{}, err
		}
		moved, ok := reply.(engine.Moved)
		if !ok {
			return reply.(engine.Started), nil
		}
		row, remembered = moved.Row, false
		s.hints.setAlias(cmd.Workflow, alias, row)
	}
	return engine.Started{}, fault.New(fault.Unavailable, "workflow [%s]: version %s has changed %d times while the run was prepared; try again", cmd.Workflow, cmd.Alias, movedMost)
}

// wordNotFound returns the error of the store for what the engine has not found, if it says so too.
func (s *server) wordNotFound(c *call, cmd *engine.Start, err error) error {
	if _, readErr := s.readVersion(c, cmd.Workflow, cmd.Alias); readErr != nil {
		return readErr
	}
	return err
}

// ready evaluates the params of the run against a version.
func (s *server) ready(ctx context.Context, cmd *engine.Start, req *api.WorkflowStartRequest, v *view.Version, now int64) error {
	p := v.Plan
	cmd.Plan = p
	if p.Unsupported != "" {
		return fault.New(fault.Unsupported, "workflow [%s] version [%d] cannot be run by this version of segue: %s", cmd.Workflow, p.Version, p.Unsupported)
	}
	if err := s.runnable(p); err != nil {
		return fault.In(err, "workflow [%s] version [%d]", cmd.Workflow, p.Version)
	}
	if err := distinct(p.Definition.Tags, req.RuntimeTags); err != nil {
		return err
	}
	cmd.Params, cmd.Invalid = nil, ""
	err := s.params(ctx, cmd, req, p, now)
	if err != nil && req.PersistFailedRun && fault.Is(err, fault.BadRequest) {
		cmd.Params, cmd.Invalid = nil, "The run has failed before it began: "+fault.Lines(err)
		return nil
	}
	return err
}

// params evaluates the params of the run, and what depends on them.
func (s *server) params(ctx context.Context, cmd *engine.Start, req *api.WorkflowStartRequest, p *engine.Plan, now int64) (err error) {
	if p.Definition.Params.Len() > 0 || req.RunParams.Len() > 0 {
		if cmd.Params, err = s.evaluate(ctx, cmd, req, p, now); err != nil {
			return err
		}
	}
	if _, err := p.RunTimeout(cmd.Params); err != nil {
		return fault.In(err, "timeout of workflow [%s]", cmd.Workflow)
	}
	return nil
}

// runnable refuses steps of a type that this server cannot run.
func (s *server) runnable(p *engine.Plan) error {
	if s.Runs == nil {
		return nil
	}
	for i := range p.Steps {
		if p.Steps[i].Kind != engine.Runtime || s.Runs(p.Steps[i].Type) {
			continue
		}
		if p.Steps[i].Type == "command" {
			return fault.New(fault.Unsupported, "step [%s] is of type command, and commands are disabled on this server; start it with --enable-command", p.Steps[i].ID)
		}
		return fault.New(fault.Unsupported, "step [%s] is of type %s, which this version of segue does not run yet", p.Steps[i].ID, p.Definition.Steps[i].Type)
	}
	return nil
}

func (s *server) evaluate(ctx context.Context, cmd *engine.Start, req *api.WorkflowStartRequest, p *engine.Plan, now int64) (*param.Params, error) {
	defs, err := eval.Override(p.Definition.Params, req.RunParams)
	if err != nil {
		return nil, err
	}
	env := s.Env
	env.Now, env.Seed, env.Done = now, seed(cmd.UUID), ctx.Done()
	env.Ext = launch{s, ctx, cmd, req, p}
	return eval.Workflow(env, cmd.Workflow, defs)
}

// seed returns the random seed of the params of a run.
func seed(uuid string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uuid)) // a hash cannot fail
	return h.Sum64()
}

// distinct refuses runtime tags that the workflow has already.
func distinct(tags, runtime []workflow.Tag) error {
	for _, r := range runtime {
		for _, t := range tags {
			if t.Name == r.Name {
				return fault.New(fault.BadRequest, "runtime_tags: tag [%s] is one of the workflow already", r.Name)
			}
		}
	}
	return nil
}
