// Package eval turns definitions of params into values: it fills ${names} into literals, runs expressions, and decides
// what a name means where.
//
// Above it are param and sel; the edge calls Launch and Workflow when a run is started, engine calls Step and
// Condition. It is pure: the instant, the random seed and the other steps come in as arguments, and the same arguments
// give the same result.
//
// The one thing to know before changing it: inside a step, a name that is not evaluated yet means the workflow param of
// that name if there is one, so the order of the definitions counts (see stepScope.resolve). It is surprising, and
// definitions rely on it.
//
// All errors are the author's (fault.BadRequest) unless a limit of time or a cancellation says otherwise; they name the
// param, and for expressions line and column. Where a value is not at hand yet, the error is sel.ErrNotHere.
package eval

import (
	"errors"
	"hash/fnv"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Separator divides a step id from the name of its param in a reference.
const Separator = "__"

// Env is what an evaluation gets besides the params.
type Env struct {
	Now      int64      // epoch milliseconds
	Seed     uint64     // of random functions; each param draws from a stream of its own
	Limits   sel.Limits // of each expression
	Programs *sel.Cache // nil = compile each time
	// Ext answers functions of params that eval does not know; may be nil.
	Ext sel.Extension
	// Signal returns a param of the signal that started the run, for the reference signal__param; nil = no signal did.
	Signal func(signal, param string) (any, error)
	// Done, when closed, stops the evaluation; may be nil. Why says why, see sel.Input.
	Done <-chan struct{}
	Why  func() error
}

// Upstream shows the other steps of a run.
type Upstream interface {
	// KnownStep reports whether the run has a step of this id.
	KnownStep(id string) bool
	// StepParam returns a param of another step; false if the step has no such param. An error says that it cannot be
	// known, such as for a step that has not run.
	StepParam(id, name string) (*param.Param, bool, error)
}

// scope says what names mean for the params that are evaluated in it.
type scope interface {
	// resolve returns the value of a name that the param refers to. found is false if there is none.
	resolve(name string) (v any, found bool, err error)
	// computed is resolve for a name that a program computes (params['x']): a param whose evaluation is under way is
	// absent, which is no error.
	computed(name string) (v any, found bool, err error)
	// unknown returns the error for a name that resolve does not find.
	unknown(of subject, name string) error
	// call answers a function of params.
	call(name string, args []string) (sel.Value, error)
}

// subject is what is being evaluated: for errors, and as the seed of its random numbers.
type subject struct{ kind, name string }

func theParam(name string) subject { return subject{"param", name} }

func (of subject) child(name string) subject { return subject{of.kind, of.name + "." + name} }

func (of subject) String() string { return of.kind + " [" + of.name + "]" }

// value evaluates a definition in a scope.
func (env *Env) value(s scope, of subject, d *param.Definition) (any, error) {
	if d.Expression != "" {
		return env.expression(s, of, d.Expression)
	}
	fill := func(text string) (string, error) { return fill(s, of, text) }
	switch v := d.Value.(type) {
	case string:
		return fill(v)
	case []string:
		return each(v, fill)
	case param.Decimal:
		return v.Float(), nil
	case []param.Decimal:
		return each(v, func(d param.Decimal) (float64, error) { return d.Float(), nil })
	case *param.Strings:
		o := new(param.Object)
		for key, text := range v.All() {
			key, err := fill(key)
			if err != nil {
				return nil, err
			}
			if text, err = fill(text); err != nil {
				return nil, err
			}
			o.Set(key, text)
		}
		return o, nil
	case *param.Definitions:
		return env.object(s, of, v)
	case nil:
		return nil, required(of.name, d.Type)
	}
	return d.Value, nil
}

func required(name string, t param.Type) error {
	return fault.New(fault.BadRequest, "[%s] is a required parameter (type=[%s])", name, t)
}

// object evaluates a literal MAP. Its children are evaluated in the scope that the MAP is in and do not see each other;
// each result takes the type that the child declares.
func (env *Env) object(s scope, of subject, defs *param.Definitions) (*param.Object, error) {
	o := new(param.Object)
	for name, d := range defs.All() {
		of := of.child(name)
		if d.Value == nil && d.Expression == "" && d.InternalMode() == "OPTIONAL" {
			continue
		}
		v, err := env.value(s, of, d)
		if err != nil {
			return nil, err
		}
		v, _, err = param.Coerce(d.Type, v)
		if err != nil {
			return nil, fault.In(err, "%s", of)
		}
		o.Set(name, v)
	}
	return o, nil
}

func each[S, T any](in []S, one func(S) (T, error)) ([]T, error) {
	out := make([]T, len(in))
	for i, v := range in {
		var err error
		if out[i], err = one(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fill replaces the references in a text.
func fill(s scope, of subject, text string) (string, error) {
	if strings.IndexByte(text, '$') < 0 {
		return text, nil
	}
	return sel.CompileTemplate(text).Expand(func(name string) (string, error) {
		v, found, err := s.resolve(name)
		if err != nil {
			return "", err
		}
		if !found {
			return "", fault.In(s.unknown(of, name), "Cannot interpolate [%s] as param [%s] is not found", text, name)
		}
		value, err := toSEL(v)
		return sel.TextOf(value), err
	})
}

// expression runs a program. The names in it are resolved before it runs, in their order, whether it will read them or
// not, so that a reference to nothing is an error on every path.
func (env *Env) expression(s scope, of subject, text string) (any, error) {
	p, err := env.compile(text)
	if err != nil {
		return nil, failed(of, err)
	}
	var inputs [8]sel.Value
	values := inputs[:0]
	refs, computes := p.Refs(), false
	for _, name := range refs {
		if name == "params" {
			computes = true
			values = append(values, sel.Value{})
			continue
		}
		v, found, err := s.resolve(name)
		if err == nil && !found {
			err = s.unknown(of, name)
		}
		if err != nil {
			return nil, err
		}
		value, err := toSEL(v)
		if err != nil {
			return nil, failed(of, err)
		}
		values = append(values, value)
	}
	in := sel.Input{Now: env.Now, Seed: env.seed(of.name), Limits: env.Limits, Done: env.Done, Why: env.Why, Ext: extension{s, env.Ext}}
	in.Lookup = func(name string) (sel.Value, bool, error) {
		for i, ref := range refs {
			if ref == name {
				return values[i], true, nil
			}
		}
		if !computes {
			return sel.Value{}, false, nil // a variable that the program is about to set
		}
		v, found, err := s.computed(name)
		if err != nil || !found {
			return sel.Value{}, false, err
		}
		value, err := toSEL(v)
		return value, true, err
	}
	res, err := p.Eval(&in)
	if err != nil {
		return nil, failed(of, err)
	}
	if res.Value.Type() == sel.Thrown {
		return nil, fault.New(fault.BadRequest, "the expression of %s has thrown: %s", of, sel.TextOf(res.Value))
	}
	v, err := sel.ToGo(res.Value)
	if err != nil {
		return nil, failed(of, err)
	}
	return fromSEL(v), nil
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

func (env *Env) compile(text string) (*sel.Program, error) {
	if env.Programs == nil {
		return sel.Compile(sel.Prepare(text))
	}
	return env.Programs.Compile(sel.Prepare(text))
}

// seed gives each param its own random numbers.
func (env *Env) seed(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash cannot fail
	return env.Seed ^ h.Sum64()
}

// failed says what an expression belongs to. The chain keeps the *sel.Error with its place, and sel.ErrNotHere.
func failed(of subject, err error) error {
	return fault.New(fault.KindOf(err), "cannot evaluate the expression of %s: %w", of, err)
}

// toSEL turns a param's value into one of the language.
func toSEL(v any) (sel.Value, error) {
	if o, ok := v.(*param.Object); ok {
		v = ordered(o)
	}
	return sel.FromGo(v)
}

func ordered(o *param.Object) sel.OrderedMap {
	m := make(sel.OrderedMap, 0, o.Len())
	for k, v := range o.All() {
		if inner, ok := v.(*param.Object); ok {
			v = ordered(inner)
		}
		m = append(m, sel.Entry{Key: k, Value: v})
	}
	return m
}

// fromSEL turns a value of the language into one of a param; null entries of maps are left out.
func fromSEL(v any) any {
	m, ok := v.(sel.OrderedMap)
	if !ok {
		return v
	}
	o := new(param.Object)
	for _, e := range m {
		if e.Value != nil {
			o.Set(e.Key, fromSEL(e.Value))
		}
	}
	return o
}

// extension answers functions of params: those of the scope first, then the caller's.
type extension struct {
	scope scope
	rest  sel.Extension
}

// Call implements sel.Extension.
func (e extension) Call(name string, args []string) (sel.Value, error) {
	v, err := e.scope.call(name, args)
	if errors.Is(err, sel.ErrNoFunction) && e.rest != nil {
		return e.rest.Call(name, args)
	}
	return v, err
}
