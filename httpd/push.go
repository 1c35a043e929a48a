package httpd

import (
	"context"
	"strings"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/validate"
	"github.com/segue-run/segue/view"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

func (s *server) pushJSON(c *call) error {
	req, err := api.ReadCreate(c.body)
	if err != nil {
		return err
	}
	return s.push(c, req)
}

// push stores a version of a workflow and answers with what is stored.
func (s *server) push(c *call, req *api.WorkflowCreateRequest) error {
	plan, err := s.prepare(c.r.Context(), req)
	if err != nil {
		return pushError(req, err)
	}
	id := req.Workflow.ID
	reply, err := s.ask(c.r.Context(), id, &engine.Push{
		Workflow: id, Author: c.user.Name, Active: req.Active, Plan: plan, Definition: wire.Raw(req.Workflow.AppendJSON(nil)),
		Merge: merge(id, c.user, req.Properties),
		Metadata: func(version, now int64) wire.Raw {
			m := workflow.Metadata{
				WorkflowID: id, Version: version, CreateTime: now, Author: c.user, GitInfo: req.GitInfo, Extra: req.Extra,
			}
			return wire.Raw(m.AppendJSON(nil))
		},
	})
	if err != nil {
		return err
	}
	f, err := s.readVersion(c, id, workflow.Version(reply.(engine.Pushed).Version).String())
	if err != nil {
		return err
	}
	c.out = append(c.out, `{"workflow_definition":`...)
	c.out = append(view.AppendDefinition(c.out, f.head, f.version, f.metadata, 0), '}')
	return nil
}

// unsound is an error that only the attempt to run a definition has shown.
type unsound struct{ error }

func (u unsound) Unwrap() error { return u.error }

// prepare checks a definition and makes its plan.
func (s *server) prepare(ctx context.Context, req *api.WorkflowCreateRequest) (*engine.Plan, error) {
	if err := validate.Create(req); err != nil {
		return nil, err
	}
	plan, err := engine.NewPlan(req.Workflow)
	if err != nil {
		return nil, unsound{err}
	}
	env := s.Env
	env.Now, env.Done = s.Clock(), ctx.Done()
	if err := validate.DryRun(env, req); err != nil {
		return nil, unsound{err}
	}
	return plan, nil
}

// pushError words an error of prepare for a push, as clients of the original know it.
func pushError(req *api.WorkflowCreateRequest, err error) error {
	u, ok := err.(unsound)
	if !ok {
		return err
	}
	kind := fault.KindOf(u.error)
	return fault.WithDetails(kind, kind.String()+" - workflow ["+req.Workflow.ID+"] cannot be run as it is defined. Error=["+u.Error()+"]", causes(u.error)...)
}

// causes are the lines of an error.
func causes(err error) []string {
	if details := fault.DetailsOf(err); len(details) > 0 {
		return details
	}
	return []string{err.Error()}
}

// merge returns the properties that follow from a push.
func merge(id string, user *workflow.User, pushed *workflow.Properties) func(wire.Raw, int64) (engine.Properties, error) {
	return func(present wire.Raw, now int64) (engine.Properties, error) {
		var before *workflow.PropertiesSnapshot
		if present != "" {
			n, err := wire.Parse([]byte(present))
			if err == nil {
				before, err = workflow.DecodePropertiesSnapshot(n)
			}
			if err != nil {
				return engine.Properties{}, fault.New(fault.Internal, "the properties of workflow [%s] cannot be read: %w", id, err)
			}
		}
		next := before
		if before == nil || pushed != nil {
			var old *workflow.Properties
			next = &workflow.PropertiesSnapshot{WorkflowID: id, CreateTime: now, Author: user}
			if before != nil {
				old = &before.Properties
				next.CreateTime = max(now, before.CreateTime+1) // it is the snapshot's id
			}
			if err := validate.Owner(old, pushed); err != nil {
				return engine.Properties{}, err
			}
			next.Properties = *old.Pushed(pushed)
		}
		strategy := next.Strategy()
		p := engine.Properties{
			Snapshot: wire.Raw(next.AppendJSON(nil)), Created: next.CreateTime, Rule: string(strategy.Rule), Limit: strategy.Concurrency,
		}
		if next.Owner != nil {
			p.Owner = next.Owner.Name
		}
		return p, nil
	}
}

func (s *server) validateJSON(c *call) error {
	req, err := api.ReadCreate(c.body)
	if err != nil {
		return err
	}
	return s.validate(c, req)
}

// validate answers whether a definition could be pushed.
func (s *server) validate(c *call, req *api.WorkflowCreateRequest) error {
	if _, err := s.prepare(c.r.Context(), req); err != nil {
		if u, ok := err.(unsound); ok {
			return fault.WithDetails(fault.BadRequest, "Invalid workflow create request", causes(u.error)...)
		}
		return err
	}
	event := instance.ActionEvent(s.Clock(), "VALIDATE", c.user.Name, "the workflow definition is valid.", "")
	c.out = api.AppendEvent(c.out, &event)
	return nil
}

// definition answers with one version.
func (s *server) definition(c *call) error {
	enriched, err := c.flag("enriched", false)
	if err != nil {
		return err
	}
	f, err := s.readVersion(c, c.workflow(), c.r.PathValue("version"))
	if err != nil {
		return err
	}
	at := int64(0)
	if enriched {
		at = s.Clock()
	}
	c.out = view.AppendDefinition(c.out, f.head, f.version, f.metadata, at)
	return nil
}

// properties answers with the present properties snapshot.
func (s *server) properties(c *call) error {
	h, err := s.readHead(c)
	if err != nil {
		return err
	}
	text := c.r.PathValue("snapshot")
	if !strings.EqualFold(text, "latest") {
		return fault.New(fault.Unsupported, "properties snapshot [%s] is not kept; only latest is", text)
	}
	return c.reply(h.Properties)
}

// updateProperties refuses what cannot be an update; the rest is not done yet.
func (s *server) updateProperties(c *call) error {
	req, err := api.ReadPropertiesUpdate(c.body)
	if err != nil {
		return err
	}
	if err := validate.PropertiesUpdate(req); err != nil {
		return err
	}
	return s.notYetOn(c, "properties cannot be changed alone; push the workflow with properties")
}

// addTag refuses what cannot be a tag; the rest is not done yet.
func (s *server) addTag(c *call) error {
	tag, err := api.ReadTag(c.body)
	if err != nil {
		return err
	}
	if err := validate.Tag(tag); err != nil {
		return err
	}
	return s.notYetOn(c, "tags of properties cannot be changed")
}

// notYetOn is later for a change of properties; for a workflow that is not there it is a bad request, as in the original.
func (s *server) notYetOn(c *call, what string) error {
	_, err := s.readHead(c)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.BadRequest, "%w", err)
	}
	if err != nil {
		return err
	}
	return later(what)(s, c)
}

// timeline answers with what has happened to a workflow.
func (s *server) timeline(c *call) error {
	h, err := s.readHead(c)
	if fault.Is(err, fault.NotFound) {
		return c.reply(&api.WorkflowTimeline{WorkflowID: c.workflow()})
	}
	if err != nil {
		return err
	}
	return c.reply(view.Timeline(h))
}
