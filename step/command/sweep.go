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

// Sweep removes the directories, logs and all, of the attempts that keep does not want and that do not run. It returns
// how many it removed; it goes on after an error and returns the first. After it, a late order to start such an attempt
// would be obeyed: keep must want every attempt that an order may still be on its way for.
func (r *Runtime) Sweep(ctx context.Context, keep func(uuid string) bool) (removed int, err error) {
	note := func(e error) {
		if err == nil && e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = fault.In(e, "sweep commands")
		}
	}
	shards, e := os.ReadDir(r.cfg.Dir)
	note(e)
	for _, shard := range shards {
		if !shard.IsDir() || len(shard.Name()) != 2 {
			continue
		}
		attempts, e := os.ReadDir(filepath.Join(r.cfg.Dir, shard.Name()))
		note(e)
		for _, entry := range attempts {
			uuid := entry.Name()
			if ctx.Err() != nil {
				note(fault.New(fault.Unavailable, "%w", context.Cause(ctx)))
				return removed, err
			}
			if !entry.IsDir() || !uuidForm.MatchString(uuid) || uuid[:2] != shard.Name() || keep(uuid) {
				continue
			}
			gone, e := r.remove(ctx, uuid)
			note(e)
			if gone {
				removed++
			}
		}
	}
	return removed, err
}

func (r *Runtime) remove(ctx context.Context, uuid string) (bool, error) {
	at, leave, err := r.enter(ctx, uuid)
	if err != nil {
		return false, err
	}
	defer leave()
	seen, err := r.look(at)
	if err != nil {
		return false, err
	}
	defer seen.release()
	switch seen.state {
	case absent, beginning, running:
		return false, nil
	}
	return true, os.RemoveAll(at.dir)
}
