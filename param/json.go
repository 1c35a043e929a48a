package param

import (
	"strconv"

	"github.com/segue-run/segue/wire"
)

// DecodeDefinition reads a definition. It must have a type; the caller says whether it must also have a value or an
// expression (see Complete).
func DecodeDefinition(n *wire.Node) (*Definition, error) {
	var d Definition
	if err := d.decode(n, nil); err != nil {
		return nil, err
	}
	return &d, nil
}

// DecodeDefinitions stores an object of definitions. Each must have exactly one of value and expression.
func DecodeDefinitions(n *wire.Node, dst **Definitions) error {
	return DecodeObject(n, dst, func(n *wire.Node) (*Definition, error) {
		d, err := DecodeDefinition(n)
		if err == nil {
			err = d.complete(n)
		}
		return d, err
	})
}

func (d *Definition) complete(n *wire.Node) error {
	if d.Value == nil && d.Expression == "" {
		return wire.Errorf(n, "a param must be defined with either a literal value or an expression")
	}
	return nil
}

// decode reads a definition; fields that another reader knows better go to more first, which reports whether it took
// them.
func (d *Definition) decode(n *wire.Node, more func(*wire.Field) bool) error {
	var value *wire.Node
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "value":
			value = &f.Node
			return nil
		case "expression":
			return f.Str(&d.Expression)
		case "type":
			t, ok := ParseType(f.Text)
			if !ok || f.Kind != wire.String {
				return wire.Errorf(&f.Node, "unknown param type %s; want one of STRING, LONG, DOUBLE, BOOLEAN, STRING_MAP, STRING_ARRAY, LONG_ARRAY, DOUBLE_ARRAY, BOOLEAN_ARRAY, MAP", f.Raw())
			}
			d.Type = t
			return nil
		case "mode":
			m, ok := ParseMode(f.Text)
			if !ok || f.Kind != wire.String {
				return wire.Errorf(&f.Node, "unknown param mode %s; want one of MUTABLE, MUTABLE_ON_START_RESTART, MUTABLE_ON_START, IMMUTABLE, CONSTANT", f.Raw())
			}
			d.Mode = m
			return nil
		case "validator":
			return f.Str(&d.Validator)
		case "tags":
			return wire.ListOf(&f.Node, &d.Tags, DecodeTag)
		case "name":
			return nil // the key says it
		}
		if more != nil && more(f) {
			return nil
		}
		return Stow(&d.Meta, f)
	})
	if err != nil {
		return err
	}
	if d.Type == TypeUnknown {
		return wire.Errorf(n, "a param must have a type")
	}
	if value == nil {
		return nil
	}
	if d.Expression != "" {
		return wire.Errorf(n, "a param must be defined with either a literal value or an expression, not both")
	}
	d.Value, err = decodeLiteral(d.Type, value)
	return wire.In(err, "value")
}

// decodeLiteral reads a literal of a type.
func decodeLiteral(t Type, n *wire.Node) (any, error) {
	switch t {
	case String:
		return n.AsText()
	case Long:
		return n.AsInt()
	case Double:
		return decodeDecimal(n)
	case Boolean:
		return n.AsBool()
	case StringMap:
		var m *Strings
		err := DecodeObject(n, &m, (*wire.Node).AsText)
		return m, err
	case Map:
		var m *Definitions
		err := DecodeObject(n, &m, DecodeDefinition)
		return m, err
	case StringArray:
		return list(n, (*wire.Node).AsText)
	case LongArray:
		return list(n, (*wire.Node).AsInt)
	case DoubleArray:
		return list(n, decodeDecimal)
	}
	return list(n, (*wire.Node).AsBool)
}

func list[T any](n *wire.Node, one func(*wire.Node) (T, error)) (any, error) {
	var l []T
	err := wire.ListOf(n, &l, one)
	return l, err
}

func decodeDecimal(n *wire.Node) (Decimal, error) {
	if n.Kind != wire.Number && n.Kind != wire.String {
		return "", wire.Errorf(n, "want a number, not %s", n.Kind)
	}
	d, err := ParseDecimal(n.Text)
	if err != nil {
		return "", wire.Errorf(n, "%v", err)
	}
	return d, nil
}

