package eval

import (
	"errors"
	"fmt"
	"slices"
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

// chain returns n params, each of which refers to the next one.
func chain(t testing.TB, n int) *param.Definitions {
	lines := new(strings.Builder)
	for i := range n - 1 {
		fmt.Fprintf(lines, "p%d STRING = \"$p%d\"\n", i, i+1)
	}
	fmt.Fprintf(lines, "p%d STRING = \"x\"", n-1)
	return defs(t, lines.String())
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

func TestAnErrorShowsTheLineAndTheCaret(t *testing.T) {
	in := defs(t, "p LONG : a = 1;¶  return a + 'x'.foo();")
	want := []string{"  return a + 'x'.foo();", "                 ^"}
	_, err := Step(env, "s", in, nil, nil)
	if !slices.Equal(fault.DetailsOf(err), want) {
		t.Errorf("step: %q from %v", fault.DetailsOf(err), err)
	}
	_, err = Workflow(env, "w", in)
	if !slices.Equal(fault.DetailsOf(fault.In(err, "start run")), want) {
		t.Errorf("workflow: %q from %v", fault.DetailsOf(err), err)
	}
	_, err = Condition(env, "s", "true && ", nil, nil, nil)
	if len(fault.DetailsOf(err)) != 2 {
		t.Errorf("condition: %q from %v", fault.DetailsOf(err), err)
	}
}

func TestCancellationIsNotTheAuthorsFault(t *testing.T) {
	done := make(chan struct{})
	close(done)
	env := env
	env.Done, env.Why = done, func() error { return errors.New("the server stops") }
	_, err := Workflow(env, "w", defs(t, "p LONG : x = 0; while (true) { x += 1; } return x;"))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "param [p]") {
		t.Errorf("%v: %v", fault.KindOf(err), err)
	}
}

func TestLongChains(t *testing.T) {
	p, err := Workflow(env, "w", chain(t, 2_000))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := p.Get("p0")
	if first.Result != "x" || first.Time != env.Now {
		t.Errorf("got %v", first.Result)
	}
	circle := chain(t, 2_000)
	circle.Set("p1999", &param.Definition{Type: param.String, Value: "$p7"})
	if _, err := Workflow(env, "w", circle); err == nil || err.Error() != "In workflow [w], param [p7] definition contains a cyclic reference chain" {
		t.Error(err)
	}
}

func TestNothingIsChanged(t *testing.T) {
	in := defs(t, "a STRING : 12\nm MAP = {\"x\":{\"value\":\"$a\",\"type\":\"STRING\"}}\nl LONG_ARRAY = [1,2]\nlast LONG : k = l; k[0] = 7; return l[0];")
	run := defs(t, "a STRING = \"n\"\nm MAP = {\"y\":{\"value\":1,\"type\":\"LONG\"}}")
	print := func(d *param.Definitions) string {
		return string(param.AppendObject(nil, d, func(b []byte, d *param.Definition) []byte { return d.AppendJSON(b) }))
	}
	before, beforeRun := print(in), print(run)
	merged, err := Override(in, run)
	if err != nil {
		t.Fatal(err)
	}
	mergedBefore := print(merged)
	wf, err := Workflow(env, "w", merged)
	if err != nil {
		t.Fatal(err)
	}
	step, err := Step(env, "s", in, wf, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(param.AppendParams(nil, step))
	if _, err := Condition(env, "s", "k = l; k[0] = 9; return l[0] > 8;", step, wf, nil); err != nil {
		t.Fatal(err)
	}
	if print(in) != before || print(run) != beforeRun || print(merged) != mergedBefore || string(param.AppendParams(nil, step)) != shown {
		t.Errorf("changed: %s, %s, %s, %s", print(in), print(run), print(merged), param.AppendParams(nil, step))
	}
}
