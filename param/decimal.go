package param

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/segue-run/segue/wire"
)

// Decimal is a DOUBLE literal: a JSON number with every digit that its author wrote. It fits a finite float64.
type Decimal string

// ParseDecimal reads a decimal number as Java's BigDecimal does ("+5", ".5" and "007" are numbers), within the range
// of float64.
func ParseDecimal(text string) (Decimal, error) {
	s := strings.TrimPrefix(text, "+")
	sign := ""
	if len(s) == len(text) && strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
		e := strings.TrimLeft(exponent[1:], "+-")
		if len(exponent[1:])-len(e) > 1 || !digits(e) || e == "" {
			return "", fmt.Errorf("%q is not a decimal number", text)
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !digits(whole) || !digits(fraction) || len(text) > wire.MaxNumber {
		return "", fmt.Errorf("%q is not a decimal number", text)
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	d := Decimal(sign + whole + fraction + exponent)
	if _, err := strconv.ParseFloat(string(d), 64); err != nil {
		return "", fmt.Errorf("%s does not fit a double", text)
	}
	return d, nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// DecimalOf returns the shortest decimal that reads back as f, which must be finite.
func DecimalOf(f float64) Decimal { return Decimal(wire.AppendFloat(nil, f)) }

// Float returns the nearest float64.
func (d Decimal) Float() float64 {
	f, err := strconv.ParseFloat(string(d), 64)
	if err != nil {
		panic(fmt.Sprintf("param: decimal %q was not made by ParseDecimal", string(d)))
	}
	return f
}

// FloatText returns f as Java prints a double (3.0, 1.0E10, NaN), the text form of SEL and of conversions to STRING.
func FloatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if abs := math.Abs(f); abs == 0 || abs >= 1e-3 && abs < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	negative := strings.HasPrefix(exponent, "-")
	exponent = strings.TrimLeft(exponent, "+-0")
	if negative {
		exponent = "-" + exponent
	}
	return mantissa + "E" + exponent
}
