package sel

import (
	"unsafe"

	"github.com/segue-run/segue/sel/syntax"
)

// growing is the buffer behind a string that was appended to: the string is a prefix of it that ends where the buffer
// ends, and the bytes of a string never change, so that appending in place harms no one who holds the shorter one.
type growing struct {
	buf []byte
}

// mostGrowing is how many strings can grow at the same time without being copied at each step.
const mostGrowing = 4

// append returns base followed by add, without copying base when there is room behind it. It pays for the work.
func (t *Thread) append(base, add string) (Value, error) {
	for i := range t.growing {
		g := &t.growing[i]
		if len(g.buf) == len(base) && unsafe.SliceData(g.buf) == unsafe.StringData(base) {
			if len(add) > min(cap(g.buf)-len(g.buf), blockSize) {
				return t.extend(g, builder{t: t, paid: true, buf: g.buf}, add)
			}
			g.buf = append(g.buf, add...)
			return ofBytes(g.buf), t.Work(len(add))
		}
	}
	b := builder{t: t, paid: true, buf: uncleared(len(base) + len(add) + 32)}
	b.add(base)
	g := &t.growing[t.nextGrowing%mostGrowing]
	t.nextGrowing++
	return t.extend(g, b, add)
}

// extend makes g what b holds, followed by add.
func (t *Thread) extend(g *growing, b builder, add string) (Value, error) {
	if b.add(add); b.err != nil {
		return Value{}, b.err
	}
	g.buf = b.buf
	return ofBytes(g.buf), nil
}

// grow is "s += v". Strings that grow again and again keep room behind them, so that a loop of appends is linear; only
// what is added is paid for.
func (t *Thread) grow(s, v Value) (Value, error) {
	if !hasPayload(v) {
		return Value{}, noOperator(syntax.AddAssign, s, v)
	}
	add, err := t.text(v)
	if err != nil {
		return Value{}, err
	}
	base := text(s)
	if base == "" || joins(base, add) || s.ref == nil {
		return t.concat(base, add)
	}
	if n := len(base) + len(add); int64(n) > t.limits.String {
		return Value{}, Errorf(CodeLimitString, "a string would have more than %d bytes", t.limits.String)
	}
	if err := t.Alloc(stored(len(add))); err != nil {
		return Value{}, err
	}
	return t.append(base, add)
}
