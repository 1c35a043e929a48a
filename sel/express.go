package sel

import (
	"fmt"

	"github.com/segue-run/segue/sel/syntax"
)

// expr compiles an expression.
func (c *compiler) expr(x syntax.Expr) eval {
	c.nodes++
	switch x := x.(type) {
	case *syntax.Literal:
		v := constant(x.Value)
		return func(*Thread) (Value, error) { return v, nil }
	case *syntax.Name:
		return c.name(x)
	case *syntax.Unary:
		op, pos, operand := x.Op, x.Pos(), c.expr(x.X)
		return func(t *Thread) (Value, error) {
			v, err := operand(t)
			if err != nil {
				return v, err
			}
			if v, err = unary(op, v); err != nil {
				return v, pin(pos, err)
			}
			return v, nil
		}
	case *syntax.Binary:
		if x.Op == syntax.And || x.Op == syntax.Or {
			return c.logic(x)
		}
		return c.binary(x)
	case *syntax.Cond:
		return c.ternary(x)
	case *syntax.AssignExpr:
		if x.Index != nil {
			return c.assignElement(x)
		}
		return c.assign(x)
	case *syntax.Index:
		return c.index(x)
	case *syntax.Field:
		return c.field(x)
	case *syntax.Call:
		return c.call(x)
	case *syntax.NewObject:
		return c.newObject(x)
	case *syntax.NewArray:
		return c.newArray(x)
	}
	panic(fmt.Sprintf("sel: no way to compile %T", x))
}

// constant returns the value of a literal.
func constant(v any) Value {
	switch v := v.(type) {
	case int64:
		return LongOf(v)
	case float64:
		return DoubleOf(v)
	case string:
		return StringOf(v)
	case bool:
		return BooleanOf(v)
	}
	return Value{}
}

func (c *compiler) name(x *syntax.Name) eval {
	slot, name, pos := c.slots[x.Name], x.Name, x.Pos()
	return func(t *Thread) (Value, error) {
		if v := t.vars[slot]; v.typ < unset {
			return v, nil
		}
		return t.variable(slot, name, pos)
	}
}

// variable returns the value of a slot that holds none yet: the input of that name, or NULL.
func (t *Thread) variable(slot int, name string, pos int) (Value, error) {
	if err := t.load(slot, name); err != nil {
		return Value{}, pin(pos, err)
	}
	if v := t.vars[slot]; v.typ < unset {
		return v, nil
	}
	return Value{}, nil
}

// load fills a slot from the input, if the input was not asked yet.
func (t *Thread) load(slot int, name string) error {
	if t.vars[slot].typ != unset {
		return nil
	}
	v, ok, err := t.input(name)
	switch {
	case err != nil:
		return err
	case !ok:
		v = Value{typ: absent}
	}
	t.vars[slot] = v
	return nil
}

// logic compiles && and ||, which evaluate their right operand only when the left one leaves the result open.
func (c *compiler) logic(x *syntax.Binary) eval {
	l, r, op, pos := c.expr(x.X), c.expr(x.Y), x.Op, x.Pos()
	decides := BooleanOf(op == syntax.Or)
	return func(t *Thread) (Value, error) {
		a, err := l(t)
		if err != nil {
			return a, err
		}
		if a.typ == Boolean && a.num == decides.num {
			return a, nil
		}
		b, err := r(t)
		if err != nil {
			return b, err
		}
		if a.typ == Boolean && b.typ == Boolean {
			return b, nil
		}
		v, err := t.binary(op, a, b)
		if err != nil {
			return v, pin(pos, err)
		}
		return v, nil
	}
}

