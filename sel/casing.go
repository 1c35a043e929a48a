package sel

import (
	"unicode"
	"unicode/utf8"

	"github.com/segue-run/segue/sel/syntax"
)

// recased returns s with each character replaced by what change appends for it; change gets the text around it.
func recased(t *Thread, s string, change func(b []byte, s string, at int, r rune) []byte) (Value, error) {
	b := builder{t: t, buf: make([]byte, 0, min(len(s), blockSize))}
	for at := 0; at < len(s); {
		end := min(at+blockSize/4, len(s)) // other letters than ASCII take long
		before, same := len(b.buf), end-at
		if b.spare(3 * same); !b.reserve(same) {
			break
		}
		slow := 0
		for at < end {
			if c := s[at]; c < utf8.RuneSelf {
				b.buf = change(b.buf, s, at, rune(c))
				at++
				continue
			}
			r, width := syntax.Decode(s[at:])
			b.buf = change(b.buf, s, at, r)
			at += width
			slow++
		}
		if b.err = t.Work(8 * slow); b.err != nil {
			break
		}
		if more := len(b.buf) - before - same; more > 0 && !b.reserve(more) {
			break
		}
	}
	return b.value()
}

// upper appends the upper case of r. Some characters become several.
func upper(b []byte, _ string, _ int, r rune) []byte {
	if r < utf8.RuneSelf {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		return append(b, byte(r))
	}
	if r == 'ß' || r >= 'ŉ' {
		if s, ok := manyUpper[r]; ok {
			return append(b, s...)
		}
	}
	// The Greek letters with iota below: the capital, and a capital iota.
	if r >= 0x1F80 && r <= 0x1FAF {
		capital := [...]rune{0x1F08, 0x1F28, 0x1F68}[(r-0x1F80)/16] + r&7
		return append(utf8.AppendRune(b, capital), "\u0399"...)
	}
	if r >= 0xD800 && r <= 0xDFFF {
		return syntax.AppendUnit(b, r)
	}
	return utf8.AppendRune(b, unicode.ToUpper(r))
}

// manyUpper holds the characters whose upper case is several, from Unicode's SpecialCasing.
var manyUpper = map[rune]string{
	'ß': "SS", 'ŉ': "\u02BCN", 'ǰ': "J\u030C", 'ΐ': "\u0399\u0308\u0301", 'ΰ': "\u03A5\u0308\u0301", 'և': "\u0535\u0552",
	'ẖ': "H\u0331", 'ẗ': "T\u0308", 'ẘ': "W\u030A", 'ẙ': "Y\u030A", 'ẚ': "A\u02BE",
	0x1F50: "\u03A5\u0313", 0x1F52: "\u03A5\u0313\u0300", 0x1F54: "\u03A5\u0313\u0301", 0x1F56: "\u03A5\u0313\u0342",
	0x1FB2: "\u1FBA\u0399", 0x1FB3: "\u0391\u0399", 0x1FB4: "\u0386\u0399", 0x1FB6: "\u0391\u0342", 0x1FB7: "\u0391\u0342\u0399",
	0x1FBC: "\u0391\u0399", 0x1FC2: "\u1FCA\u0399", 0x1FC3: "\u0397\u0399", 0x1FC4: "\u0389\u0399", 0x1FC6: "\u0397\u0342",
	0x1FC7: "\u0397\u0342\u0399", 0x1FCC: "\u0397\u0399", 0x1FD2: "\u0399\u0308\u0300", 0x1FD3: "\u0399\u0308\u0301",
	0x1FD6: "\u0399\u0342", 0x1FD7: "\u0399\u0308\u0342", 0x1FE2: "\u03A5\u0308\u0300", 0x1FE3: "\u03A5\u0308\u0301",
	0x1FE4: "\u03A1\u0313", 0x1FE6: "\u03A5\u0342", 0x1FE7: "\u03A5\u0308\u0342", 0x1FF2: "\u1FFA\u0399", 0x1FF3: "\u03A9\u0399",
	0x1FF4: "\u038F\u0399", 0x1FF6: "\u03A9\u0342", 0x1FF7: "\u03A9\u0342\u0399", 0x1FFC: "\u03A9\u0399",
	0xFB00: "FF", 0xFB01: "FI", 0xFB02: "FL", 0xFB03: "FFI", 0xFB04: "FFL", 0xFB05: "ST", 0xFB06: "ST",
	0xFB13: "\u0544\u0546", 0xFB14: "\u0544\u0535", 0xFB15: "\u0544\u053B", 0xFB16: "\u054E\u0546", 0xFB17: "\u0544\u053D",
}

// lower appends the lower case of r. A capital sigma at the end of a word becomes a final one.
func lower(b []byte, s string, at int, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r))
	case r == 'İ':
		return append(b, "i\u0307"...)
	case r == 'Σ' && endsWord(s, at):
		return append(b, "ς"...)
	case r >= 0xD800 && r <= 0xDFFF:
		return syntax.AppendUnit(b, r)
	}
	return utf8.AppendRune(b, unicode.ToLower(r))
}

// farthest is how many characters that have no case are passed in the search for one that has.
const farthest = 64

// endsWord reports whether the sigma at byte at of s follows a letter and comes before none.
func endsWord(s string, at int) bool {
	before := false
	for i, n := at, 0; i > 0 && n < farthest; n++ {
		r, width := utf8.DecodeLastRuneInString(s[:i])
		i -= width
		if isCaseIgnorable(r) {
			continue
		}
		before = isCased(r)
		break
	}
	if !before {
		return false
	}
	for i, n := at+len("Σ"), 0; i < len(s) && n < farthest; n++ {
		r, width := utf8.DecodeRuneInString(s[i:])
		i += width
		if isCaseIgnorable(r) {
			continue
		}
		return !isCased(r)
	}
	return true
}

func isCased(r rune) bool {
	return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) || unicode.Is(unicode.Other_Lowercase, r) ||
		unicode.Is(unicode.Other_Uppercase, r)
}

func isCaseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', '^', '`', 0xA8, 0xAD, 0xAF, 0xB4, 0xB7, 0xB8, 0x2018, 0x2019, 0x2024, 0x2027:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
