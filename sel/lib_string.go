package sel

import (
	"math"
	"strings"

	"github.com/segue-run/segue/sel/syntax"
)

func stringClass() *Class {
	return &Class{
		Type:  String,
		Names: []string{"String"},
		New: func(t *Thread, args []Value) (Value, error) {
			switch {
			case len(args) == 0:
				return StringOf(""), nil
			case len(args) == 1 && args[0].typ == String:
				return args[0], nil
			case len(args) == 1 && args[0].typ == Long:
				return t.NewString(text(args[0]))
			}
			return Value{}, Errorf(CodeArgument, "new String takes nothing, or one STRING or LONG, not %s", typesOf(args))
		},
		Methods: []Method{
			{Name: "format", Arity: Variadic, Call: format},
			{Name: "join", Arity: Variadic, Call: join},
			{Name: "escape", Arity: Variadic, Call: escape},
			{Name: "valueOf", Arity: 1, Wraps: true, Call: stringValueOf},
			onString("length", 0, func(t *Thread, s string, _ []Value) (Value, error) {
				n, err := t.length(s)
				return LongOf(int64(n)), err
			}),
			onString("isEmpty", 0, func(_ *Thread, s string, _ []Value) (Value, error) { return BooleanOf(s == ""), nil }),
			onString("equals", 1, func(t *Thread, s string, args []Value) (Value, error) {
				v := args[0]
				if v.typ != String || v.ref == nil || len(s) != len(v.Str()) {
					return BooleanOf(false), t.unbox(v)
				}
				same, err := t.equal(s, v.Str())
				return BooleanOf(same), err
			}),
			onString("compareTo", 1, func(t *Thread, s string, args []Value) (Value, error) {
				other, err := stringArg("compareTo", args, 0)
				if err != nil {
					return Value{}, err
				}
				n, err := t.compare(s, other)
				return LongOf(int64(n)), err
			}),
			onString("startsWith", 1, func(t *Thread, s string, args []Value) (Value, error) {
				prefix, err := stringArg("startsWith", args, 0)
				if err != nil {
					return Value{}, err
				}
				return BooleanOf(strings.HasPrefix(s, prefix)), t.Work(len(prefix))
			}),
			onString("endsWith", 1, func(t *Thread, s string, args []Value) (Value, error) {
				suffix, err := stringArg("endsWith", args, 0)
				if err != nil {
					return Value{}, err
				}
				return BooleanOf(strings.HasSuffix(s, suffix)), t.Work(len(suffix))
			}),
			onString("contains", 1, func(t *Thread, s string, args []Value) (Value, error) {
				part, err := stringArg("contains", args, 0)
				if err != nil {
					return Value{}, err
				}
				at, err := t.index(s, part, 0)
				return BooleanOf(at >= 0), err
			}),
			onString("lastIndexOf", 1, func(t *Thread, s string, args []Value) (Value, error) {
				part, err := stringArg("lastIndexOf", args, 0)
				if err != nil {
					return Value{}, err
				}
				at, err := t.lastIndex(s, part)
				if at < 0 || err != nil {
					return LongOf(-1), err
				}
				n, err := t.length(s[:at])
				return LongOf(int64(n)), err
			}),
			onString("substring", 1, func(t *Thread, s string, args []Value) (Value, error) {
				n, err := t.length(s)
				if err != nil {
					return Value{}, err
				}
				return substring(t, s, n, args[0], LongOf(int64(n)))
			}),
			onString("substring", 2, func(t *Thread, s string, args []Value) (Value, error) {
				n, err := t.length(s)
				if err != nil {
					return Value{}, err
				}
				return substring(t, s, n, args[0], args[1])
			}),
			onString("trim", 0, func(t *Thread, s string, _ []Value) (Value, error) {
				s, err := t.trim(s)
				if err != nil {
					return Value{}, err
				}
				return t.NewString(s)
			}),
			onString("toUpperCase", 0, func(t *Thread, s string, _ []Value) (Value, error) { return recased(t, s, upper) }),
			onString("toLowerCase", 0, func(t *Thread, s string, _ []Value) (Value, error) { return recased(t, s, lower) }),
			onString("replace", 2, func(t *Thread, s string, args []Value) (Value, error) {
				from, err := stringArg("replace", args, 0)
				if err != nil {
					return Value{}, err
				}
				to, err := stringArg("replace", args, 1)
				if err != nil {
					return Value{}, err
				}
				return replace(t, s, from, to)
			}),
			onString("replaceAll", 2, replaceAll),
			onString("split", 1, func(t *Thread, s string, args []Value) (Value, error) { return split(t, s, args[0], 0) }),
			onString("split", 2, func(t *Thread, s string, args []Value) (Value, error) {
				limit, err := intArg("split", args, 1)
				if err != nil {
					return Value{}, err
				}
				return split(t, s, args[0], limit)
			}),
		},
	}
}

// onString is a method that needs a string to be called on; every failure of it is CodeCall.
func onString(name string, arity int, call func(t *Thread, s string, args []Value) (Value, error)) Method {
	return Method{Name: name, Arity: arity, Wraps: true, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
		if recv.ref == nil {
			return Value{}, Errorf(CodeNull, "the STRING before .%s is null", name)
		}
		return call(t, recv.Str(), args)
	}}
}

// stringArg returns argument i, which must be a string.
func stringArg(method string, args []Value, i int) (string, error) {
	switch v := args[i]; {
	case v.typ != String:
		return "", wants(CodeArgument, method, "STRING", v)
	case v.ref == nil:
		return "", Errorf(CodeNull, "%s takes a STRING that is not null", method)
	default:
		return v.Str(), nil
	}
}

