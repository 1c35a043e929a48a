package main

import (
	"os"
	"testing"

	"github.com/segue-run/segue/step/command"
)

// asSegue makes the test binary the program itself.
const asSegue = "SEGUE_TEST_AS_SEGUE"

// TestMain makes the test binary the supervisor of the commands that its tests run, as main does, and the program if a
// test wants a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) >= 2 && os.Args[1] == superviseArg {
		os.Exit(command.Supervise(os.Args[2:]))
	}
	if os.Getenv(asSegue) != "" {
		main()
	}
	os.Exit(m.Run())
}
