//go:build unix && !linux && !darwin

package command

import (
	"context"
	"os"
	"syscall"

	"github.com/segue-run/segue/fault"
)

// On other systems the process table is not read: the group of the command is all that can be signalled, and a lost
// command leaves behind what it leaves.

func bootID() (string, error) {
	return "", fault.New(fault.Unsupported, "commands run on Linux and Darwin only")
}

func hostID() (string, error) { return os.Hostname() }

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func adoptOrphans() error { return nil }

func closeInherited(int) {}

func dup2(from, to int) error { return syscall.Dup2(from, to) }

func processes() ([]process, error) {
	return nil, fault.New(fault.Unsupported, "the process table is read on Linux and Darwin only")
}

func startTime(int) (uint64, error) { return 0, nil }

func killLeftovers(context.Context, startedRecord, childRecord) error { return nil }
