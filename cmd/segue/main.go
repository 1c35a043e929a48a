// Command segue is the workflow orchestrator: the server, the runner for one machine, and the tools.
//
// One command, one file; main only knows their names. Exit codes are in exit.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

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
	os.Exit(execute(ctx, os.Args[1:], os.Stderr))
}

// sameRequest is how long another SIGTERM belongs to the one before: timeout(1) sends one to its child and one to the whole group.
const sameRequest = time.Second

// notifyAgain has a channel told when the process, which has been asked to end, is asked again, until the function that it
// returns is called.
func notifyAgain(again chan<- os.Signal) (stop func()) {
	signal.Notify(again, os.Interrupt)
	later := time.AfterFunc(sameRequest, func() { signal.Notify(again, syscall.SIGTERM) })
	return func() {
		later.Stop()
		signal.Stop(again)
	}
}

// superviseArg is the hidden first argument with which segue runs itself as the supervisor of a command.
const superviseArg = "__supervise"

func execute(ctx context.Context, args []string, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetErr(stderr)
	return conclude(root.ExecuteContext(ctx), stderr)
}

// conclude tells an error and returns the exit code that it stands for.
func conclude(err error, stderr io.Writer) int {
	var code exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(stderr, "segue: "+fault.Lines(err))
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
	strict(root)
	return root
}

// strict makes the errors of a command's arguments, and of all below it, errors of usage. A command that only has others
// below it prints its help, and refuses words that are none of them.
func strict(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, below := range c.Commands() {
		strict(below)
	}
	if c.HasSubCommands() && !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage("%s has no command %q; it has %s", c.CommandPath(), args[0], names(c.Commands()))
		}
	}
}

// names lists commands.
func names(list []*cobra.Command) string {
	var b strings.Builder
	for _, c := range list {
		if c.IsAvailableCommand() {
			if b.Len() > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c.Name())
		}
	}
	return b.String()
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
