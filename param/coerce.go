package param

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
)

// Note says that a value was converted on its way into a param. Key is the meta entry that it belongs to (MetaInfo or
// MetaWarn); the zero Note means that nothing was.
type Note struct{ Key, Text string }

// Coerce turns a plain value into the Go type that an evaluated param of type t holds:
//
//	STRING         string; int64, float64, bool as text (info)
//	LONG           int64; an integer in a string (warn); never a float64
//	DOUBLE         float64; int64; a decimal in a string
//	BOOLEAN        bool; true and false in a string, any letter case (warn)
//	STRING_ARRAY   []string; []int64, []float64, []bool, lists, as texts (info)
//	LONG_ARRAY     []int64; a list of integers
//	DOUBLE_ARRAY   []float64, []Decimal; a list of numbers or numeric strings
//	BOOLEAN_ARRAY  []bool; a list of booleans
//	STRING_MAP, MAP  *Object, its entries unchecked
//
// v is one of the types of Param.Result, a Decimal, a []Decimal, or a []any of scalars. A float that no decimal number
// can write (NaN, infinities) is refused everywhere. Other combinations are a fault.BadRequest that says both types.
func Coerce(t Type, v any) (any, Note, error) {
	if err := finite(v); err != nil {
		return nil, Note{}, err
	}
	switch t {
	case String:
		if s, ok := v.(string); ok {
			return s, Note{}, nil
		}
		if s, ok := scalarText(v); ok {
			return s, Note{MetaInfo, converted(v, t)}, nil
		}
	case Long:
		switch v := v.(type) {
		case int64:
			return v, Note{}, nil
		case string:
			if i, err := strconv.ParseInt(v, 10, 64); err == nil {
				return i, Note{MetaWarn, converted(v, t)}, nil
			}
			return nil, Note{}, fault.New(fault.BadRequest, "the string %q is not an integer, as LONG requires", v)
		}
	case Double:
		if f, err := toFloat(v); err == nil {
			return f, Note{}, nil
		}
	case Boolean:
		switch v := v.(type) {
		case bool:
			return v, Note{}, nil
		case string:
			switch strings.ToLower(v) {
			case "true":
				return true, Note{MetaWarn, converted(v, t)}, nil
			case "false":
				return false, Note{MetaWarn, converted(v, t)}, nil
			}
			return nil, Note{}, fault.New(fault.BadRequest, "the string %q is neither true nor false, as BOOLEAN requires", v)
		}
	case StringMap, Map:
		if o, ok := v.(*Object); ok && o != nil {
			return o, Note{}, nil
		}
	default:
		return coerceArray(t, v)
	}
	return nil, Note{}, mismatch(t, v)
}

func coerceArray(t Type, v any) (any, Note, error) {
	switch t {
	case StringArray:
		if list, ok := v.([]string); ok {
			return list, Note{}, nil
		}
		if list, ok := eachOf(v, scalarText); ok {
			return list, Note{MetaInfo, converted(v, t)}, nil
		}
	case LongArray:
		switch v := v.(type) {
		case []int64:
			return v, Note{}, nil
		case []any:
			if list, ok := eachOf(v, as[int64]); ok {
				return list, Note{}, nil
			}
		}
	case DoubleArray:
		switch v := v.(type) {
		case []float64:
			return v, Note{}, nil
		case []Decimal, []any:
			number := func(v any) (float64, bool) { f, err := toFloat(v); return f, err == nil }
			if list, ok := eachOf(v, number); ok {
				return list, Note{}, nil
			}
		}
	case BooleanArray:
		switch v := v.(type) {
		case []bool:
			return v, Note{}, nil
		case []any:
			if list, ok := eachOf(v, as[bool]); ok {
				return list, Note{}, nil
			}
		}
	}
	return nil, Note{}, mismatch(t, v)
}

// eachOf converts the elements of any slice that a param can hold; false if v is none, or one does not convert.
func eachOf[T any](v any, one func(any) (T, bool)) ([]T, bool) {
	switch v := v.(type) {
	case []string:
		return each(v, one)
	case []int64:
		return each(v, one)
	case []float64:
		return each(v, one)
	case []Decimal:
		return each(v, one)
	case []bool:
		return each(v, one)
	case []any:
		return each(v, one)
	}
	return nil, false
}

func each[S, T any](in []S, one func(any) (T, bool)) ([]T, bool) {
	out := make([]T, len(in))
	for i, e := range in {
		var ok bool
		if out[i], ok = one(e); !ok {
			return nil, false
		}
	}
	return out, true
}

func as[T any](v any) (T, bool) {
	t, ok := v.(T)
	return t, ok
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return FloatText(v), true
	case Decimal:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func toFloat(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	case Decimal:
		return v.Float(), nil
	case string:
		d, err := ParseDecimal(v)
		if err != nil {
			return 0, err
		}
		return d.Float(), nil
	}
	return 0, fmt.Errorf("not a number")
}

func finite(v any) error {
	bad := func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }
	switch v := v.(type) {
	case float64:
		if bad(v) {
			return fault.New(fault.BadRequest, "a param cannot hold %s", FloatText(v))
		}
	case []float64:
		for _, f := range v {
			if bad(f) {
				return fault.New(fault.BadRequest, "a param cannot hold %s", FloatText(f))
			}
		}
	case []any:
		for _, e := range v {
			if err := finite(e); err != nil {
				return err
			}
		}
	case *Object:
		for name, e := range v.All() {
			if err := finite(e); err != nil {
				return fault.New(fault.BadRequest, "%s: %w", name, err)
			}
		}
	}
	return nil
}

func converted(v any, t Type) string {
	return fmt.Sprintf("Implicitly converted the result from %s to %s", describe(v), t)
}

func mismatch(t Type, v any) error {
	if v == nil {
		return fault.New(fault.BadRequest, "the result is null, but the param has type %s", t)
	}
	if s, ok := scalarText(v); ok && t == Double {
		return fault.New(fault.BadRequest, "%s %s is not a decimal number, as DOUBLE requires", describe(v), s)
	}
	return fault.New(fault.BadRequest, "a value of type %s does not fit a param of type %s", describe(v), t)
}

// describe names the type of a value in the words of the wire.
func describe(v any) string {
	switch v.(type) {
	case []any:
		return "list"
	case Decimal:
		return Double.String()
	case []Decimal:
		return DoubleArray.String()
	}
	if t := TypeOf(v); t != TypeUnknown {
		return t.String()
	}
	return fmt.Sprintf("%T", v)
}
