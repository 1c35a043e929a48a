package param

import (
	"slices"
	"strings"

	"github.com/segue-run/segue/wire"
)

// Tag marks a workflow, a step or a param. Attributes are free-form.
type Tag struct {
	Name       string
	Namespace  string // one of Namespaces, or ""
	Attributes *Bag
}

// Namespaces lists the namespaces of tags.
func Namespaces() []string {
	return []string{"SYSTEM", "RUNTIME", "JOB_TEMPLATE", "NOTEBOOK_TEMPLATE", "USER_DEFINED", "PLATFORM"}
}

// DecodeTag reads a tag: its name, or an object. "permit" is the server's to tell and ignored.
func DecodeTag(n *wire.Node) (Tag, error) {
	if n.Kind == wire.String {
		return Tag{Name: n.Text}, nil
	}
	var t Tag
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "name":
			return f.Str(&t.Name)
		case "namespace":
			if err := f.Str(&t.Namespace); err != nil {
				return err
			}
			t.Namespace = strings.ToUpper(t.Namespace)
			if !slices.Contains(Namespaces(), t.Namespace) {
				return wire.Errorf(&f.Node, "unknown namespace %q, want one of %s", f.Text, strings.Join(Namespaces(), ", "))
			}
			return nil
		case "permit":
			return nil
		case "attributes":
			return DecodeBag(&f.Node, &t.Attributes)
		}
		return Stow(&t.Attributes, f)
	})
	return t, err
}

// AppendJSON appends the tag as an object.
func (t Tag) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = wire.Str(b, "name", t.Name)
	b = wire.OptStr(b, "namespace", t.Namespace)
	b = AppendBag(b, t.Attributes)
	return append(b, '}')
}

// DecodeBag replaces a bag by one that was sent under its own name.
func DecodeBag(n *wire.Node, dst **Bag) error {
	return DecodeObject(n, dst, func(n *wire.Node) (wire.Raw, error) { return n.Raw(), nil })
}
