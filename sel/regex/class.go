package regex

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
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

// property reads what follows \p or \P.
func (t *translator) property(negated bool) (string, error) {
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
	inside, ok := properties[name]
	if !ok {
		for _, prefix := range []string{"Is", "general_category=", "gc=", "script=", "sc="} {
			name = strings.TrimPrefix(name, prefix)
		}
		for i := range len(name) {
			if c := name[i] | 0x20; !(c >= 'a' && c <= 'z' || name[i] == '_') {
				return "", fmt.Errorf("there is no property %q", name)
			}
		}
		inside = `\p{` + name + `}`
	}
	if negated {
		return "[^" + inside + "]", nil
	}
	return "[" + inside + "]", nil
}

// set is a set of characters as pairs of first and last, in order and apart.
type set []rune

// tidy sorts pairs and joins those that touch.
func tidy(pairs []rune) set {
	order := make([][2]rune, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		order = append(order, [2]rune{pairs[i], pairs[i+1]})
	}
	slices.SortFunc(order, func(a, b [2]rune) int { return int(a[0]) - int(b[0]) })
	var out set
	for _, p := range order {
		if n := len(out); n > 0 && p[0] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p[1])
		} else {
			out = append(out, p[0], p[1])
		}
	}
	return out
}

// not returns all characters but those of s.
func (s set) not() set {
	var out set
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= utf8.MaxRune {
		out = append(out, next, utf8.MaxRune)
	}
	return out
}

// and returns the characters in both.
func (s set) and(other set) set {
	return tidy(append(s.not(), other.not()...)).not()
}

// mostFolded is how many characters a class can have for (?i) to apply to it. Larger ones (all letters, all but some) hold
// both cases anyway, and folding them one by one would take milliseconds.
const mostFolded = 5_000

// pattern returns the class for RE2.
func (t *translator) pattern(s set, negated bool) (string, error) {
	if len(s) == 0 {
		s, negated = set{0, utf8.MaxRune}, !negated
	}
	size := rune(0)
	b := []byte("[")
	if negated {
		b = append(b, '^')
	}
	for i := 0; i < len(s); i += 2 {
		size += s[i+1] - s[i] + 1
		b = append(b, `\x{`...)
		b = strconv.AppendInt(b, int64(s[i]), 16)
		b = append(b, `}-\x{`...)
		b = strconv.AppendInt(b, int64(s[i+1]), 16)
		b = append(b, '}')
	}
	if !t.fold {
		return string(append(b, ']')), nil
	}
	if size > mostFolded {
		return "(?-i:" + string(b) + "])", nil
	}
	if t.folded += size; t.folded > 2*mostFolded {
		return "", fmt.Errorf("(?i) with classes of more than %d characters is not supported", 2*mostFolded)
	}
	return string(append(b, ']')), nil
}

// class reads a class in brackets: characters, ranges, escapes, classes inside of it, and && for what two have in
// common. A ^ at the beginning is left to the caller, as case folding comes before it.
func (t *translator) class() (all set, negated bool, err error) {
	t.at++
	if strings.HasPrefix(t.in[t.at:], "^") {
		negated = true
		t.at++
	}
	var pairs []rune   // of the operand being read
	var operands []set // those before it
	for first := true; ; first = false {
		if t.at >= len(t.in) {
			return nil, false, errors.New("a [ is not closed")
		}
		switch c := t.in[t.at]; {
		case c == ']' && !first:
			t.at++
			all = tidy(pairs)
			for _, o := range operands {
				all = all.and(o)
			}
			return all, negated, nil
		case c == '[':
			inner, not, err := t.class()
			if err != nil {
				return nil, false, err
			}
			if not {
				inner = inner.not()
			}
			pairs = append(pairs, inner...)
		case strings.HasPrefix(t.in[t.at:], "&&"):
			t.at += 2
			if len(operands) == 10 {
				return nil, false, errors.New("more than 10 && are not supported in a class")
			}
			if !first {
				operands = append(operands, tidy(pairs))
				pairs = nil
			}
		case t.comments && c <= ' ':
			t.at++
		default:
			item, err := t.item()
			if err != nil {
				return nil, false, err
			}
			if len(item) == 2 && item[0] == item[1] && t.ranges() {
				t.at++
				last, err := t.item()
				switch {
				case err != nil:
					return nil, false, err
				case len(last) != 2 || last[0] != last[1] || last[0] < item[0]:
					return nil, false, errors.New("invalid character class range")
				}
				item = set{item[0], last[0]}
			}
			pairs = append(pairs, item...)
		}
	}
}

// ranges reports whether a hyphen that makes a range comes next.
func (t *translator) ranges() bool {
	rest := t.in[t.at:]
	return len(rest) > 1 && rest[0] == '-' && rest[1] != ']' && rest[1] != '['
}

// item reads one character of a class, or the set that an escape stands for.
func (t *translator) item() (set, error) {
	if t.in[t.at] != '\\' {
		r, n := utf8.DecodeRuneInString(t.in[t.at:])
		if r == utf8.RuneError && n == 1 {
			return nil, errors.New("half of a surrogate pair is not supported in a pattern")
		}
		t.at += n
		return set{r, r}, nil
	}
	begin := t.at
	pattern, err := t.escaped()
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	switch tree.Op {
	case syntax.OpCharClass:
		return tree.Rune, nil
	case syntax.OpLiteral:
		var out set
		for _, r := range tree.Rune {
			out = append(out, r, r)
		}
		return out, nil
	case syntax.OpEmptyMatch: // \Q\E
		return nil, nil
	}
	return nil, fmt.Errorf("%s is not supported inside of [ ]", t.in[begin:t.at])
}
