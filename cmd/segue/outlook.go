package main

import "fmt"

// outlook is how a step in some status looks and counts.
type outlook struct {
	mark  string
	color color
	count string // how the summary speaks of such steps
}

var (
	goodLook    = outlook{"✓", green, "succeeded"}
	passedLook  = outlook{"–", dim, "not taken"}
	skippedLook = outlook{"–", dim, "skipped"}
	ignoredLook = outlook{"!", yellow, "failed and ignored"}
	againLook   = outlook{"!", yellow, "to be tried again"}
	badLook     = outlook{"✗", red, "failed"}
	stoppedLook = outlook{"✗", red, "stopped"}
	lateLook    = outlook{"✗", red, "timed out"}
	activeLook  = outlook{"•", cyan, "running"}
	pendingLook = outlook{"·", dim, "not reached"}
)

// inSummary are the outlooks in the order in which the summary counts them.
var inSummary = []outlook{goodLook, badLook, lateLook, stoppedLook, ignoredLook, againLook, activeLook, skippedLook, passedLook, pendingLook}

// lookOf returns the outlook of a step by its status; "" = not reached.
func lookOf(status string) outlook {
	switch status {
	case "":
		return pendingLook
	case "SUCCEEDED":
		return goodLook
	case "UNSATISFIED", "DISABLED":
		return passedLook
	case "SKIPPED":
		return skippedLook
	case "COMPLETED_WITH_ERROR":
		return ignoredLook
	case "USER_FAILED", "PLATFORM_FAILED", "TIMEOUT_FAILED":
		return againLook
	case "FATALLY_FAILED", "INTERNALLY_FAILED":
		return badLook
	case "STOPPED":
		return stoppedLook
	case "TIMED_OUT":
		return lateLook
	}
	return activeLook
}

// bad reports whether there is something to explain about such a step.
func (o outlook) bad() bool { return o.mark == "✗" || o.mark == "!" }

// word is what is shown for a status: those that a step passes through before and after its work are not worth telling
// apart.
func word(status string) string {
	switch status {
	case "CREATED", "INITIALIZED", "EVALUATING_PARAMS":
		return "STARTING"
	}
	return status
}

// tally counts steps by outlook, in words.
func tally(order []string, statuses map[string]string) string {
	counts := map[string]int{}
	for _, id := range order {
		counts[lookOf(statuses[id]).count]++
	}
	text := ""
	for _, o := range inSummary {
		if n := counts[o.count]; n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", n, o.count)
		}
	}
	return text
}

// statusesOf returns the statuses of the steps that have been reached, by step.
func statusesOf(steps []shownStep) map[string]string {
	m := make(map[string]string, len(steps))
	for i := range steps {
		m[steps[i].ID] = steps[i].State.Status
	}
	return m
}

// widest returns the length of the longest of names in ASCII.
func widest(names []string) int {
	n := 0
	for _, name := range names {
		n = max(n, len(name))
	}
	return n
}

// color is the part of an escape sequence that sets one.
type color string

const (
	plain  color = ""
	bold   color = "1"
	dim    color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	cyan   color = "36"
)

// paint colors a text.
func (c color) paint(text string) string {
	if c == plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
