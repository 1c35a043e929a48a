package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/server"
)

// serverFlags are the flags of `segue server`.
type serverFlags struct {
	config server.Config
	json   bool
	level  string
	// How long history is kept.
	keepFor  string
	keepRuns int64
}

func serverCommand() *cobra.Command {
	var f serverFlags
	c := &cobra.Command{
		Use:   "server",
		Short: "Serve the REST API and run workflows",
		Long: "Serve the REST API and run workflows. The data directory holds everything; a server that is killed goes on where it\n" +
			"was when it is started again. SIGINT or SIGTERM ends it in order, with exit code 0: requests are answered, decisions\n" +
			"stored, and running commands go on for the next server. A second one ends it at once, like a kill.",
		Example: "  segue server --data ./data --enable-command\n" +
			"  segue server --database postgres://segue@localhost/segue --listen 10.0.0.5:8080 --host segue.example",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("server takes flags only, not %q", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return runServer(c.Context(), f, c.ErrOrStderr()) },
	}
	c.Flags().StringVar(&f.config.Data, "data", "data", "data `directory`")
	c.Flags().StringVar(&f.config.Listen, "listen", "127.0.0.1:8080", "`address` to listen on, host:port")
	c.Flags().StringVar(&f.config.Database, "database", "", "`URL` of a PostgreSQL database to use instead of SQLite in the data directory")
	c.Flags().StringSliceVar(&f.config.Hosts, "host", nil, "further `name` under which the server is reached, as in the Host header; * is any (repeatable)")
	c.Flags().BoolVar(&f.config.EnableCommand, "enable-command", false, "run steps of type command on this machine, as this user")
	c.Flags().BoolVar(&f.config.InsecureNoLogin, "insecure-no-login", false, "allow to listen beyond loopback with commands enabled and no login")
	c.Flags().StringVar(&f.keepFor, "keep-for", "90d", "keep runs for this `time` after their end, such as 90d or 12h; 0 is for ever")
	c.Flags().Int64Var(&f.keepRuns, "keep-runs", 0, "keep this `number` of the newest runs of each workflow; 0 is all")
	c.Flags().BoolVar(&f.json, "log-json", false, "log in JSON")
	c.Flags().StringVar(&f.level, "log-level", "info", "lowest `level` to log: debug, info, warn or error")
	return c
}

func runServer(ctx context.Context, f serverFlags, stderr io.Writer) error {
	log, err := logger(f.level, f.json, stderr)
	if err != nil {
		return err
	}
	keep, err := f.retention()
	if err != nil {
		return err
	}
	self, err := superviseSelf()
	if err != nil {
		return err
	}
	f.config.Retention = &keep
	f.config.Log, f.config.Version, f.config.Supervise = log, version(), self
	s, err := server.Open(ctx, f.config)
	if err != nil {
		return err
	}
	defer leaveIfAskedAgain(log)()
	// A log that nobody reads any more does not end a server.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	address := s.Address()
	err = s.Run(ctx, func() {
		log.Info("serving", "address", address, "data", f.config.Data, "commands", f.config.EnableCommand, "version", version(), "pid", os.Getpid())
	})
	if err == nil {
		log.Info("stopped")
	}
	return err
}

// retention returns how long history is kept.
func (f *serverFlags) retention() (engine.Retention, error) {
	keep := engine.DefaultRetention()
	d, err := schedule.ParseAge(f.keepFor)
	if err != nil {
		return keep, usage("--keep-for: %w, or 0 for ever", err)
	}
	if f.keepRuns < 0 {
		return keep, usage("--keep-runs %d is not a number of runs, or 0 for all", f.keepRuns)
	}
	keep.KeepFor, keep.KeepRuns = d.Milliseconds(), f.keepRuns
	return keep, nil
}

// leaveIfAskedAgain ends the process when it is asked to end a second time, until the function that it returns is called.
func leaveIfAskedAgain(log *slog.Logger) (done func()) {
	first, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(first, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(first)
		again := make(chan os.Signal, 1)
		select {
		case s := <-first: // which has ended the context of main
			defer notifyAgain(again)()
			log.Info("stopping; a second time stops at once", "signal", s)
		case <-over:
			return
		}
		select {
		case <-again:
			log.Warn("stopping at once")
			os.Exit(exitFailed)
		case <-over:
		}
	}()
	return func() { close(over) }
}

func logger(level string, json bool, to io.Writer) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usage("--log-level %q is not debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: l}
	if json {
		return slog.New(slog.NewJSONHandler(to, options)), nil
	}
	return slog.New(slog.NewTextHandler(to, options)), nil
}

// superviseSelf returns the command line that runs this program as the supervisor of a command.
func superviseSelf() ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program itself, to supervise commands: %w", err)
	}
	return []string{exe, superviseArg}, nil
}
