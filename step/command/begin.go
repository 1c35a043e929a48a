//go:build unix

package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// status is what a supervisor says of the start, once, in one line on its standard output.
type status struct {
	// Started: the command runs, and that it does is on disk.
	Started bool `json:"started,omitempty"`
	// Ended: the attempt has ended without running, and there is an exit record.
	Ended bool `json:"ended,omitempty"`
	// Error: nothing has run, nothing is on disk, and it may be tried again.
	Error string `json:"error,omitempty"`
}

// begin has a supervisor run the command and returns when it does. lock is held; the supervisor inherits it.
func (r *Runtime) begin(ctx context.Context, at attempt, o *order, lock *os.File) (step.Progress, error) {
	if ctx.Err() != nil {
		return step.Progress{}, fault.New(fault.Unavailable, "%w", context.Cause(ctx))
	}
	text, err := json.Marshal(o)
	if err != nil {
		return step.Progress{}, err
	}
	for _, name := range []string{aliveFile, controlFile} {
		if err := syscall.Mkfifo(filepath.Join(at.dir, name), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return step.Progress{}, &fs.PathError{Op: "mkfifo", Path: filepath.Join(at.dir, name), Err: err}
		}
	}
	pid, orders, answers, err := r.spawn(at, lock)
	if err != nil {
		return step.Progress{}, err
	}
	defer orders.Close()
	defer answers.Close()
	r.mu.Lock()
	r.children[at.uuid] = pid
	r.mu.Unlock()

	// From here on an early return leaves a supervisor that will start the command, or not, by itself. The next Start
	// finds out which.
	defer context.AfterFunc(ctx, func() {
		past := time.Unix(1, 0)
		orders.SetDeadline(past)
		answers.SetDeadline(past)
	})()
	// Before it knows its order the supervisor cannot start anything, so the name of the directory is on disk before the
	// command runs; to see to it here takes no longer than the supervisor takes to come to life.
	writeErr := syncDir(filepath.Dir(at.dir))
	if writeErr == nil {
		_, writeErr = orders.Write(text)
	}
	orders.Close()
	line, readErr := bufio.NewReader(answers).ReadBytes('\n')
	var said status
	if readErr == nil {
		readErr = json.Unmarshal(line, &said)
	}
	switch {
	case readErr != nil && ctx.Err() != nil:
		return step.Progress{}, fault.New(fault.Unavailable, "%w", context.Cause(ctx))
	case readErr != nil:
		how := r.reap(at.uuid)
		return step.Progress{}, fmt.Errorf("the supervisor ended before it could start the command: %s",
			errors.Join(errors.New(how), writeErr))
	case said.Error != "":
		r.reap(at.uuid)
		if writeErr != nil {
			return step.Progress{}, writeErr // which is why it has no order
		}
		return step.Progress{}, fault.New(fault.Unavailable, "%s", said.Error)
	case said.Ended:
		r.reap(at.uuid)
		var record exitRecord
		if there, err := readRecord(at.dir, exitFile, &record); err != nil {
			return step.Progress{}, err
		} else if !there {
			return step.Progress{}, errors.New("the supervisor wrote no exit record")
		}
		return record.progress(), nil
	}
	again, err := r.watch(at)
	if err != nil {
		return step.Progress{}, err
	}
	return step.Progress{State: step.Running, Handle: r.handle(pid), Again: again}, nil
}

// spawn starts the supervisor of an attempt: it reads its order from the first file and answers on the second.
func (r *Runtime) spawn(at attempt, lock *os.File) (pid int, orders, answers *os.File, err error) {
	// What the supervisor has to complain of goes where the user will look.
	notes, err := os.OpenFile(filepath.Join(at.dir, string(step.Stderr)+logSuffix), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, nil, nil, err
	}
	defer notes.Close()
	orderEnd, orders, err := os.Pipe()
	if err != nil {
		return 0, nil, nil, err
	}
	defer orderEnd.Close()
	answers, answerEnd, err := os.Pipe()
	if err != nil {
		orders.Close()
		return 0, nil, nil, err
	}
	defer answerEnd.Close()
	argv := append(append([]string{}, r.cfg.Self...), at.dir)
	process, err := os.StartProcess(argv[0], argv, &os.ProcAttr{
		Dir:   "/",
		Env:   supervisorEnv(),
		Files: []*os.File{orderEnd, answerEnd, notes, lock},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		orders.Close()
		answers.Close()
		return 0, nil, nil, err
	}
	pid = process.Pid
	process.Release() // it is waited for by pid, and only once it is dead, so that no thread has to wait
	return pid, orders, answers, nil
}

// supervisorEnv keeps a supervisor small: one thread of Go code, and a heap that is collected early.
func supervisorEnv() []string {
	env := []string{"GOMAXPROCS=1", "GOGC=50"}
	for _, name := range []string{"GOCOVERDIR", "GORACE"} { // of test builds
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// reap waits for the supervisor of an attempt, if it is a child of this process and dead or dying, and says how it
// ended.
func (r *Runtime) reap(uuid string) string {
	r.mu.Lock()
	pid, ok := r.children[uuid]
	delete(r.children, uuid)
	r.mu.Unlock()
	if !ok {
		return ""
	}
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err.Error()
		}
		if ws.Signaled() {
			return "killed by " + signalName(int(ws.Signal()))
		}
		return fmt.Sprintf("exit status %d", ws.ExitStatus())
	}
}
