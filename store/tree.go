package store

import "cmp"

// treeKey orders a tree: first by the numbers, then by the text.
type treeKey struct {
	a, b, c, d int64
	s          string
}

func (k treeKey) compare(o treeKey) int {
	if c := cmp.Compare(k.a, o.a); c != 0 {
		return c
	}
	if c := cmp.Compare(k.b, o.b); c != 0 {
		return c
	}
	if c := cmp.Compare(k.c, o.c); c != 0 {
		return c
	}
	if c := cmp.Compare(k.d, o.d); c != 0 {
		return c
	}
	return cmp.Compare(k.s, o.s)
}

// tree is an ordered map that is never changed: with and without return another tree, which shares what is the same.
// So a snapshot, a clone and an older state each cost one pointer. It is a balanced (AVL) tree; nil is the empty one.
type tree[V any] struct {
	key         treeKey
	value       V
	left, right *tree[V]
	height      int8
}

func (t *tree[V]) tall() int8 {
	if t == nil {
		return 0
	}
	return t.height
}

// get returns the value under a key.
func (t *tree[V]) get(k treeKey) (v V, ok bool) {
	for t != nil {
		switch c := k.compare(t.key); {
		case c < 0:
			t = t.left
		case c > 0:
			t = t.right
		default:
			return t.value, true
		}
	}
	return v, false
}

// with returns the tree with the value under the key.
func (t *tree[V]) with(k treeKey, v V) *tree[V] {
	if t == nil {
		return &tree[V]{key: k, value: v, height: 1}
	}
	switch c := k.compare(t.key); {
	case c < 0:
		return balanced(t.key, t.value, t.left.with(k, v), t.right)
	case c > 0:
		return balanced(t.key, t.value, t.left, t.right.with(k, v))
	}
	return &tree[V]{key: k, value: v, left: t.left, right: t.right, height: t.height}
}

// without returns the tree without the key; the same tree if it has none.
func (t *tree[V]) without(k treeKey) *tree[V] {
	if t == nil {
		return nil
	}
	switch c := k.compare(t.key); {
	case c < 0:
		if left := t.left.without(k); left != t.left {
			return balanced(t.key, t.value, left, t.right)
		}
		return t
	case c > 0:
		if right := t.right.without(k); right != t.right {
			return balanced(t.key, t.value, t.left, right)
		}
		return t
	}
	if t.left == nil {
		return t.right
	}
	if t.right == nil {
		return t.left
	}
	next := t.right
	for next.left != nil {
		next = next.left
	}
	return balanced(next.key, next.value, t.left, t.right.without(next.key))
}

// balanced joins two trees, whose heights differ by two at most, under one entry.
func balanced[V any](k treeKey, v V, left, right *tree[V]) *tree[V] {
	switch l, r := left.tall(), right.tall(); {
	case l > r+1:
		if left.left.tall() >= left.right.tall() {
			return join(left.key, left.value, left.left, join(k, v, left.right, right))
		}
		m := left.right
		return join(m.key, m.value, join(left.key, left.value, left.left, m.left), join(k, v, m.right, right))
	case r > l+1:
		if right.right.tall() >= right.left.tall() {
			return join(right.key, right.value, join(k, v, left, right.left), right.right)
		}
		m := right.left
		return join(m.key, m.value, join(k, v, left, m.left), join(right.key, right.value, m.right, right.right))
	}
	return join(k, v, left, right)
}

func join[V any](k treeKey, v V, left, right *tree[V]) *tree[V] {
	return &tree[V]{key: k, value: v, left: left, right: right, height: 1 + max(left.tall(), right.tall())}
}

// ascend calls each for the entries from a key on, in order, until it returns false.
func (t *tree[V]) ascend(from treeKey, each func(treeKey, V) bool) bool {
	if t == nil {
		return true
	}
	if from.compare(t.key) <= 0 {
		return t.left.ascend(from, each) && each(t.key, t.value) && t.right.ascend(from, each)
	}
	return t.right.ascend(from, each)
}

// descend calls each for the entries from a key down, in reverse order, until it returns false.
func (t *tree[V]) descend(from treeKey, each func(treeKey, V) bool) bool {
	if t == nil {
		return true
	}
	if from.compare(t.key) >= 0 {
		return t.right.descend(from, each) && each(t.key, t.value) && t.left.descend(from, each)
	}
	return t.left.descend(from, each)
}
