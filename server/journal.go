package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/segue-run/segue/flow"
)

// journal logs what the engine reports. A full disk is reported with every try; that is logged when it begins, from time
// to time while it lasts, and when it is over.
type journal struct {
	log *slog.Logger

	mu    sync.Mutex
	since time.Time // the store has taken nothing; zero = it does
	said  time.Time
	tries int
}

// sayAgain is how often it is logged that the store still takes nothing.
const sayAgain = 30 * time.Second

// words says for operators what has happened, where the name of the incident does not.
var words = map[string]string{
	"transient":  "the store takes nothing at present; what is decided is kept, and written when it can be",
	"unknown":    "it is not known whether the last batch has been stored; it is repeated",
	"fenced":     "another node has taken over groups of this one; what was not stored is forgotten, and nobody was told of it",
	"behind":     "another process has taken the seat of this node in the store, or the store has lost what it had acknowledged; all is loaded again",
	"refused":    "the store refuses a batch; the event that is to blame is looked for",
	"fatal":      "the store cannot be trusted any more",
	"panic":      "an event could not be decided",
	"quarantine": "a run is set aside, since it cannot be decided or stored",
	"fetch":      "rows could not be read; it is tried again",
	"ousted":     "another server has taken over all that this one had",
	"maintain":   "the housekeeping of the store has failed; it is tried again",
	"receive":    "a message of another node cannot be read",
}

func (j *journal) report(i flow.Incident) {
	level := slog.LevelWarn
	switch i.What {
	case "fatal", "behind", "quarantine", "ousted":
		level = slog.LevelError
	case "transient", "unknown":
		if !j.begins() {
			return
		}
	case "healed":
		if lasted, tries := j.ends(); tries > 0 {
			j.log.Info("the store takes everything again", "after", lasted, "tries", tries)
		}
		return
	}
	j.log.Log(context.Background(), level, words[i.What], "incident", i.What, "group", i.Group, "error", i.Err)
}

// begins notes a failed try and reports whether it should be logged.
func (j *journal) begins() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	if j.since.IsZero() {
		j.since = now
	}
	j.tries++
	if now.Sub(j.said) < sayAgain {
		return false
	}
	j.said = now
	return true
}

// ends notes that the store takes everything again.
func (j *journal) ends() (lasted time.Duration, tries int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.tries == 0 {
		return 0, 0
	}
	lasted, tries = time.Since(j.since).Round(time.Millisecond), j.tries
	j.since, j.said, j.tries = time.Time{}, time.Time{}, 0
	return lasted, tries
}
