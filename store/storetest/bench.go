package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segue-run/segue/store"
)

// Bench commits batches of rows of about 300 bytes with all indexes. Of the rows two thirds are new steps and runs, and
// one third are later states of earlier ones. It reports rows per second.
func Bench(b *testing.B, bed Bed) {
	for _, rows := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) { benchCommit(b, bed, rows) })
	}
}

func benchCommit(b *testing.B, bed Bed, rows int) {
	s := bed.Open(b)
	defer s.Close()
	seat, err := s.Join(context.Background(), "bench", 0)
	if err != nil {
		b.Fatal(err)
	}
	owned, err := s.Claim(context.Background(), seat, all())
	if err != nil {
		b.Fatal(err)
	}
	first, err := s.LeaseIDs(context.Background(), 1<<30)
	if err != nil {
		b.Fatal(err)
	}
	traffic := &Traffic{next: first}
	batch := &store.Batch{Seat: seat}
	for _, o := range owned {
		batch.Fences = append(batch.Fences, store.Fence{Group: o.Group, Generation: o.Generation})
	}
	longest := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		batch.Number++
		batch.Rows = traffic.Rows(batch.Rows[:0], rows)
		began := time.Now()
		if err := s.Commit(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(longest.Microseconds()), "max-us")
}

// Traffic makes rows like those of runs with five steps each. All are born open; each third row of a batch ends one that an
// earlier batch has written.
type Traffic struct {
	next int64
	run  store.Row
	open []store.Row // oldest first
	doc  []byte
}

// Rows appends n rows, no row twice.
func (f *Traffic) Rows(into []store.Row, n int) []store.Row {
	if f.doc == nil {
		f.doc = fmt.Appendf(nil, `{"format":1,"workflow":"sample.daily.load","step":"transform","status":"CREATED","create_time":1700000000000,`+
			`"modify_time":1700000000123,"timeline":[{"time":1700000000000,"what":"created"}],"pad":"%0130d"}`, 7)
	}
	earlier := len(f.open)
	ended := 0
	for i := range n {
		if (f.next+int64(i))%3 == 2 && ended < earlier {
			r := f.open[ended]
			ended++
			r.State, r.Open, r.Due = 7, false, 0
			into = append(into, r)
			continue
		}
		r := f.born()
		f.open = append(f.open, r)
		into = append(into, r)
	}
	f.open = append(f.open[:0], f.open[ended:]...)
	if len(f.open) > 4000 {
		f.open = f.open[:0]
	}
	return into
}

// born makes the next run or step.
func (f *Traffic) born() store.Row {
	id := f.next
	f.next++
	r := store.Row{ID: id, State: 1, Open: true, Due: 1_700_000_000_000 + id, Doc: f.doc}
	if f.run.ID == 0 || id > f.run.ID+5 {
		r.Table, r.Parent, r.A, r.B, r.Key = store.Run, id%50, id, 1, fmt.Sprintf("request-%d", id)
		r.Group = store.Group(id % Groups)
		f.run = r
		return r
	}
	r.Table, r.Group, r.Parent, r.A, r.B = store.Step, f.run.Group, f.run.ID, id-f.run.ID, 1
	return r
}

// BenchDisk measures the disk by itself: the same number of bytes appended to a file, and fdatasync.
func BenchDisk(b *testing.B, dir string, sync func(*os.File) error) {
	for _, rows := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(rows)))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			data := make([]byte, rows*350)
			at := int64(0)
			for b.Loop() {
				if _, err := f.WriteAt(data, at); err != nil {
					b.Fatal(err)
				}
				if err := sync(f); err != nil {
					b.Fatal(err)
				}
				if at += int64(len(data)); at > 4<<20 {
					at = 0 // like a WAL, which is written over
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchRead reads the unfinished steps of a group, as loading the group does, and one row by its name, as the API does.
func BenchRead(b *testing.B, bed Bed) {
	s := bed.Open(b)
	defer s.Close()
	const steps = 10_000
	seat, err := s.Join(context.Background(), "bench", 0)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Claim(context.Background(), seat, []store.Group{0}); err != nil {
		b.Fatal(err)
	}
	traffic := &Traffic{next: 1}
	batch := &store.Batch{Seat: seat, Number: 1, Fences: []store.Fence{{Generation: 1}}, Rows: traffic.Rows(nil, steps)}
	open := 0
	for i := range batch.Rows {
		batch.Rows[i].Group = 0
		if r := &batch.Rows[i]; r.Table == store.Step && r.Open {
			open++
		}
	}
	if err := s.Commit(context.Background(), batch); err != nil {
		b.Fatal(err)
	}
	run := batch.Rows[0]
	for _, c := range []struct {
		name string
		q    store.Query
		want int
	}{{"open", store.OpenIn(store.Step, 0), open}, {"named", store.Named(store.Run, run.Parent, run.Key), 1}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				err := s.Read(context.Background(), func(s store.Snapshot) error {
					return s.Rows(c.q, func(*store.Row) error { n++; return nil })
				})
				if err != nil || n != c.want {
					b.Fatalf("%d rows, want %d; %v", n, c.want, err)
				}
			}
			b.ReportMetric(float64(c.want*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
