package sel

import (
	"errors"
	"testing"
)

// run evaluates a text on Go values.
func run(t *testing.T, text string, params map[string]any) (Result, error) {
	t.Helper()
	p, err := Compile(Prepare(text))
	if err != nil {
		return Result{}, err
	}
	return p.Eval(&Input{Lookup: func(name string) (Value, bool, error) {
		v, ok := params[name]
		if !ok {
			return Value{}, false, nil
		}
		value, err := FromGo(v)
		return value, true, err
	}})
}

func TestNotHereStopsTheEvaluation(t *testing.T) {
	p, err := Compile("1 + step1__x;")
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Eval(&Input{Lookup: func(string) (Value, bool, error) { return Value{}, false, ErrNotHere }})
	if !errors.Is(err, ErrNotHere) {
		t.Fatalf("got %v", err)
	}
	if len(res.Reads) != 1 || res.Reads[0] != "step1__x" {
		t.Fatalf("reads %q", res.Reads)
	}
}

func BenchmarkTypical(b *testing.B) {
	p, err := Compile("(a + b * 2).toString() + 'x';")
	if err != nil {
		b.Fatal(err)
	}
	in := &Input{Lookup: func(name string) (Value, bool, error) { return LongOf(int64(len(name)) + 4711), true, nil }}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoop(b *testing.B) {
	p, err := Compile("int s = 0; for (int i = 0; i < 10000; i += 1) { s = s + i; } return s;")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		res, err := p.Eval(&Input{})
		if err != nil || res.Value.Long() != 49995000 {
			b.Fatal(res, err)
		}
	}
}

func BenchmarkCompile200(b *testing.B) {
	text := "int total = 0; for (int i = 0; i < items.length; i += 1) { if (items[i] > limit && enabled) { total += items[i] * factor; } else { total -= 1; } } return String.valueOf(total) + '-' + suffix.trim() + x;"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(text); err != nil {
			b.Fatal(err)
		}
	}
}
