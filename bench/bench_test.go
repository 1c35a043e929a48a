package bench

import (
	"context"
	"testing"
	"time"
)

// Each scenario runs in small and gives the figures that its users read.
func TestScenariosGiveTheirFigures(t *testing.T) {
	figures := map[string][]string{
		"limits":  {"fsync_us_p50", "commit1_us_p50", "commit100_us_p50", "bulk_rows_per_s"},
		"chain":   {"step_us", "commit1_us_p50"},
		"edge":    {"step_us", "commit1_us_p50"},
		"fanout":  {"steps_per_s", "runs_per_s", "rows_per_step", "bytes_per_step", "commits_per_s"},
		"many":    {"steps_per_s", "runs_per_s", "rows_per_step", "bytes_per_step", "commits_per_s", "same_batch_rows_per_s"},
		"start":   {"launch_us_p50", "launch_us_p99", "end_us_p50", "end_us_p99", "commit1_us_p50"},
		"waiting": {"bytes_per_run", "recover_ms"},
		"backlog": {"commit_max_ms"},
		"fair":    {"launch_us_p99"},
		"stall":   {"heap_max_mb", "resumed_ms"},
	}
	for _, s := range Scenarios() {
		t.Run(s[0], func(t *testing.T) {
			if len(figures[s[0]]) == 0 {
				t.Fatal("nobody reads its figures")
			}
			var results []Result
			o := Options{Store: "sqlite", Dir: t.TempDir(), Repeat: 1, Scale: 0.02}
			if s[0] == "stall" || s[0] == "waiting" {
				o.Scale = 0.005
			}
			if err := Run(context.Background(), o, []string{s[0]}, func(r Result) { results = append(results, r) }); err != nil {
				t.Fatal(err)
			}
			if len(results) != 1 || results[0].Scenario != s[0] || results[0].Store != "sqlite" {
				t.Fatalf("results: %+v", results)
			}
			for _, name := range figures[s[0]] {
				if v, ok := results[0].Figures[name]; !ok || v < 0 || v == 0 && name != "heap_max_mb" {
					t.Errorf("%s is %v (%v)", name, v, ok)
				}
			}
		})
	}
}

func TestAnUnknownScenarioIsRefusedWithThoseThatThereAre(t *testing.T) {
	err := Run(context.Background(), Options{Store: "memory"}, []string{"chian"}, func(Result) { t.Error("it ran") })
	if err == nil || err.Error() == "" {
		t.Fatal("it was accepted")
	}
	if err := Run(context.Background(), Options{Store: "oracle"}, []string{"chain"}, func(Result) { t.Error("it ran") }); err == nil {
		t.Error("an unknown store was accepted")
	}
}

func TestQuantilesAndMedians(t *testing.T) {
	var d []time.Duration
	for i := range 100 {
		d = append(d, time.Duration(100-i)*time.Microsecond)
	}
	if p50, p99, most := quantile(d, 0.5), quantile(d, 0.99), quantile(d, 1); p50 != 51 || p99 != 100 || most != 100 {
		t.Errorf("p50 %v, p99 %v, max %v", p50, p99, most)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median %v", m)
	}
	if m := mean(d); m != 50.5 {
		t.Errorf("mean %v", m)
	}
}
