package eval

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/wire"
)

// defs reads definitions from lines of "name TYPE = literal JSON" or "name TYPE : expression" (¶ for a new line); "CONSTANT name TYPE …" sets
// a mode.
func defs(t testing.TB, lines string) *param.Definitions {
	t.Helper()
	out := new(param.Definitions)
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		doc := "{"
		name, rest, _ := strings.Cut(line, " ")
		if m, ok := param.ParseMode(name); ok {
			doc += `"mode":"` + m.String() + `",`
			name, rest, _ = strings.Cut(rest, " ")
		}
		typ, rest, _ := strings.Cut(rest, " ")
		doc += `"type":"` + typ + `",`
		if v, ok := strings.CutPrefix(rest, "= "); ok {
			doc += `"value":` + v + "}"
		} else {
			doc += `"expression":` + string(wire.AppendString(nil, strings.ReplaceAll(strings.TrimPrefix(rest, ": "), "¶", "\n"))) + "}"
		}
		n, err := wire.Parse([]byte(doc))
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		d, err := param.DecodeDefinition(n)
		if err != nil {
			t.Fatal(err)
		}
		out.Set(name, d)
	}
	return out
}

// show prints results as "a=1 b="x"".
func show(p *param.Params) string {
	var out []string
	for name, p := range p.All() {
		out = append(out, name+"="+string(param.AppendValue(nil, p.Result)))
	}
	return strings.Join(out, " ")
}

var env = Env{Now: 1_569_018_000_000, Seed: 7, Programs: sel.NewCache(1 << 20)}

