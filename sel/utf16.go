package sel

import (
	"strings"
	"unicode/utf8"

	"github.com/segue-run/segue/sel/syntax"
)

// Strings of the language are sequences of UTF-16 units, as in Java; they are stored as UTF-8. A surrogate without its
// other half is stored as the three bytes that UTF-8 would have for it, and two halves that meet become one
// character. So each string has exactly one stored form.

// joins reports whether a ends with the first half of a pair whose second half begins b.
func joins(a, b string) bool {
	n := len(a)
	return n >= 3 && len(b) >= 3 && b[0] == 0xED && a[n-3] == 0xED && a[n-2]&0xF0 == 0xA0 && b[1]&0xF0 == 0xB0
}

// concat returns a followed by b.
func concat(a, b string) string {
	if joins(a, b) {
		low, _ := syntax.Decode(b)
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

// sound returns s with everything that is not UTF-8, each lone surrogate and each run of other bytes, replaced by
// U+FFFD.
func sound(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	bad := false
	for i := 0; i < len(s); {
		r, n := syntax.Decode(s[i:])
		switch {
		case r >= 0xD800 && r <= 0xDFFF:
			b.WriteRune(utf8.RuneError)
			bad = false
		case r == utf8.RuneError && n == 1:
			if !bad {
				b.WriteRune(utf8.RuneError)
			}
			bad = true
		default:
			b.WriteString(s[i : i+n])
			bad = false
		}
		i += n
	}
	return b.String()
}
