package main

import (
	"os"
	"testing"

	"github.com/segue-run/segue/step/command"
)

// TestMain makes the test binary the supervisor of the commands that its tests run, as main does.
func TestMain(m *testing.M) {
	if len(os.Args) >= 2 && os.Args[1] == superviseArg {
		os.Exit(command.Supervise(os.Args[2:]))
	}
	os.Exit(m.Run())
}
