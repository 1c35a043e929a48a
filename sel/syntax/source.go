package syntax

import (
	"sort"
	"unicode/utf8"
)

// source is a text after its \uXXXX escapes became characters, which happens before anything else, also outside of
// strings.
type source struct {
	text  string
	moves []move // one for each escape
	bad   *Error // why the text ends where it does: an escape that is none
}

// move says that text from offset to on stood at offset from.
type move struct{ to, from int }

// original turns an offset in the source into one in the text that it was made of.
func (s *source) original(at int) int {
	i := sort.Search(len(s.moves), func(i int) bool { return s.moves[i].to > at })
	if i == 0 {
		return at
	}
	return s.moves[i-1].from + at - s.moves[i-1].to
}

// unescape makes a source of a text, up to the first escape that is none.
func unescape(text string) *source {
	s := &source{text: text}
	var out []byte
	done := 0 // text[:done] is in out
scan:
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if text[i+1] != 'u' {
			i++ // the pair is an escape of its own, or the second backslash is preceded by an odd number
			continue
		}
		hex := i + 1
		for hex < len(text) && text[hex] == 'u' {
			hex++
		}
		var unit rune
		for n := range 4 {
			d := -1
			if hex+n < len(text) {
				d = hexDigit(text[hex+n])
			}
			if d < 0 {
				out = append(out, text[done:i]...)
				s.bad = &Error{BadToken, `\u wants four hexadecimal digits`, len(out)}
				s.text = string(out)
				break scan
			}
			unit = unit<<4 | rune(d)
		}
		out = AppendUnit(append(out, text[done:i]...), unit)
		done = hex + 4
		s.moves = append(s.moves, move{len(out), done})
		i = done - 1
	}
	if s.moves != nil && s.bad == nil {
		s.text = string(append(out, text[done:]...))
	}
	return s
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// AppendUnit appends a character, or a UTF-16 unit, to b. A surrogate is stored as the three bytes that UTF-8 would
// have for it; a low one joins a high one at the end of b, so that a text has one stored form.
func AppendUnit(b []byte, r rune) []byte {
	if r < 0xD800 || r > 0xDFFF {
		return utf8.AppendRune(b, r)
	}
	if n := len(b); r >= 0xDC00 && n >= 3 && b[n-3] == 0xED && b[n-2]&0xF0 == 0xA0 {
		high := rune(0xD000) | rune(b[n-2]&0x3F)<<6 | rune(b[n-1]&0x3F)
		return utf8.AppendRune(b[:n-3], (high-0xD800)<<10+(r-0xDC00)+0x10000)
	}
	return append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
}

// Decode returns the first character of s (a surrogate where one stands alone) and its width in bytes.
func Decode(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && isSurrogate(s) {
		return rune(s[0]&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, n
}

// isSurrogate reports whether s begins with a stored surrogate.
func isSurrogate(s string) bool {
	return len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2]&0xC0 == 0x80
}
