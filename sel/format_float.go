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
		n := numberText{digits: "Infinity"}
		if d.upper {
			n.digits = "INFINITY"
		}
		return f.number(&blank, negative, n, false)
	}
	v = math.Abs(v)
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	switch d.conv {
	case 'a':
		n := hexFloat(v, d.precision)
		if d.upper {
			n.prefix, n.digits, n.exponent = strings.ToUpper(n.prefix), strings.ToUpper(n.digits), strings.ToUpper(n.exponent)
		}
		return f.number(d, negative, n, false)
	case 'e':
		return f.scientific(d, negative, decimalOf(v), precision, d.has('#'))
	case 'f':
		n := decimalOf(v)
		return f.number(d, negative, fixed(n.round(n.exp+precision), precision, d.has('#')), d.has(','))
	}
	precision = max(precision, 1)
	n := decimalOf(v)
	rounded := n.round(precision)
	switch {
	case v == 0:
		return f.number(d, negative, fixed(rounded, precision-1, false), d.has(','))
	case rounded.exp-1 < -4 || rounded.exp-1 >= precision:
		return f.scientific(d, negative, n, precision-1, false)
	}
	return f.number(d, negative, fixed(rounded, precision-rounded.exp, false), d.has(','))
}

// fixed prints a number, which has no more digits after the point, with precision of them.
func fixed(n decimal, precision int, point bool) numberText {
	whole, fraction := n.plain()
	switch {
	case precision > 0:
		return numberText{digits: whole + "." + fraction, zeros: max(0, precision-len(fraction))}
	case point:
		return numberText{digits: whole + "."}
	}
	return numberText{digits: whole}
}

// scientific prints one digit, the point and precision digits, and the exponent.
func (f *printf) scientific(d *directive, negative bool, n decimal, precision int, point bool) error {
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
	exponent := strconv.Itoa(x)
	if len(exponent) < 2 {
		exponent = "0" + exponent
	}
	printed := fixed(n, precision, point)
	if printed.exponent = "e" + sign + exponent; d.upper {
		printed.exponent = "E" + sign + exponent
	}
	return f.number(d, negative, printed, false)
}

// hexFloat prints %a, which is Double.toHexString, of a number that is not negative; precision is negative for none.
func hexFloat(v float64, precision int) numberText {
	switch {
	case v == 0:
		return numberText{"0x", "0.", max(1, precision), "p0", max(1, precision) - 1}
	case v < 0x1p-1022 && precision < 0:
		digits := strings.TrimRight(strconv.FormatUint(math.Float64bits(v)|1<<52, 16)[1:], "0")
		return numberText{"0x", "0." + digits, 0, "p-1022", 0}
	}
	shown := min(precision, 13)
	if shown == 0 {
		shown = 1
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'x', shown, 64), "p")
	mantissa = strings.TrimPrefix(mantissa, "0x")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	x, _ := strconv.Atoi(exponent) // always a small integer
	zeros := max(0, precision-shown)
	significant := max(len("1.0"), len(strings.TrimRight(mantissa, "0")))
	return numberText{"0x", mantissa, zeros, "p" + strconv.Itoa(x), len(mantissa) + zeros - significant}
}
