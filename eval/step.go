package eval

import (
	"slices"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Step evaluates the params of an attempt of a step. wf are the evaluated workflow params. The result keeps the order of
// defs.
func Step(env Env, stepID string, defs *param.Definitions, wf *param.Params, up Upstream) (*param.Params, error) {
	s := &stepScope{env: &env, id: stepID, params: pending(Declare(defs)), wf: wf, up: up}
	for i := range s.params.Len() {
		if err := s.evaluate(i); err != nil {
			return nil, fault.In(err, "In step [%s]", stepID)
		}
	}
	return s.params, nil
}

// Condition evaluates the condition of a transition, or of a while, after its step has been evaluated.
func Condition(env Env, stepID, text string, step, wf *param.Params, up Upstream) (bool, error) {
	switch strings.TrimSpace(text) {
	case "true", "true;":
		return true, nil
	case "false", "false;":
		return false, nil
	}
	s := &stepScope{env: &env, id: stepID, params: step, wf: wf, up: up}
	v, err := env.expression(s, subject{"condition", text}, text)
	if err == nil {
		if v, _, err = param.Coerce(param.Boolean, v); err != nil {
			err = fault.In(err, "condition [%s]", text)
		}
	}
	if err != nil {
		return false, fault.In(err, "In step [%s]", stepID)
	}
	return v.(bool), nil
}

// Static returns the params of a step if they are all plain literals, which refer to nothing and so are the same in
// every attempt; otherwise nil. Their time is 0.
func Static(defs *param.Definitions) *param.Params {
	for _, d := range defs.All() {
		if !static(d) {
			return nil
		}
	}
	params, err := Step(Env{}, "", defs, nil, nil)
	if err != nil {
		return nil // a value that does not fit its type: the error belongs to the attempt
	}
	return params
}

func static(d *param.Definition) bool {
	plain := func(s string) bool { return strings.IndexByte(s, '$') < 0 }
	switch v := d.Value.(type) {
	case nil:
		return false
	case string:
		return plain(v)
	case []string:
		for _, s := range v {
			if !plain(s) {
				return false
			}
		}
	case *param.Strings:
		for k, s := range v.All() {
			if !plain(k) || !plain(s) {
				return false
			}
		}
	case *param.Definitions:
		for _, d := range v.All() {
			if !static(d) {
				return false
			}
		}
	}
	return true
}

type stepScope struct {
	env      *Env
	id       string
	params   *param.Params
	wf       *param.Params
	up       Upstream
	visiting []int
}

// evaluate gives param i its result, unless it has one.
func (s *stepScope) evaluate(i int) error {
	name, p := s.params.At(i)
	if p.Evaluated() {
		return nil
	}
	if slices.Contains(s.visiting, i) {
		return fault.New(fault.BadRequest, "In step [%s], param [%s] definition contains a cyclic reference chain", s.id, name)
	}
	s.visiting = append(s.visiting, i)
	defer func() { s.visiting = s.visiting[:len(s.visiting)-1] }()
	v, err := s.env.value(s, theParam(name), &p.Definition)
	if err != nil {
		return err
	}
	if err := p.SetResult(v, s.env.Now); err != nil {
		return fault.In(err, "param [%s]", name)
	}
	return nil
}

// resolve finds, in this order: step__param; an evaluated param of the step; a workflow param; a param of the step that
// is evaluated for it.
func (s *stepScope) resolve(name string) (any, bool, error) {
	if strings.Contains(name, Separator) {
		return s.foreign(name)
	}
	i := s.params.Index(name)
	if i >= 0 {
		if _, p := s.params.At(i); p.Evaluated() {
			return p.Result, true, nil
		}
	}
	if p, ok := s.wf.Get(name); ok && p.Evaluated() {
		return p.Result, true, nil
	}
	if i < 0 {
		return nil, false, nil
	}
	err := s.evaluate(i)
	_, p := s.params.At(i)
	return p.Result, true, err
}

func (s *stepScope) computed(name string) (any, bool, error) {
	own := strings.TrimPrefix(name, s.id+Separator)
	if i := s.params.Index(own); i >= 0 && slices.Contains(s.visiting, i) && (own != name || !s.wf.Has(name)) {
		return nil, false, nil
	}
	return s.resolve(name)
}

// foreign finds step__param. Ids may hold underscores, so with three or more of them in a row two steps may be meant.
func (s *stepScope) foreign(name string) (any, bool, error) {
	first := strings.Index(name, Separator)
	step, rest := name[:first], name[first+len(Separator):]
	if strings.HasPrefix(rest, "_") {
		longer := name[:first+1]
		switch {
		case s.known(step) && s.known(longer):
			return nil, false, fault.New(fault.BadRequest, "the reference [%s] is ambiguous: both [%s] and [%s] are steps", name, step, longer)
		case s.known(longer):
			step, rest = longer, rest[1:]
		}
	}
	switch {
	case step == s.id:
		i := s.params.Index(rest)
		if i < 0 {
			return nil, false, nil
		}
		err := s.evaluate(i)
		_, p := s.params.At(i)
		return p.Result, true, err
	case s.known(step):
		p, err := s.upstream(step, rest)
		if err != nil {
			return nil, false, err
		}
		return p.Result, true, nil
	}
	return s.env.signal(name)
}

func (s *stepScope) known(step string) bool {
	return step == s.id || s.up != nil && s.up.KnownStep(step)
}

func (s *stepScope) upstream(step, name string) (*param.Param, error) {
	if s.up == nil || !s.up.KnownStep(step) {
		return nil, fault.New(fault.BadRequest, "there is no step [%s] whose param [%s] could be read", step, name)
	}
	p, ok, err := s.up.StepParam(step, name)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fault.New(fault.BadRequest, "step [%s] has no param [%s]", step, name)
	case !p.Evaluated():
		return nil, fault.New(fault.BadRequest, "param [%s] of step [%s] has not been evaluated", name, step)
	}
	return p, nil
}

func (s *stepScope) unknown(of subject, name string) error {
	if strings.Contains(name, Separator) {
		return fault.New(fault.BadRequest, "%s refers to [%s], which is no param of a step and no signal", of, name)
	}
	return fault.New(fault.BadRequest, "%s refers to [%s], which is a param neither of step [%s] nor of the workflow", of, name, s.id)
}

// call answers params.getFromStep(step, param) and params.getFromStep("step_id").
func (s *stepScope) call(name string, args []string) (sel.Value, error) {
	switch {
	case name == "getFromStep" && len(args) == 1 && args[0] == "step_id":
		return sel.StringOf(s.id), nil
	case name == "getFromStep" && len(args) == 2 && !strings.HasPrefix(args[1], "MAESTRO_"):
		if args[0] == s.id {
			p, ok := s.params.Get(args[1])
			if !ok || !p.Evaluated() {
				return sel.Value{}, fault.New(fault.BadRequest, "param [%s] of step [%s] has not been evaluated", args[1], s.id)
			}
			return toSEL(p.Result)
		}
		p, err := s.upstream(args[0], args[1])
		if err != nil {
			return sel.Value{}, err
		}
		return toSEL(p.Result)
	}
	return sel.Value{}, sel.ErrNoFunction
}
