package eval

import (
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// generate makes a few definitions that refer to each other from arbitrary bytes.
func generate(seed []byte) *param.Definitions {
	next := func(n int) int {
		if len(seed) == 0 {
			return 0
		}
		b := seed[0]
		seed = seed[1:]
		return int(b) % n
	}
	names := []string{"a", "b", "c", "d", "s__a", "t__b", "t___b", "u", "params"}
	scraps := []string{"$", "$$", "${", "}", "x", "__", " + ", "1", "'q'", ";", ".", "[0]", "new Map()", "new long[]{1,2}", "['a']", "true", "null", " = ", "return ", "1.5"}
	text := func() string {
		var out []byte
		for range next(6) {
			if next(2) == 0 {
				out = append(out, names[next(len(names))]...)
			} else {
				out = append(out, scraps[next(len(scraps))]...)
			}
		}
		return string(out)
	}
	var definition func(depth int) *param.Definition
	definition = func(depth int) *param.Definition {
		d := &param.Definition{Type: param.Type(1 + next(int(param.Map))), Mode: param.Mode(next(6))}
		if next(2) == 0 {
			d.Expression = text()
			return d
		}
		switch d.Type {
		case param.String:
			d.Value = text()
		case param.Long:
			d.Value = int64(next(256))
		case param.Double:
			d.Value = param.DecimalOf(float64(next(256)) / 4)
		case param.Boolean:
			d.Value = next(2) == 0
		case param.StringMap:
			m := new(param.Strings)
			m.Set(text(), text())
			d.Value = m
		case param.StringArray:
			d.Value = []string{text(), text()}
		case param.LongArray:
			d.Value = []int64{int64(next(9))}
		case param.DoubleArray:
			d.Value = []param.Decimal{"1.50"}
		case param.BooleanArray:
			d.Value = []bool{true}
		case param.Map:
			children := new(param.Definitions)
			for range next(3) {
				if depth < 3 {
					children.Set(names[next(4)], definition(depth+1))
				}
			}
			d.Value = children
		}
		return d
	}
	out := new(param.Definitions)
	for range 1 + next(5) {
		out.Set(names[next(4)], definition(0))
	}
	return out
}

// FuzzEvaluate checks what holds for all definitions: no panic; an error is its author's; a result has the type of its
// param; and the same input gives the same output.
func FuzzEvaluate(f *testing.F) {
	for _, seed := range []string{"", "\x02\x00\x00\x00\x01\x02", "abcdefghijklmnopqrstuvwxyz", "\x04\x00\x09\x00\x01\x02\x00\x01\x03\x00\x00\x01\x01\x01"} {
		f.Add([]byte(seed))
	}
	up := steps{"t": new(param.Params), "t_": nil}
	up["t"].Set("b", param.NewParam(param.Long, int64(3), 1))
	env := env
	env.Limits = sel.Limits{Visits: 10_000, Memory: 1 << 20}
	f.Fuzz(func(t *testing.T, seed []byte) {
		defs, run := generate(seed), generate(seed[len(seed)/2:])
		check := func(what string, evaluate func() (*param.Params, error)) *param.Params {
			p, err := evaluate()
			again, errAgain := evaluate()
			if err != nil {
				if !fault.Is(err, fault.BadRequest) || errAgain == nil || err.Error() != errAgain.Error() {
					t.Fatalf("%s: %v: %v, then %v", what, fault.KindOf(err), err, errAgain)
				}
				return nil
			}
			if one, two := param.AppendParams(nil, p), param.AppendParams(nil, again); string(one) != string(two) {
				t.Fatalf("%s: %s, then %s", what, one, two)
			}
			for name, p := range p.All() {
				if !p.Evaluated() || p.Time != env.Now {
					t.Fatalf("%s: %s has no result", what, name)
				}
				if _, note, err := param.Coerce(p.Type, p.Result); err != nil || note.Text != "" {
					t.Fatalf("%s: %s has the type %s and the result %#v", what, name, p.Type, p.Result)
				}
			}
			return p
		}
		merged, err := Override(defs, run)
		if err != nil {
			if !fault.Is(err, fault.BadRequest) {
				t.Fatal(err)
			}
			merged = Declare(defs)
		}
		wf := check("workflow", func() (*param.Params, error) { return Workflow(env, "w", merged) })
		step := check("step", func() (*param.Params, error) { return Step(env, "s", defs, wf, up) })
		if static := Static(defs); static != nil && step != nil {
			for i := range static.Len() {
				_, one := static.At(i)
				_, two := step.At(i)
				if one.Time != 0 || string(param.AppendValue(nil, one.Result)) != string(param.AppendValue(nil, two.Result)) {
					t.Fatalf("static %#v, evaluated %#v", one, two)
				}
			}
		}
		for _, d := range defs.All() {
			if _, err := Condition(env, "s", d.Expression, step, wf, up); err != nil && !fault.Is(err, fault.BadRequest) {
				t.Fatal(err)
			}
		}
	})
}
