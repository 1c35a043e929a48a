package eval

import (
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// plain reports whether a definition is its own result: a scalar of its type with nothing to fill in. These are most,
// and cost nothing.
func plain(d *param.Definition) bool {
	if d.Expression != "" {
		return false
	}
	switch v := d.Value.(type) {
	case string:
		return d.Type == param.String && !refers(v)
	case int64:
		return d.Type == param.Long
	case bool:
		return d.Type == param.Boolean
	}
	return false
}

// value evaluates a definition.
func (e *evaluation) value(of *subject, d *param.Definition) (any, error) {
	if d.Expression != "" {
		v, err := e.expression(of, d.Expression)
		if err == nil {
			err = e.spend(rough(v))
		}
		return v, err
	}
	switch v := d.Value.(type) {
	case string:
		return e.fill(of, v)
	case []string:
		return e.fillEach(of, v)
	case *param.Strings:
		return e.fillMap(of, v)
	case *param.Definitions:
		return e.object(of, v)
	case param.Decimal:
		return v.Float(), nil
	case []param.Decimal:
		out := make([]float64, len(v))
		for i, d := range v {
			out[i] = d.Float()
		}
		return out, nil
	case nil:
		return nil, fault.New(fault.BadRequest, "[%s] is a required parameter (type=[%s])", of.path(), d.Type)
	}
	return d.Value, nil
}

// object evaluates a literal MAP. Its children are evaluated in the scope that the MAP is in and do not see each other.
// Each result takes the type that the child declares; in the original it keeps its own.
func (e *evaluation) object(of *subject, defs *param.Definitions) (*param.Object, error) {
	o := new(param.Object)
	for name, d := range defs.All() {
		if d.Value == nil && d.Expression == "" && d.InternalMode() == "OPTIONAL" {
			continue
		}
		child := &subject{name: name, of: of}
		v, err := e.value(child, d)
		if err == nil {
			v, _, err = param.Coerce(d.Type, v)
		}
		if err != nil {
			return nil, e.locate(child, err)
		}
		o.Set(name, v)
	}
	return o, nil
}

func (e *evaluation) fillEach(of *subject, texts []string) ([]string, error) {
	out := make([]string, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = e.fill(of, text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fillMap fills keys and values. Of keys that become the same, the last one's value counts.
func (e *evaluation) fillMap(of *subject, texts *param.Strings) (*param.Object, error) {
	o := new(param.Object)
	for key, text := range texts.All() {
		key, err := e.fill(of, key)
		if err != nil {
			return nil, err
		}
		if text, err = e.fill(of, text); err != nil {
			return nil, err
		}
		o.Set(key, text)
	}
	return o, nil
}

// fill replaces the references in a text.
func (e *evaluation) fill(of *subject, text string) (string, error) {
	if !refers(text) {
		return text, e.spend(len(text))
	}
	filled, err := e.env.Templates.get(text).Expand(func(name string) (string, error) {
		v, found, err := e.names.resolve(name)
		if err == nil && !found {
			err = e.unknownInText(of, name)
		}
		if err != nil {
			return "", err
		}
		return textOf(v)
	})
	if err == nil {
		err = e.spend(len(filled))
	}
	return filled, err
}

// unknownInText is the error for a reference in a text that leads nowhere. In a step it is often a variable of a shell.
func (e *evaluation) unknownInText(of *subject, name string) error {
	err := e.names.unknown(of, name)
	if e.kind == "step" && !strings.Contains(name, Separator) {
		err = fault.New(fault.KindOf(err), "%w; where a dollar sign is meant, write $$", err)
	}
	return err
}

// textOf returns a value as it appears in a text.
func textOf(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	value, err := toSEL(v)
	return sel.TextOf(value), err
}

func refers(text string) bool { return strings.IndexByte(text, '$') >= 0 }
