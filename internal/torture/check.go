package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report is the result.
type report struct {
	rows       [][2]string
	violations []string
	spanned    int // commands that ran while the server was killed
}

func (r *report) violate(msg string, args ...any) {
	r.violations = append(r.violations, fmt.Sprintf(msg, args...))
}

func (r *report) row(name string, value any) {
	r.rows = append(r.rows, [2]string{name, fmt.Sprint(value)})
}

func (r *report) print(w io.Writer) {
	for _, row := range r.rows {
		fmt.Fprintf(w, "%-52s %s\n", row[0], row[1])
	}
	const most = 50
	for i, v := range r.violations {
		if i == most {
			fmt.Fprintf(w, "… and %d more\n", len(r.violations)-most)
			break
		}
		fmt.Fprintln(w, "VIOLATION:", v)
	}
	if len(r.violations) == 0 {
		fmt.Fprintln(w, "every promise was kept")
	}
}

// execution is what commands wrote of one attempt.
type execution struct {
	uuid         string
	starts, ends []int64
}

// check joins the records. It is pure.
func check(works []*work, events []event, commands []commandLine, final map[runKey]*runState) *report {
	r := &report{}
	c := &checker{report: r, works: map[string]*work{}, events: events, final: final,
		requests: map[string]event{}, known: map[runKey]event{}, stops: map[runKey]bool{}, executions: map[attemptID]*execution{}, told: map[attemptID]int64{}}
	for _, w := range works {
		c.works[w.id] = w
	}
	c.history()
	c.commands(commands)
	c.results()
	c.survivors()
	return r
}

type checker struct {
	*report
	works      map[string]*work
	events     []event
	final      map[runKey]*runState
	requests   map[string]event // intents by request id
	known      map[runKey]event // acknowledged starts
	stops      map[runKey]bool  // runs that somebody tried to stop
	moves      []int64          // when commands lost their server
	executions map[attemptID]*execution
	told       map[attemptID]int64 // when somebody was first told that it had ended
}

// history checks what clients were told, among itself.
func (c *checker) history() {
	byRequest := map[string]runKey{}
	var downtime []time.Duration
	kills, retried, stopsAcknowledged, ends, steps, freezes, takeovers := 0, 0, 0, 0, 0, 0, 0
	for _, e := range c.events {
		key := runKey{e.Workflow, e.Instance}
		switch e.Kind {
		case intended:
			c.requests[e.Request] = e
		case refused:
			c.violate("start %s of %s was refused: %s", e.Request, e.Workflow, e.Status)
		case started:
			if e.Instance <= 0 {
				c.violate("start %s of %s was acknowledged (%s) without an instance", e.Request, e.Workflow, e.Status)
				continue
			}
			if former, ok := byRequest[e.Request]; ok && former != key {
				c.violate("request %s started two runs: %s/%d and %s/%d", e.Request, former.workflow, former.instance, key.workflow, key.instance)
			}
			byRequest[e.Request] = key
			if former, ok := c.known[key]; ok && former.Request != e.Request {
				c.violate("run %s/%d was given to two requests: %s and %s", key.workflow, key.instance, former.Request, e.Request)
			}
			c.known[key] = e
			if e.Tries > 1 {
				retried++
			}
		case stopping:
			c.stops[key] = true
		case stopAsked:
			stopsAcknowledged++
		case seenEnd:
			ends++
			if run := c.final[key]; run == nil || run.Status != e.Status {
				c.violate("run %s/%d was seen %s, and at the end it is %s", e.Workflow, e.Instance, e.Status, statusOf(run))
			}
		case seenStep:
			steps++
			c.stepEnded(e)
		case taken:
			takeovers++
			c.moves = append(c.moves, e.At)
		case frozen:
			freezes++
		case killed:
			kills++
			c.moves = append(c.moves, e.At)
		case restarted:
			downtime = append(downtime, e.Took)
		}
	}
	c.row("kills / takeovers", fmt.Sprintf("%d / %d", kills, takeovers))
	if len(downtime) > 0 {
		slices.Sort(downtime)
		c.row("  start of the server to first answer, median / max", fmt.Sprintf("%v / %v",
			downtime[len(downtime)/2].Round(time.Millisecond), downtime[len(downtime)-1].Round(time.Millisecond)))
	}
	c.row("freezes", freezes)
	c.row("starts intended / acknowledged / after a retry", fmt.Sprintf("%d / %d / %d", len(c.requests), len(c.known), retried))
	c.row("stops answered", stopsAcknowledged)
	c.row("ends of runs / of steps seen by clients on the way", fmt.Sprintf("%d / %d", ends, steps))
}

// stepEnded checks that the end of an attempt, once told, stays: the attempt has that status for good, unless a later one
// has taken its place.
func (c *checker) stepEnded(e event) {
	at := attemptID{e.Workflow, e.Instance, e.Run, e.Step, e.Attempt}
	c.told[at] = min(e.At, cmp.Or(c.told[at], e.At))
	run := c.final[runKey{e.Workflow, e.Instance}]
	if run == nil {
		return // said already
	}
	for _, s := range run.steps {
		if s.ID == e.Step && (s.Attempt < e.Attempt || s.Attempt == e.Attempt && s.State.Status != e.Status) {
			c.violate("%v was seen %s, and at the end attempt %d is %s", at, e.Status, s.Attempt, s.State.Status)
		}
	}
}

func statusOf(run *runState) string {
	if run == nil {
		return "not there"
	}
	return run.Status
}

