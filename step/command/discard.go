//go:build unix

package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segue-run/segue/fault"
)

// Discard removes the directory of an attempt, logs and all, durably. A crash in between leaves a directory that is discarded
// again.
func (r *Runtime) Discard(ctx context.Context, uuid string) error {
	at, leave, err := r.enter(ctx, uuid)
	if err != nil {
		return err
	}
	defer leave()
	if err := r.discard(at); err != nil {
		return fault.In(err, "discard command: attempt %s", uuid)
	}
	return nil
}

func (r *Runtime) discard(at attempt) error {
	seen, err := r.look(at)
	if err != nil {
		return err
	}
	defer seen.release()
	switch seen.state {
	case absent: // perhaps since a Discard that did not come to its end
		if err := syncDir(filepath.Dir(at.dir)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case beginning, running:
		return fault.New(fault.Precondition, "it runs")
	}
	if err := os.RemoveAll(at.dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(at.dir)) // or what is removed next might be gone without it after a loss of power
}
