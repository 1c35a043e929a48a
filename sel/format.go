package sel

import (
	"strconv"
	"strings"

	"github.com/segue-run/segue/sel/syntax"
)

// format is String.format(format, args…): java.util.Formatter in the locale en_US. The directives are read here; what
// each conversion prints is in format_text.go, format_float.go and format_time.go.
func format(t *Thread, _ Value, args []Value) (Value, error) {
	if len(args) == 0 {
		return Value{}, Errorf(CodeArgument, "format takes a format and what to print")
	}
	if args[0].typ != String {
		return Value{}, wants(CodeCast, "format", "STRING as format", args[0])
	}
	for _, v := range args[1:] {
		if err := t.unbox(v); err != nil {
			return Value{}, err
		}
	}
	if args[0].ref == nil {
		return Value{}, Errorf(CodeNull, "format takes a format that is not null")
	}
	f := printf{builder: builder{t: t}, args: args[1:], last: -1}
	text := args[0].Str()
	for text != "" && f.err == nil {
		n := strings.IndexByte(text, '%')
		if n < 0 {
			n = len(text)
		}
		f.add(text[:n])
		if text = text[n:]; text == "" {
			break
		}
		d, err := readDirective(text)
		if err != nil {
			return Value{}, err
		}
		if err := f.print(d); err != nil {
			return Value{}, err
		}
		text = text[len(d.text):]
	}
	return f.value()
}

// printf prints directives.
type printf struct {
	builder
	args []Value
	next int // the argument of the next directive that names none
	last int // the argument of the last directive, -1 if none had one
}

// print prints a directive with its argument.
func (f *printf) print(d *directive) error {
	switch d.conv {
	case '%':
		return f.justify(d, "%")
	case 'n':
		f.add("\n")
		return f.err
	}
	v, err := f.arg(d)
	if err != nil {
		return err
	}
	isNull := v.IsNull() && v.typ != Long && v.typ != Double && v.typ != Boolean
	switch d.conv {
	case 'b':
		switch {
		case v.typ == Boolean:
			return f.text(d, text(v))
		case isNull:
			return f.text(d, "false")
		}
		return f.text(d, "true")
	case 's':
		s, err := f.t.text(v)
		if err != nil {
			return err
		}
		return f.text(d, s)
	}
	if isNull {
		return f.text(d, "null")
	}
	switch d.conv {
	case 'h':
		hash, err := f.hash(v, 0)
		if err != nil {
			return err
		}
		return f.text(d, strconv.FormatUint(uint64(uint32(hash)), 16))
	case 'c':
		if v.typ != Long {
			return badArgument(d, v)
		}
		n := v.Long()
		if n < 0 || n > 0x10FFFF {
			return badFormat("%%c: there is no character %d", n)
		}
		d.precision = -1
		return f.text(d, string(syntax.AppendUnit(nil, rune(n))))
	case 'd', 'o', 'x':
		if v.typ != Long {
			return badArgument(d, v)
		}
		return f.integer(d, v.Long())
	case 't':
		if v.typ != Long {
			return badArgument(d, v)
		}
		return f.text(d, timeText(d.time, v.Long()))
	}
	if v.typ != Double {
		return badArgument(d, v)
	}
	return f.float(d, v.Double())
}

func badArgument(d *directive, v Value) *Error {
	return badFormat("%s cannot print a %s", quoted(d.text), v.typ)
}

// arg returns the argument of a directive.
func (f *printf) arg(d *directive) (Value, error) {
	at := d.index - 1
	switch d.index {
	case 0:
		at = f.next
		f.next++
	case -1:
		if at = f.last; at < 0 {
			return Value{}, badFormat("%s: there is no argument before it", quoted(d.text))
		}
	}
	if at >= len(f.args) {
		return Value{}, badFormat("%s: there is no argument %d; there are %s", quoted(d.text), at+1, counted(len(f.args), "argument"))
	}
	f.last = at
	return f.args[at], nil
}

// text prints s cut to the precision, in upper case if the conversion is, and padded.
func (f *printf) text(d *directive, s string) error {
	if d.precision >= 0 && d.precision < len(s) {
		n, err := f.t.length(s)
		if err != nil {
			return err
		}
		if d.precision < n {
			cut, err := f.t.slice(s, 0, d.precision)
			if err != nil {
				return err
			}
			s = cut.Str()
		}
	}
	if d.upper {
		v, err := recased(f.t, s, upper)
		if err != nil {
			return err
		}
		s = v.Str()
	}
	return f.justify(d, s)
}

