package param

import (
	"maps"
	"slices"
)

// Convert returns a map with the keys of m, in their order, and what one makes of each value. It never returns nil.
func Convert[V, W any](m *Ordered[V], one func(key string, v V) W) *Ordered[W] {
	out := new(Ordered[W])
	if m.Len() == 0 {
		return out
	}
	out.keys, out.vals, out.index = slices.Clone(m.keys), make([]W, len(m.vals)), maps.Clone(m.index)
	for i, v := range m.vals {
		out.vals[i] = one(m.keys[i], v)
	}
	return out
}
