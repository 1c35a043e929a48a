package sel

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segue-run/segue/sel/syntax"
)

func longClass() *Class {
	return &Class{
		Type:  Long,
		Names: []string{"int", "long", "Integer", "Long"},
		New: func(t *Thread, args []Value) (Value, error) {
			if len(args) == 1 && (args[0].typ == Long || args[0].typ == String) {
				return longFrom(t, Value{}, args)
			}
			return Value{}, Errorf(CodeArgument, "new Integer takes one STRING or LONG, not %s", typesOf(args))
		},
		Methods: []Method{
			{Name: "toString", Arity: 0, Call: func(t *Thread, recv Value, _ []Value) (Value, error) {
				return t.NewString(text(recv))
			}},
			{Name: "toString", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				if args[0].typ != Long {
					return Value{}, wants(CodeCast, "toString", "LONG", args[0])
				}
				return t.NewString(text(args[0]))
			}},
			{Name: "valueOf", Arity: 1, Call: longFrom},
			{Name: "parseLong", Arity: 1, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				if args[0].typ != String {
					return Value{}, wants(CodeCast, "parseLong", "STRING", args[0])
				}
				return longFrom(t, recv, args)
			}},
			{Name: "intValue", Arity: 0, Call: func(_ *Thread, recv Value, _ []Value) (Value, error) { return recv, nil }},
		},
	}
}

func doubleClass() *Class {
	truncate := func(_ *Thread, recv Value, _ []Value) (Value, error) { return LongOf(truncated(recv.Double())), nil }
	return &Class{
		Type:  Double,
		Names: []string{"float", "double", "Float", "Double"},
		New: func(t *Thread, args []Value) (Value, error) {
			if len(args) == 1 && (args[0].typ == Double || args[0].typ == String) {
				return doubleFrom(t, Value{}, args)
			}
			return Value{}, Errorf(CodeArgument, "new Double takes one STRING or DOUBLE, not %s", typesOf(args))
		},
		Methods: []Method{
			{Name: "toString", Arity: 0, Call: func(t *Thread, recv Value, _ []Value) (Value, error) {
				return t.NewString(text(recv))
			}},
			{Name: "toString", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				if args[0].typ != Double {
					return Value{}, wants(CodeCast, "toString", "DOUBLE", args[0])
				}
				return t.NewString(text(args[0]))
			}},
			{Name: "valueOf", Arity: 1, Call: doubleFrom},
			{Name: "parseDouble", Arity: 1, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				if args[0].typ != String {
					return Value{}, wants(CodeCast, "parseDouble", "STRING", args[0])
				}
				return doubleFrom(t, recv, args)
			}},
			{Name: "intValue", Arity: 0, Call: truncate},
			{Name: "longValue", Arity: 0, Call: truncate},
		},
	}
}

func booleanClass() *Class {
	return &Class{
		Type:  Boolean,
		Names: []string{"boolean", "Boolean"},
		New: func(_ *Thread, args []Value) (Value, error) {
			if len(args) == 1 {
				switch args[0].typ {
				case Boolean:
					return args[0], nil
				case String:
					return BooleanOf(strings.EqualFold(args[0].Str(), "true")), nil
				}
			}
			return Value{}, Errorf(CodeArgument, "new Boolean takes one STRING or BOOLEAN, not %s", typesOf(args))
		},
	}
}

// longFrom is Long.valueOf.
func longFrom(t *Thread, _ Value, args []Value) (Value, error) {
	switch v := args[0]; v.typ {
	case Long:
		return v, nil
	case String:
		n, err := t.parseLong(v)
		return LongOf(n), err
	default:
		return Value{}, wants(CodeUnsupported, "valueOf", "STRING or LONG", v)
	}
}

// longestLong is how many bytes of a text are looked at to find an integer, leading zeros aside.
const longestLong = 128

// parseLong reads the integer that the STRING v holds: an optional sign and decimal digits of any script.
func (t *Thread) parseLong(v Value) (int64, error) {
	if v.ref == nil {
		return 0, Errorf(CodeNumber, "a null STRING is no integer")
	}
	bad := func() error {
		return Errorf(CodeNumber, "%s is no integer between %d and %d", quoted(v.Str()), int64(math.MinInt64), int64(math.MaxInt64))
	}
	sign, s := "", v.Str()
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[:1], s[1:]
	}
	s, err := t.skip(s, len(s)-1, func(c byte) bool { return c == '0' })
	switch {
	case err != nil:
		return 0, err
	case len(s) > longestLong:
		return 0, bad()
	case !isASCII(s):
		s = strings.Map(func(r rune) rune {
			if d := digitOf(r); r >= utf8.RuneSelf && d >= 0 {
				return '0' + rune(d)
			}
			return r
		}, s)
	}
	if s == "" || !isDecimal(s[0]) { // a second sign
		return 0, bad()
	}
	n, err := strconv.ParseInt(sign+s, 10, 64)
	if err != nil {
		return 0, bad()
	}
	return n, nil
}

// skip returns s without the first bytes, at most n, that are as asked for.
func (t *Thread) skip(s string, n int, skipped func(c byte) bool) (string, error) {
	at := 0
	for at < n && skipped(s[at]) {
		if at++; at%blockSize == 0 {
			if err := t.Work(blockSize); err != nil {
				return "", err
			}
		}
	}
	return s[at:], t.Work(at % blockSize)
}

// digitOf returns the value of a decimal digit of any script, -1 for other characters. Digits of a script are ten
// neighbours, and a range of Unicode's Nd begins with a zero. Java looks at UTF-16 units one at a time, and so knows no
// digits beyond the first 65,536 characters.
func digitOf(r rune) int {
	for _, rng := range unicode.Nd.R16 {
		if uint32(r) >= uint32(rng.Lo) && uint32(r) <= uint32(rng.Hi) {
			return int(uint32(r)-uint32(rng.Lo)) % 10
		}
	}
	return -1
}

// doubleFrom is Double.valueOf.
func doubleFrom(t *Thread, _ Value, args []Value) (Value, error) {
	switch v := args[0]; v.typ {
	case Double:
		return v, nil
	case String:
		f, err := t.parseDouble(v)
		return DoubleOf(f), err
	default:
		return Value{}, wants(CodeUnsupported, "valueOf", "STRING or DOUBLE", v)
	}
}

// parseDouble reads the number that the STRING v holds, as Double.parseDouble does: with white space around it, a
// suffix f or d, NaN, Infinity, hexadecimal with a binary exponent.
func (t *Thread) parseDouble(v Value) (float64, error) {
	if v.ref == nil {
		return 0, Errorf(CodeNull, "a null STRING is no number")
	}
	s, err := t.trim(v.Str())
	if err != nil {
		return 0, err
	}
	bad := func() error { return Errorf(CodeNumber, "%s is no number", quoted(v.Str())) }
	negative := s != "" && s[0] == '-'
	if negative || s != "" && s[0] == '+' {
		s = s[1:]
	}
	var f float64
	switch s {
	case "NaN":
		f = math.NaN()
	case "Infinity":
		f = math.Inf(1)
	default:
		var ok bool
		var err error
		if f, ok, err = syntax.ParseFloat(s, t.Work); err != nil {
			return 0, err
		}
		if !ok {
			return 0, bad()
		}
	}
	if negative {
		f = -f
	}
	return f, nil
}

// truncated turns f into an integer as Java does: towards zero, the nearest for what is out of range, 0 for NaN.
func truncated(f float64) int64 {
	switch {
	case f != f:
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}
