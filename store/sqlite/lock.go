package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-run/segue/fault"
)

// LockName is the name of the file whose lock is the right to use a data directory. Its text names the holder. It
// stays when the server ends: only the lock counts, and the kernel releases it with the process.
const LockName = "segue.lock"

type lockFile struct{ f *os.File }

// acquire takes the data directory for this process.
func acquire(dir, address string) (*lockFile, error) {
	f, err := os.OpenFile(filepath.Join(dir, LockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Precondition,
			"%s cannot be written: give the user that runs Segue (uid %d) write permission on the directory and on its files: %w", LockName, os.Getuid(), err)
	}
	if err := lock(f); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 1024))
		f.Close()
		if !errors.Is(err, errLocked) {
			return nil, fault.New(fault.Precondition, "lock %s: %w", LockName, err)
		}
		return nil, fault.New(fault.Conflict, "another Segue server uses it (%s): stop that one, or choose another data directory", describe(string(holder)))
	}
	l := &lockFile{f}
	if err := l.sign(fmt.Sprintf("pid %d\naddress %s\n", os.Getpid(), address)); err != nil {
		return nil, errors.Join(fault.New(fault.Precondition, "write %s: %w", LockName, err), l.release())
	}
	return l, nil
}

func (l *lockFile) sign(text string) error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(text), 0)
	return err
}

// release gives the directory back. The holder's name goes first, so that nobody reads it beside a free lock.
func (l *lockFile) release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}

// describe makes a phrase of the text of a lock file.
func describe(text string) string {
	var parts []string
	for line := range strings.Lines(text) {
		if what, value, _ := strings.Cut(strings.TrimSpace(line), " "); value != "" {
			parts = append(parts, what+" "+value)
		}
	}
	if len(parts) == 0 {
		return "it is just starting"
	}
	return strings.Join(parts, ", ")
}
