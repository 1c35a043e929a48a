package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Counts says how often things have happened, so that a test can see that its seeds meet everything.
type Counts map[string]int64

func (c Counts) one(what string) { c[what]++ }

// Add adds the counts of another run.
func (c Counts) Add(o Counts) {
	for what, n := range o { // in any order: a sum
		c[what] += n
	}
}

// String lists them by name.
func (c Counts) String() string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		lines = append(lines, fmt.Sprintf("%s: %d", what, c[what]))
	}
	return strings.Join(lines, "\n")
}

// Meets is what a hundred seeds of any world meet: whatever a cluster has to stand.
var Meets = []string{
	"requests", "requests repeated after their answer", "answers lost", "answers that ask to try again",
	"outside events", "outside events lost",

	"crash between batches", "crash in the cut", "crash before the commit", "crash after the commit", "crash in recovery",
	"commits after the end of their process",
	"hosts frozen", "takeovers", "takeovers from a frozen owner", "jumps of a clock",

	"faults of the store: commit, transient", "faults of the store: commit, unknown",
	"faults of the store: commit, unknown, and it was done",
	"faults of the store: commit, fatal", "faults of the store: commit, fatal, and it was done",
	"faults of the store: join, transient", "faults of the store: join, unknown, and it was done",
	"faults of the store: claim, transient", "faults of the store: claim, unknown, and it was done",
	"faults of the store: lease ids, transient", "faults of the store: lease ids, unknown, and it was done",
	"faults of the store: read, transient", "faults of the store: read, fatal",
	"restores of an older state", "restores that lose the seat of a process", "restores while a commit is on its way",
	"restores that lose nothing of a process but its claims",

	"incident: fenced", "incident: behind", "incident: transient", "incident: unknown", "incident: fatal",
	"turns", "batches", "express batches", "commits repeated", "fetches", "loads of a group", "drops of groups", "yields",
	"groups compared with the store", "inboxes looked into",
}
