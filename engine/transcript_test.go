package engine_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// TestTranscripts plays every story in testdata/*.txt. A line that begins with "> " is a command; the lines after it are
// what the engine has let out and what the store says then. Rewrite them with -update, and read what has changed.
//
//	> workflow [SEQUENTIAL|PARALLEL n] DAG     push a definition (dagOf), or a document in JSON
//	> start                                    start the next instance
//	> STEP STATE [h=handle] [m=message] [k=v]  a runtime says something of the latest attempt; STEP#n: of another one
//	> STEP trouble                             calls of its runtime fail
//	> pass 90s                                 time passes
//	> stop, kill [instance]                    a user does that
//	> stop all, kill all
//	> clean [for=1h] [runs=2] [requests=1d]    history is removed that is older, or more
//	> abandon STEP                             a user gives up a job of the first instance that does not confirm its end
//	> dump                                     all that is stored about the runs
//
// Then every story is told again with a crash at each moment at which the engine can be interrupted, and with its runs
// parked before every command; the end has to be the same.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			commands := commandsOf(string(text))
			s := newStory(t, engine.Limits{})
			var out strings.Builder
			for i, c := range commands {
				if c.comment != "" {
					fmt.Fprintln(&out, c.comment)
				}
				fmt.Fprintf(&out, "> %s\n%s", c.text, s.tell(i, c.text))
			}
			if *update {
				if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if out.String() != string(text) {
				t.Errorf("the story has changed (see -update):\n%s", diff(string(text), out.String()))
			}
			want := s.dump()
			crashEverywhere(t, commands, engine.Limits{}, false, want)
			crashEverywhere(t, commands, engine.Limits{StepsPerTurn: 1, DuePerTick: 1}, true, want)
			if strings.Contains(string(text), "{") { // it may have expressions; now each one is evaluated by a worker
				crashEverywhere(t, commands, engine.Limits{Visits: 1}, false, want)
				crashEverywhere(t, commands, engine.Limits{Visits: 1}, true, want)
			}
			playParked(t, commands, want)
		})
	}
}

type command struct{ comment, text string }

func commandsOf(text string) (list []command) {
	var comment []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			comment = append(comment, line)
		}
		if c, ok := strings.CutPrefix(line, "> "); ok {
			list = append(list, command{strings.Join(comment, "\n"), c})
			comment = nil
		}
	}
	return list
}

// crashEverywhere tells a story again and again: the first time with a crash after the first step of the node during
// the first command, then after the second one, and so on through all commands. eager = a commit after every turn.
func crashEverywhere(t *testing.T, commands []command, limits engine.Limits, eager bool, want string) {
	for at := range commands {
		for after := 0; ; after++ {
			s := newStory(t, limits)
			s.eager = eager
			crashed := false
			for i, c := range commands {
				if i == at {
					s.stepsLeft = after
				}
				s.do(i, c.text)
				if i == at && s.stepsLeft == 0 {
					crashed = true
					s.stepsLeft = -1
					s.boot(limits)
					if s.unanswered {
						s.do(i, c.text) // who has no answer asks again
					}
				}
				s.stepsLeft = -1
			}
			if got := s.dump(); got != want {
				t.Fatalf("limits %+v: with a crash %d steps into command %d (%s) the end is another one:\n%s", limits, after, at+1, commands[at].text, diff(want, got))
			}
			if !crashed {
				break
			}
		}
	}
}