func TestWorkflow(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`s STRING = "hello"
		  l LONG = 12
		  d DOUBLE = 12.5
		  b BOOLEAN = true
		  sm STRING_MAP = {"k":"v"}
		  sa STRING_ARRAY = ["a","b"]
		  la LONG_ARRAY = [1,2]
		  da DOUBLE_ARRAY = [1.5,"2.25"]
		  ba BOOLEAN_ARRAY = [true,false]
		  m MAP = {"x":{"value":"y","type":"STRING"},"n":{"value":3,"type":"LONG"}}`,
			`s="hello" l=12 d=12.5 b=true sm={"k":"v"} sa=["a","b"] la=[1,2] da=[1.5,2.25] ba=[true,false] m={"x":"y","n":3}`},
		{`e1 STRING : 'bar';
		  e2 LONG : 1+1;
		  e3 DOUBLE : 1.23;
		  e4 BOOLEAN : 1>0;
		  e5 STRING_MAP : m = new Map(); m.put('foo', 'bar'); return m;
		  e6 STRING_ARRAY : 'a,b,c'.split(',');
		  e7 LONG_ARRAY : new int[]{1,2,3};
		  e8 DOUBLE_ARRAY : new double[]{1.1,2.2,3.3};
		  e9 BOOLEAN_ARRAY : new boolean[]{true, false, true};`,
			`e1="bar" e2=2 e3=1.23 e4=true e5={"foo":"bar"} e6=["a","b","c"] e7=[1,2,3] e8=[1.1,2.2,3.3] e9=[true,false,true]`},
		{`l LONG : '12'
		  s STRING : 1 + 2
		  s2 STRING : 1 < 2
		  b BOOLEAN : 'TRUE'
		  d DOUBLE : 1 + 2
		  sa STRING_ARRAY : new long[]{1,2};`,
			`l=12 s="3" s2="true" b=true d=3.0 sa=["1","2"]`},
		{`sa STRING_ARRAY = ["one","two"]
		  la LONG_ARRAY = [1,2,3]
		  da DOUBLE_ARRAY = [1.1,2.2]
		  ba BOOLEAN_ARRAY = [true,false]
		  sm STRING_MAP = {"key":"v"}
		  d DOUBLE = 1.5
		  three DOUBLE = 3
		  p STRING = "test $sa $la $ba $da"
		  q STRING = "m $sm d ${d} ${three} $$d $ ${1}"`,
			`sa=["one","two"] la=[1,2,3] da=[1.1,2.2] ba=[true,false] sm={"key":"v"} d=1.5 three=3.0 p="test [\"one\",\"two\"] [1,2,3] [true,false] [1.1,2.2]" q="m {\"key\":\"v\"} d 1.5 3.0 $d $ ${1}"`},
		{`foo STRING = "bar"
		  m MAP = {"a":{"value":"${foo}-1","type":"STRING"},"b":{"expression":"1 + 1","type":"LONG"},"s":{"expression":"1 + 1","type":"STRING"},"none":{"type":"STRING","internal_mode":"OPTIONAL"},"c":{"value":{"d":{"value":[1,2],"type":"LONG_ARRAY"},"e":{"expression":"foo","type":"STRING"}},"type":"MAP"}}
		  mm STRING_MAP = {"$foo":"${foo}!"}
		  aa STRING_ARRAY = ["$foo","x"]`,
			`foo="bar" m={"a":"bar-1","b":2,"s":"2","c":{"d":[1,2],"e":"bar"}} mm={"bar":"bar!"} aa=["bar","x"]`},
		{`c LONG : b + 1
		  b LONG : a + 1
		  a LONG = 1
		  viaParams LONG : params['a'] + params.get('c')
		  none BOOLEAN : params.containsKey('zzz')
		  self BOOLEAN : params.containsKey('self')`,
			`c=3 b=2 a=1 viaParams=4 none=false self=false`},
		{`m MAP : m=new Map(); m.put('foo', 'bar'); m.put('bar', 123L); m.put('bat', new Map()); m.get('bat').put('baz', new long[]{1,2,3}); return m;
		  n LONG : m.get('bar') + 1;`,
			`m={"bar":123,"bat":{"baz":[1,2,3]},"foo":"bar"} n=124`},
		{``, ``},
	} {
		p, err := Workflow(env, "w", defs(t, c.in))
		if err != nil {
			t.Errorf("%s\n%v", c.in, err)
			continue
		}
		if got := show(p); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestWorkflowErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`x LONG : x + 1`, "In workflow [w], param [x] definition contains a cyclic reference chain"},
		{"a LONG : b\nb LONG : a", "In workflow [w], param [a] definition contains a cyclic reference chain"},
		{"a LONG : b\nb LONG : c\nc STRING = \"$a\"", "In workflow [w], param [a] definition contains a cyclic reference chain"},
		{`m MAP = {"a":{"expression":"m","type":"MAP"}}`, "param [m] definition contains a cyclic reference chain"},
		{`x STRING : nope`, "Param [x] referenced a non-existing param [nope] in workflow [w]"},
		{`x STRING = "a ${nope}"`, "Param [x] referenced a non-existing param [nope] in workflow [w]"},
		{`x STRING : sig__p`, "Param [x] referenced a signal param [sig__p] in workflow [w], which was not started by a signal"},
		{`x LONG : 1.5`, "In workflow [w], param [x]: a value of type DOUBLE does not fit a param of type LONG"},
		{`x LONG : 'a'`, `In workflow [w], param [x]: the string "a" is not an integer`},
		{`x STRING : null;`, "In workflow [w], param [x]: the result is null, but the param has type STRING"},
		{`x STRING : if (true) throw 'boom';`, "In workflow [w], the expression of param [x] has thrown: boom"},
		{"x LONG : 1 +¶ * 2", "In workflow [w], cannot evaluate the expression of param [x]: 2:2: parse: "},
		{`x LONG : 1 / 0`, "In workflow [w], cannot evaluate the expression of param [x]: 1:3: arith: 1 / 0: division by zero"},
		{`m MAP = {"a":{"value":{"b":{"expression":"1 / 0","type":"LONG"}},"type":"MAP"}}`, "In workflow [w], cannot evaluate the expression of param [m.a.b]: 1:3: arith: "},
		{`m MAP = {"a":{"expression":"1.5","type":"LONG"}}`, "param [m.a]: a value of type DOUBLE does not fit"},
		{`m MAP = {"a":{"type":"LONG"}}`, "[m.a] is a required parameter (type=[LONG])"},
		{`x STRING : new DateTime(0)`, "In workflow [w], cannot evaluate the expression of param [x]: unsupported: "},
	} {
		p, err := Workflow(env, "w", defs(t, c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v, %v\nwant %s", c.in, show(p), err, c.want)
		} else if !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: kind %v", c.in, fault.KindOf(err))
		}
	}
	_, err := Workflow(env, "w", defs(t, "x LONG : 1 +¶ * 2"))
	var place *sel.Error
	if !errors.As(err, &place) || place.Line != 2 {
		t.Errorf("the place is lost: %v", err)
	}
}

