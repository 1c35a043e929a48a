//go:build !unix

package command

import (
	"context"
	"fmt"
	"os"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// Runtime exists on this system only so that programs compile: New returns none.
type Runtime struct{}

var errUnsupported = fault.New(fault.Unsupported, "steps of type command are not supported on this system: they need Linux or macOS")

// New returns an error: commands are not supported on this system.
func New(Config) (*Runtime, error) { return nil, errUnsupported }

// Supervise refuses to run.
func Supervise([]string) int {
	fmt.Fprintln(os.Stderr, "segue:", errUnsupported)
	return 2
}

func (*Runtime) SetPush(func(uuid string)) {}

// EndAll does nothing.
func (*Runtime) EndAll(context.Context) error { return nil }

func (*Runtime) Close() error { return nil }

func (*Runtime) Start(context.Context, *step.Attempt) (step.Progress, error) {
	return step.Progress{}, errUnsupported
}

func (*Runtime) Observe(context.Context, *step.Attempt, string) (step.Progress, error) {
	return step.Progress{}, errUnsupported
}

func (*Runtime) Terminate(context.Context, *step.Attempt, string, step.Cause) (step.Progress, error) {
	return step.Progress{}, errUnsupported
}

func (*Runtime) Forget(context.Context, string) {}

func (*Runtime) Logs(context.Context, string, step.LogStream) (step.Log, error) {
	return nil, errUnsupported
}

// Discard does nothing.
func (*Runtime) Discard(context.Context, string) error { return nil }

func signalName(int) string { return "" }
