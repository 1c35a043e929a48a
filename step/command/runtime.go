//go:build unix

package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// Runtime runs commands. It is a step.Runtime, a step.Pusher, a step.LogReader and a step.Discarder. What it holds in memory can all be
// found again in its directory: a Runtime may be dropped at any time and another opened in its place.
type Runtime struct {
	cfg       Config
	inherited []string // the part of the server's environment that commands see
	host      string
	boot      string
	push      func(uuid string)

	mu       sync.Mutex
	turns    map[string]*turn    // who is at work on an attempt
	watches  map[string]*os.File // the read ends of the alive fifos of running attempts
	children map[string]int      // supervisors that are children of this process, to be reaped
	closed   bool
	watching sync.WaitGroup
}

var (
	_ step.Runtime   = (*Runtime)(nil)
	_ step.Pusher    = (*Runtime)(nil)
	_ step.LogReader = (*Runtime)(nil)
	_ step.Discarder = (*Runtime)(nil)
)

// New opens the runtime over a state directory, which it creates if need be. It touches no attempt; those that run are
// adopted when they are started or observed again.
func New(cfg Config) (*Runtime, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	for _, dir := range []*string{&cfg.Dir, &cfg.WorkDir} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return nil, fault.In(err, "command runtime: directory %q", *dir)
		}
	}
	self, err := exec.LookPath(cfg.Self[0])
	if err != nil {
		return nil, fault.New(fault.BadRequest, "command runtime: supervisor %q: %w", cfg.Self[0], err)
	}
	cfg.Self = append([]string{self}, cfg.Self[1:]...)
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fault.In(err, "command runtime: state directory")
	}
	boot, err := bootID()
	if err != nil {
		return nil, fault.In(err, "command runtime: which boot of the machine is this")
	}
	host, err := hostID()
	if err != nil {
		return nil, fault.In(err, "command runtime: which machine is this")
	}
	return &Runtime{
		cfg: cfg, inherited: allowed(os.Environ(), cfg.Env), host: host, boot: boot, push: func(string) {},
		turns: map[string]*turn{}, watches: map[string]*os.File{}, children: map[string]int{},
	}, nil
}

// SetPush sets who is told that an attempt has ended.
func (r *Runtime) SetPush(push func(uuid string)) { r.push = push }

// Close stops watching. The commands go on, for the next Runtime to adopt.
func (r *Runtime) Close() error {
	r.mu.Lock()
	r.closed = true
	for _, f := range r.watches {
		f.Close() // ends its watcher; there is nothing to lose in a read end
	}
	r.mu.Unlock()
	r.watching.Wait()
	return nil
}

// Start runs the command of the attempt, or adopts it if it was run before.
func (r *Runtime) Start(ctx context.Context, a *step.Attempt) (step.Progress, error) {
	at, leave, err := r.enter(ctx, a.UUID)
	if err != nil {
		return step.Progress{}, err
	}
	defer leave()
	if err := at.create(r.cfg.Dir); err != nil {
		return step.Progress{}, fault.In(err, "start command: attempt %s", a.UUID)
	}
	seen, err := r.look(at)
	for err == nil && seen.state == beginning {
		// Another server, one that is about to be replaced, is at it. How that went is known in no time.
		if err = pause(ctx, 5*time.Millisecond); err == nil {
			seen, err = r.look(at)
		}
	}
	if err != nil {
		return step.Progress{}, fault.In(err, "start command: attempt %s", a.UUID)
	}
	defer seen.release()
	if seen.state != untouched {
		return r.report(ctx, at, seen)
	}
	o, err := r.order(a)
	if err != nil {
		record := exitRecord{Format: format, EndedAt: time.Now().UnixMilli(), Refused: err.Error()}
		if err := writeRecord(at.dir, exitFile, &record); err != nil {
			return step.Progress{}, fault.In(err, "start command: attempt %s", a.UUID)
		}
		return record.progress(), nil
	}
	p, err := r.begin(ctx, at, o, seen.lock)
	return p, fault.In(err, "start command: attempt %s", a.UUID)
}

// Observe says how the attempt is doing.
func (r *Runtime) Observe(ctx context.Context, a *step.Attempt, handle string) (step.Progress, error) {
	at, leave, err := r.enter(ctx, a.UUID)
	if err != nil {
		return step.Progress{}, err
	}
	defer leave()
	seen, err := r.look(at)
	if err != nil {
		return step.Progress{}, fault.In(err, "observe command: attempt %s", a.UUID)
	}
	defer seen.release()
	if seen.state == absent {
		if err := r.elsewhere(handle); err != nil {
			return step.Progress{}, err
		}
	}
	return r.report(ctx, at, seen)
}

