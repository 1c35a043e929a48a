// Command segue is the workflow orchestrator: the server, the runner for one machine, and the tools.
//
// One command, one file; main only knows their names. Exit codes are in exit.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step/command"
)

func main() {
	// A supervisor of one command must start fast and stay small, so it is looked for before anything else.
	if len(os.Args) >= 2 && os.Args[1] == superviseArg {
		os.Exit(command.Supervise(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:]))
}

// superviseArg is the hidden first argument with which segue runs itself as the supervisor of a command.
const superviseArg = "__supervise"

func execute(ctx context.Context, args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "segue: "+fault.Lines(err))
	return codeOf(err)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "segue",
		Short:         "Segue runs workflows: durable, in one binary, with the next step starting without a pause",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(runCommand(), serverCommand(), benchCommand(), selCommand())
	return root
}

// version returns the version of the module, or the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}
