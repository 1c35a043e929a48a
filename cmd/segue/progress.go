package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
	"time"
)

// viewer shows one run as it goes.
type viewer struct {
	local    *local
	id       string
	instance int64
	began    time.Time
	stdout   io.Writer
	stderr   io.Writer
	live     bool // redraw on a terminal instead of adding lines
	quiet    bool // JSON at the end only
	drawn    int  // lines on the terminal that the next drawing replaces
	said     map[string]string
}

// shownRun and shownStep are what the viewer needs of the API's documents.
type shownRun struct {
	Status string `json:"status"`
	Start  int64  `json:"start_time"`
	End    int64  `json:"end_time"`
}

type shownStep struct {
	ID      string `json:"step_id"`
	Attempt int64  `json:"step_attempt_id"`
	State   struct {
		Status string `json:"status"`
		Start  int64  `json:"start_time"`
		End    int64  `json:"end_time"`
	} `json:"runtime_state"`
	Params map[string]struct {
		Source string          `json:"source"`
		Result json.RawMessage `json:"evaluated_result"`
	} `json:"params"`
	Timeline []struct {
		Type    string `json:"type"`
		Level   string `json:"level"`
		Message string `json:"message"`
	} `json:"timeline"`
}

func newViewer(l *local, id string, instance int64, began time.Time, stdout, stderr io.Writer) *viewer {
	return &viewer{
		local: l, id: id, instance: instance, began: began, stdout: stdout, stderr: stderr, said: map[string]string{},
		live: l.flags.output == "text" && isTerminal(stdout), quiet: l.flags.output == "json",
	}
}

// How often the picture is drawn: not more often than people see, and on a terminal often enough that time goes on.
const (
	drawAtMost  = 50 * time.Millisecond
	drawAtLeast = 500 * time.Millisecond
)

