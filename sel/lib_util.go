package sel

import "math"

func utilClass() *Class {
	return &Class{
		Type:  Util,
		Bound: []string{"Util"},
		Methods: append([]Method{
			{Name: "toJson", Arity: Variadic, Call: toJSON},
			{Name: "intsBetween", Arity: 3, Call: intsBetween},
		}, dateUtilMethods()...),
	}
}

// toJSON is Util.toJson(x).
func toJSON(t *Thread, _ Value, args []Value) (Value, error) {
	for _, v := range args {
		if err := t.unbox(v); err != nil {
			return Value{}, err
		}
	}
	if len(args) != 1 {
		return Value{}, Errorf(CodeArgument, "toJson takes one argument, not %d", len(args))
	}
	if v := args[0]; !v.typ.IsData() && v.Type() != Null {
		return Value{}, Errorf(CodeUnsupported, "%s has no JSON form", v.Type())
	}
	p := t.printer(true)
	p.value(args[0], 0)
	if p.err != nil {
		return Value{}, p.err
	}
	return ofBytes(p.buf), nil
}

// intsBetween is Util.intsBetween(from, to, step): from, from+step, … up to but without to.
func intsBetween(t *Thread, _ Value, args []Value) (Value, error) {
	var n [3]int64
	for i, v := range args {
		switch v.typ {
		case Long:
			n[i] = v.Long()
		case String:
			var err error
			if n[i], err = t.parseLong(v); err != nil {
				return Value{}, err
			}
		default:
			return Value{}, wants(CodeArgument, "intsBetween", "STRING or LONG", v)
		}
		if n[i] < math.MinInt32 || n[i] > math.MaxInt32 {
			return Value{}, Errorf(CodeNumber, "intsBetween takes integers of 32 bits, not %d", n[i])
		}
	}
	from, to, step := n[0], n[1], n[2]
	count := int64(0)
	switch {
	case step > 0 && from < to:
		count = (to - from + step - 1) / step
	case step < 0 && from > to:
		count = (from - to - step - 1) / -step
	case step == 0 && from > to:
		return Value{}, Errorf(CodeArgument, "intsBetween(%d, %d, 0) would never end: the step must not be 0", from, to)
	}
	if err := t.Alloc(32 + 16*int(count)); err != nil {
		return Value{}, err
	}
	out := &Array{elem: Long, n: int(count)}
	for i := range count {
		if i%blockLen == 0 {
			if err := t.Visit(1 + min(count-i, blockLen)/8); err != nil {
				return Value{}, err
			}
		}
		out.longs = push(out.longs, from+i*step)
	}
	return Value{typ: LongArray, ref: out}, nil
}
