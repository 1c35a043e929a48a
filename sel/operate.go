package sel

import (
	"math"

	"github.com/segue-run/segue/sel/syntax"
)

// binary applies a binary operator. The type of the left operand decides which rules hold.
func (t *Thread) binary(op syntax.Kind, a, b Value) (Value, error) {
	switch a.typ {
	case Long:
		switch b.typ {
		case Long:
			return longs(op, a.Long(), b.Long())
		case Double:
			return doubles(op, float64(a.Long()), b.Double())
		case String:
			return t.strings(op, StringOf(text(a)), b)
		case Null:
			if v, ok := againstNull(op, false); ok {
				return v, nil
			}
		}
		return Value{}, mismatch(op, a, b)
	case Double:
		switch b.typ {
		case Double:
			return doubles(op, a.Double(), b.Double())
		case Long:
			return doubles(op, a.Double(), float64(b.Long()))
		case String:
			return t.strings(op, StringOf(text(a)), b)
		case Null:
			if v, ok := againstNull(op, false); ok {
				return v, nil
			}
			return Value{}, noOperator(op, a, b)
		}
		switch {
		case !hasPayload(b):
			return Value{}, noOperator(op, a, b)
		case b.IsNull():
			return Value{}, Errorf(CodeNull, "DOUBLE %s %s: the %s is null", op, b.typ, b.typ)
		}
		return Value{}, Errorf(CodeCast, "DOUBLE %s %s: the right operand must be a number", op, b.typ)
	case String:
		return t.strings(op, a, b)
	case Boolean:
		switch {
		case b.typ == Boolean:
			switch op {
			case syntax.And:
				return BooleanOf(a.Boolean() && b.Boolean()), nil
			case syntax.Or:
				return BooleanOf(a.Boolean() || b.Boolean()), nil
			case syntax.Eq:
				return BooleanOf(a.num == b.num), nil
			case syntax.Ne:
				return BooleanOf(a.num != b.num), nil
			}
			return Value{}, noOperator(op, a, b)
		case b.typ == Null:
			if v, ok := againstNull(op, false); ok {
				return v, nil
			}
		}
		return Value{}, mismatch(op, a, b)
	case Null:
		if !hasPayload(b) {
			return Value{}, noOperator(op, a, b)
		}
		if v, ok := againstNull(op, b.IsNull()); ok {
			return v, nil
		}
		switch op {
		case syntax.Lt, syntax.Gt:
			return BooleanOf(false), nil
		case syntax.Add:
			s, err := t.text(b)
			if err != nil {
				return Value{}, err
			}
			return t.concat("null", s)
		}
	}
	return Value{}, noOperator(op, a, b)
}

// againstNull is x == null and x != null; isNull says whether x is.
func againstNull(op syntax.Kind, isNull bool) (Value, bool) {
	switch op {
	case syntax.Eq:
		return BooleanOf(isNull), true
	case syntax.Ne:
		return BooleanOf(!isNull), true
	}
	return Value{}, false
}

// hasPayload reports whether v can be compared with null and printed: the singletons and UUIDs cannot.
func hasPayload(v Value) bool {
	switch v.typ {
	case UUID, Params, Util, Misc, Math, Void:
		return false
	}
	return true
}

func longs(op syntax.Kind, a, b int64) (Value, error) {
	switch op {
	case syntax.Add:
		return LongOf(a + b), nil
	case syntax.Sub:
		return LongOf(a - b), nil
	case syntax.Mul:
		return LongOf(a * b), nil
	case syntax.Div, syntax.Rem:
		switch {
		case b == 0:
			return Value{}, Errorf(CodeArith, "%d %s 0: division by zero", a, op)
		case op == syntax.Div:
			return LongOf(a / b), nil
		}
		return LongOf(a % b), nil
	case syntax.Eq:
		return BooleanOf(a == b), nil
	case syntax.Ne:
		return BooleanOf(a != b), nil
	case syntax.Lt:
		return BooleanOf(a < b), nil
	case syntax.Gt:
		return BooleanOf(a > b), nil
	case syntax.Le:
		return BooleanOf(a <= b), nil
	case syntax.Ge:
		return BooleanOf(a >= b), nil
	}
	return Value{}, noOperator(op, LongOf(a), LongOf(b))
}

