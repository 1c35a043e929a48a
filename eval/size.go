package eval

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
)

// spend counts bytes of values on their way into results. It stops an evaluation long before params that double each
// other fill the memory; weigh says exactly who is too big. A UTF-16 character has at most three bytes.
func (e *evaluation) spend(bytes int) error {
	if e.bytes += bytes; e.bytes/3 > MaxSize {
		return tooBig(e.bytes / 3)
	}
	return nil
}

// weigh returns an error if the params, all evaluated, are too big. Most are so small that nobody needs to count.
func (e *evaluation) weigh() error {
	size := 0
	for i := range e.params.Len() {
		name, p := e.params.At(i)
		size += len(name) + roughDefinition(&p.Definition) + rough(p.Result)
	}
	if size < MaxSize/roughest {
		return nil
	}
	n := 0
	for _, r := range string(param.AppendParams(nil, e.params)) {
		if n++; r > 0xffff {
			n++
		}
	}
	if n > MaxSize {
		return tooBig(n)
	}
	return nil
}

func tooBig(size int) error {
	return fault.New(fault.BadRequest, "Parameters' total size [%d] is larger than system limit [%d]", size, MaxSize)
}

// roughest is by how much JSON can be longer than rough says: an escaped character has six, a small one as an entry
// of a map some more.
const roughest = 8

// rough returns a size in bytes: at least a roughest of that of v as JSON.
func rough(v any) int {
	const scalar = 4
	switch v := v.(type) {
	case string:
		return scalar + len(v)
	case param.Decimal:
		return scalar + len(v)
	case []string:
		n := scalar
		for _, s := range v {
			n += scalar + len(s)
		}
		return n
	case []param.Decimal:
		n := scalar
		for _, d := range v {
			n += scalar + len(d)
		}
		return n
	case []int64:
		return scalar + scalar*len(v)
	case []float64:
		return scalar + scalar*len(v)
	case []bool:
		return scalar + scalar*len(v)
	case *param.Strings:
		n := scalar
		for k, s := range v.All() {
			n += 2*scalar + len(k) + len(s)
		}
		return n
	case *param.Definitions:
		n := scalar
		for k, d := range v.All() {
			n += len(k) + roughDefinition(d)
		}
		return n
	case *param.Object:
		n := scalar
		for k, v := range v.All() {
			n += scalar + len(k) + rough(v)
		}
		return n
	}
	return scalar
}

func roughDefinition(d *param.Definition) int {
	n := 50 + len(d.Expression) + len(d.Validator) + rough(d.Value)
	for _, t := range d.Tags {
		n += 10 + len(t.Name)
		for k, raw := range t.Attributes.All() {
			n += 2 + len(k) + len(raw)
		}
	}
	for k, raw := range d.Meta.All() {
		n += 2 + len(k) + len(raw)
	}
	return n
}
