//go:build unix

package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The descriptors that a supervisor is born with. 2 is stderr.log of the attempt.
const (
	orderFD  = 0
	answerFD = 1
	lockFD   = 3
)

// Supervise is the main function of a supervisor. args holds the directory of the attempt. The program that calls it
// should do so before anything else: one supervisor runs for every command that runs. It returns the exit status, which
// nobody but an operator needs: all that matters is in the directory.
func Supervise(args []string) int {
	// The command is killed when the thread that forked it ends (see childAttr), so this one must not end before.
	runtime.LockOSThread()
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "segue: a supervisor is started by the server, with the directory of an attempt")
		return 2
	}
	s := &supervisor{dir: args[0]}
	if err := s.begin(); err != nil {
		s.answer(status{Error: err.Error()})
		return 1
	}
	if s.main == 0 {
		s.answer(status{Ended: true})
		return 0
	}
	s.answer(status{Started: true})
	s.watch()
	if err := s.finish(); err != nil {
		s.note("the end of the command could not be recorded: %v", err)
		return 1
	}
	return 0
}

// supervisor runs one command to its end.
type supervisor struct {
	dir     string
	order   order
	lock    *os.File
	alive   *os.File // held open: its end tells the server of ours
	control *os.File
	signals chan os.Signal
	started startedRecord
	exit    exitRecord
	main    int // pid of the command; 0 if it was not run
	logs    []*capture
}

// begin does all that comes before the command runs, and runs it. After an error nothing has run and nothing durable
// says so. Without an error either the command runs (s.main) or the attempt has an exit record.
func (s *supervisor) begin() error {
	s.lock = os.NewFile(lockFD, lockFile)
	syscall.CloseOnExec(lockFD)
	if err := syscall.Flock(lockFD, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("the lock of the attempt was not handed on: %w", err)
	}
	// A handler for SIGPIPE keeps a server that went away from ending us; one for each other signal keeps the command
	// from inheriting that it is ignored.
	s.signals = make(chan os.Signal, 8)
	signal.Notify(s.signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGPIPE)
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	if err := json.Unmarshal(text, &s.order); err != nil {
		return fmt.Errorf("read the order: %w", err) // the server died while it wrote
	}
	closeInherited(lockFD)
	if err := adoptOrphans(); err != nil {
		return fmt.Errorf("become the parent of orphans: %w", err)
	}
	if s.alive, err = os.OpenFile(filepath.Join(s.dir, aliveFile), os.O_RDWR, 0); err != nil {
		return err
	}
	if s.control, err = os.OpenFile(filepath.Join(s.dir, controlFile), os.O_RDWR, 0); err != nil {
		return err
	}
	// Whoever wants the end of the attempt first writes that down and then pokes; we listen first and then look.
	if cause, _, err := s.wish(); err != nil {
		return err
	} else if cause != "" {
		return s.end(exitRecord{Terminated: cause})
	}
	program, err := s.program()
	if err != nil {
		return s.refuse(err)
	}
	return s.run(program)
}

