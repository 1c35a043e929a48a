//go:build unix

package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// state is what the directory of an attempt tells.
type state uint8

const (
	absent    state = iota // there is no directory
	untouched              // there is one, and the command has not run; the looker holds the lock
	stopped                // as untouched, and never will be: there is a tombstone
	beginning              // the lock is taken and nothing durable tells of a start yet
	running                // a supervisor is alive
	ended                  // there is an exit record
	lost                   // started, not ended, and no supervisor is alive; the looker holds the lock
	forgotten              // only logs are left
)

// sighting is what was found out about an attempt. release must be called.
type sighting struct {
	state   state
	started startedRecord
	exit    exitRecord
	lock    *os.File // held in untouched, stopped and lost
}

func (s *sighting) release() {
	if s.lock != nil {
		s.lock.Close() // the supervisor, if there is one by now, has a descriptor of its own
		s.lock = nil
	}
}

// look finds out about an attempt. The caller has its turn, so the lock can be taken by supervisors and by other
// servers only. One that is about to be replaced may hold it for a moment to look, so "taken" alone means nothing.
func (r *Runtime) look(at attempt) (s sighting, err error) {
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if there, err := exists(at.dir, "."); err != nil || !there {
		return s, err
	}
	if gone, err := exists(at.dir, forgottenFile); err != nil || gone {
		s.state = forgotten
		return s, err
	}
	if over, err := s.ended(at); err != nil || over {
		return s, err
	}
	if s.lock, err = tryLock(filepath.Join(at.dir, lockFile)); err != nil {
		return s, err
	}
	// What follows is read after the lock was tried: a supervisor writes its records before it lets go.
	if over, err := s.ended(at); err != nil || over {
		s.release()
		return s, err
	}
	begun, err := readRecord(at.dir, startedFile, &s.started)
	if err != nil {
		return s, err
	}
	tombstone, err := readRecord(at.dir, terminateFile, &terminateRecord{})
	switch {
	case err != nil:
		return s, err
	case s.lock == nil && begun:
		s.state = running
	case s.lock == nil:
		s.state = beginning
	case begun:
		s.state = lost
	case tombstone:
		s.state = stopped
	default:
		s.state = untouched
	}
	return s, nil
}

func (s *sighting) ended(at attempt) (bool, error) {
	over, err := readRecord(at.dir, exitFile, &s.exit)
	if over {
		s.state = ended
	}
	return over, err
}

// tryLock takes the lock of an attempt, or returns nil if it is taken. Closing the file gives it back, unless the
// descriptor was handed on.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, &fs.PathError{Op: "flock", Path: path, Err: err}
}

// poke tells whoever reads a control fifo to look around. Nobody does if the supervisor is still starting (it looks by
// itself) or has just ended (there is nothing left to say).
func poke(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = syscall.Write(int(f.Fd()), []byte{'!'})
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EPIPE) {
		return nil // poked often enough, or just ended
	}
	return err
}
