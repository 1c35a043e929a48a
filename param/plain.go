package param

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
)

// Plain turns a Go value from outside (a runtime, a decoded JSON document) into one that Coerce takes: besides the types
// of Param.Result also int, int32, float32, json.Number, []any and map[string]any, whose keys it sorts. All elements of a
// []any must have one type, but integers among decimals become decimals; an empty one stays []any. Nulls in maps are
// left out, as absent; anywhere else null is an error.
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
	case json.Number:
		return plainNumber(v)
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

// plainNumber reads a number: an integer if it is written as one.
func plainNumber(n json.Number) (any, error) {
	if !strings.ContainsAny(string(n), ".eE") {
		i, err := strconv.ParseInt(string(n), 10, 64)
		if err != nil {
			return nil, fault.New(fault.BadRequest, "a param cannot hold %s: integers have 64 bits", n)
		}
		return i, nil
	}
	d, err := ParseDecimal(string(n))
	if err != nil {
		return nil, fault.New(fault.BadRequest, "a param cannot hold %s: it is no number that fits a double", n)
	}
	return d.Float(), nil
}

func plainList(list []any) (any, error) {
	if len(list) == 0 {
		return []any{}, nil
	}
	plain := make([]any, len(list))
	decimals := false
	for i, v := range list {
		var err error
		if plain[i], err = Plain(v); err != nil {
			return nil, fault.In(err, "element %d", i)
		}
		_, decimal := plain[i].(float64)
		decimals = decimals || decimal
	}
	var out any
	ok := false
	switch plain[0].(type) {
	case string:
		out, ok = each(plain, as[string])
	case bool:
		out, ok = each(plain, as[bool])
	case int64, float64:
		if decimals {
			out, ok = each(plain, number)
		} else {
			out, ok = each(plain, as[int64])
		}
	}
	if !ok {
		return nil, fault.New(fault.BadRequest, "the elements of an array must all be strings, all numbers or all booleans")
	}
	return out, nil
}

func number(v any) (float64, bool) {
	if i, ok := v.(int64); ok {
		return float64(i), true
	}
	return as[float64](v)
}

func describeGo(v any) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprintf("a value of Go type %T", v)
}
