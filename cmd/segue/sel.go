package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/sel/seltest"
)

// selCommand is "segue sel": the expression language at the command line, without a server.
func selCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sel",
		Short: "Try out expressions of the language SEL",
	}
	cmd.AddCommand(selEvalCommand(), selTestCommand())
	return cmd
}

// selEvalOptions are the flags of "segue sel eval".
type selEvalOptions struct {
	params  []string
	now     int64
	seed    uint64
	timeout time.Duration
}

func selEvalCommand() *cobra.Command {
	var opts selEvalOptions
	cmd := &cobra.Command{
		Use:   "eval EXPRESSION",
		Short: "Evaluate one expression and print its value and type",
		Long: `Evaluate one expression, as a workflow definition would hold it, and print its value and type.

A parameter's value is read as JSON: 5 is a LONG, 5.0 a DOUBLE, true a BOOLEAN, [1, 2] a LONG_ARRAY, {"k": "v"} a MAP.
What is no JSON is a STRING; put quotes around a number to make it one. "-" as the expression reads it from standard input.`,
		Example: `  segue sel eval -p n=41 'n + 1'
  segue sel eval -p date=20260131 'Util.incrementDateInt(date, 1)'
  segue sel eval -p 'ids=[3, 4]' 'ids[0] + ids.length'
  segue sel eval -p n=41 -- '-n + 1'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("sel eval wants one expression, not %d: put quotes around it", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("now") {
				opts.now = time.Now().UnixMilli()
			}
			if !cmd.Flags().Changed("seed") {
				opts.seed = rand.Uint64()
			}
			return selEval(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), args[0], opts)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usage("%v; an expression that begins with a minus stands after two of them: segue sel eval -- '-n + 1'", err)
	})
	cmd.Flags().StringArrayVarP(&opts.params, "param", "p", nil, "a parameter, as `name=value`; may be repeated")
	cmd.Flags().Int64Var(&opts.now, "now", 0, "the instant of the evaluation in epoch `milliseconds` (default the clock)")
	cmd.Flags().Uint64Var(&opts.seed, "seed", 0, "the `seed` of random numbers (default a random one)")
	cmd.Flags().DurationVar(&opts.timeout, "timeout", 2*time.Minute, "the deadline of the evaluation")
	return cmd
}

func selEval(ctx context.Context, stdin io.Reader, out io.Writer, text string, opts selEvalOptions) error {
	if text == "-" {
		b, err := io.ReadAll(stdin)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		text = string(b)
	}
	params := make(map[string]sel.Value, len(opts.params))
	for _, p := range opts.params {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return fault.New(fault.BadRequest, "--param %q: want name=value", p)
		}
		v, err := sel.FromGo(seltest.FromJSON(value))
		if err != nil {
			return fault.In(err, "--param %q", name)
		}
		params[name] = v
	}
	program, err := sel.Compile(sel.Prepare(text))
	if err != nil {
		return withCaret(err)
	}
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	in := &sel.Input{
		Lookup: func(name string) (sel.Value, bool, error) {
			v, ok := params[name]
			return v, ok, nil
		},
		Now:  opts.now,
		Seed: opts.seed,
	}
	res, err := program.Eval(in.Within(ctx))
	if err != nil {
		return withCaret(err)
	}
	if res.Value.Type() == sel.Thrown {
		return fault.New(fault.BadRequest, "the expression throws: %s", res.Value.Str())
	}
	_, err = fmt.Fprintf(out, "%s (%s)\n", sel.TextOf(res.Value), res.Value.Type())
	return err
}

// withCaret shows where in the expression an error is.
func withCaret(err error) error {
	if e, ok := errors.AsType[*sel.Error](err); ok {
		return &fault.Error{Kind: fault.KindOf(err), Message: e.Caret()}
	}
	return err
}

func selTestCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run cases of the language and name those that fail",
		Long: `Run the cases in the given files, one JSON object a line: an "expr" or a template's "value", "params", and what it
wants. Each failure is named with what was wanted and what came out. The last line is "N passed, N failed".`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return selTest(cmd.OutOrStdout(), files, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print failures as JSON, one a line")
	return cmd
}

func selTest(out io.Writer, files []string, asJSON bool) error {
	var rep seltest.Report
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return fault.New(fault.NotFound, "%w", err)
		}
		err = rep.Run(f)
		if shut := f.Close(); err == nil {
			err = shut
		}
		if err != nil {
			return fault.In(err, "%s", name)
		}
	}
	for _, f := range rep.Failures {
		if asJSON {
			if err := json.NewEncoder(out).Encode(f); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(out, "FAIL %s: %s\n  want %s\n  got  %s\n", f.Name, f.Text, f.Want, f.Got); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(out, "%d passed, %d failed\n", rep.Passed, len(rep.Failures)); err != nil {
		return err
	}
	if n := len(rep.Failures); n > 0 {
		return fault.New(fault.Unprocessable, "%d of %d cases failed", n, n+rep.Passed)
	}
	return nil
}
