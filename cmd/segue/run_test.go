package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// runs writes a file and runs it, and returns the exit code and what a user sees.
func runs(t *testing.T, name, text string, change func(*runFlags)) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f := runFlags{file: filepath.Join(dir, name), output: "text", user: "amy"}
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&f)
	}
	var out, told bytes.Buffer
	code = conclude(run(t.Context(), f, &out, &told), &told)
	return code, out.String(), strings.ReplaceAll(told.String(), dir+string(filepath.Separator), "")
}

// yamlOf is a workflow with these keys and jobs.
func yamlOf(keys, jobs string) string {
	return "Workflow:\n  id: w\n  owner: amy\n" + keys + "  jobs: [" + jobs + "]\n"
}

const idle = "{job: {id: a, type: NoOp}}"

// What is wrong with a definition or a flag is said before anything runs: exit code 2, and nothing is left behind.
func TestRunIsRefused(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"no file", "w.yaml", "", "YAML parse error: the document is empty"},
		{"YAML", "w.yaml", "Workflow:\n  id: w\n  jobs:\n    - job: {id: a\n    - job: {id: b}\n", "w.yaml: YAML parse error: yaml: line 3: did not find expected ',' or '}'"},
		{"root", "w.yaml", "flow: {}", "want a mapping with the one key Workflow (or workflow) (line 1, column 1)"},
		{"JSON", "w.json", `{"workflow": {"id": "x",`, "w.json: JSON parse error: workflow: unexpected end of input"},
		{"field", "w.json", `{"workflow":{"id":"w","steps":[{"step":{"id":"a","type":"NoOp","colour":1}}]}}`, `workflow.steps[0].step.colour: unknown field "colour"; known fields are id, name,`},
		{"transition", "w.yaml", yamlOf("", "{job: {id: a, type: NoOp, transition: [z]}}"), "the definition is not valid\n  - workflow.steps [workflow step transition] is invalid for step [a]'s successor step id [z], which does not exist in steps"},
		{"cycle", "w.yaml", yamlOf("", "{job: {id: a, type: NoOp, transition: [b]}}, {job: {id: b, type: NoOp, transition: [a]}}"), "contains cycle: a -> b -> a"},
		{"ids", "w.yaml", yamlOf("", idle+", "+idle), "duplicate step ids - rejected id is [a]"},
		{"type of a param", "w.yaml", yamlOf("  n<long>: x\n", idle), "Workflow.n<long>: the value is of type STRING, but the key says LONG (line 4, column 12)"},
		{"unknown param", "w.yaml", yamlOf("  n: $x\n", idle), "cannot be run as it is defined: Param [n] referenced a non-existing param [x] in workflow [w]"},
		{"expression", "w.yaml", yamlOf("  '!n<long>': 1 + * 2\n", idle), `param [n]: 1:5: parse: found "*" where an expression should be`},
		{"step type", "w.yaml", yamlOf("", "{job: {id: a, type: Spark}}"), `unknown type "Spark"`},
		{"command", "w.yaml", yamlOf("", "{job: {id: a, type: command}}"), "step [a] of type command must have a param command of type STRING or STRING_ARRAY"},
		{"failure mode", "w.yaml", yamlOf("", "{job: {id: a, type: NoOp, failure_mode: SHRUG}}"), `unknown value "SHRUG"; want one of FAIL_AFTER_RUNNING, FAIL_IMMEDIATELY, IGNORE_FAILURE`},
		{"timeout", "w.yaml", yamlOf("  timeout: soon\n", idle), "rejected value is [soon]"},
		{"strategy", "w.yaml", yamlOf("  run_strategy: first_only\n", idle), `run strategy FIRST_ONLY, which this version of segue does not run yet; it runs SEQUENTIAL and PARALLEL`},
		{"kind", "w.yaml", yamlOf("", "{foreach: {id: f, ranges: {n: {to: 3}}, jobs: ["+idle+"]}}"), "step [f] is of kind foreach"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := runs(t, c.file, c.text, nil)
			if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, "segue: ") || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d\n%s%s\nwant exit code 2 and %s", code, stdout, stderr, c.want)
			}
			if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "segue-run-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestFlagsOfRunAreRefused(t *testing.T) {
	for want, change := range map[string]func(*runFlags){
		`--output "xml" is not text or json`:                                   func(f *runFlags) { f.output = "xml" },
		`no such file or directory`:                                            func(f *runFlags) { f.file += ".gone" },
		`--param "n" is not name=value`:                                        func(f *runFlags) { f.params = []string{"n"} },
		`--param m: workflow w has no such param; it has day, n`:               func(f *runFlags) { f.params = []string{"m=1"} },
		`--param n: "x" is not a value of type LONG`:                           func(f *runFlags) { f.params = []string{"n=x"} },
		`--param n: "1 2" is not a value of type LONG`:                         func(f *runFlags) { f.params = []string{"n=1 2"} },
		`--param n: "1.5" is not a value of type LONG`:                         func(f *runFlags) { f.params = []string{"n=1.5"} },
		`--param n: "9223372036854775808" is not a value of type LONG`:         func(f *runFlags) { f.params = []string{"n=9223372036854775808"} },
		`--param n: "true" is not a value of type LONG`:                        func(f *runFlags) { f.params = []string{"n=true"} },
		"w.yaml: Cannot modify param with mode [CONSTANT] for parameter [day]": func(f *runFlags) { f.params = []string{"day=x"} },
	} {
		code, stdout, stderr := runs(t, "w.yaml", yamlOf("  n: 1\n  day(constant): mon\n", idle), change)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d\n%s%s\nwant exit code 2 and %s", code, stdout, stderr, want)
		}
	}
}

