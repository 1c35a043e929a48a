package eval

import (
	"errors"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Workflow evaluates the params of a run. defs come from Override. Every param may refer to every other one of them, in
// any order but in no circle. The result keeps the order of defs.
func Workflow(env Env, workflowID string, defs *param.Definitions) (*param.Params, error) {
	return newWorkflow(env, workflowID, defs).all()
}

// Check evaluates the params of a workflow for a dry run and returns what is wrong with the first one that fails. Params
// that need something which is not at hand (sel.ErrNotHere) are passed over.
func Check(env Env, workflowID string, defs *param.Definitions) error {
	s := newWorkflow(env, workflowID, defs)
	for i := range defs.Len() {
		if _, err := s.evaluate(i); err != nil && !errors.Is(err, sel.ErrNotHere) {
			return err
		}
	}
	return s.weigh()
}

func newWorkflow(env Env, id string, defs *param.Definitions) *workflowScope {
	s := &workflowScope{evaluation{env: env, kind: "workflow", id: id}}
	s.names = s
	s.begin(defs)
	return s
}

type workflowScope struct{ evaluation }

// resolve finds a param of the workflow, then one of the signal.
func (s *workflowScope) resolve(name string) (any, bool, error) {
	if i := s.params.Index(name); i >= 0 {
		v, err := s.evaluate(i)
		return v, err == nil, err
	}
	if strings.Contains(name, Separator) {
		return s.env.signal(name)
	}
	return nil, false, nil
}

// computed finds a param of the workflow. (In the original, only those that the program names elsewhere, too.)
func (s *workflowScope) computed(name string) (any, bool, error) {
	i := s.params.Index(name)
	if i < 0 || s.state[i] == busy {
		return nil, false, nil
	}
	v, err := s.evaluate(i)
	return v, err == nil, err
}

func (s *workflowScope) unknown(of *subject, name string) error {
	if strings.Contains(name, Separator) {
		return located{fault.New(fault.BadRequest, "Param [%s] referenced a signal param [%s] in workflow [%s], which was not started by a signal", of.path(), name, s.id)}
	}
	return located{fault.New(fault.BadRequest, "Param [%s] referenced a non-existing param [%s] in workflow [%s]", of.path(), name, s.id)}
}

func (s *workflowScope) call(string, []string) (sel.Value, error) {
	return sel.Value{}, sel.ErrNoFunction
}

// signal returns what signal__param means, once it is known not to be a param of a step.
func (env *Env) signal(name string) (any, bool, error) {
	if env.Signal == nil {
		return nil, false, nil
	}
	signal, rest, _ := strings.Cut(name, Separator)
	v, err := env.Signal(signal, rest)
	return v, err == nil, err
}
