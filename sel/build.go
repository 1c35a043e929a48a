package sel

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/segue-run/segue/sel/syntax"
)

// The strings of an expression can be large. The functions here look at them, and make them, in blocks that are paid for
// one at a time, so that even the longest operation can be stopped.

// blockSize is how many bytes are handled on one payment.
const blockSize = 1 << 15

// builder makes a string in pieces and pays for each.
type builder struct {
	t    *Thread
	buf  []byte
	paid bool // memory was paid for beforehand
	err  error
}

// reserve pays for n more bytes.
func (b *builder) reserve(n int) bool {
	if b.err != nil {
		return false
	}
	switch {
	case b.paid:
	case int64(len(b.buf)+n) > b.t.limits.String:
		b.err = Errorf(CodeLimitString, "a string would have more than %d bytes", b.t.limits.String)
	default:
		b.err = b.t.Alloc(stored(n))
	}
	if b.err == nil {
		b.err = b.t.Work(n)
	}
	if b.err == nil && cap(b.buf)-len(b.buf) < n {
		b.buf, b.err = withRoom(b.buf, n, b.t.Work)
	}
	return b.err == nil
}

// spare makes room for n more bytes, of which only those that are used will be paid for: append would copy a long
// string at once. A short one may as well grow when it must.
func (b *builder) spare(n int) {
	if b.err == nil && len(b.buf) > blockSize && cap(b.buf)-len(b.buf) < n {
		b.buf, b.err = withRoom(b.buf, n, b.t.Work)
	}
}

// withRoom returns a larger buf that has room for n more bytes. Buffers double, so that a long one is copied few times.
// pay is called before each block of copyLen bytes that is copied: so many that an evaluation looks up.
func withRoom(buf []byte, n int, pay func(bytes int) error) ([]byte, error) {
	size := max(2*cap(buf), len(buf)+n, 32)
	if len(buf) <= blockSize {
		return append(make([]byte, 0, size), buf...), nil
	}
	larger := uncleared(size)
	for rest := buf; len(rest) > 0; {
		block := rest[:min(len(rest), copyLen)]
		if err := pay(len(block)); err != nil {
			return buf, err
		}
		larger = append(larger, block...)
		rest = rest[len(block):]
	}
	return larger, nil
}

// copyLen is how many bytes of a long text are copied between two looks.
const copyLen = pollEvery * stepBytes

// uncleared returns an empty buffer with room for n bytes. It differs from make in that a large one is not cleared first,
// all at once.
func uncleared(n int) []byte {
	if n <= blockSize {
		return make([]byte, 0, n)
	}
	var b strings.Builder
	b.Grow(n)
	b.WriteByte(0) // an empty string has no address
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())[:0]
}

// add appends s. Surrogates that meet become one character.
func (b *builder) add(s string) {
	if n := len(b.buf); n >= 3 && len(s) >= 3 && s[0] == 0xED && b.buf[n-3] == 0xED && joins(string(b.buf[n-3:]), s) {
		low, width := syntax.Decode(s)
		if !b.reserve(width) {
			return
		}
		b.buf = syntax.AppendUnit(b.buf, low)
		s = s[width:]
	}
	for len(s) > blockSize {
		if !b.reserve(blockSize) {
			return
		}
		b.buf = append(b.buf, s[:blockSize]...)
		s = s[blockSize:]
	}
	if b.reserve(len(s)) {
		b.buf = append(b.buf, s...)
	}
}

// value returns what was built.
func (b *builder) value() (Value, error) {
	if b.err == nil && !b.paid {
		b.err = b.t.Alloc(16)
	}
	if b.err != nil {
		return Value{}, b.err
	}
	return ofBytes(b.buf), nil
}

// length returns the number of UTF-16 units of s.
func (t *Thread) length(s string) (int, error) {
	n := 0
	for len(s) > blockSize {
		if err := t.Work(blockSize); err != nil {
			return 0, err
		}
		n += length16(s[:blockSize])
		s = s[blockSize:]
	}
	return n + length16(s), t.Work(len(s))
}

// offset returns the byte offset of the character that holds unit n of s, and the units before that character.
func (t *Thread) offset(s string, n int) (at, units int, err error) {
	for {
		end := min(at+blockSize, len(s))
		for end < len(s) && !utf8.RuneStart(s[end]) {
			end++
		}
		if err := t.Work(end - at); err != nil {
			return 0, 0, err
		}
		in := length16(s[at:end])
		if units+in > n || end == len(s) {
			break
		}
		at, units = end, units+in
	}
	for at < len(s) && units < n {
		r, width := syntax.Decode(s[at:])
		step := 1
		if r >= 0x10000 {
			step = 2
		}
		if units+step > n {
			break
		}
		at, units = at+width, units+step
	}
	return at, units, nil
}

// slice returns units i to j of s, which must exist. It can begin and end inside of a pair.
func (t *Thread) slice(s string, i, j int) (Value, error) {
	from, units, err := t.offset(s, i)
	if err != nil {
		return Value{}, err
	}
	first := "" // the second half of a pair with which it begins
	if units < i {
		if i == j {
			return StringOf(""), nil
		}
		r, width := syntax.Decode(s[from:])
		first = string(syntax.AppendUnit(nil, 0xDC00+(r-0x10000)&0x3FF))
		from, units = from+width, units+2
	}
	to, at, err := t.offset(s[from:], j-units)
	if err != nil {
		return Value{}, err
	}
	to += from
	if err := t.AllocString(to - from + 6); err != nil {
		return Value{}, err
	}
	half := units+at < j // ends with the first half of a pair
	if first == "" && !half {
		return StringOf(s[from:to]), nil
	}
	b := builder{t: t, paid: true, buf: uncleared(to - from + 6)}
	b.add(first)
	b.add(s[from:to])
	if half {
		r, _ := syntax.Decode(s[to:])
		b.buf = syntax.AppendUnit(b.buf, 0xD800+(r-0x10000)>>10)
	}
	return b.value()
}

