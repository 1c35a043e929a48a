package sim_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/sim/ledger"
	"github.com/segue-run/segue/sim/runs"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/sqlite"
)

var (
	seeds = flag.Uint64("seeds", 100, "how many seeds TestSeeds runs")
	from  = flag.Uint64("from", 1, "the first of them")
	seed  = flag.Uint64("seed", 0, "run only this seed, and print its trace")
	all   = flag.Bool("all", false, "go on after a seed that fails")
	once  = flag.Bool("once", false, "run each seed once, on a store in memory, and do not ask what all of them have met")
	steps = flag.Int("steps", 0, "steps with faults in each run; 0 = the default")
)

// sqliteEvery says that one seed in so many runs on SQLite, too.
const sqliteEvery = 20

// enough is how many seeds meet everything.
const enough = 100

var worlds = []struct {
	name  string
	world func(*sim.Env) sim.World
	meets []string // besides what every world meets
}{
	{"ledger", ledger.New, ledger.Meets},
	{"runs", runs.New, runs.Meets},
}

func TestSeeds(t *testing.T) {
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			config := sim.Config{Steps: *steps, World: w.world}
			if *seed != 0 {
				config.Seed, config.Trace = *seed, os.Stdout
				if res := sim.Run(config); res.Err != nil {
					t.Fatalf("seed %d: %v", *seed, res.Err)
				}
				return
			}
			began, met := time.Now(), sim.Counts{}
			for s := *from; s < *from+*seeds; s++ {
				config.Seed = s
				res := sim.Run(config)
				met.Add(res.Met)
				if res.Err != nil {
					t.Errorf("seed %d: %v\nsee it again: go test ./sim -run 'TestSeeds/%s' -v -seed=%d -steps=%d",
						s, res.Err, w.name, s, *steps)
				} else if !*once {
					again(t, config, res)
				}
				if t.Failed() && !*all {
					return
				}
			}
			t.Logf("%d seeds in %v met\n%s", *seeds, time.Since(began).Round(time.Millisecond), met)
			if *seeds < enough || *once {
				return
			}
			for _, what := range append(w.meets, sim.Meets...) {
				if met[what] == 0 {
					t.Errorf("%d seeds have not met: %s", *seeds, what)
				}
			}
		})
	}
}

// again runs a seed a second time, and some on SQLite. Each must have the same trace.
func again(t *testing.T, config sim.Config, first sim.Result) {
	t.Helper()
	if second := sim.Run(config); second.Hash != first.Hash {
		t.Errorf("seed %d: the trace of the second run differs", config.Seed)
	}
	if config.Seed%sqliteEvery != 0 {
		return
	}
	config.Faithful = true
	inMemory := sim.Run(config)
	dir := t.TempDir()
	config.Open = func(groups int) (store.Store, error) {
		return sqlite.Open(context.Background(), dir, sqlite.Options{Groups: groups})
	}
	onDisk := sim.Run(config)
	if onDisk.Err != nil {
		t.Errorf("seed %d on SQLite: %v", config.Seed, onDisk.Err)
	}
	if onDisk.Hash != inMemory.Hash {
		t.Errorf("seed %d: the trace on SQLite is not that of the store in memory", config.Seed)
	}
}