// Terminate has the command told to end: SIGTERM to all its processes and, after the grace, SIGKILL.
func (r *Runtime) Terminate(ctx context.Context, a *step.Attempt, handle string, cause step.Cause) (step.Progress, error) {
	at, leave, err := r.enter(ctx, a.UUID)
	if err != nil {
		return step.Progress{}, err
	}
	defer leave()
	if known, err := exists(at.dir, "."); err != nil {
		return step.Progress{}, fault.In(err, "terminate command: attempt %s", a.UUID)
	} else if !known {
		if err := r.elsewhere(handle); err != nil {
			return step.Progress{}, err
		}
	}
	p, err := r.terminate(ctx, at, cause)
	return p, fault.In(err, "terminate command: attempt %s", a.UUID)
}

func (r *Runtime) terminate(ctx context.Context, at attempt, cause step.Cause) (step.Progress, error) {
	// The tombstone comes first: a supervisor that is just starting looks for it after it has begun to listen.
	if err := at.create(r.cfg.Dir); err != nil {
		return step.Progress{}, err
	}
	seen, err := r.look(at)
	if err != nil {
		return step.Progress{}, err
	}
	defer seen.release()
	switch seen.state {
	case untouched, running, beginning:
		wish := terminateRecord{Format: format, Cause: cause.String(), GraceMS: r.cfg.Grace.Milliseconds(), At: time.Now().UnixMilli()}
		if known, err := readRecord(at.dir, terminateFile, &terminateRecord{}); err != nil {
			return step.Progress{}, err
		} else if !known {
			if err := writeRecord(at.dir, terminateFile, &wish); err != nil {
				return step.Progress{}, err
			}
		}
		if seen.state == untouched {
			seen.state = stopped
			break
		}
		if err := poke(filepath.Join(at.dir, controlFile)); err != nil {
			return step.Progress{}, err
		}
	}
	return r.report(ctx, at, seen)
}

