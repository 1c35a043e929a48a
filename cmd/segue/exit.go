package main

import (
	"fmt"
	"strconv"

	"github.com/segue-run/segue/fault"
)

// Exit codes of every command.
const (
	exitOK     = 0 // it succeeded
	exitFailed = 1 // the run failed or was stopped, or the command could not do what it was asked
	exitUsage  = 2 // wrong usage, or an invalid definition
	exitLate   = 3 // the run timed out
)

// exitCode is an error that has been told already and only sets the exit code.
type exitCode int

func (c exitCode) Error() string { return "exit " + strconv.Itoa(int(c)) }

// usageError is a wrong use of the command line.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }

func (u usageError) Unwrap() error { return u.err }

func (u usageError) FaultKind() fault.Kind { return fault.BadRequest }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// codeOf returns the exit code that an error's kind stands for.
func codeOf(err error) int {
	switch fault.KindOf(err) {
	case fault.BadRequest, fault.Unprocessable, fault.Unsupported, fault.NotFound:
		return exitUsage
	case fault.Timeout:
		return exitLate
	}
	return exitFailed
}
