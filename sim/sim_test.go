package sim_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/sim/ledger"
	"github.com/segue-run/segue/sim/runs"
)

var (
	seeds = flag.Uint64("seeds", 300, "how many seeds TestSeeds runs")
	from  = flag.Uint64("from", 1, "the first of them")
	seed  = flag.Uint64("seed", 0, "run only this seed, and print its trace")
	all   = flag.Bool("all", false, "go on after a seed that fails")
	steps = flag.Int("steps", 0, "steps with faults in each run; 0 = the default")
)

var worlds = []struct {
	name  string
	world func(*sim.Env) sim.World
}{
	{"ledger", ledger.New},
	{"runs", runs.New},
}

func TestSeeds(t *testing.T) {
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			config := sim.Config{Steps: *steps, World: w.world}
			if *seed != 0 {
				config.Seed, config.Trace = *seed, os.Stdout
				if res := sim.Run(config); res.Err != nil {
					t.Fatalf("seed %d: %v", *seed, res.Err)
				}
				return
			}
			began := time.Now()
			var met sim.Counters
			for s := *from; s < *from+*seeds; s++ {
				config.Seed = s
				res := sim.Run(config)
				if res.Err != nil {
					t.Errorf("seed %d: %v\nsee it again: go test ./sim -run 'TestSeeds/%s' -v -seed=%d -steps=%d",
						s, res.Err, w.name, s, *steps)
					if !*all {
						return
					}
				}
				met.Add(res.Counters)
				if s%10 == 0 {
					if again := sim.Run(config); again.Hash != res.Hash {
						t.Fatalf("seed %d: the trace of the second run differs (%x, %x)", s, res.Hash, again.Hash)
					}
				}
			}
			t.Logf("%d seeds in %v: %s", *seeds, time.Since(began).Round(time.Millisecond), fmt.Sprintf("%+v", met))
		})
	}
}
