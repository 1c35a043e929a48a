package httpd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segue-run/segue/httpd"
)

func TestPush(t *testing.T) {
	w := newWorld(t, nil)
	body := `{"properties":{"owner":"amy","run_strategy":"parallel","step_concurrency":9,"description":"keep"},"git_info":{"sha":"x"},"dsl_lang":"go","workflow":{"id":"w","steps":[` + noop + `]}}`
	w.do("POST", api, body, "user", "zoe").is(200).has(
		"workflow_definition/metadata/workflow_version_id", "1",
		"workflow_definition/metadata/version_author", `"zoe"`,
		"workflow_definition/metadata/git_info/sha", `"x"`,
		"workflow_definition/metadata/dsl_lang", `"go"`,
		"workflow_definition/properties_snapshot/author", `"zoe"`,
		"workflow_definition/properties_snapshot/run_strategy/workflow_concurrency", "20",
		"workflow_definition/is_active", "true", "workflow_definition/is_latest", "true", "workflow_definition/is_default", "true",
		"workflow_definition/activated_by", `"zoe"`,
	)
	// A push without properties changes none; one with some resets those that it leaves out.
	w.do("POST", api, `{"is_active":false,"workflow":{"id":"w","steps":[`+chain+`]}}`).is(200).has(
		"workflow_definition/metadata/workflow_version_id", "2",
		"workflow_definition/properties_snapshot/step_concurrency", "9", "workflow_definition/properties_snapshot/author", `"zoe"`,
		"workflow_definition/is_active", "false", "workflow_definition/is_latest", "true", "workflow_definition/is_default", "false",
	)
	w.do("POST", api, `{"properties":{},"workflow":{"id":"w","steps":[`+noop+`]}}`).is(200).has(
		"workflow_definition/properties_snapshot/step_concurrency", "-", "workflow_definition/properties_snapshot/run_strategy", "-",
		"workflow_definition/properties_snapshot/description", `"keep"`, "workflow_definition/properties_snapshot/author", `"tester"`,
	)
	w.get(api+"/w/versions/1?enriched=False").is(200).has("metadata/workflow_version_id", "1", "is_active", "false", "enriched_extras", "-")
	w.get(api+"/w/versions/LATEST?enriched=True").is(200).has("metadata/workflow_version_id", "3", "enriched_extras/step_params/a", "{}")
	w.get(api+"/w/properties-snapshot/Latest").is(200).has("owner", `"amy"`)
	w.get(api+"/w/overview").is(200).has("active_version_id", "3", "latest_version_id", "3", "latest_instance_id", "-", "nonterminal_instances/PAUSED", "0")
	w.get(api+"/w/timeline").is(200).has("workflow_id", `"w"`, "timeline_events/#", "3")
	w.get(api+"/nobody/timeline").is(200).has("timeline_events/#", "0")
}

func TestPushIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	steps := func(s string) string {
		return `{"properties":{"owner":"a"},"workflow":{"id":"w","steps":[` + s + `]}}`
	}
	for _, c := range []struct{ body, says string }{
		{`{`, "JSON parse error"},
		{`{"properties":{"owner":"a"}}`, "[workflow definition] cannot be null"},
		{steps(""), "[workflow step definitions] cannot be null or empty"},
		{steps(noop + "," + noop), "duplicate step ids"},
		{`{"workflow":{"id":"w","steps":[` + noop + `]}}`, "owner"},
		{strings.Replace(steps(noop), `"steps"`, `"params":{"x":{"expression":"nope + 1","type":"LONG"}},"steps"`, 1), "BAD_REQUEST - workflow [w]"},
	} {
		w.do("POST", api, c.body).is(400).has("status", `"BAD_REQUEST"`).says(c.says)
	}
	w.get(api+"/w/versions/latest").is(404).has("status", `"NOT_FOUND"`)
	w.do("POST", api, `{}`, "user", "").is(400).says("user name cannot be null")
	w.do("POST", api, `{}`, "Content-Type", "text/plain").is(415)
	w.do("POST", api, "", "Content-Type", "").is(415)
	w.do("POST", api, `"`+strings.Repeat("x", 2<<20)+`"`).is(413)
}

