package eval

import (
	"slices"

	"github.com/segue-run/segue/param"
)

// Static returns the params of a step if they are all plain literals, which refer to nothing and so are the same in
// every attempt; otherwise nil. Their time is 0. They are shared: whoever shows them with a time copies them.
func Static(defs *param.Definitions) *param.Params {
	for _, d := range defs.All() {
		if !static(d) {
			return nil
		}
	}
	params, err := Step(Env{}, "", defs, nil, nil)
	if err != nil {
		return nil // a value that does not fit its type: the error belongs to the attempt
	}
	return params
}

func static(d *param.Definition) bool {
	if d.Expression != "" {
		return false
	}
	switch v := d.Value.(type) {
	case nil:
		return false
	case string:
		return !refers(v)
	case []string:
		return !slices.ContainsFunc(v, refers)
	case *param.Strings:
		for k, s := range v.All() {
			if refers(k) || refers(s) {
				return false
			}
		}
	case *param.Definitions:
		for _, d := range v.All() {
			if !static(d) {
				return false
			}
		}
	}
	return true
}
