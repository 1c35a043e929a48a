package eval

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

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
		{"p STRING = \"$nope\"", "ERROR In step [s], param [p]: [nope] is a param neither of step [s] nor of the workflow; where a dollar sign is meant, write $$"},
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

func TestConditionSeesOnlyWhatIsEvaluated(t *testing.T) {
	step := new(param.Params)
	step.Set("p", &param.Param{Definition: param.Definition{Type: param.Long, Expression: "1"}})
	for _, text := range []string{"p == 1", "s__p == 1"} {
		if _, err := Condition(env, "s", text, step, nil, nil); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if p, _ := step.Get("p"); p.Evaluated() {
		t.Error("the condition has evaluated a param of its step")
	}
}

func TestLongConditionsAreClippedInErrors(t *testing.T) {
	_, err := Condition(env, "s", strings.Repeat("nope == 1 || ", 100)+"nope", nil, nil, nil)
	if err == nil || len(err.Error()) > 400 || !strings.Contains(err.Error(), "…]: [nope] is a param neither") {
		t.Error(err)
	}
}

func TestEmptyListsOfUnknownTypeCanBeUsed(t *testing.T) {
	o := new(param.Object)
	o.Set("list", []any{})
	wf := new(param.Params)
	wf.Set("m", param.NewParam(param.Map, o, 1))
	p, err := Step(env, "s", defs(t, "n LONG : m.get('list').length\nt STRING = \"$m\""), wf, nil)
	if err != nil || show(p) != `n=0 t="{\"list\":[]}"` {
		t.Errorf("%s, %v", show(p), err)
	}
}
