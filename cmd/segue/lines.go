package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// lines tells what happens in a run where nothing can be drawn again: a line for each attempt that begins and that ends,
// with the time since the run began. What is said depends on what happened, not on when somebody looked.
type lines struct {
	out          io.Writer
	titled       bool
	begun, ended map[string]bool // by step and attempt
}

// add writes what has happened since the last time.
func (l *lines) add(title string, order []string, run shownRun, steps []shownStep) {
	if !l.titled {
		l.titled = true
		fmt.Fprintf(l.out, "%s  %s\n", title, counted(len(order), "step"))
	}
	type news struct {
		at   int64
		text string
	}
	var all []news
	wide := widest(order)
	say := func(at int64, mark string, s *shownStep, rest ...string) {
		text := fmt.Sprintf("%8s  %s %-*s  %s", elapsed(at-run.Start), mark, wide, s.ID, strings.Join(rest, "  "))
		all = append(all, news{at, strings.TrimRight(text, " ")})
	}
	for i := range steps {
		s := &steps[i]
		key := fmt.Sprintf("%s#%d", s.ID, s.Attempt)
		attempt := ""
		if s.Attempt > 1 {
			attempt = fmt.Sprintf("attempt %d", s.Attempt)
		}
		if s.State.Start != 0 && s.stepType() != "NoOp" && !l.begun[key] {
			l.begun[key] = true
			say(s.State.Start, activeLook.mark, s, filled("RUNNING", attempt)...)
		}
		if look := lookOf(s.State.Status); s.State.End != 0 && look != activeLook && !l.ended[key] {
			l.ended[key] = true
			again := ""
			if wait, ok := s.backoff(); ok {
				again = "next attempt in " + spoken(wait)
			}
			say(s.State.End, look.mark, s, filled(s.State.Status, s.took(0), attempt, reason(s), again)...)
		}
	}
	slices.SortStableFunc(all, func(a, b news) int { return cmp.Compare(a.at, b.at) })
	for _, n := range all {
		fmt.Fprintln(l.out, n.text)
	}
}

// backoff returns how many milliseconds after its end an attempt is followed by the next one.
func (s *shownStep) backoff() (int64, bool) {
	if lookOf(s.State.Status) != againLook {
		return 0, false
	}
	for _, e := range slices.Backward(s.Timeline) {
		if text, ok := strings.CutPrefix(e.Message, "Retrying task in ["); ok {
			d, err := time.ParseDuration(strings.TrimSuffix(text, "]"))
			return d.Milliseconds(), err == nil
		}
	}
	return 0, false
}

// filled returns the texts that are not empty.
func filled(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// reason returns in one line why a step has failed, "" if it has not.
func reason(s *shownStep) string {
	if !lookOf(s.State.Status).bad() {
		return ""
	}
	list := s.Timeline.complaints()
	if len(list) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(list[len(list)-1], "\n")
	return cut(first, 120)
}

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			runes := []rune(text[:i])
			return string(runes[:max(most-1, 0)]) + "…"
		}
	}
	return text
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// elapsed is a time since the beginning, to be read in a column.
func elapsed(millis int64) string {
	if millis < 60_000 {
		return fmt.Sprintf("%.1f s", float64(max(millis, 0))/1000)
	}
	return spoken(millis)
}
