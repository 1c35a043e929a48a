package sel

import (
	"math"
	"strconv"
	"strings"
)

// decimal is the number 0.d1d2… × 10^exp. Its digits are those that Double.toString prints: Java's formatter rounds
// them, half up, and knows no others.
type decimal struct {
	digits string // no zeros at the end; "" is zero
	exp    int
}

func decimalOf(f float64) decimal {
	if f == 0 {
		return decimal{}
	}
	_, digits, exp := shortest(f)
	return decimal{strings.TrimRight(digits, "0"), exp}
}

// round keeps n digits, rounding half up; n can be negative, then nothing is left.
func (d decimal) round(n int) decimal {
	switch {
	case n >= len(d.digits):
		return d
	case n < 0:
		return decimal{}
	case d.digits[n] < '5':
		return decimal{strings.TrimRight(d.digits[:n], "0"), d.exp}.zeroed()
	}
	b := []byte(d.digits[:n])
	for i := n - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return decimal{string(b[:i+1]), d.exp}
		}
	}
	return decimal{"1", d.exp + 1}
}

func (d decimal) zeroed() decimal {
	if d.digits == "" {
		d.exp = 0
	}
	return d
}

// plain returns the digits before the point and, without zeros at the end, those after it.
func (d decimal) plain() (whole, fraction string) {
	switch {
	case d.digits == "":
		return "0", ""
	case d.exp <= 0:
		return "0", strings.Repeat("0", -d.exp) + d.digits
	case d.exp >= len(d.digits):
		return d.digits + strings.Repeat("0", d.exp-len(d.digits)), ""
	}
	return d.digits[:d.exp], d.digits[d.exp:]
}

// float prints %f, %e, %g and %a.
func (f *printf) float(d *directive, v float64) error {
	negative := math.Signbit(v) && v == v
	switch {
	case v != v:
		d.precision = -1
		return f.text(d, "NaN")
	case math.IsInf(v, 0):
		blank := *d
		blank.flags = strings.ReplaceAll(d.flags, "0", "")
		s := "Infinity"
		if d.upper {
			s = "INFINITY"
		}
		return f.number(&blank, negative, s, "", false)
	}
	v = math.Abs(v)
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	if err := f.t.Alloc(precision); err != nil { // for the zeros that pad it
		return err
	}
	if err := f.t.Work(precision); err != nil {
		return err
	}
	if int64(precision) > f.t.limits.String {
		return Errorf(CodeLimitString, "a string would have more than %d bytes", f.t.limits.String)
	}
	switch d.conv {
	case 'a':
		return f.hexFloat(d, negative, v)
	case 'e':
		s, exponent := scientific(decimalOf(v), precision, d.has('#'))
		return f.number(d, negative, s, f.cased(d, exponent), false)
	case 'f':
		n := decimalOf(v)
		return f.number(d, negative, fixed(n.round(n.exp+precision), precision, d.has('#')), "", d.has(','))
	}
	precision = max(precision, 1)
	n := decimalOf(v)
	rounded := n.round(precision)
	switch {
	case v == 0:
		return f.number(d, negative, fixed(rounded, precision-1, false), "", d.has(','))
	case rounded.exp-1 < -4 || rounded.exp-1 >= precision:
		s, exponent := scientific(n, precision-1, false)
		return f.number(d, negative, s, f.cased(d, exponent), false)
	}
	return f.number(d, negative, fixed(rounded, precision-rounded.exp, false), "", d.has(','))
}

func (f *printf) cased(d *directive, s string) string {
	if d.upper {
		return strings.ToUpper(s)
	}
	return s
}

// fixed prints a number, which has no more digits after the point, with precision of them.
func fixed(n decimal, precision int, point bool) string {
	whole, fraction := n.plain()
	if precision <= 0 {
		if point {
			return whole + "."
		}
		return whole
	}
	return whole + "." + fraction + strings.Repeat("0", max(0, precision-len(fraction)))
}

// scientific prints one digit, the point and precision digits, and the exponent apart.
func scientific(n decimal, precision int, point bool) (mantissa, exponent string) {
	n = n.round(precision + 1)
	x := n.exp - 1
	if n.digits == "" {
		x = 0
	}
	n.exp = 1
	sign := "+"
	if x < 0 {
		sign, x = "-", -x
	}
	exponent = strconv.Itoa(x)
	if len(exponent) < 2 {
		exponent = "0" + exponent
	}
	return fixed(n, precision, point), "e" + sign + exponent
}

// hexFloat prints %a, which is Double.toHexString.
func (f *printf) hexFloat(d *directive, negative bool, v float64) error {
	var s string
	switch precision := min(d.precision, 13); {
	case v == 0:
		s = "0x0." + strings.Repeat("0", max(1, d.precision)) + "p0"
	case v < 0x1p-1022 && d.precision < 0:
		s = "0x0." + strings.TrimRight(strconv.FormatUint(math.Float64bits(v)|1<<52, 16)[1:], "0") + "p-1022"
	default:
		if precision == 0 {
			precision = 1
		}
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'x', precision, 64), "p")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		x, err := strconv.Atoi(exponent)
		if err != nil {
			return badFormat("%%a: %w", err)
		}
		if d.precision > precision {
			mantissa += strings.Repeat("0", d.precision-precision)
		}
		s = mantissa + "p" + strconv.Itoa(x)
	}
	if d.upper {
		s = strings.ToUpper(s)
	}
	if !d.has('0') {
		return f.number(d, negative, s, "", false)
	}
	sign := ""
	switch {
	case negative:
		sign = "-"
	case d.has('+'):
		sign = "+"
	case d.has(' '):
		sign = " "
	}
	f.add(sign + s[:2])
	f.fill('0', d.width-len(sign)-len(s))
	f.add(s[2:])
	return f.err
}
