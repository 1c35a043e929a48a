package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/signal"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

func TestReadErrors(t *testing.T) {
	create := func(b string) error { _, err := ReadCreate([]byte(b)); return err }
	update := func(b string) error { _, err := ReadPropertiesUpdate([]byte(b)); return err }
	start := func(b string) error { _, err := ReadStart([]byte(b)); return err }
	restart := func(b string) error { _, err := ReadRestart([]byte(b)); return err }
	step := func(b string) error { _, err := ReadStepRestart([]byte(b)); return err }
	for _, c := range []struct {
		read     func(string) error
		in, want string
	}{
		{create, ``, "JSON parse error: unexpected end of input"},
		{create, `{"workflow": `, "JSON parse error: workflow: unexpected end of input, want a value (line 1, column 14)"},
		{create, `[]`, "JSON parse error: want an object, not an array"},
		{create, `{"version_author":"x"}`, "version_author: the server sets version_author itself"},
		{create, `{"workflow":{"steps":[{"step":{"id":"a","type":"Teleport"}}]}}`, `JSON parse error: workflow.steps[0].step.type: unknown value "Teleport"`},
		{create, `{"properties":{"access_control":{}}}`, "access_control is not supported"},
		{create, `{"properties":{"owner":{}}}`, "properties.owner: a user must have a name"},
		{create, `{"properties":{"alerting":{"type_configs":{"step_failure":{}}}}}`, `unknown field "step_failure"`},
		{create, `{"git_info":{"timestamp1":1}}`, `git_info.timestamp1: unknown field "timestamp1"`},
		{update, `{"tags":[]}`, "tags are changed through their own endpoint"},
		{update, `{"workflow_id":"x"}`, `unknown field "workflow_id"`},
		{start, `{"initiator":{"type":"robot"}}`, `initiator.type: unknown value "robot"; want one of MANUAL, TIME`},
		{start, `{"initiator":{}}`, "an initiator must be an object with a type"},
		{start, `{"initiator":{"type":"manual","ancestors":[]}}`, `unknown field "ancestors"`},
		{start, `{"no_such_field":1}`, `unknown field "no_such_field"; known fields are initiator`},
		{start, `{"request_id":"abc"}`, `request_id: "abc" is not a UUID`},
		{start, `{"run_params":{"x":{"type":"LONG"}}}`, "run_params.x: a param must be defined with either"},
		{restart, `{"restart_policy":"restart_from_incomplete"}`, "unknown restart policy"},
		{restart, `{"artifacts":{}}`, `unknown field "artifacts"`},
		{step, `{"upstream_restart_mode":"x"}`, "upstream_restart_mode: unknown mode"},
		{func(b string) error { _, err := ReadBreakpoint([]byte(b)); return err }, `{"workflow_id":"w","workflow_version":"latest"}`, "workflow_version can't be specified for a breakpoint"},
		{func(b string) error { _, err := ReadSignal([]byte(b)); return err }, `{"params":{"a":true}}`, "params.a: the param of a signal must be"},
		{func(b string) error { _, err := ReadOutputData([]byte(b)); return err }, `{"params":{"a":{"value":1,"type":"LONG"}}}`, "an output must have"},
		{func(b string) error { _, err := ReadJobTemplate([]byte(b)); return err }, `{"create_time":1}`, "the server sets create_time"},
	} {
		err := c.read(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "JSON parse error: ") || !fault.Is(err, fault.BadRequest) {
			t.Errorf("%s:\n got %v\nwant %s", c.in, err, c.want)
		}
	}
}

