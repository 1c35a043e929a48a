package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// commandLog is where commands write down that they begin and end.
const commandLog = "commands.log"

// script is what every command of every workflow runs: how long to last, what to do, where to write.
const script = `#!/bin/sh
note() { echo "$1 $SEGUE_ATTEMPT_UUID $SEGUE_WORKFLOW_ID $SEGUE_INSTANCE_ID $SEGUE_RUN_ID $SEGUE_STEP_ID $SEGUE_ATTEMPT $(date +%s%N)" >>"$2"; }
note start "$3"
case $2 in
fail-once) test "$SEGUE_ATTEMPT" -gt 1 || { note end "$3"; exit 1; } ;;
output) echo '{"made": 42}' >"$SEGUE_OUTPUT" ;;
esac
sleep "$1"
note end "$3"
`

// work is a workflow with what must come of it.
type work struct {
	id     string
	weight int    // of being chosen
	body   string // of the push
	stop   bool   // some of its runs are stopped
	// steps gives for each step of a run started with n what must come of it, if the run is not stopped.
	steps func(n int64) map[string]fate
	// order lists pairs of command steps of which the first must end before the second starts.
	order [][2]string
}

// fate is what must come of a step: its final status, and, for a command, the attempts that it takes.
type fate struct {
	status   string
	attempts int // 0 = not a command
}

// writeWorks writes the script and returns the workflows that use it.
func writeWorks(dir string) ([]*work, error) {
	path := filepath.Join(dir, "command.sh")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		return nil, err
	}
	return works(path, filepath.Join(dir, commandLog)), nil
}

func works(script, log string) []*work {
	command := func(id, seconds, what, more string) string {
		return fmt.Sprintf(`{"step":{"id":%q,"type":"command","params":{"command":{"type":"STRING_ARRAY","value":["/bin/sh",%q,%q,%q,%q]}%s}`,
			id, script, seconds, what, log, more)
	}
	to := func(step string) string { return fmt.Sprintf(`,"transition":{"successors":{%q:"true"}}}}`, step) }
	const plain, last = "plain", "}}"
	push := func(id, params, steps string) string {
		return fmt.Sprintf(`{"properties":{"owner":"torture","run_strategy":{"rule":"PARALLEL","workflow_concurrency":200},"step_concurrency":200},`+
			`"workflow":{"id":%q,"params":{"n":{"type":"LONG","value":0}%s},"steps":[%s]}}`, id, params, steps)
	}
	noop := func(id string) string { return fmt.Sprintf(`{"step":{"id":%q,"type":"NoOp"`, id) }
	const ok, no = "SUCCEEDED", "UNSATISFIED"
	return []*work{
		{
			id: "chain", weight: 3,
			body: push("chain", "", command("a", "0", plain, "")+to("b")+","+noop("b")+to("c")+","+command("c", "0", plain, "")+to("d")+","+
				noop("d")+to("e")+","+command("e", "0", plain, "")+last),
			steps: func(int64) map[string]fate {
				return map[string]fate{"a": {ok, 1}, "b": {ok, 0}, "c": {ok, 1}, "d": {ok, 0}, "e": {ok, 1}}
			},
			order: [][2]string{{"a", "c"}, {"c", "e"}},
		},
		{
			id: "branch", weight: 2,
			body: push("branch", "", command("a", "0.1", plain, "")+`,"transition":{"successors":{"odd":"n % 2 == 1","even":"n % 2 == 0"}}}},`+
				command("odd", "0", plain, "")+to("join")+","+command("even", "0", plain, "")+to("join")+","+command("join", "0", plain, "")+last),
			steps: func(n int64) map[string]fate {
				f := map[string]fate{"a": {ok, 1}, "odd": {ok, 1}, "even": {no, 0}, "join": {ok, 1}}
				if n%2 == 0 {
					f["odd"], f["even"] = fate{no, 0}, fate{ok, 1}
				}
				return f
			},
			order: [][2]string{{"a", "odd"}, {"a", "even"}, {"odd", "join"}, {"even", "join"}},
		},
		{
			id: "nap", weight: 2,
			body: push("nap", "", `{"step":{"id":"nap","type":"Sleep","params":{"sleep_seconds":{"type":"LONG","value":2}}`+to("a")+","+
				command("a", "0", plain, "")+last),
			steps: func(int64) map[string]fate { return map[string]fate{"nap": {ok, 0}, "a": {ok, 1}} },
		},
		{
			id: "long", weight: 3, stop: true,
			body: push("long", "", command("a", "4", plain, "")+to("b")+","+command("b", "1", plain, "")+last),
			steps: func(int64) map[string]fate {
				return map[string]fate{"a": {ok, 1}, "b": {ok, 1}}
			},
			order: [][2]string{{"a", "b"}},
		},
		{
			id: "flaky", weight: 1,
			body: push("flaky", "", command("a", "0", "fail-once", "")+
				`,"retry_policy":{"error_retry_limit":3,"backoff":{"type":"FIXED_BACKOFF","error_retry_backoff_in_secs":1}}`+to("b")+","+
				noop("b")+last),
			steps: func(int64) map[string]fate { return map[string]fate{"a": {ok, 2}, "b": {ok, 0}} },
		},
		{
			id: "output", weight: 1,
			body: push("output", "", command("a", "0.1", "output", `,"made":{"type":"LONG","value":0}`)+
				`,"transition":{"successors":{"good":"made == 42","bad":"made != 42"}}}},`+
				command("good", "0", plain, "")+last+","+command("bad", "0", plain, "")+last),
			steps: func(int64) map[string]fate {
				return map[string]fate{"a": {ok, 1}, "good": {ok, 1}, "bad": {no, 0}}
			},
			order: [][2]string{{"a", "good"}},
		},
	}
}