// Forget drops all of the attempt but its logs and the fact that it was.
func (r *Runtime) Forget(ctx context.Context, uuid string) {
	at, leave, err := r.enter(ctx, uuid)
	if err != nil {
		return // retention will find the directory
	}
	defer leave()
	seen, err := r.look(at)
	if err != nil {
		return
	}
	defer seen.release()
	switch seen.state {
	case absent, beginning, running:
		return // nothing to forget, or not the time
	}
	// The mark first: without the exit record, it is what keeps a late start from running the command again.
	f, err := os.OpenFile(filepath.Join(at.dir, forgottenFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	err = f.Sync()
	f.Close()
	if err != nil || syncDir(at.dir) != nil {
		return
	}
	for _, name := range []string{startedFile, childFile, exitFile, terminateFile, aliveFile, controlFile, outputFile, stdinFile, lockFile} {
		os.Remove(filepath.Join(at.dir, name)) // what stays is Discard's
	}
}

// report turns what was seen into progress, and sees to it that the end of a running attempt will be pushed.
func (r *Runtime) report(ctx context.Context, at attempt, seen sighting) (step.Progress, error) {
	switch seen.state {
	case absent:
		return step.Progress{State: step.PlatformError, Message: "this host knows nothing of the attempt"}, nil
	case untouched:
		return step.Progress{State: step.PlatformError, Message: "the command was never started"}, nil
	case stopped:
		return step.Progress{State: step.Stopped, Message: "terminated before the command was started"}, nil
	case forgotten:
		return step.Progress{State: step.Stopped, Message: "the attempt had ended and was forgotten"}, nil
	case ended:
		r.reap(at.uuid) // it has written its last word, so this is a matter of a moment
		return seen.exit.progress(), nil
	case lost:
		r.reap(at.uuid)
		return r.bury(ctx, at, seen)
	case beginning:
		return step.Progress{State: step.Running, Again: 20 * time.Millisecond}, nil
	case running:
		again, err := r.watch(at)
		if err != nil {
			return step.Progress{}, err
		}
		return step.Progress{State: step.Running, Handle: r.handle(seen.started.PID), Again: again}, nil
	}
	panic(fmt.Sprintf("command: attempt %s in state %d", at.uuid, seen.state))
}

// bury ends a lost attempt: what is left of its processes is killed, and the loss is recorded for good.
func (r *Runtime) bury(ctx context.Context, at attempt, seen sighting) (step.Progress, error) {
	if seen.started.Boot == r.boot && seen.started.Host == r.host {
		var child childRecord // if it is not there, the command may not have come to life
		if _, err := readRecord(at.dir, childFile, &child); err != nil {
			return step.Progress{}, err
		}
		if err := killLeftovers(ctx, seen.started, child); err != nil {
			return step.Progress{}, err
		}
	}
	record := exitRecord{Format: format, StartedAt: seen.started.StartedAt, EndedAt: time.Now().UnixMilli(), Lost: true}
	if err := writeRecord(at.dir, exitFile, &record); err != nil {
		return step.Progress{}, err
	}
	return record.progress(), nil
}

// order reads the params; the error is for the author of the workflow.
func (r *Runtime) order(a *step.Attempt) (*order, error) {
	argv, err := argvOf(a.Params)
	if err != nil {
		return nil, err
	}
	vars, err := envOf(a)
	if err != nil {
		return nil, err
	}
	dir, _, err := textOf(a.Params, "working_dir")
	if err != nil {
		return nil, err
	}
	if strings.IndexByte(dir, 0) >= 0 {
		return nil, errors.New("param working_dir has a NUL byte")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(r.cfg.WorkDir, dir)
	}
	o := &order{
		UUID: a.UUID, Host: r.host, Boot: r.boot, Argv: argv, Env: environment(r.inherited, vars, identity(a)), WorkDir: dir,
		MaxLog: r.cfg.MaxLog, MaxOutput: r.cfg.MaxOutput,
		GraceMS: r.cfg.Grace.Milliseconds(), LingerMS: r.cfg.Linger.Milliseconds(),
	}
	if text, ok, err := textOf(a.Params, "stdin"); err != nil {
		return nil, err
	} else if ok {
		o.Stdin = &text
	}
	return o, nil
}

// A handle says where the command runs: its host and its supervisor.
func (r *Runtime) handle(pid int) string { return fmt.Sprintf("host=%s pid=%d", r.host, pid) }

// elsewhere refuses a handle of another host. Whether the command runs there cannot be known here, and a guess could
// run it twice; the group has to go back, or an operator abandon the step.
func (r *Runtime) elsewhere(handle string) error {
	host, ok := strings.CutPrefix(handle, "host=")
	if !ok {
		return nil
	}
	host, _, _ = strings.Cut(host, " ")
	if host == r.host {
		return nil
	}
	return fault.New(fault.Unavailable, "the command runs on host %s, and this is host %s", host, r.host)
}

// attempt is an attempt and its directory.
type attempt struct{ uuid, dir string }

var uuidForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{1,127}$`)

// enter waits until no other call is at work on the attempt. leave must be called.
func (r *Runtime) enter(ctx context.Context, uuid string) (at attempt, leave func(), err error) {
	if !uuidForm.MatchString(uuid) {
		return attempt{}, nil, fault.New(fault.BadRequest, "command runtime: %q is not the UUID of an attempt", uuid)
	}
	if ctx.Err() != nil {
		return attempt{}, nil, fault.New(fault.Unavailable, "attempt %s: %w", uuid, context.Cause(ctx))
	}
	r.mu.Lock()
	t := r.turns[uuid]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		r.turns[uuid] = t
	}
	t.users++
	r.mu.Unlock()
	done := func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(r.turns, uuid)
		}
	}
	select {
	case <-t.free:
		return attempt{uuid, r.path(uuid)}, func() { t.free <- struct{}{}; done() }, nil
	case <-ctx.Done():
		done()
		return attempt{}, nil, fault.New(fault.Unavailable, "attempt %s: %w", uuid, context.Cause(ctx))
	}
}

// turn is taken by whoever is at work on an attempt.
type turn struct {
	free  chan struct{} // holds a token when nobody is
	users int           // at work or waiting; guarded by Runtime.mu
}

// path is the directory of an attempt: two levels, so that no directory grows without bounds.
func (r *Runtime) path(uuid string) string { return filepath.Join(r.cfg.Dir, uuid[:2], uuid) }

// create makes the directory of the attempt, except for the durability of its name, which begin sees to.
func (at attempt) create(root string) error {
	err := os.Mkdir(at.dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(filepath.Dir(at.dir), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncDir(root); err != nil {
			return err
		}
		err = os.Mkdir(at.dir, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// pause waits, or returns why the context ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "%w", context.Cause(ctx))
	}
}
