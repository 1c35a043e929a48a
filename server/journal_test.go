package server

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-run/segue/flow"
)

// A disk that is full for a while fills no log.
func TestJournalIsBrief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		j := &journal{log: slog.New(slog.NewTextHandler(&text, nil))}
		j.report(flow.Incident{What: "healed"}) // nobody had been told of anything
		for range 2 {
			for range 100 {
				j.report(flow.Incident{What: "transient", Err: errors.New("full")})
				time.Sleep(time.Second)
			}
			j.report(flow.Incident{What: "healed"})
		}
		if n := strings.Count(text.String(), "the store takes nothing at present"); n != 2*4 {
			t.Errorf("told %d times in twice 100 s", n)
		}
		if n := strings.Count(text.String(), `msg="the store takes everything again" after=1m40s tries=100`); n != 2 {
			t.Errorf("told %d times that it is over", n)
		}
		j.report(flow.Incident{What: "quarantine", Group: 3, Err: errors.New("bad")})
		if !strings.Contains(text.String(), `level=ERROR msg="a run is set aside`) {
			t.Error("a quarantine is not told")
		}
		if t.Failed() {
			t.Log(text.String())
		}
	})
}
