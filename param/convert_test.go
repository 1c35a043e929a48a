package param

import (
	"fmt"
	"slices"
	"testing"
)

func TestConvertKeepsOrderAndSharesNothing(t *testing.T) {
	for _, n := range []int{0, 1, searched, searched + 1, 40} {
		in := new(Ordered[int])
		for i := range n {
			in.Set(fmt.Sprint("k", n-i), i)
		}
		out := Convert(in, func(key string, v int) string { return fmt.Sprint(key, "=", v) })
		if !slices.Equal(in.Keys(), out.Keys()) {
			t.Fatalf("%d: %v", n, out.Keys())
		}
		for key, v := range in.All() {
			if got, _ := out.Get(key); got != fmt.Sprint(key, "=", v) {
				t.Errorf("%d: %s is %s", n, key, got)
			}
		}
		out.Set("new", "")
		if n > 0 {
			out.Delete("k1")
		}
		if in.Has("new") || in.Len() != n || n > 0 && in.Index("k1") != n-1 {
			t.Errorf("%d: the first map has changed: %v", n, in.Keys())
		}
	}
	if out := Convert((*Ordered[int])(nil), func(string, int) int { return 1 }); out == nil || out.Len() != 0 {
		t.Errorf("of nil: %v", out)
	}
}
