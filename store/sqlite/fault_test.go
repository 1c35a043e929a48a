package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/storetest"
	zombie "zombiezen.com/go/sqlite"
)

// node is a seated node that commits rows of steps in group 0.
type node struct {
	s      *Store
	seat   store.Seat
	number int64
	id     int64

	generation store.Generation
}

func seated(t testing.TB, dir string, o Options) *node {
	t.Helper()
	o.Groups = storetest.Groups
	s, err := Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{s: s, generation: 1}
	if n.seat, err = s.Join(t.Context(), "n", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), n.seat, []store.Group{0}); err != nil {
		t.Fatal(err)
	}
	return n
}

// batch makes the next batch: some new steps with documents of a size.
func (n *node) batch(rows, size int) *store.Batch {
	b := &store.Batch{Seat: n.seat, Number: n.number + 1, Time: n.number, Fences: []store.Fence{{Generation: n.generation}}}
	for range rows {
		n.id++
		b.Rows = append(b.Rows, store.Row{
			Table: store.Step, ID: n.id, Parent: n.id / 5, A: n.id % 5, B: 1, Open: n.id%2 == 0, Doc: []byte(strings.Repeat("x", size)),
		})
	}
	return b
}

func (n *node) commit(t testing.TB, b *store.Batch) {
	t.Helper()
	if err := n.s.Commit(t.Context(), b); err != nil {
		t.Fatalf("batch %d: %v", b.Number, err)
	}
	n.number = b.Number
}

