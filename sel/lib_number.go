package sel

import (
	"math"
	"strconv"
	"strings"
	"unicode"
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
		if err := t.Work(int(v.num)); err != nil {
			return Value{}, err
		}
		n, err := ParseLong(v)
		return LongOf(n), err
	default:
		return Value{}, wants(CodeUnsupported, "valueOf", "STRING or LONG", v)
	}
}

// ParseLong reads the integer that the STRING v holds: an optional sign and decimal digits of any script.
func ParseLong(v Value) (int64, error) {
	if v.ref == nil {
		return 0, Errorf(CodeNumber, "a null STRING is no integer")
	}
	s := v.Str()
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	ascii := s
	if !isASCII(s) && len(s) < 256 {
		ascii = strings.Map(func(r rune) rune {
			if r < 0x80 {
				return r
			}
			if d := digitOf(r); d >= 0 {
				return '0' + rune(d)
			}
			return -2 // no digit: becomes U+FFFD
		}, s)
	}
	n, err := strconv.ParseInt(ascii, 10, 64)
	if err != nil {
		return 0, Errorf(CodeNumber, "%s is no integer between %d and %d", quoted(s), int64(math.MinInt64), int64(math.MaxInt64))
	}
	return n, nil
}

// digitOf returns the value of a decimal digit of any script, -1 for other characters. Digits of a script are ten
// neighbours, and a range of Unicode's Nd begins with a zero.
func digitOf(r rune) int {
	if !unicode.IsDigit(r) {
		return -1
	}
	for _, rng := range unicode.Nd.R16 {
		if uint32(r) >= uint32(rng.Lo) && uint32(r) <= uint32(rng.Hi) {
			return int(uint32(r)-uint32(rng.Lo)) % 10
		}
	}
	for _, rng := range unicode.Nd.R32 {
		if uint32(r) >= rng.Lo && uint32(r) <= rng.Hi {
			return int(uint32(r)-rng.Lo) % 10
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
		if err := t.Work(int(v.num)); err != nil {
			return Value{}, err
		}
		f, err := parseDouble(v)
		return DoubleOf(f), err
	default:
		return Value{}, wants(CodeUnsupported, "valueOf", "STRING or DOUBLE", v)
	}
}

// parseDouble reads the number that the STRING v holds, as Double.parseDouble does: with white space around it, a
// suffix f or d, NaN, Infinity, hexadecimal with a binary exponent.
func parseDouble(v Value) (float64, error) {
	if v.ref == nil {
		return 0, Errorf(CodeNull, "a null STRING is no number")
	}
	s := strings.TrimFunc(v.Str(), func(r rune) bool { return r <= ' ' })
	body := strings.TrimLeft(s, "+-")
	bad := Errorf(CodeNumber, "%s is no number", quoted(v.Str()))
	switch {
	case body == "" || len(s)-len(body) > 1:
		return 0, bad
	case body == "NaN":
		return math.NaN(), nil
	case body == "Infinity":
		if s[0] == '-' {
			return math.Inf(-1), nil
		}
		return math.Inf(1), nil
	}
	hex := len(body) > 2 && body[0] == '0' && body[1]|0x20 == 'x'
	switch s[len(s)-1] | 0x20 {
	case 'f', 'd':
		if !hex || strings.ContainsAny(body, "pP") {
			s = s[:len(s)-1]
		}
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= '0' && c <= '9' || s[i] == '.' || s[i] == '+' || s[i] == '-' || c == 'e' ||
			hex && (c >= 'a' && c <= 'f' || c == 'x' || c == 'p')) {
			return 0, bad
		}
	}
	if hex && !strings.ContainsAny(s, "pP") || s == "" {
		return 0, bad
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, bad
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
