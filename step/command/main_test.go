//go:build unix

package command

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The test binary is its own supervisor, as segue is.
const superviseArg = "__supervise"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == superviseArg {
		os.Exit(Supervise(os.Args[2:]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each supervisor of a -race build stays for a second
	goleak.VerifyTestMain(m)
}
