package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data)), err
}

// hostID names the machine, or the container if that has a name of its own.
func hostID() (string, error) {
	name, err := os.Hostname()
	if err != nil {
		return "", err
	}
	if data, err := os.ReadFile("/etc/machine-id"); err == nil && len(bytes.TrimSpace(data)) > 0 {
		return name + "/" + strings.TrimSpace(string(data)), nil
	}
	return name, nil
}

// childAttr puts the command into a session of its own, and has the kernel kill it if the supervisor is killed.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// adoptOrphans makes this process the parent of all its descendants whose own parent ends.
func adoptOrphans() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// closeInherited closes the descriptors above last that came with the birth of this process: those that do not close
// on exec, since everything that Go opens does.
func closeInherited(last int) {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // nothing to go by; the server opens all its files close-on-exec
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name.Name())
		if err != nil || fd <= last {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

func dup2(from, to int) error { return unix.Dup3(from, to, 0) }

// processes reads the process table.
func processes() ([]process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	dir.Close()
	if err != nil {
		return nil, err
	}
	var all []process
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, err := readProcess(pid); err == nil {
				all = append(all, p)
			} // else it has just ended
		}
	}
	return all, nil
}

// readProcess reads /proc/PID/stat.
func readProcess(pid int) (p process, err error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return p, err
	}
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')') // the name may hold anything
	if open < 0 || end < open {
		return p, fmt.Errorf("/proc/%d/stat: no name", pid)
	}
	// After the name: state ppid pgrp session ... and the start time as the 22nd field of all.
	fields := strings.Fields(string(data[end+1:]))
	if len(fields) < 20 {
		return p, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	p = process{pid: pid, name: string(data[open+1 : end]), dead: fields[0] == "Z" || fields[0] == "X"}
	for i, to := range []*int{&p.parent, &p.group, &p.session} {
		if *to, err = strconv.Atoi(fields[1+i]); err != nil {
			return p, err
		}
	}
	p.start, err = strconv.ParseUint(fields[19], 10, 64)
	return p, err
}

func startTime(pid int) (uint64, error) {
	p, err := readProcess(pid)
	return p.start, err
}

// killLeftovers kills what a dead supervisor has left behind and returns when nothing of it is left. A process is known
// by SEGUE_OUTPUT in its environment, which no other attempt of any server on this machine has, or, if it has wiped
// that, by the session of the command.
func killLeftovers(ctx context.Context, started startedRecord, child childRecord) error {
	cookie := []byte(outputVar + "=" + started.Output)
	for quiet := 0; quiet < 2; { // twice: one that was being born while the table was read shows up the second time
		all, err := processes()
		if err != nil {
			return err
		}
		found := 0
		for _, p := range all {
			if p.dead || p.pid == os.Getpid() || !leftover(p, cookie, child) {
				continue
			}
			found++
			if err := kill(ctx, p); err != nil {
				return err
			}
		}
		if found == 0 {
			quiet++
		} else {
			quiet = 0
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func leftover(p process, cookie []byte, child childRecord) bool {
	if child.PID > 0 && p.session == child.PID && child.Start > 0 && p.start >= child.Start {
		// The number of a session is not given to another process as long as the session has members. So if its leader
		// lives it is the one we know, or the session is another.
		leader, err := readProcess(child.PID)
		if err != nil || leader.start == child.Start {
			return true
		}
	}
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "environ"))
	if err != nil {
		return false // gone, or of another user
	}
	for pair := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(pair, cookie) {
			return true
		}
	}
	return false
}

// kill kills one process, and no other that got its pid, and waits for its end.
func kill(ctx context.Context, p process) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("kill process %d (%s), left behind by a lost command: %w", p.pid, p.name, err)
	}
	defer unix.Close(fd)
	if again, err := readProcess(p.pid); err != nil || again.start != p.start {
		return nil // it has ended
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill process %d (%s), left behind by a lost command: %w", p.pid, p.name, err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 50)
		switch {
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case time.Now().After(deadline):
			return fmt.Errorf("process %d (%s), left behind by a lost command, was killed and does not end", p.pid, p.name)
		}
	}
}
