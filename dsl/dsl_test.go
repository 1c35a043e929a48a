package dsl

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/validate"
	"github.com/segue-run/segue/workflow"
)

const nightly = `
Workflow:
  id: nightly-etl
  owner: amy
  run_strategy: parallel
  workflow_concurrency: 3
  tags: [etl]
  timeout: 2h
  region: eu
  '!threshold<long>(constant)': "10 * 5"
  jobs:
    - job: {id: pull, type: Sleep, sleep_seconds: 1, transition: ["IF threshold > 40 THEN shards", "OTHERWISE report"]}
    - foreach:
        id: shards
        concurrency: 5
        ranges: {n: {to: 3}}
        jobs: [{job: {id: crunch, type: noop}}]
    - subworkflow: {id: report, workflow_id: report-wf, version: latest, sync: false}
`

func TestExample(t *testing.T) {
	r, err := Decode([]byte(nightly))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"properties":{"owner":"amy","run_strategy":{"rule":"PARALLEL","workflow_concurrency":3},"step_concurrency":20},` +
		`"workflow":{"id":"nightly-etl","tags":[{"name":"etl"}],"timeout":"2h",` +
		`"params":{"region":{"value":"eu","type":"STRING"},"threshold":{"expression":"10 * 5","type":"LONG","mode":"CONSTANT"}},` +
		`"steps":[{"step":{"id":"pull","transition":{"successors":{"shards":"threshold > 40","report":"!((threshold > 40))"}},"type":"Sleep","params":{"sleep_seconds":{"value":1,"type":"LONG"}}}},` +
		`{"foreach":{"id":"shards","transition":{},"concurrency":5,"params":{"loop_params":{"value":{"n":{"expression":"Util.intsBetween(0, 3, 1);","type":"LONG_ARRAY"}},"type":"MAP"}},` +
		`"steps":[{"step":{"id":"crunch","transition":{},"type":"NoOp","params":{}}}]}},` +
		`{"subworkflow":{"id":"report","transition":{},"sync":false,"params":{"subworkflow_id":{"value":"report-wf","type":"STRING"},"subworkflow_version":{"value":"latest","type":"STRING"}}}}]},` +
		`"is_active":true}`
	if got := string(r.AppendJSON(nil)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if err := validate.Create(r); err != nil {
		t.Errorf("%v %q", err, fault.DetailsOf(err))
	}
}

// TestParams reads one param each and shows its definition.
func TestParams(t *testing.T) {
	for in, want := range map[string]string{
		`x: text`:                      `"x":{"value":"text","type":"STRING"}`,
		`x: 15`:                        `"x":{"value":15,"type":"LONG"}`,
		`x: -1_000`:                    `"x":{"value":-1000,"type":"LONG"}`,
		`x: 0x1F`:                      `"x":{"value":31,"type":"LONG"}`,
		`x: "15"`:                      `"x":{"value":"15","type":"STRING"}`,
		`x: 1.50`:                      `"x":{"value":1.50,"type":"DOUBLE"}`,
		`x: .5`:                        `"x":{"value":0.5,"type":"DOUBLE"}`,
		`x: 1e3`:                       `"x":{"value":1.0e3,"type":"DOUBLE"}`,
		`x: yes`:                       `"x":{"value":true,"type":"BOOLEAN"}`,
		`x: Off`:                       `"x":{"value":false,"type":"BOOLEAN"}`,
		`x: 'no'`:                      `"x":{"value":"no","type":"STRING"}`,
		`x: !!str 5`:                   `"x":{"value":"5","type":"STRING"}`,
		`x: 2020-01-01`:                `"x":{"value":"2020-01-01","type":"STRING"}`,
		`x: 12:30`:                     `"x":{"value":"12:30","type":"STRING"}`,
		`x: .inf`:                      `"x":{"value":".inf","type":"STRING"}`,
		`x: y`:                         `"x":{"value":"y","type":"STRING"}`,
		`x: [a, b]`:                    `"x":{"value":["a","b"],"type":"STRING_ARRAY"}`,
		`x: [1, 2]`:                    `"x":{"value":[1,2],"type":"LONG_ARRAY"}`,
		`x: [1, 2.5]`:                  `"x":{"value":[1,2.5],"type":"DOUBLE_ARRAY"}`,
		`x: [on, off]`:                 `"x":{"value":[true,false],"type":"BOOLEAN_ARRAY"}`,
		`x: []`:                        `"x":{"value":[],"type":"STRING_ARRAY"}`,
		`x<array<long>>: []`:           `"x":{"value":[],"type":"LONG_ARRAY"}`,
		`x<double_array>: [1, 2]`:      `"x":{"value":[1,2],"type":"DOUBLE_ARRAY"}`,
		`x<double>: 1`:                 `"x":{"value":1,"type":"DOUBLE"}`,
		`x: {a: b}`:                    `"x":{"value":{"a":"b"},"type":"STRING_MAP"}`,
		`x: {}`:                        `"x":{"value":{},"type":"MAP"}`,
		`x<map>: {}`:                   `"x":{"value":{},"type":"STRING_MAP"}`,
		`x<pmap>: {a: b}`:              `"x":{"value":{"a":{"value":"b","type":"STRING"}},"type":"MAP"}`,
		`x: {a: 1, '!b<long>': 1 + 1}`: `"x":{"value":{"a":{"value":1,"type":"LONG"},"b":{"expression":"1 + 1","type":"LONG"}},"type":"MAP"}`,
		`x(Constant): 1`:               `"x":{"value":1,"type":"LONG","mode":"CONSTANT"}`,
		`'!x': a + b`:                  `"x":{"expression":"a + b","type":"STRING"}`,
		`'!x<long>': 5`:                `"x":{"expression":"5","type":"LONG"}`,
		`'!x <STRING_ARRAY> (mutable_on_start)': y`: `"x":{"expression":"y","type":"STRING_ARRAY","mode":"MUTABLE_ON_START"}`,
		"x: |\n    a\n    b":                        `"x":{"value":"a\nb\n","type":"STRING"}`,
		"a: &k [1]\n  x: *k":                        `"a":{"value":[1],"type":"LONG_ARRAY"},"x":{"value":[1],"type":"LONG_ARRAY"}`,
		"x: 1\n  x: 2":                              `"x":{"value":2,"type":"LONG"}`,
		"gone: 1\n  workflow_params: {x: 2}":        `"x":{"value":2,"type":"LONG"}`,
	} {
		r, err := Decode([]byte("workflow:\n  " + in + "\n"))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := string(param.AppendDefinitions(nil, r.Workflow.Params)); got != "{"+want+"}" {
			t.Errorf("%s:\n got %s\nwant {%s}", in, got, want)
		}
	}
}

// TestJobs reads one job each and shows the step.
func TestJobs(t *testing.T) {
	for in, want := range map[string]string{
		`job: {id: a, type: NOOP, tags: [], transition: []}`:                                                                                                              `{"step":{"id":"a","transition":{},"type":"NoOp","tags":[],"params":{}}}`,
		`Job: {id: a, type: command, command: [ls, -l], env: {HOME: /x}, working_dir: /tmp, timeout: 60}`:                                                                 `{"step":{"id":"a","transition":{},"type":"command","timeout":"60","params":{"command":{"value":["ls","-l"],"type":"STRING_ARRAY"},"env":{"value":{"HOME":"/x"},"type":"STRING_MAP"},"working_dir":{"value":"/tmp","type":"STRING"}}}}`,
		`job: {id: a, type: noop, failure_mode: ignore_failure, retry_policy: {error_retry_limit: 3, backoff: {type: fixed_backoff, error_retry_backoff_in_secs: 1min}}}`: `{"step":{"id":"a","transition":{},"type":"NoOp","failure_mode":"IGNORE_FAILURE","retry_policy":{"error_retry_limit":3,"backoff":{"error_retry_backoff_in_secs":"1min","type":"FIXED_BACKOFF"}},"params":{}}}`,
		`job: {id: a, type: noop, x: 1, job_params: {y: 2}}`:                                                                                                              `{"step":{"id":"a","transition":{},"type":"NoOp","params":{"y":{"value":2,"type":"LONG"}}}}`,
		`job: {id: a, type: spark, type_version: v1}`:                                                                                                                     `{"step":{"id":"a","transition":{},"type":"Notebook","sub_type":"spark","params":{}}}`,
		`job: {id: 5, name: No, type: noop}`:                                                                                                                              `{"step":{"id":"5","name":"No","transition":{},"type":"NoOp","params":{}}}`,
		`job: {id: a, name: null, type: noop}`:                                                                                                                            `{"step":{"id":"a","transition":{},"type":"NoOp","params":{}}}`,
		`job: {id: a, type: noop, transition: b}`:                                                                                                                         `{"step":{"id":"a","transition":{"successors":{"b":"true"}},"type":"NoOp","params":{}}}`,
		`job: {id: a, type: noop, transition: ["", "if x > 1 then b", "IF y THEN THEN c", otherwise d, null]}`:                                                            `{"step":{"id":"a","transition":{"successors":{"b":"x \u003e 1","c":"y THEN","d":"!((x \u003e 1) || (y THEN))"}},"type":"NoOp","params":{}}}`,
		`job: {id: a, type: noop, transition: [OTHERWISE d]}`:                                                                                                             `{"step":{"id":"a","transition":{"successors":{"d":"true"}},"type":"NoOp","params":{}}}`,
		`subworkflow: {id: s, explicit_params: true, foo: bar}`:                                                                                                           `{"subworkflow":{"id":"s","transition":{},"explicit_params":true,"params":{"subworkflow_id":{"value":"s","type":"STRING"},"foo":{"value":"bar","type":"STRING"}}}}`,
		`subworkflow: {id: s, subworkflow_id: c, version: 3, workflow_version: latest}`:                                                                                   `{"subworkflow":{"id":"s","transition":{},"params":{"subworkflow_id":{"value":"c","type":"STRING"},"subworkflow_version":{"value":"3","type":"STRING"},"workflow_version":{"value":"latest","type":"STRING"}}}}`,
		`foreach: {id: f, loop_params: {}, ranges: {}, jobs: []}`:                                                                                                         `{"foreach":{"id":"f","transition":{},"params":{"loop_params":{"value":{},"type":"MAP"}},"steps":[]}}`,
		`foreach: {id: f, params: {d: [1]}, ranges: {h: {from: 1, to: n, increment: -1}, i: [2, 8], j: !!python/tuple [0, 9, 3], k: [4]}, foo: bar, job_concurrency: 2, jobs: []}`: `{"foreach":{"id":"f","transition":{},"concurrency":2,"params":{"foo":{"value":"bar","type":"STRING"},"loop_params":{"value":{"d":{"value":[1],"type":"LONG_ARRAY"},"h":{"expression":"Util.intsBetween(1, n, -1);","type":"LONG_ARRAY"},"i":{"expression":"Util.intsBetween(2, 8, 1);","type":"LONG_ARRAY"},"j":{"expression":"Util.intsBetween(0, 9, 3);","type":"LONG_ARRAY"},"k":{"expression":"Util.intsBetween(0, 4, 1);","type":"LONG_ARRAY"}},"type":"MAP"}},"steps":[]}}`,
		`while: {id: w, condition: n < 2, jobs: []}`: `{"while":{"id":"w","transition":{},"condition":"n \u003c 2","params":{},"steps":[]}}`,
		`while: {id: w, condition: n < 2, params: {n: 0}, jobs: [{job: {id: x, type: noop}}, {job: {id: y, type: noop}}], dag: sequential}`: `{"while":{"id":"w","transition":{},"condition":"n \u003c 2","params":{"loop_params":{"value":{"n":{"value":0,"type":"LONG"}},"type":"MAP"}},"steps":[{"step":{"id":"x","transition":{"successors":{"y":"true"}},"type":"NoOp","params":{}}},{"step":{"id":"y","transition":{},"type":"NoOp","params":{}}}]}}`,
	} {
		want = strings.NewReplacer(`\u003e`, ">", `\u003c`, "<").Replace(want)
		r, err := DecodeWith([]byte("workflow:\n  jobs:\n    - "+in+"\n"), templates{})
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := string(r.Workflow.Steps[0].AppendJSON(nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
}

type templates struct{}

func (templates) StepType(jobType, version string) (workflow.Type, bool) {
	switch jobType + " " + version {
	case "spark v1", "shell default":
		return workflow.TypeNotebook, true
	}
	return "", false
}

func TestJobTemplate(t *testing.T) {
	const text = "owner: amy\nstatus: beta\nsupport: here\nteam: x\ndefinition:\n  job_type: shell\n  step_type: notebook\n  version: v1\n  params:\n    script: {value: ls, type: string}\n"
	tpl, err := DecodeJobTemplate([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"owner":"amy","status":"beta","support":"here","team":"x"},"definition":{"job_type":"shell","step_type":"Notebook","version":"v1","params":{"script":{"value":"ls","type":"STRING"}}}}`
	if got := string(tpl.AppendJSON(nil)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for in, want := range map[string]string{
		"a: [":                                "YAML parse error",
		"definition: {job_kind: x}":           `YAML job template: definition.job_kind: unknown field "job_kind"`,
		"definition:\n  params: {script: ls}": "definition.params.script: want an object, not a string (line 2, column 20)",
	} {
		if _, err := DecodeJobTemplate([]byte(in)); !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestDAG(t *testing.T) {
	const four = "  jobs: [{job: {id: a, type: noop}}, {job: {id: b, type: noop, transition: d}}, {job: {id: c, type: noop}}, {job: {id: d, type: noop}}]\n"
	for dag, want := range map[string]string{
		"sequential":                      "a>b b>d c>d d",
		"Parallel":                        "a b>d c d",
		"{a: [IF x THEN b, OTHERWISE c]}": "a>b,c b>d c d",
		"{a: c, b: [c]}":                  "a>c b>d c d",
		"":                                "a b>d c d",
	} {
		r, err := Decode([]byte("workflow:\n  dag: " + dag + "\n" + four))
		if err != nil {
			t.Errorf("%s: %v", dag, err)
			continue
		}
		var got []string
		for _, s := range r.Workflow.Steps {
			text := s.ID
			if s.Transition.Successors.Len() > 0 {
				text += ">" + strings.Join(s.Transition.Successors.Keys(), ",")
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, want %s", dag, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	for in, want := range map[string]string{
		"owner: amy":              `{"owner":"amy","run_strategy":{"rule":"SEQUENTIAL","workflow_concurrency":1},"step_concurrency":20}`,
		"workflow_concurrency: 7": `{"run_strategy":{"rule":"SEQUENTIAL","workflow_concurrency":1},"step_concurrency":20}`,
		"run_strategy: Parallel":  `{"run_strategy":{"rule":"PARALLEL","workflow_concurrency":20},"step_concurrency":20}`,
		"run_strategy: last_only\n  workflow_concurrency: 1": `{"run_strategy":{"rule":"LAST_ONLY","workflow_concurrency":1},"step_concurrency":20}`,
		"retention: {keep_for: 30 days, keep_runs: 100}":     `{"run_strategy":{"rule":"SEQUENTIAL","workflow_concurrency":1},"step_concurrency":20,"retention":{"keep_for":"30 days","keep_runs":100}}`,
		"retention: 30": `{"run_strategy":{"rule":"SEQUENTIAL","workflow_concurrency":1},"step_concurrency":20}`,
	} {
		r, err := Decode([]byte("workflow:\n  " + in + "\n"))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := string(r.Properties.AppendJSON(nil)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	body := func(s string) string { return "workflow:\n  " + s + "\n" }
	job := func(s string) string { return "workflow:\n  jobs:\n    - job: {id: a, type: noop}\n    - " + s + "\n" }
	for _, c := range []struct{ in, want string }{
		{"", "YAML parse error: the document is empty"},
		{"# nothing", "YAML parse error: the document is empty"},
		{"a: [", "YAML parse error: yaml: line 1: did not find expected node content"},
		{"a: 1\n---\nb: 2", "want one document, not several"},
		{"a: b", "want a mapping with the one key Workflow (or workflow) (line 1, column 1)"},
		{"WORKFLOW: {}", "want a mapping with the one key Workflow"},
		{"workflow: {}\nmore: 1", "want a mapping with the one key Workflow"},
		{"workflow: []", "want a mapping, not an array"},
		{body("x:"), "workflow.x: a param must have a value (line 2, column"},
		{body("x<long>: text"), "workflow.x<long>: the value is of type STRING, but the key says LONG (line 2, column 12)"},
		{body("x<string>: 5"), "the value is of type LONG, but the key says STRING"},
		{body("x<number>: 5"), `names the unknown type "number"; want one of string, long`},
		{body("x(sometimes): 5"), `names the unknown mode "sometimes"; want one of mutable`},
		{body("x>: 5"), "has a > without a <"},
		{body("x): 5"), "has a ) without a ("},
		{body("'!': 5"), "is not of the form [!]name[<type>][(mode)]"},
		{body("'a<b': 5"), "is not of the form"},
		{body("'!x': [1]"), "the value must be an expression"},
		{body("x: 1\n  '!x': 2"), `there are two params of the name "x" (line 3, column 3)`},
		{body("x: [1, a]"), "workflow.x: the elements of a list must have one type; this one is STRING, the first LONG (line 2, column 10)"},
		{body("x: [[1]]"), "the elements of a list must be scalars, not an array"},
		{body("x: [null]"), "a value cannot be null"},
		{body("x: {a: {b: null}}"), "workflow.x.a.b: a param must have a value"},
		{body("x: 0123"), "the number 0123 begins with 0"},
		{body("x: 99999999999999999999"), "does not fit 64 bits"},
		{body("x: 1e999"), "does not fit a double"},
		{body("x: !binary a"), "unknown tag !binary"},
		{body("x: !!int a"), `"a" is not what its tag !!int says`},
		{body("<<: {a: 1}"), "merge keys (<<) are not supported"},
		{body("[a]: 1"), "a key must be a text, not an array"},
		{body("x: *nobody"), "unknown anchor 'nobody' referenced"},
		{body("run_strategy: sometimes"), `workflow.run_strategy: unknown value "sometimes"; want one of SEQUENTIAL`},
		{body("run_strategy: sequential\n  workflow_concurrency: 2"), "Only PARALLEL run strategy allows"},
		{body("run_strategy: 3"), "want the name of a rule, not a number"},
		{body("criticality: extreme"), "workflow.criticality: unknown value"},
		{body("dag: random"), `workflow.dag: unknown order "random"; want sequential, parallel`},
		{body("dag: {zzz: [a]}"), `workflow.dag: there is no job "zzz" on this level (line 2, column 9)`},
		{body("jobs: {}"), "workflow.jobs: want a list of jobs, not an object"},
		{job("task: {id: a}"), `workflow.jobs[1]: unknown kind of job "task"; want one of job, subworkflow, foreach, while (line 4, column 7)`},
		{job("{job: {}, while: {}}"), "want a mapping with exactly one of the keys job"},
		{job("job: x"), "workflow.jobs[1].job: want a mapping, not a string"},
		{job("job: {id: b}"), "workflow.jobs[1].job: a job must have a type"},
		{job("job: {id: b, type: no-such}"), `workflow.jobs[1].job.type: unknown type "no-such": neither a job template (version default) nor one of NoOp, Sleep`},
		{job("job: {id: b, type: noop, transition: [OTHERWISE a, a]}"), "workflow.jobs[1].job.transition: OTHERWISE must be the last transition"},
		{job("job: {id: b, type: noop, transition: [WHEN x THEN a]}"), `"WHEN x THEN a" is no transition; want a job id`},
		{job("job: {id: b, type: noop, transition: [IF x THEN a, a]}"), `two transitions lead to job "a"`},
		{job("job: {id: b, type: noop, failure_mode: maybe}"), "workflow.jobs[1].job.failure_mode: unknown value"},
		{job("job: {id: b, type: noop, retry_policy: {tries: 1}}"), `workflow.jobs[1].job.retry_policy.tries: unknown field "tries"`},
		{job("job: {id: b, type: noop, timeout: [1]}"), "workflow.jobs[1].job.timeout: want seconds or a text like 1h 30min, not an array"},
		{job("job: {id: [b], type: noop}"), "workflow.jobs[1].job.id: want a text, not an array"},
		{job("foreach: {id: f, ranges: {n: {from: 1}}}"), "workflow.jobs[1].foreach.ranges.n: a range must have an end: to"},
		{job("foreach: {id: f, ranges: {n: {to: 1.5}}}"), "want an integer, not 1.5"},
		{job("foreach: {id: f, ranges: {n: {to: 1, step: 2}}}"), `unknown key "step"; want from, to and increment`},
		{job("foreach: {id: f, ranges: {n: {to: 1, increment: 0}}}"), "the increment of a range cannot be 0"},
		{job("foreach: {id: f, params: {n: [1]}, ranges: {n: [1]}}"), `there are two loop params of the name "n"`},
		{job("foreach: {id: f, jobs: [{job: {id: x}}]}"), "workflow.jobs[1].foreach.jobs[0].job: a job must have a type"},
		{job("subworkflow: {id: s, '!subworkflow_id': x}"), `there are two params of the name "subworkflow_id"`},
		{strings.Repeat("a", MaxSize+1), "over the limit of 262144"},
		{body("x: " + strings.Repeat("[", 100) + strings.Repeat("]", 100)), "nested deeper than 64"},
		{body(bomb(8)), "the document has more than 200000 values, aliases counted as often as they are used"},
		{body("x: &x [*x]"), "nested deeper than 64"},
		{body("x: &x [*x, *x, *x]"), "nested deeper than 64"},
	} {
		r, err := Decode([]byte(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) || !fault.Is(err, fault.BadRequest) {
			t.Errorf("%.100s:\n got %v, %v\nwant %s", c.in, r, err, c.want)
		}
	}
}

// bomb is a document whose aliases multiply tenfold on each level.
func bomb(levels int) string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < levels; i++ {
		from := "*a" + string(rune('0'+i-1))
		text += "  a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat(from+", ", 9) + from + "]\n"
	}
	return text
}

// No document of the largest size takes long, whatever is in it.
func TestHostileDocuments(t *testing.T) {
	for name, unit := range map[string]string{
		"flow": "[", "flow maps": "{a: ", "sequences": "- ", "questions": "? ", "tags": "!a ", "colons": "a: b: ", "anchors": "a: &x\n", "aliases": "- &x *x\n",
		"documents": "---\n", "comments": "# x\n", "quotes": "'", "escapes": `"\u0000`, "list": "- a\n", "numbers": "1,",
	} {
		text := strings.Repeat(unit, MaxSize/len(unit))
		begin := time.Now()
		_, err := Decode([]byte(text))
		if took := time.Since(begin); err == nil || took > 10*time.Second {
			t.Errorf("%s: %v after %v", name, err, took)
		}
	}
	var keys strings.Builder
	keys.WriteString("workflow:\n")
	for i := 0; keys.Len() < MaxSize-40; i++ {
		keys.WriteString("  k" + string(rune('a'+i%26)) + strconv.Itoa(i) + ": v\n")
	}
	begin := time.Now()
	r, err := Decode([]byte(keys.String()))
	if err != nil || time.Since(begin) > 10*time.Second || r.Workflow.Params.Len() < 10_000 {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

// The YAML samples of the original are read and valid.
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
	samples, err := filepath.Glob(filepath.Join(dir, "maestro-server/src/test/resources/samples/yaml/*.yaml"))
	if err != nil || len(samples) < 2 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	for _, path := range append(samples, filepath.Join(dir, "maestro-dsl/src/test/resources/fixtures/sample-dsl-wf-1.yaml")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := DecodeWith(text, templates{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if err := validate.Create(r); err != nil {
			t.Errorf("%s: %v %q", path, err, fault.DetailsOf(err))
		}
		again, err := api.ReadCreate(r.AppendJSON(nil))
		if err != nil || string(again.AppendJSON(nil)) != string(r.AppendJSON(nil)) {
			t.Errorf("%s: its JSON form does not read back: %v", path, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(nightly)
	f.Add("workflow:\n  x: &a {b: [1, 2.5, yes]}\n  y: *a\n  dag: sequential\n  jobs:\n    - while: {id: w, condition: x, jobs: []}\n")
	f.Add("Workflow: {id: a, '!p<array<long>>(constant)': x, jobs: [{foreach: {ranges: {n: [0, 5]}}}]}")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := DecodeWith([]byte(text), templates{})
		if err != nil {
			if !fault.Is(err, fault.BadRequest) {
				t.Fatalf("%v: %v", fault.KindOf(err), err)
			}
			return
		}
		// What YAML says can be said in JSON.
		if _, err := api.ReadCreate(r.AppendJSON(nil)); err != nil {
			t.Fatalf("%s: %v", r.AppendJSON(nil), err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode([]byte(nightly)); err != nil {
			b.Fatal(err)
		}
	}
}
