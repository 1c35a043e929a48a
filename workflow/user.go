package workflow

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// User is a person or a program, by name. One that came as an object is given back as one, with its further fields.
type User struct {
	Name   string
	Object bool
	Extra  *param.Bag
}

// DecodeUser reads a user: a name, or an object with one.
func DecodeUser(n *wire.Node) (*User, error) {
	if n.Kind == wire.String {
		return &User{Name: n.Text}, nil
	}
	u := &User{Object: true}
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "name":
			return f.Str(&u.Name)
		case "extra_info":
			return param.DecodeBag(&f.Node, &u.Extra)
		}
		return param.Stow(&u.Extra, f)
	})
	if err == nil && u.Name == "" {
		err = wire.Errorf(n, "a user must have a name")
	}
	return u, err
}

// AppendJSON appends the user as it came.
func (u *User) AppendJSON(b []byte) []byte {
	if !u.Object {
		return wire.AppendString(b, u.Name)
	}
	b = wire.Str(append(b, '{'), "name", u.Name)
	b = param.AppendBag(b, u.Extra)
	return append(b, '}')
}

// appendUser appends a user field unless it is nil.
func appendUser(b []byte, name string, u *User) []byte {
	if u == nil {
		return b
	}
	return u.AppendJSON(wire.Key(b, name))
}
