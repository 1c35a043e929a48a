package sel

import (
	"errors"
	"strconv"
	"strings"
	"unsafe"
)

// text returns the form of v that concatenation prints. It is for values known to be small (all but arrays and maps
// are); Thread.text pays for what it prints.
func text(v Value) string {
	switch v.typ {
	case String, Thrown:
		if v.ref == nil {
			return "null"
		}
		return v.Str()
	case Long:
		return strconv.FormatInt(v.Long(), 10)
	case Double:
		return formatDouble(v.Double())
	case Boolean:
		return strconv.FormatBool(v.Boolean())
	}
	if o := v.Object(); o != nil {
		return o.Text()
	}
	return "null"
}

// text returns the form of v that concatenation prints.
func (t *Thread) text(v Value) (string, error) {
	if !v.typ.IsArray() && v.typ != Map {
		return text(v), nil
	}
	p := t.printer(false)
	p.value(v, 0)
	return p.text(), p.err
}

// printer returns a printer that t pays for.
func (t *Thread) printer(json bool) *printer {
	total := int64(0)
	return &printer{json: json, work: t.Work, pay: func(n int) error {
		if total += int64(n); total > t.limits.String {
			return Errorf(CodeLimitString, "a string would have more than %d bytes", t.limits.String)
		}
		if err := t.Work(n); err != nil {
			return err
		}
		return t.Alloc(stored(n))
	}}
}

// errTooLarge is why a value is not printed outside an evaluation.
var errTooLarge = errors.New("the value is too large to print")

// mostUnpaid is how many bytes are printed when no evaluation pays for them.
const mostUnpaid = 64 << 20

// unpaid prints outside an evaluation. What is too large or nested too deep ends in an ellipsis.
func unpaid(print func(*printer)) string {
	left := mostUnpaid
	pay := func(n int) error {
		if left -= n; left < 0 {
			return errTooLarge
		}
		return nil
	}
	p := &printer{pay: pay, work: pay}
	print(p)
	if p.err != nil {
		p.buf = append(p.buf, "…"...)
	}
	return p.text()
}

// printer writes values as text. It pays for every piece before it writes it; after an error it writes nothing more.
type printer struct {
	buf  []byte
	pay  func(bytes int) error // for what is printed
	work func(bytes int) error // for what is only looked at
	err  error
	json bool
	// given lists maps in the order in which their keys came instead of Java's.
	given bool
}

// deepest is how deep values may nest when they are printed or converted; a map can contain itself.
const deepest = 200

// text returns what was written.
func (p *printer) text() string { return unsafe.String(unsafe.SliceData(p.buf), len(p.buf)) }

// room pays for n bytes and makes room for them, and reports whether to go on.
func (p *printer) room(n int) bool {
	if p.err == nil {
		p.err = p.pay(n)
	}
	if p.err == nil && cap(p.buf)-len(p.buf) < n {
		p.buf, p.err = withRoom(p.buf, n, p.work)
	}
	return p.err == nil
}

// piece writes s, and reports whether to go on.
func (p *printer) piece(s string) bool {
	for len(s) > blockSize {
		if !p.room(blockSize) {
			return false
		}
		p.buf = append(p.buf, s[:blockSize]...)
		s = s[blockSize:]
	}
	if !p.room(len(s)) {
		return false
	}
	p.buf = append(p.buf, s...)
	return true
}

// quote writes s as JSON, escaping no more than JSON demands.
func (p *printer) quote(s string) {
	p.piece(`"`)
	for s != "" && p.err == nil {
		n := min(len(s), blockSize)
		from := 0
		for i := range n {
			if c := s[i]; c < ' ' || c == '"' || c == '\\' {
				p.piece(s[from:i])
				p.piece(jsonEscape(c))
				from = i + 1
			}
		}
		p.piece(s[from:n])
		s = s[n:]
	}
	p.piece(`"`)
}

func (p *printer) value(v Value, depth int) {
	switch {
	case depth > deepest:
		if p.err == nil {
			p.err = Errorf(CodeArgument, "the value is nested more than %d deep", deepest)
		}
	case v.typ.IsArray() && v.ref != nil:
		p.array(v.array())
	case v.typ == Map && v.ref != nil:
		p.table(v.table(), depth)
	case p.json:
		p.scalar(v)
	case depth > 0 && v.typ == Null:
		p.piece("NULL")
	default:
		p.piece(text(v))
	}
}

func (p *printer) array(a *Array) {
	between := ", "
	if p.json {
		between = ","
	}
	p.piece("[")
	for i := range a.Len() {
		if i > 0 {
			p.piece(between)
		}
		if p.json {
			p.scalar(a.At(i))
		} else {
			p.piece(text(a.At(i)))
		}
		if p.err != nil {
			return
		}
	}
	p.piece("]")
}