func doubles(op syntax.Kind, a, b float64) (Value, error) {
	switch op {
	case syntax.Add:
		return DoubleOf(a + b), nil
	case syntax.Sub:
		return DoubleOf(a - b), nil
	case syntax.Mul:
		return DoubleOf(a * b), nil
	case syntax.Div:
		return DoubleOf(a / b), nil
	case syntax.Rem:
		return DoubleOf(math.Mod(a, b)), nil
	case syntax.Eq:
		return BooleanOf(a == b), nil
	case syntax.Ne:
		return BooleanOf(a != b), nil
	case syntax.Lt:
		return BooleanOf(a < b), nil
	case syntax.Gt:
		return BooleanOf(a > b), nil
	case syntax.Le:
		return BooleanOf(a <= b), nil
	case syntax.Ge:
		return BooleanOf(a >= b), nil
	}
	return Value{}, noOperator(op, DoubleOf(a), DoubleOf(b))
}

// strings applies an operator to a text on the left.
func (t *Thread) strings(op syntax.Kind, a, b Value) (Value, error) {
	switch op {
	case syntax.Add:
		if !hasPayload(b) {
			return Value{}, noOperator(op, a, b)
		}
		if b.typ == String {
			return t.concat(text(a), text(b))
		}
		s, err := t.text(b)
		if err != nil {
			return Value{}, err
		}
		return t.concat(text(a), s)
	case syntax.Eq, syntax.Ne:
		switch {
		case b.typ == Null:
			v, _ := againstNull(op, a.IsNull())
			return v, nil
		case b.typ != String:
			return Value{}, mismatch(op, a, b)
		}
		if err := t.Work(min(int(a.num), int(b.num))); err != nil {
			return Value{}, err
		}
		return BooleanOf((a.IsNull() == b.IsNull() && a.Str() == b.Str()) == (op == syntax.Eq)), nil
	}
	return Value{}, noOperator(op, a, b)
}

// concat returns a followed by b as a new string.
func (t *Thread) concat(a, b string) (Value, error) {
	if err := t.AllocString(len(a) + len(b)); err != nil {
		return Value{}, err
	}
	if len(a)+len(b) < blockSize {
		return StringOf(concat(a, b)), nil
	}
	both := builder{t: t, paid: true, buf: uncleared(len(a) + len(b))}
	both.add(a)
	both.add(b)
	return both.value()
}

// unary applies -, + or !.
func unary(op syntax.Kind, v Value) (Value, error) {
	switch {
	case op == syntax.Not && v.typ == Boolean:
		return BooleanOf(!v.Boolean()), nil
	case op == syntax.Add && (v.typ == Long || v.typ == Double):
		return v, nil
	case op == syntax.Sub && v.typ == Long:
		return LongOf(-v.Long()), nil
	case op == syntax.Sub && v.typ == Double:
		return DoubleOf(-v.Double()), nil
	}
	return Value{}, Errorf(CodeUnsupported, "%s has no unary %s", v.typ, op)
}

func noOperator(op syntax.Kind, a, b Value) *Error {
	if a.typ == String && b.typ == String && op >= syntax.Lt && op <= syntax.Ge {
		return Errorf(CodeUnsupported, "STRING has no %s; compare with compareTo", op)
	}
	return Errorf(CodeUnsupported, "%s %s %s is not supported", a.typ, op, b.typ)
}

func mismatch(op syntax.Kind, a, b Value) *Error {
	return Errorf(CodeType, "%s %s %s: the types do not go together", a.typ, op, b.typ)
}
