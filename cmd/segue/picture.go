package main

import "fmt"

// How much rows of a picture matter when there is no place for all.
const (
	keepPending = iota
	keepEnded
	keepBad
	keepActive
)

// spinner are the marks of a step at work.
var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// picture describes a run at some moment: what it is, and each of its steps in the order of the graph.
func (v *viewer) picture(run shownRun, steps []shownStep, now int64) []row {
	began, end := run.Start, run.End
	if began == 0 {
		began = run.Create
	}
	if end == 0 {
		end = now
	}
	status := run.Status
	if status == "CREATED" {
		status = "CREATED, waiting for its turn"
	}
	title := fmt.Sprintf("%s  %s  %s  %s", v.title(), status, spoken(end-began), tally(v.order, statusesOf(steps)))
	if v.stopping && run.End == 0 {
		title += "; stopping, interrupt again to leave at once"
	}
	rows := []row{{color: bold, text: title}}
	reached := make(map[string]*shownStep, len(steps))
	words := []string{"SUCCEEDED"}
	for i := range steps {
		reached[steps[i].ID] = &steps[i]
		words = append(words, word(steps[i].State.Status))
	}
	wide := columns{widest(v.order), widest(words)}
	for _, id := range v.order {
		rows = append(rows, rowOf(id, wide, reached[id], now))
	}
	return rows
}

// columns are the widths of the columns of a picture.
type columns struct{ id, status int }

// rowOf describes a step; nil = it has not been reached.
func rowOf(id string, wide columns, s *shownStep, now int64) row {
	if s == nil {
		return row{mark: "  " + pendingLook.mark, color: dim, text: " " + id, keep: keepPending}
	}
	look := lookOf(s.State.Status)
	r := row{mark: "  " + look.mark, color: look.color, keep: keepEnded}
	switch {
	case look == activeLook:
		r.mark, r.keep = "  "+spinner[now/pulseEvery.Milliseconds()%int64(len(spinner))], keepActive
	case look.bad():
		r.keep = keepBad
	}
	r.text = fmt.Sprintf(" %-*s  %-*s  %6s", wide.id, id, wide.status, word(s.State.Status), s.took(now))
	var rest []string
	if s.Attempt > 1 {
		rest = append(rest, fmt.Sprintf("attempt %d", s.Attempt))
	}
	rest = append(rest, reason(s))
	if wait, ok := s.backoff(); ok {
		rest = append(rest, "next attempt in "+spoken(s.State.End+wait-now))
	}
	for _, text := range filled(rest...) {
		r.text += "  " + text
	}
	return r
}
