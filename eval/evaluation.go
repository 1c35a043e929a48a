package eval

import (
	"errors"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// evaluation is a workflow's or a step's params on their way to their results.
type evaluation struct {
	env    Env
	kind   string // "workflow" or "step"
	id     string
	names  scope
	params *param.Params
	state  []state
	few    [16]state // the room of state for as many params
	bytes  int       // of the values made, see spend
}

// state says how far a param is.
type state uint8

const (
	waiting state = iota
	busy          // its evaluation is under way: a reference to it closes a circle
	done
)

// scope says what names mean for the params that are evaluated in it.
type scope interface {
	// resolve returns the value of a name that the param refers to. found is false if there is none.
	resolve(name string) (v any, found bool, err error)
	// computed returns the value of a name that a program computes (params['x']); where there is none, or none yet, the
	// program sees NULL, which is no error.
	computed(name string) (v any, found bool, err error)
	// unknown returns the error for a name that resolve does not find.
	unknown(of *subject, name string) error
	// call answers a function of params.
	call(name string, args []string) (sel.Value, error)
}

// begin makes room for the results of defs.
func (e *evaluation) begin(defs *param.Definitions) {
	n := defs.Len()
	room := make([]param.Param, 0, n)
	e.params = param.Convert(defs, func(_ string, d *param.Definition) *param.Param {
		room = append(room, param.Param{Definition: *d})
		return &room[len(room)-1]
	})
	if e.state = e.few[:]; n > len(e.few) {
		e.state = make([]state, n)
	}
}

// evaluate returns the result of param i, which it computes unless that has been done.
func (e *evaluation) evaluate(i int) (any, error) {
	name, p := e.params.At(i)
	switch e.state[i] {
	case done:
		return p.Result, nil
	case busy:
		return nil, located{fault.New(fault.BadRequest, "In %s [%s], param [%s] definition contains a cyclic reference chain", e.kind, e.id, name)}
	}
	if plain(&p.Definition) {
		p.Result, p.Time, e.state[i] = p.Value, e.env.Now, done
		return p.Result, nil
	}
	of := subject{name: name}
	e.state[i] = busy
	v, err := e.value(&of, &p.Definition)
	if err == nil {
		err = p.SetResult(v, e.env.Now)
	}
	if err != nil {
		e.state[i] = waiting
		return nil, e.locate(&of, err)
	}
	e.state[i] = done
	return p.Result, nil
}

// all evaluates every param, in order.
func (e *evaluation) all() (*param.Params, error) {
	for i := range e.params.Len() {
		if _, err := e.evaluate(i); err != nil {
			return nil, err
		}
	}
	return e.params, e.weigh()
}

// subject is what is being evaluated: a param, a child of a literal MAP, or (kind is set) something else.
type subject struct {
	kind, name string
	of         *subject // the MAP
}

func (s *subject) path() string {
	if s.of == nil {
		return s.name
	}
	return s.of.path() + "." + s.name
}

func (s *subject) String() string {
	kind := s.kind
	if kind == "" {
		kind = "param"
	}
	return kind + " [" + s.path() + "]"
}

// located is an error that says where it happened.
type located struct{ error }

func (l located) Unwrap() error { return l.error }

// locate says where err happened, unless a param that this one refers to has already done so.
func (e *evaluation) locate(of *subject, err error) error {
	var l located
	if errors.As(err, &l) {
		return l
	}
	return located{fault.New(fault.KindOf(err), "In %s [%s], %s: %w", e.kind, e.id, of, err)}
}
