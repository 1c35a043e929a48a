package eval

import (
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
// else their authors noted on them; the children of literal MAPs too, which are at least as strict as their MAP.
func Declare(defs *param.Definitions) *param.Definitions {
	return declareAll(defs, definitionBag, param.ModeUnset)
}

func declareAll(defs *param.Definitions, source *param.Bag, floor param.Mode) *param.Definitions {
	out := defs.Clone()
	for name, d := range defs.All() {
		out.Set(name, declared(d, source, floor))
	}
	return out
}

func declared(d *param.Definition, source *param.Bag, floor param.Mode) *param.Definition {
	c := d.Clone()
	declare(c, source, floor)
	return c
}

// declare completes a definition that the caller owns.
func declare(d *param.Definition, source *param.Bag, floor param.Mode) {
	d.Mode = max(d.Mode.Or(), floor)
	if d.Tags == nil {
		d.Tags = noTags
	}
	if children, ok := d.Value.(*param.Definitions); ok {
		d.Value = declareAll(children, source, d.Mode)
	}
	if mode, ok := d.Meta.Get(param.MetaInternalMode); ok {
		source = source.Clone()
		source.Set(param.MetaInternalMode, mode)
	}
	d.Meta = source
}
