package regex

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// translator rewrites a pattern of java.util.regex as one of RE2.
type translator struct {
	in       string
	at       int
	out      strings.Builder
	dotAll   bool
	comments bool // (?x)
	lineEnds bool
	groups   int
	props    int    // \p{…} so far
	fold     bool   // there was a (?i)
	folded   rune   // characters in classes after it
	flags    []bool // dotAll and comments outside of each open group
}

// translate returns the pattern for RE2, in which (?m:$) stands for Java's $, and whether that also means line ends.
func translate(pattern string) (string, bool, error) {
	t := &translator{in: pattern}
	for t.at < len(t.in) {
		if err := t.one(); err != nil {
			return "", false, err
		}
	}
	if t.groups > mostGroups {
		return "", false, fmt.Errorf("more than %d groups are not supported; write (?: for those that need no number", mostGroups)
	}
	if len(t.flags) > 0 {
		return "", false, errors.New("a group is not closed")
	}
	return t.out.String(), t.lineEnds, nil
}

// anyButLineEnd is Java's dot.
const anyButLineEnd = `[^\n\r\x{85}\x{2028}\x{2029}]`

func (t *translator) one() error {
	c := t.in[t.at]
	if t.comments {
		switch {
		case c <= ' ':
			t.at++
			return nil
		case c == '#':
			for t.at < len(t.in) && t.in[t.at] != '\n' {
				t.at++
			}
			return nil
		}
	}
	switch c {
	case '\\':
		s, err := t.escaped()
		t.out.WriteString(s)
		return err
	case '[':
		s, negated, err := t.class()
		if err != nil {
			return err
		}
		class, err := t.pattern(s, negated)
		t.out.WriteString(class)
		return err
	case '(':
		return t.open()
	case ')':
		n := len(t.flags)
		if n == 0 {
			return errors.New("a ) closes nothing")
		}
		t.dotAll, t.comments = t.flags[n-2], t.flags[n-1]
		t.flags = t.flags[:n-2]
		t.out.WriteByte(')')
	case '.':
		if t.dotAll {
			t.out.WriteString(`(?s:.)`)
		} else {
			t.out.WriteString(anyButLineEnd)
		}
	case '$':
		t.out.WriteString(`(?m:$)`)
	case '*', '+', '?':
		return t.quantifier(t.in[t.at : t.at+1])
	case '{':
		end := strings.IndexByte(t.in[t.at:], '}')
		if end < 0 || !isCount(t.in[t.at+1:t.at+end]) {
			return errors.New("after { a count like 2 or 2,3 must follow; write \\{ for the brace itself")
		}
		return t.quantifier(t.in[t.at : t.at+end+1])
	default:
		r, n := utf8.DecodeRuneInString(t.in[t.at:])
		if r == utf8.RuneError && n == 1 {
			return errors.New("half of a surrogate pair is not supported in a pattern")
		}
		t.out.WriteString(t.in[t.at : t.at+n])
		t.at += n
		return nil
	}
	t.at++
	return nil
}

func isCount(s string) bool {
	low, high, ranged := strings.Cut(s, ",")
	if _, err := strconv.ParseUint(low, 10, 31); err != nil {
		return false
	}
	if !ranged || high == "" {
		return true
	}
	_, err := strconv.ParseUint(high, 10, 31)
	return err == nil
}

func (t *translator) quantifier(q string) error {
	t.at += len(q)
	t.out.WriteString(q)
	if t.at < len(t.in) {
		switch t.in[t.at] {
		case '?':
			t.out.WriteByte('?')
			t.at++
		case '+':
			return errors.New("possessive quantifiers are not supported")
		}
	}
	return nil
}

