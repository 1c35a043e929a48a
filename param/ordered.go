package param

import (
	"iter"
	"slices"

	"github.com/segue-run/segue/wire"
)

// Ordered is a map that keeps its keys in the order in which they were first set. A nil *Ordered is an empty map that
// can be read; the zero value is ready for use. Reading at the same time is safe, writing is not.
type Ordered[V any] struct {
	keys []string
	vals []V
	// index is nil up to searched keys: a short list is faster to search than to hash.
	index map[string]int
}

const searched = 12

// Len returns the number of entries.
func (m *Ordered[V]) Len() int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// At returns the entry at a position from 0 to Len()-1.
func (m *Ordered[V]) At(i int) (string, V) { return m.keys[i], m.vals[i] }

// Keys returns the keys in order. The slice belongs to the map.
func (m *Ordered[V]) Keys() []string {
	if m == nil {
		return nil
	}
	return m.keys
}

// Index returns the position of a key, or -1.
func (m *Ordered[V]) Index(key string) int {
	switch {
	case m == nil:
		return -1
	case m.index == nil:
		return slices.Index(m.keys, key)
	}
	if i, ok := m.index[key]; ok {
		return i
	}
	return -1
}

// Get returns the value of a key.
func (m *Ordered[V]) Get(key string) (V, bool) {
	if i := m.Index(key); i >= 0 {
		return m.vals[i], true
	}
	var none V
	return none, false
}

// Has reports whether the key is there.
func (m *Ordered[V]) Has(key string) bool { return m.Index(key) >= 0 }

// Set gives a key its value. A new key goes to the end, an old one keeps its place.
func (m *Ordered[V]) Set(key string, v V) {
	if i := m.Index(key); i >= 0 {
		m.vals[i] = v
		return
	}
	m.keys = append(m.keys, key)
	m.vals = append(m.vals, v)
	switch {
	case m.index != nil:
		m.index[key] = len(m.keys) - 1
	case len(m.keys) > searched:
		m.index = make(map[string]int, 2*len(m.keys))
		for i, k := range m.keys {
			m.index[k] = i
		}
	}
}

// Delete removes a key, in linear time.
func (m *Ordered[V]) Delete(key string) {
	i := m.Index(key)
	if i < 0 {
		return
	}
	m.keys = slices.Delete(m.keys, i, i+1)
	m.vals = slices.Delete(m.vals, i, i+1)
	if m.index != nil {
		delete(m.index, key)
		for j := i; j < len(m.keys); j++ {
			m.index[m.keys[j]] = j
		}
	}
}

// All ranges over the entries in order.
func (m *Ordered[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if m == nil {
			return
		}
		for i, k := range m.keys {
			if !yield(k, m.vals[i]) {
				return
			}
		}
	}
}

// Clone returns a copy that shares the values. It never returns nil.
func (m *Ordered[V]) Clone() *Ordered[V] {
	c := new(Ordered[V])
	if m == nil {
		return c
	}
	c.keys, c.vals = slices.Clone(m.keys), slices.Clone(m.vals)
	if m.index != nil {
		c.index = make(map[string]int, len(m.index))
		for i, k := range c.keys {
			c.index[k] = i
		}
	}
	return c
}

// AppendObject appends m as a JSON object, its values with one.
func AppendObject[V any](b []byte, m *Ordered[V], one func([]byte, V) []byte) []byte {
	b = append(b, '{')
	for i := range m.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = wire.AppendString(b, m.keys[i])
		b = append(b, ':')
		b = one(b, m.vals[i])
	}
	return append(b, '}')
}

// DecodeObject stores an object field in dst, decoding each value. Null values are left out.
func DecodeObject[V any](n *wire.Node, dst **Ordered[V], one func(*wire.Node) (V, error)) error {
	m := new(Ordered[V])
	if n.Kind == wire.Object {
		m.keys, m.vals = make([]string, 0, len(n.Fields)), make([]V, 0, len(n.Fields))
	}
	err := n.Each(func(f *wire.Field) error {
		v, err := one(&f.Node)
		if err == nil {
			m.Set(f.Name, v)
		}
		return err
	})
	if err == nil {
		*dst = m
	}
	return err
}

// AppendBag appends the entries of a bag as fields of the object that b is in.
func AppendBag(b []byte, bag *Bag) []byte {
	for name, raw := range bag.All() {
		b = wire.AppendString(wire.Comma(b), name)
		b = append(b, ':')
		b = append(b, raw...)
	}
	return b
}

// Stow adds a field to a bag, which is made if it is nil.
func Stow(bag **Bag, f *wire.Field) error {
	if *bag == nil {
		*bag = new(Bag)
	}
	(*bag).Set(f.Name, f.Raw())
	return nil
}
