package eval

import (
	"errors"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/sel"
)

const loop = "t = 0; for (i = 0; i < 1000; i += 1) t += i; return t;"

func TestBudget(t *testing.T) {
	in := defs(t, "a LONG : "+loop+"\nb LONG : "+loop+"\nc STRING : 'x' + a")
	evaluated := func(b *Budget, l sel.Limits) error {
		e := env
		e.Budget, e.Limits = b, l
		_, err := Step(e, "s", in, nil, nil)
		return err
	}
	enough := Budget{Visits: 1_000_000, Bytes: 1_000_000}
	if err := evaluated(&enough, sel.Limits{}); err != nil {
		t.Fatal(err)
	}
	used := Budget{1_000_000 - enough.Visits, 1_000_000 - enough.Bytes}
	if used.Visits < 10_000 || used.Bytes < 10 {
		t.Fatalf("the expressions have used %+v", used)
	}
	for name, c := range map[string]struct {
		budget Budget
		limits sel.Limits
		want   error
	}{
		"what they need":              {Budget{used.Visits + 1, used.Bytes + 1}, sel.Limits{}, nil},
		"too few visits for all":      {Budget{used.Visits - 1, used.Bytes + 1}, sel.Limits{}, ErrBudget},
		"too few visits for the next": {Budget{used.Visits / 4, used.Bytes + 1}, sel.Limits{}, ErrBudget},
		"too few bytes":               {Budget{used.Visits + 1, used.Bytes - 1}, sel.Limits{}, ErrBudget},
		"nothing left":                {Budget{}, sel.Limits{}, ErrBudget},
	} {
		if err := evaluated(&c.budget, c.limits); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", name, err, c.want)
		}
	}
	// A limit of the language is the author's error, with a budget or without.
	small := sel.Limits{Visits: 100}
	for _, b := range []*Budget{nil, {Visits: 1_000_000, Bytes: 1_000_000}, {Visits: 100, Bytes: 1_000_000}} {
		if err := evaluated(b, small); err == nil || errors.Is(err, ErrBudget) || fault.KindOf(err) != fault.BadRequest {
			t.Errorf("with budget %+v: %v; want the error of the limit", b, err)
		}
	}
	e := env
	e.Budget = &Budget{Visits: 10, Bytes: 10_000}
	if _, err := Condition(e, "s", "t = 0; for (i = 0; i < 1000; i += 1) t += i; return t > 5;", nil, nil, nil); !errors.Is(err, ErrBudget) {
		t.Errorf("a condition: %v; want %v", err, ErrBudget)
	}
}