func count(t testing.TB, s store.Store) (rows int) {
	t.Helper()
	err := s.Read(t.Context(), func(s store.Snapshot) error {
		return s.Rows(store.Query{Table: store.Step, By: store.ByTable, WithoutDocs: true}, func(*store.Row) error { rows++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestFullDatabase(t *testing.T) {
	n := seated(t, t.TempDir(), Options{maxPages: 60})
	defer n.s.Close()
	fill(t, n, func() {
		if err := script(n.s.w.conn, "PRAGMA max_page_count = 1000"); err != nil {
			t.Fatal(err)
		}
	})
}

// fill commits until the disk is full, makes room, and repeats the batch that did not fit.
func fill(t *testing.T, n *node, room func()) {
	t.Helper()
	landed := 0
	for range 1000 {
		b := n.batch(20, 1000)
		err := n.s.Commit(t.Context(), b)
		if err == nil {
			n.number = b.Number
			landed += 20
			continue
		}
		if store.ClassOf(err) != store.Transient {
			t.Fatalf("a full disk: %v", err)
		}
		if again := n.s.Commit(t.Context(), b); again == nil || store.ClassOf(again) != store.Transient {
			t.Errorf("the same again: %v", again)
		}
		if rows := count(t, n.s); rows != landed {
			t.Errorf("%d rows, %d acknowledged", rows, landed)
		}
		room()
		n.commit(t, b)
		n.commit(t, n.batch(20, 1000))
		if rows := count(t, n.s); rows != landed+40 {
			t.Errorf("%d rows, %d acknowledged", rows, landed+40)
		}
		return
	}
	t.Fatal("the disk never got full")
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mountSmallDisk(t, dir)
	n := seated(t, dir, Options{})
	defer n.s.Close()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, n, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}

// fuse is a context that is cancelled at its n-th look.
type fuse struct {
	context.Context
	left int
}

func (f *fuse) Err() error {
	if f.left--; f.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelAnywhere cancels a commit at each look it takes at its context: nothing of it stays, and the store is well.
func TestCancelAnywhere(t *testing.T) {
	n := seated(t, t.TempDir(), Options{})
	defer n.s.Close()
	for left := 0; ; left++ {
		b := n.batch(3*rowsBetweenChecks, 10)
		err := n.s.Commit(&fuse{t.Context(), left}, b)
		if err == nil {
			if left < 4 {
				t.Errorf("only %d looks at the context", left)
			}
			break
		}
		if store.ClassOf(err) != store.Transient || !errors.Is(err, context.Canceled) {
			t.Fatalf("look %d: %v", left, err)
		}
		if !n.s.w.conn.AutocommitEnabled() {
			t.Fatalf("look %d: a transaction is left open", left)
		}
		if rows := count(t, n.s); rows != 0 {
			t.Fatalf("look %d: %d rows", left, rows)
		}
	}
	if rows := count(t, n.s); rows != 3*rowsBetweenChecks {
		t.Errorf("%d rows", rows)
	}
}

// TestForeignLock has another program hold the write lock.
func TestForeignLock(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{})
	defer n.s.Close()
	n.s.w.conn.SetBusyTimeout(0)
	conn, err := zombie.OpenConn(filepath.Join(dir, FileName), zombie.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := script(conn, "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	b := n.batch(1, 10)
	if err := n.s.Commit(t.Context(), b); err == nil || store.ClassOf(err) != store.Transient {
		t.Errorf("locked: %v", err)
	}
	if err := script(conn, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	n.commit(t, b)
}

// TestFatalStays: after a fatal error nothing is written any more, since what is on disk is not known.
func TestFatalStays(t *testing.T) {
	n := seated(t, t.TempDir(), Options{})
	defer n.s.Close()
	n.commit(t, n.batch(1, 10))
	ioError := zombie.ResultIOErrFsync.ToError()
	if err := n.s.write(t.Context(), "commit", func(*writer) error { return ioError }); store.ClassOf(err) != store.Fatal {
		t.Errorf("first: %v", err)
	}
	if err := n.s.Commit(t.Context(), n.batch(1, 10)); store.ClassOf(err) != store.Fatal || !errors.Is(err, ioError) {
		t.Errorf("then: %v", err)
	}
	if err := n.s.Maintain(t.Context()); store.ClassOf(err) != store.Fatal {
		t.Errorf("maintain: %v", err)
	}
	if rows := count(t, n.s); rows != 1 {
		t.Errorf("%d rows", rows)
	}
}

// TestDamageWhileRunning overwrites the database under a running store.
func TestDamageWhileRunning(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{})
	n.commit(t, n.batch(2000, 300))
	if err := n.s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, info.Size()/2), info.Size()/2); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Read(t.Context(), func(s store.Snapshot) error {
		return s.Rows(store.Query{Table: store.Step, By: store.ByTable}, func(*store.Row) error { return nil })
	})
	if store.ClassOf(err) != store.Fatal {
		t.Errorf("reading: %v", err)
	}
}

func TestClasses(t *testing.T) {
	for class, codes := range map[store.Class][]zombie.ResultCode{
		store.Transient: {zombie.ResultFull, zombie.ResultBusy, zombie.ResultLocked, zombie.ResultCantOpen, zombie.ResultInterrupt,
			zombie.ResultBusySnapshot, zombie.ResultBusyRecovery, zombie.ResultNoMem, zombie.ResultReadOnly, zombie.ResultIOErrSHMSize},
		store.Fatal: {zombie.ResultIOErr, zombie.ResultIOErrFsync, zombie.ResultIOErrWrite, zombie.ResultIOErrRead,
			zombie.ResultCorrupt, zombie.ResultNotADB, zombie.ResultReadOnlyDBMoved},
		store.Refused: {zombie.ResultConstraintUnique, zombie.ResultConstraintCheck, zombie.ResultConstraintNotNull, zombie.ResultTooBig, zombie.ResultMismatch, zombie.ResultError},
	} {
		for _, code := range codes {
			err := failed("commit", fmt.Errorf("step 7: %w", code.ToError()))
			if store.ClassOf(err) != class {
				t.Errorf("%v is %v, want %v", code, store.ClassOf(err), class)
			}
		}
	}
	if err := failed("commit", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

func TestCommitHardlyAllocates(t *testing.T) {
	n := seated(t, t.TempDir(), Options{})
	defer n.s.Close()
	b := n.batch(100, 300)
	n.commit(t, b)
	perCommit := testing.AllocsPerRun(20, func() {
		b.Number++
		if err := n.s.Commit(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%.1f allocations for 100 rows", perCommit)
	if perCommit > 20 {
		t.Errorf("%.1f allocations for a commit of 100 rows", perCommit)
	}
}

// TestDatabaseIsTakenAway: SQLite would go on writing to the file that nobody can find again. The store says so with the
// first write or housekeeping after that, and takes nothing any more.
func TestDatabaseIsTakenAway(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be removed")
	}
	away := map[string]func(dir string) error{
		"removed": os.RemoveAll,
		"renamed": func(dir string) error { return os.Rename(dir, dir+".old") },
		"replaced": func(dir string) error {
			path := filepath.Join(dir, FileName)
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
		},
	}
	for name, take := range away {
		for op, use := range map[string]func(n *node) error{
			"commit":   func(n *node) error { return n.s.Commit(t.Context(), n.batch(1, 10)) },
			"maintain": func(n *node) error { return n.s.Maintain(t.Context()) },
		} {
			t.Run(name+"/"+op, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "data")
				n := seated(t, dir, Options{})
				defer n.s.Close()
				n.commit(t, n.batch(1, 10))
				if err := n.s.Maintain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := take(dir); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := use(n); store.ClassOf(err) != store.Fatal || !errors.Is(err, errMoved) {
						t.Errorf("got %v, want a Fatal %v", err, errMoved)
					}
				}
			})
		}
	}
}
