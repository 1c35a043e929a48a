package sel

import "github.com/segue-run/segue/sel/syntax"

func (c *compiler) newObject(x *syntax.NewObject) eval {
	class, name, pos := c.lib.classes[x.Class], x.Class, x.Pos()
	args := c.exprs(x.Args)
	if class == nil {
		return failing(pos, CodeUnsupported, "there is no class %s", name)
	}
	return func(t *Thread) (Value, error) {
		base, err := t.evaluate(args)
		if err != nil {
			return Value{}, err
		}
		var v Value
		switch {
		case class.New == nil:
			err = Errorf(CodeUnsupported, "%s cannot be made with new", name)
		default:
			v, err = class.New(t, t.stack[base:])
		}
		t.stack = t.stack[:base]
		if err != nil {
			return v, pin(pos, err)
		}
		return v, nil
	}
}

func (c *compiler) newArray(x *syntax.NewArray) eval {
	pos := x.Pos()
	class := c.lib.classes[x.Class]
	if class == nil {
		return failing(pos, CodeUnsupported, "there is no class %s", x.Class)
	}
	typ, ok := class.Type.array()
	if x.N == nil {
		return c.arrayOf(typ, x)
	}
	size := c.expr(x.N)
	return func(t *Thread) (Value, error) {
		n, err := size(t)
		switch {
		case err != nil:
			return n, err
		case n.typ != Long:
			err = Errorf(CodeCast, "the size of an array must be LONG, not %s", n.typ)
		case n.Long() < 0:
			err = Errorf(CodeNegativeSize, "the size of an array must not be negative: %d", n.Long())
		case n.Long() >= t.limits.Array:
			err = Errorf(CodeLimitArray, "an array must have fewer than %d elements, not %d", t.limits.Array, n.Long())
		case !ok:
			err = noArrays(x.Class)
		default:
			if err = t.Alloc(32 + 16*int(n.Long())); err == nil {
				err = t.Work(16 * int(n.Long()))
			}
		}
		if err != nil {
			return Value{}, pin(pos, err)
		}
		return Value{typ: typ, ref: newArray(typ.elem(), int(n.Long()))}, nil
	}
}

func noArrays(class string) *Error {
	return Errorf(CodeUnsupported, "there are no arrays of %s, only of String, long, double and boolean", class)
}

// arrayOf compiles "new T[]{…}". All elements are evaluated before the first is looked at.
func (c *compiler) arrayOf(typ Type, x *syntax.NewArray) eval {
	elems, pos := c.exprs(x.Elems), x.Pos()
	return func(t *Thread) (Value, error) {
		if int64(len(elems)) >= t.limits.Array {
			return Value{}, pin(pos, Errorf(CodeLimitArray, "an array must have fewer than %d elements, not %d", t.limits.Array, len(elems)))
		}
		if err := t.Alloc(32 + 16*len(elems)); err != nil {
			return Value{}, pin(pos, err)
		}
		base, err := t.evaluate(elems)
		if err != nil {
			return Value{}, err
		}
		values := t.stack[base:]
		t.stack = t.stack[:base]
		if typ == Null {
			return Value{}, pin(pos, noArrays(x.Class))
		}
		a := newArray(typ.elem(), len(elems))
		for i, v := range values {
			if v.typ != typ.elem() {
				return v, pin(x.Elems[i].Pos(), Errorf(CodeType, "the array has elements of type %s, not %s", typ.elem(), v.typ))
			}
			a.set(i, v)
		}
		return Value{typ: typ, ref: a}, nil
	}
}
