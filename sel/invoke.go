package sel

import (
	"errors"
	"strconv"

	"github.com/segue-run/segue/sel/syntax"
)

// call compiles a method call. Which methods have the name and number of arguments is known beforehand; which of them
// is meant depends on the type of the receiver.
func (c *compiler) call(x *syntax.Call) eval {
	recv, args, name, pos := c.expr(x.X), c.exprs(x.Args), x.Name, x.Pos()
	methods := c.lib.candidates(name, len(args))
	return func(t *Thread) (Value, error) {
		r, err := recv(t)
		if err != nil {
			return r, err
		}
		base, err := t.evaluate(args)
		if err != nil {
			return Value{}, err
		}
		var v Value
		if m := methods[r.typ]; m != nil {
			if v, err = m.Call(t, r, t.stack[base:]); err != nil && m.Wraps {
				err = wrapped(err, name, len(args))
			}
		} else if r.typ == Params {
			v, err = t.extension(name, t.stack[base:])
		} else {
			err = noMethod(c.lib, r, name, len(args))
		}
		t.stack = t.stack[:base]
		if err != nil {
			return v, pin(pos, err)
		}
		return v, nil
	}
}

// wrapped is the failure of a method that reports every failure as CodeCall. Limits and cancellation stay what they
// are.
func wrapped(err error, name string, n int) error {
	e, ok := err.(*Error)
	if !ok {
		e = Errorf(CodeArgument, "%w", err)
	}
	switch e.Code {
	case CodeLimitVisit, CodeLimitMemory, CodeLimitString, CodeLimitArray, CodeLimitDeadline, CodeCancelled:
		return e
	}
	outer := Errorf(CodeCall, "%s with %s failed: %s", name, counted(n, "argument"), e.Message)
	outer.Cause = e
	return outer
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

func noMethod(lib *bindings, r Value, name string, n int) *Error {
	if of := lib.methods[name]; of != nil && len(of[r.typ]) > 0 {
		takes := ""
		for i, m := range of[r.typ] {
			if i > 0 {
				takes += " or "
			}
			takes += strconv.Itoa(m.Arity)
		}
		return Errorf(CodeUnsupported, "%s.%s takes %s arguments, not %d", r.typ, name, takes, n)
	}
	if r.typ == Null {
		return Errorf(CodeUnsupported, "NULL has no method %s: the name before it has no value", name)
	}
	return Errorf(CodeUnsupported, "%s has no method %s with %s", r.typ, name, counted(n, "argument"))
}

// paramsClass is the object params. Its other methods are extension functions.
func paramsClass() *Class {
	return &Class{
		Type: Params,
		Methods: []Method{
			{Name: "get", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				if args[0].typ != String {
					return Value{}, wants(CodeCast, "params.get", "STRING", args[0])
				}
				v, _, err := t.input(text(args[0]))
				return v, err
			}},
			{Name: "containsKey", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				if args[0].typ != String {
					return Value{}, wants(CodeCast, "params.containsKey", "STRING", args[0])
				}
				_, ok, err := t.input(text(args[0]))
				return BooleanOf(ok), err
			}},
		},
	}
}

// mostExtensionArgs is how many arguments an extension function can have.
const mostExtensionArgs = 3

// extension calls an extension function.
func (t *Thread) extension(name string, args []Value) (Value, error) {
	none := func() error {
		return Errorf(CodeUnsupported, "params has no function %s with %s of these types: %s", name, counted(len(args), "argument"), typesOf(args))
	}
	if t.in.Ext == nil || len(args) > mostExtensionArgs {
		return Value{}, none()
	}
	texts := make([]string, len(args))
	for i, v := range args {
		if v.typ != String {
			return Value{}, none()
		}
		texts[i] = sound(text(v))
	}
	if err := t.Visit(1); err != nil {
		return Value{}, err
	}
	v, err := t.in.Ext.Call(name, texts)
	switch {
	case errors.Is(err, ErrNoFunction):
		return Value{}, none()
	case err != nil:
		return Value{}, outer(err, "params."+name)
	}
	return t.adopt(v, 0)
}

// outer is the failure of something outside of the language.
func outer(err error, what string) error {
	var e *Error
	if errors.As(err, &e) && e.Code != CodeExtension {
		return e
	}
	return Errorf(CodeExtension, "%s: %w", what, err)
}

// input returns the input of the given name.
func (t *Thread) input(name string) (Value, bool, error) {
	if err := t.Visit(1); err != nil {
		return Value{}, false, err
	}
	if t.in.Lookup == nil {
		return Value{}, false, nil
	}
	t.read(name)
	v, ok, err := t.in.Lookup(name)
	switch {
	case err != nil:
		return Value{}, false, outer(err, "the value of "+name)
	case !ok:
		return Value{}, false, nil
	}
	v, err = t.adopt(v, 0)
	return v, true, err
}

// read notes that a name was asked for.
func (t *Thread) read(name string) {
	if len(t.reads) > 16 {
		if t.readSet == nil {
			t.readSet = make(map[string]bool, 64)
			for _, n := range t.reads {
				t.readSet[n] = true
			}
		}
		if t.readSet[name] {
			return
		}
		t.readSet[name] = true
		t.reads = append(t.reads, name)
		return
	}
	for _, n := range t.reads {
		if n == name {
			return
		}
	}
	t.reads = append(t.reads, name)
}

// adopt makes a value from outside the program's own: what it does to arrays and maps stays inside.
func (t *Thread) adopt(v Value, depth int) (Value, error) {
	switch {
	case v.typ >= unset:
		return Value{}, nil
	case v.typ.IsArray():
		if v.ref == nil {
			return defaultOf(v.typ), nil
		}
		v.ref = v.array().view()
		return v, t.Alloc(48)
	case v.typ == Map && v.ref != nil:
		if depth > deepest {
			return v, Errorf(CodeArgument, "an input map is nested more than %d deep", deepest)
		}
		m := v.table()
		if err := t.Alloc(32 + 64*m.Len()); err != nil {
			return v, err
		}
		own, err := m.copy(t.Work, func(inner Value) (Value, error) { return t.adopt(inner, depth+1) })
		if err != nil {
			return v, err
		}
		v.ref = own
		return v, nil
	}
	return v, nil
}
