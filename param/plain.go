package param

import (
	"fmt"
	"maps"
	"slices"

	"github.com/segue-run/segue/fault"
)

// Plain turns a Go value from outside (a runtime, a decoded JSON document) into one that Coerce takes: besides the types
// of Param.Result also int, float32, []any and map[string]any, whose keys it sorts. A []any takes the type of its first
// element, which all others must have (integers may follow a decimal); an empty one stays []any. Nulls in maps are
// left out.
func Plain(v any) (any, error) {
	switch v := v.(type) {
	case string, int64, float64, bool, []string, []int64, []float64, []bool, *Object, Decimal, []Decimal:
		return v, nil
	case int:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case []any:
		return plainList(v)
	case map[string]any:
		o := new(Object)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if v[name] == nil {
				continue
			}
			e, err := Plain(v[name])
			if err != nil {
				return nil, fault.In(err, "%s", name)
			}
			o.Set(name, e)
		}
		return o, nil
	}
	return nil, fault.New(fault.BadRequest, "a param cannot hold %s", describeGo(v))
}

func plainList(list []any) (any, error) {
	if len(list) == 0 {
		return []any{}, nil
	}
	first, err := Plain(list[0])
	if err != nil {
		return nil, err
	}
	var ok bool
	var out any
	switch first.(type) {
	case string:
		out, ok = each(list, as[string])
	case bool:
		out, ok = each(list, as[bool])
	case int64:
		out, ok = each(list, func(v any) (int64, bool) { v, _ = Plain(v); return as[int64](v) })
	case float64:
		out, ok = each(list, func(v any) (float64, bool) {
			v, _ = Plain(v)
			if i, ok := v.(int64); ok {
				return float64(i), true
			}
			return as[float64](v)
		})
	}
	if !ok {
		return nil, fault.New(fault.BadRequest, "the elements of an array must all be strings, integers, decimals or booleans")
	}
	return out, nil
}

func describeGo(v any) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprintf("a value of Go type %T", v)
}
