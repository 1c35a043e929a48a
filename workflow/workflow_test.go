package workflow

import (
	"fmt"
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

func TestStepJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{ // want "" = the same as in
		{in: `{"step":{"id":"a","type":"noop"}}`, want: `{"step":{"id":"a","transition":{},"type":"NoOp"}}`},
		{in: `{"STEP":{"type":"COMMAND","id":"a","params":{"command":{"value":["ls"],"type":"STRING_ARRAY"}}}}`,
			want: `{"step":{"id":"a","transition":{},"type":"command","params":{"command":{"value":["ls"],"type":"STRING_ARRAY"}}}}`},
		{in: `{"step":{"id":"a","name":"n","description":"d","transition":{"predecessors":["z"],"successors":{"c":"x > 1","b":"true"}},"type":"Sleep","sub_type":"s","sub_type_version":"v","failure_mode":"IGNORE_FAILURE","retry_policy":{"error_retry_limit":"${n}","backoff":{"error_retry_backoff_in_secs":"1 min","type":"FIXED_BACKOFF"}},"tags":[],"timeout":"1h","params":{}}}`},
		{in: `{"subworkflow":{"id":"a","transition":{},"sync":false,"explicit_params":true,"timeout":60}}`},
		{in: `{"foreach":{"id":"a","transition":{},"concurrency":2,"strict_ordering":true,"steps":[{"template":{"id":"b","transition":{},"sub_type":"x"}}]}}`},
		{in: `{"while":{"id":"a","type":"while","condition":"i < 1","steps":[]}}`, want: `{"while":{"id":"a","transition":{},"condition":"i < 1","steps":[]}}`},
		{in: `{"step":{"id":"a","transition":{},"type":"NoOp","signal_dependencies":[{"name":"s","match_params":{"k":{"param":{"value":"v","type":"STRING"},"operator":">="}}}],"signal_outputs":[{"name":"o","params":{"p":{"value":1,"type":"LONG"}},"payload":{"m":{"value":{},"type":"MAP"}}}]}}`},
	} {
		s, err := DecodeStep(parse(t, c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if c.want == "" {
			c.want = c.in
		}
		if got := string(s.AppendJSON(nil)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestWorkflowErrors(t *testing.T) {
	step := func(body string) string { return `{"id":"w","steps":[{"step":{"id":"a","type":"NoOp"}},` + body + `]}` }
	for _, c := range []struct{ in, want string }{
		{`{"no_such_field":1}`, `no_such_field: unknown field "no_such_field"; known fields are id, name`},
		{`{"criticality":"extreme"}`, `criticality: unknown value "extreme"; want one of CRITICAL, HIGH, MEDIUM, LOW`},
		{`{"tags":["a",7]}`, `tags[1]: want an object, not a number`},
		{`{"timeout":-1}`, `timeout: want a number of 0 or more, not -1`},
		{`{"steps":{}}`, `steps: want an array, not an object`},
		{`{"time_triggers":[{"cron":"x"}]}`, `time_triggers[0]: a time trigger must have a type`},
		{`{"time_triggers":[{"type":"CRON","expression":"x"}]}`, `time_triggers[0].expression: unknown field "expression"`},
		{`{"time_triggers":[{"type":"PREDEFINED","expression":"@minutely"}]}`, `unknown schedule "@minutely"`},
		{`{"signal_triggers":[{"definitions":{"s":{"match_params":{"k":{"value":true}}}}}]}`, `signal_triggers[0].definitions.s.match_params.k.value: the param of a signal must be a string or an integer, not a boolean`},
		{`{"signal_triggers":[{"definitions":{"s":{"match_params":{"k":{"value":1,"operator":"!="}}}}}]}`, `operator: unknown value "!="; want one of =, >, >=, <, <=`},
		{step(`{"job":{"id":"b"}}`), `steps[1]: unknown kind of step "job"; want one of step, subworkflow, foreach, while, template`},
		{step(`{"step":{},"while":{}}`), `steps[1]: want an object with exactly one of the keys`},
		{step(`{"step":{"id":"b"}}`), `steps[1].step: a step must have a type`},
		{step(`{"step":{"id":"b","type":"Teleport"}}`), `steps[1].step.type: unknown value "Teleport"; want one of NoOp, Sleep, Titus, Notebook, Kubernetes, Http, Join, command`},
		{step(`{"step":{"id":"b","type":"NoOp","failure_mode":"MAYBE"}}`), `steps[1].step.failure_mode: unknown value "MAYBE"`},
		{step(`{"step":{"id":"b","type":"NoOp","sync":true}}`), `steps[1].step.sync: unknown field "sync"`},
		{step(`{"foreach":{"id":"b","retry_policy":{}}}`), `steps[1].foreach.retry_policy: unknown field "retry_policy"`},
		{step(`{"while":{"id":"b","sub_type":"x"}}`), `steps[1].while.sub_type: unknown field "sub_type"`},
		{step(`{"step":{"id":"b","type":"NoOp","transition":{"predecessors":["a","a"]}}}`), `duplicate predecessor "a"`},
		{step(`{"step":{"id":"b","type":"NoOp","retry_policy":{"backoff":{"type":"FIXED_BACKOFF","error_retry_exponent":2}}}}`), `backoff.error_retry_exponent: unknown field`},
		{step(`{"step":{"id":"b","type":"NoOp","retry_policy":{"backoff":{"type":"LINEAR"}}}}`), `backoff.type: unknown value "LINEAR"`},
		{step(`{"step":{"id":"b","type":"NoOp","signal_dependencies":[null]}}`), `signal_dependencies[0]: an element cannot be null`},
		{step(`{"step":{"id":"b","type":"NoOp","signal_dependencies":[{"name":"s","match_params":{"a":{"param":{"value":1,"type":"LONG"},"operator":">"},"b":{"param":{"value":1,"type":"LONG"},"operator":"<"}}}]}}`), `at most one range operator, not 2`},
		{step(`{"step":{"id":"b","type":"NoOp","signal_outputs":[{"name":"s","params":{"a":{"value":true,"type":"BOOLEAN"}}}]}}`), `must have type STRING or LONG, not BOOLEAN`},
		{step(`{"foreach":{"id":"f","steps":[{"step":{"id":"x","type":"NoOp","params":{"p":{"value":1}}}}]}}`), `steps[1].foreach.steps[0].step.params.p: a param must have a type`},
	} {
		_, err := Decode(parse(t, c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.in, err, c.want)
		}
		if !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s: kind %v", c.in, fault.KindOf(err))
		}
	}
}

func TestRunStrategy(t *testing.T) {
	for in, want := range map[string]string{
		`"Parallel"`:           `{"rule":"PARALLEL","workflow_concurrency":20}`,
		`"sequential"`:         `{"rule":"SEQUENTIAL","workflow_concurrency":1}`,
		`3`:                    `{"rule":"PARALLEL","workflow_concurrency":3}`,
		`{"rule":"last_only"}`: `{"rule":"LAST_ONLY","workflow_concurrency":1}`,
		`{"rule":"last_only","workflow_concurrency":1}`:  `{"rule":"LAST_ONLY","workflow_concurrency":1}`,
		`{"workflow_concurrency":7,"rule":"parallel"}`:   `{"rule":"PARALLEL","workflow_concurrency":7}`,
		`{"rule":"sequential","workflow_concurrency":2}`: `Only PARALLEL run strategy allows a workflow_concurrency greater than 1, not SEQUENTIAL with 2`,
		`"sometimes"`:                 `unknown value "sometimes"; want one of SEQUENTIAL`,
		`{"workflow_concurrency":2}`:  `a run strategy must have a rule`,
		`{"rule":"parallel","max":2}`: `unknown field "max"`,
	} {
		s, err := DecodeRunStrategy(parse(t, in))
		got := fmt.Sprint(err)
		if err == nil {
			got = string(s.AppendJSON(nil))
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestRetry(t *testing.T) {
	decode := func(text string) *RetryPolicy {
		p, err := DecodeRetryPolicy(parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	literal := func(s string) (string, error) {
		if s == "${no}" {
			return "", fault.New(fault.BadRequest, "no such param")
		}
		return strings.ReplaceAll(s, "${n}", "5"), nil
	}
	for _, c := range []struct {
		in     string
		change func(*Retry)
		errs   int
	}{
		{`{}`, func(*Retry) {}, 0},
		{`{"error_retry_limit":5,"platform_retry_limit":"3","timeout_retry_limit":"${n}"}`, func(r *Retry) { r.Limits = [3]int64{5, 3, 5} }, 0},
		{`{"error_retry_limit":"${no}","platform_retry_limit":"100"}`, func(*Retry) {}, 2},
		{`{"backoff":{"error_retry_backoff_in_secs":"1 min 40 s","error_retry_exponent":3,"timeout_retry_limit_in_secs":"2hours"}}`,
			func(r *Retry) { r.Bases[0], r.Exponents[0], r.Caps[2] = 100, 3, 7200 }, 0},
		{`{"backoff":{"type":"fixed_backoff","platform_retry_backoff_in_secs":"${n}mins"}}`, func(r *Retry) { r.Type, r.Bases[1] = Fixed, 300 }, 0},
	} {
		want := DefaultRetry()
		c.change(&want)
		got, errs := decode(c.in).Resolve(literal)
		if got != want || len(errs) != c.errs {
			t.Errorf("%s: got %+v, %v", c.in, got, errs)
		}
	}
	if got, errs := (*RetryPolicy)(nil).Resolve(literal); got != DefaultRetry() || errs != nil {
		t.Error("a nil policy is not the default one")
	}
	for in, want := range map[string]string{
		`{"error_retry_limit":100}`:                                            "RetryPolicy: error_retry_limit value [100] is parsed to [100] but cannot be less than [0] or more than [99]",
		`{"error_retry_limit":"many"}`:                                         "RetryPolicy: error_retry_limit value [many] is a text but not a number",
		`{"backoff":{"type":"FIXED_BACKOFF","error_retry_backoff_in_secs":0}}`: "RetryPolicy: error_retry_backoff_in_secs value [0] is parsed to [0] but cannot be less than [1] or more than [86400]",
		`{"backoff":{"timeout_retry_limit_in_secs":"2 days"}}`:                 "RetryPolicy: timeout_retry_limit_in_secs value [2 days] is parsed to [172800]",
		`{"backoff":{"platform_retry_exponent":2147483648}}`:                   "RetryPolicy: platform_retry_exponent",
		`{"error_retry_limit":"${x}","backoff":{"error_retry_exponent":"$y"}}`: "",
	} {
		errs := decode(in).Check()
		if want == "" && len(errs) == 0 {
			continue
		}
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%s: got %v, want %s", in, errs, want)
		}
	}
	r := DefaultRetry()
	for n, want := range []int64{60, 120, 240, 480, 600, 600} {
		if got := r.Delay(UserError, int64(n)); got != want {
			t.Errorf("delay %d is %d, want %d", n, got, want)
		}
	}
	if got := r.Delay(PlatformError, 1_000_000); got != 3600 {
		t.Errorf("a late delay is %d", got)
	}
	if r.Type = Fixed; r.Delay(TimeoutError, 7) != 60 {
		t.Error("a fixed delay grew")
	}
	if got := string(r.AppendBackoff(nil)); got != `{"type":"FIXED_BACKOFF","error_retry_backoff_in_secs":60,"platform_retry_backoff_in_secs":60,"timeout_retry_backoff_in_secs":60}` {
		t.Error(got)
	}
}

func TestVersion(t *testing.T) {
	for in, want := range map[string]Version{"active": ActiveVersion, "LATEST": LatestVersion, "default": DefaultVersion, "17": 17} {
		if got, err := ParseVersion("w", in); err != nil || got != want || !strings.EqualFold(got.String(), in) {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"0", "-1", "x", ""} {
		_, err := ParseVersion("w", in)
		if !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), "["+in+"] for workflow [w]") || len(fault.DetailsOf(err)) != 1 {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestPropertiesMerge(t *testing.T) {
	decode := func(text string) *Properties {
		p, err := DecodeProperties(parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	before := decode(`{"owner":"amy","run_strategy":"parallel","step_concurrency":5,"alerting":{"emails":["e"]},"alerting_disabled":true,"description":"d","retention":{"keep_for":"30 days","keep_runs":100}}`)
	for _, c := range []struct{ name, got, want string }{
		{"push without properties", string(before.Pushed(nil).AppendJSON(nil)), string(before.AppendJSON(nil))},
		{"push resets what it leaves out", string(before.Pushed(decode(`{"owner":"bob"}`)).AppendJSON(nil)), `{"owner":"bob","alerting_disabled":true,"description":"d"}`},
		{"update keeps", string(before.Updated(decode(`{"step_concurrency":7}`)).AppendJSON(nil)),
			`{"owner":"amy","run_strategy":{"rule":"PARALLEL","workflow_concurrency":20},"step_concurrency":7,"alerting":{"emails":["e"]},"alerting_disabled":true,"description":"d","retention":{"keep_for":"30 days","keep_runs":100}}`},
		{"a new retention", string(before.Updated(decode(`{"retention":{"keep_runs":0}}`)).Retention.AppendJSON(nil)), `{"keep_runs":0}`},
		{"first push", string((*Properties)(nil).Pushed(decode(`{"owner":"bob"}`)).AppendJSON(nil)), `{"owner":"bob"}`},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
	var none *Properties
	if none.Strategy() != DefaultStrategy() || none.Steps() != 20 {
		t.Error("nil properties have no defaults")
	}
}

func TestWalk(t *testing.T) {
	w, err := Decode(parse(t, `{"id":"w","steps":[{"foreach":{"id":"f","steps":[{"while":{"id":"g","condition":"x","steps":[{"step":{"id":"a","type":"NoOp"}}]}},{"step":{"id":"b","type":"NoOp"}}]}},{"step":{"id":"c","type":"NoOp"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	w.Walk(func(s *Step, path []*Step) bool {
		name := s.ID
		for i := len(path) - 1; i >= 0; i-- {
			name = path[i].ID + "/" + name
		}
		got = append(got, name)
		return s.ID != "b"
	})
	if want := "f f/g f/g/a f/b"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"id":"w","steps":[{"foreach":{"id":"f","steps":[{"while":{"id":"g","condition":"x","steps":[{"step":{"id":"a","type":"NoOp"}}]}}]}}]}`)
	f.Add(`{"timeout":"1h","time_triggers":[{"type":"CRON","cron":"* * * * *"}],"signal_triggers":[{"definitions":{"a":{"join_keys":["k"]}}}],"tags":["a"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := wire.Parse([]byte(text))
		if err != nil {
			return
		}
		w, err := Decode(n)
		if err != nil {
			return
		}
		once := w.AppendJSON(nil)
		again, err := Decode(parse(t, string(once)))
		if err != nil {
			t.Fatalf("%s does not read back: %v", once, err)
		}
		if twice := again.AppendJSON(nil); string(twice) != string(once) {
			t.Fatalf("%s changes to %s", once, twice)
		}
	})
}

// BenchmarkDecode reads a definition of 300 steps, each with two params, and writes it back.
func BenchmarkDecode(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"id":"big","steps":[`)
	for i := range 300 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"step":{"id":"step_%d","type":"NoOp","transition":{"successors":{"step_%d":"x > %d"}},"params":{"x":{"value":%d,"type":"LONG"},"y":{"expression":"x + 1","type":"STRING"}}}}`, i, i+1, i, i)
	}
	text.WriteString(`]}`)
	in := []byte(text.String())
	w, err := Decode(parse(b, string(in)))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		b.ReportAllocs()
		for b.Loop() {
			n, err := wire.Parse(in)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := Decode(n); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		buf := w.AppendJSON(nil)
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
		for b.Loop() {
			buf = w.AppendJSON(buf[:0])
		}
	})
}