// playParked tells a story with other runs between its commands, so that its own runs are folded away.
func playParked(t *testing.T, commands []command, want string) {
	limits := engine.Limits{Resident: 1}
	s := newStory(t, limits)
	var noise *engine.Plan
	for i, c := range commands {
		s.do(i, c.text)
		if s.plan == nil {
			continue
		}
		if noise == nil {
			n := 0
			for engine.GroupOf("noise"+itoa(n), 4) != engine.GroupOf(s.plan.Definition.ID, 4) {
				n++
			}
			noise = s.push("PARALLEL", 9, dagOf("noise"+itoa(n), "a:noop"))
		}
		for range 3 {
			if _, err := s.world.start(noise, "noise"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := s.dump(); got != want {
		t.Fatalf("with its runs parked between the commands the end is another one:\n%s", diff(want, got))
	}
}

// story is a world that takes the commands of a transcript.
type story struct {
	*world
	plan     *engine.Plan
	started  int64
	attempts map[string]int32 // the latest that was ordered, by instance and step
	rows     map[int64]int64  // of runs by instance
	answer   string
	// unanswered says that whoever gave the last command does not know what has come of it: it is given again after a
	// crash. What a runtime has said, it says again if it is asked.
	unanswered bool
}

func newStory(t *testing.T, limits engine.Limits) *story {
	s := &story{world: newWorld(t, limits), attempts: map[string]int32{}, rows: map[int64]int64{}}
	s.stepsLeft = -1
	s.onOrder = func(o *engine.Order) {
		s.rows[o.Attempt.Instance] = o.Run
		s.attempts[fmt.Sprint(o.Attempt.Instance, o.Attempt.StepID)] = int32(o.Attempt.Attempt)
	}
	return s
}

// tell does a command and returns what has come of it.
func (s *story) tell(i int, text string) string {
	s.told = nil
	s.answer = ""
	s.do(i, text)
	var b strings.Builder
	if s.answer != "" {
		fmt.Fprintln(&b, s.answer)
	}
	for _, line := range s.told {
		fmt.Fprintln(&b, line)
	}
	if text == "dump" {
		b.WriteString(s.dump())
	} else if s.started > 0 {
		for n := int64(1); n <= s.started; n++ {
			fmt.Fprintln(&b, s.status(s.plan, n))
		}
	}
	return b.String()
}

func (s *story) do(i int, text string) {
	s.unanswered = false
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "workflow":
		rule, limit := "PARALLEL", int64(9)
		if r, after, _ := strings.Cut(rest, " "); r == "SEQUENTIAL" {
			rule, limit, rest = r, 1, after
		} else if r == "PARALLEL" {
			number, after, _ := strings.Cut(after, " ")
			limit, _ = strconv.ParseInt(number, 10, 64)
			rest = after
		}
		if !strings.HasPrefix(rest, "{") {
			rest = dagOf("story", rest)
		}
		if s.plan == nil {
			plan := s.mayPush(rule, limit, rest)
			if plan != nil {
				s.plan = plan
			}
		}
	case "start":
		n := 1
		for j, c := range s.starts {
			if j < i && c {
				n++
			}
		}
		if s.starts == nil {
			s.starts = map[int]bool{}
		}
		s.starts[i] = true
		uuid := fmt.Sprintf("r%d", n)
		v, err := s.try(s.plan.Definition.ID, &engine.Start{
			Workflow: s.plan.Definition.ID, Alias: "active", Plan: s.plan, UUID: uuid, RequestID: uuid, Message: "test",
		})
		if err != nil {
			s.answer = "refused: " + err.Error()
		} else if v != nil {
			s.started = max(s.started, int64(n))
			s.rows[v.(engine.Started).Instance] = v.(engine.Started).Row
		}
	case "pass":
		if !s.passed[i] {
			d, err := parseMillis(rest)
			if err != nil {
				s.t.Fatal(err)
			}
			s.now += d
			if s.passed == nil {
				s.passed = map[int]bool{}
			}
			s.passed[i] = true
		}
		s.settle()
	case "stop", "kill":
		action := instance.Action(strings.ToUpper(word))
		if rest == "all" {
			v, err := s.try(s.plan.Definition.ID, &engine.ActAll{Workflow: s.plan.Definition.ID, Action: action, User: "bob"})
			if v != nil {
				all := v.(engine.ActedAll)
				s.answer = fmt.Sprintf("answer: %d queued, %d running, %v", all.Queued, all.Running, err)
			}
			return
		}
		n := int64(1)
		if rest != "" {
			n, _ = strconv.ParseInt(rest, 10, 64)
		}
		v, err := s.try(s.plan.Definition.ID, &engine.Act{Workflow: s.plan.Definition.ID, Instance: n, Action: action, User: "bob", Reason: "why not"})
		switch {
		case err != nil:
			s.answer = "refused: " + err.Error()
		case v != nil:
			s.answer = fmt.Sprintf("answer: %s, completed %v", v.(engine.Acted).Status, v.(engine.Acted).Completed)
		}
	case "abandon":
		v, err := s.try(s.plan.Definition.ID, &engine.Abandon{Workflow: s.plan.Definition.ID, Instance: 1, Step: rest, User: "bob"})
		switch {
		case err != nil:
			s.answer = "refused: " + err.Error()
		case v != nil:
			s.answer = fmt.Sprintf("answer: %s, completed %v", v.(engine.Acted).Status, v.(engine.Acted).Completed)
		}
	case "clean":
		v, err := s.try(s.plan.Definition.ID, s.clean(rest))
		switch {
		case err != nil:
			s.answer = "refused: " + err.Error()
		case v != nil:
			removed := v.(engine.Removed)
			s.answer = fmt.Sprintf("answer: %d runs, %d rows removed", len(removed.Runs), removed.Rows)
		}
	case "dump":
	default:
		s.outcome(word, rest)
	}
}

// clean returns the command to remove every run of the story that may go.
func (s *story) clean(text string) *engine.Remove {
	e := &engine.Remove{Workflow: s.plan.Definition.ID, Runs: s.places(s.plan.Definition.ID)}
	for _, f := range strings.Fields(text) {
		name, value, _ := strings.Cut(f, "=")
		n, err := parseMillis(value)
		if name == "runs" {
			n, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		switch name {
		case "for":
			e.Retention.KeepFor = n
		case "runs":
			e.Retention.KeepRuns = n
		case "requests":
			e.Retention.Requests = n
		}
	}
	return e
}

// outcome delivers what a runtime says: "a user m=oops" or "2/a#1 done x=5".
func (s *story) outcome(word, rest string) {
	n := int64(1)
	if number, after, ok := strings.Cut(word, "/"); ok {
		n, _ = strconv.ParseInt(number, 10, 64)
		word = after
	}
	id, number, ok := strings.Cut(word, "#")
	attempt := s.attempts[fmt.Sprint(n, id)]
	if ok {
		v, _ := strconv.Atoi(number)
		attempt = int32(v)
	}
	s.unanswered = true
	ordinal, known := s.plan.Index[id]
	if !known || s.rows[n] == 0 || attempt == 0 {
		s.t.Fatalf("%s %s: no such step, or nothing was ordered", word, rest)
	}
	var p step.Progress
	trouble := ""
	for i, f := range strings.Fields(rest) {
		name, value, _ := strings.Cut(f, "=")
		switch {
		case f == "trouble":
			trouble = "nobody answers"
		case i == 0:
			p.State = map[string]step.State{
				"running": step.Running, "done": step.Done, "user": step.UserError, "platform": step.PlatformError,
				"fatal": step.FatalError, "stopped": step.Stopped, "late": step.TimedOut,
			}[f]
		case name == "h":
			p.Handle = value
		case name == "m":
			p.Message = value
		case name == "noretry":
			p.NoRetry = true
		case strings.HasPrefix(name, "@"):
			if p.Artifacts == nil {
				p.Artifacts = map[string][]byte{}
			}
			p.Artifacts[name[1:]] = []byte(value)
		default:
			if p.Outputs == nil {
				p.Outputs = map[string]any{}
			}
			if v, err := strconv.ParseInt(value, 10, 64); err == nil {
				p.Outputs[name] = v
			} else {
				p.Outputs[name] = value
			}
		}
	}
	s.node.Outside(engine.GroupOf(s.plan.Definition.ID, 4), &engine.Outcome{
		Run: s.rows[n], Ordinal: int32(ordinal), Attempt: attempt, Type: "command",
		UUID: engine.AttemptUUID(s.plan.Definition.ID, &record.Run{UUID: fmt.Sprintf("r%d", n), Scoped: true}, id, attempt), Progress: p,
		Trouble: trouble,
	})
	s.settle()
}

// try is ask for a world that may crash before the answer; then both results are nil.
func (s *story) try(id string, body any) (value any, err error) {
	answered := 0
	s.unanswered = true
	s.node.Ask(engine.GroupOf(id, 4), &flow.Command{Body: body, Answer: func(v any, e error) {
		value, err, answered = v, e, answered+1
		s.unanswered = false
	}})
	s.settle()
	if answered != 1 && s.stepsLeft != 0 {
		s.t.Fatalf("a command was answered %d times", answered)
	}
	return value, err
}

func (s *story) mayPush(rule string, limit int64, definition string) *engine.Plan {
	p := s.world.plan(definition)
	v, err := s.try(p.Definition.ID, pushOf(p, rule, limit, definition))
	if err != nil {
		s.t.Fatal(err)
	}
	if v == nil {
		return nil
	}
	c := *p
	c.Version, c.Row = v.(engine.Pushed).Version, v.(engine.Pushed).Row
	return &c
}

func parseMillis(text string) (int64, error) {
	for _, unit := range []struct {
		suffix string
		ms     int64
	}{{"ms", 1}, {"s", 1000}, {"m", 60_000}, {"h", 3_600_000}, {"d", 86_400_000}} {
		if n, ok := strings.CutSuffix(text, unit.suffix); ok {
			v, err := strconv.ParseInt(n, 10, 64)
			return v * unit.ms, err
		}
	}
	return 0, fmt.Errorf("%q is no duration", text)
}

// dump returns all that the store says about the runs of the story, but for row keys and step_instance_ids.
func (s *story) dump() string {
	var b strings.Builder
	err := s.store.Read(context.Background(), func(snap store.Snapshot) error {
		wf, err := store.Collect(snap, store.Named(store.Workflow, 0, s.plan.Definition.ID))
		if err != nil {
			return err
		}
		runs, err := store.Collect(snap, store.Under(store.Run, wf[0].ID))
		if err != nil {
			return err
		}
		for _, row := range runs {
			if err := s.dumpRun(&b, snap, &row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

func (s *story) dumpRun(b *strings.Builder, snap store.Snapshot, row *store.Row) error {
	rec, err := record.ParseRun(row.Doc)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "run %d/%d %s open=%v", row.A, row.B, instance.Status(row.State), row.Open)
	s.at(b, "started", rec.Started)
	s.at(b, "ended", rec.Ended)
	if rec.Ending != instance.StatusUnknown {
		fmt.Fprintf(b, " ending=%s by=%q because of %s", rec.Ending, rec.EndingBy, step.Cause(rec.EndingCause))
	}
	if rec.Quarantine != "" {
		fmt.Fprintf(b, " quarantine=%q", rec.Quarantine)
	}
	b.WriteByte('\n')
	s.timeline(b, rec.Timeline)
	rows, err := store.Collect(snap, store.Under(store.Step, row.ID))
	if err != nil {
		return err
	}
	all := slices.Clone(rec.Attempts)
	open := map[string]bool{}
	for _, r := range rows {
		list, err := record.ParseAttempts(r.Doc)
		if err != nil {
			return err
		}
		for i := range list {
			open[fmt.Sprint(list[i].Ordinal, list[i].Number)] = r.Open
		}
		for i := range list {
			all = append(all, &list[i])
		}
	}
	slices.SortFunc(all, func(x, y *record.Attempt) int {
		return int(x.Ordinal-y.Ordinal)*1000 + int(x.Number-y.Number)
	})
	details, err := store.Collect(snap, store.Under(store.Detail, row.ID))
	if err != nil {
		return err
	}
	for i := range all {
		a := all[i]
		if i > 0 && a.Ordinal == all[i-1].Ordinal && a.Number == all[i-1].Number {
			return fmt.Errorf("attempt %d of step %d is stored twice", a.Number, a.Ordinal)
		}
		p := &s.plan.Steps[a.Ordinal]
		fmt.Fprintf(b, " %s#%d %s", p.ID, a.Number, a.Status)
		for m, at := range a.Times {
			if record.Moment(m) != record.Modify {
				s.at(b, strings.TrimSuffix(record.MomentNames[m], "_time"), at)
			}
		}
		if a.Edges.Known && len(p.Succs) > 0 {
			b.WriteString(" edges=")
			for k := range p.Succs {
				b.WriteByte("01"[map[bool]int{true: 1}[a.Edges.Has(k)]])
			}
		}
		if a.UserRetries|a.PlatformRetries|a.TimeoutRetries|a.ManualRetries != 0 {
			fmt.Fprintf(b, " retries=%d,%d,%d", a.UserRetries, a.PlatformRetries, a.TimeoutRetries)
		}
		if a.NoRetry {
			b.WriteString(" noretry")
		}
		s.at(b, "deadline", a.Deadline)
		s.at(b, "wake", a.Wake)
		if a.Order != record.OrderNone || a.Target != 0 || a.Cause != 0 || open[fmt.Sprint(a.Ordinal, a.Number)] {
			fmt.Fprintf(b, " order=%d target=%s cause=%s open=%v", a.Order, a.Target, step.Cause(a.Cause), open[fmt.Sprint(a.Ordinal, a.Number)])
		}
		if a.Handle != "" {
			fmt.Fprintf(b, " handle=%s", a.Handle)
		}
		if !a.Satisfied {
			b.WriteString(" unsatisfied")
		}
		b.WriteByte('\n')
		s.timeline(b, a.Timeline)
		seen := map[int64]bool{}
		for _, d := range details {
			attempt, kind := record.DetailOf(d.B)
			if d.A != int64(a.Seq) || attempt != a.Number {
				continue
			}
			if seen[d.B] {
				return fmt.Errorf("step %s has two details of kind %d", p.ID, kind)
			}
			seen[d.B] = true
			if kind == record.Artifacts {
				raw, err := record.ParseRaw(d.Doc)
				if err != nil {
					return err
				}
				fmt.Fprintf(b, "   artifacts %s\n", raw)
				continue
			}
			params, err := record.ParseParams(d.Doc)
			if err != nil {
				return err
			}
			var list []string
			for name, p := range params.All() {
				list = append(list, fmt.Sprintf("%s=%v", name, p.Result))
			}
			sort.Strings(list)
			fmt.Fprintf(b, "   params %s\n", strings.Join(list, " "))
		}
	}
	return nil
}

func (s *story) timeline(b *strings.Builder, events []instance.TimelineEvent) {
	for _, e := range events {
		fmt.Fprintf(b, "   %s %s%s%s %s\n", s.clock(e.Timestamp), e.Type, e.Level, e.Action, e.Message)
	}
}

// at prints a time as seconds since the beginning of the story.
func (s *story) at(b *strings.Builder, name string, ms int64) {
	if ms != 0 {
		fmt.Fprintf(b, " %s=%s", name, s.clock(ms))
	}
}

func (s *story) clock(ms int64) string {
	return strconv.FormatFloat(float64(ms-storyBegan)/1000, 'f', -1, 64)
}

// diff returns the lines in which two texts differ.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out strings.Builder
	for i := 0; i < max(len(a), len(b)); i++ {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			fmt.Fprintf(&out, "line %d\n  is   %s\n  want %s\n", i+1, y, x)
		}
	}
	return out.String()
}

func orderInWords(o *engine.Order) string {
	s := [...]string{record.OrderStart: "start", record.OrderObserve: "observe", record.OrderTerminate: "terminate"}[o.Kind]
	s = fmt.Sprintf("order %s %d/%s#%d %s", s, o.Attempt.Instance, o.Attempt.StepID, o.Attempt.Attempt, shortUUID(o.Attempt.UUID))
	if o.Handle != "" {
		s += " handle=" + o.Handle
	}
	if o.Kind == record.OrderTerminate {
		s += " because of " + o.Cause.String()
	}
	return s
}

func shortUUID(uuid string) string { return uuid[:4] }