// justify adds s with blanks on its left, or its right, up to the width.
func (f *printf) justify(d *directive, s string) error {
	blanks := 0
	if d.width > 0 {
		n, err := f.t.length(s)
		if err != nil {
			return err
		}
		blanks = d.width - n
	}
	if d.has('-') {
		f.add(s)
	}
	f.fill(' ', blanks)
	if !d.has('-') {
		f.add(s)
	}
	return f.err
}

// fill adds n times c.
func (f *printf) fill(c byte, n int) {
	if n > 0 && int64(len(f.buf)+n) > f.t.limits.String && f.err == nil {
		f.err = Errorf(CodeLimitString, "a string would have more than %d bytes", f.t.limits.String)
	}
	for n > 0 {
		block := min(n, blockSize)
		if !f.reserve(block) {
			return
		}
		for range block {
			f.buf = append(f.buf, c)
		}
		n -= block
	}
}

// integer prints %d, %o and %x.
func (f *printf) integer(d *directive, n int64) error {
	if d.conv == 'd' {
		s := strconv.FormatInt(n, 10)
		return f.number(d, n < 0, numberText{digits: strings.TrimPrefix(s, "-")}, d.has(','))
	}
	if err := d.refuse("(+ "); err != nil {
		return err
	}
	base, prefix := 8, "0"
	if d.conv == 'x' {
		base, prefix = 16, "0x"
	}
	if !d.has('#') {
		prefix = ""
	}
	s := strconv.FormatUint(uint64(n), base)
	if d.upper {
		s, prefix = strings.ToUpper(s), strings.ToUpper(prefix)
	}
	if d.has('0') {
		f.add(prefix)
		f.fill('0', d.width-len(prefix)-len(s))
		f.add(s)
		return f.err
	}
	return f.justify(d, prefix+s)
}

// numberText is a number without its sign: a prefix, digits with an optional fraction, zeros that follow them, and an
// exponent.
type numberText struct {
	prefix, digits string
	zeros          int
	exponent       string
	hidden         int // how many of the digits and zeros Java overlooks when it pads with zeros
}

// number prints a number, padded with zeros after the sign and the prefix, or with blanks.
func (f *printf) number(d *directive, negative bool, n numberText, grouped bool) error {
	if grouped {
		n.digits = group(n.digits)
	}
	open, shut := "", ""
	switch {
	case negative && d.has('('):
		open, shut = "(", ")"
	case negative:
		open = "-"
	case d.has('+'):
		open = "+"
	case d.has(' '):
		open = " "
	}
	missing := d.width - len(open) - len(n.prefix) - len(n.digits) - n.zeros - len(n.exponent) - len(shut)
	padded := d.has('0')
	if padded {
		missing += n.hidden
	}
	if !padded && !d.has('-') {
		f.fill(' ', missing)
	}
	f.add(open)
	f.add(n.prefix)
	if padded {
		f.fill('0', missing)
	}
	f.add(n.digits)
	f.fill('0', n.zeros)
	f.add(n.exponent)
	f.add(shut)
	if d.has('-') {
		f.fill(' ', missing)
	}
	return f.err
}

// group puts a comma before each three digits of the integer part.
func group(s string) string {
	whole, rest := s, ""
	if i := strings.IndexByte(s, '.'); i >= 0 {
		whole, rest = s[:i], s[i:]
	}
	if len(whole) <= 3 {
		return s
	}
	b := make([]byte, 0, len(s)+len(whole)/3)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, whole[i])
	}
	return string(append(b, rest...))
}

// hash is Object.hashCode.
func (f *printf) hash(v Value, depth int) (int32, error) {
	if err := f.t.Work(32); err != nil {
		return 0, err
	}
	fold := func(n uint64) int32 { return int32(n ^ n>>32) }
	switch v.typ {
	case Long:
		return fold(v.num), nil
	case Double:
		if f := v.Double(); f != f {
			return 0x7ff80000, nil
		}
		return fold(v.num), nil
	case Boolean:
		if v.Boolean() {
			return 1231, nil
		}
		return 1237, nil
	case String:
		return paidHash(f.t.Work, v.Str())
	case Map:
		if depth > deepest {
			break
		}
		var sum int32
		m := v.table()
		for i := range m.Len() {
			r := m.row(i)
			h := int32(0)
			if !r.value.IsNull() {
				var err error
				if h, err = f.hash(r.value, depth+1); err != nil {
					return 0, err
				}
			}
			key, err := paidHash(f.t.Work, r.key)
			if err != nil {
				return 0, err
			}
			sum += key ^ h
		}
		return sum, nil
	}
	return 0, badFormat("%%h cannot print a %s", v.typ)
}
