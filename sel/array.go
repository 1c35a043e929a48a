package sel

// Array is an array of strings, integers, floats or booleans, of fixed length. Exactly one of the slices is in use.
// An array that came from outside shares its slice with the caller until it is first written to.
type Array struct {
	elem   Type
	shared bool
	strs   []Value
	longs  []int64
	floats []float64
	bools  []bool
}

func newArray(elem Type, n int) *Array {
	a := &Array{elem: elem}
	switch elem {
	case String:
		a.strs = make([]Value, n)
		for i := range a.strs {
			a.strs[i].typ = String
		}
	case Long:
		a.longs = make([]int64, n)
	case Double:
		a.floats = make([]float64, n)
	default:
		a.bools = make([]bool, n)
	}
	return a
}

// LongsOf returns an array value that takes ownership of n.
func LongsOf(n []int64) Value { return Value{typ: LongArray, ref: &Array{elem: Long, longs: n}} }

// DoublesOf returns an array value that takes ownership of f.
func DoublesOf(f []float64) Value {
	return Value{typ: DoubleArray, ref: &Array{elem: Double, floats: f}}
}

// BooleansOf returns an array value that takes ownership of b.
func BooleansOf(b []bool) Value {
	return Value{typ: BooleanArray, ref: &Array{elem: Boolean, bools: b}}
}

// StringsOf returns an array value with the given texts.
func StringsOf(s []string) Value {
	a := newArray(String, len(s))
	for i, text := range s {
		a.strs[i] = StringOf(text)
	}
	return Value{typ: StringArray, ref: a}
}

// Len returns the number of elements.
func (a *Array) Len() int {
	switch a.elem {
	case String:
		return len(a.strs)
	case Long:
		return len(a.longs)
	case Double:
		return len(a.floats)
	}
	return len(a.bools)
}

// At returns element i, which must exist.
func (a *Array) At(i int) Value {
	switch a.elem {
	case String:
		return a.strs[i]
	case Long:
		return LongOf(a.longs[i])
	case Double:
		return DoubleOf(a.floats[i])
	}
	return BooleanOf(a.bools[i])
}

// set stores v, which has the element type, at i, which must exist.
func (a *Array) set(i int, v Value) {
	if a.shared {
		a.own()
	}
	switch a.elem {
	case String:
		a.strs[i] = v
	case Long:
		a.longs[i] = v.Long()
	case Double:
		a.floats[i] = v.Double()
	default:
		a.bools[i] = v.Boolean()
	}
}

// own gives a shared array a slice of its own.
func (a *Array) own() {
	a.strs = append([]Value(nil), a.strs...)
	a.longs = append([]int64(nil), a.longs...)
	a.floats = append([]float64(nil), a.floats...)
	a.bools = append([]bool(nil), a.bools...)
	a.shared = false
}

// view returns an array with the elements of a that can be written to without changing a.
func (a *Array) view() *Array {
	v := *a
	v.shared = true
	return &v
}

// bytes returns what the array counts against the memory limit.
func (a *Array) bytes() int { return 32 + 16*a.Len() }

// Text returns "[a, b]".
func (a *Array) Text() string { return unpaid(func(p *printer) { p.array(a) }) }