func TestReadCreate(t *testing.T) {
	r, err := ReadCreate([]byte(`{"workflow":{"id":"w"},"dsl_lang":"java","git_info":{"sha":"x"},"n":{"a":[1]}}`))
	if err != nil || !r.Active || r.Properties != nil || r.Workflow.ID != "w" {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := string(r.AppendJSON(nil)); got != `{"workflow":{"id":"w"},"git_info":{"sha":"x"},"is_active":true,"dsl_lang":"java","n":{"a":[1]}}` {
		t.Error(got)
	}
	if r, err = ReadCreate([]byte(`{"is_active":false,"workflow":null}`)); err != nil || r.Active || r.Workflow != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPropertiesUpdateApply(t *testing.T) {
	present, err := workflow.DecodeProperties(parse(t, `{"owner":"amy","run_strategy":7,"step_concurrency":5}`))
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`{"step_concurrency":9}`:              `{"owner":"amy","run_strategy":{"rule":"PARALLEL","workflow_concurrency":7},"step_concurrency":9}`,
		`{"reset_step_concurrency":true}`:     `{"owner":"amy","run_strategy":{"rule":"PARALLEL","workflow_concurrency":7}}`,
		`{"reset_run_strategy_rule":true}`:    `{"owner":"amy","step_concurrency":5}`,
		`{"reset_workflow_concurrency":true}`: `{"owner":"amy","run_strategy":{"rule":"PARALLEL","workflow_concurrency":20},"step_concurrency":5}`,
	} {
		r, err := ReadPropertiesUpdate([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.Apply(present).AppendJSON(nil)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func parse(t testing.TB, text string) *wire.Node {
	t.Helper()
	n, err := wire.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInitiatorRoundTrip(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":"manual"}`:                                                    `{"depth":0,"type":"MANUAL"}`,
		`{"type":"Manual","user":"amy","depth":3}`:                             `{"depth":0,"type":"MANUAL","user":"amy"}`,
		`{"type":"time","trigger_uuid":"u","trigger_time":5,"timezone":"UTC"}`: `{"trigger_uuid":"u","trigger_time":5,"timezone":"UTC","depth":0,"type":"TIME"}`,
		`{"type":"SIGNAL","signal_id_map":{"b":2,"a":1}}`:                      `{"signal_id_map":{"b":2,"a":1},"depth":0,"type":"SIGNAL"}`,
		`{"type":"foreach","ancestors":[{"workflow_id":"w","instance_id":1,"run_id":2,"step_id":"s","step_attempt_id":3,"sync":false}]}`: `{"ancestors":[{"workflow_id":"w","instance_id":1,"run_id":2,"step_id":"s","step_attempt_id":3,"sync":false}],"depth":1,"type":"FOREACH"}`,
	} {
		i, err := DecodeInitiator(parse(t, in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := string(i.AppendJSON(nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	log := instance.Log(1600000000000, "INFO", "hello")
	for _, c := range []struct {
		name string
		doc  wire.Appender
		want string
	}{
		{"start", &WorkflowStartResponse{"w", 1, 2, 3, "u", StartCreated, log},
			`{"workflow_id":"w","workflow_version_id":1,"workflow_instance_id":2,"workflow_run_id":3,"workflow_uuid":"u","status":"CREATED","timeline_event":{"timestamp":1600000000000,"type":"LOG","level":"INFO","message":"hello"}}`},
		{"workflow action", &WorkflowActionResponse{"w", 0, instance.ActionEvent(5, "DEACTIVATE", "amy", "m", "")},
			`{"workflow_id":"w","workflow_version_id":0,"timeline_event":{"timestamp":5,"type":"ACTION","action":"DEACTIVATE","author":"amy","message":"m"}}`},
		{"instance action", &InstanceActionResponse{"w", 1, 1, instance.InProgress, false, "i", log},
			`{"workflow_id":"w","workflow_instance_id":1,"workflow_run_id":1,"workflow_instance_status":"IN_PROGRESS","info":"i","timeline_event":{"timestamp":1600000000000,"type":"LOG","level":"INFO","message":"hello"},"completed":false}`},
		{"step action", &StepActionResponse{WorkflowID: "w", Instance: 1, Run: 1, StepID: "s", Attempt: 1, Event: instance.StatusEvent(1, "STOPPED"), State: &RuntimeState{Status: instance.StepStopped, Times: [Moments]int64{0: 7, 10: 9}}},
			`{"workflow_id":"w","workflow_instance_id":1,"workflow_run_id":1,"step_id":"s","step_attempt_id":1,"step_runtime_state":{"status":"STOPPED","create_time":7,"modify_time":9},"timeline_event":{"timestamp":1,"type":"STATUS","status":"STOPPED"}}`},
		{"step restart", &StepRestartResponse{WorkflowID: "w", Version: 1, Instance: 1, Run: 1, Status: StartCreated, Event: log},
			`{"workflow_id":"w","workflow_version_id":1,"workflow_instance_id":1,"workflow_run_id":1,"status":"CREATED","timeline_event":{"timestamp":1600000000000,"type":"LOG","level":"INFO","message":"hello"}}`},
		{"overview", &WorkflowOverview{WorkflowID: "w", Active: 1, Latest: 2, Default: 1, Properties: wire.Raw(`{"owner":"t"}`), Failed: 0},
			`{"workflow_id":"w","active_version_id":1,"latest_version_id":2,"default_version_id":1,"properties_snapshot":{"owner":"t"},"nonterminal_instances":{"CREATED":0,"IN_PROGRESS":0,"PAUSED":0},"failed_instances":0}`},
		{"timeline", &WorkflowTimeline{"w", []WorkflowEvent{{"amy", "l", 2}, {"", "m", 1}}},
			`{"workflow_id":"w","timeline_events":[{"author":"amy","log":"l","timestamp":2},{"author":null,"log":"m","timestamp":1}]}`},
		{"error", ErrorOf(fault.WithDetails(fault.NotFound, "gone", "a", "b")), `{"status":"NOT_FOUND","message":"gone","errors":["a","b"]}`},
		{"busy", ErrorOf(fault.New(fault.Unavailable, "later")), `{"status":"SERVICE_UNAVAILABLE","message":"later","retryable":true}`},
		{"page", &Page[wire.Raw]{Elements: []wire.Raw{`4`, `3`}, First: 4, Last: 3, Max: 5, Min: 1},
			`{"page_info":{"start_cursor":"4","end_cursor":"3","has_previous_page":true,"has_next_page":true,"start_index":2},"total_count":5,"elements":[4,3]}`},
		{"empty page", &Page[wire.Raw]{}, `{"page_info":{"start_cursor":null,"end_cursor":null,"has_previous_page":false,"has_next_page":false,"start_index":null},"total_count":0,"elements":[]}`},
		{"breakpoint", &Breakpoint{WorkflowID: "w", StepID: "s", CreateTime: 1, CreatedBy: &workflow.User{Name: "amy"}}, `{"workflow_id":"w","step_id":"s","create_time":1,"created_by":"amy"}`},
		{"paused", &PausedAttempt{"w", 1, 2, 3, "s", 4, 5}, `{"workflow_id":"w","workflow_version_id":1,"workflow_instance_id":2,"workflow_run_id":3,"step_id":"s","step_attempt_id":4,"create_time":5}`},
		{"signal", &signal.Instance{Name: "s", Sequence: 1, ID: "i"}, `{"name":"s","seq_id":1,"instance_id":"i","request_time":0,"create_time":0}`},
		{"run", aRun(), wantRun},
		{"step", aStep(), wantStep},
	} {
		if got := string(c.doc.AppendJSON(nil)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		} else if _, err := wire.Parse([]byte(got)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func aRun() *WorkflowInstance {
	refs := new(param.Ordered[[]string])
	refs.Set("w:1", []string{"1:s:1"})
	return &WorkflowInstance{
		WorkflowID: "w", Instance: 1, Run: 1, UUID: "u", CorrelationID: "w:1:1", Version: 1, GroupInfo: 64, InternalID: 7, ExecutionID: "u",
		Config:   RunConfig{Policy: FreshRun, Restart: &RestartConfig{Path: []RestartNode{{"w", 1, ""}}, Policy: RestartIncomplete, SkipSteps: []string{"x"}}},
		Workflow: wire.Raw(`{"id":"w"}`), DAG: wire.Raw(`{"s":{}}`), Initiator: &Initiator{Type: Manual}, Status: instance.Failed,
		Properties:  &RunProperties{CreateTime: 3, Owner: &workflow.User{Name: "amy"}},
		RequestTime: 1, CreateTime: 2, StartTime: 3, EndTime: 4, ModifyTime: 5,
		Overview: &RuntimeOverview{TotalSteps: 1, Steps: []StatusSteps{{instance.FatallyFailed, []StepTimes{{1, 0, 9}}}},
			Rollup: Rollup{TotalLeaves: 1, Statuses: []StatusRollup{{instance.FatallyFailed, 1, refs}}}, RunStatus: instance.Succeeded},
		Timeline:   []instance.TimelineEvent{{Timestamp: 1, Type: "DETAILS", Status: "BAD_REQUEST", Message: "m", Errors: []string{"e"}}},
		Aggregated: &AggregatedInfo{instance.Failed, []AggregatedStep{{"s", 1, instance.FatallyFailed, 8, 9}, {StepID: "t"}}},
	}
}

const wantRun = `{"workflow_id":"w","workflow_instance_id":1,"workflow_run_id":1,"workflow_uuid":"u","correlation_id":"w:1:1","workflow_version_id":1,"group_info":64,"internal_id":7,"execution_id":"u",` +
	`"run_config":{"policy":"START_FRESH_NEW_RUN","restart_config":{"restart_path":[{"workflow_id":"w","instance_id":1,"step_id":null}],"restart_policy":"RESTART_FROM_INCOMPLETE","skip_steps":["x"]}},` +
	`"run_params":{},"run_properties":{"create_time":3,"owner":"amy"},"runtime_workflow":{"id":"w"},"runtime_dag":{"s":{}},"initiator":{"depth":0,"type":"MANUAL"},"status":"FAILED",` +
	`"request_time":1,"create_time":2,"start_time":3,"end_time":4,"modify_time":5,` +
	`"runtime_overview":{"total_step_count":1,"step_overview":{"FATALLY_FAILED":{"cnt":1,"steps":[[1,null,9]]}},"rollup_overview":{"total_leaf_count":1,"overview":{"FATALLY_FAILED":{"cnt":1,"ref":{"w:1":["1:s:1"]}}}},"run_status":"SUCCEEDED"},` +
	`"timeline":[{"timestamp":1,"type":"DETAILS","status":"BAD_REQUEST","message":"m","errors":["e"]}],` +
	`"aggregated_info":{"workflow_instance_status":"FAILED","step_aggregated_views":{"s":{"workflow_run_id":1,"status":"FATALLY_FAILED","start_time":8,"end_time":9},"t":{"status":"NOT_CREATED"}}}}`

func aStep() *StepInstance {
	params := new(param.Params)
	params.Set("x", param.NewParam(param.Long, int64(2), 9))
	artifacts := new(param.Bag)
	artifacts.Set("k", `{"a":1}`)
	return &StepInstance{
		WorkflowID: "w", Instance: 1, Run: 1, StepID: "s", Attempt: 1, WorkflowUUID: "u", StepUUID: "v", CorrelationID: "w:1:1", StepInstance: 1, Version: 1, GroupInfo: 64,
		Owner: wire.Raw(`"amy"`), Definition: wire.Raw(`{"step":{}}`), Tags: []workflow.Tag{}, Params: Params{params},
		Transition: StepTransition{Successors: []StepEdge{{"t", "x > 1", true, true, 9}, {StepID: "z", Condition: "true"}}},
		Retry:      StepRetry{Retryable: true, Rules: workflow.DefaultRetry()},
		State:      RuntimeState{Status: instance.StepSucceeded, Times: [Moments]int64{1, 2, 0, 3}},
		Waits:      &signal.Dependencies{List: []signal.Dependency{{Name: "a", Status: signal.Pending}}},
		Artifacts:  artifacts, Timeline: []instance.TimelineEvent{instance.StatusEvent(1, "CREATED")},
	}
}

const wantStep = `{"workflow_id":"w","workflow_instance_id":1,"workflow_run_id":1,"step_id":"s","step_attempt_id":1,"workflow_uuid":"u","step_uuid":"v","correlation_id":"w:1:1","step_instance_id":1,"workflow_version_id":1,"group_info":64,` +
	`"owner":"amy","definition":{"step":{}},"tags":[],"params":{"x":{"value":2,"type":"LONG","evaluated_result":2,"evaluated_time":9}},` +
	`"transition":{"successors":{"t":{"expression":"x > 1","type":"BOOLEAN","evaluated_result":true,"evaluated_time":9},"z":{"expression":"true","type":"BOOLEAN"}}},` +
	`"step_retry":{"error_retries":0,"error_retry_limit":2,"platform_retries":0,"platform_retry_limit":10,"timeout_retries":0,"timeout_retry_limit":0,"manual_retries":0,"retryable":true,` +
	`"backoff":{"type":"EXPONENTIAL_BACKOFF","error_retry_backoff_in_secs":60,"error_retry_exponent":2,"error_retry_limit_in_secs":600,"platform_retry_backoff_in_secs":60,"platform_retry_exponent":2,"platform_retry_limit_in_secs":3600,"timeout_retry_backoff_in_secs":60,"timeout_retry_exponent":2,"timeout_retry_limit_in_secs":3600}},` +
	`"runtime_state":{"status":"SUCCEEDED","create_time":1,"initialize_time":2,"wait_signal_time":3},"signal_dependencies":{"dependencies":[{"name":"a","status":"PENDING"}]},"artifacts":{"k":{"a":1}},"timeline":[{"timestamp":1,"type":"STATUS","status":"CREATED"}]}`

// The encoders of what is asked for all the time allocate nothing but the buffer.
func TestHotEncodersDoNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64<<10)
	for name, doc := range map[string]wire.Appender{
		"start": &WorkflowStartResponse{"w", 1, 2, 3, "u", StartCreated, instance.Log(1, "INFO", "m")}, "run": aRun(), "step": aStep(),
	} {
		if n := testing.AllocsPerRun(100, func() { buf = doc.AppendJSON(buf[:0]) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestPageQuery(t *testing.T) {
	for _, c := range []struct {
		first, last, cursor string
		high, low           int64 // among 3..10
	}{
		{"3", "", "", 10, 8}, {"3", "", "8", 7, 5}, {"3", "", "4", 3, 3}, {"200", "", "", 10, 3}, {"3", "", "3", 2, 3}, {"3", "", "99", 10, 8},
		{"", "3", "", 5, 3}, {"", "3", "5", 8, 6}, {"", "3", "9", 10, 10}, {"", "3", "10", 10, 11}, {"", "3", "9223372036854775807", 10, 11},
	} {
		q, err := ParsePageQuery(c.first, c.last, c.cursor)
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if high, low := q.Range(3, 10); high != c.high || low != c.low {
			t.Errorf("%v: got %d to %d", c, high, low)
		}
	}
	for _, c := range [][3]string{{"", "", ""}, {"1", "1", ""}, {"0", "", ""}, {"201", "", ""}, {"x", "", ""}, {"1", "", "x"}, {"1", "", "-1"}} {
		if _, err := ParsePageQuery(c[0], c[1], c[2]); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestActionMaps(t *testing.T) {
	if got := string(AppendActionMap(nil)); !strings.Contains(got, `"FAILED":["RESTART","UNBLOCK"]`) {
		t.Error(got)
	}
	got := string(AppendStepActionMap(nil))
	if strings.Contains(got, "NOT_CREATED") || !strings.Contains(got, `"WAITING_FOR_SIGNALS":["STOP","KILL","SKIP","BYPASS_STEP_DEPENDENCIES"]`) {
		t.Error(got)
	}
}

// The sample requests of the original are all read; those that are invalid are for validate to refuse.
func TestSampleRequests(t *testing.T) {
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
		t.Skipf("the sample requests are not here (%v); set SEGUE_SHARED to the folder that holds conformance/data", err)
	}
	sample := func(path string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	const fixtures = "maestro-common/src/testFixtures/resources/fixtures/"
	for path, read := range map[string]func([]byte) error{
		"api/sample-workflow-create-request.json":                  func(b []byte) error { _, err := ReadCreate(b); return err },
		"api/sample-workflow-create-request-params.json":           func(b []byte) error { _, err := ReadCreate(b); return err },
		"api/sample-workflow-start-request.json":                   func(b []byte) error { _, err := ReadStart(b); return err },
		"api/sample-workflow-restart-request.json":                 func(b []byte) error { _, err := ReadRestart(b); return err },
		"api/sample-step-restart-request.json":                     func(b []byte) error { _, err := ReadStepRestart(b); return err },
		"api/sample-step-restart-request-from-root.json":           func(b []byte) error { _, err := ReadStepRestart(b); return err },
		"api/sample-workflow-properties-update-request.json":       func(b []byte) error { _, err := ReadPropertiesUpdate(b); return err },
		"api/sample-workflow-properties-update-request-reset.json": func(b []byte) error { _, err := ReadPropertiesUpdate(b); return err },
		"api/sample-signal-create-request.json":                    func(b []byte) error { _, err := ReadSignal(b); return err },
		"api/sample-tag-permit-request.json":                       func(b []byte) error { _, err := ReadTagPermit(b); return err },
		"api/sample-output-data-request.json":                      func(b []byte) error { _, err := ReadOutputData(b); return err },
		"api/sample-job-template-create-request.json":              func(b []byte) error { _, err := ReadJobTemplate(b); return err },
		"workflows/definition/sample-tag-with-attributes.json":     func(b []byte) error { _, err := ReadTag(b); return err },
		"alerting/sample-wf-invalid-alerting.json":                 func(b []byte) error { _, err := ReadCreate(b); return err },
	} {
		if err := read(sample(fixtures + path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	entries, err := filepath.Glob(filepath.Join(dir, fixtures, "workflows/request/*.json"))
	samples, err2 := filepath.Glob(filepath.Join(dir, "maestro-server/src/test/resources/samples/*.json"))
	if err != nil || err2 != nil || len(entries) < 20 || len(samples) < 20 {
		t.Fatalf("%d requests, %d samples", len(entries), len(samples))
	}
	for _, path := range append(entries, samples...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCreate(text); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	initiators := parse(t, string(sample(fixtures+"initiator/sample-initiators.json")))
	for i := range initiators.Fields {
		if _, err := DecodeInitiator(&initiators.Fields[i].Node); err != nil {
			t.Errorf("%s: %v", initiators.Fields[i].Name, err)
		}
	}
}

func FuzzReadStart(f *testing.F) {
	f.Add(`{"initiator":{"type":"manual"},"request_id":"97a57978-803f-403e-9f9b-376d34689723","run_params":{"a":{"value":1,"type":"LONG"}},"runtime_tags":["x"]}`)
	f.Fuzz(func(t *testing.T, body string) {
		if _, err := ReadStart([]byte(body)); err != nil && !fault.Is(err, fault.BadRequest) {
			t.Fatal(err)
		}
		if r, err := ReadCreate([]byte(body)); err == nil {
			if _, err := ReadCreate(r.AppendJSON(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkRun(b *testing.B) {
	run, buf := aRun(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf = run.AppendJSON(buf[:0])
	}
}

func BenchmarkStep(b *testing.B) {
	step, buf := aStep(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf = step.AppendJSON(buf[:0])
	}
}
