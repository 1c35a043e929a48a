package sim

import (
	"math/rand/v2"

	"github.com/segue-run/segue/flow"
)

// climate is what one seed is like. Percentages are of the occasions on which the thing could happen.
type climate struct {
	Groups, Nodes int
	Stride        int   // time goes on by less than so many milliseconds at once
	Skew          int64 // clocks differ by up to so many milliseconds
	Jumps         bool  // and are set forward and back
	Yield         int   // percent of calls in which others run
	Faults        int   // percent of commits that fail
	CallFaults    int   // percent of other calls to the store that fail
	Fatal         bool  // some of them fatally
	Crash         int   // per mille of the steps
	Takeover      int   // per mille of the steps
	Freeze        int   // per mille of the steps
	Forget        int   // per mille of the steps
	Lose          int   // percent of messages and answers
	Busy          int   // requests open at once
	SlowCommits   bool
	Cut           int // percent of the occasions on which a wanted batch is begun
	Express       int // percent of the occasions on which an express batch is tried before a cut
	Limits        flow.Limits
}

// remembered is how many batches a restore may lose.
const remembered = 3

// newClimate draws a climate. Only a store in memory can forget.
func newClimate(r *rand.Rand, forgetful bool) climate {
	pick := func(of ...int) int { return of[r.IntN(len(of))] }
	c := climate{
		Stride: pick(30, 30, 400), Groups: 2 + r.IntN(5), Nodes: pick(1, 1, 2, 2, 2, 3),
		Skew: int64(pick(0, 5, 2000)), Jumps: r.IntN(3) == 0,
		Yield: pick(0, 10, 30, 60), Faults: pick(0, 0, 5, 20), CallFaults: pick(0, 0, 5, 20), Fatal: r.IntN(2) == 0,
		Crash: pick(0, 0, 1, 5), Takeover: pick(0, 1, 3, 10), Freeze: pick(0, 2, 6), Lose: pick(0, 10, 40),
		Busy: pick(3, 8, 20), SlowCommits: r.IntN(2) == 0, Cut: pick(100, 100, 10), Express: pick(0, 20, 60),
	}
	// A message that another node has had from a lost batch would mislead it, and nothing tells it (flow/DESIGN.md).
	if forgetful && c.Nodes == 1 && r.IntN(4) > 0 {
		c.Forget, c.Crash = 2, max(c.Crash, 1)
	}
	if c.Nodes == 1 {
		c.Takeover = 0
	}
	switch r.IntN(4) {
	case 0:
		c.Limits = flow.Limits{SoftBytes: 1, FullBytes: 300, HardBytes: 600, Commands: 4}
	case 1:
		c.Limits = flow.Limits{SoftBytes: 500, FullBytes: 2000, HardBytes: 4000}
	}
	return c
}
