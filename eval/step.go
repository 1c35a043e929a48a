package eval

import (
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Step evaluates the params of an attempt of a step. wf are the evaluated workflow params; up may be nil if there are no
// other steps. The result keeps the order of defs.
func Step(env Env, stepID string, defs *param.Definitions, wf *param.Params, up Upstream) (*param.Params, error) {
	s := newStep(env, stepID, wf, up)
	s.begin(defs)
	for i := range s.params.Len() {
		_, p := s.params.At(i)
		declare(&p.Definition, definitionBag, param.ModeUnset)
	}
	return s.all()
}

// Condition evaluates the condition of a transition, or of a while, after its step has been evaluated to the params
// step. The result is a boolean, or a string that reads true or false.
func Condition(env Env, stepID, text string, step, wf *param.Params, up Upstream) (bool, error) {
	switch strings.TrimSpace(text) {
	case "true", "true;":
		return true, nil
	case "false", "false;":
		return false, nil
	}
	s := newStep(env, stepID, wf, up)
	s.params = step
	of := &subject{kind: "condition", name: clip(text)}
	v, err := s.expression(of, text)
	if err == nil {
		v, _, err = param.Coerce(param.Boolean, v)
	}
	if err != nil {
		return false, s.locate(of, err)
	}
	return v.(bool), nil
}

// clip shortens a text for a message.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func newStep(env Env, id string, wf *param.Params, up Upstream) *stepScope {
	s := &stepScope{evaluation: evaluation{env: env, kind: "step", id: id}, wf: wf, up: up}
	s.names = s
	return s
}

type stepScope struct {
	evaluation
	wf *param.Params
	up Upstream
}

// own returns the result of a param of the step itself. Those of a condition are evaluated, and stay as they are.
func (s *stepScope) own(name string) (any, bool, error) {
	i := s.params.Index(name)
	if i < 0 {
		return nil, false, nil
	}
	if _, p := s.params.At(i); p.Evaluated() || s.state == nil {
		return p.Result, p.Evaluated(), nil
	}
	v, err := s.evaluate(i)
	return v, err == nil, err
}

// ofWorkflow returns the result of a workflow param.
func (s *stepScope) ofWorkflow(name string) (any, bool) {
	if p, ok := s.wf.Get(name); ok && p.Evaluated() {
		return p.Result, true
	}
	return nil, false
}

// resolve finds, in this order: step__param; an evaluated param of the step; a workflow param; a param of the step that
// is evaluated for it.
func (s *stepScope) resolve(name string) (any, bool, error) {
	if strings.Contains(name, Separator) {
		return s.foreign(name)
	}
	if p, ok := s.params.Get(name); ok && p.Evaluated() {
		return p.Result, true, nil
	}
	if v, ok := s.ofWorkflow(name); ok {
		return v, true, nil
	}
	return s.own(name)
}

// computed finds a workflow param: inside a step, params are those of the workflow.
func (s *stepScope) computed(name string) (any, bool, error) {
	v, ok := s.ofWorkflow(name)
	return v, ok, nil
}

// foreign finds step__param, or signal__param if there is no such step.
func (s *stepScope) foreign(name string) (any, bool, error) {
	step, rest, err := s.split(name)
	if err != nil {
		return nil, false, err
	}
	switch {
	case step == s.id:
		return s.own(rest)
	case s.known(step):
		v, err := s.upstream(step, rest)
		return v, err == nil, err
	}
	return s.env.signal(name)
}

// split divides a reference at the separator. Ids may end and names begin with an underscore, so with three or more of them in
// a row two steps may be meant: the one that exists is.
func (s *stepScope) split(name string) (step, rest string, err error) {
	step, rest, _ = strings.Cut(name, Separator)
	if !strings.HasPrefix(rest, "_") {
		return step, rest, nil
	}
	longer := step + "_"
	switch {
	case !s.known(longer):
		return step, rest, nil
	case s.known(step):
		return "", "", fault.New(fault.BadRequest, "the reference [%s] is ambiguous: both [%s] and [%s] are steps", name, step, longer)
	}
	return longer, rest[1:], nil
}

func (s *stepScope) known(step string) bool {
	return step == s.id || s.up != nil && s.up.KnownStep(step)
}

// upstream returns the result of a param of another step.
func (s *stepScope) upstream(step, name string) (any, error) {
	if !s.known(step) {
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
	return p.Result, nil
}

func (s *stepScope) unknown(_ *subject, name string) error {
	step, rest, _ := s.split(name)
	switch {
	case !strings.Contains(name, Separator):
		return fault.New(fault.BadRequest, "[%s] is a param neither of step [%s] nor of the workflow", name, s.id)
	case step == s.id:
		return fault.New(fault.BadRequest, "[%s] refers to a param [%s] that step [%s] does not have", name, rest, s.id)
	}
	return fault.New(fault.BadRequest, "[%s] is neither a param of a step nor of a signal that started the run", name)
}

// call answers params.getFromStep(step, param) and params.getFromStep("step_id").
func (s *stepScope) call(name string, args []string) (sel.Value, error) {
	switch {
	case name == "getFromStep" && len(args) == 1 && args[0] == "step_id":
		return sel.StringOf(s.id), nil
	case name == "getFromStep" && len(args) == 2 && !strings.HasPrefix(args[1], "MAESTRO_"):
		v, err := s.finished(args[0], args[1])
		if err != nil {
			return sel.Value{}, err
		}
		return toSEL(v)
	}
	return sel.Value{}, sel.ErrNoFunction
}

// finished returns the result of a param of any step, also of this one if it has been evaluated by now.
func (s *stepScope) finished(step, name string) (any, error) {
	if step != s.id {
		return s.upstream(step, name)
	}
	p, ok := s.params.Get(name)
	if !ok || !p.Evaluated() {
		return nil, fault.New(fault.BadRequest, "param [%s] of step [%s] has not been evaluated", name, step)
	}
	return p.Result, nil
}
