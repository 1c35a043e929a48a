package record

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// DetailKind says what a detail row holds. It is part of the row's B column.
type DetailKind int64

// The kinds. Params: evaluated params, outputs merged, of a run or an attempt. Artifacts: those of an attempt. Request:
// what the start request said that nothing else says (run_params). Properties: what a run keeps of the properties of its
// workflow, if its own row cannot say it.
const (
	Params DetailKind = iota
	Artifacts
	Request
	Properties

	detailKinds = 8
)

// DetailB returns the B column of a detail row. The run itself is attempt 0.
func DetailB(attempt int32, kind DetailKind) int64 { return int64(attempt)*detailKinds + int64(kind) }

// DetailOf is the inverse of DetailB.
func DetailOf(b int64) (attempt int32, kind DetailKind) {
	return int32(b / detailKinds), DetailKind(b % detailKinds)
}

// AppendParams appends the document of a detail row of kind Params.
func AppendParams(b []byte, p *param.Params) []byte {
	b = wire.Key(begin(b), "p")
	return append(param.AppendParams(b, p), '}')
}

// ParseParams reads it.
func ParseParams(doc []byte) (*param.Params, error) {
	var p *param.Params
	_, err := parse("params", doc, func(f *wire.Field) (bool, error) {
		if f.Name != "p" {
			return false, nil
		}
		return true, param.DecodeParams(&f.Node, &p)
	})
	return p, err
}

// AppendRaw appends the document of a detail row of another kind: one JSON value.
func AppendRaw(b []byte, v wire.Raw) []byte {
	return append(append(wire.Key(begin(b), "v"), v...), '}')
}

// ParseRaw reads it.
func ParseRaw(doc []byte) (wire.Raw, error) {
	var v wire.Raw
	_, err := parse("detail", doc, func(f *wire.Field) (bool, error) {
		if f.Name != "v" {
			return false, nil
		}
		v = f.Raw()
		return true, nil
	})
	return v, err
}
