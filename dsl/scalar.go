package dsl

import (
	"math/big"
	"regexp"
	"strings"

	"github.com/segue-run/segue/wire"
	"go.yaml.in/yaml/v3"
)

var (
	decimalInt = regexp.MustCompile(`^[-+]?(0|[1-9][0-9_]*)$`)
	basedInt   = regexp.MustCompile(`^[-+]?0(x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)$`)
	zeroInt    = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
	float      = regexp.MustCompile(`^[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$|^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$`)
)

// scalar gives the node the kind of a scalar: a quoted or block text is a string, a plain one what it looks like.
func (n *node) scalar(y *yaml.Node) error {
	n.source = wire.Storable(y.Value)
	n.kind, n.text = wire.String, n.source
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	tagged := y.Style&yaml.TaggedStyle != 0
	if y.Style&quoted != 0 && !tagged || tagged && y.Tag == "!!str" {
		return nil
	}
	if err := n.plain(); err != nil {
		return err
	}
	if !tagged {
		return nil
	}
	wanted := map[string]wire.Kind{"!!int": wire.Number, "!!float": wire.Number, "!!bool": wire.Bool, "!!null": wire.Null}
	kind, ok := wanted[y.Tag]
	switch {
	case !ok:
		return n.errorf("unknown tag %s", y.Tag)
	case kind != n.kind:
		return n.errorf("%q is not what its tag %s says", y.Value, y.Tag)
	}
	return nil
}

// plain resolves an unquoted scalar.
func (n *node) plain() error {
	s := n.source
	switch s {
	case "", "~", "null", "Null", "NULL":
		n.kind = wire.Null
		return nil
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		n.kind, n.text = wire.Bool, "true"
		return nil
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		n.kind, n.text = wire.Bool, "false"
		return nil
	}
	digits := strings.TrimPrefix(strings.ReplaceAll(s, "_", ""), "+")
	switch {
	case len(s) > wire.MaxNumber:
	case decimalInt.MatchString(s):
		n.kind, n.text = wire.Number, digits
	case basedInt.MatchString(s):
		i, ok := new(big.Int).SetString(digits, 0)
		if !ok {
			return n.errorf("%q is not a number; quote it if it is a text", s)
		}
		n.kind, n.text = wire.Number, i.String()
	case zeroInt.MatchString(s):
		return n.errorf("the number %s begins with 0, which readers of YAML understand differently; quote it if it is a text", s)
	case float.MatchString(s):
		n.kind, n.text = wire.Number, asJSON(digits)
	}
	return nil
}

// asJSON gives a float the digits that JSON wants around its point.
func asJSON(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction == "" {
		fraction = "0"
	}
	return sign + whole + "." + fraction + exponent
}

// isInt reports whether a number has neither point nor exponent.
func (n *node) isInt() bool { return n.kind == wire.Number && !strings.ContainsAny(n.text, ".eE") }
