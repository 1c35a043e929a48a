package wire

import (
	"math"
	"strconv"
	"strings"
)

// Each calls one for every field of an object whose value is not null, in order, and says in which field an error
// happened. A null field counts as absent, everywhere on this API.
func (n *Node) Each(one func(f *Field) error) error {
	if n.Kind != Object {
		return Errorf(n, "want an object, not %s", n.Kind)
	}
	for i := range n.Fields {
		f := &n.Fields[i]
		if f.Kind == Null {
			continue
		}
		if err := one(f); err != nil {
			return In(err, f.Name)
		}
	}
	return nil
}

// Unknown returns the error for a field that an object does not have. Known names are listed for the reader.
func (f *Field) Unknown(known ...string) error {
	if len(known) == 0 {
		return Errorf(&f.Node, "unknown field %q", f.Name)
	}
	return Errorf(&f.Node, "unknown field %q; known fields are %s", f.Name, strings.Join(known, ", "))
}

// AsText returns a string; a number or boolean becomes its literal.
func (n *Node) AsText() (string, error) {
	switch n.Kind {
	case String, Number, Bool:
		return n.Text, nil
	}
	return "", Errorf(n, "want a string, not %s", n.Kind)
}

// AsInt returns an int64; a decimal is truncated, a string must hold an integer.
func (n *Node) AsInt() (int64, error) {
	if n.Kind != Number && n.Kind != String {
		return 0, Errorf(n, "want an integer, not %s", n.Kind)
	}
	text := n.Text
	if n.Kind == String {
		text = strings.TrimSpace(text)
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, nil
	}
	if n.Kind == String {
		return 0, Errorf(n, "want an integer, not the string %q", n.Text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f >= math.MaxInt64 || f <= math.MinInt64 {
		return 0, Errorf(n, "the number %s does not fit 64 bits", n.Text)
	}
	return int64(f), nil
}

// AsBool returns a boolean; the strings true and false and the numbers (0 = false) are accepted.
func (n *Node) AsBool() (bool, error) {
	switch n.Kind {
	case Bool:
		return n.Text == "true", nil
	case String:
		switch strings.ToLower(strings.TrimSpace(n.Text)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return false, Errorf(n, "want true or false, not the string %q", n.Text)
	case Number:
		mantissa, _, _ := strings.Cut(strings.ToLower(n.Text), "e")
		return strings.ContainsAny(mantissa, "123456789"), nil
	}
	return false, Errorf(n, "want a boolean, not %s", n.Kind)
}

// Set stores what read makes of n, unless it fails.
func Set[T any](dst *T, read func() (T, error)) error {
	v, err := read()
	if err == nil {
		*dst = v
	}
	return err
}

// Into stores what decode makes of n, unless it fails.
func Into[T any](n *Node, dst *T, decode func(*Node) (T, error)) error {
	v, err := decode(n)
	if err == nil {
		*dst = v
	}
	return err
}

// Str stores a string field.
func (n *Node) Str(dst *string) error { return Set(dst, n.AsText) }

// Int stores an integer field.
func (n *Node) Int(dst *int64) error { return Set(dst, n.AsInt) }

// IntPtr stores an integer field that may be unset.
func (n *Node) IntPtr(dst **int64) error {
	v, err := n.AsInt()
	if err == nil {
		*dst = &v
	}
	return err
}

// Boolean stores a boolean field.
func (n *Node) Boolean(dst *bool) error { return Set(dst, n.AsBool) }

// BooleanPtr stores a boolean field that may be unset.
func (n *Node) BooleanPtr(dst **bool) error {
	v, err := n.AsBool()
	if err == nil {
		*dst = &v
	}
	return err
}

// ListOf stores an array field, decoding each element. An empty array gives an empty, non-nil slice.
func ListOf[T any](n *Node, dst *[]T, decode func(*Node) (T, error)) error {
	if n.Kind != Array {
		return Errorf(n, "want an array, not %s", n.Kind)
	}
	list := make([]T, 0, len(n.Items))
	for i := range n.Items {
		if n.Items[i].Kind == Null {
			return InItem(Errorf(&n.Items[i], "an element cannot be null"), i)
		}
		v, err := decode(&n.Items[i])
		if err != nil {
			return InItem(err, i)
		}
		list = append(list, v)
	}
	*dst = list
	return nil
}

// Strs stores an array of strings.
func (n *Node) Strs(dst *[]string) error { return ListOf(n, dst, (*Node).AsText) }

// Enum stores a string field that must be one of the names, in any letter case; dst gets the name as it is listed.
func Enum[T ~string](n *Node, dst *T, names ...T) error {
	if n.Kind == String {
		for _, name := range names {
			if strings.EqualFold(string(name), n.Text) {
				*dst = name
				return nil
			}
		}
	}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = string(name)
	}
	return Errorf(n, "unknown value %s; want one of %s", n.Raw(), strings.Join(list, ", "))
}
