package regex

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// classes are the escapes that stand for a set of characters, as the inside of a class.
var classes = map[byte]string{
	'd': `0-9`, 'w': `a-zA-Z_0-9`, 's': ` \t\n\x0B\f\r`,
	'h': ` \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}`, 'v': `\n\x0B\f\r\x{85}\x{2028}\x{2029}`,
}

// properties are the names after \p that are Java's own, as the inside of a class.
var properties = map[string]string{
	"Lower": `a-z`, "Upper": `A-Z`, "ASCII": `\x00-\x7F`, "Alpha": `a-zA-Z`, "Digit": `0-9`, "Alnum": `a-zA-Z0-9`,
	"Punct": "!-/:-@\\[-`{-~", "Graph": `!-~`, "Print": ` -~`, "Blank": ` \t`, "Cntrl": `\x00-\x1F\x7F`,
	"XDigit": `0-9a-fA-F`, "Space": ` \t\n\x0B\f\r`, "javaLowerCase": `\p{Ll}`, "javaUpperCase": `\p{Lu}`,
	"javaWhitespace": `\t-\r\x1C-\x1F \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`,
	"IsAlphabetic":   `\p{L}\p{Nl}`, "IsLetter": `\p{L}`, "IsDigit": `\p{Nd}`, "IsLowercase": `\p{Ll}`, "IsUppercase": `\p{Lu}`,
	"IsPunctuation": `\p{P}`, "IsWhite_Space": `\t-\r \x{85}\x{A0}\p{Z}`,
}

func (t *translator) property(negated, inside bool) (string, error) {
	if t.at == len(t.in) {
		return "", errors.New("\\p wants a property")
	}
	if t.props++; t.props > mostProperties {
		return "", fmt.Errorf("more than %d \\p are not supported", mostProperties)
	}
	name := t.in[t.at : t.at+1]
	if name == "{" {
		end := strings.IndexByte(t.in[t.at:], '}')
		if end < 0 {
			return "", errors.New("\\p{ is not closed")
		}
		name = t.in[t.at+1 : t.at+end]
		t.at += end + 1
	} else {
		t.at++
	}
	set, ok := properties[name]
	if !ok {
		for _, prefix := range []string{"Is", "general_category=", "gc=", "script=", "sc="} {
			name = strings.TrimPrefix(name, prefix)
		}
		for i := range len(name) {
			if c := name[i] | 0x20; !(c >= 'a' && c <= 'z' || name[i] == '_') {
				return "", fmt.Errorf("there is no property %q", name)
			}
		}
		set = `\p{` + name + `}`
	}
	switch {
	case !negated && inside:
		return set, nil
	case !negated:
		return "[" + set + "]", nil
	case !inside:
		return "[^" + set + "]", nil
	case strings.HasPrefix(set, `\p{`) && strings.Count(set, `\p`) == 1 && strings.HasSuffix(set, "}"):
		return `\P` + set[2:], nil
	}
	return "", fmt.Errorf("\\P{%s} is not supported inside of [ ]", name)
}

// class reads a class in brackets.
func (t *translator) class() (string, error) {
	var b strings.Builder
	b.WriteByte('[')
	t.at++
	if strings.HasPrefix(t.in[t.at:], "^") {
		b.WriteByte('^')
		t.at++
	}
	for first := true; ; first = false {
		if t.at >= len(t.in) {
			return "", errors.New("a [ is not closed")
		}
		switch c := t.in[t.at]; {
		case c == ']' && !first:
			t.at++
			b.WriteByte(']')
			return b.String(), nil
		case c == '\\':
			s, err := t.escaped(true)
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		case c == '[':
			inner, err := t.class()
			switch {
			case err != nil:
				return "", err
			case strings.HasPrefix(inner, "[^"):
				return "", errors.New("a class that begins with ^ is not supported inside of another one")
			}
			b.WriteString(inner[1 : len(inner)-1])
		case strings.HasPrefix(t.in[t.at:], "&&"):
			return "", errors.New("intersections of classes (&&) are not supported")
		case t.comments && c <= ' ':
			t.at++
		case c == '-':
			b.WriteByte('-')
			t.at++
			if first || strings.HasPrefix(t.in[t.at:], "]") { // a hyphen at an end is itself
				s := b.String()
				b.Reset()
				b.WriteString(s[:len(s)-1] + `\x{2d}`)
			}
		default:
			r, n := utf8.DecodeRuneInString(t.in[t.at:])
			if r == utf8.RuneError && n == 1 {
				return "", errors.New("half of a surrogate pair is not supported in a pattern")
			}
			b.WriteString(literal(r))
			t.at += n
		}
	}
}
