package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"unicode"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// conclude tells how a run has ended: why steps have failed, what steps have put out, and one line that sums it up.
func (v *viewer) conclude(ctx context.Context, run shownRun, steps []shownStep) error {
	if v.local.flags.output == "json" {
		return v.concludeJSON(ctx, run, steps)
	}
	if err := v.explainAll(ctx, steps); err != nil {
		return err
	}
	if why := run.Timeline.complaints(); len(why) > 0 {
		fmt.Fprintln(v.stdout)
		for _, text := range why {
			fmt.Fprintln(v.stdout, indented(text, "  "))
		}
	}
	v.printOutputs(steps)
	look := lookOf(run.Status)
	if run.Status == "FAILED" {
		look = badLook
	}
	sum := fmt.Sprintf("%s  %s after %s: %s", v.title(), run.Status, spoken(run.End-run.Start), tally(v.order, statusesOf(steps)))
	fmt.Fprintf(v.stdout, "\n%s %s\n", v.painted(look.color, look.mark), v.painted(bold, sum))
	return v.written.lost()
}

// painted colors a text where colors are shown.
func (v *viewer) painted(c color, text string) string {
	if v.screen == nil || !v.screen.colored {
		return text
	}
	return c.paint(text)
}

// outputMost is how many characters of an output are shown.
const outputMost = 1000

func (v *viewer) printOutputs(steps []shownStep) {
	first := true
	for _, s := range steps {
		all := s.outputs()
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			if first {
				first = false
				fmt.Fprintln(v.stdout, "\nOutputs")
			}
			value := printable(string(all[name]))
			if len(value) > outputMost {
				value = cut(value, outputMost) + fmt.Sprintf("  (%d bytes; -o json shows all)", len(value))
			}
			fmt.Fprintf(v.stdout, "  %s.%s = %s\n", s.ID, name, value)
		}
	}
}

// outputs returns what a step has put out, by name.
func (s *shownStep) outputs() map[string]json.RawMessage {
	var all map[string]json.RawMessage
	for name, p := range s.Params {
		if p.Source != "OUTPUT_PARAMETER" {
			continue
		}
		if all == nil {
			all = map[string]json.RawMessage{}
		}
		all[name] = p.Result
	}
	return all
}

const (
	explainSteps = 10 // how many failed steps are explained
	explainLines = 10 // how much of the log of each is shown
)

func (v *viewer) explainAll(ctx context.Context, steps []shownStep) error {
	left := 0
	for n, i := 0, 0; i < len(steps); i++ {
		s := &steps[i]
		look := lookOf(s.State.Status)
		if !look.bad() || look == stoppedLook && len(s.Timeline.complaints()) == 0 {
			continue
		}
		if n++; n > explainSteps {
			left++
			continue
		}
		if err := v.explain(ctx, s); err != nil {
			return err
		}
	}
	if left > 0 {
		fmt.Fprintf(v.stdout, "\nand %s more\n", counted(left, "step"))
	}
	return nil
}

// explain prints why a step has failed, and the end of its log: of its error output, or of its output if there is none.
func (v *viewer) explain(ctx context.Context, s *shownStep) error {
	look := lookOf(s.State.Status)
	head := s.ID + "  " + s.State.Status
	if s.Attempt > 1 {
		head += fmt.Sprintf("  attempt %d", s.Attempt)
	}
	fmt.Fprintf(v.stdout, "\n%s %s\n", v.painted(look.color, look.mark), v.painted(bold, head))
	for _, text := range s.Timeline.complaints() {
		fmt.Fprintln(v.stdout, indented(text, "  "))
	}
	for _, stream := range []step.LogStream{step.Stderr, step.Stdout} {
		text, err := v.tail(ctx, s, stream)
		if err != nil {
			return err
		}
		if text == "" {
			continue
		}
		shown := strings.Split(text, "\n")
		if len(shown) > explainLines {
			shown = shown[1:]
			fmt.Fprintf(v.stdout, "  the last %d lines of its %s:\n", explainLines, stream)
		} else {
			fmt.Fprintf(v.stdout, "  its %s:\n", stream)
		}
		for _, line := range shown {
			fmt.Fprintln(v.stdout, v.painted(dim, "  │ ")+printable(line))
		}
		if path := v.logPath(ctx, s, stream); path != "" {
			fmt.Fprintf(v.stdout, "  %s\n", path)
		}
		break
	}
	return nil
}