// longPart is how long a part can be that the functions of package strings look for at once.
const longPart = 1 << 12

// index returns the byte offset of the first part in s at or after from, -1 when there is none.
func (t *Thread) index(s, part string, from int) (int, error) {
	if len(part) > longPart {
		if from+len(part) > len(s) {
			return -1, nil
		}
		at, err := t.roll(len(s)-from-len(part), part, func(i int) byte { return s[from+i] }, func(i int) byte { return part[i] }, func(i int) string {
			return s[from+i : from+i+len(part)]
		})
		if at >= 0 {
			at += from
		}
		return at, err
	}
	for {
		end := min(len(s), from+blockSize+len(part))
		if from > len(s) {
			return -1, nil
		}
		at := strings.Index(s[from:end], part)
		looked := end - from
		if at >= 0 {
			looked = at + len(part)
		}
		if err := t.Work(looked); err != nil {
			return -1, err
		}
		switch {
		case at >= 0:
			return from + at, nil
		case end == len(s):
			return -1, nil
		}
		from = end - len(part) + 1
	}
}

// lastIndex returns the byte offset of the last part in s, -1 when there is none.
func (t *Thread) lastIndex(s, part string) (int, error) {
	if len(part) > longPart {
		if len(part) > len(s) {
			return -1, nil
		}
		last := len(s) - len(part)
		at, err := t.roll(last, part, func(i int) byte { return s[len(s)-1-i] }, func(i int) byte { return part[len(part)-1-i] }, func(i int) string {
			return s[last-i : len(s)-i]
		})
		if at >= 0 {
			at = last - at
		}
		return at, err
	}
	end := len(s)
	for {
		from := max(0, end-blockSize-len(part))
		if err := t.Work(end - from); err != nil {
			return -1, err
		}
		if at := strings.LastIndex(s[from:end], part); at >= 0 {
			return from + at, nil
		}
		if from == 0 {
			return -1, nil
		}
		end = from + len(part) - 1
	}
}

// roll looks for a long part in a text by a rolling hash (Karp and Rabin): it tries the offsets from 0 to last, where
// the bytes of the text and the part are those that the functions return, in the order in which they are to be looked
// at, and window is what the text has at an offset.
func (t *Thread) roll(last int, part string, text, in func(i int) byte, window func(at int) string) (int, error) {
	const prime = 16777619
	var want, have uint32
	leaves := uint32(1) // what a byte that leaves the window counts: prime to the power of the window's length
	for i := range len(part) {
		if i%blockSize == 0 {
			if err := t.Work(4 * blockSize); err != nil {
				return -1, err
			}
		}
		want, have, leaves = want*prime+uint32(in(i)), have*prime+uint32(text(i)), leaves*prime
	}
	for at := 0; ; at++ {
		if have == want {
			same, err := t.equal(window(at), part)
			if err != nil {
				return -1, err
			}
			if same {
				return at, nil
			}
		}
		if at == last {
			return -1, nil
		}
		if at%blockSize == 0 {
			if err := t.Work(4 * blockSize); err != nil {
				return -1, err
			}
		}
		have = have*prime + uint32(text(at+len(part))) - leaves*uint32(text(at))
	}
}

// equal reports whether two strings of the same length are equal. It pays for what it compares.
func (t *Thread) equal(a, b string) (bool, error) {
	for len(a) > blockSize {
		if err := t.Work(blockSize); err != nil {
			return false, err
		}
		if a[:blockSize] != b[:blockSize] {
			return false, nil
		}
		a, b = a[blockSize:], b[blockSize:]
	}
	return a == b, t.Work(len(a))
}

// compare orders strings by their UTF-16 units, as compareTo does: the difference of the first units that differ, or of
// the lengths.
func (t *Thread) compare(a, b string) (int, error) {
	n := min(len(a), len(b))
	at := 0
	for at < n {
		end := min(at+blockSize, n)
		if err := t.Work(end - at); err != nil {
			return 0, err
		}
		if a[at:end] == b[at:end] {
			at = end
			continue
		}
		for a[at] == b[at] {
			at++
		}
		break
	}
	if at < n {
		for at > 0 && (!utf8.RuneStart(a[at]) || !utf8.RuneStart(b[at])) {
			at--
		}
		x, xWidth := syntax.Decode(a[at:])
		y, yWidth := syntax.Decode(b[at:])
		x1, x2 := units(x)
		y1, y2 := units(y)
		if x1 != y1 {
			return int(x1 - y1), nil
		}
		if x2 != 0 && y2 != 0 {
			return int(x2 - y2), nil
		}
		// One is a lone first half of the pair that the other one is.
		rest := func(s string, half rune) rune {
			if half != 0 {
				return half
			}
			if s == "" {
				return -1
			}
			r, _ := syntax.Decode(s)
			r, _ = units(r)
			return r
		}
		if x2, y2 = rest(a[at+xWidth:], x2), rest(b[at+yWidth:], y2); x2 >= 0 && y2 >= 0 {
			return int(x2 - y2), nil
		}
	}
	la, err := t.length(a)
	if err != nil {
		return 0, err
	}
	lb, err := t.length(b)
	return la - lb, err
}

// units returns the UTF-16 units of a character; the second is 0 when there is only one.
func units(r rune) (rune, rune) {
	if r < 0x10000 {
		return r, 0
	}
	r -= 0x10000
	return 0xD800 + r>>10, 0xDC00 + r&0x3FF
}
