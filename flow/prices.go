package flow

import (
	"math/bits"
	"time"
)

// prices are what commits have cost lately, by their size: on most disks the first pages of a commit are dear and more of them
// cheap, so no straight line goes through them. Each size class is twice as large as the one before; 0 = there was none yet.
type prices [12]time.Duration

const (
	pricesFrom = 10 // bits of the size where the first class ends: 1 KiB
	priceJump  = 4  // what takes longer than so many times the usual counts as that: the disk has stalled
)

func priceClass(bytes int64) int {
	return min(max(bits.Len64(uint64(bytes))-pricesFrom, 0), len(prices{})-1)
}

// learn takes note of what a commit has cost.
func (p *prices) learn(bytes int64, took time.Duration) {
	k := priceClass(bytes)
	if p[k] == 0 {
		p[k] = took
	}
	p[k] += (min(took, priceJump*p[k]) - p[k]) / 16
	for i := range k { // what is smaller does not cost more
		p[i] = min(p[i], p[k])
	}
}

// of returns what a commit of so many bytes costs: as much as those of about that size, or as smaller ones if there was none.
// 0 = nothing is known.
func (p *prices) of(bytes int64) time.Duration {
	for k := priceClass(bytes); k >= 0; k-- {
		if p[k] > 0 {
			return p[k]
		}
	}
	return 0
}
