package command

import (
	"bytes"
	"context"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Darwin has neither sub-reapers nor a signal at the death of the parent: what a command leaves behind is found by its
// session and group only, and a process that has left both goes on.

func bootID() (string, error) { return unix.Sysctl("kern.bootsessionuuid") }

func hostID() (string, error) { return unix.Sysctl("kern.uuid") }

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func adoptOrphans() error { return nil }

func closeInherited(int) {} // the server opens all its files close-on-exec

func dup2(from, to int) error { return unix.Dup2(from, to) }

func processes() ([]process, error) {
	table, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, err
	}
	all := make([]process, 0, len(table))
	for _, k := range table {
		all = append(all, fromTable(&k))
	}
	return all, nil
}

func fromTable(k *unix.KinfoProc) process {
	const zombie = 5 // SZOMB
	name := k.Proc.P_comm[:]
	if i := bytes.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	return process{
		pid: int(k.Proc.P_pid), parent: int(k.Eproc.Ppid), group: int(k.Eproc.Pgid), session: int(k.Eproc.Pgid),
		start: uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec),
		name:  string(name), dead: k.Proc.P_stat == zombie,
	}
}

func startTime(pid int) (uint64, error) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0, err
	}
	return fromTable(k).start, nil
}

// killLeftovers kills the group of the command, if that is still the one which the supervisor started.
func killLeftovers(ctx context.Context, started startedRecord, child childRecord) error {
	all, err := processes()
	if err != nil || child.PID == 0 {
		return err
	}
	for _, p := range all {
		if p.pid == child.PID && p.start != child.Start {
			return nil // the pid is another's, so the group is gone
		}
	}
	for _, p := range all {
		if p.group == child.PID && p.start >= child.Start && p.pid != os.Getpid() {
			syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
	return nil
}
