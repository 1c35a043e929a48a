package sqlite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.Bench(b, &bed{dir: b.TempDir(), opts: Options{Groups: storetest.Groups}})
}

// BenchmarkDisk is what BenchmarkCommit is to be compared with.
func BenchmarkDisk(b *testing.B) {
	storetest.BenchDisk(b, b.TempDir(), syncData)
}

func BenchmarkCheckpoint(b *testing.B) {
	for _, pages := range []int{50, 100, 200, 400, 1000} {
		b.Run(fmt.Sprint("pages=", pages), func(b *testing.B) {
			storetest.Bench(b, &bed{dir: b.TempDir(), opts: Options{Groups: storetest.Groups, stretch: pages}})
		})
	}
}

// BenchmarkScattered changes three rows anywhere in 24,000 with each commit, one after another.
func BenchmarkScattered(b *testing.B) {
	const rows, changed = 24_000, 3
	n := seated(b, b.TempDir(), Options{})
	defer n.s.Close()
	for range rows / 1000 {
		n.commit(b, n.batch(1000, 600))
	}
	doc := bytes.Repeat([]byte("y"), 600)
	var took []time.Duration
	for b.Loop() {
		batch := n.batch(0, 0)
		for len(batch.Rows) < changed {
			id := 1 + rand.Int64N(rows)
			if !slices.ContainsFunc(batch.Rows, func(r store.Row) bool { return r.ID == id }) {
				batch.Rows = append(batch.Rows, store.Row{Table: store.Step, ID: id, Parent: id / 5, A: id % 5, B: 1, Open: id%2 == 0, Doc: doc})
			}
		}
		began := time.Now()
		n.commit(b, batch)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}

func BenchmarkRead(b *testing.B) { storetest.BenchRead(b, newBed(b)) }
