package param

import "github.com/segue-run/segue/wire"

// Scalar is a number or a text that becomes one (perhaps after ${param} is filled in). It is given back exactly as it
// came. The zero value is unset.
type Scalar struct {
	Text   string
	Number bool // came as a JSON number
	Given  bool
}

// Num returns the scalar for a number.
func Num(i int64) Scalar { return Scalar{Text: string(AppendValue(nil, i)), Number: true, Given: true} }

// Txt returns the scalar for a text.
func Txt(s string) Scalar { return Scalar{Text: s, Given: true} }

// DecodeScalar reads a number of 0 or more, or a string.
func DecodeScalar(n *wire.Node) (Scalar, error) {
	switch n.Kind {
	case wire.String:
		return Txt(n.Text), nil
	case wire.Number:
		i, err := n.AsInt()
		if err != nil {
			return Scalar{}, err
		}
		if i < 0 {
			return Scalar{}, wire.Errorf(n, "want a number of 0 or more, not %s", n.Text)
		}
		return Num(i), nil
	}
	return Scalar{}, wire.Errorf(n, "want a number or a string, not %s", n.Kind)
}

// AppendJSON appends the scalar as it was given.
func (s Scalar) AppendJSON(b []byte) []byte {
	if s.Number {
		return append(b, s.Text...)
	}
	return wire.AppendString(b, s.Text)
}

// AppendField appends the scalar as a field unless it is unset.
func (s Scalar) AppendField(b []byte, name string) []byte {
	if !s.Given {
		return b
	}
	return s.AppendJSON(wire.Key(b, name))
}
