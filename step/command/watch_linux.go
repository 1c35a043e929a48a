package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// watch sees to it that the end of a running attempt is pushed. It costs a descriptor and a goroutine that waits in
// the poller, and no thread. again is when to look instead, if it cannot.
func (r *Runtime) watch(at attempt) (again time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.watches[at.uuid] != nil {
		return 0, nil
	}
	f, err := os.OpenFile(filepath.Join(at.dir, aliveFile), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Second, nil // somebody has tidied up
	}
	if err != nil {
		return 0, err
	}
	// Without a writer the fifo ends at once. The supervisor had opened it before it wrote that it started, so then it
	// has ended since, or is ending.
	r.watches[at.uuid] = f
	r.watching.Add(1)
	go func() {
		defer r.watching.Done()
		f.Read(make([]byte, 1)) // nothing is ever written: it returns at the end of the supervisor, or after Close
		r.mu.Lock()
		delete(r.watches, at.uuid)
		closed := r.closed
		r.mu.Unlock()
		f.Close()
		if closed {
			return
		}
		r.reap(at.uuid)
		r.push(at.uuid)
	}()
	return 0, nil
}