func TestValidate(t *testing.T) {
	w := newWorld(t, nil)
	path := api + "/actions/validate"
	ok := `{"properties":{"owner":"a"},"workflow":{"id":"w","steps":[` + noop + `]}}`
	w.do("PUT", path, ok).is(200).has("type", `"ACTION"`, "action", `"VALIDATE"`, "author", `"tester"`, "message", `"the workflow definition is valid."`)
	w.get(api + "/w/versions/latest").is(404)
	bad := strings.Replace(ok, `"steps"`, `"params":{"x":{"expression":"nope + 1","type":"LONG"}},"steps"`, 1)
	w.do("PUT", path, bad).is(400).has("message", `"Invalid workflow create request"`).says("referenced a non-existing param [nope]")
}

func TestYAML(t *testing.T) {
	w := newWorld(t, nil)
	text := "Workflow:\n  id: y\n  owner: amy\n  n: 3\n  jobs:\n    - job: {id: a, type: noop}\n"
	w.do("PUT", api+"/actions/validate/yaml", text, "Content-Type", "application/yaml").is(200).has("action", `"VALIDATE"`)
	w.do("POST", api+"/yaml", text, "Content-Type", "text/yaml").is(415)
	w.do("POST", api+"/yaml", text, "Content-Type", "application/yaml").is(200).has("workflow_definition/workflow/params/n/type", `"LONG"`)
	w.get(api+"/y/versions/1?enriched=yes").is(200).has("enriched_extras/workflow_params/n/source", `"DEFINITION"`, "enriched_extras/next_execution_time", "-")
	w.do("POST", api+"/yaml", "Workflow: [", "Content-Type", "application/yaml").is(400).has("status", `"BAD_REQUEST"`)
}

func TestVersions(t *testing.T) {
	w := newWorld(t, nil)
	for range 3 {
		w.push("w", noop).is(200)
	}
	page := api + "/w/versions/pagination"
	w.get(page+"?first=2").is(200).has("total_count", "3", "elements/#", "2", "elements/0/metadata/workflow_version_id", "3",
		"page_info/start_cursor", `"3"`, "page_info/end_cursor", `"2"`, "page_info/has_next_page", "true", "page_info/has_previous_page", "false", "page_info/start_index", "1")
	w.get(page+"?first=2&cursor=2").is(200).has("elements/#", "1", "page_info/has_next_page", "false", "page_info/start_index", "3")
	w.get(page+"?last=2").is(200).has("elements/0/metadata/workflow_version_id", "2")
	w.get(page+"?first=2&cursor=1").is(200).has("elements/#", "0", "page_info/start_cursor", "null", "total_count", "3")
	w.get(api+"/nobody/versions/pagination?first=2").is(200).has("total_count", "0", "page_info/start_cursor", "null")
	w.get(page).is(400).says("both cannot be null")
	w.get(page + "?first=1&last=1").is(400).says("but not both")
	w.get(page + "?first=201").is(400)
	w.get(page + "?first=1&cursor=x").is(400)
	w.get(api+"/w/versions/foo").is(400).has("errors/0", `"Invalid workflow version: foo"`)
	w.get(api + "/w/versions/0").is(400)
	w.get(api + "/w/versions/99").is(404)
	w.get(api + "/nobody/versions/1").is(404).says("has not been created yet or has been deleted")
	w.do("PUT", api+"/w/versions/99/actions/activate", "").is(404)
	w.do("PUT", api+"/w/versions/1/actions/activate", "").is(422).says("does not do that yet")
	w.do("PUT", api+"/nobody/actions/deactivate", "").is(404)
}

