package sel

import "slices"

// Array is an array of strings, integers, floats or booleans, of fixed length. Its elements are kept in blocks, so that
// no array, however long, is made or copied in one go; exactly one of the lists of blocks is in use. An array that came
// from outside shares its blocks with the caller: each is copied before it is first written to.
type Array struct {
	elem   Type
	lent   bool   // the list of blocks, and all blocks, belong to others
	theirs []bool // the blocks that belong to others, once the list is our own; nil: none
	n      int
	strs   [][]Value
	longs  [][]int64
	floats [][]float64
	bools  [][]bool
}

// blockLen is the number of elements of each block but the last.
const blockLen = 1 << 10

func newArray(elem Type, n int) *Array {
	a := &Array{elem: elem, n: n}
	switch elem {
	case String:
		a.strs = blocks[Value](n)
		for _, block := range a.strs {
			for i := range block {
				block[i].typ = String
			}
		}
	case Long:
		a.longs = blocks[int64](n)
	case Double:
		a.floats = blocks[float64](n)
	default:
		a.bools = blocks[bool](n)
	}
	return a
}

// blocks returns blocks for n elements.
func blocks[T any](n int) [][]T {
	list := make([][]T, 0, (n+blockLen-1)/blockLen)
	for ; n > 0; n -= blockLen {
		list = append(list, make([]T, min(n, blockLen)))
	}
	return list
}

// blocksOf returns the elements of s in blocks that share its memory.
func blocksOf[T any](s []T) [][]T {
	list := make([][]T, 0, (len(s)+blockLen-1)/blockLen)
	for len(s) > blockLen {
		list = append(list, s[:blockLen:blockLen])
		s = s[blockLen:]
	}
	if len(s) > 0 {
		list = append(list, s)
	}
	return list
}

// push appends v to a list of blocks.
func push[T any](list [][]T, v T) [][]T {
	last := len(list) - 1
	switch {
	case last < 0:
		return append(list, append(make([]T, 0, 4), v))
	case len(list[last]) == blockLen:
		return append(list, append(make([]T, 0, blockLen), v))
	}
	list[last] = append(list[last], v)
	return list
}

// flat returns the elements of a list of blocks as a slice, which may share their memory.
func flat[T any](list [][]T) []T {
	switch len(list) {
	case 0:
		return []T{}
	case 1:
		return list[0]
	}
	return slices.Concat(list...)
}

// LongsOf returns an array value that takes ownership of n.
func LongsOf(n []int64) Value {
	return Value{typ: LongArray, ref: &Array{elem: Long, n: len(n), longs: blocksOf(n)}}
}

// DoublesOf returns an array value that takes ownership of f.
func DoublesOf(f []float64) Value {
	return Value{typ: DoubleArray, ref: &Array{elem: Double, n: len(f), floats: blocksOf(f)}}
}

// BooleansOf returns an array value that takes ownership of b.
func BooleansOf(b []bool) Value {
	return Value{typ: BooleanArray, ref: &Array{elem: Boolean, n: len(b), bools: blocksOf(b)}}
}

// StringsOf returns an array value with the given texts.
func StringsOf(s []string) Value {
	a := newArray(String, len(s))
	for i, text := range s {
		a.set(i, StringOf(text))
	}
	return Value{typ: StringArray, ref: a}
}

// Len returns the number of elements.
func (a *Array) Len() int { return a.n }

// At returns element i, which must exist.
func (a *Array) At(i int) Value {
	block, at := uint(i)/blockLen, uint(i)%blockLen
	switch a.elem {
	case String:
		return a.strs[block][at]
	case Long:
		return LongOf(a.longs[block][at])
	case Double:
		return DoubleOf(a.floats[block][at])
	}
	return BooleanOf(a.bools[block][at])
}

// set stores v, which has the element type, at i, which must exist.
func (a *Array) set(i int, v Value) {
	block, at := uint(i)/blockLen, uint(i)%blockLen
	if a.isLent(i) {
		a.own(block)
	}
	switch a.elem {
	case String:
		a.strs[block][at] = v
	case Long:
		a.longs[block][at] = v.Long()
	case Double:
		a.floats[block][at] = v.Double()
	default:
		a.bools[block][at] = v.Boolean()
	}
}

// isLent reports whether the block of element i belongs to others, so that set will copy it.
func (a *Array) isLent(i int) bool { return a.lent || a.theirs != nil && a.theirs[uint(i)/blockLen] }

// own makes a block the array's own.
func (a *Array) own(block uint) {
	if a.lent {
		a.strs, a.longs, a.floats, a.bools = slices.Clone(a.strs), slices.Clone(a.longs), slices.Clone(a.floats), slices.Clone(a.bools)
		a.theirs = slices.Repeat([]bool{true}, len(a.strs)+len(a.longs)+len(a.floats)+len(a.bools))
		a.lent = false
	}
	switch a.elem {
	case String:
		a.strs[block] = slices.Clone(a.strs[block])
	case Long:
		a.longs[block] = slices.Clone(a.longs[block])
	case Double:
		a.floats[block] = slices.Clone(a.floats[block])
	default:
		a.bools[block] = slices.Clone(a.bools[block])
	}
	a.theirs[block] = false
}

// view returns an array with the elements of a that can be written to without changing a.
func (a *Array) view() *Array {
	v := *a
	v.lent, v.theirs = true, nil
	return &v
}

// Text returns "[a, b]".
func (a *Array) Text() string { return unpaid(func(p *printer) { p.array(a) }) }
