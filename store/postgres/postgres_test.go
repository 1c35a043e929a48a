package postgres

import (
	"flag"
	"os"
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres/pgtest"
	"github.com/segue-run/segue/store/storetest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	pgtest.Durable = flag.Lookup("test.bench").Value.String() != ""
	os.Exit(pgtest.Main(m))
}

// bed is a schema. A crash leaves the connections of the old store behind, as a node does that has vanished.
type bed struct{ dsn string }

func newBed(t testing.TB) storetest.Bed { return &bed{pgtest.Schema(t)} }

func (b *bed) Open(t testing.TB) store.Store {
	t.Helper()
	s, err := Open(t.Context(), b.dsn, Options{Groups: storetest.Groups})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bed) Crash(t testing.TB, s store.Store) store.Store {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	return b.Open(t)
}

func TestSuite(t *testing.T) { storetest.Run(t, newBed) }

func BenchmarkCommit(b *testing.B) { storetest.Bench(b, newBed(b)) }

func BenchmarkRead(b *testing.B) { storetest.BenchRead(b, newBed(b)) }
