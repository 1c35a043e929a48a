package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segue-run/segue/step"
)

// The files in the directory of an attempt; see the package comment.
const (
	lockFile      = "lock"
	startedFile   = "started.json"
	childFile     = "child.json"
	exitFile      = "exit.json"
	terminateFile = "terminate"
	aliveFile     = "alive"
	controlFile   = "control"
	outputFile    = "output.json"
	stdinFile     = "stdin"
	forgottenFile = "forgotten"
	logSuffix     = ".log"
)

// format is the version of the records; readers take any and ignore fields that they do not know.
const format = 1

// startedRecord exists if and only if the command may have run.
type startedRecord struct {
	Format    int    `json:"format"`
	Host      string `json:"host"`
	Boot      string `json:"boot"`
	PID       int    `json:"pid"` // of the supervisor
	PIDStart  uint64 `json:"pid_start"`
	StartedAt int64  `json:"started_at"` // epoch milliseconds
	Output    string `json:"output"`     // SEGUE_OUTPUT of the command, which tells its processes from others
}

// childRecord tells of the process of the command. It serves to find what a killed supervisor left behind, which only
// matters as long as the machine is up; so it is not fsynced, and has a file of its own that may be lost.
type childRecord struct {
	Format int    `json:"format"`
	PID    int    `json:"pid"`
	Start  uint64 `json:"start"`
}

// terminateRecord is the wish that an attempt end.
type terminateRecord struct {
	Format  int    `json:"format"`
	Cause   string `json:"cause"`
	GraceMS int64  `json:"grace_ms"`
	At      int64  `json:"at"` // epoch milliseconds
}

// exitRecord holds the facts of how an attempt ended; progress draws the conclusion.
type exitRecord struct {
	Format    int   `json:"format"`
	StartedAt int64 `json:"started_at,omitempty"` // epoch milliseconds
	EndedAt   int64 `json:"ended_at"`
	// Refused says why the command could not be run at all, in words for its author.
	Refused string `json:"refused,omitempty"`
	// Lost: the supervisor died before it could write this record, which the server wrote instead.
	Lost bool `json:"lost,omitempty"`
	// Terminated is the cause of the termination that the command had been told of when it ended.
	Terminated string `json:"terminated,omitempty"`
	// Interrupted is the signal by which somebody else told the supervisor to end.
	Interrupted string `json:"interrupted,omitempty"`
	Code        int    `json:"code"`
	Signal      string `json:"signal,omitempty"` // the name of the signal that killed the command
	LastLine    string `json:"last_line,omitempty"`
	// Outputs is the document that the command left; OutputError says what is wrong with it.
	Outputs     json.RawMessage `json:"outputs,omitempty"`
	OutputError string          `json:"output_error,omitempty"`
}

// progress says what the facts mean to the engine.
func (e *exitRecord) progress() step.Progress {
	end := func(s step.State, message string) step.Progress { return step.Progress{State: s, Message: message} }
	switch {
	case e.Refused != "":
		return end(step.FatalError, e.Refused)
	case e.Lost:
		return end(step.PlatformError, "the supervisor of the command died with the machine or was killed")
	case e.Terminated != "":
		return end(step.Stopped, "terminated: "+e.Terminated)
	case e.Interrupted != "":
		return end(step.PlatformError, "the supervisor of the command was ended by "+e.Interrupted+", not by Segue")
	case e.Signal == "SIGKILL":
		return end(step.PlatformError, "killed by SIGKILL, not by Segue (out of memory?)")
	case e.Signal != "":
		return end(step.UserError, withLine("killed by "+e.Signal, e.LastLine))
	case e.Code > 128 && signalName(e.Code-128) != "":
		// What a shell returns when its own child was killed.
		return end(step.UserError, withLine(fmt.Sprintf("exit code %d (%s)", e.Code, signalName(e.Code-128)), e.LastLine))
	case e.Code != 0:
		return end(step.UserError, withLine(fmt.Sprintf("exit code %d", e.Code), e.LastLine))
	case e.OutputError != "":
		return end(step.UserError, "the file at "+outputVar+" "+e.OutputError)
	}
	p := step.Progress{State: step.Done}
	if len(e.Outputs) > 0 {
		outputs, err := decodeOutputs(e.Outputs)
		if err != nil { // checked before it was written
			return end(step.UserError, "the file at "+outputVar+" "+err.Error())
		}
		p.Outputs = outputs
	}
	return p
}

func withLine(message, line string) string {
	if line == "" {
		return message
	}
	return message + ": " + line
}

// maxLine bounds the last line of stderr in messages, in bytes.
const maxLine = 400

// lastLine finds the last line of a text with something in it, fit for a message.
func lastLine(text []byte) string {
	s := strings.ToValidUTF8(string(text), "\uFFFD")
	for _, line := range slices.Backward(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if r == '\t' {
				return ' '
			}
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				return -1
			}
			return r
		}, line))
		if line == "" {
			continue
		}
		if len(line) > maxLine {
			cut := maxLine
			for !utf8.RuneStart(line[cut]) {
				cut--
			}
			line = line[:cut] + "…"
		}
		return line
	}
	return ""
}

// readRecord reads a record into v and reports whether it is there. A record that breaks off was being written when its
// writer died: it is not there, as what it would have permitted has not happened.
func readRecord(dir, name string, v any) (bool, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !json.Valid(data) {
		return false, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("record %s: %w", filepath.Join(dir, name), err)
	}
	return true, nil
}

// writeRecord writes a record that is not there yet; when it returns nil the record survives a crash of the machine. It
// is written in place: a rename would cost a second commit of the file system's journal, and readers can tell a record
// that breaks off. After an error it is not there, unless the disk refuses to remove it.
func writeRecord(dir, name string, v any) error {
	path := filepath.Join(dir, name)
	err := fillRecord(path, v, func(f *os.File) error {
		// The record and its name, at once: they wait for the same commit of the journal.
		named := make(chan error, 1)
		go func() { named <- syncDir(dir) }()
		return errors.Join(f.Sync(), <-named)
	})
	if err != nil {
		os.Remove(path)
	}
	return err
}

// fillRecord writes a record in place and settles it.
func fillRecord(path string, v any, settle func(*os.File) error) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = settle(f)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

func exists(dir, name string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
