package param

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An Ordered map agrees with a plain map and a plain list of keys, whatever is done to it.
func TestOrderedAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Ordered[int]
		model := map[string]int{}
		var order []string
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			key := fmt.Sprint("k", rapid.IntRange(0, 30).Draw(t, "key"))
			if rapid.IntRange(0, 3).Draw(t, "op") == 0 {
				m.Delete(key)
				delete(model, key)
				order = slices.DeleteFunc(order, func(k string) bool { return k == key })
			} else {
				v := rapid.Int().Draw(t, "v")
				if _, ok := model[key]; !ok {
					order = append(order, key)
				}
				m.Set(key, v)
				model[key] = v
			}
		}
		for _, o := range []*Ordered[int]{&m, m.Clone()} {
			if o.Len() != len(order) || !slices.Equal(o.Keys(), order) {
				t.Fatalf("keys %v, want %v", o.Keys(), order)
			}
			i := 0
			for k, v := range o.All() {
				if k != order[i] || v != model[k] || o.Index(k) != i {
					t.Fatalf("entry %d is %s=%d", i, k, v)
				}
				i++
			}
		}
	})
}

func TestNilOrderedIsEmpty(t *testing.T) {
	var m *Definitions
	if _, ok := m.Get("x"); ok || m.Len() != 0 || m.Has("x") || len(m.Keys()) != 0 {
		t.Fatal("a nil map has entries")
	}
	for range m.All() {
		t.Fatal("a nil map has entries")
	}
	if m.Clone() == nil {
		t.Fatal("Clone of nil must be usable")
	}
}