// intArg returns argument i, which must be an integer of 32 bits.
func intArg(method string, args []Value, i int) (int, error) {
	v := args[i]
	if v.typ != Long {
		return 0, wants(CodeArgument, method, "LONG", v)
	}
	if n := v.Long(); n < math.MinInt32 || n > math.MaxInt32 {
		return 0, Errorf(CodeArgument, "%s takes an integer of 32 bits, not %d", method, n)
	}
	return int(v.Long()), nil
}

// trim returns s without what Java's trim removes at both ends: control characters and blanks.
func (t *Thread) trim(s string) (string, error) {
	from, to := 0, len(s)
	for from < to && s[from] <= ' ' {
		if from++; from%blockSize == 0 {
			if err := t.Work(blockSize); err != nil {
				return "", err
			}
		}
	}
	for to > from && s[to-1] <= ' ' {
		if to--; to%blockSize == 0 {
			if err := t.Work(blockSize); err != nil {
				return "", err
			}
		}
	}
	return s[from:to], t.Work(min(len(s)-(to-from), blockSize))
}

// substring returns units from begin to end of s, which has n units.
func substring(t *Thread, s string, n int, begin, end Value) (Value, error) {
	b, err := intArg("substring", []Value{begin, end}, 0)
	if err != nil {
		return Value{}, err
	}
	e, err := intArg("substring", []Value{begin, end}, 1)
	if err != nil {
		return Value{}, err
	}
	if b < 0 || e > n || b > e {
		return Value{}, Errorf(CodeIndex, "begin %d, end %d: both must be within 0 and the length, %d, and in this order", b, e, n)
	}
	if n == len(s) { // all ASCII
		return t.NewString(s[b:e])
	}
	return t.slice(s, b, e)
}

// stringValueOf is String.valueOf(x).
func stringValueOf(t *Thread, recv Value, args []Value) (Value, error) {
	v := args[0]
	switch {
	case recv.ref != nil:
		return Value{}, Errorf(CodeArgument, "valueOf is called on the class: String.valueOf(x)")
	case v.typ == String:
		return StringOf(text(v)), nil
	}
	if err := t.unbox(v); err != nil {
		return Value{}, err
	}
	s, err := t.text(v)
	if err != nil {
		return Value{}, err
	}
	return t.NewString(s)
}

// join is String.join(separator, parts…) and String.join(separator, array).
func join(t *Thread, _ Value, args []Value) (Value, error) {
	if len(args) == 0 {
		return Value{}, Errorf(CodeArgument, "join takes a separator and what to join")
	}
	if args[0].typ != String {
		return Value{}, wants(CodeCast, "join", "STRING as separator", args[0])
	}
	if args[0].ref == nil {
		return Value{}, Errorf(CodeNull, "join takes a separator that is not null")
	}
	parts := args[1:]
	n, part := len(parts), func(i int) Value { return parts[i] }
	if len(parts) == 1 && parts[0].typ == StringArray {
		n, part = parts[0].array().Len(), parts[0].array().At
	}
	between := args[0].Str()
	size := len(between) * max(n-1, 0)
	for i := range n {
		v := part(i)
		if v.typ != String {
			return Value{}, wants(CodeCast, "join", "STRING, or one STRING_ARRAY", v)
		}
		size += len(text(v))
		if err := t.Visit(1); err != nil {
			return Value{}, err
		}
	}
	if err := t.AllocString(size); err != nil {
		return Value{}, err
	}
	b := builder{t: t, paid: true, buf: uncleared(size)}
	for i := range n {
		if i > 0 {
			b.add(between)
		}
		b.add(text(part(i)))
	}
	return b.value()
}

// escape is s.escape() and s.escape(text).
func escape(t *Thread, recv Value, args []Value) (Value, error) {
	var s string
	switch {
	case len(args) == 1 && args[0].typ == String:
		s = text(args[0])
	case len(args) != 0:
		return Value{}, Errorf(CodeArgument, "escape takes nothing, or one STRING, not %s", typesOf(args))
	case recv.ref == nil:
		return Value{}, Errorf(CodeNull, "the STRING before .escape is null")
	default:
		s = recv.Str()
	}
	b := builder{t: t}
	for from := 0; from < len(s) && b.err == nil; {
		to := min(from+blockSize, len(s))
		b.spare(2 * (to - from))
		b.reserve(to - from)
		for i := from; i < to; i++ {
			c := s[i]
			if c >= ' ' && c != '"' && c != '\\' {
				b.buf = append(b.buf, c)
				continue
			}
			if at := strings.IndexByte("\\\t\b\n\r\f\"", c); at >= 0 {
				b.reserve(1)
				b.buf = append(b.buf, '\\')
				c = `\tbnrf"`[at]
			}
			b.buf = append(b.buf, c)
		}
		from = to
	}
	return b.value()
}

// replace is s.replace(from, to), of literal texts.
func replace(t *Thread, s, from, to string) (Value, error) {
	b := builder{t: t}
	if from == "" {
		b.add(to)
		for s != "" && b.err == nil { // between all UTF-16 units, also those of one character
			r, width := syntax.Decode(s)
			if first, second := units(r); second != 0 {
				b.add(string(syntax.AppendUnit(nil, first)))
				b.add(to)
				b.add(string(syntax.AppendUnit(nil, second)))
			} else {
				b.add(s[:width])
			}
			b.add(to)
			s = s[width:]
		}
		return b.value()
	}
	done := 0
	for b.err == nil {
		at, err := t.index(s, from, done)
		if err != nil {
			return Value{}, err
		}
		if at < 0 {
			break
		}
		b.add(s[done:at])
		b.add(to)
		done = at + len(from)
	}
	b.add(s[done:])
	return b.value()
}
