package seltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/segue-run/segue/sel"
)

// program evaluates a case of the language and describes what it wants and what it gets.
func (c *oneCase) program() (want, got string) {
	text := c.Expr
	if c.Sanitize {
		text = sel.Prepare(text)
	}
	limits := sel.Limits{
		Loop: c.Limits.Loop, Array: c.Limits.Array, Length: c.Limits.Length, Visits: c.Limits.Visit, Memory: c.Limits.Memory,
	}
	p, err := sel.CompileWithin(text, limits)
	if c.Mode == "validate" {
		if err != nil {
			return c.wants(), failed(err)
		}
		return c.wants(), describe(strings2any(p.Refs())) + " of names"
	}
	if err != nil {
		return c.wants(), failed(err)
	}
	now := int64(defaultNow)
	if c.Now != nil {
		now = *c.Now
	}
	res, err := p.Eval(&sel.Input{Lookup: c.lookup, Now: now, Seed: 1, Ext: extension(c.ext), Limits: limits})
	if err != nil {
		return c.wants(), failed(err)
	}
	return c.wants(), result(res.Value)
}

func strings2any(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func (c *oneCase) lookup(name string) (sel.Value, bool, error) {
	v, ok := c.params[name]
	return v, ok, c.badParams[name]
}

// extension is the fake extension of a case.
type extension map[string]any

// Call answers with what the case says.
func (e extension) Call(name string, args []string) (sel.Value, error) {
	v, ok := e[name+"("+strings.Join(args, ",")+")"]
	if !ok {
		return sel.Value{}, sel.ErrNoFunction
	}
	return sel.FromGo(v)
}

// noWant is what a case wants that does not say.
const noWant = `nothing: the case has neither "want" nor "want_error"`

// wants describes what the case wants.
func (c *oneCase) wants() string {
	switch {
	case c.WantError == "thrown" && c.WantMessage != nil:
		return "thrown: " + strconv.Quote(*c.WantMessage)
	case c.WantError != "":
		return "error " + c.WantError
	case len(c.Want) == 0:
		return noWant
	case c.Mode == "validate":
		v, err := value(c.Want)
		if err != nil {
			return "bad want: " + err.Error()
		}
		return describe(v) + " of names"
	}
	v, err := value(c.Want)
	if err != nil {
		return "bad want: " + err.Error()
	}
	switch c.WantType {
	case "DOUBLE":
		if n, ok := v.(int64); ok {
			v = float64(n)
		}
		return describe(v) + " of type DOUBLE"
	case "DOUBLE_ARRAY":
		if list, ok := v.([]any); ok {
			for i, one := range list {
				if n, ok := one.(int64); ok {
					list[i] = float64(n)
				}
			}
		}
	}
	return describe(v) + " of type " + c.WantType
}

// failed describes an error by its class, as cases do.
func failed(err error) string {
	var e *sel.Error
	if !errors.As(err, &e) {
		return "error without a class: " + err.Error()
	}
	return "error " + string(e.Code)
}

// result describes a value.
func result(v sel.Value) string {
	suffix := " of type " + v.Type().String()
	switch v.Type() {
	case sel.Thrown:
		return "thrown: " + strconv.Quote(v.Str())
	case sel.DateTime, sel.Zone, sel.Days, sel.Property:
		if o := v.Object(); o != nil {
			return strconv.Quote(o.Text()) + suffix
		}
		return `"null"` + suffix
	}
	if !v.Type().IsData() {
		return "null" + suffix
	}
	g, err := sel.ToGo(v)
	if err != nil {
		return failed(err)
	}
	return describe(g) + suffix
}

// describe writes a Go value so that equal values have equal texts: maps by key, floats as they print.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(v)
	case float64:
		s := sel.TextOf(sel.DoubleOf(v))
		if s[len(s)-1] > '9' {
			return strconv.Quote(s)
		}
		return s
	case []string:
		return describe(strings2any(v))
	case sel.OrderedMap:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = strconv.Quote(e.Key) + ": " + describe(e.Value)
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = describe(one)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []int64:
		return listed(v)
	case []float64:
		return listed(v)
	case []bool:
		return listed(v)
	}
	return fmt.Sprint(v)
}

func listed[T any](list []T) string {
	parts := make([]string, len(list))
	for i, one := range list {
		parts[i] = describe(any(one))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// template expands a case of a template and describes what it wants and what it gets.
func (c *oneCase) template() (want, got string) {
	refs := append([]string(nil), c.Refs...)
	sort.Strings(refs)
	want = describe(strings2any(refs)) + " and "
	if c.WantError != "" {
		want += "error " + c.WantError
	} else {
		var text string
		if len(c.Want) == 0 {
			return noWant, ""
		}
		if err := json.Unmarshal(c.Want, &text); err != nil {
			return "bad want: " + err.Error(), ""
		}
		want += strconv.Quote(text)
	}
	tpl := sel.CompileTemplate(c.Value)
	got = describe(strings2any(tpl.Refs())) + " and "
	text, err := tpl.Expand(func(name string) (string, error) {
		if err := c.badParams[name]; err != nil {
			return "", err
		}
		v, ok := c.params[name]
		if !ok {
			return "", fmt.Errorf("not-found:%s", name)
		}
		return sel.TextOf(v), nil
	})
	if err != nil {
		return want, got + "error " + err.Error()
	}
	return want, got + strconv.Quote(text)
}
