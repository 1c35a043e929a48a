package eval

import (
	"errors"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/sel"
)

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