func TestList(t *testing.T) {
	w := newWorld(t, nil)
	w.get(api+"?first=2").is(200).has("total_count", "0", "page_info/start_cursor", "null")
	for i := range 3 {
		w.push(fmt.Sprint("w", i), noop).is(200)
	}
	seen := map[string]bool{}
	cursor := ""
	for range 2 {
		a := w.get(api + "?first=2&cursor=" + cursor).is(200)
		for i := range 3 {
			if strings.Contains(a.body, fmt.Sprintf(`"workflow_id":"w%d"`, i)) {
				seen[fmt.Sprint("w", i)] = true
			}
		}
		_, rest, _ := strings.Cut(a.body, `"end_cursor":"`)
		cursor, _, _ = strings.Cut(rest, `"`)
	}
	if len(seen) != 3 {
		t.Errorf("two pages have shown %v", seen)
	}
	w.get(api + "?last=2").is(400)
}

func TestRun(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", chain).is(200)
	w.start("w").has("status", `"CREATED"`, "workflow_instance_id", "1", "workflow_run_id", "1", "workflow_version_id", "1",
		"timeline_event/type", `"LOG"`, "timeline_event/message", `"Manually run a new workflow instance by a user [tester]"`)
	w.get(api+"/w/instances/1?wait=terminal").is(200).has("status", `"SUCCEEDED"`, "initiator/user", `"tester"`, "initiator/type", `"MANUAL"`,
		"aggregated_info/step_aggregated_views/b/status", `"SUCCEEDED"`, "runtime_dag/b/predecessors/0", `"a"`, "timeline/0/type", `"LOG"`,
		"run_config/policy", `"START_FRESH_NEW_RUN"`, "group_info", "4")
	w.get(api+"/w/instances/1/runs/1").is(200).has("aggregated_info", "-")
	w.get(api+"/w/instances/1/runs/LATEST?aggregated=true&enriched=0").is(200).has("aggregated_info/workflow_instance_status", `"SUCCEEDED"`, "timeline/#", "2", "timeline/1/message", `"The run has left the queue and begins."`)
	w.get(api+"/w/instances/1/runs/0").is(200).has("workflow_run_id", "1")
	w.get(api+"/w/instances/2").is(404).has("status", `"NOT_FOUND"`)
	w.get(api + "/w/instances/1/runs/2").is(404)
	w.get(api + "/w/instances/x").is(400)
	w.get(api + "/w/instances/1/runs/x").is(400)
	w.get(api + "/w/instances/1/runs/1?enriched=maybe").is(400)
	w.get(api + "/nobody/instances/1").is(404).says("has not been created yet")

	w.get(api+"/w/instances/1/steps").is(200).has("#", "2", "0/step_id", `"a"`, "1/step_id", `"b"`, "1/step_instance_id", "2")
	w.get(api+"/w/instances/1/runs/1/steps").is(200).has("#", "2", "0/timeline", "-")
	w.get(api+"/w/instances/1/runs/2/steps").is(200).has("#", "0")
	w.get(api+"/w/instances/9/steps").is(200).has("#", "0")
	w.get(api+"/nobody/instances/9/steps").is(200).has("#", "0")
	w.get(api+"/w/instances/1/steps/b").is(200).has("runtime_state/status", `"SUCCEEDED"`, "step_attempt_id", "1", "timeline/0/status", `"CREATED"`)
	w.get(api + "/w/instances/1/steps/nobody").is(404)
	w.get(api + "/w/instances/9/steps/a").is(404)
	w.get(api+"/w/instances/1/runs/1/steps/a/attempts").is(200).has("#", "1")
	w.get(api+"/w/instances/1/runs/latest/steps/a/attempts/latest").is(200).has("transition/successors/b/evaluated_result", "true")
	w.get(api + "/w/instances/1/runs/1/steps/a/attempts/2").is(404)
	w.get(api + "/w/instances/1/runs/1/steps/a/attempts/x").is(400)
	w.get(api + "/w/instances/1/runs/1/steps/a/attempts/1/logs").is(404).says("leave none")
	w.get(api+"/w/overview").is(200).has("latest_instance_id", "1")
}

