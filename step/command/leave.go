//go:build unix

package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// EndAll has every command that runs told to end, as Terminate does, and does not wait. It is for a server that nobody
// will start again: else commands would go on that nobody waits for. It goes on after an error and returns them all.
func (r *Runtime) EndAll(ctx context.Context) error {
	dirs, err := filepath.Glob(filepath.Join(r.cfg.Dir, "??", "*"))
	errs := []error{err}
	for _, dir := range dirs {
		uuid := filepath.Base(dir)
		if uuidForm.MatchString(uuid) && r.path(uuid) == dir {
			errs = append(errs, fault.In(r.endOne(ctx, uuid), "end command: attempt %s", uuid))
		}
	}
	return errors.Join(errs...)
}

func (r *Runtime) endOne(ctx context.Context, uuid string) error {
	at, leave, err := r.enter(ctx, uuid)
	if err != nil {
		return err
	}
	defer leave()
	seen, err := r.look(at)
	if err != nil {
		return err
	}
	defer seen.release()
	if seen.state != running && seen.state != beginning {
		return nil
	}
	_, err = r.terminate(ctx, at, step.ByStop)
	if err == nil || seen.state != running {
		return err
	}
	// The disk may be full. The supervisor has the lock, so it lives, and ends its command when it is told to end itself.
	var gone *fs.PathError
	if !errors.As(err, &gone) {
		return err
	}
	supervisor, e := os.FindProcess(seen.started.PID)
	if e == nil {
		e = supervisor.Signal(syscall.SIGTERM)
	}
	if e != nil && !errors.Is(e, os.ErrProcessDone) {
		return errors.Join(err, e)
	}
	return nil
}