// steps are the other steps of a run; a nil Params has not run.
type steps map[string]*param.Params

func (s steps) KnownStep(id string) bool { _, ok := s[id]; return ok }

func (s steps) StepParam(id, name string) (*param.Param, bool, error) {
	if s[id] == nil {
		return nil, false, fault.New(fault.BadRequest, "step [%s] has not run", id)
	}
	p, ok := s[id].Get(name)
	return p, ok, nil
}

func TestStep(t *testing.T) {
	up := steps{}
	for id, in := range map[string]string{"a": "x LONG = 7", "_step1_": "foo LONG = 1", "both": "p LONG = 1", "both_": "p LONG = 1", "j.1": "y LONG = 5"} {
		p, err := Workflow(env, "w", defs(t, in))
		if err != nil {
			t.Fatal(err)
		}
		up[id] = p
	}
	up["later"] = nil
	wf, err := Workflow(env, "w", defs(t, "foo LONG = 1\nbar LONG = 6\nx LONG = 1\nname STRING = \"n\""))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{"foo LONG : bar + 1\nbar LONG : foo + 1", "foo=7 bar=8"},
		{"bar LONG : foo + 1\nfoo LONG : bar + 1", "bar=2 foo=3"},
		{"first LONG : x\nx LONG = 2\nlast LONG : x\nown LONG : s__x", "first=1 x=2 last=2 own=2"},
		{"own LONG : s__later + x\nlater LONG = 5\nx LONG = 3", "own=6 later=5 x=3"},
		{"p LONG : q + 1\nq LONG = 4", "p=5 q=4"},
		{"p LONG : a__x + 1\nt STRING = \"${a__x}-$name-${j.1__y}\"", `p=8 t="7-n-5"`},
		{"p LONG : _step1___foo", "p=1"},
		{"p LONG : params.getFromStep('a', 'x')\nid STRING : params.getFromStep('step_id')", `p=7 id="s"`},
		{"p LONG : params['bar'] + params.get('foo')\nbar LONG = 100", "p=7 bar=100"},
		{"bar LONG = 100\np LONG : params['bar'] + s__bar", "bar=100 p=106"},
		{"bar LONG = 100\np LONG : bar + params['bar']", "bar=100 p=200"},
		{"only LONG = 5\np BOOLEAN : params.containsKey('only')", "only=5 p=false"},
		{"x LONG : x + 1", "x=2"},
		{"c STRING = \"$$x\"", `c="$x"`},
		{"", ""},
		{"p LONG : nope + 1", "ERROR In step [s], param [p]: [nope] is a param neither of step [s] nor of the workflow"},
		{"p STRING = \"$nope\"", "ERROR In step [s], param [p]: [nope] is a param neither of step [s] nor of the workflow"},
		{"p LONG : later__x", "ERROR step [later] has not run"},
		{"p LONG : a__zzz", "ERROR step [a] has no param [zzz]"},
		{"p LONG : s__zzz", "ERROR In step [s], param [p]: [s__zzz] refers to a param [zzz] that step [s] does not have"},
		{"p LONG : sig__zzz", "ERROR In step [s], param [p]: [sig__zzz] is neither a param of a step nor of a signal that started the run"},
		{"p LONG : both___p", "ERROR the reference [both___p] is ambiguous: both [both] and [both_] are steps"},
		{"p LONG : q\nq LONG : s__p", "ERROR In step [s], param [p] definition contains a cyclic reference chain"},
		{"p LONG : s__p", "ERROR In step [s], param [p] definition contains a cyclic reference chain"},
		{"p LONG : params.getFromStep('zzz', 'x')", "ERROR there is no step [zzz]"},
		{"p LONG : params.noSuch('x')", "ERROR params has no function noSuch"},
	} {
		p, err := Step(env, "s", defs(t, c.in), wf, up)
		if want, bad := strings.CutPrefix(c.want, "ERROR "); bad {
			if err == nil || !strings.Contains(err.Error(), want) || !fault.Is(err, fault.BadRequest) {
				t.Errorf("%s\n got %s, %v\nwant %s", c.in, show(p), err, want)
			}
			continue
		}
		if err != nil || show(p) != c.want {
			t.Errorf("%s\n got %s, %v\nwant %s", c.in, show(p), err, c.want)
		}
	}
	if p, err := Step(env, "s", defs(t, "p LONG = 1"), nil, nil); err != nil || show(p) != "p=1" {
		t.Errorf("without workflow params: %v", err)
	}
}