// binary compiles an operator. Integers, the common case, are done on the spot.
func (c *compiler) binary(x *syntax.Binary) eval {
	l, r, op, pos := c.expr(x.X), c.expr(x.Y), x.Op, x.Pos()
	slow := func(t *Thread, a, b Value) (Value, error) {
		v, err := t.binary(op, a, b)
		if err != nil {
			return v, pin(pos, err)
		}
		return v, nil
	}
	var fast func(a, b int64) Value
	switch op {
	case syntax.Add:
		return func(t *Thread) (Value, error) {
			a, err := l(t)
			if err != nil {
				return a, err
			}
			b, err := r(t)
			if err != nil {
				return b, err
			}
			if a.typ == Long && b.typ == Long {
				return Value{typ: Long, num: a.num + b.num}, nil
			}
			return slow(t, a, b)
		}
	case syntax.Lt:
		return func(t *Thread) (Value, error) {
			a, err := l(t)
			if err != nil {
				return a, err
			}
			b, err := r(t)
			if err != nil {
				return b, err
			}
			if a.typ == Long && b.typ == Long {
				return BooleanOf(int64(a.num) < int64(b.num)), nil
			}
			return slow(t, a, b)
		}
	case syntax.Sub:
		fast = func(a, b int64) Value { return LongOf(a - b) }
	case syntax.Mul:
		fast = func(a, b int64) Value { return LongOf(a * b) }
	case syntax.Eq:
		fast = func(a, b int64) Value { return BooleanOf(a == b) }
	case syntax.Ne:
		fast = func(a, b int64) Value { return BooleanOf(a != b) }
	case syntax.Gt:
		fast = func(a, b int64) Value { return BooleanOf(a > b) }
	case syntax.Le:
		fast = func(a, b int64) Value { return BooleanOf(a <= b) }
	case syntax.Ge:
		fast = func(a, b int64) Value { return BooleanOf(a >= b) }
	}
	return func(t *Thread) (Value, error) {
		a, err := l(t)
		if err != nil {
			return a, err
		}
		b, err := r(t)
		if err != nil {
			return b, err
		}
		if fast != nil && a.typ == Long && b.typ == Long {
			return fast(a.Long(), b.Long()), nil
		}
		return slow(t, a, b)
	}
}

func (c *compiler) ternary(x *syntax.Cond) eval {
	cond, yes, no, pos := c.expr(x.C), c.expr(x.X), c.expr(x.Y), x.Pos()
	return func(t *Thread) (Value, error) {
		v, err := cond(t)
		switch {
		case err != nil:
			return v, err
		case v.typ != Boolean:
			return v, pin(pos, Errorf(CodeCast, "the condition of ?: must be BOOLEAN, not %s", v.typ))
		case v.Boolean():
			return yes(t)
		}
		return no(t)
	}
}

func outside(i int64, a *Array) *Error {
	return Errorf(CodeIndex, "index %d is outside of the array, which has %d elements", i, a.Len())
}

func (c *compiler) index(x *syntax.Index) eval {
	base, i, pos := c.expr(x.X), c.expr(x.I), x.Pos()
	return func(t *Thread) (Value, error) {
		b, err := base(t)
		if err != nil {
			return b, err
		}
		index, err := i(t)
		if err != nil {
			return index, err
		}
		switch index.typ {
		case Long:
			a := b.array()
			switch {
			case a == nil:
				return b, pin(pos, Errorf(CodeCast, "%s has no elements; only arrays do", b.typ))
			case uint64(index.Long()) >= uint64(a.Len()):
				return b, pin(pos, outside(index.Long(), a))
			}
			return a.At(int(index.num)), nil
		case String:
			if b.typ != Params {
				return b, pin(pos, Errorf(CodeCast, "only params takes a STRING in brackets, not %s; a map has get", b.typ))
			}
			v, _, err := t.input(text(index))
			if err != nil {
				return v, pin(pos, err)
			}
			return v, nil
		}
		return b, pin(pos, Errorf(CodeArgument, "an index must be LONG, not %s", index.typ))
	}
}

func (c *compiler) field(x *syntax.Field) eval {
	base, name, pos := c.expr(x.X), x.Name, x.Pos()
	fields := c.lib.fields[name]
	length := name == "length"
	return func(t *Thread) (Value, error) {
		b, err := base(t)
		if err != nil {
			return b, err
		}
		var v Value
		switch {
		case length && b.typ.IsArray():
			return LongOf(int64(b.array().Len())), nil
		case b.typ == Params:
			v, _, err = t.input(name)
		case fields != nil && fields[b.typ] != nil:
			v, err = fields[b.typ].Get(t, b)
		default:
			err = Errorf(CodeUnsupported, "%s has no field %s", b.typ, name)
		}
		if err != nil {
			return v, pin(pos, err)
		}
		return v, nil
	}
}

func (c *compiler) exprs(list []syntax.Expr) []eval {
	out := make([]eval, len(list))
	for i, x := range list {
		out[i] = c.expr(x)
	}
	return out
}

// evaluate pushes the values of list on the stack of arguments and returns where they begin.
func (t *Thread) evaluate(list []eval) (int, error) {
	base := len(t.stack)
	for _, x := range list {
		v, err := x(t)
		if err != nil {
			return base, err
		}
		t.stack = append(t.stack, v)
	}
	return base, nil
}
