package sel

import (
	"sort"
	"unicode/utf8"

	"github.com/segue-run/segue/sel/syntax"
)

// Table is a map from strings to values. It remembers the order in which keys came, which is the order of an input,
// and can give the order in which Java's HashMap would list them, which is what printing a map shows.
type Table struct {
	keys   []string
	values []Value
	index  map[string]int32 // nil while there are few keys
}

// fewKeys is the number of keys up to which a scan beats an index.
const fewKeys = 8

// Len returns the number of keys.
func (m *Table) Len() int { return len(m.keys) }

// Get returns the value of key.
func (m *Table) Get(key string) (Value, bool) {
	if i := m.find(key); i >= 0 {
		return m.values[i], true
	}
	return Value{}, false
}

func (m *Table) find(key string) int {
	if m.index != nil {
		if i, ok := m.index[key]; ok {
			return int(i)
		}
		return -1
	}
	for i, k := range m.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// put stores v and returns what was there before.
func (m *Table) put(key string, v Value) Value {
	if i := m.find(key); i >= 0 {
		old := m.values[i]
		m.values[i] = v
		return old
	}
	m.keys, m.values = append(m.keys, key), append(m.values, v)
	if m.index != nil {
		m.index[key] = int32(len(m.keys) - 1)
	} else if len(m.keys) > fewKeys {
		m.index = make(map[string]int32, 2*len(m.keys))
		for i, k := range m.keys {
			m.index[k] = int32(i)
		}
	}
	return Value{typ: Null}
}

// javaHash is String.hashCode of a Java string.
func javaHash(s string) int32 {
	var h int32
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

// hashOrder returns the positions of the keys in the order of Java's HashMap: by bucket, and within a bucket by age.
func (m *Table) hashOrder() []int {
	buckets := uint32(16)
	for len(m.keys) > int(buckets/4*3) {
		buckets *= 2
	}
	at := make([]uint32, len(m.keys))
	order := make([]int, len(m.keys))
	for i, k := range m.keys {
		h := uint32(javaHash(k))
		at[i], order[i] = (h^h>>16)&(buckets-1), i
	}
	sort.SliceStable(order, func(i, j int) bool { return at[order[i]] < at[order[j]] })
	return order
}

// Text returns "{k=v, k2=v2}".
func (m *Table) Text() string { return unpaid(func(p *printer) { p.table(m, 0) }) }
