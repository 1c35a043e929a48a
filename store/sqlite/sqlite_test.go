package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/storetest"
)

// bed is a data directory. A crash moves on to a copy of its files as they are at that moment.
type bed struct {
	dir  string
	opts Options
}

func newBed(t testing.TB) storetest.Bed {
	return &bed{dir: inMemory(t), opts: Options{Groups: storetest.Groups}}
}

// inMemory returns a directory in memory if there is such a place: what a disk does to a file, no test can see, and some tests
// sync thousands of times.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "segue-test")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (b *bed) Open(t testing.TB) store.Store {
	t.Helper()
	s, err := Open(t.Context(), b.dir, b.opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bed) Crash(t testing.TB, s store.Store) store.Store {
	t.Helper()
	dir := inMemory(t)
	for _, name := range []string{FileName, FileName + "-wal"} {
		data, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b.dir = dir
	return b.Open(t)
}

func TestSuite(t *testing.T) { storetest.Run(t, newBed) }
