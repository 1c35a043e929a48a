package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/segue-run/segue/bench"
)

func benchCommand() *cobra.Command {
	var o bench.Options
	var asJSON bool
	var about strings.Builder
	for _, s := range bench.Scenarios() {
		fmt.Fprintf(&about, "  %-8s %s\n", s[0], s[1])
	}
	c := &cobra.Command{
		Use:   "bench [SCENARIO…]",
		Short: "Measure the engine beside the limits of its disk",
		Long: "Measure the engine beside the limits of its disk: each repetition has a new store and is followed by a probe of what\n" +
			"disk and store can do at best. Figures are medians.\n\nScenarios (all, if none is named):\n" + about.String(),
		RunE: func(c *cobra.Command, names []string) error {
			if len(names) == 0 {
				for _, s := range bench.Scenarios() {
					names = append(names, s[0])
				}
			}
			return bench.Run(c.Context(), o, names, func(r bench.Result) { printResult(c.OutOrStdout(), r, asJSON) })
		},
	}
	c.Flags().StringVar(&o.Store, "store", "sqlite", "store to measure: sqlite, memory, or the URL of a PostgreSQL database to use up")
	c.Flags().StringVar(&o.Dir, "dir", "", "where to make data directories; the disk to measure (default: the system's temporary directory)")
	c.Flags().IntVar(&o.Repeat, "repeat", 5, "repetitions of each scenario")
	c.Flags().Float64Var(&o.Scale, "scale", 1, "size of the scenarios; 0.1 is a tenth of the runs")
	c.Flags().DurationVar(&o.Delay, "delay", 0, "added to every commit; with a --dir in memory, a disk that is slower and never stalls")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

func printResult(w io.Writer, r bench.Result, asJSON bool) {
	if asJSON {
		json.NewEncoder(w).Encode(r)
		return
	}
	names := make([]string, 0, len(r.Figures))
	for name := range r.Figures {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(w, "%s on %s\n", r.Scenario, r.Store)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, name := range names {
		fmt.Fprintf(t, "  %s\t%.2f\t\n", name, r.Figures[name])
	}
	t.Flush()
}
