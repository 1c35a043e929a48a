package sel

import (
	"math/bits"
	"unicode/utf8"

	"github.com/segue-run/segue/sel/syntax"
)

// Table is a map from strings to values. It remembers the order in which keys came, which is the order of an input,
// and can give the order in which Java's HashMap would list them, which is what printing a map shows. Its entries are
// kept in blocks, as those of arrays are.
type Table struct {
	rows  [][]row
	n     int
	index map[string]int32 // the positions of keys; nil while there are few
	base  map[string]int32 // those of other keys, shared with the table that this one was copied from; never written to
}

type row struct {
	key   string
	value Value
}

// fewKeys is the number of keys up to which a scan beats an index.
const fewKeys = 8

// Len returns the number of keys.
func (m *Table) Len() int { return m.n }

func (m *Table) row(i int) *row { return &m.rows[uint(i)/blockLen][uint(i)%blockLen] }

// get returns the value of key; t pays for the search.
func (m *Table) get(t *Thread, key string) (Value, bool, error) {
	i, err := m.find(t, key)
	if i < 0 || err != nil {
		return Value{}, false, err
	}
	return m.row(i).value, true, nil
}

// find returns the position of key, -1 if it has none. t may be nil; then nobody pays for comparing keys.
func (m *Table) find(t *Thread, key string) (int, error) {
	if i, ok := m.base[key]; ok {
		return int(i), nil
	}
	if i, ok := m.index[key]; ok {
		return int(i), nil
	}
	if m.base != nil || m.index != nil || m.n == 0 {
		return -1, nil
	}
	for i := range m.rows[0] {
		if k := m.rows[0][i].key; len(k) == len(key) {
			if len(k) > blockSize && t != nil {
				if err := t.Work(len(k)); err != nil {
					return -1, err
				}
			}
			if k == key {
				return i, nil
			}
		}
	}
	return -1, nil
}

// put stores v and returns what was there before. t may be nil.
func (m *Table) put(t *Thread, key string, v Value) (Value, error) {
	i, err := m.find(t, key)
	if err != nil {
		return Value{}, err
	}
	if i >= 0 {
		r := m.row(i)
		old := r.value
		r.value = v
		return old, nil
	}
	m.rows = push(m.rows, row{key, v})
	m.n++
	switch {
	case m.index != nil:
		m.index[key] = int32(m.n - 1)
	case m.base != nil:
		m.index = map[string]int32{key: int32(m.n - 1)}
	case m.n > fewKeys:
		m.index = make(map[string]int32, 2*m.n)
		for i := range m.n {
			m.index[m.row(i).key] = int32(i)
		}
	}
	return Value{typ: Null}, nil
}

// copy returns a table with the same keys, and what of makes of the values. pay is called with the bytes copied.
func (m *Table) copy(pay func(bytes int) error, of func(Value) (Value, error)) (*Table, error) {
	c := &Table{rows: make([][]row, len(m.rows)), n: m.n, base: m.index}
	if m.base != nil {
		if c.base = m.base; m.index != nil { // only one of them can be shared
			c.base, c.index = nil, make(map[string]int32)
		}
	}
	for b, rows := range m.rows {
		if err := pay(64 * len(rows)); err != nil {
			return nil, err
		}
		c.rows[b] = make([]row, len(rows))
		for i, r := range rows {
			v, err := of(r.value)
			if err != nil {
				return nil, err
			}
			c.rows[b][i] = row{r.key, v}
			if c.index != nil {
				c.index[r.key] = int32(b*blockLen + i)
			}
		}
	}
	return c, nil
}

// javaHash is String.hashCode of a Java string that begins with one of hash h, which is 0 for none, and goes on with s.
func javaHash(h int32, s string) int32 {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			h = 31*h + int32(c)
			i++
			continue
		}
		r, n := syntax.Decode(s[i:])
		if r >= 0x10000 {
			h = 31*h + int32(0xD800+(r-0x10000)>>10)
			r = 0xDC00 + (r-0x10000)&0x3FF
		}
		h = 31*h + int32(r)
		i += n
	}
	return h
}

// paidHash is javaHash of s, paid for in blocks.
func paidHash(pay func(bytes int) error, s string) (int32, error) {
	h := int32(0)
	for len(s) > blockSize {
		n := blockSize
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n++
		}
		if err := pay(n); err != nil {
			return 0, err
		}
		h = javaHash(h, s[:n])
		s = s[n:]
	}
	return javaHash(h, s), pay(len(s))
}

// hashOrder returns the positions of the keys in the order of Java's HashMap: by bucket, and within a bucket by age.
func (m *Table) hashOrder(pay func(bytes int) error) ([]int32, error) {
	buckets := uint32(16)
	for m.n > int(buckets/4*3) {
		buckets *= 2
	}
	order, at := make([]int32, m.n), make([]uint32, m.n)
	for i := range order {
		h, err := paidHash(pay, m.row(i).key)
		if err != nil {
			return nil, err
		}
		order[i], at[i] = int32(i), (uint32(h)^uint32(h)>>16)&(buckets-1)
	}
	if m.n <= 32 {
		for i := 1; i < m.n; i++ {
			for j := i; j > 0 && at[order[j]] < at[order[j-1]]; j-- {
				order[j], order[j-1] = order[j-1], order[j]
			}
		}
		return order, nil
	}
	// Sort by the digits of the bucket's number, the last one first; each pass keeps the order of what is equal.
	const digit = 11
	next := make([]int32, m.n)
	for shift := 0; shift < bits.Len32(buckets-1); shift += digit {
		var begin [1<<digit + 1]int32
		for _, b := range at {
			begin[b>>shift&(1<<digit-1)+1]++
		}
		for d := range begin[1:] {
			begin[d+1] += begin[d]
		}
		for i, o := range order {
			if i%blockLen == 0 {
				if err := pay(8 * blockLen); err != nil {
					return nil, err
				}
			}
			d := at[o] >> shift & (1<<digit - 1)
			next[begin[d]] = o
			begin[d]++
		}
		order, next = next, order
	}
	return order, nil
}

// Text returns "{k=v, k2=v2}".
func (m *Table) Text() string { return unpaid(func(p *printer) { p.table(m, 0) }) }
