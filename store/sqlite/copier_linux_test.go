package sqlite

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestCopiedPages: pages that stand in the WAL several times are written once, and neighbours together.
func TestCopiedPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d")
	log := make([]byte, walHeader)
	for _, number := range []uint32{7, 1, 9, 8, 1, 20, 2, 30} {
		log = binary.BigEndian.AppendUint32(log, number)
		log = append(log, make([]byte, frameHeader-4+pageSize)...)
	}
	for name, content := range map[string][]byte{path: nil, path + "-wal": log} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := openDisk(path)
	defer d.close()
	for _, c := range []struct {
		from, to int
		want     [][2]int64
	}{
		{0, 8, [][2]int64{{0, 2}, {6, 3}, {19, 1}, {29, 1}}},
		{3, 6, [][2]int64{{0, 1}, {7, 1}, {19, 1}}},
		{6, 100, [][2]int64{{1, 1}, {29, 1}}},
		{8, 9, nil},
		{5, 5, nil},
	} {
		var got [][2]int64
		for first, n := range d.copied(c.from, c.to) {
			got = append(got, [2]int64{first, int64(n)})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("frames %d to %d: %v, not %v", c.from, c.to, got, c.want)
		}
	}
}

// TestLocksStay: SQLite's lock on the database tells other programs that the WAL is in use. The process loses it when it closes
// the file anywhere, however many connections have it open.
func TestLocksStay(t *testing.T) {
	dir := t.TempDir()
	n := seated(t, dir, Options{stretch: 20})
	for range 20 {
		n.commit(t, n.batch(20, 1000))
		count(t, n.s)
	}
	if !locked(t, dir) {
		t.Error("no lock on the database is left")
	}
	if err := n.s.Close(); err != nil {
		t.Fatal(err)
	}
	if locked(t, dir) {
		t.Error("the database is locked after it was closed")
	}
}

// locked reports whether this process has a lock on the database.
func locked(t *testing.T, dir string) bool {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	inode, pid := fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino), fmt.Sprintf(" %d ", os.Getpid())
	for line := range strings.Lines(string(locks)) {
		if strings.Contains(line, "POSIX") && strings.Contains(line, inode) && strings.Contains(line, pid) {
			return true
		}
	}
	return false
}