// DecodeParam reads a param. Result and time of its evaluation come together or not at all.
func DecodeParam(n *wire.Node) (*Param, error) {
	var p Param
	var result, at *wire.Node
	err := p.decode(n, func(f *wire.Field) bool {
		switch f.Name {
		case "evaluated_result":
			result = &f.Node
		case "evaluated_time":
			at = &f.Node
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if (result == nil) != (at == nil) {
		return nil, wire.Errorf(n, "a param must have both evaluated_result and evaluated_time, or neither")
	}
	if result == nil {
		return &p, nil
	}
	if p.Time, err = at.AsInt(); err != nil {
		return nil, wire.In(err, "evaluated_time")
	}
	if p.Result, err = decodeResult(p.Type, p.Value, result); err != nil {
		return nil, wire.In(err, "evaluated_result")
	}
	return &p, nil
}

// DecodeParams stores an object of params.
func DecodeParams(n *wire.Node, dst **Params) error { return DecodeObject(n, dst, DecodeParam) }

// decodeResult reads the result of a param of type t whose literal, if it has one, is value.
func decodeResult(t Type, value any, n *wire.Node) (any, error) {
	switch t {
	case Map, StringMap:
		defs, _ := value.(*Definitions)
		return decodeObject(defs, n)
	}
	v, err := decodeLiteral(t, n)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case Decimal:
		return v.Float(), nil
	case []Decimal:
		floats := make([]float64, len(v))
		for i, d := range v {
			floats[i] = d.Float()
		}
		return floats, nil
	}
	return v, nil
}

// decodeObject reads the result of a MAP or STRING_MAP.
func decodeObject(defs *Definitions, n *wire.Node) (*Object, error) {
	if n.Kind != wire.Object {
		return nil, wire.Errorf(n, "want an object, not %s", n.Kind)
	}
	m := new(Object)
	for i := range n.Fields {
		f := &n.Fields[i]
		if f.Kind == wire.Null {
			continue
		}
		child, _ := defs.Get(f.Name)
		v, err := decodeAny(child, &f.Node)
		if err != nil {
			return nil, wire.In(err, f.Name)
		}
		m.Set(f.Name, v)
	}
	return m, nil
}

// decodeAny reads a value in a map by its JSON kind: integers are int64, other numbers float64, arrays are typed by
// their first element, or by the child's definition if they are empty.
func decodeAny(child *Definition, n *wire.Node) (any, error) {
	switch n.Kind {
	case wire.String:
		return n.Text, nil
	case wire.Bool:
		return n.Text == "true", nil
	case wire.Number:
		return decodeNumber(n)
	case wire.Object:
		var defs *Definitions
		if child != nil {
			defs, _ = child.Value.(*Definitions)
		}
		return decodeObject(defs, n)
	}
	if len(n.Items) == 0 {
		if child != nil && child.Type >= StringArray && child.Type <= BooleanArray {
			return decodeResult(child.Type, nil, n)
		}
		return []any{}, nil
	}
	switch first := &n.Items[0]; first.Kind {
	case wire.String:
		return list(n, (*wire.Node).AsText)
	case wire.Bool:
		return list(n, (*wire.Node).AsBool)
	case wire.Number:
		v, err := decodeNumber(first)
		if err != nil {
			return nil, wire.InItem(err, 0)
		}
		if _, ok := v.(int64); ok {
			return list(n, (*wire.Node).AsInt)
		}
		return decodeResult(DoubleArray, nil, n)
	}
	return nil, wire.Errorf(n, "an array in a map must hold strings, numbers or booleans, not %s", n.Items[0].Kind)
}

// decodeNumber reads a number of unknown type.
func decodeNumber(n *wire.Node) (any, error) {
	if i, err := strconv.ParseInt(n.Text, 10, 64); err == nil {
		return i, nil
	}
	d, err := decodeDecimal(n)
	if err != nil {
		return nil, err
	}
	return d.Float(), nil
}

// AppendJSON appends the definition.
func (d *Definition) AppendJSON(b []byte) []byte {
	b = d.appendFields(append(b, '{'))
	b = AppendBag(b, d.Meta)
	return append(b, '}')
}

func (d *Definition) appendFields(b []byte) []byte {
	if d.Value != nil {
		b = AppendValue(wire.Key(b, "value"), d.Value)
	}
	b = wire.OptStr(b, "expression", d.Expression)
	b = wire.Str(b, "type", typeNames[d.Type])
	b = wire.OptStr(b, "validator", d.Validator)
	b = wire.List(b, "tags", d.Tags)
	return wire.OptStr(b, "mode", modeNames[d.Mode])
}

// AppendJSON appends the param.
func (p *Param) AppendJSON(b []byte) []byte {
	b = p.appendFields(append(b, '{'))
	if p.Result != nil {
		b = AppendValue(wire.Key(b, "evaluated_result"), p.Result)
		b = wire.Int(b, "evaluated_time", p.Time)
	}
	b = AppendBag(b, p.Meta)
	return append(b, '}')
}

// AppendDefinitions appends definitions as an object.
func AppendDefinitions(b []byte, defs *Definitions) []byte {
	return AppendObject(b, defs, func(b []byte, d *Definition) []byte { return d.AppendJSON(b) })
}

// AppendParams appends params as an object.
func AppendParams(b []byte, params *Params) []byte {
	return AppendObject(b, params, func(b []byte, p *Param) []byte { return p.AppendJSON(b) })
}

// AppendValue appends a literal or a result.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return wire.AppendString(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return wire.AppendFloat(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case Decimal:
		return append(b, v...)
	case []string:
		return wire.AppendStrings(b, v)
	case []int64:
		return appendList(b, v, func(b []byte, i int64) []byte { return strconv.AppendInt(b, i, 10) })
	case []float64:
		return appendList(b, v, wire.AppendFloat)
	case []bool:
		return appendList(b, v, strconv.AppendBool)
	case []Decimal:
		return appendList(b, v, func(b []byte, d Decimal) []byte { return append(b, d...) })
	case []any:
		return appendList(b, v, AppendValue)
	case *Strings:
		return AppendObject(b, v, wire.AppendString)
	case *Definitions:
		return AppendDefinitions(b, v)
	case *Object:
		return AppendObject(b, v, AppendValue)
	}
	return append(b, "null"...)
}

func appendList[T any](b []byte, v []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, e := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, e)
	}
	return append(b, ']')
}
