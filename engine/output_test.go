package engine_test

import (
	"reflect"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/param"
)

// TestOutputsFit puts values out into params: JSON does not say what an empty array is of, nor that whole numbers are
// decimals.
func TestOutputsFit(t *testing.T) {
	for _, c := range []struct {
		t     param.Type
		value any
		want  any // nil = refused
	}{
		{param.LongArray, []string{}, []int64{}},
		{param.DoubleArray, []string{}, []float64{}},
		{param.BooleanArray, []string{}, []bool{}},
		{param.StringArray, []string{}, []string{}},
		{param.DoubleArray, []int64{1, 2}, []float64{1, 2}},
		{param.Double, int64(3), 3.0},
		{param.LongArray, []string{"a"}, nil},
		{param.LongArray, []float64{1.5}, nil},
		{param.BooleanArray, []int64{1}, nil},
		{param.Long, []string{}, nil},
	} {
		p := &param.Param{Definition: param.Definition{Type: c.t}}
		got, err := engine.Output(p, c.value, 1)
		switch {
		case c.want == nil && err == nil:
			t.Errorf("%s takes %#v as %#v", c.t, c.value, got.Result)
		case c.want != nil && err != nil:
			t.Errorf("%s does not take %#v: %v", c.t, c.value, err)
		case c.want != nil && !reflect.DeepEqual(got.Result, c.want):
			t.Errorf("%s takes %#v as %#v, want %#v", c.t, c.value, got.Result, c.want)
		}
	}
	old := new(param.Object)
	old.Set("l", []int64{1})
	old.Set("d", []float64{1.5})
	p := &param.Param{Definition: param.Definition{Type: param.Map}, Result: old}
	got, err := engine.Output(p, map[string]any{"l": []string{}, "d": []int64{2}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := got.Result.(*param.Object)
	l, _ := o.Get("l")
	d, _ := o.Get("d")
	if !reflect.DeepEqual(l, []int64{}) || !reflect.DeepEqual(d, []float64{2}) {
		t.Errorf("the map has %#v and %#v", l, d)
	}
}