func TestStart(t *testing.T) {
	w := newWorld(t, nil)
	w.do("POST", api, `{"properties":{"owner":"o","run_strategy":"parallel"},"workflow":{"id":"w","tags":["t"],"params":{"foo":{"value":"old","type":"STRING"},"bar":{"value":"${foo}!","type":"STRING"},"c":{"value":1,"type":"LONG","mode":"CONSTANT"}},"steps":[`+noop+`]}}`).is(200)
	path := api + "/w/versions/latest/actions/start"
	const id = "7c8b14c4-1b2a-4c3d-9e4f-5a6b7c8d9e0f"
	request := `{"initiator":{"type":"MANUAL"},"request_id":"` + id + `","runtime_tags":["r"],"run_params":{"foo":{"value":"new","type":"STRING"}}}`
	w.do("POST", path, request).is(200).has("status", `"CREATED"`, "workflow_uuid", `"`+id+`"`)
	w.do("POST", path, request).is(200).has("status", `"DUPLICATED"`, "workflow_uuid", `"`+id+`"`, "workflow_instance_id", "1", "workflow_run_id", "1")
	w.get(api+"/w/instances/1?wait=terminal").is(200).has("params/bar/evaluated_result", `"new!"`, "params/foo/source", `"LAUNCH"`,
		"run_params/foo/value", `"new"`, "run_config/runtime_tags/0/name", `"r"`, "runtime_workflow/tags/1/name", `"r"`, "workflow_uuid", `"`+id+`"`)
	w.get(api + "/w/instances/2").is(404)

	for body, says := range map[string]string{
		`{}`: "initiator", `{"initiator":{"type":"robot"}}`: "initiator.type", `{"initiator":{"type":"manual"},"x":1}`: "unknown field",
		`{"initiator":{"type":"manual"},"run_params":{"c":{"value":2,"type":"LONG"}}}`:    "CONSTANT",
		`{"initiator":{"type":"manual"},"run_params":{"Util":{"value":2,"type":"LONG"}}}`: "reserved",
		`{"initiator":{"type":"manual"},"runtime_tags":["t"]}`:                            "[t]",
		`{"initiator":{"type":"foreach"}}`:                                                "initiator.type",
	} {
		w.do("POST", path, body).is(400).has("status", `"BAD_REQUEST"`).says(says)
	}
	w.do("POST", path, `{"initiator":{"type":"manual"},"run_params":{"x":{"value":"`+strings.Repeat("x", 300<<10)+`","type":"STRING"}}}`).is(400).says("over the limit of 262144")
	w.do("POST", path, `{"initiator":{"type":"time","trigger_uuid":"u"}}`).is(409).says("mismatch trigger uuid")
	w.do("POST", path, `{"initiator":{"type":"manual"},"artifacts":{"a":{}}}`).is(422)
	w.do("POST", api+"/nobody/versions/latest/actions/start", manual).is(404).says("has not been created yet or has been deleted")
	w.do("POST", api+"/w/versions/99/actions/start", manual).is(404)
	w.do("POST", api+"/w/versions/foo/actions/start", manual).is(400)

	// A new version becomes what the alias names, although the old one is remembered.
	w.push("w", noop).is(200)
	w.do("POST", path, manual).is(200).has("workflow_version_id", "2")
	w.do("POST", api+"/w/versions/1/actions/start", manual).is(200).has("workflow_version_id", "1")
	w.push("later", `{"subworkflow":{"id":"a","params":{"subworkflow_id":{"value":"w","type":"STRING"}}}}`).is(200)
	w.do("POST", api+"/later/versions/latest/actions/start", manual).is(422).says("step [a]")
}

