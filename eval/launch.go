package eval

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// The bags that declared params share; a note of a conversion copies one first.
var (
	definitionBag = sourceBag(param.SourceDefinition)
	launchBag     = sourceBag(param.SourceLaunch)
)

var noTags = []param.Tag{}

func sourceBag(s param.Source) *param.Bag {
	bag := new(param.Bag)
	bag.Set(param.MetaSource, wire.Raw(wire.AppendString(nil, string(s))))
	return bag
}

// Declare returns definitions as params show them: with a mode, with tags, and with their source in place of whatever
// else their authors noted on them; the children of literal MAPs too.
func Declare(defs *param.Definitions) *param.Definitions { return declare(defs, definitionBag) }

func declare(defs *param.Definitions, source *param.Bag) *param.Definitions {
	out := new(param.Definitions)
	for name, d := range defs.All() {
		out.Set(name, declared(d, source))
	}
	return out
}

func declared(d *param.Definition, source *param.Bag) *param.Definition {
	c := d.Clone()
	c.Mode = d.Mode.Or()
	if c.Tags == nil {
		c.Tags = noTags
	}
	if children, ok := d.Value.(*param.Definitions); ok {
		c.Value = declare(children, source)
	}
	c.Meta = source
	if mode, ok := d.Meta.Get(param.MetaInternalMode); ok {
		c.Meta = source.Clone()
		c.Meta.Set(param.MetaInternalMode, mode)
	}
	return c
}

// Launch returns the definitions of a run: those of the workflow, changed and added to by the run_params of its start. A
// changed param keeps its type, into which the new literal is converted; of a literal MAP or STRING_MAP only the named
// entries change. IMMUTABLE and CONSTANT params cannot be changed; repeating their value is no change.
func Launch(defs, run *param.Definitions) (*param.Definitions, error) {
	out := Declare(defs)
	for name, over := range run.All() {
		base, ok := out.Get(name)
		if !ok {
			out.Set(name, declared(over, launchBag))
			continue
		}
		changed, err := override(name, base, over)
		if err != nil {
			return nil, err
		}
		out.Set(name, changed)
	}
	return out, nil
}

// override returns base with the value of over.
func override(name string, base, over *param.Definition) (*param.Definition, error) {
	next := base.Clone()
	next.Meta = launchBag
	next.Expression, next.Value = over.Expression, nil
	if over.Value != nil {
		v, err := converted(name, base, over)
		if err != nil {
			return nil, err
		}
		next.Value = v
	}
	if over.Mode != param.ModeUnset {
		next.Mode = over.Mode
	}
	if over.Validator != "" {
		next.Validator = over.Validator
	}
	next.Tags = append(next.Tags[:len(next.Tags):len(next.Tags)], missing(next.Tags, over.Tags)...)
	if same(base, next) {
		return base, nil
	}
	switch {
	case next.Mode >= param.Immutable:
		return nil, fault.New(fault.BadRequest, "Cannot modify param with mode [%s] for parameter [%s]", next.Mode, name)
	case next.Mode < base.Mode:
		return nil, fault.New(fault.BadRequest, "Cannot modify param mode to be less strict for parameter [%s] from [%s] to [%s]", name, base.Mode, next.Mode)
	case base.InternalMode() == "RESERVED":
		return nil, fault.New(fault.BadRequest, "Cannot modify param with system mode [RESERVED] for parameter [%s]", name)
	}
	return next, nil
}

// same compares two definitions but for their source.
func same(a, b *param.Definition) bool {
	x, y := *a, *b
	x.Meta, y.Meta = nil, nil
	return string(x.AppendJSON(nil)) == string(y.AppendJSON(nil))
}

func missing(have, more []param.Tag) (out []param.Tag) {
	for _, t := range more {
		found := false
		for _, h := range have {
			found = found || h.Name == t.Name
		}
		if !found {
			out = append(out, t)
		}
	}
	return out
}

// converted returns the literal of over in the type of base.
func converted(name string, base, over *param.Definition) (any, error) {
	mismatch := func() error {
		return fault.New(fault.BadRequest, "ParameterDefinition type mismatch name [%s] from [%s] != to [%s]", name, over.Type, base.Type)
	}
	switch change := over.Value.(type) {
	case *param.Definitions:
		if base.Type != param.Map {
			return nil, mismatch()
		}
		if base.Expression != "" {
			return nil, fault.New(fault.BadRequest, "MAP param [%s] definition exp=[%s] is not a literal", name, base.Expression)
		}
		old, _ := base.Value.(*param.Definitions)
		out := old.Clone()
		for child, d := range change.All() {
			before, ok := out.Get(child)
			if !ok {
				out.Set(child, declared(d, launchBag))
				continue
			}
			after, err := override(name+"."+child, before, d)
			if err != nil {
				return nil, err
			}
			out.Set(child, after)
		}
		return out, nil
	case *param.Strings:
		if base.Type != param.StringMap {
			return nil, mismatch()
		}
		old, _ := base.Value.(*param.Strings)
		out := old.Clone()
		for k, v := range change.All() {
			out.Set(k, v)
		}
		return out, nil
	}
	if over.Type == base.Type {
		return over.Value, nil
	}
	v, _, err := param.Coerce(base.Type, over.Value)
	if err != nil {
		return nil, mismatch()
	}
	return param.LiteralOf(v), nil
}
