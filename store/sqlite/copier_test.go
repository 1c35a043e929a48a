package sqlite

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/segue-run/segue/store"
)

// TestLogBeginsAnewBesideCommits: without any pause between commits, without Maintain, and with readers everywhere, the WAL
// stays short and nothing is lost.
func TestLogBeginsAnewBesideCommits(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: 50})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for last := int64(0); ; {
				select {
				case <-stop:
					return
				default:
				}
				err := n.s.Read(t.Context(), func(s store.Snapshot) error {
					rows, err := store.Collect(s, store.Query{Table: store.Step, By: store.ByTable, Desc: true, After: 1 << 60, Limit: 1})
					if err == nil && len(rows) == 1 && rows[0].ID < last {
						t.Errorf("row %d, after row %d", rows[0].ID, last)
					} else if len(rows) == 1 {
						last = rows[0].ID
					}
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	end := sync.OnceFunc(func() {
		close(stop)
		readers.Wait()
	})
	defer end()
	wal := filepath.Join(dir, FileName+"-wal")
	salts := map[string]bool{}
	for len(salts) < 4 {
		n.commit(t, n.batch(20, 1000))
		salts[string(head(t, wal)[16:24])] = true
		if grown := size(t, wal); grown > 16_000*pageSize { // a machine with more to do than this takes a while
			t.Fatalf("the WAL has %d bytes and has begun anew %d times", grown, len(salts)-1)
		}
	}
	end()
	if rows := count(t, n.s); rows != int(n.id) {
		t.Errorf("%d rows of %d", rows, n.id)
	}
	sound(t, n.s)
	if err := n.s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if rows := count(t, again); rows != int(n.id) {
		t.Errorf("%d rows of %d after a restart", rows, n.id)
	}
}

// TestAQuietStoreSyncsSeldom: where each copy finds no commit under way, it takes all of the WAL and fsyncs the database; then the WAL
// begins anew at longer intervals than those at which it is copied beside commits.
func TestAQuietStoreSyncsSeldom(t *testing.T) {
	const stretch, pages = 25, 2000
	n := seated(t, t.TempDir(), Options{stretch: stretch})
	defer n.s.Close()
	c := n.s.copier
	written, anew := int64(0), 0
	for before := c.length.Load(); written < pages; {
		n.commit(t, n.batch(1, 100))
		length := c.length.Load()
		if length < before {
			anew++
			before = 0
		}
		written += length - before
		before = length
		for c.length.Load() >= c.due.Load() && !n.s.isBroken() { // the copier moves that on when it has copied
			runtime.Gosched()
		}
	}
	if most := pages/(rarely*stretch) + 5; anew == 0 || anew > most {
		t.Errorf("in %d pages the WAL has begun anew %d times; want 1 to %d", pages, anew, most)
	}
	sound(t, n.s)
}

// TestLogStaysShortWhateverChanges: commits that change pages all over the database leave the copier behind, and it catches up.
func TestLogStaysShortWhateverChanges(t *testing.T) {
	const stretch, rows, changes = 50, 2000, 25
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: stretch})
	defer n.s.Close()
	n.commit(t, n.batch(rows, 3000))
	rnd, longest := rand.New(rand.NewPCG(1, 2)), int64(0)
	for i := range 500 {
		b := n.batch(0, 0)
		for _, at := range rnd.Perm(rows)[:changes] {
			id := int64(1 + at)
			b.Rows = append(b.Rows, store.Row{
				Table: store.Step, ID: id, Parent: id / 5, A: id % 5, B: 1, Open: id%2 == 0, Doc: bytes.Repeat([]byte{'a' + byte(i%26)}, 3000),
			})
		}
		n.commit(t, b)
		longest = max(longest, n.s.copier.length.Load())
	}
	// The first commit alone has a thousand pages; in all there are twenty thousand.
	if longest > 6000 {
		t.Errorf("the WAL has got %d pages long", longest)
	}
	sound(t, n.s)
}

// TestCloseBesideMaintain: whatever comes first, both end.
func TestCloseBesideMaintain(t *testing.T) {
	for range 20 {
		n := seated(t, t.TempDir(), Options{stretch: -1})
		n.s.longLog = 1
		n.commit(t, n.batch(20, 1000))
		var both sync.WaitGroup
		err := n.s.Read(t.Context(), func(store.Snapshot) error {
			both.Go(func() {
				if err := n.s.Maintain(t.Context()); err != nil && store.ClassOf(err) != store.Transient {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := n.s.Close(); err != nil {
					t.Error(err)
				}
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		both.Wait()
	}
}

// head returns the header of a WAL.
func head(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, walHeader)
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}
