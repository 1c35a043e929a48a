//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// recorder is a test that notes how it ends.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Helper()                        {}
func (r *recorder) Fatalf(format string, a ...any) { r.end = "fails: " + fmt.Sprintf(format, a...) }
func (r *recorder) Skipf(format string, a ...any)  { r.end = "skips: " + fmt.Sprintf(format, a...) }

func TestNoTestIsSkippedWhereAServerIsRequired(t *testing.T) {
	for value, want := range map[string]string{"": "skips: ", "1": "fails: "} {
		t.Setenv(Required, value)
		r := &recorder{TB: t}
		missing(r, errors.New("initdb is nowhere"))
		if !strings.HasPrefix(r.end, want) || !strings.Contains(r.end, "initdb is nowhere") {
			t.Errorf("%s=%q: %s", Required, value, r.end)
		}
	}
}
