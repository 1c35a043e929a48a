// Package command is the runtime that runs a local process for an attempt of a step. Above it is step (the contract)
// and, in time, the edge that gives orders; below it is the operating system; step/steptest holds it to the contract.
//
// The server does not run the command itself. It re-executes its own binary as a supervisor, one small process per
// attempt in a session of its own, which runs the command, copies its output to log files, reaps all its descendants
// and writes down how it ended. So a server may be killed and replaced while commands run: nothing of an attempt
// lives in the server. Everything is in the directory of the attempt, one per attempt UUID:
//
//	lock         flock'd by the supervisor as long as it lives: the one truth about "is it running"
//	started.json durable before the command can run a single instruction: host, boot, pid, start time
//	child.json   the pid of the command, for finding what a killed supervisor leaves behind
//	exit.json    durable and final: how it ended, with its outputs
//	terminate    durable wish to end; also the tombstone that a late start finds
//	alive        fifo whose write end the supervisor holds: its end of file tells the server of the end, unpolled
//	control      fifo that the supervisor reads: a byte in it means "look at terminate"
//	output.json  where the command leaves its outputs (SEGUE_OUTPUT)
//	stdout.log, stderr.log
//	forgotten    all but the logs is gone
//
// The one thing to know before changing it: the server takes the lock and hands the locked descriptor on to the
// supervisor, so the lock is never free between the decision to start and the end of the supervisor. Hence, whoever
// gets the lock knows: with exit.json it ended; with started.json and without exit.json it was lost (and may have
// run); with neither, not one instruction of the command has run and it may be started. No state is ever guessed
// from a pid. Records are written in place and count from the moment they are whole: what a start or an end costs is one
// commit of the file system's journal each.
package command

import (
	"time"

	"github.com/segue-run/segue/fault"
)

// Config says where and how commands run. Only Dir and Self are required.
type Config struct {
	// Dir is the state directory. It must be on a local disk and belong to one server.
	Dir string
	// Self is the command line that runs Supervise; the directory of the attempt is appended to it.
	Self []string
	// WorkDir is the working directory of commands, and what a relative working_dir is relative to. Default: Dir.
	WorkDir string
	// Env lists the variables of the server's environment that commands see; a trailing * stands for any rest. Nil
	// means DefaultEnv.
	Env []string
	// MaxLog bounds each log in bytes; what comes after is read and dropped. Default 64 MiB.
	MaxLog int64
	// MaxOutput bounds the JSON document at SEGUE_OUTPUT in bytes. Default 750,000.
	MaxOutput int64
	// Grace is the time between SIGTERM and SIGKILL when an attempt is terminated. Default 10 s.
	Grace time.Duration
	// Linger is how long processes that the command left behind may go on after it has ended; then they get SIGTERM,
	// and as long again later SIGKILL. Default 2 s.
	Linger time.Duration
}

// DefaultEnv is what commands see of the server's environment unless Config.Env says otherwise.
var DefaultEnv = []string{"PATH", "HOME", "USER", "LANG", "LC_*", "TZ", "TMPDIR"}

// defaultPath is the PATH of commands where the server has none to pass on.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// complete checks the configuration and fills in the defaults.
func (c Config) complete() (Config, error) {
	if c.Dir == "" {
		return c, fault.New(fault.BadRequest, "command runtime: no state directory is configured")
	}
	if len(c.Self) == 0 {
		return c, fault.New(fault.BadRequest, "command runtime: no supervisor command is configured")
	}
	if c.MaxLog < 0 || c.MaxOutput < 0 || c.Grace < 0 || c.Linger < 0 {
		return c, fault.New(fault.BadRequest, "command runtime: limits and times must not be negative")
	}
	if c.Env == nil {
		c.Env = DefaultEnv
	}
	if c.WorkDir == "" {
		c.WorkDir = c.Dir
	}
	if c.MaxLog == 0 {
		c.MaxLog = 64 << 20
	}
	if c.MaxOutput == 0 {
		c.MaxOutput = 750_000
	}
	if c.Grace == 0 {
		c.Grace = 10 * time.Second
	}
	if c.Linger == 0 {
		c.Linger = 2 * time.Second
	}
	return c, nil
}
