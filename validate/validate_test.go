package validate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/workflow"
)

// push is a definition with the given fields of the workflow, and of its only step.
func push(t testing.TB, fields, step string) *api.WorkflowCreateRequest {
	t.Helper()
	if step == "" {
		step = `{"step":{"id":"a","type":"NoOp"}}`
	}
	return read(t, `{"properties":{"owner":"tester"},"workflow":{"id":"w","steps":[`+step+`]`+fields+`}}`)
}

func read(t testing.TB, text string) *api.WorkflowCreateRequest {
	t.Helper()
	r, err := api.ReadCreate([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// check holds an error against the details that it must have, each given by a part of it; none = no error.
func check(t *testing.T, name string, err error, want ...string) {
	t.Helper()
	details := fault.DetailsOf(err)
	if len(want) > 0 && (!fault.Is(err, fault.BadRequest) || err.Error() != `400 BAD_REQUEST "Validation failure"`) || len(details) != len(want) {
		t.Errorf("%s: got %v %q, want %q", name, err, details, want)
		return
	}
	for i, d := range details {
		if !strings.Contains(d, want[i]) {
			t.Errorf("%s: got %q, want %q", name, d, want[i])
		}
	}
}

func TestIdentifiers(t *testing.T) {
	long := strings.Repeat("x", 129)
	for id, want := range map[string]string{
		"w": "", "9-a.b_c": "", "_": "", "w__x": "", "maestro": "", "a-maestro_": "",
		"":          "workflow.id [maestro id] cannot be null or empty",
		"has space": "workflow.id [maestro id] does not follow the regex rule: [_a-zA-Z0-9]",
		"-lead":     "[maestro id] does not follow the regex rule",
		"ä":         "[maestro id] does not follow the regex rule",
		"Maestro_x": "[maestro id] cannot start with reserved prefix: maestro_",
		"x_maestro": "[maestro id] cannot end with reserved suffix: _maestro",
		long:        "[maestro id] cannot be more than id length limit 128",
	} {
		r := push(t, "", "")
		r.Workflow.ID = id
		if want == "" {
			check(t, id, Create(r))
		} else {
			check(t, id, Create(r), want)
		}
	}
	for id, want := range map[string]string{
		"a": "", "_a.b-c": "", "x_maestro": "",
		"":          "workflow.steps[0].id [maestro id or name reference] cannot be null or empty",
		"a__b":      "[maestro id or name reference] cannot contain double underscores",
		"1a":        "[maestro id or name reference] does not follow the regex rule: [_a-zA-Z][",
		"maestro_a": "[maestro id or name reference] cannot start with reserved prefix",
		long:        "cannot be more than id length limit 128",
	} {
		r := push(t, "", "")
		r.Workflow.Steps[0].ID = id
		if want == "" {
			check(t, id, Create(r))
		} else {
			check(t, id, Create(r), want)
		}
	}
}

func TestWorkflowRules(t *testing.T) {
	loop := func(names, steps string) string {
		return `{"foreach":{"id":"f","params":{"loop_params":{"value":{` + names + `},"type":"MAP"}},"steps":[` + steps + `]}}`
	}
	for _, c := range []struct {
		name, fields, step string
		want               []string
	}{
		{"fine", `,"name":"n","tags":["x","y"],"timeout":"${p} minutes","instance_step_concurrency":999,"params":{"p":{"value":1,"type":"LONG"}}`, "", nil},
		{"name", `,"name":"` + strings.Repeat("n", 257) + `"`, "", []string{"workflow.name [maestro name] cannot be more than name length limit 256"}},
		{"description", `,"description":"` + strings.Repeat("n", 16385) + `"`, "", []string{"workflow.description size must be between 0 and 16384"}},
		{"tags", `,"tags":["x",{"name":"x"},"","a*b"]`, "", []string{"workflow.tags [tag list definition] cannot contain duplicate tag names", "workflow.tags[2].name [maestro name] cannot be null", "workflow.tags[3].name [maestro name] does not follow"}},
		{"timeouts", `,"timeout":"0s"`, `{"step":{"id":"a","type":"NoOp","timeout":"121 days"}},{"step":{"id":"b","type":"NoOp","timeout":"abc"}},{"step":{"id":"c","type":"NoOp","timeout":0}},{"step":{"id":"d","type":"NoOp","timeout":"120 days"}}`,
			[]string{"workflow.timeout [maestro timeout] cannot be non-positive or more than system limit: 120 days", "workflow.steps[0].timeout [maestro timeout] cannot be non-positive or more than system limit: 120 days - rejected value is [121 days]", "steps[1].timeout", "steps[2].timeout"}},
		{"too many at once", `,"instance_step_concurrency":1000`, "", []string{"workflow.instanceStepConcurrency instance_step_concurrency should be positive and less than 1000"}},
		{"none at once", `,"instance_step_concurrency":0`, "", []string{"instance_step_concurrency should be positive"}},
		{"param names", `,"params":{"$foo":{"value":15,"type":"LONG"},"m":{"value":{"a__b":{"value":1,"type":"LONG"}},"type":"MAP"},"t":{"value":1,"type":"LONG","tags":["x","x"]}}`, "",
			[]string{"workflow.params[$foo] [maestro id or name reference] does not follow", "workflow.params[m].value[a__b] [maestro id or name reference] cannot contain", "workflow.params[t].tags [tag list definition]"}},
		{"duplicates", "", `{"step":{"id":"a","type":"NoOp"}},` + loop(`"i":{"value":[1],"type":"LONG_ARRAY"}`, `{"step":{"id":"a","type":"NoOp"}}`), []string{"workflow.steps [workflow step definitions] contain duplicate step ids - rejected id is [a]"}},
		{"unknown successor", "", `{"step":{"id":"foo","type":"NoOp","transition":{"successors":{"bar":"true"}}}}`, []string{"workflow.steps [workflow step transition] is invalid for step [foo]'s successor step id [bar], which does not exist in steps"}},
		{"predecessors", "", `{"step":{"id":"foo","type":"NoOp","transition":{"predecessors":["bar"]}}}`, []string{"invalid for step [foo]'s predecessors list"}},
		{"cycle", "", `{"step":{"id":"a","type":"NoOp","transition":{"successors":{"a":"true"}}}}`, []string{"where DAG contains cycle: a -> a"}},
		{"inner cycle", "", loop(`"i":{"value":[1],"type":"LONG_ARRAY"}`, `{"step":{"id":"a","type":"NoOp","transition":{"successors":{"a":"true"}}}}`), []string{"where DAG contains cycle: a -> a (inside step [f])"}},
		{"no loop params", "", `{"foreach":{"id":"f","steps":[{"step":{"id":"a","type":"NoOp"}}]}}`, []string{"workflow.steps[0].params [workflow step definitions] step [f] must have a literal MAP param loop_params"}},
		{"loop params by expression", "", `{"foreach":{"id":"f","params":{"loop_params":{"expression":"x","type":"MAP"}},"steps":[{"step":{"id":"a","type":"NoOp"}}]}}`, []string{"must have a literal MAP param"}},
		{"empty loop", "", loop("", ""), []string{"workflow.steps[0].steps [workflow step definitions] cannot be null or empty"}},
		{"nested names", "", loop(`"i":{"value":[1],"type":"LONG_ARRAY"}`, `{"while":{"id":"g","condition":"i < 1","params":{"loop_params":{"value":{"i":{"value":1,"type":"LONG"}},"type":"MAP"}},"steps":[{"step":{"id":"x","type":"NoOp"}}]}}`),
			[]string{"workflow.steps[0].steps[0].params [workflow step definitions] loop param [i] of step [g]"}},
		{"sibling names", "", loop(`"i":{"value":[1],"type":"LONG_ARRAY"}`, `{"step":{"id":"x","type":"NoOp"}}`) + "," + strings.Replace(loop(`"i":{"value":[1],"type":"LONG_ARRAY"}`, `{"step":{"id":"y","type":"NoOp"}}`), `"f"`, `"g"`, 1), nil},
		{"concurrency", "", strings.Replace(loop(`"i":{"value":[1],"type":"LONG_ARRAY"}`, `{"step":{"id":"x","type":"NoOp"}}`), `"f"`, `"f","concurrency":501`, 1), []string{"workflow.steps[0].concurrency must be less than or equal to 500"}},
		{"condition", "", `{"while":{"id":"g","params":{"loop_params":{"value":{},"type":"MAP"}},"steps":[{"step":{"id":"x","type":"NoOp"}}]}}`, []string{"workflow.steps[0].condition must not be null"}},
		{"retries", "", `{"step":{"id":"a","type":"NoOp","retry_policy":{"error_retry_limit":100,"platform_retry_limit":"many"}}}`,
			[]string{"workflow.steps[0].retryPolicy RetryPolicy: error_retry_limit value [100] is parsed to [100] but cannot be less than [0] or more than [99]", "but not a number"}},
		{"empty signals", "", `{"step":{"id":"a","type":"NoOp","signal_dependencies":[],"signal_outputs":[]}}`, []string{"[signal dependencies] cannot be empty", "[signal outputs] cannot be empty"}},
		{"types without runtime", "", `{"step":{"id":"a","type":"Titus"}},{"template":{"id":"b"}},{"step":{"id":"c","type":"Join"}}`, []string{"has type Titus, which cannot be run", "is a template", "has type Join"}},
		{"time triggers", `,"time_triggers":[{"type":"CRON","cron":"0 30 * * *"},{"type":"CRON","cron":"* * * * *"},{"type":"CRON","cron":"0 0 * * *","timezone":"Mars/Base"},{"type":"INTERVAL","interval":"3H"},{"type":"CRON"},{"type":"PREDEFINED","expression":"weekly","timezone":"Asia/Tokyo"},{"type":"CRON","cron":"*/2 * * * *","fuzzy_max_delay":"30s"},{"type":"CRON","cron":"0 0 12 1/1 * ? *","timezone":"US/Pacific"}]`, "",
			[]string{`workflow.timeTriggers[0].cron [cron expression] is not valid: cron expression "0 30 * * *": hour is "30"`, "workflow.timeTriggers[1] [time-trigger] interval between two firings is 1m0s", "workflow.timeTriggers[2].timezone [timezone expression]", "[time-trigger] INTERVAL is not supported", "[cron expression] cannot be null or empty"}},
		{"signal triggers", `,"signal_triggers":[{"definitions":{"a":{"join_keys":["k"]},"b":{"match_params":{"j":{"value":1}},"join_keys":["j","k"]}}},{}]`, "",
			[]string{"[signal-trigger] all signals must have equally many join_keys", "[signal-trigger] join key [j] of signal [b]", "must name at least one signal"}},
		{"many at once", `,"name":"` + strings.Repeat("n", 257) + `","instance_step_concurrency":0`, `{"step":{"id":"1a","type":"NoOp"}}`, []string{"workflow.name", "workflow.instanceStepConcurrency", "workflow.steps[0].id"}},
	} {
		check(t, c.name, Create(push(t, c.fields, c.step)), c.want...)
	}
	check(t, "no workflow", Create(read(t, `{}`)), "workflow [workflow definition] cannot be null")
	check(t, "no steps", Create(read(t, `{"workflow":{"id":"w"}}`)), "workflow.steps [workflow step definitions] cannot be null or empty")
	var many []string
	for i := range 301 {
		many = append(many, fmt.Sprintf(`{"step":{"id":"s%d","type":"NoOp"}}`, i))
	}
	check(t, "301 steps", Create(push(t, "", strings.Join(many, ","))), "workflow.steps [workflow step list] is too large [301] and over the size limit [300]")
	check(t, "300 steps", Create(push(t, "", strings.Join(many[1:], ","))))
	big := push(t, `,"params":{"p":{"value":"`+strings.Repeat("x", MaxRequest)+`","type":"STRING"}}`, "")
	if err := Create(big); !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), "over the limit of 262144") || fault.DetailsOf(err) != nil {
		t.Error(err)
	}
}

func TestProperties(t *testing.T) {
	for in, want := range map[string][]string{
		`{"owner":"x","step_concurrency":1000,"run_strategy":{"rule":"parallel","workflow_concurrency":1000}}`: nil,
		`{"tags":["x"]}`: {"properties.tags Cannot set workflow property tags"},
		`{"run_strategy":{"rule":"parallel","workflow_concurrency":1001}}`: {"properties.runStrategy.workflowConcurrency workflow_concurrency should be positive"},
		`{"run_strategy":0}`:        {"workflow_concurrency should be positive"},
		`{"step_concurrency":0}`:    {"properties.stepConcurrency step_concurrency should be positive"},
		`{"step_concurrency":1001}`: {"properties.stepConcurrency"},
		`{"alerting":{"tct":{}}}`:   {"properties.alerting.tct [TCT definition] must have exactly one"},
		`{"alerting":{"tct":{"completed_by_hour":1,"duration_minutes":1}}}`: {"not [completed_by_hour, duration_minutes]"},
		`{"retention":{"keep_for":"30 days","keep_runs":100}}`:              nil,
		`{"retention":{"keep_for":0,"keep_runs":0}}`:                        nil,
		`{"retention":{"keep_for":30}}`:                                     {"properties.retention.keepFor keep_for should be a length of time such as 30 days, at most 36500 days, or 0 for ever - rejected value is [30]"},
		`{"retention":{"keep_for":"2 weeks 1 day"}}`:                        {"rejected value is [2 weeks 1 day]"},
		`{"retention":{"keep_for":"a while"}}`:                              {"properties.retention.keepFor keep_for should be a length of time"},
		`{"retention":{"keep_for":"36501 days"}}`:                           {"rejected value is [36501 days]"},
		`{"retention":{"keep_runs":-1}}`:                                    {"properties.retention.keepRuns keep_runs should be a number of runs"},
	} {
		check(t, in, Create(read(t, `{"properties":`+in+`,"workflow":{"id":"w","steps":[{"step":{"id":"a","type":"NoOp"}}]}}`)), want...)
	}
	for in, want := range map[string][]string{
		`{"step_concurrency":5}`: nil, `{"reset_step_concurrency":true,"owner":"x"}`: nil,
		`{"step_concurrency":5,"reset_step_concurrency":true}`:          {"cannot set and reset step_concurrency"},
		`{"run_strategy":"parallel","reset_run_strategy_rule":true}`:    {"cannot set and reset run_strategy"},
		`{"run_strategy":"parallel","reset_workflow_concurrency":true}`: {"cannot set and reset run_strategy"},
		`{"step_concurrency":0}`:                                        {"step_concurrency should be positive"},
	} {
		r, err := api.ReadPropertiesUpdate([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		check(t, in, PropertiesUpdate(r), want...)
	}
	owned := &workflow.Properties{Owner: &workflow.User{Name: "x"}}
	if Owner(nil, owned) != nil || Owner(owned, nil) != nil || !fault.Is(Owner(nil, nil), fault.BadRequest) || Owner(nil, &workflow.Properties{}) == nil {
		t.Error("Owner")
	}
}

func TestRequests(t *testing.T) {
	start := func(text string) error {
		r, err := api.ReadStart([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return Start(r)
	}
	check(t, "fine", start(`{"initiator":{"type":"manual"},"run_params":{"x":{"value":1,"type":"LONG"}},"runtime_tags":["a"]}`))
	check(t, "nothing", start(`{}`), "initiator must not be null")
	check(t, "names", start(`{"initiator":{"type":"manual"},"run_params":{"params":{"value":"v","type":"STRING"},"x":{"value":"v","type":"STRING","source":"SYSTEM"},"1":{"value":"v","type":"STRING"}}}`),
		"[param definition] cannot be any of reserved param names - rejected value is [params]", "[param definition] users cannot set param source for a param: x", "runParams[1] [maestro id or name reference]")
	check(t, "tags", start(`{"initiator":{"type":"manual"},"runtime_tags":["a","a"]}`), "duplicate tag names")
	var many []string
	for i := range 129 {
		many = append(many, fmt.Sprintf(`"p%d":{"value":1,"type":"LONG"}`, i))
	}
	check(t, "many", start(`{"initiator":{"type":"manual"},"run_params":{`+strings.Join(many, ",")+`}}`), "runParams [param definition] contain more than param size limit 128")
	check(t, "restart", Restart(&api.WorkflowRestartRequest{}), "restartPolicy must not be null")
	check(t, "step restart", StepRestart(&api.StepRestartRequest{}), "restartPolicy must not be null")
	check(t, "signal", Signal(&api.SignalCreateRequest{Name: "db/test/t1"}))
	check(t, "bad signal", Signal(&api.SignalCreateRequest{Name: "maestro_x"}), "[maestro name] cannot start with reserved prefix")
	zero, less := int64(0), int64(-1)
	check(t, "permit", TagPermit(&api.TagPermitRequest{Tag: "t", MaxAllowed: &zero}))
	check(t, "bad permit", TagPermit(&api.TagPermitRequest{Tag: "", MaxAllowed: &less}), "tag [maestro name]", "maxAllowed must be")
	check(t, "no permit", TagPermit(&api.TagPermitRequest{Tag: "t"}), "maxAllowed must be")
	check(t, "breakpoint", Breakpoint(&api.Breakpoint{}), "workflowId", "stepId")
	check(t, "tag", Tag(workflow.Tag{Name: "a\tb"}), "tag.name [maestro name] does not follow")
	template, err := api.ReadJobTemplate([]byte(`{"owner":"x","status":"s","support":"s","definition":{"job_type":"shell","step_type":"noop","version":"v1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "template", JobTemplate(template))
	check(t, "bad template", JobTemplate(&api.JobTemplate{}), "owner", "status", "support", "definition.stepType", "definition.jobType [maestro id or name reference]", "definition.version")
}

func TestDryRun(t *testing.T) {
	for fields, want := range map[string]string{
		"": "",
		`,"params":{"x":{"expression":"nope","type":"STRING"}}`:                                                                                           "referenced a non-existing param [nope]",
		`,"params":{"p":{"expression":"int x=1+1=3;","type":"LONG"}}`:                                                                                     "cannot evaluate the expression of param [p]: 1:",
		`,"params":{"p":{"expression":"System.exit(0);","type":"STRING"}}`:                                                                                "cannot evaluate the expression of param [p]",
		`,"params":{"a":{"expression":"b","type":"LONG"},"b":{"expression":"a","type":"LONG"}}`:                                                           "cyclic reference chain",
		`,"params":{"s":{"expression":"params.getFromSignal('sig', 'p')","type":"STRING"},"t":{"expression":"sig__p + 1","type":"LONG"}}`:                 "",
		`,"params":{"FROM_DATE":{"value":"today","type":"STRING"},"y":{"expression":"if (FROM_DATE != '20210101') throw 'no'; return 1;","type":"LONG"}}`: "",
		`,"params":{"i":{"expression":"params.getFromInstance('INITIATOR_TYPE')","type":"STRING"},"u":{"expression":"params.nextUniqueId()","type":"LONG"},"e":{"expression":"params.getExecutionEnvironment()","type":"STRING"}}`: "",
		`,"params":{"i":{"expression":"params.getFromStep('a', 'b')","type":"STRING"}}`: "params has no function getFromStep",
	} {
		err := DryRun(eval.Env{}, push(t, fields, ""))
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !fault.Is(err, fault.BadRequest)) {
			t.Errorf("%s: got %v, want %s", fields, err, want)
		}
	}
}

// The sample definitions of the original are valid, but for those that are meant not to be.
func TestSamples(t *testing.T) {
	dir := os.Getenv("SEGUE_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(filepath.Dir(root), "..", "shared")
	}
	dir = filepath.Join(dir, "conformance", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the sample definitions are not here (%v); set SEGUE_SHARED to the folder that holds conformance/data", err)
	}
	requests, _ := filepath.Glob(filepath.Join(dir, "maestro-common/src/testFixtures/resources/fixtures/workflows/request/*.json"))
	samples, _ := filepath.Glob(filepath.Join(dir, "maestro-server/src/test/resources/samples/*.json"))
	if len(requests) < 20 || len(samples) < 20 {
		t.Fatalf("%d requests, %d samples", len(requests), len(samples))
	}
	invalid := map[string][]string{
		"sample-invalid-wf.json":          {"[workflow definition] cannot be null"},
		"sample-invalid-wf-def.json":      {"workflow.name [maestro name]", "workflow.params[$foo]", "workflow.steps[0].id [maestro id or name reference] cannot start", "successor step id [bar]"},
		"sample-dag-with-cycle-wf.json":   {"where DAG contains cycle"},
		"sample-invalid-cron-wf-def.json": {"[cron expression] is not valid"},
	}
	for _, path := range append(requests, samples...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := read(t, string(text))
		name := filepath.Base(path)
		check(t, name, Create(r), invalid[name]...)
		if invalid[name] == nil {
			if err := DryRun(eval.Env{Now: 1_760_000_000_000}, r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestCommands(t *testing.T) {
	const ok = `"command":{"value":"true","type":"STRING"}`
	for params, want := range map[string][]string{
		ok: nil,
		`"command":{"expression":"x","type":"STRING_ARRAY"},"env":{"value":{},"type":"MAP"},"stdin":{"value":"","type":"STRING"},"n":{"value":1,"type":"LONG"}`: nil,
		``:                                    {"workflow.steps[0].params [command step] step [a] of type command must have a param command of type STRING or STRING_ARRAY"},
		`"command":{"value":3,"type":"LONG"}`: {"workflow.steps[0].params[command] [command step] param command of step [a] must be of type STRING or STRING_ARRAY - rejected type is [LONG]"},
		ok + `,"env":{"value":"x","type":"STRING"},"working_dir":{"value":[],"type":"STRING_ARRAY"}`: {"param env of step [a] must be of type STRING_MAP or MAP", "param working_dir of step [a] must be of type STRING - rejected type is [STRING_ARRAY]"},
	} {
		check(t, params, Create(push(t, "", `{"step":{"id":"a","type":"command","params":{`+params+`}}}`)), want...)
	}
}