// watch shows the run until it ends. An interrupt stops the run, a second one leaves.
func (v *viewer) watch(ctx context.Context, changes <-chan struct{}) (int, error) {
	free := context.WithoutCancel(ctx) // the API is still needed after an interrupt
	interrupted := ctx.Done()
	again := make(chan os.Signal, 1)
	pulse := time.NewTicker(drawAtLeast)
	defer pulse.Stop()
	for {
		run, steps, err := v.read(free)
		if err != nil {
			return 0, err
		}
		v.show(run, steps)
		if code, ended := codeOfStatus(run.Status); ended {
			return code, v.conclude(free, run, steps)
		}
		select {
		case <-changes:
			time.Sleep(drawAtMost)
		case <-pulse.C:
		case <-interrupted:
			interrupted = nil
			signal.Notify(again, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(again)
			fmt.Fprintln(v.stderr, "Stopping the run; interrupt again to leave at once.")
			v.drawn = 0
			if err := v.local.call(free, http.MethodPut, fmt.Sprintf("%s/instances/%d/actions/stop", workflowPath(v.id), v.instance), "", nil, nil); err != nil {
				return 0, err
			}
		case <-again:
			return exitFailed, nil
		}
	}
}

func codeOfStatus(status string) (code int, ended bool) {
	switch status {
	case "SUCCEEDED":
		return exitOK, true
	case "TIMED_OUT":
		return exitLate, true
	case "FAILED", "STOPPED":
		return exitFailed, true
	}
	return 0, false
}

func (v *viewer) read(ctx context.Context) (run shownRun, steps []shownStep, err error) {
	base := fmt.Sprintf("%s/instances/%d", workflowPath(v.id), v.instance)
	if err = v.local.call(ctx, http.MethodGet, base, "", nil, &run); err != nil {
		return run, nil, err
	}
	err = v.local.call(ctx, http.MethodGet, base+"/steps", "", nil, &steps)
	return run, steps, err
}

// lines describes steps, in the order in which they were reached.
func lines(steps []shownStep, now time.Time) []string {
	wide := 4
	for _, s := range steps {
		wide = max(wide, len(s.ID))
	}
	var list []string
	for _, s := range steps {
		line := fmt.Sprintf("  %s %-*s  %s", mark(s.State.Status), wide, s.ID, s.State.Status)
		if s.Attempt > 1 {
			line += fmt.Sprintf(", attempt %d", s.Attempt)
		}
		if d, ok := s.took(now); ok {
			line += "  " + d
		}
		list = append(list, line)
	}
	return list
}

func mark(status string) string {
	switch status {
	case "SUCCEEDED":
		return "✓"
	case "UNSATISFIED", "SKIPPED", "DISABLED":
		return "–"
	case "COMPLETED_WITH_ERROR", "USER_FAILED", "PLATFORM_FAILED", "TIMEOUT_FAILED":
		return "!"
	case "FATALLY_FAILED", "INTERNALLY_FAILED", "STOPPED", "TIMED_OUT":
		return "✗"
	}
	return "•"
}

func (s *shownStep) took(now time.Time) (string, bool) {
	if s.State.Start == 0 {
		return "", false
	}
	end := s.State.End
	if end == 0 {
		end = now.UnixMilli()
	}
	return spoken(time.Duration(max(end-s.State.Start, 0)) * time.Millisecond), true
}

// spoken rounds a duration to what is worth reading.
func spoken(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// passing are the statuses that a step leaves at once, or nearly so; no line is worth them.
var passing = map[string]bool{
	"CREATED": true, "INITIALIZED": true, "WAITING_FOR_SIGNALS": true, "EVALUATING_PARAMS": true, "WAITING_FOR_PERMITS": true,
	"STARTING": true, "FINISHING": true,
}

// show draws the picture again on a terminal; elsewhere it adds a line for each new status.
func (v *viewer) show(run shownRun, steps []shownStep) {
	switch {
	case v.quiet:
	case v.live:
		var b strings.Builder
		if v.drawn > 0 {
			fmt.Fprintf(&b, "\x1b[%dA", v.drawn)
		}
		all := append([]string{fmt.Sprintf("%s:%d  %s  %s", v.id, v.instance, run.Status, spoken(time.Since(v.began)))}, lines(steps, time.Now())...)
		for _, line := range all {
			fmt.Fprintf(&b, "\x1b[2K%s\n", line)
		}
		v.drawn = len(all)
		io.WriteString(v.stdout, b.String())
	default:
		for i, line := range lines(steps, time.Now()) {
			key := fmt.Sprintf("%s#%d", steps[i].ID, steps[i].Attempt)
			status := steps[i].State.Status
			if passing[status] {
				continue
			}
			if v.said[key] != status {
				v.said[key] = status
				fmt.Fprintln(v.stdout, line)
			}
		}
	}
}

// outputs returns what the steps have put out, by step and name.
func outputs(steps []shownStep) map[string]map[string]json.RawMessage {
	all := map[string]map[string]json.RawMessage{}
	for _, s := range steps {
		for name, p := range s.Params {
			if p.Source != "OUTPUT_PARAMETER" {
				continue
			}
			if all[s.ID] == nil {
				all[s.ID] = map[string]json.RawMessage{}
			}
			all[s.ID][name] = p.Result
		}
	}
	return all
}

// conclude prints the outputs and, of steps that have failed, why.
func (v *viewer) conclude(ctx context.Context, run shownRun, steps []shownStep) error {
	took := time.Duration(max(run.End-run.Start, 0)) * time.Millisecond
	if v.quiet {
		return v.concludeJSON(run, steps, took)
	}
	if !v.live {
		fmt.Fprintf(v.stdout, "%s:%d  %s  %s\n", v.id, v.instance, run.Status, spoken(took))
	}
	for _, s := range steps {
		if m := mark(s.State.Status); m == "✗" || m == "!" {
			v.explain(ctx, &s)
		}
	}
	all := outputs(steps)
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintln(v.stdout, "\nOutputs")
	for _, s := range steps {
		names := make([]string, 0, len(all[s.ID]))
		for name := range all[s.ID] {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Fprintf(v.stdout, "  %s.%s = %s\n", s.ID, name, all[s.ID][name])
		}
	}
	return nil
}

// explainLines is how much of a failed command's error output is shown.
const explainLines = 10

// explain prints what a failed step has to say.
func (v *viewer) explain(ctx context.Context, s *shownStep) {
	fmt.Fprintf(v.stdout, "\n%s  %s\n", s.ID, s.State.Status)
	for _, e := range s.Timeline {
		if e.Type == "LOG" && (e.Level == "ERROR" || e.Level == "WARN") {
			fmt.Fprintf(v.stdout, "  %s\n", e.Message)
		}
	}
	var log rawText
	path := fmt.Sprintf("%s/instances/%d/runs/1/steps/%s/attempts/%d/logs?stream=stderr&tail=%d", workflowPath(v.id), v.instance, s.ID, s.Attempt, explainLines)
	if err := v.local.call(ctx, http.MethodGet, path, "", nil, &log); err != nil || log == "" {
		return // a step without a log has said all in its timeline
	}
	for _, line := range strings.Split(strings.TrimRight(string(log), "\n"), "\n") {
		fmt.Fprintf(v.stdout, "  | %s\n", line)
	}
}

// rawText is an answer that is not JSON.
type rawText string

func (v *viewer) concludeJSON(run shownRun, steps []shownStep, took time.Duration) error {
	type shown struct {
		ID       string                     `json:"step_id"`
		Status   string                     `json:"status"`
		Attempts int64                      `json:"attempts"`
		Millis   int64                      `json:"duration_ms"`
		Outputs  map[string]json.RawMessage `json:"outputs,omitempty"`
	}
	doc := struct {
		Workflow string  `json:"workflow_id"`
		Instance int64   `json:"workflow_instance_id"`
		Status   string  `json:"status"`
		Millis   int64   `json:"duration_ms"`
		Steps    []shown `json:"steps"`
	}{v.id, v.instance, run.Status, took.Milliseconds(), []shown{}}
	all := outputs(steps)
	for _, s := range steps {
		one := shown{ID: s.ID, Status: s.State.Status, Attempts: s.Attempt, Outputs: all[s.ID]}
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
