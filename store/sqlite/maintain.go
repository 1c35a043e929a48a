package sqlite

import (
	"context"
	"fmt"

	"github.com/segue-run/segue/store"
	zombie "zombiezen.com/go/sqlite"
)

const (
	// vacuumPages is the number of pages that one Maintain gives back at most (1 MB).
	vacuumPages = 128
	// sparePages is the number of free pages that a database keeps for its next rows.
	sparePages = 1024
)

// Maintain implements store.Store: it copies the WAL into the database as far as no reader is in the way, and gives
// some pages back to the file system if much more than it needs is free. An error of the disk shows here that the
// checkpoints which commits make on their way would keep to themselves.
func (s *Store) Maintain(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return failed("maintain", errClosed)
	}
	if s.broken != nil {
		return s.broken
	}
	err := failed("maintain", s.w.maintain(ctx))
	if err != nil && store.ClassOf(err) == store.Fatal {
		s.broken = err
	}
	return err
}

func (w *writer) maintain(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := run(w.checkpoint); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	free, err := number(w.freePages)
	if err != nil {
		return err
	}
	all, err := number(w.allPages)
	if err != nil {
		return err
	}
	if free <= max(sparePages, all/8) {
		return nil
	}
	if err := run(w.vacuum); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

func number(stmt *zombie.Stmt) (n int64, err error) {
	_, err = one(stmt, func() { n = stmt.ColumnInt64(0) })
	return n, err
}
