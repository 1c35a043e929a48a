package sel

import (
	"strings"
	"unicode/utf8"

	"github.com/segue-run/segue/sel/syntax"
)

// Strings of the language are sequences of UTF-16 units, as in Java; they are stored as UTF-8. A surrogate without its
// other half is stored as the three bytes that UTF-8 would have for it, and two halves that meet become one
// character. So each string has exactly one stored form.

// decode returns the first character of s (a surrogate where one stands alone) and its width in bytes.
func decode(s string) (rune, int) {
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

// joins reports whether a ends with the first half of a pair whose second half begins b.
func joins(a, b string) bool {
	n := len(a)
	return n >= 3 && len(b) >= 3 && b[0] == 0xED && a[n-3] == 0xED && a[n-2]&0xF0 == 0xA0 && b[1]&0xF0 == 0xB0
}

// concat returns a followed by b.
func concat(a, b string) string {
	if joins(a, b) {
		low, _ := decode(b)
		return string(syntax.AppendUnit([]byte(a), low)) + b[3:]
	}
	return a + b
}

// isASCII reports whether bytes and UTF-16 units of s are the same.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// length16 returns the number of UTF-16 units of s: one for each character, two for one of four bytes.
func length16(s string) int {
	n := 0
	for i := range len(s) {
		if c := s[i]; c < 0x80 || c >= 0xC0 {
			n++
			if c >= 0xF0 {
				n++
			}
		}
	}
	return n
}

// slice16 returns units i to j of s, which must exist.
func slice16(s string, i, j int) string {
	if isASCII(s) {
		return s[i:j]
	}
	var b []byte
	from, whole := 0, true // whole: units i to j begin and end between characters
	at, unit := 0, 0
	for at < len(s) && unit < i {
		r, n := decode(s[at:])
		if r >= 0x10000 && unit+1 == i { // begins inside a pair
			if i == j {
				return ""
			}
			b, whole = syntax.AppendUnit(b, 0xDC00+(r-0x10000)&0x3FF), false
			unit, at = unit+2, at+n
			break
		}
		at += n
		unit++
		if r >= 0x10000 {
			unit++
		}
	}
	from = at
	for at < len(s) && unit < j {
		r, n := decode(s[at:])
		if r >= 0x10000 && unit+1 == j { // ends inside a pair
			return string(syntax.AppendUnit(append(b, s[from:at]...), 0xD800+(r-0x10000)>>10))
		}
		at += n
		unit++
		if r >= 0x10000 {
			unit++
		}
	}
	if whole {
		return s[from:at]
	}
	return string(append(b, s[from:at]...))
}

// index16 turns a byte offset in s into the number of units before it.
func index16(s string, at int) int { return length16(s[:at]) }

// sound returns s with everything that is not UTF-8 replaced by U+FFFD.
func sound(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
