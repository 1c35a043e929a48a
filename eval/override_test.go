package eval

import (
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

func TestOverride(t *testing.T) {
	base := "l LONG = 1\ns STRING = \"x\"\nCONSTANT c STRING = \"old\"\nIMMUTABLE i LONG = 1\nMUTABLE_ON_START o LONG = 1\nsa STRING_ARRAY = [\"q\"]\nm MAP = {\"a\":{\"value\":1,\"type\":\"LONG\"},\"k\":{\"value\":1,\"type\":\"LONG\",\"mode\":\"CONSTANT\"}}\nsm STRING_MAP = {\"a\":\"1\",\"b\":\"2\"}\ne MAP : new Map()\nes STRING_MAP : new Map()\nCONSTANT cm MAP = {\"a\":{\"value\":1,\"type\":\"LONG\"}}\nres MAP = {\"r\":{\"value\":1,\"type\":\"LONG\",\"internal_mode\":\"RESERVED\"}}"
	for _, c := range []struct {
		run, want string
		unchanged bool
	}{
		{"", "", false},
		{"l STRING = \"234\"", "l LONG 234", false},
		{"s LONG = 234", `s STRING "234"`, false},
		{"l LONG : 1 + 5", "l LONG 6", false},
		{"sa LONG_ARRAY = [1,2]", `sa STRING_ARRAY ["1","2"]`, false},
		{"o LONG = 5", "o LONG 5", false},
		{"extra LONG = 5", "extra LONG 5", false},
		{"c STRING = \"old\"", `c STRING "old"`, true},
		{"m MAP = {\"a\":{\"value\":\"7\",\"type\":\"STRING\"},\"new\":{\"value\":2,\"type\":\"LONG\"}}", `m MAP {"a":7,"k":1,"new":2}`, false},
		{"sm STRING_MAP = {\"b\":\"9\"}", `sm STRING_MAP {"a":"1","b":"9"}`, false},
		{"l STRING = \"goodbye\"", "ERROR ParameterDefinition type mismatch name [l] from [STRING] != to [LONG]", false},
		{"c STRING = \"new\"", "ERROR Cannot modify param with mode [CONSTANT] for parameter [c]", false},
		{"MUTABLE c STRING = \"old\"", "ERROR Cannot modify param mode to be less strict for parameter [c] from [CONSTANT] to [MUTABLE]", false},
		{"i LONG = 2", "ERROR Cannot modify param with mode [IMMUTABLE] for parameter [i]", false},
		{"CONSTANT l LONG = 2", "ERROR Cannot modify param with mode [CONSTANT] for parameter [l]", false},
		{"m MAP = {\"k\":{\"value\":2,\"type\":\"LONG\"}}", "ERROR Cannot modify param with mode [CONSTANT] for parameter [m.k]", false},
		{"l MAP = {}", "ERROR ParameterDefinition type mismatch name [l] from [MAP] != to [LONG]", false},
		{"cm MAP = {\"a\":{\"value\":1,\"type\":\"LONG\"}}", "cm MAP {\"a\":1}", true},
		{"cm MAP = {\"a\":{\"value\":2,\"type\":\"LONG\"}}", "ERROR Cannot modify param with mode [CONSTANT] for parameter [cm.a]", false},
		{"cm MAP = {\"b\":{\"value\":2,\"type\":\"LONG\"}}", "ERROR Cannot modify param with mode [CONSTANT] for parameter [cm]", false},
		{"m MAP = {\"a\":{\"value\":2,\"type\":\"LONG\",\"internal_mode\":\"OPTIONAL\"}}", "ERROR Cannot modify system mode for parameter [m.a]", false},
		{"m MAP = {\"a\":{\"value\":2,\"type\":\"LONG\",\"source\":\"SYSTEM\"}}", "ERROR Cannot modify source for parameter [m.a]", false},
		{"m MAP = {\"a\":{\"value\":1,\"type\":\"LONG\",\"source\":\"SYSTEM\"}}", "m MAP {\"a\":1,\"k\":1}", true},
		{"res MAP = {\"r\":{\"value\":2,\"type\":\"LONG\"}}", "ERROR Cannot modify param with system mode [RESERVED] for parameter [res.r]", false},
		{"sm MAP = {}", "ERROR ParameterDefinition type mismatch name [sm] from [MAP] != to [STRING_MAP]", false},
		{"m STRING_MAP = {}", "ERROR ParameterDefinition type mismatch name [m] from [STRING_MAP] != to [MAP]", false},
		{"es STRING_MAP = {\"a\":\"b\"}", "ERROR STRING_MAP param [es] definition exp=[new Map()] is not a literal", false},
		{"e MAP : m = new Map(); m.put('x', 1); return m", `e MAP {"x":1}`, false},
		{"e MAP = {}", "ERROR MAP param [e] definition exp=[new Map()] is not a literal", false},
	} {
		run := defs(t, c.run)
		merged, err := Override(defs(t, base), run)
		if want, bad := strings.CutPrefix(c.want, "ERROR "); bad {
			if !fault.Is(err, fault.BadRequest) || err.Error() != want {
				t.Errorf("%s: got %v, want %s", c.run, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.run, err)
			continue
		}
		p, err := Workflow(env, "w", merged)
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range merged.All() {
			want := param.SourceDefinition
			if run.Has(name) && !c.unchanged {
				want = param.SourceLaunch
			}
			if d.Source() != want || d.Mode == param.ModeUnset || d.Tags == nil {
				t.Errorf("%s: %s has source %s, mode %s, tags %v", c.run, name, d.Source(), d.Mode, d.Tags)
			}
		}
		if c.want == "" {
			continue
		}
		name, _, _ := strings.Cut(c.want, " ")
		r, _ := p.Get(name)
		if got := name + " " + r.Type.String() + " " + string(param.AppendValue(nil, r.Result)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.run, got, c.want)
		}
	}
}

func TestDeclaredParamsPrintModeTagsAndSource(t *testing.T) {
	n, _ := wire.Parse([]byte(`{"value":{"x":{"value":1,"type":"LONG","info":"gone"}},"type":"MAP","source":"SYSTEM"}`))
	d, err := param.DecodeDefinition(n)
	if err != nil {
		t.Fatal(err)
	}
	in := new(param.Definitions)
	in.Set("m", d)
	p, err := Step(env, "s", in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"m":{"value":{"x":{"value":1,"type":"LONG","tags":[],"mode":"MUTABLE","source":"DEFINITION"}},"type":"MAP","tags":[],"mode":"MUTABLE","evaluated_result":{"x":1},"evaluated_time":1569018000000,"source":"DEFINITION"}}`
	if got := string(param.AppendParams(nil, p)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