// A run shows the properties that its workflow had when it was started.
func TestPropertiesOfARun(t *testing.T) {
	w := newWorld(t, nil)
	push := func(properties string) {
		t.Helper()
		w.do("POST", api, `{"properties":{`+properties+`},"workflow":{"id":"w","steps":[`+noop+`]}}`).is(200)
	}
	push(`"owner":"amy","step_concurrency":7`)
	w.start("w")
	push(`"owner":{"name":"zoe","team":"data"},"step_concurrency":8,"alerting":{"emails":["a@b.c"]}`)
	w.start("w")
	push(`"owner":"amy"`)
	w.start("w")
	for path, want := range map[string][]string{
		"1": {"run_properties/owner", `"amy"`, "run_properties/step_concurrency", "7", "run_properties/alerting", "-"},
		"2": {"run_properties/owner/name", `"zoe"`, "run_properties/owner/team", `"data"`, "run_properties/step_concurrency", "8", "run_properties/alerting/emails/0", `"a@b.c"`},
		"3": {"run_properties/owner", `"amy"`, "run_properties/step_concurrency", "-", "run_properties/alerting", "-"},
	} {
		w.get(api + "/w/instances/" + path).is(200).has(want...)
	}
	w.get(api+"/w/instances?first=3").is(200).has("elements/1/run_properties/step_concurrency", "8", "elements/2/run_properties/step_concurrency", "7")
	w.get(api+"/w/instances/2/runs?first=1").is(200).has("elements/0/run_properties/owner/team", `"data"`)
}

// A timeout that comes from a param has the limits of one that is written down. That of a run is refused with the start,
// that of a step is the step's failure.
func TestTimeoutsFromParamsHaveLimits(t *testing.T) {
	w := newWorld(t, nil)
	const params = `"params":{"t":{"value":"1h","type":"STRING","mode":"MUTABLE"}}`
	w.do("POST", api, `{"properties":{"owner":"o"},"workflow":{"id":"run","timeout":"${t}",`+params+`,"steps":[`+noop+`]}}`).is(200)
	w.do("POST", api, `{"properties":{"owner":"o"},"workflow":{"id":"step",`+params+`,"steps":[
		{"step":{"id":"a","type":"noop","timeout":"${t}"}}]}}`).is(200)
	for i, wrong := range []string{"0", "-5", "0 min", "121 days"} {
		start := `{"initiator":{"type":"manual"},"run_params":{"t":{"value":"` + wrong + `","type":"STRING"}}}`
		w.do("POST", api+"/run/versions/latest/actions/start", start).is(400).says("timeout of workflow [run]", wrong)
		w.do("POST", api+"/step/versions/latest/actions/start", start).is(200)
		id := fmt.Sprint(i + 1)
		w.get(api+"/step/instances/"+id+"?wait=terminal").is(200).has("status", `"FAILED"`)
		w.get(api+"/step/instances/"+id+"/steps/a").is(200).has("runtime_state/status", `"FATALLY_FAILED"`).says("timeout of step [a]", wrong)
	}
	for _, right := range []string{"1", "120 days"} {
		start := `{"initiator":{"type":"manual"},"run_params":{"t":{"value":"` + right + `","type":"STRING"}}}`
		w.do("POST", api+"/run/versions/latest/actions/start", start).is(200)
		w.do("POST", api+"/step/versions/latest/actions/start", start).is(200)
	}
}

