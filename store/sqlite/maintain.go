package sqlite

import (
	"context"
	"fmt"
	"time"

	zombie "zombiezen.com/go/sqlite"
)

const (
	// vacuumPages is the number of pages that one Maintain gives back at most (1 MB).
	vacuumPages = 128
	// sparePages is the number of free pages that a database keeps for its next rows.
	sparePages = 1024
	// longLog is the number of pages (64 MB) beyond which reads are held up for a moment, so that the WAL can begin anew.
	longLog = 8192
	// readPause is how long they are held up at most.
	readPause = time.Second
)

// Maintain implements store.Store: it copies the WAL into the database as far as no reader is in the way, and gives
// some pages back to the file system if much more than it needs is free. Reads that overlap without end would keep the WAL from
// ever beginning anew; if it has got long, new reads wait for a moment. A full disk shows here; the copies
// beside commits do not report it.
func (s *Store) Maintain(ctx context.Context) error {
	s.copier.mu.Lock()
	defer s.copier.mu.Unlock()
	err := s.housekeep(ctx, func(w *writer) error {
		if _, err := s.copier.copy(s.copier.whole); err != nil {
			return err
		}
		return w.shrink()
	})
	if err != nil || int(s.copier.length.Load()) < s.longLog {
		return err
	}
	resume, quiet := s.readers.pause(ctx, readPause)
	defer resume()
	if !quiet {
		return nil // a long read: another time
	}
	return s.housekeep(ctx, func(w *writer) error { return run(w.truncate) })
}

// housekeep runs f on the write connection, outside a transaction.
func (s *Store) housekeep(ctx context.Context, f func(*writer) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return failed("maintain", errClosed)
	}
	if s.broken != nil {
		return s.broken
	}
	err := ctx.Err()
	if err == nil {
		err = f(s.w)
	}
	if err == nil {
		err = s.moved()
	}
	err = failed("maintain", err)
	s.broke(err)
	return err
}

// shrink gives some free pages back.
func (w *writer) shrink() error {
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

// pause waits until no read is under way, and lets none begin until resume is called. It gives up when its patience
// ends.
func (p *pool) pause(ctx context.Context, patience time.Duration) (resume func(), quiet bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var taken []*reader
	resume = func() {
		for _, r := range taken {
			p.free <- r
		}
	}
	for range cap(p.free) {
		select {
		case r, open := <-p.free:
			if !open {
				return resume, false
			}
			taken = append(taken, r)
		case <-ctx.Done():
			return resume, false
		}
	}
	return resume, true
}
