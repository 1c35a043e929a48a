package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

// watched is a store whose commits are timed, and can be held up.
type watched struct {
	store.Store
	delay  time.Duration
	mu     sync.Mutex
	took   []time.Duration
	gate   sync.RWMutex
	timing atomic.Bool
}

// Commit passes the gate and is timed.
func (w *watched) Commit(ctx context.Context, b *store.Batch) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	began := time.Now()
	err := w.Store.Commit(ctx, b)
	if w.delay > 0 {
		time.Sleep(w.delay)
	}
	if w.timing.Load() {
		w.mu.Lock()
		w.took = append(w.took, time.Since(began))
		w.mu.Unlock()
	}
	return err
}

// commits returns the durations of the commits since timing was switched on.
func (w *watched) commits() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.took)
}

// backlog posts 10,000 runs of 5 internal steps at once and waits for the last one.
func backlog(ctx context.Context, b *stand) (map[string]float64, error) {
	plans, err := b.plans(ctx, 16, func(i int) string { return chainOf(fmt.Sprintf("w%d", i), "noop", 5) })
	if err != nil {
		return nil, err
	}
	runs := b.scaled(10_000)
	b.store.timing.Store(true)
	since, began := b.counters(), time.Now()
	var started sync.WaitGroup
	var first atomic.Pointer[error]
	for i := range runs {
		started.Go(func() {
			if err := b.whole(ctx, plans[i%len(plans)]); err != nil {
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	started.Wait()
	if err := first.Load(); err != nil {
		return nil, *err
	}
	f := b.rates(since, runs*5, runs, time.Since(began))
	f["commit_max_ms"] = quantile(b.store.commits(), 1) / 1000
	f["commit_us_p99"] = quantile(b.store.commits(), 0.99)
	return f, nil
}

func (b *stand) plans(ctx context.Context, n int, definition func(i int) string) ([]*engine.Plan, error) {
	var plans []*engine.Plan
	for i := range n {
		p, err := b.push(ctx, definition(i))
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// lones is the number of workflows whose launches fair measures, in turn: some share a flow group with a workflow of the load.
const lones = 16

// fair launches edge steps, one after another, while 16 clients run internal steps and one runs long chains without an end.
func fair(ctx context.Context, b *stand) (map[string]float64, error) {
	plans, err := b.plans(ctx, 16, func(i int) string { return chainOf(fmt.Sprintf("w%d", i), "noop", 5) })
	if err != nil {
		return nil, err
	}
	endless, err := b.push(ctx, chainOf("endless", "noop", 300))
	if err != nil {
		return nil, err
	}
	lone, err := b.plans(ctx, lones, func(i int) string { return chainOf(fmt.Sprintf("lone%d", i), "command", 1) })
	if err != nil {
		return nil, err
	}
	load, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	var beside atomic.Int64 // runs of the clients
	for _, p := range append(slices.Clone(plans), endless) {
		wg.Go(func() {
			for load.Err() == nil {
				if err := b.whole(load, p); err != nil {
					return
				}
				if p != endless {
					beside.Add(1)
				}
			}
		})
	}
	began := time.Now()
	var launches []time.Duration
	early := int64(0)
	n := b.scaled(500)
	for i := range n {
		plan := lone[i%lones]
		asked := time.Now()
		s, err := b.begin(ctx, plan)
		if err != nil {
			return nil, err
		}
		if err := b.finish(ctx, s); err != nil {
			return nil, err
		}
		at, ok := b.runtime.take(plan.Definition.ID, s.Instance)
		if !ok {
			return nil, fault.New(fault.Internal, "instance %d ended without a launch", s.Instance)
		}
		launches = append(launches, at.Sub(asked))
		if i == n/5 {
			early = heap()
		}
	}
	return map[string]float64{
		"launch_us_p50": quantile(launches, 0.5), "launch_us_p99": quantile(launches, 0.99),
		"beside_runs_per_s": float64(beside.Load()) / time.Since(began).Seconds(),
		"heap_growth_mb":    float64(heap()-early) / (1 << 20),
	}, nil
}

// stallFor is how long the store stands still.
const stallFor = 60 * time.Second

// stall holds all commits up for a while, under load, and looks at memory and at what comes after.
func stall(ctx context.Context, b *stand) (map[string]float64, error) {
	plans, err := b.plans(ctx, 16, func(i int) string { return chainOf(fmt.Sprintf("w%d", i), "noop", 5) })
	if err != nil {
		return nil, err
	}
	before := heap()
	load, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	var done, refused atomic.Int64
	for i := range 256 {
		wg.Go(func() {
			for load.Err() == nil {
				err := b.whole(load, plans[i%len(plans)])
				switch {
				case err == nil:
					done.Add(1)
				case load.Err() == nil && fault.Is(err, fault.Unavailable):
					refused.Add(1)
				}
			}
		})
	}
	b.store.gate.Lock()
	atStall := done.Load()
	most := int64(0)
	end := time.After(time.Duration(float64(stallFor) * b.o.Scale))
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for waiting := true; waiting; {
		select {
		case <-end:
			waiting = false
		case <-look.C:
			most = max(most, heap()-before)
		}
	}
	inStall := done.Load() - atStall
	b.store.gate.Unlock()
	began := time.Now()
	goal := done.Load() + 256
	for done.Load() < goal && ctx.Err() == nil {
		<-look.C
	}
	after := time.Since(began)
	stop()
	wg.Wait()
	return map[string]float64{
		"heap_max_mb": float64(most) / (1 << 20), "done_in_stall": float64(inStall), "refused": float64(refused.Load()),
		"resumed_ms": float64(after.Milliseconds()),
	}, nil
}
