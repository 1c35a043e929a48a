package flow

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestPrices: neither what all commits cost nor how unsteady they are is taken for the price of their size.
func TestPrices(t *testing.T) {
	const small, large = 900, 30_000
	for _, c := range []struct {
		what          string
		small, large  time.Duration
		jitter, stall time.Duration // each fiftieth commit stalls
		within        time.Duration
	}{
		{"a fast disk", 200 * time.Microsecond, 500 * time.Microsecond, 0, 0, time.Microsecond},
		{"a slow one", 10 * time.Millisecond, 11 * time.Millisecond, 0, 0, time.Microsecond},
		{"an unsteady one to which size is nothing", time.Millisecond, time.Millisecond, time.Millisecond, 0, 400 * time.Microsecond},
		{"one that stalls", 200 * time.Microsecond, 500 * time.Microsecond, 0, 50 * time.Millisecond, 150 * time.Microsecond},
	} {
		var p prices
		rnd := rand.New(rand.NewPCG(1, 2))
		for i := range 2000 {
			size, took := int64(small), c.small
			if rnd.IntN(2) == 0 {
				size, took = large, c.large
			}
			if c.jitter > 0 {
				took += time.Duration(rnd.Int64N(int64(c.jitter)))
			}
			if c.stall > 0 && i%50 == 49 {
				took += c.stall
			}
			p.learn(size, took)
			if i < 100 {
				continue
			}
			if d := p.of(large) - p.of(small) - (c.large - c.small); d < -c.within || d > c.within {
				t.Fatalf("%s: a large commit is believed to cost %v more than a small one; it costs %v more", c.what, p.of(large)-p.of(small), c.large-c.small)
			}
		}
	}
}

func TestPricesOfSizesThatThereWereNot(t *testing.T) {
	var p prices
	if got := p.of(5000); got != 0 {
		t.Errorf("nothing is known, and 5,000 bytes cost %v", got)
	}
	p.learn(3000, time.Millisecond)
	for bytes, want := range map[int64]time.Duration{0: 0, 1000: 0, 3000: time.Millisecond, 1 << 40: time.Millisecond} {
		if got := p.of(bytes); got != want {
			t.Errorf("%d bytes cost %v; want %v", bytes, got, want)
		}
	}
	p.learn(100, 10*time.Millisecond)
	for range 100 {
		p.learn(1<<40, 2*time.Millisecond) // the disk has become faster
	}
	if got := p.of(100); got > 2*time.Millisecond {
		t.Errorf("a small commit is believed to cost %v, and a large one %v", got, p.of(1<<40))
	}
}

// TestStallsDoNotEndExpress: where nothing but launches makes small commits, one of which stalls now and then, launches still go
// ahead.
func TestStallsDoNotEndExpress(t *testing.T) {
	var n Node
	n.pace.init(Limits{}.withDefaults())
	n.pace.bare = 200 * time.Microsecond
	n.hurried.loops.Store(1)
	n.hurried.bytes.Store(900)
	n.dirty.Store(30_000)
	ahead, gap := 0, 0 // express batches, and commits since the last one
	for i := range 5000 {
		bytes, took := int64(30_000), 550*time.Microsecond
		express := n.expressPays()
		if gap++; express {
			bytes, took, gap = 900, 200*time.Microsecond, 0
			if ahead++; ahead%20 == 0 {
				took = 10 * time.Millisecond
			}
		}
		n.pace.committed(bytes, express, took, 0)
		if gap > 30 {
			t.Fatalf("after %d commits, %d without a launch ahead: alone it is believed to cost %v, with the rest %v", i, gap, n.pace.prices.of(900), n.pace.prices.of(30_000))
		}
	}
}
