package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// shown decodes the documents of a run and its steps.
func shown(t *testing.T, runDoc, stepDocs string) (run shownRun, steps []shownStep) {
	t.Helper()
	if err := json.Unmarshal([]byte(runDoc), &run); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(stepDocs), &steps); err != nil {
		t.Fatal(err)
	}
	return run, steps
}

const order = `"runtime_dag":{"fetch":{},"gate":{},"check":{},"other":{},"report":{}}`

var midway = []string{
	`{"status":"IN_PROGRESS","start_time":1000,` + order + `}`,
	`[{"step_id":"fetch","step_attempt_id":2,"runtime_state":{"status":"SUCCEEDED","start_time":3000,"end_time":4500},"definition":{"step":{"type":"command"}}},
	  {"step_id":"gate","step_attempt_id":1,"runtime_state":{"status":"SUCCEEDED","start_time":4500,"end_time":4500},"definition":{"step":{"type":"NoOp"}}},
	  {"step_id":"check","step_attempt_id":1,"runtime_state":{"status":"RUNNING","start_time":4501},"definition":{"step":{"type":"command"}}},
	  {"step_id":"other","step_attempt_id":1,"runtime_state":{"status":"UNSATISFIED","end_time":4502},"definition":{"step":{"type":"command"}}}]`,
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	l := &lines{out: &out, begun: map[string]bool{}, ended: map[string]bool{}}
	run, first := shown(t, midway[0], `[{"step_id":"fetch","step_attempt_id":1,"runtime_state":{"status":"USER_FAILED","start_time":1000,"end_time":1250},
	  "definition":{"step":{"type":"command"}},"timeline":[{"type":"LOG","level":"ERROR","message":"exit code 1: no such host\nmore"},
	  {"type":"LOG","level":"INFO","message":"Retrying task in [1m30s]"}]}]`)
	names, err := keysOf(run.DAG)
	if err != nil {
		t.Fatal(err)
	}
	l.add("etl:7", names, run, first)
	_, steps := shown(t, midway[0], midway[1])
	l.add("etl:7", names, run, steps)
	l.add("etl:7", names, run, steps) // nothing new
	steps[2].State.Status, steps[2].State.End = "FATALLY_FAILED", 65000
	l.add("etl:7", names, run, steps)
	want := `etl:7  5 steps
   0.0 s  • fetch   RUNNING
   0.2 s  ! fetch   USER_FAILED  250 ms  exit code 1: no such host  next attempt in 1m30s
   2.0 s  • fetch   RUNNING  attempt 2
   3.5 s  ✓ fetch   SUCCEEDED  1.5 s  attempt 2
   3.5 s  ✓ gate    SUCCEEDED  0 ms
   3.5 s  • check   RUNNING
   3.5 s  – other   UNSATISFIED
    1m4s  ✗ check   FATALLY_FAILED  1m0s
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

func TestPicture(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, size: func() (int, int) { return 60, 24 }}
	v := &viewer{id: "etl", instance: 7, order: []string{"fetch", "gate", "check", "other", "report"}, screen: s}
	run, steps := shown(t, midway[0], midway[1])
	s.draw(v.picture(run, steps, 5000))
	want := `etl:7  IN_PROGRESS  4.0 s  2 succeeded, 1 running, 1 not t…
  ✓ fetch   SUCCEEDED     1.5 s  attempt 2
  ✓ gate    SUCCEEDED      0 ms
  ⠋ check   RUNNING      499 ms
  – other   UNSATISFIED
  · report
`
	if got := visible(out.String()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// The next picture replaces the six lines of this one.
	out.Reset()
	steps[2].State.Status, steps[2].State.End = "FATALLY_FAILED", 5000
	run.Status, run.End = "FAILED", 5000
	v.stopping = true
	s.draw(v.picture(run, steps, 6000))
	if !strings.HasPrefix(out.String(), "\x1b[6A\r\x1b[2Ketl:7  FAILED  4.0 s") || !strings.Contains(out.String(), "✗ check   FATALLY_FAILED  499 ms") {
		t.Errorf("got %q", out.String())
	}
}

// visible drops the escape sequences.
func visible(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(strings.TrimPrefix(escapes.ReplaceAllString(line, ""), "\r"), " \n") + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A terminal that is too low for all steps shows those at work and those that have failed, then those that have ended
// last, then those that come next.
func TestPictureOnALowTerminal(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, size: func() (int, int) { return 80, 8 }}
	rows := []row{{text: "title"}}
	for i := range 20 {
		r := row{mark: "  ✓", text: fmt.Sprintf(" s%02d", i), keep: keepEnded}
		switch {
		case i == 0:
			r.keep = keepBad
		case i == 15:
			r.keep = keepActive
		case i > 13:
			r.keep = keepPending
		}
		rows = append(rows, r)
	}
	s.draw(rows)
	if want := "title\n  ✓ s00\n  ✓ s11\n  ✓ s12\n  ✓ s13\n  ✓ s15\n  … 15 more\n"; visible(out.String()) != want {
		t.Errorf("got\n%s\nwant\n%s", visible(out.String()), want)
	}
	kept := fit(rows[1:], 16)
	if got := kept[14].text + kept[15].text; got != " s14 s15" {
		t.Errorf("of the steps to come the first stays, not %q", got)
	}
	for range 3 { // smaller than what must be shown
		s.size = func() (int, int) { return 3, 1 }
		s.draw(rows)
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain\ttext": "plain\ttext", "\x1b[31mred\x1b[0m": "red", "10%\r50%\r100%\r": "100%", "a\x1b[2Jb\x07": "ab",
		"\x1b]0;title\x07ok": "ok", "\x1b]8;;http://h\x1b\\link": "link", "naïve": "naïve",
		"a\u009b2Jb": "a2Jb", "to\u202eright": "toright",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"abc", 0, "…"}, {"", 0, ""}} {
		if got := cut(c.text, c.most); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.text, c.most, got, c.want)
		}
	}
}
