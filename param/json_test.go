package param

import (
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/wire"
)

func parse(t testing.TB, text string) *wire.Node {
	t.Helper()
	n, err := wire.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDefinitionJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{ // want "" = the same as in
		{in: `{"value":"bar","type":"STRING"}`},
		{in: `{"type":"string","value":"bar","mode":"mutable","source":"user"}`, want: `{"value":"bar","type":"STRING","mode":"MUTABLE","source":"user"}`},
		{in: `{"value":12,"type":"STRING"}`, want: `{"value":"12","type":"STRING"}`},
		{in: `{"value":"12","type":"LONG"}`, want: `{"value":12,"type":"LONG"}`},
		{in: `{"value":12.9,"type":"LONG"}`, want: `{"value":12,"type":"LONG"}`},
		{in: `{"value":10.229999999999000000001,"type":"DOUBLE"}`},
		{in: `{"value":"+007.5","type":"DOUBLE"}`, want: `{"value":7.5,"type":"DOUBLE"}`},
		{in: `{"value":["12.3",45,1e3],"type":"DOUBLE_ARRAY"}`, want: `{"value":[12.3,45,1e3],"type":"DOUBLE_ARRAY"}`},
		{in: `{"value":[],"type":"long_array"}`, want: `{"value":[],"type":"LONG_ARRAY"}`},
		{in: `{"value":[true,false],"type":"BOOLEAN_ARRAY","validator":"v","tags":[],"mode":"CONSTANT"}`},
		{in: `{"value":"TRUE","type":"BOOLEAN"}`, want: `{"value":true,"type":"BOOLEAN"}`},
		{in: `{"value":{"b":"1","a":2},"type":"STRING_MAP"}`, want: `{"value":{"b":"1","a":"2"},"type":"STRING_MAP"}`},
		{in: `{"value":{"z":{"value":1,"type":"LONG"},"a":{"expression":"1","type":"LONG"},"none":{"type":"STRING","internal_mode":"OPTIONAL"}},"type":"MAP"}`},
		{in: `{"expression":"1 + 1;","type":"LONG","validator":"@Positive","tags":["x",{"name":"y","namespace":"system","k":{"d":[1.50,null]}}],"name":"ignored"}`,
			want: `{"expression":"1 + 1;","type":"LONG","validator":"@Positive","tags":[{"name":"x"},{"name":"y","namespace":"SYSTEM","k":{"d":[1.50,null]}}]}`},
		{in: `{"value":"x","type":"STRING","meta":{"source":"SYSTEM"},"info":"i","mode":null,"expression":null}`,
			want: `{"value":"x","type":"STRING","meta":{"source":"SYSTEM"},"info":"i"}`},
	} {
		d, err := DecodeDefinition(parse(t, c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		want := c.want
		if want == "" {
			want = c.in
		}
		if got := string(d.AppendJSON(nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, got, want)
		}
	}
}

func TestDefinitionErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"x":{"value":1}}`, "x: a param must have a type"},
		{`{"x":{"value":1,"type":"NUMBER"}}`, `x.type: unknown param type "NUMBER"; want one of STRING, LONG`},
		{`{"x":{"value":1,"type":"LONG","mode":"SOMETIMES"}}`, `x.mode: unknown param mode "SOMETIMES"`},
		{`{"x":{"value":"abc","type":"LONG"}}`, `x.value: want an integer, not the string "abc"`},
		{`{"x":{"value":9223372036854775808,"type":"LONG"}}`, "x.value: the number 9223372036854775808 does not fit 64 bits"},
		{`{"x":{"value":1,"expression":"1","type":"LONG"}}`, "x: a param must be defined with either a literal value or an expression, not both"},
		{`{"x":{"type":"LONG"}}`, "x: a param must be defined with either a literal value or an expression"},
		{`{"x":{"value":[1,"b"],"type":"LONG_ARRAY"}}`, `x.value[1]: want an integer, not the string "b"`},
		{`{"x":{"value":[1,null],"type":"LONG_ARRAY"}}`, `x.value[1]: an element cannot be null`},
		{`{"x":{"value":{"a":{"b":1}},"type":"STRING_MAP"}}`, `x.value.a: want a string, not an object`},
		{`{"x":{"value":{"a":{"value":1,"type":"LONG"},"b":{"value":1}},"type":"MAP"}}`, `x.value.b: a param must have a type`},
		{`{"x":{"value":"1e999","type":"DOUBLE"}}`, "1e999 does not fit a double"},
		{`{"x":{"value":"0x1p3","type":"DOUBLE"}}`, "is not a decimal number"},
		{`{"x":{"value":1,"type":"LONG","tags":[{"name":"t","namespace":"mine"}]}}`, `x.tags[0].namespace: unknown namespace "mine"`},
		{`{"x":5}`, "x: want an object, not a number (line 1, column 6)"},
	} {
		var defs *Definitions
		err := DecodeDefinitions(parse(t, c.in), &defs)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.in, err, c.want)
		}
		if !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: kind %v", c.in, fault.KindOf(err))
		}
	}
}

func TestParamJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{in: `{"value":"a","type":"STRING","tags":[],"mode":"MUTABLE","evaluated_result":"a","evaluated_time":5,"source":"DEFINITION"}`},
		{in: `{"value":2,"type":"DOUBLE","evaluated_result":2,"evaluated_time":5}`, want: `{"value":2,"type":"DOUBLE","evaluated_result":2.0,"evaluated_time":5}`},
		{in: `{"expression":"x","type":"DOUBLE_ARRAY","evaluated_result":[1.0,1E+20,1.5E-07],"evaluated_time":5}`},
		{in: `{"expression":"x","type":"STRING_MAP","evaluated_result":{"b":"x","a":"y"},"evaluated_time":5}`},
		{in: `{"value":{"e":{"value":[],"type":"LONG_ARRAY"},"m":{"value":{"f":{"value":[],"type":"BOOLEAN_ARRAY"}},"type":"MAP"}},"type":"MAP","evaluated_result":{"e":[],"m":{"f":[]},"u":[],"s":["x"],"i":[1,2],"d":[1.5,2.0],"b":[true],"n":7,"q":1.0},"evaluated_time":1}`},
		{in: `{"value":"a","type":"STRING"}`},
	} {
		p, err := DecodeParam(parse(t, c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		want := c.want
		if want == "" {
			want = c.in
		}
		if got := string(p.AppendJSON(nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, got, want)
		}
	}
	if _, err := DecodeParam(parse(t, `{"value":"a","type":"STRING","evaluated_result":"a"}`)); err == nil {
		t.Error("a result without a time was accepted")
	}
	if _, err := DecodeParam(parse(t, `{"expression":"a","type":"MAP","evaluated_result":{"x":[[1]]},"evaluated_time":1}`)); err == nil {
		t.Error("a nested array was accepted")
	}
}

// The elements of a typed MAP result come back with the Go types that they had.
func TestMapResultTypes(t *testing.T) {
	p, err := DecodeParam(parse(t, `{"value":{"e":{"value":[],"type":"LONG_ARRAY"}},"type":"MAP","evaluated_result":{"e":[],"d":[1.5],"n":7},"evaluated_time":1}`))
	if err != nil {
		t.Fatal(err)
	}
	o := p.Result.(*Object)
	if e, _ := o.Get("e"); e == nil || len(e.([]int64)) != 0 {
		t.Errorf("e is %#v", e)
	}
	if d, _ := o.Get("d"); d.([]float64)[0] != 1.5 {
		t.Errorf("d is %#v", d)
	}
	if n, _ := o.Get("n"); n != int64(7) {
		t.Errorf("n is %#v", n)
	}
}

func TestMeta(t *testing.T) {
	d, err := DecodeDefinition(parse(t, `{"value":1,"type":"LONG","source":"LAUNCH","internal_mode":"reserved","odd":"a\"b"}`))
	if err != nil {
		t.Fatal(err)
	}
	if d.Source() != SourceLaunch || d.InternalMode() != "RESERVED" || d.metaText("odd") != `a"b` {
		t.Errorf("source %q, internal mode %q, odd %q", d.Source(), d.InternalMode(), d.metaText("odd"))
	}
	c := d.Clone()
	c.SetMeta(MetaSource, "DEFINITION")
	if d.Source() != SourceLaunch || c.Source() != SourceDefinition {
		t.Error("SetMeta changed a shared bag")
	}
}

func FuzzDecodeParam(f *testing.F) {
	f.Add(`{"value":{"e":{"value":[],"type":"LONG_ARRAY"}},"type":"MAP","evaluated_result":{"e":[],"d":[1.5],"n":7},"evaluated_time":1}`)
	f.Add(`{"expression":"x","type":"DOUBLE","mode":"constant","tags":["a"],"x":{"y":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := wire.Parse([]byte(text))
		if err != nil {
			return
		}
		p, err := DecodeParam(n)
		if err != nil {
			return
		}
		once := p.AppendJSON(nil)
		again, err := DecodeParam(parse(t, string(once)))
		if err != nil {
			t.Fatalf("%s does not read back: %v", once, err)
		}
		if twice := string(again.AppendJSON(nil)); twice != string(once) {
			t.Fatalf("%s changes to %s", once, twice)
		}
	})
}

func BenchmarkAppendParam(b *testing.B) {
	p, err := DecodeParam(parse(b, `{"value":"hello world","type":"STRING","tags":[],"mode":"MUTABLE","evaluated_result":"hello world","evaluated_time":5,"source":"DEFINITION"}`))
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = p.AppendJSON(buf[:0])
	}
}
