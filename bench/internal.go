package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/segue-run/segue/engine"
)

// chain runs 100 internal steps in a row, from the start to the durable end.
func chain(ctx context.Context, b *stand) (map[string]float64, error) {
	return b.inARow(ctx, "noop", 50, 2)
}

// edgeChain runs 100 steps in a row whose runtime answers at once; each launch is durable first.
func edgeChain(ctx context.Context, b *stand) (map[string]float64, error) {
	return b.inARow(ctx, "command", 10, 20)
}

const chainSteps = 100

// inARow runs a chain a number of times, with some bare commits after each.
func (b *stand) inARow(ctx context.Context, stepType string, runs, bare int) (map[string]float64, error) {
	p, err := b.push(ctx, chainOf("row", stepType, chainSteps))
	if err != nil {
		return nil, err
	}
	runs = b.scaled(runs)
	if err := b.whole(ctx, p); err != nil { // caches are warm from here on
		return nil, err
	}
	b.runtime.takeGaps()
	since := b.counters()
	var times []time.Duration
	var all time.Duration
	for range runs {
		one := time.Now()
		if err := b.whole(ctx, p); err != nil {
			return nil, err
		}
		took := time.Since(one)
		all += took
		times = append(times, took)
		if err := b.pair(ctx, bare); err != nil {
			return nil, err
		}
	}
	f := b.rates(since, runs*chainSteps, runs, all)
	f["step_us_mean"] = quantile(times, 0.5) / chainSteps
	f["step_us"] = f["step_us_mean"]
	if gaps := b.runtime.takeGaps(); len(gaps) > 0 { // with a launch in each, the steps themselves can be told apart
		f["step_us"] = quantile(gaps, 0.5)
	}
	return f, nil
}

// fanout runs 250 parallel internal steps and a join.
func fanout(ctx context.Context, b *stand) (map[string]float64, error) {
	const wide = 250
	p, err := b.push(ctx, fanOf("fan", "noop", wide))
	if err != nil {
		return nil, err
	}
	runs := b.scaled(40)
	since, began := b.counters(), time.Now()
	for range runs {
		if err := b.whole(ctx, p); err != nil {
			return nil, err
		}
	}
	return b.rates(since, runs*(wide+2), runs, time.Since(began)), nil
}

// waiting fills the node with runs in a long sleep, looks at the memory they take, and restarts.
func waiting(ctx context.Context, b *stand) (map[string]float64, error) {
	var plans []*engine.Plan
	for i := range 100 {
		p, err := b.push(ctx, sleepOf(fmt.Sprintf("sleeper%d", i), 86_400))
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	runs := b.scaled(100_000)
	before := heap()
	if err := b.inParallel(ctx, 64, runs, func(i int) error {
		_, err := b.begin(ctx, plans[i%len(plans)])
		return err
	}); err != nil {
		return nil, err
	}
	perRun := float64(heap()-before) / float64(runs)
	if err := b.halt(); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := b.boot(ctx); err != nil {
		return nil, err
	}
	if _, err := b.begin(ctx, plans[0]); err != nil {
		return nil, err
	}
	recover := time.Since(began)
	loaded := float64(heap()-before) / float64(runs)
	return map[string]float64{
		"bytes_per_run": max(perRun, loaded), "recover_ms": float64(recover.Microseconds()) / 1000, "runs": float64(runs),
	}, nil
}

// heap returns the bytes of memory that are in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// inParallel calls do for 0 to n-1 from several goroutines and returns the first error.
func (b *stand) inParallel(ctx context.Context, workers, n int, do func(i int) error) error {
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
