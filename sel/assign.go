package sel

import "github.com/segue-run/segue/sel/syntax"

// assign compiles "x op= y". The value of x is read before y is evaluated, as in Java.
func (c *compiler) assign(x *syntax.AssignExpr) eval {
	slot, name, op, pos, y := c.slots[x.Name.Name], x.Name.Name, x.Op, x.Pos(), c.expr(x.Y)
	slow := func(t *Thread, old, v Value) (Value, error) {
		if old.typ == unset {
			if err := t.load(slot, name); err != nil {
				return v, pin(pos, err)
			}
			old = t.vars[slot]
		}
		v, err := t.assigned(op, old, v)
		if err != nil {
			return v, pin(pos, err)
		}
		t.vars[slot] = v
		return v, nil
	}
	return func(t *Thread) (Value, error) {
		old := t.vars[slot]
		v, err := y(t)
		if err != nil {
			return v, err
		}
		if old.typ == Long && v.typ == Long {
			switch op {
			case syntax.Assign:
				t.vars[slot] = v
				return v, nil
			case syntax.AddAssign:
				v.num += old.num
				t.vars[slot] = v
				return v, nil
			}
		}
		if old.typ == unset { // y may have given it a value
			old = t.vars[slot]
		}
		return slow(t, old, v)
	}
}

// assignElement compiles "x[i] op= y".
func (c *compiler) assignElement(x *syntax.AssignExpr) eval {
	slot, name, op, pos := c.slots[x.Name.Name], x.Name.Name, x.Op, x.Pos()
	at, i, y := x.Name.Pos(), c.expr(x.Index), c.expr(x.Y)
	return func(t *Thread) (Value, error) {
		index, err := i(t)
		if err != nil {
			return index, err
		}
		base, err := t.variable(slot, name, at)
		if err != nil {
			return base, err
		}
		var old Value
		a := base.array()
		if op != syntax.Assign && a != nil && index.typ == Long && uint64(index.Long()) < uint64(a.Len()) {
			old = a.At(int(index.num))
		}
		v, err := y(t)
		if err != nil {
			return v, err
		}
		switch {
		case index.typ != Long:
			return v, pin(pos, Errorf(CodeCast, "an array index must be LONG, not %s", index.typ))
		case a == nil:
			return v, pin(pos, Errorf(CodeCast, "%s is %s; only elements of arrays can be assigned", name, base.typ))
		case uint64(index.Long()) >= uint64(a.Len()):
			return v, pin(pos, outside(index.Long(), a))
		case op == syntax.Assign:
			old = a.At(int(index.num))
		}
		if v, err = t.assigned(op, old, v); err != nil {
			return v, pin(pos, err)
		}
		if i := int(index.num); a.isLent(i) {
			size := 16 * min(a.Len(), blockLen)
			if err := t.Alloc(32 + size); err != nil {
				return v, pin(pos, err)
			}
			if err := t.Work(size); err != nil {
				return v, pin(pos, err)
			}
		}
		a.set(int(index.num), v)
		return v, nil
	}
}

// assigned returns what a variable or element that holds old (unset for a new variable) holds after "op v".
func (t *Thread) assigned(op syntax.Kind, old, v Value) (Value, error) {
	switch old.typ {
	case unset, absent:
		switch {
		case op != syntax.Assign:
			return Value{}, Errorf(CodeUnsupported, "%s of a name that has no value", op)
		case v.typ.IsData() || v.typ >= DateTime && v.typ <= Days:
			return v, nil
		case v.typ == Null:
			return Value{}, Errorf(CodeUnsupported, "a new variable cannot get its type from null: declare it")
		}
		return Value{}, Errorf(CodeUnsupported, "%s cannot be assigned to a variable", v.typ)
	case Long, Double:
		if v.typ != old.typ {
			return Value{}, Errorf(CodeType, "the variable is %s; %s cannot be assigned to it with %s", old.typ, v.typ, op)
		}
		if op == syntax.Assign {
			return v, nil
		}
		return t.binary(op-syntax.AddAssign+syntax.Add, old, v)
	case String:
		if op == syntax.AddAssign {
			return t.grow(old, v)
		}
	}
	switch {
	case op != syntax.Assign || !old.typ.IsData() && (old.typ < DateTime || old.typ > Days):
		return Value{}, Errorf(CodeUnsupported, "%s is not supported on %s", op, old.typ)
	case v.typ != old.typ:
		return Value{}, Errorf(CodeType, "the variable is %s; %s cannot be assigned to it", old.typ, v.typ)
	}
	return v, nil
}
