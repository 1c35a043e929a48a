package sel

import (
	"fmt"
	"sort"
)

// Entry is one key and value of an OrderedMap.
type Entry struct {
	Key   string
	Value any
}

// OrderedMap is the Go form of a MAP: its entries in order, no key twice.
type OrderedMap []Entry

// FromGo turns a Go value into a Value: nil, string, bool, int, int32, int64, float32, float64, slices of string, int64,
// float64 and bool, OrderedMap and map[string]any (in the order of its keys) of these, and Values themselves. Slices
// are copied when the program writes to them, not before; a []any becomes an array if its elements have one type. Text that is not UTF-8 has its bad bytes replaced. Anything
// else, and null inside a map, is CodeArgument.
func FromGo(v any) (Value, error) { return fromGo(v, 0) }

func fromGo(v any, depth int) (Value, error) {
	if depth > deepest {
		return Value{}, Errorf(CodeArgument, "a map is nested more than %d deep", deepest)
	}
	switch v := v.(type) {
	case nil:
		return Value{typ: Null}, nil
	case Value:
		return v, nil
	case string:
		return StringOf(sound(v)), nil
	case bool:
		return BooleanOf(v), nil
	case int:
		return LongOf(int64(v)), nil
	case int32:
		return LongOf(int64(v)), nil
	case int64:
		return LongOf(v), nil
	case float32:
		return DoubleOf(float64(v)), nil
	case float64:
		return DoubleOf(v), nil
	case []string:
		a := newArray(String, len(v))
		for i, s := range v {
			a.set(i, StringOf(sound(s)))
		}
		return Value{typ: StringArray, ref: a}, nil
	case []int64:
		return Value{typ: LongArray, ref: &Array{elem: Long, n: len(v), longs: blocksOf(v), lent: true}}, nil
	case []float64:
		return Value{typ: DoubleArray, ref: &Array{elem: Double, n: len(v), floats: blocksOf(v), lent: true}}, nil
	case []bool:
		return Value{typ: BooleanArray, ref: &Array{elem: Boolean, n: len(v), bools: blocksOf(v), lent: true}}, nil
	case []any:
		return fromList(v)
	case OrderedMap:
		m := &Table{}
		for _, e := range v {
			if err := m.putGo(e.Key, e.Value, depth); err != nil {
				return Value{}, err
			}
		}
		return Value{typ: Map, ref: m}, nil
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		m := &Table{}
		for _, k := range keys {
			if err := m.putGo(k, v[k], depth); err != nil {
				return Value{}, err
			}
		}
		return Value{typ: Map, ref: m}, nil
	}
	return Value{}, Errorf(CodeUnsupported, "a value of Go type %T has no type in the language", v)
}

// fromList makes an array of a list whose elements have one type, that of the first one that is not nil.
func fromList(list []any) (Value, error) {
	var elem Type
	for _, v := range list {
		if v != nil {
			one, err := fromGo(v, 0)
			if err != nil {
				return Value{}, err
			}
			elem = one.typ
			break
		}
	}
	if elem == Null {
		return Value{}, Errorf(CodeArgument, "a list without elements has no type; elements are strings, integers, floats or booleans")
	}
	typ, ok := elem.array()
	if !ok {
		return Value{}, Errorf(CodeArgument, "a list of %s is no array: elements are strings, integers, floats or booleans", elem)
	}
	a := newArray(elem, len(list))
	for i, v := range list {
		one, err := fromGo(v, 0)
		switch {
		case err != nil:
			return Value{}, err
		case one.typ == Null && elem == String:
			continue
		case one.typ != elem:
			return Value{}, Errorf(CodeArgument, "element %d of a list of %s is %s", i, elem, one.typ)
		}
		a.set(i, one)
	}
	return Value{typ: typ, ref: a}, nil
}

func (m *Table) putGo(key string, v any, depth int) error {
	if v == nil {
		return Errorf(CodeArgument, "the map's value of %q is null, which an input map cannot hold", key)
	}
	value, err := fromGo(v, depth+1)
	if err != nil {
		return err
	}
	_, err = m.put(nil, sound(key), value)
	return err
}

// mostGo is how many values ToGo makes of one value: a map can hold itself many times over.
const mostGo = 4_000_000

// ToGo turns a data value (IsData) into its Go form: string, int64, float64, bool, slices of them, OrderedMap; nil for
// NULL, the null string and the null map. An element of a string array that is null becomes "null", as it prints. The
// entries of a map that the program made are in the order of Java's HashMap. Slices may be shared with the value and
// must not be changed. Values of other types, also inside a map, are CodeUnsupported.
func ToGo(v Value) (any, error) {
	left := mostGo
	return toGo(v, &left, 0)
}

func toGo(v Value, left *int, depth int) (any, error) {
	if *left--; *left < 0 || depth > deepest {
		return nil, Errorf(CodeArgument, "the value has more than %d parts, or is nested more than %d deep", mostGo, deepest)
	}
	switch v.typ {
	case String:
		if v.ref == nil {
			return nil, nil
		}
		return sound(v.Str()), nil
	case Long:
		return v.Long(), nil
	case Double:
		return v.Double(), nil
	case Boolean:
		return v.Boolean(), nil
	case StringArray:
		a := v.array()
		out := make([]string, a.Len())
		if *left -= len(out); *left < 0 {
			return nil, Errorf(CodeArgument, "the value has more than %d parts", mostGo)
		}
		for i := range out {
			out[i] = sound(text(a.At(i)))
		}
		return out, nil
	case LongArray:
		return flat(v.array().longs), nil
	case DoubleArray:
		return flat(v.array().floats), nil
	case BooleanArray:
		return flat(v.array().bools), nil
	case Map:
		m := v.table()
		if m == nil {
			return nil, nil
		}
		out := make(OrderedMap, 0, m.Len())
		order, err := m.hashOrder(func(int) error { return nil })
		if err != nil {
			return nil, err
		}
		for _, i := range order {
			key, value := m.row(int(i)).key, m.row(int(i)).value
			if !value.typ.IsData() {
				return nil, Errorf(CodeUnsupported, "the map's value of %q is %s, which a result cannot hold", key, value.Type())
			}
			inner, err := toGo(value, left, depth+1)
			if err != nil {
				return nil, fmt.Errorf("in the map's value of %q: %w", key, err)
			}
			out = append(out, Entry{sound(key), inner})
		}
		return out, nil
	}
	if v.Type() == Null {
		return nil, nil
	}
	return nil, Errorf(CodeUnsupported, "%s is not a type that a result can have", v.Type())
}