// commands checks what commands wrote, among itself.
func (c *checker) commands(lines []commandLine) {
	byUUID := map[string]attemptID{}
	for _, line := range lines {
		if former, ok := byUUID[line.uuid]; ok && former != line.id {
			c.violate("attempt UUID %s is that of %v and of %v", line.uuid, former, line.id)
		}
		byUUID[line.uuid] = line.id
		x := c.executions[line.id]
		if x == nil {
			x = &execution{uuid: line.uuid}
			c.executions[line.id] = x
		}
		if x.uuid != line.uuid {
			c.violate("%v ran under the UUIDs %s and %s", line.id, x.uuid, line.uuid)
		}
		if line.start {
			x.starts = append(x.starts, line.at)
		} else {
			x.ends = append(x.ends, line.at)
		}
	}
	for id, x := range c.executions {
		if len(x.starts) != 1 {
			c.violate("%v was executed %d times", id, len(x.starts))
		}
		if len(x.ends) > 1 {
			c.violate("%v ended %d times", id, len(x.ends))
		}
		if at, ended := c.told[id]; ended && slices.ContainsFunc(append(x.starts, x.ends...), func(t int64) bool { return t > at }) {
			c.violate("%v was at work after its end had been told", id)
		}
		if c.final[runKey{id.workflow, id.instance}] == nil {
			c.violate("%v was executed, and the server knows no such run", id)
		}
		if id.attempt > 1 {
			before := id
			before.attempt--
			if y := c.executions[before]; y == nil {
				c.violate("%v was executed, and the attempt before it was not", id)
			} else if len(y.ends) == 0 || len(x.starts) > 0 && y.ends[0] > x.starts[0] {
				c.violate("%v was executed before the attempt before it had ended", id)
			}
		}
	}
	c.row("command executions", len(c.executions))
}

// results checks what the server says at the end against what it had acknowledged and against what commands wrote.
func (c *checker) results() {
	ended := map[string]int{}
	for key, e := range c.known {
		run := c.final[key]
		switch {
		case run == nil:
			c.violate("run %s/%d was acknowledged, and is lost", key.workflow, key.instance)
		case !run.ended():
			c.violate("run %s/%d is stuck in %s: %s", key.workflow, key.instance, run.Status, stepsOf(run))
		default:
			ended[run.Status]++
			if run.UUID != e.Request {
				c.violate("run %s/%d has the UUID %s, and its request was %s", key.workflow, key.instance, run.UUID, e.Request)
			}
			c.result(key, e, run)
		}
	}
	for key, run := range c.final {
		if _, ok := c.known[key]; ok || run == nil {
			continue
		}
		if _, ok := c.requests[run.UUID]; !ok {
			c.violate("run %s/%d (request %s) was never asked for", key.workflow, key.instance, run.UUID)
		} else {
			c.violate("run %s/%d is a second one of request %s", key.workflow, key.instance, run.UUID)
		}
	}
	var words []string
	for status, n := range ended {
		words = append(words, fmt.Sprintf("%d %s", n, status))
	}
	slices.Sort(words)
	c.row("runs ended", strings.Join(words, ", "))
}

func stepsOf(run *runState) string {
	var words []string
	for _, s := range run.steps {
		words = append(words, fmt.Sprintf("%s %s (attempt %d)", s.ID, s.State.Status, s.Attempt))
	}
	return strings.Join(words, ", ")
}

// result checks one run that has ended.
func (c *checker) result(key runKey, e event, run *runState) {
	if run.Status != "SUCCEEDED" && !(run.Status == "STOPPED" && c.stops[key]) {
		c.violate("run %s/%d ended %s: %s", key.workflow, key.instance, run.Status, stepsOf(run))
	}
	steps := map[string]stepState{}
	for _, s := range run.steps {
		steps[s.ID] = s
	}
	fates := c.works[key.workflow].steps(e.N)
	for id, fate := range fates {
		s := steps[id]
		at := attemptID{key.workflow, key.instance, run.Run, id, s.Attempt}
		x := c.executions[at]
		if run.Status == "SUCCEEDED" {
			if s.State.Status != fate.status {
				c.violate("%v is %s and should be %s", at, s.State.Status, fate.status)
			}
			if fate.attempts > 0 && s.Attempt != int64(fate.attempts) {
				c.violate("%v succeeded, and attempt %d should have", at, fate.attempts)
			}
		}
		switch {
		case fate.status == "SUCCEEDED" && fate.attempts > 0 && s.State.Status == "SUCCEEDED":
			if x == nil || len(x.ends) == 0 {
				c.violate("%v succeeded, and its command did not run to its end", at)
			}
		case fate.attempts == 0 && x != nil:
			c.violate("%v was executed, and should not have been", at)
		}
		later := at
		later.attempt++
		if c.executions[later] != nil {
			c.violate("%v was executed, and the step has only %d attempts", later, s.Attempt)
		}
	}
	for _, pair := range c.works[key.workflow].order {
		first := c.executions[attemptID{key.workflow, key.instance, run.Run, pair[0], steps[pair[0]].Attempt}]
		then := c.executions[attemptID{key.workflow, key.instance, run.Run, pair[1], 1}]
		if first == nil || then == nil || len(then.starts) == 0 {
			continue
		}
		if len(first.ends) == 0 || first.ends[0] > then.starts[0] {
			c.violate("run %s/%d: step %s started before step %s had ended", key.workflow, key.instance, pair[1], pair[0])
		}
	}
}

// survivors counts the commands that ran while the server was killed, or taken over, and went on to their end.
func (c *checker) survivors() {
	for _, x := range c.executions {
		if len(x.starts) == 0 || len(x.ends) == 0 {
			continue
		}
		for _, at := range c.moves {
			if x.starts[0] < at && at < x.ends[len(x.ends)-1] {
				c.spanned++
				break
			}
		}
	}
	c.row("commands adopted by the next server", c.spanned)
}
