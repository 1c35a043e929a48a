package eval

import (
	"errors"
	"slices"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Workflow evaluates the params of a run. defs come from Launch. Every param may refer to every other one of them, in
// any order but in no circle. The result keeps the order of defs.
func Workflow(env Env, workflowID string, defs *param.Definitions) (*param.Params, error) {
	s := &workflowScope{env: &env, id: workflowID, defs: defs, params: pending(defs)}
	for i := range defs.Len() {
		if err := s.evaluate(i); err != nil {
			return nil, err
		}
	}
	return s.params, nil
}

// Check evaluates the params of a workflow for a dry run and returns what is wrong with the first one that fails. Params
// that need something which is not at hand (sel.ErrNotHere) are passed over.
func Check(env Env, workflowID string, defs *param.Definitions) error {
	s := &workflowScope{env: &env, id: workflowID, defs: defs, params: pending(defs)}
	for i := range defs.Len() {
		if err := s.evaluate(i); err != nil && !errors.Is(err, sel.ErrNotHere) {
			return err
		}
	}
	return nil
}

// pending returns params without results.
func pending(defs *param.Definitions) *param.Params {
	params := new(param.Params)
	for name, d := range defs.All() {
		params.Set(name, &param.Param{Definition: *d})
	}
	return params
}

type workflowScope struct {
	env      *Env
	id       string
	defs     *param.Definitions
	params   *param.Params
	visiting []int
}

// evaluate gives param i its result, unless it has one.
func (s *workflowScope) evaluate(i int) error {
	name, p := s.params.At(i)
	if p.Evaluated() {
		return nil
	}
	if slices.Contains(s.visiting, i) {
		return fault.New(fault.BadRequest, "In workflow [%s], param [%s] definition contains a cyclic reference chain", s.id, name)
	}
	s.visiting = append(s.visiting, i)
	defer func() { s.visiting = s.visiting[:len(s.visiting)-1] }()
	v, err := s.env.value(s, theParam(name), &p.Definition)
	if err != nil {
		return err
	}
	if err := p.SetResult(v, s.env.Now); err != nil {
		return fault.New(fault.BadRequest, "In workflow [%s], param [%s]: %w", s.id, name, err)
	}
	return nil
}

func (s *workflowScope) resolve(name string) (any, bool, error) {
	i := s.params.Index(name)
	if i < 0 {
		if strings.Contains(name, Separator) {
			return s.env.signal(name)
		}
		return nil, false, nil
	}
	err := s.evaluate(i)
	_, p := s.params.At(i)
	return p.Result, true, err
}

func (s *workflowScope) computed(name string) (any, bool, error) {
	if slices.Contains(s.visiting, s.params.Index(name)) {
		return nil, false, nil
	}
	return s.resolve(name)
}

func (s *workflowScope) unknown(of subject, name string) error {
	if strings.Contains(name, Separator) {
		return fault.New(fault.BadRequest, "Param [%s] referenced a signal param [%s] in workflow [%s], which was not started by a signal", of.name, name, s.id)
	}
	return fault.New(fault.BadRequest, "Param [%s] referenced a non-existing param [%s] in workflow [%s]", of.name, name, s.id)
}

func (s *workflowScope) call(string, []string) (sel.Value, error) {
	return sel.Value{}, sel.ErrNoFunction
}

// Attribute fills ${names} into an attribute of a definition (a timeout, a limit of retries). It sees evaluated
// workflow params only.
func Attribute(text string, params *param.Params) (string, error) {
	return fill(attributeScope{params}, subject{"attribute", text}, text)
}

type attributeScope struct{ params *param.Params }

func (s attributeScope) resolve(name string) (any, bool, error) {
	p, ok := s.params.Get(name)
	if !ok || !p.Evaluated() {
		return nil, false, nil
	}
	return p.Result, true, nil
}

func (s attributeScope) computed(name string) (any, bool, error) { return s.resolve(name) }

func (s attributeScope) unknown(_ subject, name string) error {
	return fault.New(fault.Unprocessable, "there is no workflow param [%s]", name)
}

func (s attributeScope) call(string, []string) (sel.Value, error) {
	return sel.Value{}, sel.ErrNoFunction
}
