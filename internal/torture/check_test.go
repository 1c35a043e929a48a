package main

import (
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// evidence is what check joins.
type evidence struct {
	events   []event
	commands []commandLine
	final    map[runKey]*runState
}

// sound is the evidence of a server that kept its promises: one run of each of three workflows, one of them stopped, and
// a kill while a command ran.
func sound() *evidence {
	e := &evidence{final: map[runKey]*runState{}}
	run := func(workflow string, n int64, request, status string, steps ...stepState) {
		at := int64(1000 * (1 + len(e.final)))
		e.events = append(e.events,
			event{Kind: intended, At: at, Request: request, Workflow: workflow, N: n},
			event{Kind: started, At: at + 1, Request: request, Workflow: workflow, N: n, Instance: 1, Run: 1})
		e.final[runKey{workflow, 1}] = &runState{Workflow: workflow, Instance: 1, Run: 1, UUID: request, Status: status, steps: steps}
	}
	step := func(id string, attempt int64, status string) stepState {
		s := stepState{ID: id, Attempt: attempt}
		s.State.Status = status
		return s
	}
	command := func(workflow, step string, attempt, start, end int64) {
		id := attemptID{workflow, 1, 1, step, attempt}
		e.commands = append(e.commands, commandLine{true, id.String(), id, start})
		if end > 0 {
			e.commands = append(e.commands, commandLine{false, id.String(), id, end})
		}
	}
	run("branch", 7, "r1", "SUCCEEDED", step("a", 1, "SUCCEEDED"), step("odd", 1, "SUCCEEDED"), step("even", 1, "UNSATISFIED"), step("join", 1, "SUCCEEDED"))
	command("branch", "a", 1, 1100, 1200)
	e.events = append(e.events, event{Kind: killed, At: 1150}, event{Kind: restarted, At: 1160})
	command("branch", "odd", 1, 1300, 1400)
	command("branch", "join", 1, 1500, 1600)
	e.events = append(e.events, event{Kind: seenEnd, At: 1700, Workflow: "branch", Instance: 1, Status: "SUCCEEDED"})
	told := func(at int64, step string, attempt int64, status string) {
		e.events = append(e.events, event{Kind: seenStep, At: at, Workflow: "flaky", Instance: 1, Run: 1, Step: step, Attempt: attempt, Status: status})
	}
	run("flaky", 0, "r2", "SUCCEEDED", step("a", 2, "SUCCEEDED"), step("b", 1, "SUCCEEDED"))
	command("flaky", "a", 1, 2100, 2200)
	told(2250, "a", 1, "USER_FAILED")
	command("flaky", "a", 2, 2300, 2400)
	told(2450, "a", 2, "SUCCEEDED")
	told(2500, "a", 2, "SUCCEEDED")
	e.events = append(e.events, event{Kind: frozen, At: 2600}, event{Kind: thawed, At: 2700})
	run("long", 0, "r3", "STOPPED", step("a", 1, "STOPPED"))
	e.events = append(e.events, event{Kind: stopping, At: 3100, Workflow: "long", Instance: 1})
	command("long", "a", 1, 3050, 0)
	e.final[runKey{"long", 2}] = nil // asked for, and not there
	return e
}

func (e *evidence) check() []string {
	return check(works("script", "log"), e.events, e.commands, e.final).violations
}

func TestSoundEvidence(t *testing.T) {
	r := check(works("script", "log"), sound().events, sound().commands, sound().final)
	if len(r.violations) > 0 {
		t.Errorf("violations: %s", strings.Join(r.violations, "\n"))
	}
	if r.spanned != 1 {
		t.Errorf("%d commands ran at a kill, want 1", r.spanned)
	}
}

// Each broken promise is found.
func TestViolations(t *testing.T) {
	drop := func(match func(commandLine) bool) func(*evidence) {
		return func(e *evidence) { e.commands = slices.DeleteFunc(e.commands, match) }
	}
	add := func(start bool, uuid string, id attemptID, at int64) func(*evidence) {
		return func(e *evidence) { e.commands = append(e.commands, commandLine{start, uuid, id, at}) }
	}
	odd := attemptID{"branch", 1, 1, "odd", 1}
	step := func(workflow string, i int, change func(*stepState)) func(*evidence) {
		return func(e *evidence) { change(&e.final[runKey{workflow, 1}].steps[i]) }
	}
	for name, c := range map[string]struct {
		spoil func(*evidence)
		want  string
	}{
		"a run lost":                  {func(e *evidence) { e.final[runKey{"flaky", 1}] = nil }, "acknowledged, and is lost"},
		"a run stuck":                 {func(e *evidence) { e.final[runKey{"flaky", 1}].Status = "IN_PROGRESS" }, "stuck in IN_PROGRESS"},
		"a run failed":                {func(e *evidence) { e.final[runKey{"flaky", 1}].Status = "FAILED" }, "ended FAILED"},
		"a run stopped by nobody":     {func(e *evidence) { e.final[runKey{"flaky", 1}].Status = "STOPPED" }, "ended STOPPED"},
		"an end taken back":           {func(e *evidence) { e.final[runKey{"branch", 1}].Status = "STOPPED" }, "was seen SUCCEEDED, and at the end it is STOPPED"},
		"a run nobody asked for":      {func(e *evidence) { e.final[runKey{"long", 2}] = &runState{UUID: "other", Status: "SUCCEEDED"} }, "never asked for"},
		"a run twice":                 {func(e *evidence) { e.final[runKey{"long", 2}] = &runState{UUID: "r3", Status: "SUCCEEDED"} }, "a second one of request r3"},
		"a request answered twice":    {func(e *evidence) { again(e, "r3", "long", 2) }, "started two runs"},
		"a run given away twice":      {func(e *evidence) { again(e, "r9", "long", 1) }, "given to two requests"},
		"the wrong run":               {func(e *evidence) { e.final[runKey{"flaky", 1}].UUID = "r7" }, "has the UUID r7"},
		"a start refused":             {func(e *evidence) { e.events = append(e.events, event{Kind: refused, Workflow: "long"}) }, "was refused"},
		"a start without an instance": {func(e *evidence) { again(e, "r9", "long", 0) }, "without an instance"},
		"a step's end taken back": {step("flaky", 0, func(s *stepState) { s.State.Status = "STOPPED" }),
			"a attempt 2 was seen SUCCEEDED, and at the end attempt 2 is STOPPED"},
		"a step's attempt taken back": {step("flaky", 0, func(s *stepState) { s.Attempt = 1; s.State.Status = "USER_FAILED" }),
			"a attempt 2 was seen SUCCEEDED, and at the end attempt 1 is USER_FAILED"},
		"a finished attempt run again": {add(true, attemptID{"flaky", 1, 1, "a", 1}.String(), attemptID{"flaky", 1, 1, "a", 1}, 2260),
			"a attempt 1 was at work after its end had been told"},
		"an end that was told too early": {add(false, attemptID{"long", 1, 1, "a", 1}.String(), attemptID{"flaky", 1, 1, "a", 2}, 2460),
			"a attempt 2 was at work after its end had been told"},
		"a command twice":               {add(true, odd.String(), odd, 1350), "was executed 2 times"},
		"a command that ends twice":     {add(false, odd.String(), odd, 1450), "ended 2 times"},
		"an attempt with two UUIDs":     {add(false, "other", odd, 1450), "ran under the UUIDs"},
		"a UUID with two attempts":      {add(true, odd.String(), attemptID{"long", 1, 1, "b", 1}, 9000), "attempt UUID"},
		"a command never run":           {drop(func(l commandLine) bool { return l.id == odd }), "its command did not run to its end"},
		"a command unfinished":          {drop(func(l commandLine) bool { return l.id == odd && !l.start }), "its command did not run to its end"},
		"a command without a run":       {add(true, "u", attemptID{"chain", 9, 1, "a", 1}, 1), "the server knows no such run"},
		"a finished step run again":     {add(true, "u", attemptID{"branch", 1, 1, "odd", 2}, 1700), "the step has only 1 attempts"},
		"an attempt too early":          {add(true, "u", attemptID{"long", 1, 1, "a", 2}, 3060), "before the attempt before it had ended"},
		"an attempt left out":           {add(true, "u", attemptID{"branch", 1, 1, "odd", 3}, 1700), "the attempt before it was not"},
		"a step that should not be run": {add(true, "u", attemptID{"branch", 1, 1, "even", 1}, 1300), "should not have been"},
		"the wrong branch":              {step("branch", 2, func(s *stepState) { s.State.Status = "SUCCEEDED" }), "should be UNSATISFIED"},
		"a step too often":              {step("flaky", 0, func(s *stepState) { s.Attempt = 1 }), "attempt 2 should have"},
		"the order": {func(e *evidence) {
			for i := range e.commands {
				if l := &e.commands[i]; l.id == odd && l.start {
					l.at = 1150
				}
			}
		}, "step odd started before step a had ended"},
	} {
		t.Run(name, func(t *testing.T) {
			e := sound()
			c.spoil(e)
			found := e.check()
			if !slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, c.want) }) {
				t.Errorf("not found: %q; found %q", c.want, found)
			}
		})
	}
}

