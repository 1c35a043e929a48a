package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segue-run/segue/store"
)

// limitsOnly is the scenario that measures nothing but the limits.
func limitsOnly(ctx context.Context, b *stand) (map[string]float64, error) {
	p, err := b.push(ctx, chainOf("warm", "noop", 5))
	if err != nil {
		return nil, err
	}
	for range 20 {
		if err := b.whole(ctx, p); err != nil {
			return nil, err
		}
	}
	return b.limits(ctx)
}

// probes are the sizes of the probes.
const (
	probeOnes     = 100
	probeHundreds = 20
	probeBulk     = 20
	probeSame     = 200
	bulkRows      = 1000
	probeBytes    = 300
)

// probes returns how many of n probes are made: fewer for scenarios that are scaled down.
func (b *stand) probes(n int) int { return max(n/20, min(n, b.scaled(n))) }

// limits measures a bare fsync, and commits of rows like the product's own (as large as its average row so far, with its
// indexes) in the store of the stand, while the engine has nothing to do. One row in two is a run, the other a step. One-row
// commits that were paired with the measured runs count instead of those made here.
func (b *stand) limits(ctx context.Context) (map[string]float64, error) {
	fsync, err := fsyncs(b.dir, b.probes(probeOnes))
	if err != nil {
		return nil, err
	}
	size := b.rowSize()
	w, err := newProbe(ctx, b.store, size)
	if err != nil {
		return nil, err
	}
	ones := b.paired
	if len(ones) == 0 {
		if ones, err = w.commits(ctx, b.probes(probeOnes), 1); err != nil {
			return nil, err
		}
	}
	hundreds, err := w.commits(ctx, b.probes(probeHundreds), 100)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	bulks, sames := b.probes(probeBulk), b.probes(probeSame)
	if _, err := w.commits(ctx, bulks, bulkRows); err != nil {
		return nil, err
	}
	bulk := time.Since(began)
	f := map[string]float64{
		"fsync_us_p50": quantile(fsync, 0.5), "commit1_us_p50": quantile(ones, 0.5), "commit1_us_mean": mean(ones), "commit100_us_p50": quantile(hundreds, 0.5),
		"bulk_rows_per_s": float64(bulks*bulkRows) / bulk.Seconds(), "probe_bytes": float64(size),
	}
	if b.batch > 0 {
		began = time.Now()
		if _, err := w.commits(ctx, sames, b.batch); err != nil {
			return nil, err
		}
		f["same_batch_rows"] = float64(b.batch)
		f["same_batch_rows_per_s"] = float64(sames*b.batch) / time.Since(began).Seconds()
	}
	return f, nil
}

// pair makes n bare one-row commits between two measured runs, so that both meet the same disk in the same moments.
func (b *stand) pair(ctx context.Context, n int) error {
	if b.probe == nil {
		w, err := newProbe(ctx, b.store, b.rowSize())
		if err != nil {
			return err
		}
		b.probe = w
	}
	took, err := b.probe.commits(ctx, n, 1)
	b.paired = append(b.paired, took...)
	return err
}

// rowSize returns the size of the product's average row so far.
func (b *stand) rowSize() int {
	if c := b.counters(); c.rows > 0 {
		return int(max(c.bytes/c.rows, 40))
	}
	return probeBytes
}

// fsyncs appends pages to a file and waits for the disk each time.
func fsyncs(dir string, n int) ([]time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "fsync.probe"))
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4096)
	var all []time.Duration
	for range n {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		all = append(all, time.Since(began))
	}
	return all, nil
}

// probe writes rows through the store's own door, under a seat and a group of its own.
type probe struct {
	store    store.Store
	batch    store.Batch
	next     int64
	workflow int64
	doc      []byte
}

func newProbe(ctx context.Context, s store.Store, size int) (*probe, error) {
	seat, err := s.Join(ctx, "probe", 0)
	if err != nil {
		return nil, err
	}
	g := store.Group(benchGroups)
	owned, err := s.Claim(ctx, seat, []store.Group{g})
	if err != nil {
		return nil, err
	}
	first, err := s.LeaseIDs(ctx, 1<<20)
	if err != nil {
		return nil, err
	}
	return &probe{
		store: s, next: first + 1, workflow: first, doc: []byte(`{"p":"` + strings.Repeat("x", max(size-8, 1)) + `"}`),
		batch: store.Batch{Seat: seat, Fences: []store.Fence{{Group: g, Generation: owned[0].Generation}}},
	}, nil
}

// commits writes n batches of so many rows and returns how long each took.
func (w *probe) commits(ctx context.Context, n, rows int) ([]time.Duration, error) {
	var all []time.Duration
	for range n {
		w.batch.Rows = w.batch.Rows[:0]
		for i := range rows {
			row := store.Row{Table: store.Run, ID: w.next, Group: store.Group(benchGroups), Parent: w.workflow, A: w.next, B: 1, State: 7, Doc: w.doc}
			if i%2 == 1 {
				row = store.Row{Table: store.Step, ID: w.next, Group: store.Group(benchGroups), Parent: w.next - 1, A: 1, B: 1, Doc: w.doc}
			}
			w.next++
			w.batch.Rows = append(w.batch.Rows, row)
		}
		w.batch.Number++
		began := time.Now()
		if err := w.store.Commit(ctx, &w.batch); err != nil {
			return nil, err
		}
		all = append(all, time.Since(began))
	}
	return all, nil
}
