package syntax

import (
	"math"
	"strconv"
	"strings"
)

// ParseFloat reads the text of a floating-point number, without its sign, as Java writes them:
//
//	digits [. [digits]] [e [sign] digits] [f|F|d|D]       or with the digits after the point only
//	0x hex [. [hex]] p [sign] digits [f|F|d|D]            or with the digits after the point only
//
// It returns the nearest double, and false if the text is no such number. The text may be megabytes long: pay is called
// for each block of bytes that was read, and its error ends the reading.
func ParseFloat(text string, pay func(bytes int) error) (f float64, ok bool, err error) {
	n := numeral{pay: pay, left: text}
	short, ok, err := n.read()
	if !ok || err != nil {
		return 0, false, err
	}
	f, err = strconv.ParseFloat(short, 64) // an infinity comes with an error
	return f, err == nil || math.IsInf(f, 0), nil
}

// numeral reads a number. What is left of a long text when it was read is short and has the same value.
type numeral struct {
	pay     func(bytes int) error
	left    string // what was not read yet
	hex     bool
	digits  []byte // the first digits that count
	more    bool   // a digit that is not zero was left out
	dropped int64  // digits before the point that were left out
	point   int64  // digits after the point, and of these all but those left out
}

// numeralBlock is how many bytes are read on one payment.
const numeralBlock = 1 << 15

// mostDigits is how many digits decide to which number a text is rounded, and some more: the longest decimal that lies
// half-way between two numbers has 767. With one more it is as many as strconv.ParseFloat takes: it misreads an integer
// that has more than 800.
const mostDigits = 799

// read returns a text that strconv.ParseFloat understands, and whether there was a number at all.
func (n *numeral) read() (string, bool, error) {
	if len(n.left) > 1 && n.left[0] == '0' && n.left[1]|0x20 == 'x' {
		n.hex, n.left = true, n.left[2:]
	}
	whole, err := n.run(true)
	if err != nil {
		return "", false, err
	}
	fraction := 0
	if strings.HasPrefix(n.left, ".") {
		n.left = n.left[1:]
		if fraction, err = n.run(false); err != nil {
			return "", false, err
		}
	}
	if whole+fraction == 0 {
		return "", false, nil
	}
	exponent := int64(0)
	mark := byte('e')
	if n.hex {
		mark = 'p'
	}
	if n.left != "" && n.left[0]|0x20 == mark {
		n.left = n.left[1:]
		var ok bool
		if exponent, ok, err = n.exponent(); err != nil || !ok {
			return "", false, err
		}
	} else if n.hex {
		return "", false, nil
	}
	if n.left != "" && strings.IndexByte("fFdD", n.left[0]) >= 0 {
		n.left = n.left[1:]
	}
	if n.left != "" {
		return "", false, nil
	}
	if n.more {
		n.digits = append(n.digits, '1')
		n.point++
	}
	shift := n.dropped - n.point
	if n.hex {
		return "0x0" + string(n.digits) + "p" + strconv.FormatInt(exponent+4*shift, 10), true, nil
	}
	return "0" + string(n.digits) + "e" + strconv.FormatInt(exponent+shift, 10), true, nil
}

// run reads digits before the point (whole) or after it, and returns how many there were.
func (n *numeral) run(whole bool) (int, error) {
	at := 0
	for at < len(n.left) {
		c := n.left[at]
		if !isDecimal(c) && !(n.hex && c|0x20 >= 'a' && c|0x20 <= 'f') {
			break
		}
		if at++; at%numeralBlock == 0 {
			if err := n.pay(numeralBlock); err != nil {
				return 0, err
			}
		}
		switch {
		case len(n.digits) == 0 && c == '0': // a zero at the beginning
			if !whole {
				n.point++
			}
		case len(n.digits) < mostDigits:
			n.digits = append(n.digits, c)
			if !whole {
				n.point++
			}
		default:
			n.more = n.more || c != '0'
			if whole {
				n.dropped++
			}
		}
	}
	n.left = n.left[at:]
	return at, n.pay(at % numeralBlock)
}

// exponent reads an exponent. One that is beyond all bounds becomes the bound.
func (n *numeral) exponent() (int64, bool, error) {
	const bound = 1 << 40 // far more than a text can have digits
	negative := strings.HasPrefix(n.left, "-")
	if negative || strings.HasPrefix(n.left, "+") {
		n.left = n.left[1:]
	}
	x, at := int64(0), 0
	for at < len(n.left) && isDecimal(n.left[at]) {
		x = min(10*x+int64(n.left[at]-'0'), bound)
		if at++; at%numeralBlock == 0 {
			if err := n.pay(numeralBlock); err != nil {
				return 0, false, err
			}
		}
	}
	if at == 0 {
		return 0, false, nil
	}
	n.left = n.left[at:]
	if negative {
		x = -x
	}
	return x, true, n.pay(at % numeralBlock)
}
