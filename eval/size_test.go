package eval

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
)

func literal(typ param.Type, v any) *param.Definition { return &param.Definition{Type: typ, Value: v} }

func TestParamsThatAreTooBigAreRefused(t *testing.T) {
	of := func(d *param.Definition) *param.Definitions {
		out := new(param.Definitions)
		out.Set("p", d)
		return out
	}
	overhead := len(param.AppendParams(nil, mustStep(t, of(literal(param.String, "x$")))))
	fits := strings.Repeat("x", (MaxSize-overhead)/2) + "$" // once as value, once as result
	for name, c := range map[string]struct {
		d   *param.Definition
		bad bool
	}{
		"just fits":             {literal(param.String, fits), false},
		"just not":              {literal(param.String, "xx"+fits), true},
		"not, without a dollar": {literal(param.String, strings.Repeat("x", MaxSize/2)), true},
		"many characters of three bytes are few characters": {literal(param.String, strings.Repeat("€", MaxSize/2-200)), false},
		"those of four bytes count twice":                   {literal(param.String, strings.Repeat("𝄞", MaxSize/4)), true},
		"escapes count":                                     {literal(param.String, strings.Repeat("\x01", MaxSize/12)), true},
		"entries of maps count":                             {literal(param.StringArray, make([]string, MaxSize/6)), true},
		"numbers count":                                     {literal(param.LongArray, make([]int64, MaxSize/4)), true},
	} {
		_, err := Step(env, "s", of(c.d), nil, nil)
		if bad := fault.Is(err, fault.BadRequest) && strings.Contains(err.Error(), "is larger than system limit [750000]"); bad != c.bad || !bad && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func mustStep(t *testing.T, defs *param.Definitions) *param.Params {
	t.Helper()
	p, err := Step(env, "s", defs, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rough must not be smaller than an eighth of what is printed, or weigh would pass over what is too big.
func TestRoughIsAtLeastAnEighth(t *testing.T) {
	for _, lines := range []string{
		"", `a STRING = ""`, `a BOOLEAN = false`, `a LONG = -9223372036854775808`, `a DOUBLE = -1.2345678901234567e-308`,
		`a LONG_ARRAY = [-9223372036854775808,-9223372036854775808]`, `a DOUBLE_ARRAY = [-1.2345678901234567e-308]`,
		`a BOOLEAN_ARRAY = [false,false]`, `a STRING_ARRAY = ["","\u0001"]`, `a STRING_MAP = {"":"","\u0001":"\u0001"}`,
		`a MAP = {"a":{"value":{"":{"value":-9223372036854775808,"type":"LONG","mode":"MUTABLE_ON_START_RESTART"}},"type":"MAP"}}`,
		`a MAP : m = new Map(); m.put('a', -9223372036854775807L); m.put('b', new String[]{'', ''}); m.put('c', new Map()); return m;`,
		`a STRING : '\u0001\u0001'`,
	} {
		p, err := Workflow(env, "w", Declare(defs(t, lines)))
		if err != nil {
			t.Fatalf("%s: %v", lines, err)
		}
		for name, p := range p.All() {
			size := len(name) + roughDefinition(&p.Definition) + rough(p.Result)
			if printed := len(p.AppendJSON(nil)) + len(name) + 4; printed > roughest*size {
				t.Errorf("%s: %d bytes, estimated at %d", lines, printed, size)
			}
		}
	}
}

func TestDoublingStopsEarly(t *testing.T) {
	lines := "p0 STRING = \"" + strings.Repeat("x", 1000) + "\"\n"
	for i := 1; i < 60; i++ {
		lines += fmt.Sprintf("p%d STRING = \"$p%d$p%d\"\n", i, i-1, i-1)
	}
	_, err := Workflow(env, "w", defs(t, lines))
	if !fault.Is(err, fault.BadRequest) || !strings.HasPrefix(err.Error(), "In workflow [w], param [p") || !strings.Contains(err.Error(), "larger than system limit") {
		t.Error(err)
	}
}

func TestTemplatesAreBounded(t *testing.T) {
	c := NewTemplates(1 << 16)
	for i := range 10_000 {
		text := fmt.Sprintf("$a-%d", i)
		if got := c.get(text); got.Text() != text || c.get(text) != got {
			t.Fatalf("%s is not kept", text)
		}
		if c.bytes > c.most || len(c.texts) > 256 {
			t.Fatalf("%d texts, %d bytes", len(c.texts), c.bytes)
		}
	}
	long := "$a" + strings.Repeat("x", 1<<12)
	if kept := len(c.texts); c.get(long) == c.get(long) || len(c.texts) != kept {
		t.Error("a text that is too long for the cache is kept")
	}
	var none *Templates
	if got, err := none.get("$a").Expand(func(string) (string, error) { return "1", nil }); got != "1" || err != nil {
		t.Error(got, err)
	}
}
