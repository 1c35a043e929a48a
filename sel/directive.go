package sel

import (
	"strconv"
	"strings"
)

// directive is %[index$][flags][width][.precision]conversion.
type directive struct {
	text      string
	index     int // from 1; 0: the next argument; -1: the last one again
	flags     string
	width     int // -1: none
	precision int // -1: none
	conv      byte
	upper     bool
	time      byte // what follows t
}

func badFormat(format string, args ...any) *Error { return Errorf(CodeFormat, format, args...) }

// readDirective reads the directive that s begins with.
func readDirective(s string) (*directive, error) {
	d := &directive{width: -1, precision: -1}
	i := 1
	if n := digits(s[i:]); n > 0 && i+n < len(s) && s[i+n] == '$' {
		index, err := strconv.ParseInt(s[i:i+n], 10, 32)
		if err != nil || index == 0 {
			return nil, badFormat("%%%s$ refers to no argument", s[i:i+n])
		}
		d.index = int(index)
		i += n + 1
	}
	start := i
	for i < len(s) && strings.IndexByte("-#+ 0,(<", s[i]) >= 0 {
		if strings.IndexByte(s[start:i], s[i]) >= 0 {
			return nil, badFormat("the flag %c is given twice", s[i])
		}
		i++
	}
	d.flags = s[start:i]
	if d.has('<') {
		d.index = -1
	}
	if n := digits(s[i:]); n > 0 {
		width, err := strconv.ParseInt(s[i:i+n], 10, 32)
		if err != nil {
			return nil, badFormat("the width %s is too large", quoted(s[i:i+n]))
		}
		d.width = int(width)
		i += n
	}
	if i < len(s) && s[i] == '.' {
		n := digits(s[i+1:])
		precision, err := strconv.ParseInt(s[i+1:i+1+n], 10, 32)
		if err != nil {
			return nil, badFormat("the precision %s is no number, or too large", quoted(s[i+1:i+1+n]))
		}
		d.precision = int(precision)
		i += 1 + n
	}
	if i < len(s) && s[i]|0x20 == 't' {
		d.upper, d.conv = s[i] == 'T', 't'
		if i++; i < len(s) {
			d.time = s[i]
		}
		if strings.IndexByte("HIklMSLNpzZsQBbhAaCYyjmdeRTrDFc", d.time) < 0 || d.time == 0 {
			return nil, badFormat("after %%t the letter of a part of a date must follow")
		}
		d.text = s[:i+1]
		return d, d.checkTime()
	}
	if i == len(s) {
		return nil, badFormat("the format ends inside of %s", quoted(s))
	}
	d.text, d.conv = s[:i+1], s[i]
	if strings.IndexByte("BHSCXEGA", d.conv) >= 0 {
		d.upper = true
		d.conv |= 0x20
	}
	return d, d.check()
}

// mostDirective is how many digits of an index, a width or a precision are looked at. Ten are too many unless they begin
// with zeros.
const mostDirective = 1000

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && n < mostDirective && isDecimal(s[n]) {
		n++
	}
	return n
}

func (d *directive) has(flag byte) bool { return strings.IndexByte(d.flags, flag) >= 0 }

// refuse fails if one of the flags is given.
func (d *directive) refuse(flags string) error {
	for i := range len(flags) {
		if d.has(flags[i]) {
			return badFormat("%%%c does not take the flag %q", d.conv, flags[i])
		}
	}
	return nil
}

// check fails if flags, width and precision do not go with the conversion.
func (d *directive) check() error {
	var refused string
	switch d.conv {
	case 'b', 'h':
		refused = "#+ 0,("
	case 's':
		refused = "#+ 0,("
	case 'c':
		refused = "#+ 0,("
		if d.precision >= 0 {
			return badFormat("%%c takes no precision")
		}
	case 'd':
		refused = "#"
	case 'o', 'x':
		refused = "," // ( and + and blanks, too, once there is a number to print
	case 'e':
		refused = ","
	case 'f':
	case 'g':
		refused = "#"
	case 'a':
		refused = "(,"
	case '%':
		if d.precision >= 0 || strings.Trim(d.flags, "-") != "" {
			return badFormat("%%%% takes only a width and the flag -")
		}
	case 'n':
		if d.precision >= 0 || d.width >= 0 || d.flags != "" {
			return badFormat("%%n takes no width, precision or flag")
		}
	default:
		return badFormat("there is no conversion %s", quoted(d.text))
	}
	if err := d.refuse(refused); err != nil {
		return err
	}
	switch d.conv {
	case 'd', 'o', 'x':
		if d.precision >= 0 {
			return badFormat("%%%c takes no precision", d.conv)
		}
	}
	switch {
	case d.width < 0 && (d.has('-') || d.has('0')):
		return badFormat("the flags - and 0 need a width in %s", quoted(d.text))
	case d.has('-') && d.has('0'), d.has('+') && d.has(' '):
		return badFormat("the flags of %s exclude each other", quoted(d.text))
	}
	return nil
}
