package param

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
)

func TestCoerce(t *testing.T) {
	object := new(Object)
	object.Set("k", int64(1))
	for _, c := range []struct {
		t    Type
		in   any
		want any    // nil = refused
		note string // MetaInfo or MetaWarn
	}{
		{String, "x", "x", ""},
		{String, int64(7), "7", MetaInfo},
		{String, 3.0, "3.0", MetaInfo},
		{String, 1e10, "1.0E10", MetaInfo},
		{String, true, "true", MetaInfo},
		{String, []string{"x"}, nil, ""},
		{String, nil, nil, ""},
		{Long, int64(7), int64(7), ""},
		{Long, "12", int64(12), MetaWarn},
		{Long, "12.0", nil, ""},
		{Long, 3.0, nil, ""},
		{Long, true, nil, ""},
		{Double, 3.5, 3.5, ""},
		{Double, int64(3), 3.0, ""},
		{Double, "1e3", 1000.0, ""},
		{Double, Decimal("10.25"), 10.25, ""},
		{Double, "x", nil, ""},
		{Double, true, nil, ""},
		{Double, math.NaN(), nil, ""},
		{Boolean, true, true, ""},
		{Boolean, "trUe", true, MetaWarn},
		{Boolean, "yes", nil, ""},
		{Boolean, int64(1), nil, ""},
		{StringArray, []string{"a"}, []string{"a"}, ""},
		{StringArray, []int64{1, 2}, []string{"1", "2"}, MetaInfo},
		{StringArray, []float64{1}, []string{"1.0"}, MetaInfo},
		{StringArray, []bool{true}, []string{"true"}, MetaInfo},
		{StringArray, []any{"a", int64(1)}, []string{"a", "1"}, MetaInfo},
		{StringArray, "a", nil, ""},
		{LongArray, []int64{1}, []int64{1}, ""},
		{LongArray, []any{int64(1)}, []int64{1}, ""},
		{LongArray, []any{1.5}, nil, ""},
		{LongArray, []float64{1}, nil, ""},
		{DoubleArray, []float64{1}, []float64{1}, ""},
		{DoubleArray, []Decimal{"1.5"}, []float64{1.5}, ""},
		{DoubleArray, []any{"1", int64(2), 3.5}, []float64{1, 2, 3.5}, ""},
		{DoubleArray, []int64{1}, nil, ""},
		{DoubleArray, []float64{math.Inf(1)}, nil, ""},
		{BooleanArray, []bool{true}, []bool{true}, ""},
		{BooleanArray, []any{true, false}, []bool{true, false}, ""},
		{BooleanArray, []string{"true"}, nil, ""},
		{Map, object, object, ""},
		{StringMap, object, object, ""},
		{Map, "x", nil, ""},
		{Map, nil, nil, ""},
	} {
		got, note, err := Coerce(c.t, c.in)
		if c.want == nil {
			if !fault.Is(err, fault.BadRequest) {
				t.Errorf("%s from %#v: got %#v, %v, want a bad request", c.t, c.in, got, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, c.want) || note.Key != c.note {
			t.Errorf("%s from %#v: got %#v, note %q, %v; want %#v, note %q", c.t, c.in, got, note, err, c.want, c.note)
		}
		if c.note != "" && !strings.HasPrefix(note.Text, "Implicitly converted") {
			t.Errorf("note is %q", note.Text)
		}
	}
}

func TestSetResultLeavesNote(t *testing.T) {
	p := &Param{Definition: Definition{Type: Long, Expression: "'12'"}}
	if err := p.SetResult("12", 5); err != nil {
		t.Fatal(err)
	}
	want := `{"expression":"'12'","type":"LONG","evaluated_result":12,"evaluated_time":5,"warn":"Implicitly converted the result from STRING to LONG"}`
	if got := string(p.AppendJSON(nil)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestFloatText(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 3: "3.0", -1.5: "-1.5", 1e7: "1.0E7", 9999999: "9999999.0", 0.001: "0.001", 0.0001: "1.0E-4",
		1.5e300: "1.5E300", math.Inf(-1): "-Infinity",
	} {
		if got := FloatText(f); got != want {
			t.Errorf("%g: got %s, want %s", f, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ in, want any }{
		{7, int64(7)}, {float32(0.5), 0.5}, {"x", "x"}, {[]string{"a"}, []string{"a"}},
		{[]any{}, []any{}}, {[]any{"a", "b"}, []string{"a", "b"}}, {[]any{1, int64(2)}, []int64{1, 2}},
		{[]any{1.5, 2}, []float64{1.5, 2}}, {[]any{true}, []bool{true}},
	} {
		if got, err := Plain(c.in); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%#v: got %#v, %v", c.in, got, err)
		}
	}
	o, err := Plain(map[string]any{"b": []any{1}, "a": map[string]any{"x": 1.5, "none": nil}})
	if got := string(AppendValue(nil, o)); err != nil || got != `{"a":{"x":1.5},"b":[1]}` {
		t.Errorf("%s, %v", got, err)
	}
	for _, in := range []any{nil, struct{}{}, []any{1, "a"}, []any{nil}, []any{[]any{1}}, map[string]any{"x": []any{true, 1}}} {
		if got, err := Plain(in); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%#v: got %#v, %v", in, got, err)
		}
	}
}