func (p *printer) table(m *Table, depth int) {
	if !p.piece("{") {
		return
	}
	var order []int32
	if !p.given {
		if order, p.err = m.hashOrder(p.work); p.err != nil {
			return
		}
	}
	for n := range m.Len() {
		r := m.row(n)
		if order != nil {
			r = m.row(int(order[n]))
		}
		if n > 0 {
			if p.json {
				p.piece(",")
			} else {
				p.piece(", ")
			}
		}
		if p.json {
			p.quote(r.key)
			p.piece(":")
		} else {
			p.piece(r.key)
			p.piece("=")
		}
		p.value(r.value, depth+1)
		if p.err != nil {
			return
		}
	}
	p.piece("}")
}

// formatDouble prints f as Java (19 and later) does: the shortest decimal that reads back as f, at least one digit
// on each side of the point, and an exponent outside [0.001, 10,000,000).
func formatDouble(f float64) string {
	var buf [32]byte
	return string(appendDouble(buf[:0], f))
}

func appendDouble(b []byte, f float64) []byte {
	switch {
	case f != f:
		return append(b, "NaN"...)
	case f > maxDouble:
		return append(b, "Infinity"...)
	case f < -maxDouble:
		return append(b, "-Infinity"...)
	case f == 0:
		if 1/f < 0 {
			return append(b, "-0.0"...)
		}
		return append(b, "0.0"...)
	}
	neg, digits, exp := shortest(f)
	if neg {
		b = append(b, '-')
	}
	switch {
	case exp > 0 && exp <= 7: // d.ddd with the point inside or after the digits
		for i := range max(exp, len(digits)) {
			if i == exp {
				b = append(b, '.')
			}
			if i < len(digits) {
				b = append(b, digits[i])
			} else {
				b = append(b, '0')
			}
		}
		if len(digits) <= exp {
			b = append(b, '.', '0')
		}
	case exp <= 0 && exp > -3:
		b = append(b, '0', '.')
		for range -exp {
			b = append(b, '0')
		}
		b = append(b, digits...)
	default:
		b = append(b, digits[0], '.')
		if len(digits) > 1 {
			b = append(b, digits[1:]...)
		} else {
			b = append(b, '0')
		}
		b = append(b, 'E')
		b = strconv.AppendInt(b, int64(exp-1), 10)
	}
	return b
}

const maxDouble = 1.7976931348623157e308

// shortest returns the digits d1 d2 … of f = 0.d1d2… × 10^exp that Java prints. Where one digit would do, a second is
// used if that comes closer to f.
func shortest(f float64) (neg bool, digits string, exp int) {
	neg, digits, exp = digitsOf(strconv.FormatFloat(f, 'e', -1, 64))
	if len(digits) > 1 {
		return neg, digits, exp
	}
	two := strconv.FormatFloat(f, 'e', 1, 64)
	if back, err := strconv.ParseFloat(two, 64); err == nil && back == f {
		_, digits, exp = digitsOf(two)
		digits = strings.TrimRight(digits, "0")
	}
	return neg, digits, exp
}

// digitsOf takes "-d.ddde±x" apart; the digits keep their trailing zeros.
func digitsOf(s string) (neg bool, digits string, exp int) {
	if neg = s[0] == '-'; neg {
		s = s[1:]
	}
	e := strings.IndexByte(s, 'e')
	x, _ := strconv.Atoi(s[e+1:]) // always a small integer
	digits = s[:1]
	if e > 2 {
		digits += s[2:e]
	}
	return neg, digits, x + 1
}

// TextOf returns the text by which string interpolation shows v: a string as it is, numbers and booleans as Java
// prints them, arrays and maps as compact JSON in the order given. It is UTF-8: half of a surrogate pair is U+FFFD.
func TextOf(v Value) string {
	if v.typ.IsArray() || v.typ == Map {
		return sound(unpaid(func(p *printer) {
			p.json, p.given = true, true
			p.value(v, 0)
		}))
	}
	return sound(text(v))
}

// scalar writes the JSON form of anything but an array or a map.
func (p *printer) scalar(v Value) {
	switch {
	case v.typ == Long, v.typ == Boolean:
		p.piece(text(v))
	case v.typ == Double:
		s := formatDouble(v.Double())
		if s[len(s)-1] > '9' { // NaN and the infinities
			s = `"` + s + `"`
		}
		p.piece(s)
	case v.IsNull():
		p.piece("null")
	default:
		p.quote(text(v))
	}
}

// jsonEscape returns what JSON writes for a control character, a quote or a backslash.
func jsonEscape(c byte) string {
	const hex = "0123456789ABCDEF"
	switch c {
	case '"', '\\':
		return string([]byte{'\\', c})
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return `\u00` + hex[c>>4:c>>4+1] + hex[c&15:c&15+1]
}
