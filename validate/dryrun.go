package validate

import (
	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// DryRun evaluates the workflow params of a definition that Create has passed, as a start would. Signals and functions
// that ask the engine get the fixed answers that the original gives in a dry run. The params of steps are not evaluated:
// what they refer to is known only at run time.
func DryRun(env eval.Env, r *api.WorkflowCreateRequest) error {
	defs, err := eval.Launch(r.Workflow.Params, dates(r.Workflow.Params))
	if err != nil {
		return err
	}
	f := fixed{workflowID: r.Workflow.ID}
	if p := r.Properties; p != nil && p.Owner != nil {
		f.owner = p.Owner.Name
	}
	env.Ext = f
	env.Signal = func(string, string) (any, error) { return int64(dryDate), nil }
	return eval.Check(env, r.Workflow.ID, defs)
}

// dryDate is what every param of a signal is in a dry run.
const dryDate = 20220101

// dates returns the two params that a dry run sets if the workflow declares them as changeable texts.
func dates(defs *param.Definitions) *param.Definitions {
	run := new(param.Definitions)
	for _, name := range []string{"FROM_DATE", "TO_DATE"} {
		if d, ok := defs.Get(name); ok && d.Type == param.String && d.Mode < param.Immutable {
			run.Set(name, &param.Definition{Type: param.String, Value: "20210101"})
		}
	}
	return run
}

// fixed answers functions of params in a dry run, as they would be answered for a first run.
type fixed struct{ workflowID, owner string }

// Call implements sel.Extension.
func (f fixed) Call(name string, args []string) (sel.Value, error) {
	switch n := len(args); {
	case name == "nextUniqueId" && n == 0:
		return sel.LongOf(1), nil
	case name == "getExecutionEnvironment" && n == 0:
		return sel.StringOf(""), nil
	case name == "getFromInstance" && n == 1:
		switch args[0] {
		case "workflow_id":
			return sel.StringOf(f.workflowID), nil
		case "INITIATOR_TYPE":
			return sel.StringOf("VALIDATION"), nil
		case "owner":
			return sel.StringOf(f.owner), nil
		case "RUN_POLICY":
			return sel.StringOf(string(api.FreshRun)), nil
		case "workflow_instance_id", "workflow_run_id", "INITIATOR_TIMEZONE", "INITIATOR_RUNNER_NAME", "FIRST_TIME_TRIGGER_TIMEZONE":
			return sel.StringOf(""), nil
		}
	case name == "getFromSignal" && (n == 1 || n == 2), name == "getFromSignalOrDefault" && n == 3:
		return sel.LongOf(dryDate), nil
	}
	return sel.Value{}, sel.ErrNoFunction
}