// run starts the command.
func (s *supervisor) run(program string) (err error) {
	var files []*os.File // of the command: 0, 1, 2
	var ends []*os.File  // to close here once it has them
	defer func() {
		for _, f := range ends {
			f.Close()
		}
		if err != nil {
			for _, c := range s.logs {
				c.abandon()
			}
		}
	}()
	in, err := s.stdin()
	if err != nil {
		return err
	}
	files, ends = append(files, in), append(ends, in)
	for _, name := range []string{"stdout", "stderr"} {
		c, end, err := newCapture(filepath.Join(s.dir, name+logSuffix), s.order.MaxLog)
		if err != nil {
			return err
		}
		s.logs = append(s.logs, c)
		files, ends = append(files, end), append(ends, end)
	}
	// An earlier start that failed at the last moment may have left one.
	if err := os.Remove(filepath.Join(s.dir, outputFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	start, err := startTime(os.Getpid())
	if err != nil {
		return fmt.Errorf("read the start time of the supervisor: %w", err)
	}
	s.started = startedRecord{
		Format: format, Host: s.order.Host, Boot: s.order.Boot, PID: os.Getpid(), PIDStart: start, StartedAt: now(),
		Output: filepath.Join(s.dir, outputFile),
	}
	env := append(append([]string{}, s.order.Env...), outputVar+"="+s.started.Output)
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = f.Fd() // which also makes it blocking, as commands expect
	}
	if err := writeRecord(s.dir, startedFile, &s.started); err != nil {
		return err
	}
	pid, err := syscall.ForkExec(program, s.order.Argv, &syscall.ProcAttr{
		Dir: s.order.WorkDir, Env: env, Files: fds, Sys: childAttr(),
	})
	if err != nil {
		var errno syscall.Errno
		if errors.As(err, &errno) && authorsFault(errno) {
			return s.refuse(explain(s.order.Argv, program, errno))
		}
		if e := os.Remove(filepath.Join(s.dir, startedFile)); e != nil {
			return s.end(exitRecord{StartedAt: s.started.StartedAt, Lost: true}) // nothing ran, but a reader could not tell
		}
		return fmt.Errorf("start %s: %w", program, err)
	}
	s.main = pid
	child := childRecord{Format: format, PID: pid}
	if child.Start, err = startTime(pid); err == nil {
		err = fillRecord(filepath.Join(s.dir, childFile), &child, func(*os.File) error { return nil })
	}
	if err != nil {
		s.note("the pid of the command could not be recorded: %v", err)
	}
	return nil
}

// stdin opens what the command reads: the param, from a file without a name, or nothing.
func (s *supervisor) stdin() (*os.File, error) {
	if s.order.Stdin == nil {
		return os.Open(os.DevNull)
	}
	path := filepath.Join(s.dir, stdinFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.WriteString(*s.order.Stdin); err != nil {
		os.Remove(path)
		return nil, err
	}
	read, err := os.Open(path)
	os.Remove(path)
	return read, err
}

// program finds what to execute. An error is for the author.
func (s *supervisor) program() (string, error) {
	dir := s.order.WorkDir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("working_dir %q does not exist", dir)
	case err != nil:
		return "", fmt.Errorf("working_dir %q: %v", dir, errors.Unwrap(err))
	case !info.IsDir():
		return "", fmt.Errorf("working_dir %q is not a directory", dir)
	}
	name := s.order.Argv[0]
	if strings.Contains(name, "/") {
		return name, nil // relative to the working directory, which is entered first
	}
	var denied string
	for _, place := range filepath.SplitList(lookupEnv(s.order.Env, "PATH")) {
		if !filepath.IsAbs(place) {
			place = filepath.Join(dir, place)
		}
		path := filepath.Join(place, name)
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if info.Mode()&0o111 != 0 {
			return path, nil
		}
		denied = path
	}
	if denied != "" {
		return "", fmt.Errorf("command %q is not executable: %s", name, denied)
	}
	return "", fmt.Errorf("command %q was not found in PATH (%s)", name, lookupEnv(s.order.Env, "PATH"))
}

// authorsFault reports whether a failed exec would fail again.
func authorsFault(errno syscall.Errno) bool {
	switch errno {
	case syscall.ENOENT, syscall.EACCES, syscall.EPERM, syscall.ENOEXEC, syscall.E2BIG, syscall.ENOTDIR, syscall.EISDIR,
		syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL:
		return true
	}
	return false
}

func explain(argv []string, program string, errno syscall.Errno) error {
	switch errno {
	case syscall.ENOENT:
		return fmt.Errorf("command %q was not found (or the interpreter that its first line names)", program)
	case syscall.E2BIG:
		return fmt.Errorf("command %q: its arguments and environment are too long for this system", argv[0])
	case syscall.ENOEXEC:
		return fmt.Errorf("command %q is not executable: neither a program of this system nor a script that begins with #!", program)
	}
	return fmt.Errorf("command %q is not executable: %v", program, errno)
}

// refuse ends the attempt because of something that its author must mend.
func (s *supervisor) refuse(why error) error { return s.end(exitRecord{Refused: why.Error()}) }

// end ends an attempt that did not run.
func (s *supervisor) end(record exitRecord) error {
	record.Format, record.EndedAt = format, now()
	if err := writeRecord(s.dir, exitFile, &record); err != nil {
		os.Remove(filepath.Join(s.dir, startedFile))
		return err
	}
	return nil
}

// wish reads whether somebody wants the end of the attempt: the cause, empty if nobody does, and the grace.
func (s *supervisor) wish() (cause string, grace time.Duration, err error) {
	var t terminateRecord
	there, err := readRecord(s.dir, terminateFile, &t)
	if err != nil || !there {
		return "", 0, err
	}
	if t.Cause == "" {
		t.Cause = "unknown cause"
	}
	return t.Cause, time.Duration(t.GraceMS) * time.Millisecond, nil
}

// answer tells the server how the start went, if it is still there, and lets go of what it gave us.
func (s *supervisor) answer(said status) {
	line, err := json.Marshal(said)
	if err == nil {
		syscall.Write(answerFD, append(line, '\n')) // a server that went away finds out from the directory
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	dup2(int(null.Fd()), orderFD)
	dup2(int(null.Fd()), answerFD)
}

// note adds a line to the log of the attempt.
func (s *supervisor) note(msg string, args ...any) {
	fmt.Fprintf(os.Stderr, "segue: "+msg+"\n", args...)
}

func now() int64 { return time.Now().UnixMilli() }