func TestCondition(t *testing.T) {
	wf, err := Workflow(env, "w", defs(t, "pages LONG = 3\nx LONG = 1"))
	if err != nil {
		t.Fatal(err)
	}
	step, err := Step(env, "s", defs(t, "x LONG = 2"), wf, nil)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"true": "true", " false ": "false", "pages > 0": "true", "!((pages > 0))": "false", "x == 2": "true", "s__x == 2;": "true", "'TRUE'": "true",
		"params.get('x') == 1":                  "true",
		"pages":                                 "In step [s], condition [pages]: a value of type LONG does not fit a param of type BOOLEAN",
		"nope > 1":                              "In step [s], condition [nope > 1]: [nope] is a param neither of step [s] nor of the workflow",
		"pages >":                               "In step [s], cannot evaluate the expression of condition [pages >]: 1:8: parse: ",
		"params.getFromStep('other', 'x') == 1": "there is no step [other]",
	} {
		yes, err := Condition(env, "s", in, step, wf, nil)
		got := fmt.Sprint(yes)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

type notHere struct{}

func (notHere) KnownStep(string) bool { return true }
func (notHere) StepParam(string, string) (*param.Param, bool, error) {
	return nil, false, sel.ErrNotHere
}

func TestNotHereReachesTheCaller(t *testing.T) {
	for _, in := range []string{"p LONG : a__x", "p STRING = \"$a__x\"", "p LONG : params.getFromStep('a', 'x')"} {
		if _, err := Step(env, "s", defs(t, in), nil, notHere{}); !errors.Is(err, sel.ErrNotHere) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestRandomDiffersByParamAndRepeatsBySeed(t *testing.T) {
	in := "a STRING : UUID.randomUUID().toString()\nb STRING : UUID.randomUUID().toString()"
	once, err := Workflow(env, "w", defs(t, in))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Workflow(env, "w", defs(t, in))
	a, _ := once.Get("a")
	b, _ := once.Get("b")
	if show(once) != show(again) || a.Result == b.Result {
		t.Errorf("%s and %s", show(once), show(again))
	}
}

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

func TestStatic(t *testing.T) {
	for in, want := range map[string]bool{
		"":                                true,
		"a LONG = 1\nb STRING = \"x\"":    true,
		"a STRING = \"$b\"":               false,
		"a LONG : 1":                      false,
		"a STRING_ARRAY = [\"x\",\"$y\"]": false,
		"a STRING_MAP = {\"$x\":\"y\"}":   false,
		"a MAP = {\"x\":{\"expression\":\"1\",\"type\":\"LONG\"}}":    false,
		"a MAP = {\"x\":{\"value\":[1.5],\"type\":\"DOUBLE_ARRAY\"}}": true,
	} {
		p := Static(defs(t, in))
		if (p != nil) != want {
			t.Errorf("%s: static is %v", in, p != nil)
		}
		if p == nil {
			continue
		}
		evaluated, err := Step(env, "s", defs(t, in), nil, nil)
		if err != nil || show(p) != show(evaluated) {
			t.Errorf("%s: %s, but evaluated %s, %v", in, show(p), show(evaluated), err)
		}
	}
}

func TestAttribute(t *testing.T) {
	wf, err := Workflow(env, "w", defs(t, "p LONG = 5\nq STRING = \"60s\""))
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{"${p} minutes": "5 minutes", "$q": "60s", "1h": "1h"} {
		if got, err := Attribute(in, wf); got != want || err != nil {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	if _, err := Attribute("$zzz", wf); !fault.Is(err, fault.Unprocessable) || !strings.Contains(err.Error(), "Cannot interpolate [$zzz] as param [zzz] is not found") {
		t.Error(err)
	}
}

func BenchmarkStep(b *testing.B) {
	d := defs(b, "day LONG = 20200101\nnext LONG : day + 1\npath STRING = \"s3://bucket/${day}/x\"")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Step(env, "s", d, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