// A start whose params cannot be evaluated leaves a run only if it asks for that.
func TestAFailedStartIsKept(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", noop).is(200)
	path := api + "/w/versions/latest/actions/start"
	for _, bad := range []string{
		`"run_params":{"x":{"expression":"nope + 1","type":"LONG"}}`,
		`"run_params":{"x":{"expression":"1 +","type":"LONG"}}`,
	} {
		w.do("POST", path, `{"initiator":{"type":"manual"},`+bad+`}`).is(400)
	}
	w.get(api + "/w/instances/1").is(404)
	const id = "7c8b14c4-1b2a-4c3d-9e4f-5a6b7c8d9e0f"
	bad := `{"initiator":{"type":"manual"},"persist_failed_run":true,"request_id":"` + id + `","run_params":{"x":{"expression":"nope + 1","type":"LONG"}}}`
	w.do("POST", path, bad).is(200).has("workflow_instance_id", "1", "workflow_uuid", `"`+id+`"`, "status", `"CREATED"`)
	w.do("POST", path, bad).is(200).has("workflow_instance_id", "1", "status", `"DUPLICATED"`)
	w.get(api+"/w/instances/1?wait=terminal").is(200).has("status", `"FAILED"`, "start_time", "-", "execution_id", "-", "runtime_overview", "-", "params", "{}",
		"run_params/x/expression", `"nope + 1"`, "timeline/1/level", `"ERROR"`, "aggregated_info/step_aggregated_views/a/status", `"NOT_CREATED"`).says("non-existing param [nope]")
	w.get(api+"/w/instances/1/steps").is(200).has("#", "0")
	w.do("PUT", api+"/w/instances/1/actions/stop", "").is(400)
	w.start("w").has("workflow_instance_id", "2")
	w.get(api+"/w/instances/2?wait=terminal").is(200).has("status", `"SUCCEEDED"`)
	w.get(api+"/w/overview").is(200).has("failed_instances", "1", "nonterminal_instances/CREATED", "0")
}

func TestStepTypesThatTheServerDoesNotRun(t *testing.T) {
	w := newWorld(t, func(d *httpd.Deps) { d.Runs = func(string) bool { return false } })
	w.push("c", noop+","+strings.Replace(command, `"id":"a"`, `"id":"b"`, 1)).is(200)
	w.do("POST", api+"/c/versions/1/actions/start", manual).is(422).has("status", `"UNPROCESSABLE_ENTITY"`).says("workflow [c] version [1]", "step [b]", "--enable-command")
	w.push("h", `{"step":{"id":"a","type":"http","params":{"http":{"value":{"url":{"value":"http://h","type":"STRING"}},"type":"MAP"}}}}`).is(200)
	w.do("POST", api+"/h/versions/1/actions/start", manual).is(422).says("step [a] is of type Http")
	w.push("n", noop).is(200)
	w.start("n")
}

func TestFunctionsOfParamsAtTheStart(t *testing.T) {
	w := newWorld(t, func(d *httpd.Deps) { d.Environment = "prod" })
	var params strings.Builder
	for i, f := range []string{
		"getExecutionEnvironment()", "getFromInstance('owner')", "getFromInstance('workflow_id')", "getFromInstance('INITIATOR_TYPE')",
		"getFromInstance('INITIATOR_RUNNER_NAME')", "getFromInstance('RUN_POLICY')", "getFromInstance('workflow_run_id')",
		"getFromInstance('INITIATOR_TIMEZONE')", "getFromInstance('FIRST_TIME_TRIGGER_TIMEZONE')",
	} {
		fmt.Fprintf(&params, `"p%d":{"expression":"params.%s","type":"STRING"},`, i, f)
	}
	w.do("POST", api, `{"properties":{"owner":"amy"},"workflow":{"id":"w","params":{`+params.String()+
		`"a":{"expression":"params.nextUniqueId()","type":"LONG"},"b":{"expression":"params.nextUniqueId() - a","type":"LONG"}},"steps":[`+noop+`]}}`).is(200)
	w.start("w")
	a := w.get(api+"/w/instances/1").is(200).has(
		"params/p0/evaluated_result", `"prod"`, "params/p1/evaluated_result", `"amy"`, "params/p2/evaluated_result", `"w"`,
		"params/p3/evaluated_result", `"MANUAL"`, "params/p4/evaluated_result", `"tester"`, "params/p5/evaluated_result", `"START_FRESH_NEW_RUN"`,
		"params/p6/evaluated_result", `""`, "params/p7/evaluated_result", `""`, "params/p8/evaluated_result", `""`)
	if strings.Contains(a.body, `"evaluated_result":0`) || strings.Contains(a.body, `"evaluated_result":-1,`) {
		t.Errorf("unique ids: %s", a.body)
	}
	w.do("POST", api, `{"properties":{"owner":"amy"},"workflow":{"id":"x","params":{"p":{"expression":"params.getFromInstance('shoe_size')","type":"STRING"}},"steps":[`+noop+`]}}`).is(400)
}

