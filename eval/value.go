package eval

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// toSEL turns a param's value into one of the language.
func toSEL(v any) (sel.Value, error) { return sel.FromGo(forSEL(v)) }

func forSEL(v any) any {
	switch v := v.(type) {
	case *param.Object:
		m := make(sel.OrderedMap, 0, v.Len())
		for k, v := range v.All() {
			m = append(m, sel.Entry{Key: k, Value: forSEL(v)})
		}
		return m
	case []any:
		if len(v) == 0 {
			return []string{} // its type is not known, and the language has no array without one
		}
	}
	return v
}

// fromSEL turns a value of the language into one of a param; null entries of maps are left out.
func fromSEL(v any) any {
	m, ok := v.(sel.OrderedMap)
	if !ok {
		return v
	}
	o := new(param.Object)
	for _, e := range m {
		if e.Value != nil {
			o.Set(e.Key, fromSEL(e.Value))
		}
	}
	return o
}
