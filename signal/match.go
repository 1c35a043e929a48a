// Package signal holds the words of signals: what a step waits for, what it announces, what starts a workflow, and the
// signal that came.
//
// Above it are fault, wire and param; workflow and api carry its types. Evaluation and matching are the engine's.
//
// The one thing to know before changing it: the value of a signal param is a string or an int64, nothing else, and is
// compared only with its own kind.
package signal

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Operator compares a param of a signal with a wanted value.
type Operator string

// The operators; all but Equal are range operators.
const (
	Equal          Operator = "="
	Greater        Operator = ">"
	GreaterOrEqual Operator = ">="
	Less           Operator = "<"
	LessOrEqual    Operator = "<="
)

// Range reports whether the operator is not Equal.
func (o Operator) Range() bool { return o != Equal }

func decodeOperator(n *wire.Node, dst *Operator) error {
	return wire.Enum(n, dst, Equal, Greater, GreaterOrEqual, Less, LessOrEqual)
}

// Value is the value of a signal param: a string or an int64.
type Value struct{ v any }

// Text returns the Value of a string.
func Text(s string) Value { return Value{s} }

// Number returns the Value of an integer.
func Number(i int64) Value { return Value{i} }

// Any returns the string or the int64; nil for the zero Value.
func (v Value) Any() any { return v.v }

// DecodeValue reads a string or an integer.
func DecodeValue(n *wire.Node) (Value, error) {
	switch n.Kind {
	case wire.String:
		return Text(n.Text), nil
	case wire.Number:
		i, err := n.AsInt()
		return Number(i), err
	}
	return Value{}, wire.Errorf(n, "the param of a signal must be a string or an integer, not %s", n.Kind)
}

// AppendJSON appends the value.
func (v Value) AppendJSON(b []byte) []byte { return param.AppendValue(b, v.v) }

// Values are the params of a signal by name.
type Values = param.Ordered[Value]

// AppendValues appends the params of a signal as an object.
func AppendValues(b []byte, v *Values) []byte {
	return param.AppendObject(b, v, func(b []byte, v Value) []byte { return v.AppendJSON(b) })
}

// Match is a wanted value of a signal param.
type Match struct {
	Value    Value
	Operator Operator
}

// Matches are wanted values by param name.
type Matches = param.Ordered[Match]

func decodeMatch(n *wire.Node) (Match, error) {
	m := Match{Operator: Equal}
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "value":
			return wire.Into(&f.Node, &m.Value, DecodeValue)
		case "operator":
			return decodeOperator(&f.Node, &m.Operator)
		}
		return f.Unknown("value", "operator")
	})
	if err == nil && m.Value.v == nil {
		err = wire.Errorf(n, "a match must have a value")
	}
	return m, err
}

func (m Match) appendJSON(b []byte) []byte {
	b = append(b, `{"value":`...)
	b = m.Value.AppendJSON(b)
	b = wire.Str(b, "operator", string(m.Operator))
	return append(b, '}')
}

func appendMatches(b []byte, m *Matches) []byte {
	if m.Len() == 0 {
		return b
	}
	return param.AppendObject(wire.Key(b, "match_params"), m, func(b []byte, m Match) []byte { return m.appendJSON(b) })
}