// An alias is remembered; what a start is refused for is looked at in the version that the alias names now.
func TestARefusedStartIsAboutTheVersionThatCounts(t *testing.T) {
	w := newWorld(t, nil)
	push := func(definition string) {
		t.Helper()
		w.do("POST", api, `{"properties":{"owner":"o","run_strategy":"parallel"},"workflow":{"id":"w",`+definition+`}}`).is(200)
	}
	start := func(param string) *answer {
		t.Helper()
		return w.do("POST", api+"/w/versions/latest/actions/start", `{"initiator":{"type":"manual"},"run_params":{"n":`+param+`}}`)
	}
	push(`"params":{"n":{"value":[1],"type":"LONG_ARRAY"}},"steps":[` + noop + `]`)
	start(`{"value":[2],"type":"LONG_ARRAY"}`).is(200).has("workflow_version_id", "1")
	push(`"params":{"n":{"value":1,"type":"LONG"}},"steps":[` + noop + `]`)
	start(`{"value":2,"type":"LONG"}`).is(200).has("workflow_version_id", "2")
	push(`"params":{"n":{"value":1,"type":"LONG","mode":"CONSTANT"}},"steps":[` + noop + `]`)
	start(`{"value":2,"type":"LONG"}`).is(400).says("CONSTANT")
	push(`"steps":[{"subworkflow":{"id":"a","params":{"subworkflow_id":{"value":"w","type":"STRING"}}}}]`)
	start(`{"value":2,"type":"LONG"}`).is(422).says("version [4]")
	push(`"steps":[` + noop + `]`)
	start(`{"value":2,"type":"LONG"}`).is(200).has("workflow_version_id", "5")
}

func TestStartAgainstAMovingVersion(t *testing.T) {
	m := &moving{}
	w := newWorld(t, func(d *httpd.Deps) { m.Engine, d.Engine = d.Engine, m })
	w.push("w", noop).is(200)
	m.times.Store(3)
	w.start("w").has("workflow_instance_id", "1")
	m.times.Store(1 << 20)
	a := w.do("POST", api+"/w/versions/active/actions/start", manual).is(503).has("status", `"SERVICE_UNAVAILABLE"`, "retryable", "true")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestWaitForTheEnd(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", command).is(200)
	w.start("w")
	<-w.runtime.began
	a := w.get(api+"/w/instances/1?wait=terminal&timeout=1ms").is(200).has("status", `"IN_PROGRESS"`)
	if got := a.header.Get("Segue-Wait"); got != "timeout" {
		t.Errorf("Segue-Wait is %q", got)
	}
	waited := make(chan *answer)
	go func() { waited <- w.get(api + "/w/instances/1/runs/1?wait=terminal&timeout=60") }()
	close(w.runtime.done)
	a = <-waited
	a.is(200).has("status", `"SUCCEEDED"`)
	if got := a.header.Get("Segue-Wait"); got != "" {
		t.Errorf("Segue-Wait is %q", got)
	}
	for _, q := range []string{"wait=soon", "wait=terminal&timeout=x", "wait=terminal&timeout=-1s", "wait=terminal&timeout=24h"} {
		w.get(api + "/w/instances/1?" + q).is(400)
	}
}

// A queued run is over at once.

// broken is an engine that fails in every way.

// When the server stops, requests that wait are let go.

// noticing says when somebody waits.