// indented puts a text of several lines behind a margin.
func indented(text, margin string) string {
	return margin + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+margin)
}

// escapes are the sequences that color a terminal or move its cursor.
var escapes = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-_])`)

// printable returns a line of a log as text alone. Of a line that a program has written over, the last form is shown.
func printable(line string) string {
	line = strings.TrimRight(line, "\r")
	line = escapes.ReplaceAllString(line[strings.LastIndexByte(line, '\r')+1:], "")
	return strings.Map(func(r rune) rune {
		if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, line)
}

// tail returns one line more of a log than is shown, "" if there is none.
func (v *viewer) tail(ctx context.Context, s *shownStep, stream step.LogStream) (string, error) {
	var text rawText
	path := fmt.Sprintf("%s/instances/%d/runs/1/steps/%s/attempts/%d/logs?stream=%s&tail=%d",
		workflowPath(v.id), v.instance, s.ID, s.Attempt, stream, explainLines+1)
	err := v.local.call(ctx, http.MethodGet, path, "", nil, &text)
	if fault.Is(err, fault.BadRequest) {
		return "", nil // a step without logs
	}
	return strings.TrimRight(string(text), "\n"), err
}

// rawText is an answer that is not JSON.
type rawText string

// logPath returns the file that holds a log, "" if it is not kept.
func (v *viewer) logPath(ctx context.Context, s *shownStep, stream step.LogStream) string {
	if !v.kept {
		return ""
	}
	log, err := v.local.server.Logs(ctx, strings.ToLower(s.stepType()), s.UUID, stream)
	if err != nil {
		return ""
	}
	defer log.Close()
	file, ok := log.(interface{ Name() string })
	if !ok {
		return ""
	}
	return file.Name()
}

func (v *viewer) concludeJSON(ctx context.Context, run shownRun, steps []shownStep) error {
	type shown struct {
		ID       string                     `json:"step_id"`
		Status   string                     `json:"status"`
		Attempts int64                      `json:"attempts"`
		Millis   int64                      `json:"duration_ms"`
		Errors   []string                   `json:"errors,omitempty"`
		Outputs  map[string]json.RawMessage `json:"outputs,omitempty"`
		Stdout   string                     `json:"stdout_path,omitempty"`
		Stderr   string                     `json:"stderr_path,omitempty"`
	}
	doc := struct {
		Workflow string   `json:"workflow_id"`
		Instance int64    `json:"workflow_instance_id"`
		Status   string   `json:"status"`
		Millis   int64    `json:"duration_ms"`
		Errors   []string `json:"errors,omitempty"`
		Data     string   `json:"data,omitempty"` // where database and logs are kept
		Steps    []shown  `json:"steps"`
	}{
		Workflow: v.id, Instance: v.instance, Status: run.Status, Millis: max(run.End-run.Start, 0), Errors: run.Timeline.complaints(), Steps: []shown{},
	}
	if v.kept {
		doc.Data = v.local.flags.data
	}
	for i := range steps {
		s := &steps[i]
		one := shown{
			ID: s.ID, Status: s.State.Status, Attempts: s.Attempt, Errors: s.Timeline.complaints(), Outputs: s.outputs(),
			Stdout: v.logPath(ctx, s, step.Stdout), Stderr: v.logPath(ctx, s, step.Stderr),
		}
		if s.State.Start != 0 {
			one.Millis = max(s.State.End-s.State.Start, 0)
		}
		doc.Steps = append(doc.Steps, one)
	}
	e := json.NewEncoder(v.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}
