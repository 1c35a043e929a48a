package dsl

import (
	"strings"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// key is what the name of a param says: [!]name[<type>][(mode)].
type key struct {
	name       string
	expression bool
	typ        param.Type // TypeUnknown = as the value is
	mode       param.Mode
}

var typeWords = map[string]param.Type{
	"string": param.String, "long": param.Long, "double": param.Double, "boolean": param.Boolean, "map": param.StringMap, "pmap": param.Map,
	"array<string>": param.StringArray, "array<long>": param.LongArray, "array<double>": param.DoubleArray, "array<boolean>": param.BooleanArray,
}

func parseKey(text string, at *node) (key, error) {
	var k key
	rest := strings.TrimSpace(text)
	if after, ok := strings.CutPrefix(rest, "!"); ok {
		k.expression, rest = true, strings.TrimSpace(after)
	}
	if strings.HasSuffix(rest, ")") {
		name, mode, ok := strings.Cut(rest[:len(rest)-1], "(")
		if !ok {
			return k, at.errorf("the key %q has a ) without a (", text)
		}
		if k.mode, ok = param.ParseMode(strings.TrimSpace(mode)); !ok {
			return k, at.errorf("the key %q names the unknown mode %q; want one of mutable, mutable_on_start_restart, mutable_on_start, immutable, constant", text, mode)
		}
		rest = strings.TrimSpace(name)
	}
	if strings.HasSuffix(rest, ">") {
		name, typ, ok := strings.Cut(rest[:len(rest)-1], "<")
		if !ok {
			return k, at.errorf("the key %q has a > without a <", text)
		}
		word := strings.ToLower(strings.ReplaceAll(typ, " ", ""))
		if k.typ, ok = typeWords[word]; !ok {
			if k.typ, ok = param.ParseType(word); !ok {
				return k, at.errorf("the key %q names the unknown type %q; want one of string, long, double, boolean, map, pmap, array<string>, array<long>, array<double>, array<boolean>", text, typ)
			}
		}
		rest = strings.TrimSpace(name)
	}
	if rest == "" || strings.ContainsAny(rest, "<>()") {
		return k, at.errorf("the key %q is not of the form [!]name[<type>][(mode)]", text)
	}
	k.name = rest
	return k, nil
}

// addParam adds a param by its key; the caller says in which field an error happened.
func addParam(defs *param.Definitions, e entry) error {
	k, err := parseKey(e.name, e.key)
	if err != nil {
		return err
	}
	if defs.Has(k.name) {
		return e.key.errorf("there are two params of the name %q", k.name)
	}
	d, err := define(k, e.node)
	if err != nil {
		return err
	}
	defs.Set(k.name, d)
	return nil
}

// params reads a mapping of params.
func params(n *node) (*param.Definitions, error) {
	if n.kind != wire.Object {
		return nil, n.errorf("want a mapping of params, not %s", n.kind)
	}
	defs := new(param.Definitions)
	for _, e := range n.fields {
		if err := addParam(defs, e); err != nil {
			return nil, wire.In(err, e.name)
		}
	}
	return defs, nil
}

func define(k key, n *node) (*param.Definition, error) {
	d := &param.Definition{Type: k.typ, Mode: k.mode}
	if n.kind == wire.Null {
		return nil, n.errorf("a param must have a value")
	}
	if k.expression {
		text, err := n.str()
		if err != nil || strings.TrimSpace(text) == "" {
			return nil, n.errorf("the key begins with !, so the value must be an expression")
		}
		if d.Type == param.TypeUnknown {
			d.Type = param.String
		}
		d.Expression = text
		return d, nil
	}
	found, err := infer(n)
	if err != nil {
		return nil, err
	}
	if d.Type == param.TypeUnknown {
		d.Type = found
	}
	if !fits(d.Type, found, n) {
		return nil, n.errorf("the value is of type %s, but the key says %s", found, d.Type)
	}
	d.Value, err = literal(d.Type, n)
	return d, err
}

// infer returns the type that a value looks like.
func infer(n *node) (param.Type, error) {
	switch n.kind {
	case wire.String:
		return param.String, nil
	case wire.Bool:
		return param.Boolean, nil
	case wire.Number:
		if n.isInt() {
			return param.Long, nil
		}
		return param.Double, nil
	case wire.Object:
		for _, e := range n.fields {
			if e.kind != wire.String {
				return param.Map, nil
			}
		}
		if len(n.fields) == 0 {
			return param.Map, nil
		}
		return param.StringMap, nil
	case wire.Array:
		return inferArray(n)
	}
	return param.TypeUnknown, n.errorf("a value cannot be null")
}

// inferArray returns the type of a list, whose elements must be scalars of one type; integers may stand among decimals.
func inferArray(n *node) (param.Type, error) {
	if len(n.items) == 0 {
		return param.StringArray, nil
	}
	var elem param.Type
	for i, item := range n.items {
		t, err := infer(item)
		switch {
		case err != nil:
			return t, err
		case t > param.Boolean:
			return t, item.errorf("the elements of a list must be scalars, not %s", item.kind)
		case i == 0:
			elem = t
		case t == param.Double && elem == param.Long:
			elem = param.Double
		case t != elem && (t != param.Long || elem != param.Double):
			return t, item.errorf("the elements of a list must have one type; this one is %s, the first %s", t, elem)
		}
	}
	return arrayOf[elem], nil
}

var arrayOf = map[param.Type]param.Type{
	param.String: param.StringArray, param.Long: param.LongArray, param.Double: param.DoubleArray, param.Boolean: param.BooleanArray,
}

// fits reports whether a value that looks like one type can be given another: an integer is a decimal too, an empty list
// one of every type, an empty mapping and one of texts both kinds of map.
func fits(declared, found param.Type, n *node) bool {
	switch {
	case declared == found:
		return true
	case declared == param.Double:
		return found == param.Long
	case declared == param.DoubleArray && found == param.LongArray:
		return true
	case declared == param.Map:
		return found == param.StringMap
	case declared == param.StringMap:
		return found == param.Map && len(n.fields) == 0
	case declared >= param.StringArray && declared <= param.BooleanArray:
		return found == param.StringArray && len(n.items) == 0
	}
	return false
}

func literal(t param.Type, n *node) (any, error) {
	switch t {
	case param.String:
		return n.text, nil
	case param.Long:
		return n.wire().AsInt()
	case param.Double:
		return decimal(n)
	case param.Boolean:
		return n.text == "true", nil
	case param.Map:
		return params(n)
	case param.StringMap:
		m := new(param.Strings)
		for _, e := range n.fields {
			m.Set(e.name, e.text)
		}
		return m, nil
	case param.StringArray:
		return elements(n, func(n *node) (string, error) { return n.text, nil })
	case param.LongArray:
		return elements(n, func(n *node) (int64, error) { return n.wire().AsInt() })
	case param.DoubleArray:
		return elements(n, decimal)
	}
	return elements(n, func(n *node) (bool, error) { return n.text == "true", nil })
}

func decimal(n *node) (param.Decimal, error) {
	d, err := param.ParseDecimal(n.text)
	if err != nil {
		return "", n.errorf("%v", err)
	}
	return d, nil
}

func elements[T any](n *node, one func(*node) (T, error)) (any, error) {
	list := make([]T, 0, len(n.items))
	for i, item := range n.items {
		v, err := one(item)
		if err != nil {
			return nil, wire.InItem(err, i)
		}
		list = append(list, v)
	}
	return list, nil
}
