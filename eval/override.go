package eval

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
)

// Override returns the definitions of a run: those of the workflow, changed and added to by the run_params of its start.
// Neither argument is changed. A changed param keeps its type, into which the new literal is converted; an expression
// replaces what was there; of a literal MAP or STRING_MAP only the named entries change. IMMUTABLE and CONSTANT params
// cannot be changed; repeating their value is no change. The sources are DEFINITION and LAUNCH.
//
// This is the merge of a start. Other merges (restarts, outputs, runs started by a run) differ in who may change what.
func Override(defs, run *param.Definitions) (*param.Definitions, error) {
	out := Declare(defs)
	if err := overlay(out, run, "", param.ModeUnset); err != nil {
		return nil, err
	}
	return out, nil
}

// Launch is Override.
//
// Deprecated: call Override.
func Launch(defs, run *param.Definitions) (*param.Definitions, error) { return Override(defs, run) }

// overlay changes out, which the caller owns, by the definitions over. path is that of the MAP they are in, and floor
// the strictness that it imposes on them.
func overlay(out, over *param.Definitions, path string, floor param.Mode) error {
	for name, d := range over.All() {
		base, ok := out.Get(name)
		if !ok {
			out.Set(name, declared(d, launchBag, floor))
			continue
		}
		changed, err := override(path+name, base, d, floor)
		if err != nil {
			return err
		}
		out.Set(name, changed)
	}
	return nil
}

// override returns base with the value of over, or base itself if that is the same.
func override(name string, base, over *param.Definition, floor param.Mode) (*param.Definition, error) {
	next := base.Clone()
	next.Meta = launchBag
	next.Expression, next.Value = over.Expression, nil
	if over.Value != nil {
		v, err := converted(name, base, over, max(floor, base.Mode))
		if err != nil {
			return nil, err
		}
		next.Value = v
	}
	if over.Mode != param.ModeUnset {
		next.Mode = over.Mode
	}
	next.Mode = max(next.Mode, floor)
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
	case over.InternalMode() != "":
		return nil, fault.New(fault.BadRequest, "Cannot modify system mode for parameter [%s]", name)
	case base.InternalMode() == "RESERVED":
		return nil, fault.New(fault.BadRequest, "Cannot modify param with system mode [RESERVED] for parameter [%s]", name)
	case over.Source() != "":
		return nil, fault.New(fault.BadRequest, "Cannot modify source for parameter [%s]", name)
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

// converted returns the literal of over in the type of base. floor is the strictness that a MAP imposes on its children.
func converted(name string, base, over *param.Definition, floor param.Mode) (any, error) {
	switch change := over.Value.(type) {
	case *param.Definitions:
		if err := extendable(name, base, over); err != nil {
			return nil, err
		}
		old, _ := base.Value.(*param.Definitions)
		out := old.Clone()
		return out, overlay(out, change, name+".", floor)
	case *param.Strings:
		if err := extendable(name, base, over); err != nil {
			return nil, err
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
		return nil, mismatch(name, base, over)
	}
	return param.LiteralOf(v), nil
}

// extendable returns an error unless base is a literal map of the type of over.
func extendable(name string, base, over *param.Definition) error {
	switch {
	case base.Type != over.Type:
		return mismatch(name, base, over)
	case base.Expression != "":
		return fault.New(fault.BadRequest, "%s param [%s] definition exp=[%s] is not a literal", base.Type, name, base.Expression)
	}
	return nil
}

func mismatch(name string, base, over *param.Definition) error {
	return fault.New(fault.BadRequest, "ParameterDefinition type mismatch name [%s] from [%s] != to [%s]", name, over.Type, base.Type)
}
