package store

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTreeAgreesWithAMap(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		want := map[int64]int{}
		var tr *tree[int]
		var old *tree[int]
		var oldWant map[int64]int
		for i := range 600 {
			k := rnd.Int64N(200)
			if rnd.IntN(3) == 0 {
				delete(want, k)
				tr = tr.without(treeKey{a: k})
			} else {
				want[k] = i
				tr = tr.with(treeKey{a: k}, i)
			}
			if i == 300 {
				old, oldWant = tr, maps.Clone(want)
			}
			sound(t, tr)
		}
		same(t, seed, tr, want)
		same(t, seed, old, oldWant)
	}
}

// sound fails if the tree is out of order or out of balance, and returns its height.
func sound(t *testing.T, tr *tree[int]) int8 {
	t.Helper()
	if tr == nil {
		return 0
	}
	l, r := sound(t, tr.left), sound(t, tr.right)
	if d := l - r; d < -1 || d > 1 || tr.height != 1+max(l, r) {
		t.Fatalf("key %v: heights %d, %d, recorded %d", tr.key, l, r, tr.height)
	}
	if tr.left != nil && tr.left.key.compare(tr.key) >= 0 || tr.right != nil && tr.right.key.compare(tr.key) <= 0 {
		t.Fatalf("key %v: out of order", tr.key)
	}
	return tr.height
}

func same(t *testing.T, seed uint64, tr *tree[int], want map[int64]int) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(want))
	for from := int64(-1); from <= 200; from += 13 {
		up := slices.DeleteFunc(slices.Clone(keys), func(k int64) bool { return k < from })
		down := slices.DeleteFunc(slices.Clone(keys), func(k int64) bool { return k > from })
		slices.Reverse(down)
		var gotUp, gotDown []int64
		tr.ascend(treeKey{a: from}, func(k treeKey, v int) bool {
			if v != want[k.a] {
				t.Fatalf("seed %d: key %d: %d, want %d", seed, k.a, v, want[k.a])
			}
			gotUp = append(gotUp, k.a)
			return true
		})
		tr.descend(treeKey{a: from}, func(k treeKey, _ int) bool { gotDown = append(gotDown, k.a); return true })
		if !slices.Equal(gotUp, up) || !slices.Equal(gotDown, down) {
			t.Fatalf("seed %d: from %d: %v and %v, want %v and %v", seed, from, gotUp, gotDown, up, down)
		}
	}
	for k := range int64(200) {
		v, ok := tr.get(treeKey{a: k})
		if w, in := want[k]; ok != in || v != w {
			t.Fatalf("seed %d: get %d: %d, %v; want %d, %v", seed, k, v, ok, w, in)
		}
	}
}
