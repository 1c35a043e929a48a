package sel

import (
	"math"
	"strings"

	"github.com/segue-run/segue/sel/regex"
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
					return BooleanOf(false), nil
				}
				return BooleanOf(s == v.Str()), t.Work(len(s))
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
				if err := t.Work(len(s)); err != nil {
					return Value{}, err
				}
				return t.NewString(strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }))
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
	case !hasPayload(v):
		return Value{}, Errorf(CodeUnsupported, "%s has no text", v.typ)
	case v.typ == String:
		return StringOf(text(v)), nil
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
		return Value{}, Errorf(CodeUnsupported, "join takes a separator and what to join")
	}
	if args[0].typ != String {
		return Value{}, wants(CodeCast, "join", "STRING as separator", args[0])
	}
	if args[0].ref == nil {
		return Value{}, Errorf(CodeNull, "join takes a separator that is not null")
	}
	parts := args[1:]
	if len(parts) == 1 && parts[0].typ == StringArray {
		parts = parts[0].array().strs
	}
	between := args[0].Str()
	size := len(between) * max(len(parts)-1, 0)
	for _, v := range parts {
		if v.typ != String {
			return Value{}, wants(CodeCast, "join", "STRING, or one STRING_ARRAY", v)
		}
		size += len(text(v))
	}
	if err := t.Visit(int64(len(parts))); err != nil {
		return Value{}, err
	}
	if err := t.AllocString(size); err != nil {
		return Value{}, err
	}
	b := builder{t: t, paid: true, buf: make([]byte, 0, size)}
	for i, v := range parts {
		if i > 0 {
			b.add(between)
		}
		b.add(text(v))
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
		for i := range s {
			end := i + 1
			for end < len(s) && s[end]&0xC0 == 0x80 {
				end++
			}
			b.add(s[i:end])
			b.add(to)
			if b.err != nil {
				break
			}
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

// finder finds the matches of a regular expression in a text.
type finder struct {
	t       *Thread
	s       string
	re      *regex.Regex
	matcher *regex.Matcher // nil for a literal
	literal string
	caps    [2]int // of a literal
}

// find compiles the regular expression v and prepares to find it in s.
func (t *Thread) find(method, s string, v Value) (finder, error) {
	pattern, err := stringArg(method, []Value{v}, 0)
	if err != nil {
		return finder{}, err
	}
	if err := t.Work(len(pattern)); err != nil {
		return finder{}, err
	}
	re, err := regex.Cached(pattern)
	if err != nil {
		return finder{}, Errorf(CodeArgument, "%s: %w", method, err)
	}
	f := finder{t: t, s: s, re: re}
	var ok bool
	if f.literal, ok = re.Literal(); !ok {
		f.matcher = re.Find(s, t.Work)
	}
	return f, nil
}

// next returns the offsets of the first match at or after from, and of its groups; nil when there is none.
func (f *finder) next(from int) ([]int, error) {
	if f.matcher != nil {
		return f.matcher.Next(from)
	}
	at, err := f.t.index(f.s, f.literal, from)
	if at < 0 || err != nil {
		return nil, err
	}
	f.caps = [2]int{at, at + len(f.literal)}
	return f.caps[:], nil
}

// nextStart returns where to look for the match after one from start to end: an empty match moves on by a character.
func nextStart(s string, start, end int) int {
	if end > start {
		return end
	}
	for end++; end < len(s) && s[end]&0xC0 == 0x80; end++ {
	}
	return end
}

// split is s.split(regex, limit).
func split(t *Thread, s string, pattern Value, limit int) (Value, error) {
	f, err := t.find("split", s, pattern)
	if err != nil {
		return Value{}, err
	}
	parts := make([]Value, 0, 4)
	done := 0 // what comes before is in parts
	add := func(part string) error {
		parts = append(parts, StringOf(part))
		return t.Alloc(32)
	}
	for from := 0; from <= len(s) && (limit <= 0 || len(parts) < limit-1); {
		caps, err := f.next(from)
		if err != nil {
			return Value{}, err
		}
		if caps == nil {
			break
		}
		start, end := caps[0], caps[1]
		if end > 0 { // an empty match at the beginning splits nothing off
			if err := add(s[done:start]); err != nil {
				return Value{}, err
			}
			done = end
		}
		from = nextStart(s, start, end)
	}
	if err := add(s[done:]); err != nil {
		return Value{}, err
	}
	if limit == 0 && len(parts) > 1 {
		for len(parts) > 0 && parts[len(parts)-1].num == 0 {
			parts = parts[:len(parts)-1]
		}
	}
	return Value{typ: StringArray, ref: &Array{elem: String, strs: parts}}, nil
}

// replaceAll is s.replaceAll(regex, replacement).
func replaceAll(t *Thread, s string, args []Value) (Value, error) {
	f, err := t.find("replaceAll", s, args[0])
	if err != nil {
		return Value{}, err
	}
	replacement, err := stringArg("replaceAll", args, 1)
	if err != nil {
		return Value{}, err
	}
	var pieces []piece // of the replacement; read when there is a match, as its mistakes count only then
	b := builder{t: t}
	done := 0
	for from := 0; from <= len(s) && b.err == nil; {
		caps, err := f.next(from)
		if err != nil {
			return Value{}, err
		}
		if caps == nil {
			break
		}
		if pieces == nil {
			if err := t.Work(len(replacement)); err != nil {
				return Value{}, err
			}
			if pieces, err = piecesOf(replacement, f.re); err != nil {
				return Value{}, err
			}
		}
		b.add(s[done:caps[0]])
		for _, p := range pieces {
			if p.group < 0 {
				b.add(p.text)
			} else if at := caps[2*p.group]; at >= 0 {
				b.add(s[at:caps[2*p.group+1]])
			}
		}
		done = caps[1]
		from = nextStart(s, caps[0], caps[1])
	}
	b.add(s[done:])
	return b.value()
}

// piece is a part of a replacement: a text, or a group if group >= 0.
type piece struct {
	text  string
	group int
}

// piecesOf reads a replacement: $1, ${name}, and a backslash before a character that means itself.
func piecesOf(s string, re *regex.Regex) ([]piece, error) {
	pieces := []piece{}
	var lit []byte
	flush := func() {
		if len(lit) > 0 {
			pieces = append(pieces, piece{string(lit), -1})
			lit = nil
		}
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i == len(s) {
				return nil, Errorf(CodeArgument, "a replacement cannot end with a backslash")
			}
			lit = append(lit, s[i])
		case '$':
			flush()
			i++
			switch {
			case i < len(s) && s[i] == '{':
				name, _, ok := strings.Cut(s[i+1:], "}")
				group, known := re.Group(name)
				if !ok || !known {
					return nil, Errorf(CodeArgument, "the replacement refers to the group %s, which the pattern does not have", quoted(name))
				}
				pieces = append(pieces, piece{"", group})
				i += 1 + len(name)
			case i < len(s) && isDecimal(s[i]):
				group := int(s[i] - '0')
				if group > re.Groups() {
					return nil, Errorf(CodeIndex, "the replacement refers to group %d; the pattern has %d", group, re.Groups())
				}
				for i+1 < len(s) && isDecimal(s[i+1]) && 10*group+int(s[i+1]-'0') <= re.Groups() {
					i++
					group = 10*group + int(s[i]-'0')
				}
				pieces = append(pieces, piece{"", group})
			default:
				return nil, Errorf(CodeArgument, "after $ the replacement must have the number of a group, or its name in braces; write \\$ for a dollar")
			}
		default:
			lit = append(lit, s[i])
		}
	}
	flush()
	return pieces, nil
}
