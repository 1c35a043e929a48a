//go:build unix

package command

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// signalName returns SIGTERM for 15, and nothing for what is no signal.
func signalName(n int) string { return unix.SignalName(syscall.Signal(n)) }
