package signal

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// DependencyDefinition is a signal that a step waits for, as its author wrote it.
type DependencyDefinition struct {
	Name    string // may hold ${param}
	Matches *param.Ordered[MatchDefinition]
}

// MatchDefinition is a wanted value before evaluation; the param's type is STRING or LONG.
type MatchDefinition struct {
	Param    *param.Definition
	Operator Operator
}

// DecodeDependencyDefinition reads a signal dependency of a step.
func DecodeDependencyDefinition(n *wire.Node) (DependencyDefinition, error) {
	var d DependencyDefinition
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "name":
			return f.Str(&d.Name)
		case "match_params":
			return param.DecodeObject(&f.Node, &d.Matches, decodeMatchDefinition)
		}
		return f.Unknown("name", "match_params")
	})
	if err == nil && d.Name == "" {
		err = wire.Errorf(n, "a signal dependency must have a name")
	}
	ranges := 0
	for _, m := range d.Matches.All() {
		if m.Operator.Range() {
			ranges++
		}
	}
	if err == nil && ranges > 1 {
		err = wire.Errorf(n, "a signal dependency can have at most one range operator, not %d", ranges)
	}
	return d, err
}

func decodeMatchDefinition(n *wire.Node) (MatchDefinition, error) {
	m := MatchDefinition{Operator: Equal}
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "param":
			return wire.Into(&f.Node, &m.Param, decodeSignalParam)
		case "operator":
			return decodeOperator(&f.Node, &m.Operator)
		}
		return f.Unknown("param", "operator")
	})
	if err == nil && m.Param == nil {
		err = wire.Errorf(n, "a match must have a param")
	}
	return m, err
}

// decodeSignalParam reads a definition of the two types that a signal knows.
func decodeSignalParam(n *wire.Node) (*param.Definition, error) {
	d, err := param.DecodeDefinition(n)
	switch {
	case err != nil:
	case d.Type != param.String && d.Type != param.Long:
		err = wire.Errorf(n, "the param of a signal must have type STRING or LONG, not %s", d.Type)
	case d.Value == nil && d.Expression == "":
		err = wire.Errorf(n, "a param must be defined with either a literal value or an expression")
	}
	return d, err
}

// AppendJSON appends the dependency.
func (d DependencyDefinition) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "name", d.Name)
	if d.Matches.Len() > 0 {
		b = param.AppendObject(wire.Key(b, "match_params"), d.Matches, func(b []byte, m MatchDefinition) []byte {
			b = m.Param.AppendJSON(append(b, `{"param":`...))
			b = wire.Str(b, "operator", string(m.Operator))
			return append(b, '}')
		})
	}
	return append(b, '}')
}

// OutputDefinition is a signal that a step announces when it ends well.
type OutputDefinition struct {
	Name    string             // may hold ${param}
	Params  *param.Definitions // of type STRING or LONG
	Payload *param.Definitions
}

// DecodeOutputDefinition reads a signal output of a step.
func DecodeOutputDefinition(n *wire.Node) (OutputDefinition, error) {
	var o OutputDefinition
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "name":
			return f.Str(&o.Name)
		case "params":
			return param.DecodeObject(&f.Node, &o.Params, decodeSignalParam)
		case "payload":
			return param.DecodeDefinitions(&f.Node, &o.Payload)
		}
		return f.Unknown("name", "params", "payload")
	})
	if err == nil && o.Name == "" {
		err = wire.Errorf(n, "a signal output must have a name")
	}
	return o, err
}

// AppendJSON appends the output.
func (o OutputDefinition) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "name", o.Name)
	if o.Params.Len() > 0 {
		b = param.AppendDefinitions(wire.Key(b, "params"), o.Params)
	}
	if o.Payload.Len() > 0 {
		b = param.AppendDefinitions(wire.Key(b, "payload"), o.Payload)
	}
	return append(b, '}')
}
