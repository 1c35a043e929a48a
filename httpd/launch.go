package httpd

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
)

// launch answers the functions of params while the params of a run are evaluated that is about to start.
type launch struct {
	s    *server
	ctx  context.Context
	cmd  *engine.Start
	req  *api.WorkflowStartRequest
	plan *engine.Plan
}

// Call implements sel.Extension.
func (l launch) Call(name string, args []string) (sel.Value, error) {
	switch n := len(args); {
	case name == "nextUniqueId" && n == 0:
		id := uuid.New()
		return sel.LongOf(int64(binary.BigEndian.Uint64(id[:8]) >> 1)), nil
	case name == "getExecutionEnvironment" && n == 0:
		return sel.StringOf(l.s.Environment), nil
	case name == "getFromInstance" && n == 1:
		text, err := l.fromInstance(args[0])
		return sel.StringOf(text), err
	}
	return sel.Value{}, sel.ErrNoFunction
}

// fromInstance returns a field of the run. It has no numbers yet.
func (l launch) fromInstance(field string) (string, error) {
	switch field {
	case "workflow_id":
		return l.cmd.Workflow, nil
	case "workflow_instance_id", "workflow_run_id":
		return "", nil
	case "owner":
		return l.owner()
	case "INITIATOR_TYPE":
		return string(l.req.Initiator.Type), nil
	case "INITIATOR_RUNNER_NAME":
		if l.req.Initiator.Type == api.Manual {
			return l.req.Initiator.User.Name, nil
		}
		return "", nil
	case "INITIATOR_TIMEZONE":
		return l.req.Initiator.Timezone, nil
	case "RUN_POLICY":
		return string(api.FreshRun), nil
	case "FIRST_TIME_TRIGGER_TIMEZONE":
		if t := l.plan.Definition.TimeTriggers; len(t) > 0 {
			return t[0].Timezone, nil
		}
		return "", nil
	}
	return "", fmt.Errorf("params.getFromInstance: a run has no field %q", field)
}

// owner returns the owner of the workflow.
func (l launch) owner() (string, error) {
	var name string
	err := l.s.Store.Read(l.ctx, func(snap store.Snapshot) error {
		h, err := l.s.mustHead(snap, l.cmd.Workflow)
		if err != nil {
			return err
		}
		p, err := view.Properties(h)
		if err == nil && p.Owner != nil {
			name = p.Owner.Name
		}
		return err
	})
	return name, err
}