func again(e *evidence, request, workflow string, instance int64) {
	e.events = append(e.events, event{Kind: intended, Request: request, Workflow: workflow},
		event{Kind: started, Request: request, Workflow: workflow, Instance: instance, Run: 1})
}

func TestCommandLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for text, want := range map[string]string{
		"start u wf 1 2 s 3 99\nend u wf 1 2 s 3 100\n": "",
		"start u wf 1 2 s 3\n":                          "7 fields",
		"begin u wf 1 2 s 3 99\n":                       "line of the command log",
		"start u wf 1 2 s 3 99 end u\n":                 "line of the command log",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		lines, err := readCommands(path)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		id := attemptID{"wf", 1, 2, "s", 3}
		if err != nil || !slices.Equal(lines, []commandLine{{true, "u", id, 99}, {false, "u", id, 100}}) {
			t.Errorf("%q: %v, %v", text, lines, err)
		}
	}
}

// Every workflow says of each of its steps what must come of it.
func TestWorks(t *testing.T) {
	for _, w := range works("script", "log") {
		for _, n := range []int64{0, 1} {
			for _, id := range slices.Sorted(maps.Keys(w.steps(n))) {
				if !strings.Contains(w.body, `{"step":{"id":"`+id+`"`) {
					t.Errorf("workflow %s has no step %s", w.id, id)
				}
			}
			if got, want := strings.Count(w.body, `{"step":{"id":`), len(w.steps(n)); got != want {
				t.Errorf("workflow %s has %d steps, of which %d have a fate", w.id, got, want)
			}
		}
	}
}

// A server that is down must not lose its port to a client that connects to it.
func TestFreeAddress(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	address, err := freeAddress(rng)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(port); err != nil || n < firstPort || n >= lastPort {
		t.Errorf("address %s", address)
	}
}
