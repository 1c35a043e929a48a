package httpd

import (
	"fmt"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/validate"
)

// actOnAll is the endpoint that stops or kills all runs of a workflow.
func actOnAll(action instance.Action) func(*server, *call) error {
	return func(s *server, c *call) error {
		reply, err := s.ask(c.r.Context(), c.workflow(), &engine.ActAll{Workflow: c.workflow(), Action: action, User: c.user.Name, Reason: reason(c, action)})
		if err != nil {
			return err
		}
		acted := reply.(engine.ActedAll)
		event := instance.ActionEvent(acted.At, action, c.user.Name,
			fmt.Sprintf("Terminated [%d] queued instances and terminating [%d] running instances", acted.Queued, acted.Running), reason(c, action))
		c.status = 202
		c.out = api.AppendEvent(c.out, &event)
		return nil
	}
}

func reason(c *call, action instance.Action) string {
	return fmt.Sprintf("workflow [%s] is asked to %s by user [%s]", c.workflow(), action, c.user.Name)
}

// ending is the status that an action asks for.
func ending(a instance.Action) instance.Status {
	if a == instance.Kill {
		return instance.Failed
	}
	return instance.Stopped
}

// actOnRun is the endpoint that stops or kills a run, or the latest run of an instance.
//
// What the run was before the command decides the answer, as in the original: one that was queued is over at once; one
// that was running is asked to end, and the client is told to look again, even if it has ended within the same moment.
func actOnRun(action instance.Action) func(*server, *call) error {
	return func(s *server, c *call) error {
		x, err := s.latestOfPath(c)
		if err != nil {
			return err
		}
		before := x.run.Status
		if before.Terminal() && before != ending(action) {
			return fault.New(fault.BadRequest,
				"Cannot terminate a workflow instance that has ended: workflow [%s] instance [%d] run [%d] is %s, and %s would make it %s",
				x.head.ID, x.run.Instance, x.run.Number, before, action, ending(action))
		}
		reply, err := s.ask(c.r.Context(), x.head.ID, &engine.Act{
			Workflow: x.head.ID, Instance: x.run.Instance, Run: x.run.Number, Action: action, User: c.user.Name,
			Reason: fmt.Sprintf("asked for by user [%s]", c.user.Name),
		})
		if err != nil {
			return err
		}
		acted := reply.(engine.Acted)
		answer := api.InstanceActionResponse{
			WorkflowID: x.head.ID, Instance: x.run.Instance, Run: acted.Run, Status: acted.Status, Completed: acted.Completed,
			Info: "The action is completed.",
		}
		what := "the workflow instance run"
		switch before {
		case instance.Created:
			what = "the queued workflow instance run"
		case instance.InProgress, instance.Paused:
			what = "the running workflow instance run"
			answer.Completed, answer.Status = false, before
			answer.Info = "The action is accepted and is still running. Please check it again."
		}
		answer.Event = instance.Log(acted.At, "INFO", fmt.Sprintf("User [%s] take an action to %s %s", c.user.Name, action, what))
		return c.reply(&answer)
	}
}

// release has a run go on that is in quarantine, because the engine had failed on it. The original has no such action.
func (s *server) release(c *call) error {
	x, err := s.latestOfPath(c)
	if err != nil {
		return err
	}
	reply, err := s.ask(c.r.Context(), x.head.ID, &engine.Release{Workflow: x.head.ID, Instance: x.run.Instance, Run: x.run.Number, User: c.user.Name})
	if err != nil {
		return err
	}
	acted := reply.(engine.Acted)
	return c.reply(&api.InstanceActionResponse{
		WorkflowID: x.head.ID, Instance: x.run.Instance, Run: acted.Run, Status: acted.Status, Info: "The run goes on.",
		Event: instance.Log(acted.At, "INFO", fmt.Sprintf("User [%s] has released the run from quarantine", c.user.Name)),
	})
}

// latestOfPath reads the latest run of the instance of the path, and refuses a path that names another one.
func (s *server) latestOfPath(c *call) (*reading, error) {
	instanceID, err := c.number("instance", "instance id")
	if err != nil {
		return nil, err
	}
	number := int64(0)
	if c.r.PathValue("run") != "" {
		if number, err = c.latestOr("run", "run id"); err != nil {
			return nil, err
		}
	}
	x, err := s.readRun(c.r.Context(), c.workflow(), instanceID, 0, 0)
	if err == nil && number != 0 && number != x.run.Number {
		err = fault.New(fault.BadRequest, "Cannot act on workflow [%s] instance [%d] run [%d] as it is not the latest run [%d]",
			c.workflow(), instanceID, number, x.run.Number)
	}
	return x, err
}

// unblock refuses what cannot be unblocked; the rest is not done yet.
func (s *server) unblock(c *call) error {
	x, err := s.latestOfPath(c)
	if err != nil {
		return err
	}
	if x.run.Status != instance.Failed {
		return fault.New(fault.BadRequest, "Cannot unblock workflow [%s] instance [%d] run [%d] as it is not FAILED status; it is %s",
			x.head.ID, x.run.Instance, x.run.Number, x.run.Status)
	}
	return later("runs cannot be unblocked")(s, c)
}

// restart refuses what cannot be restarted; the rest is not done yet.
func (s *server) restart(c *call) error {
	req, err := api.ReadRestart(c.body)
	if err != nil {
		return err
	}
	if err := validate.Restart(req); err != nil {
		return err
	}
	x, err := s.latestOfPath(c)
	if err != nil {
		return err
	}
	if !x.run.Status.Terminal() {
		return fault.New(fault.BadRequest, "Cannot restart workflow [%s] instance [%d]: its run [%d] is %s and has not ended",
			x.head.ID, x.run.Instance, x.run.Number, x.run.Status)
	}
	return later("instances cannot be restarted; start a new one")(s, c)
}

// actOnStep refuses actions that there are not; the others are not done yet.
func (s *server) actOnStep(c *call) error {
	action := c.r.PathValue("action")
	switch action {
	case "stop", "kill", "skip", "bypass", "abandon":
	default:
		return &refusal{404, "NOT_FOUND", "there is no action " + action + " on steps; there are stop, kill, skip, bypass, restart and abandon"}
	}
	x, err := s.latestOfPath(c)
	if err != nil {
		return err
	}
	if _, ok := x.version.Plan.Index[c.r.PathValue("step")]; !ok {
		return fault.New(fault.BadRequest, "workflow [%s] instance [%d] has no step [%s]", x.head.ID, x.run.Instance, c.r.PathValue("step"))
	}
	if action == "abandon" {
		return s.abandon(c, x)
	}
	return later("single steps cannot be acted on; stop or kill the run")(s, c)
}

// abandon ends a step whose job does not confirm its end. The original has no such action.
func (s *server) abandon(c *call, x *reading) error {
	step := c.r.PathValue("step")
	reply, err := s.ask(c.r.Context(), x.head.ID, &engine.Abandon{
		Workflow: x.head.ID, Instance: x.run.Instance, Run: x.run.Number, Step: step, User: c.user.Name,
	})
	if err != nil {
		return err
	}
	acted := reply.(engine.Acted)
	return c.reply(&api.InstanceActionResponse{
		WorkflowID: x.head.ID, Instance: x.run.Instance, Run: acted.Run, Status: acted.Status, Completed: acted.Completed,
		Info:  "The step has ended; its job may still be running.",
		Event: instance.Log(acted.At, "INFO", fmt.Sprintf("User [%s] has abandoned step [%s]", c.user.Name, step)),
	})
}