// open reads a parenthesis and what makes its group special.
func (t *translator) open() error {
	rest := t.in[t.at:]
	outer := []bool{t.dotAll, t.comments}
	switch {
	case !strings.HasPrefix(rest, "(?"):
		t.groups++
		t.out.WriteByte('(')
		t.at++
		t.flags = append(t.flags, outer...)
		return nil
	case strings.HasPrefix(rest, "(?="), strings.HasPrefix(rest, "(?!"),
		strings.HasPrefix(rest, "(?<="), strings.HasPrefix(rest, "(?<!"):
		return errors.New("look-ahead and look-behind are not supported")
	case strings.HasPrefix(rest, "(?>"):
		return errors.New("atomic groups are not supported")
	case strings.HasPrefix(rest, "(?<"):
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return errors.New("the name of a group is not closed")
		}
		t.groups++
		t.out.WriteString("(?P" + rest[2:end+1])
		t.at += end + 1
		t.flags = append(t.flags, outer...)
		return nil
	}
	on, i := true, 2
	var set, cleared strings.Builder
	for ; i < len(rest); i++ {
		switch c := rest[i]; c {
		case '-':
			on = false
			continue
		case 'i', 'm':
			if c == 'm' && on {
				t.lineEnds = true
			}
			t.fold = t.fold || c == 'i'
			if on {
				set.WriteByte(c)
			} else {
				cleared.WriteByte(c)
			}
			continue
		case 's':
			t.dotAll = on
			continue
		case 'x':
			t.comments = on
			continue
		case 'd', 'u', 'U':
			continue // they change which characters count as equal or as line ends; RE2 folds all of Unicode
		}
		break
	}
	if i == len(rest) || rest[i] != ':' && rest[i] != ')' {
		return errors.New("after (? a flag, a name or a : must follow")
	}
	t.out.WriteString("(?" + set.String())
	if cleared.Len() > 0 {
		t.out.WriteString("-" + cleared.String())
	}
	t.at += i + 1
	if rest[i] == ':' {
		t.out.WriteByte(':')
		t.flags = append(t.flags, outer...)
		return nil
	}
	if set.Len()+cleared.Len() == 0 {
		t.out.WriteString(":") // no flags for RE2: an empty group
	}
	t.out.WriteByte(')')
	return nil
}

// escaped reads a backslash and what follows it.
func (t *translator) escaped() (string, error) {
	t.at++
	if t.at == len(t.in) {
		return "", errors.New("a pattern cannot end with a backslash")
	}
	c := t.in[t.at]
	t.at++
	lower := c | 0x20
	if inside, ok := classes[lower]; ok {
		if c == lower {
			return "[" + inside + "]", nil
		}
		return "[^" + inside + "]", nil
	}
	switch c {
	case 'b', 'B':
		return `\` + string(c), nil
	case 'A', 'z':
		return `\` + string(c), nil
	case 'Z':
		return `(?m:$)`, nil
	case 'R':
		return `(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])`, nil
	case 'p', 'P':
		return t.property(c == 'P')
	case 'Q':
		end := strings.Index(t.in[t.at:], `\E`)
		quoted := t.in[t.at:]
		if end >= 0 {
			quoted = quoted[:end]
			t.at += end + 2
		} else {
			t.at = len(t.in)
		}
		var b strings.Builder
		for _, r := range quoted {
			b.WriteString(literal(r))
		}
		return b.String(), nil
	case 't', 'n', 'r', 'f', 'a':
		return `\` + string(c), nil
	case 'e':
		return `\x1B`, nil
	case 'c':
		if t.at == len(t.in) {
			return "", errors.New("\\c wants a character")
		}
		t.at++
		return literal(rune(t.in[t.at-1] ^ 64)), nil
	case '0':
		n := t.at
		for n < len(t.in) && n < t.at+3 && t.in[n] >= '0' && t.in[n] <= '7' {
			n++
		}
		if n == t.at+3 && t.in[t.at] > '3' {
			n--
		}
		v, err := strconv.ParseUint(t.in[t.at:n], 8, 8)
		if err != nil {
			return "", errors.New("\\0 wants octal digits")
		}
		t.at = n
		return literal(rune(v)), nil
	case 'x', 'u':
		return t.hex(c)
	}
	switch {
	case c >= '1' && c <= '9':
		return "", fmt.Errorf("back-references (\\%c) are not supported", c)
	case c == 'k':
		return "", errors.New("back-references (\\k) are not supported")
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return "", fmt.Errorf("\\%c is not supported", c)
	case c < utf8.RuneSelf:
		return literal(rune(c)), nil
	}
	r, n := utf8.DecodeRuneInString(t.in[t.at-1:])
	t.at += n - 1
	return literal(r), nil
}

func (t *translator) hex(c byte) (string, error) {
	digits := 2
	if c == 'u' {
		digits = 4
	}
	text := ""
	if c == 'x' && strings.HasPrefix(t.in[t.at:], "{") {
		end := strings.IndexByte(t.in[t.at:], '}')
		if end < 0 {
			return "", errors.New("\\x{ is not closed")
		}
		text = t.in[t.at+1 : t.at+end]
		t.at += end + 1
	} else {
		if len(t.in) < t.at+digits {
			return "", fmt.Errorf("\\%c wants %d hexadecimal digits", c, digits)
		}
		text = t.in[t.at : t.at+digits]
		t.at += digits
	}
	v, err := strconv.ParseUint(text, 16, 32)
	if err != nil || v > utf8.MaxRune || v >= 0xD800 && v <= 0xDFFF {
		return "", fmt.Errorf("\\%c%s is no character", c, text)
	}
	return literal(rune(v)), nil
}

// literal returns a pattern for one character.
func literal(r rune) string {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return string(r)
	}
	return fmt.Sprintf(`\x{%x}`, r)
}
