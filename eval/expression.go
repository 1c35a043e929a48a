package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/sel"
)

// expression runs a program. The names in it are resolved before it runs, in the order of the alphabet, whether it will
// read them or not, so that a reference to nothing is an error on every path.
func (e *evaluation) expression(of *subject, text string) (any, error) {
	p, err := e.env.compile(text)
	if err != nil {
		return nil, e.failed(of, err)
	}
	c := &call{e: e, refs: p.Refs()}
	c.values = c.few[:0]
	for _, name := range c.refs {
		if name == "params" {
			c.computes = true
			c.values = append(c.values, sel.Value{})
			continue
		}
		v, found, err := e.names.resolve(name)
		if err == nil && !found {
			err = e.names.unknown(of, name)
		}
		if err != nil {
			return nil, err
		}
		value, err := toSEL(v)
		if err != nil {
			return nil, e.failed(of, err)
		}
		c.values = append(c.values, value)
	}
	env := &e.env
	c.in = sel.Input{Now: env.Now, Seed: env.seed(of), Limits: env.Budget.within(env.Limits), Done: env.Done, Why: env.Why, Ext: c, Lookup: c.lookup}
	res, err := p.Eval(&c.in)
	if err = env.Budget.spend(env.Limits, &res, err); err != nil {
		return nil, e.failed(of, err)
	}
	if res.Value.Type() == sel.Thrown {
		return nil, located{fault.New(fault.BadRequest, "In %s [%s], the expression of %s has thrown: %s", e.kind, e.id, of, sel.TextOf(res.Value))}
	}
	v, err := sel.ToGo(res.Value)
	if err != nil {
		return nil, e.failed(of, err)
	}
	return fromSEL(v), nil
}

// call is one evaluation of a program, and what the program may ask for.
type call struct {
	e        *evaluation
	refs     []string
	values   []sel.Value // of refs
	few      [4]sel.Value
	computes bool // the program uses params
	in       sel.Input
}

// lookup returns the value of a name.
func (c *call) lookup(name string) (sel.Value, bool, error) {
	if i := slices.Index(c.refs, name); i >= 0 {
		return c.values[i], true, nil
	}
	if !c.computes {
		return sel.Value{}, false, nil // a variable that the program is about to set
	}
	v, found, err := c.e.names.computed(name)
	if err != nil || !found {
		return sel.Value{}, false, err
	}
	value, err := toSEL(v)
	return value, true, err
}

// Call implements sel.Extension: functions of params are answered by the scope, then by the caller's extension.
func (c *call) Call(name string, args []string) (sel.Value, error) {
	v, err := c.e.names.call(name, args)
	if errors.Is(err, sel.ErrNoFunction) && c.e.env.Ext != nil {
		return c.e.env.Ext.Call(name, args)
	}
	return v, err
}

func (env *Env) compile(text string) (*sel.Program, error) {
	if env.Programs == nil {
		return sel.Compile(sel.Prepare(text))
	}
	return env.Programs.Compile(sel.Prepare(text))
}

// seed gives each param its own random numbers.
func (env *Env) seed(of *subject) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for ; of != nil; of = of.of {
		for i := range len(of.name) {
			h = (h ^ uint64(of.name[i])) * 1099511628211
		}
		h *= 1099511628211 // a byte that no name has
	}
	return env.Seed ^ h
}

// failed says that an expression is at fault. The details are the line of the program and the caret under the place; the
// chain keeps the *sel.Error and sel.ErrNotHere. An error of a param that the program has asked for stays as it is.
func (e *evaluation) failed(of *subject, err error) error {
	var l located
	if errors.As(err, &l) {
		return l
	}
	out := &fault.Error{
		Kind: fault.KindOf(err), Details: fault.DetailsOf(err), Cause: err,
		Message: fmt.Sprintf("In %s [%s], cannot evaluate the expression of %s", e.kind, e.id, of),
	}
	var bad *sel.Error
	if errors.As(err, &bad) && bad.Line > 0 {
		picture := strings.TrimPrefix(bad.Caret(), bad.Error()+"\n")
		line, caret, _ := strings.Cut(picture, "\n")
		out.Details = []string{strings.TrimPrefix(line, "  "), strings.TrimPrefix(caret, "  ")}
	}
	return located{out}
}
