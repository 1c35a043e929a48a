package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	zombie "zombiezen.com/go/sqlite"
)

// refusal opens a directory that must be refused, with an error that says all of want.
func refusal(t *testing.T, dir string, o Options, kind fault.Kind, want ...string) {
	t.Helper()
	s, err := Open(t.Context(), dir, o)
	if err == nil {
		s.Close()
		t.Errorf("opened; want an error that says %q", want)
		return
	}
	if fault.KindOf(err) != kind {
		t.Errorf("kind %v, want %v: %v", fault.KindOf(err), kind, err)
	}
	for _, w := range append(want, dir) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\ndoes not say %q", err, w)
		}
	}
}

// stored makes a store, has scripts change its file, and returns its directory.
func stored(t *testing.T, scripts ...string) string {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{Groups: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(scripts) == 0 {
		return dir
	}
	conn, err := zombie.OpenConn(filepath.Join(dir, FileName), zombie.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(script(conn, scripts...), conn.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSecondServer(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{Address: "127.0.0.1:8080"})
	if err != nil {
		t.Fatal(err)
	}
	refusal(t, dir, Options{}, fault.Conflict, "another Segue server", fmt.Sprint("pid ", os.Getpid()), "address 127.0.0.1:8080", "choose another data directory")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatalf("after the first one has gone: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestGroupsAreFixed(t *testing.T) {
	dir := stored(t)
	refusal(t, dir, Options{Groups: 8}, fault.Precondition, "4 flow groups, not 8", "fixed")
	for _, groups := range []int{0, 4} {
		s, err := Open(t.Context(), dir, Options{Groups: groups})
		if err != nil {
			t.Fatal(err)
		}
		if s.Groups() != 4 {
			t.Errorf("%d groups", s.Groups())
		}
		s.Close()
	}
	refusal(t, t.TempDir(), Options{Groups: -1}, fault.BadRequest, "-1 flow groups")
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Groups() != 64 {
		t.Errorf("%d groups by default", s.Groups())
	}
}

func TestForeignAndDamagedFiles(t *testing.T) {
	refusal(t, stored(t, "PRAGMA application_id = 77"), Options{}, fault.Precondition, "another program", "0x4d", "choose another data directory")

	foreign := t.TempDir()
	conn, err := zombie.OpenConn(filepath.Join(foreign, FileName), zombie.OpenReadWrite|zombie.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(script(conn, "CREATE TABLE notes (text)"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	refusal(t, foreign, Options{}, fault.Precondition, "another program")

	garbage := t.TempDir()
	write(t, filepath.Join(garbage, FileName), strings.Repeat("this is no database. ", 1000))
	refusal(t, garbage, Options{}, fault.Internal, "damaged or no SQLite database", "restore it from a backup")

	damaged := stored(t)
	f, err := os.OpenFile(filepath.Join(damaged, FileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("\xee", 16<<10)), 100); err != nil {
		t.Fatal(err)
	}
	f.Close()
	refusal(t, damaged, Options{}, fault.Internal, "damaged", "restore it from a backup")
}

func TestFormats(t *testing.T) {
	newer := stored(t, "PRAGMA user_version = 99", "UPDATE meta SET value = 98 WHERE key = 'least_reader'")
	refusal(t, newer, Options{}, fault.Precondition, "format 99", "knows format 98", "use a newer Segue")

	friendly := stored(t, "PRAGMA user_version = 99", "ALTER TABLE run ADD COLUMN colour TEXT", "CREATE TABLE added (x)")
	s, err := Open(t.Context(), friendly, Options{})
	if err != nil {
		t.Fatalf("a newer format that this program may read: %v", err)
	}
	if _, err := s.Join(t.Context(), "n", 0); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnfinishedCreation(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, dir, Options{}); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("with a cancelled context: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Fatalf("the file should be there, without tables: %v", err)
	}
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]int{"page_size": 8192, "auto_vacuum": 2, "synchronous": 2, "user_version": len(migrations), "application_id": applicationID} {
		if got, err := pragma(s.w.conn, name); err != nil || got != want {
			t.Errorf("%s = %d, %v; want %d", name, got, err, want)
		}
	}
}

func TestPlacesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "x")
	refusal(t, filepath.Join(dir, "file"), Options{}, fault.Precondition, "make the directory")
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := stored(t)
	if os.Getuid() == 0 {
		remountReadOnly(t, dir)
	} else if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	} else if err := os.Chmod(filepath.Join(dir, LockName), 0o400); err != nil {
		t.Fatal(err)
	}
	refusal(t, dir, Options{}, fault.Precondition, "cannot be written", "write permission")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
