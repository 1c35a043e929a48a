package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/segue-run/segue/store"
)

// TestSpaceIsGivenBack deletes nearly everything and maintains until nothing is left to do.
func TestSpaceIsGivenBack(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{})
	defer n.s.Close()
	n.commit(t, n.batch(6000, 4000))
	b := &store.Batch{Seat: n.seat, Number: n.number + 1}
	for id := int64(1); id < n.id; id++ {
		b.Rows = append(b.Rows, store.Row{Table: store.Step, ID: id, Delete: true})
	}
	n.commit(t, b)
	before, err := pragma(n.s.w.conn, "page_count")
	if err != nil {
		t.Fatal(err)
	}
	for range 1 + before/vacuumPages {
		if err := n.s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	after, err := pragma(n.s.w.conn, "page_count")
	if err != nil {
		t.Fatal(err)
	}
	if after > sparePages+200 || count(t, n.s) != 1 {
		t.Errorf("%d pages of %d are left for %d rows", after, before, count(t, n.s))
	}
}

// TestLongRead: commits go on beside a long read; the WAL grows until the read ends, and shrinks at the next chance.
func TestLongRead(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: 20})
	defer n.s.Close()
	n.commit(t, n.batch(1, 10))
	err := n.s.Read(t.Context(), func(s store.Snapshot) error {
		if _, err := store.Collect(s, store.One(store.Step, 1)); err != nil {
			return err
		}
		for range 50 {
			n.commit(t, n.batch(20, 1000))
		}
		rows, err := store.Collect(s, store.Query{Table: store.Step, By: store.ByTable})
		if len(rows) != 1 {
			t.Errorf("%d rows in the read", len(rows))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	grown := size(t, filepath.Join(dir, FileName+"-wal"))
	if grown < 100*8192 {
		t.Errorf("the WAL has only %d bytes: was the read no obstacle?", grown)
	}
	if err := n.s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		n.commit(t, n.batch(20, 1000))
	}
	if now := size(t, filepath.Join(dir, FileName+"-wal")); now > grown {
		t.Errorf("the WAL still grows after the read: %d, then %d bytes", grown, now)
	}
}

// TestLogBeginsAnew: a WAL that has got long is cut back when no read is under way; a read under way is not disturbed.
func TestLogBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: -1})
	defer n.s.Close()
	n.s.longLog = 50
	for range 30 {
		n.commit(t, n.batch(20, 1000))
	}
	wal := filepath.Join(dir, FileName+"-wal")
	ctx, cancel := context.WithCancel(t.Context())
	err := n.s.Read(t.Context(), func(s store.Snapshot) error {
		before, err := store.Collect(s, store.Query{Table: store.Step, By: store.ByTable})
		if err != nil {
			return err
		}
		n.commit(t, n.batch(20, 1000))
		paused := make(chan error)
		go func() { paused <- n.s.Maintain(ctx) }()
		n.commit(t, n.batch(20, 1000)) // whether or not the reads are paused
		cancel()
		if err := <-paused; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("maintain beside a read: %v", err)
		}
		after, err := store.Collect(s, store.Query{Table: store.Step, By: store.ByTable})
		if len(after) != len(before) {
			t.Errorf("%d rows, then %d", len(before), len(after))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if size(t, wal) < 50*8192 {
		t.Errorf("the WAL has only %d bytes", size(t, wal))
	}
	if err := n.s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := size(t, wal); left != 0 {
		t.Errorf("the WAL still has %d bytes", left)
	}
	n.commit(t, n.batch(20, 1000))
	if rows := count(t, n.s); rows != 33*20 {
		t.Errorf("%d rows", rows)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestLogLength: to look how long the WAL is copies nothing.
func TestLogLength(t *testing.T) {
	n := seated(t, t.TempDir(), Options{stretch: -1})
	defer n.s.Close()
	before := n.s.w.logLength()
	n.commit(t, n.batch(20, 1000))
	after := n.s.w.logLength()
	copied := -1
	if _, err := one(n.s.w.length, func() { copied = n.s.w.length.ColumnInt(2) }); err != nil {
		t.Fatal(err)
	}
	if before <= 0 || after <= before || copied != 0 {
		t.Errorf("%d pages, then %d, of which %d are copied", before, after, copied)
	}
}
