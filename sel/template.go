package sel

import (
	"slices"
	"sort"
	"strings"
)

// Template is a literal text with references to parameters: $name and ${name}. $$ stands for one dollar, $$name and
// $${name} for the reference as text; a dollar before anything else is a dollar. Braces allow longer names, with
// dots, slashes and hyphens. What a reference is replaced by is not looked at again.
type Template struct {
	text  string
	parts []part
	refs  []string
}

// part is a piece of text, or the name of a reference.
type part struct {
	text string
	ref  bool
}

// CompileTemplate takes a text apart. Every text is a template.
func CompileTemplate(text string) *Template {
	tpl := &Template{text: text, refs: discover(text)}
	var lit strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '$' {
			n := strings.IndexByte(text[i:], '$')
			if n < 0 {
				n = len(text) - i
			}
			lit.WriteString(text[i : i+n])
			i += n
			continue
		}
		if name, n := reference(text[i:]); n > 0 {
			if lit.Len() > 0 {
				tpl.parts = append(tpl.parts, part{text: lit.String()})
				lit.Reset()
			}
			tpl.parts = append(tpl.parts, part{name, true})
			i += n
			continue
		}
		_, n := reference(text[i+1:])
		switch {
		case n > 0:
			lit.WriteString(text[i+1 : i+1+n])
			i += 1 + n
		case strings.HasPrefix(text[i:], "$$"):
			lit.WriteByte('$')
			i += 2
		default:
			lit.WriteByte('$')
			i++
		}
	}
	if lit.Len() > 0 || len(tpl.parts) == 0 {
		tpl.parts = append(tpl.parts, part{text: lit.String()})
	}
	return tpl
}

// reference returns the name of the reference that s begins with, and its length in s; 0 when there is none.
func reference(s string) (string, int) {
	if len(s) < 2 || s[0] != '$' {
		return "", 0
	}
	if s[1] != '{' {
		n := 1
		for n < len(s) && (isAlpha(s[n]) || n > 1 && (isDecimal(s[n]) || s[n] == '_')) {
			n++
		}
		if n == 1 {
			return "", 0
		}
		return s[1:n], n
	}
	n := 2
	for n < len(s) && (isAlpha(s[n]) || n > 2 && (isDecimal(s[n]) || strings.IndexByte("-_./", s[n]) >= 0)) {
		n++
	}
	if n == 2 || n == len(s) || s[n] != '}' {
		return "", 0
	}
	return s[2:n], n + 1
}

func isAlpha(c byte) bool   { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

// discover returns the names that text may refer to. It looks only at the two characters before a reference, so that
// it can name one that turns out to be text ($$$$name); it never misses one.
func discover(text string) []string {
	var refs []string
	for i := 0; i < len(text); {
		name, n := reference(text[i:])
		if n == 0 {
			i++
			continue
		}
		if i == 0 || text[i-1] != '$' || i >= 2 && text[i-2] == '$' {
			refs = append(refs, name)
		}
		i += n
	}
	sort.Strings(refs)
	return slices.Compact(refs)
}

// Text returns the text that the template was made of.
func (tpl *Template) Text() string { return tpl.text }

// Refs returns the names that the template may refer to, sorted. The slice must not be changed.
func (tpl *Template) Refs() []string { return tpl.refs }

// Literal reports whether the template expands to the same text whatever the parameters are.
func (tpl *Template) Literal() bool { return len(tpl.parts) == 1 && !tpl.parts[0].ref }

// mostExpanded is how many bytes a template may expand to.
const mostExpanded = DefaultString

// Expand returns the text with every reference replaced by what lookup returns for it (see TextOf). Its error is
// lookup's first one as it is, or CodeLimitString.
func (tpl *Template) Expand(lookup func(name string) (string, error)) (string, error) {
	if tpl.Literal() {
		return tpl.parts[0].text, nil
	}
	var b strings.Builder
	for _, p := range tpl.parts {
		text := p.text
		if p.ref {
			var err error
			if text, err = lookup(p.text); err != nil {
				return "", err
			}
		}
		if b.Len()+len(text) > mostExpanded {
			return "", Errorf(CodeLimitString, "the text would have more than %d bytes", mostExpanded)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// Interpolate is CompileTemplate and Expand in one, for texts that are used once.
func Interpolate(text string, lookup func(name string) (string, error)) (string, error) {
	return CompileTemplate(text).Expand(lookup)
}
