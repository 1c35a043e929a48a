//go:build unix

package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// death is the end of a process that was a child of the supervisor, by birth or as an orphan.
type death struct {
	pid    int
	status syscall.WaitStatus
}

// reapAll reports every child that ends, and closes deaths when no child is left. On Linux, where orphans become
// children, that is when nothing of the command is left.
func reapAll(deaths chan<- death) {
	defer close(deaths)
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return // ECHILD
		}
		deaths <- death{pid, ws}
	}
}

// watch goes with the command to its end and that of all it left behind.
func (s *supervisor) watch() {
	deaths := make(chan death)
	go reapAll(deaths)
	pokes := make(chan struct{}, 1)
	go listen(s.control, pokes)
	pokes <- struct{}{} // somebody may have poked while we were busy starting

	timer := time.NewTimer(time.Hour)
	timer.Stop()
	var (
		mainOver    bool
		terminating bool // a termination is under way, of the command or of what it left behind
		killing     bool
		patience    time.Duration // between SIGTERM and SIGKILL
	)
	soften := func(grace time.Duration) {
		terminating, patience = true, grace
		s.signalAll(syscall.SIGTERM)
		s.signalAll(syscall.SIGCONT) // a stopped process does not hear
		timer.Reset(patience)
	}
	for {
		select {
		case d, ok := <-deaths:
			if !ok {
				return
			}
			if d.pid == s.main {
				mainOver = true
				s.ended(d.status)
				if !terminating {
					timer.Reset(s.linger())
				}
			}
			if killing {
				s.signalAll(syscall.SIGKILL) // orphans that were born meanwhile
			}
		case <-pokes:
			cause, grace, err := s.wish()
			if err != nil {
				s.note("the order to terminate cannot be read: %v", err)
			}
			if cause == "" || terminating {
				continue
			}
			if !mainOver {
				s.exit.Terminated = cause
			}
			soften(grace)
		case sig := <-s.signals:
			if sig == syscall.SIGPIPE || sig == syscall.SIGHUP || terminating {
				continue
			}
			if !mainOver {
				s.exit.Interrupted = signalName(int(sig.(syscall.Signal)))
			}
			soften(time.Duration(s.order.GraceMS) * time.Millisecond)
		case <-timer.C:
			if mainOver && !terminating {
				s.note("the command has ended and left processes behind, which are ended now: %s", s.names())
				soften(s.linger())
				continue
			}
			killing = true
			s.signalAll(syscall.SIGKILL)
			timer.Reset(100 * time.Millisecond) // again, for those that were being born
		}
	}
}

func (s *supervisor) linger() time.Duration {
	return time.Duration(s.order.LingerMS) * time.Millisecond
}

// listen turns bytes in the control fifo into pokes.
func listen(control *os.File, pokes chan<- struct{}) {
	buf := make([]byte, 64)
	for {
		if _, err := control.Read(buf); err != nil {
			return
		}
		select {
		case pokes <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// ended notes how the command itself ended.
func (s *supervisor) ended(ws syscall.WaitStatus) {
	if ws.Signaled() {
		s.exit.Signal = signalName(int(ws.Signal()))
		if s.exit.Signal == "" {
			s.exit.Signal = fmt.Sprintf("signal %d", ws.Signal())
		}
	} else {
		s.exit.Code = ws.ExitStatus()
	}
	s.exit.EndedAt = now()
}

// signalAll sends a signal to every process of the command: its groups first, which the kernel signals in one go, then
// each one.
func (s *supervisor) signalAll(sig syscall.Signal) {
	all, err := processes()
	if err != nil {
		syscall.Kill(-s.main, sig) // as far as it goes: the group of the command
		return
	}
	own := syscall.Getpgrp()
	grouped := map[int]bool{}
	mine := descendants(all, os.Getpid(), s.main)
	for _, p := range mine {
		if p.group != own && p.group > 1 && !grouped[p.group] {
			grouped[p.group] = true
			syscall.Kill(-p.group, sig)
		}
	}
	if sig == syscall.SIGTERM {
		// Who got it with its group must not get it twice: some programs take the second for impatience.
		for _, p := range mine {
			if !grouped[p.group] {
				syscall.Kill(p.pid, sig)
			}
		}
		return
	}
	for _, p := range mine {
		syscall.Kill(p.pid, sig)
	}
}

// names lists what is left of the command, for the log.
func (s *supervisor) names() string {
	all, err := processes()
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, p := range descendants(all, os.Getpid(), s.main) {
		if len(words) == 10 {
			words = append(words, "…")
			break
		}
		words = append(words, fmt.Sprintf("%d (%s)", p.pid, p.name))
	}
	return strings.Join(words, ", ")
}

// process is a line of the process table.
type process struct {
	pid, parent, group, session int
	start                       uint64 // in a unit of the system, since the boot or the epoch
	name                        string
	dead                        bool // a zombie: there is nothing left to signal
}

// descendants picks the processes below root, and those in the session or group of main, in which only descendants can
// be.
func descendants(all []process, root, main int) []process {
	children := map[int][]process{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
	}
	seen := map[int]bool{root: true}
	var found []process
	var walk func(pid int)
	walk = func(pid int) {
		for _, p := range children[pid] {
			if seen[p.pid] {
				continue
			}
			seen[p.pid] = true
			if !p.dead {
				found = append(found, p)
			}
			walk(p.pid)
		}
	}
	walk(root)
	for _, p := range all {
		if !seen[p.pid] && !p.dead && (p.session == main || p.group == main) {
			seen[p.pid] = true
			found = append(found, p)
			walk(p.pid)
		}
	}
	return found
}

// finish writes down how the attempt ended. It is tried until the disk takes it: as long as it is not written, the
// attempt counts as running.
func (s *supervisor) finish() error {
	for _, c := range s.logs {
		c.finish()
	}
	s.exit.Format, s.exit.StartedAt = format, s.started.StartedAt
	s.exit.LastLine = lastLine(s.logs[1].tail)
	if s.exit.Code == 0 && s.exit.Signal == "" && s.exit.Terminated == "" && s.exit.Interrupted == "" {
		if data, err := readOutputs(filepath.Join(s.dir, outputFile), s.order.MaxOutput); err != nil {
			s.exit.OutputError = err.Error()
		} else {
			s.exit.Outputs = data
		}
	}
	wait := 50 * time.Millisecond
	for {
		err := writeRecord(s.dir, exitFile, &s.exit)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return err // written, or somebody has removed the directory
		}
		if wait < 5*time.Second {
			s.note("the exit record cannot be written, trying again: %v", err)
			wait *= 2
		}
		time.Sleep(wait)
	}
}

// readOutputs reads and checks the document that the command left; nil if it left none. An error is for the author.
func readOutputs(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0) // it may be anything by now
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, syscall.ELOOP) {
		return nil, errors.New("is a symbolic link: it must be a regular file")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %v", errors.Unwrap(err))
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %v", errors.Unwrap(err))
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("has %d bytes: at most %d are allowed", info.Size(), limit)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %v", err)
	}
	outputs, err := decodeOutputs(data)
	if err != nil || outputs == nil {
		return nil, err
	}
	return data, nil
}