func TestCommandLineIsRefused(t *testing.T) {
	for args, want := range map[string]string{
		"frobnicate":                      `segue has no command "frobnicate"; it has`,
		"run":                             "run takes one file",
		"run --bad x":                     "unknown flag: --bad",
		"run --data= x":                   "--data is empty: name a directory",
		"server extra":                    `server takes flags only, not "extra"`,
		"server --listen nonsense":        `listen address "nonsense": want host:port`,
		"server --listen localhost:99999": `listen address "localhost:99999": want host:port, for example 127.0.0.1:8080 (address 99999: invalid port)`,
		"server --log-level loud":         `--log-level "loud" is not debug, info, warn or error`,
		"sel eval":                        "sel eval wants one expression, not 0",
		"bench nosuch":                    `there is no scenario "nosuch"`,
		"server --enable-command --listen 0.0.0.0:0": "refusing to listen on 0.0.0.0:0: commands are enabled and nobody can log in",
	} {
		var stderr bytes.Buffer
		code := execute(t.Context(), strings.Fields(args), &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("segue %s: exit code %d, %s; want 2 and %s", args, code, &stderr, want)
		}
	}
}

func TestATemporaryDirectoryThatCannotBeMade(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	t.Setenv("TMPDIR", gone)
	file := filepath.Join(t.TempDir(), "w.yaml")
	if err := os.WriteFile(file, []byte(yamlOf("", idle)), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	code := execute(t.Context(), []string{"run", file}, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "make a temporary data directory") || !strings.Contains(stderr.String(), gone) {
		t.Errorf("exit code %d, %s; want %d and what could not be made, and where", code, &stderr, exitFailed)
	}
}

// times are parts of an output that differ from run to run.
var times = regexp.MustCompile(`\d+\.\d s|\d+ ms|command/[^/]+/[^/]+/|segue-run-\d+`)

func TestRunTellsItsStory(t *testing.T) {
	const text = `Workflow:
  id: story
  owner: amy
  jobs:
    - job: {id: good, type: command, n: 0, command: 'echo "{\"n\": 3}" > "$$SEGUE_OUTPUT"', transition: [bad]}
    - job:
        id: bad
        type: command
        retry_policy: {error_retry_limit: 0}
        command: i=1; while [ $$i -le 12 ]; do echo "line $$i of ${good__n}" >&2; i=$$((i+1)); done; exit 4
        transition: [never]
    - job: {id: never, type: NoOp}
`
	code, stdout, stderr := runs(t, "story.yaml", text, nil)
	want := `story:1  3 steps
   T  • good   RUNNING
   T  ✓ good   SUCCEEDED  T
   T  • bad    RUNNING
   T  ✗ bad    FATALLY_FAILED  T  exit code 4: line 12 of 3

✗ bad  FATALLY_FAILED
  exit code 4: line 12 of 3
  the last 10 lines of its stderr:
  │ line 3 of 3
  │ line 4 of 3
  │ line 5 of 3
  │ line 6 of 3
  │ line 7 of 3
  │ line 8 of 3
  │ line 9 of 3
  │ line 10 of 3
  │ line 11 of 3
  │ line 12 of 3
  T/T/stderr.log

Outputs
  good.n = 3

✗ story:1  FAILED after T: 1 succeeded, 1 failed, 1 not reached
`
	want = strings.ReplaceAll(want, "T/T/", os.Getenv("TMPDIR")+"/T/T")
	if got := times.ReplaceAllString(stdout, "T"); code != exitFailed || got != want {
		t.Errorf("exit code %d\n%s\nwant 1\n%s", code, got, want)
	}
	if !strings.Contains(stderr, "Logs and database are kept in segue-run-") {
		t.Errorf("stderr: %s", stderr)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// Whoever keeps the text of a run hears that it is not there.
func TestAnOutputThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "w.yaml")
	write(t, file, yamlOf("", idle))
	var told strings.Builder
	code := conclude(run(t.Context(), runFlags{file: file, output: "text", data: t.TempDir()}, full{}, &told), &told)
	if code != exitFailed || !strings.Contains(told.String(), "the output could not be written: no space left on device") {
		t.Errorf("exit code %d, %s", code, &told)
	}
}

func TestALongOutputIsCut(t *testing.T) {
	code, stdout, _ := runs(t, "w.yaml", yamlOf("", "{job: {id: a, type: command, out: '', command: 'printf \"{\\\"out\\\": \\\"%05000d\\\"}\" 7 > $$SEGUE_OUTPUT'}}"), nil)
	if code != exitOK || !strings.Contains(stdout, "000…  (5002 bytes; -o json shows all)\n") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

func TestRunForPrograms(t *testing.T) {
	code, stdout, stderr := runs(t, "w.yaml", yamlOf("  n: 1\n", "{job: {id: a, type: command, out: '', command: 'echo \"{\\\"out\\\": \\\"<$n>\\\"}\" > $$SEGUE_OUTPUT'}}"),
		func(f *runFlags) { f.output, f.params = "json", []string{"n=7"} })
	var doc struct {
		Status string `json:"status"`
		Data   string `json:"data"`
		Steps  []struct {
			ID      string            `json:"step_id"`
			Status  string            `json:"status"`
			Outputs map[string]string `json:"outputs"`
			Stdout  string            `json:"stdout_path"`
		} `json:"steps"`
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || code != exitOK || stderr != "" {
		t.Fatalf("%v, exit code %d\n%s%s", err, code, stdout, stderr)
	}
	if doc.Status != "SUCCEEDED" || len(doc.Steps) != 1 || doc.Steps[0].Outputs["out"] != "<7>" || doc.Data != "" || doc.Steps[0].Stdout != "" {
		t.Errorf("%+v", doc)
	}
	code, stdout, _ = runs(t, "w.yaml", yamlOf("  timeout: 1\n", "{job: {id: a, type: sleep, sleep_seconds: 60}}"), func(f *runFlags) { f.output = "json" })
	doc.Data = ""
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || code != exitLate || doc.Status != "TIMED_OUT" || doc.Data == "" {
		t.Errorf("%v, exit code %d\n%s", err, code, stdout)
	}
}
