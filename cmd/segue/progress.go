package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/segue-run/segue/wire"
)

// viewer shows one run as it goes: as a picture that is drawn again and again on a terminal, as lines elsewhere, or only
// as JSON at its end.
type viewer struct {
	local    *local
	id       string
	instance int64
	stdout   io.Writer
	written  *faithful // stdout, where text goes that is no terminal
	stderr   io.Writer
	screen   *screen // nil = no picture
	lines    *lines  // nil = no lines
	order    []string
	stopping bool
	kept     bool // the data directory is there after the run
}

// shownRun and shownStep are what the viewer needs of the API's documents.
type shownRun struct {
	UUID     string          `json:"workflow_uuid"`
	Status   string          `json:"status"`
	Create   int64           `json:"create_time"`
	Start    int64           `json:"start_time"`
	End      int64           `json:"end_time"`
	DAG      json.RawMessage `json:"runtime_dag"`
	Timeline shownTimeline   `json:"timeline"`
}

type shownStep struct {
	ID      string `json:"step_id"`
	UUID    string `json:"step_uuid"`
	Attempt int64  `json:"step_attempt_id"`
	State   struct {
		Status string `json:"status"`
		Start  int64  `json:"start_time"`
		End    int64  `json:"end_time"`
	} `json:"runtime_state"`
	Definition map[string]struct {
		Type string `json:"type"`
	} `json:"definition"`
	Params map[string]struct {
		Source string          `json:"source"`
		Result json.RawMessage `json:"evaluated_result"`
	} `json:"params"`
	Timeline shownTimeline `json:"timeline"`
}

type shownTimeline []struct {
	Type    string `json:"type"`
	Level   string `json:"level"`
	Message string `json:"message"`
}

// complaints are the messages that say what went wrong, the latest last.
func (t shownTimeline) complaints() []string {
	var list []string
	for _, e := range t {
		if e.Type == "LOG" && (e.Level == "ERROR" || e.Level == "WARN") {
			list = append(list, e.Message)
		}
	}
	return list
}

// stepType returns the type of a step, "" for a kind that has none.
func (s *shownStep) stepType() string {
	for _, d := range s.Definition {
		return d.Type
	}
	return ""
}

func newViewer(l *local, id string, instance int64, stdout, stderr io.Writer) *viewer {
	v := &viewer{local: l, id: id, instance: instance, stdout: stdout, stderr: stderr}
	switch {
	case l.flags.output == "json":
	case isTerminal(stdout):
		v.screen = newScreen(stdout)
	default:
		v.written = &faithful{to: stdout}
		v.stdout = v.written
		v.lines = &lines{out: v.written, begun: map[string]bool{}, ended: map[string]bool{}}
	}
	return v
}

// faithful remembers the first error of a writer.
type faithful struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (f *faithful) Write(p []byte) (int, error) {
	n, err := f.to.Write(p)
	if f.err == nil {
		f.err = err
	}
	return n, err
}

// lost returns why not all of the text was written. That nobody reads it any more is another matter: see withInterrupts.
func (f *faithful) lost() error {
	if f == nil || f.err == nil || errors.Is(f.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("the output could not be written: %w", f.err)
}

const (
	// readAtMost is how often a run that changes is read: not more often than people see.
	readAtMost = 50 * time.Millisecond
	// pulseEvery is how often a picture is drawn at least, so that time goes on in it.
	pulseEvery = 100 * time.Millisecond
	// readEvery is after how many pulses a run is read that has told of no change.
	readEvery = 10
)

// watch shows the run until it ends. An interrupt stops the run, a second one leaves.
func (v *viewer) watch(ctx context.Context, changes <-chan struct{}) (int, error) {
	free := context.WithoutCancel(ctx) // the API is still needed after an interrupt
	interrupted := ctx.Done()
	again, forget := make(chan os.Signal, 1), func() {}
	defer func() { forget() }()
	pulse := time.NewTicker(pulseEvery)
	defer pulse.Stop()
	if v.screen != nil {
		v.screen.begin()
		defer v.screen.end()
	}
	run, steps, err := v.read(free)
	for pulses := 0; err == nil; {
		if code, ended := codeOfStatus(run.Status); ended {
			v.local.ended = true
			v.show(run, steps)
			if v.screen != nil {
				v.screen.end()
			}
			v.kept = code != exitOK || !v.local.temporary
			return code, v.conclude(free, run, steps)
		}
		v.show(run, steps)
		select {
		case <-changes:
			time.Sleep(readAtMost)
			run, steps, err = v.read(free)
		case <-pulse.C:
			if pulses++; pulses%readEvery == 0 {
				run, steps, err = v.read(free)
			}
		case <-interrupted:
			interrupted = nil
			forget = notifyAgain(again)
			v.stopping = true
			if v.screen == nil {
				fmt.Fprintln(v.stderr, "Stopping the run; interrupt again to leave at once.")
			}
			err = v.local.call(free, http.MethodPut, fmt.Sprintf("%s/instances/%d/actions/stop", workflowPath(v.id), v.instance), "", nil, nil)
		case <-again:
			if v.screen != nil {
				v.screen.erase()
			}
			fmt.Fprintln(v.stderr, "Left before the end of the run; its commands are being ended.")
			return exitFailed, nil
		}
	}
	return 0, err
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
	if v.order == nil {
		if v.order, err = keysOf(run.DAG); err != nil {
			return run, nil, err
		}
	}
	err = v.local.call(ctx, http.MethodGet, base+"/steps", "", nil, &steps)
	return run, steps, err
}

// keysOf returns the names in a JSON object, in their order.
func keysOf(object json.RawMessage) ([]string, error) {
	n, err := wire.Parse(object)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(n.Fields))
	for i := range n.Fields {
		names[i] = n.Fields[i].Name
	}
	return names, nil
}

func (v *viewer) show(run shownRun, steps []shownStep) {
	switch {
	case v.screen != nil:
		v.screen.draw(v.picture(run, steps, time.Now().UnixMilli()))
	case v.lines != nil:
		v.lines.add(v.title(), v.order, run, steps)
	}
}

// title names the run.
func (v *viewer) title() string { return fmt.Sprintf("%s:%d", v.id, v.instance) }

// spoken rounds a duration to what is worth reading.
func spoken(millis int64) string {
	d := time.Duration(max(millis, 0)) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// took returns how long a step has run, "" if it has not begun.
func (s *shownStep) took(now int64) string {
	switch {
	case s.State.Start == 0:
		return ""
	case s.State.End == 0:
		return spoken(now - s.State.Start)
	}
	return spoken(s.State.End - s.State.Start)
}
