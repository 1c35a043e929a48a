// Package sqlite keeps everything in one SQLite file, for one server: the store that works without installing
// anything. It is the embedded default.
//
// Above it is the contract in store; below it, only server opens one. The file is segue.db in the data directory, in WAL
// mode with synchronous=FULL: when Commit returns, the batch has been fsynced. A lock file keeps a second server out.
// There is one write connection, used under a mutex, a few readers with short transactions, and the copier, which takes the
// WAL into the file beside the commits, with two connections of its own.
//
// Things to know before changing it. A reader holds one state for as long as its Read lasts, and no checkpoint
// can pass that state: during a long Read the WAL grows (by all that is committed meanwhile) and is taken in only when the Read
// ends; nobody waits for it. Each query has exactly one index that serves it, order included, so the database keeps no
// statistics (PRAGMA optimize): they could only make a plan worse, at an unforeseeable time. A constraint, not a
// read before a write, refuses a second row in a taken place. Whoever opens and closes the file beside SQLite takes all
// of SQLite's locks away from this process, so that another program may take it for gone and remove the WAL.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

// FileName is the name of the database in the data directory.
const FileName = "segue.db"

// Options are the choices of the one who opens a store. The zero value is good.
type Options struct {
	// Groups is the number of flow groups of a store that does not exist yet; 0 means 64. For one that exists it must be 0
	// or the number that the store has.
	Groups int
	// Address is where the server will be reached. It is told to whoever finds the data directory in use.
	Address string
	// Readers is the number of concurrent reads; 0 means 4.
	Readers int

	stretch  int // of the copier; 0 means defaultStretch, below 0 leaves the WAL to Maintain
	maxPages int // size limit of the database, for tests; 0 means none
}

const (
	defaultGroups  = 64
	maxGroups      = 1 << 16
	defaultReaders = 4
)

// Store is a SQLite file that implements store.Store.
type Store struct {
	path   string
	file   os.FileInfo // of the file at path when it was opened
	lock   *lockFile
	groups int

	mu     sync.Mutex // held by whoever uses w
	w      *writer    // nil when closed
	broken error      // the first Fatal error; all later writes fail with it

	copier  *copier
	readers pool
	longLog int // pages; see Maintain
}

var _ store.Store = (*Store)(nil)

// Open opens the store in a data directory and makes both if they do not exist. Its errors say what an operator can do.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	s, err := open(ctx, dir, o)
	if err != nil {
		return nil, fault.In(err, "open data directory %q", dir)
	}
	return s, nil
}

func open(ctx context.Context, dir string, o Options) (_ *Store, err error) {
	if o.Groups < 0 || o.Groups > maxGroups {
		return nil, fault.New(fault.BadRequest, "%d flow groups: allowed are 1 to %d", o.Groups, maxGroups)
	}
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	if o.stretch == 0 {
		o.stretch = defaultStretch
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Precondition, "make the directory: %w", err)
	}
	if err := refuseNetwork(dir); err != nil {
		return nil, err
	}
	s := &Store{path: filepath.Join(dir, FileName), longLog: longLog}
	if s.lock, err = acquire(dir, o.Address); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.lock.release()
		}
	}()
	conn, groups, err := openFile(ctx, s.path, o)
	if err != nil {
		return nil, err
	}
	s.groups = groups
	if s.file, err = os.Stat(s.path); err != nil {
		conn.Close()
		return nil, fault.New(fault.Precondition, "look at the database: %w", err)
	}
	if s.w, err = newWriter(conn); err != nil {
		conn.Close()
		return nil, explain(err)
	}
	if err := syncDirectory(dir); err != nil {
		conn.Close()
		return nil, fault.New(fault.Precondition, "sync the directory: %w", err)
	}
	if s.copier, err = newCopier(s.path, o.stretch); err != nil {
		conn.Close()
		return nil, explain(err)
	}
	go s.copyLogs()
	s.readers = newPool(s.path, o.Readers, groups)
	return s, nil
}

// Groups implements store.Store.
func (s *Store) Groups() int { return s.groups }

// Join implements store.Store.
func (s *Store) Join(ctx context.Context, node string, stride int64) (seat store.Seat, err error) {
	err = s.write(ctx, "join", func(w *writer) error {
		if err := store.CheckNode(node); err != nil {
			return err
		}
		seat, err = w.join(node, stride)
		return err
	})
	if err != nil {
		return store.Seat{}, err
	}
	return seat, nil
}

// Claim implements store.Store.
func (s *Store) Claim(ctx context.Context, seat store.Seat, groups []store.Group) (owned []store.Owned, err error) {
	err = s.write(ctx, "claim", func(w *writer) error {
		if err := store.CheckClaim(groups, s.groups); err != nil {
			return err
		}
		owned, err = w.claim(seat, groups)
		return err
	})
	if err != nil {
		return nil, err
	}
	return owned, nil
}

// LeaseIDs implements store.Store.
func (s *Store) LeaseIDs(ctx context.Context, n int64) (first int64, err error) {
	err = s.write(ctx, "lease ids", func(w *writer) error {
		if err := store.CheckLease(n); err != nil {
			return err
		}
		first, err = w.leaseIDs(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return first, nil
}

// Commit implements store.Store. It never returns Unknown: a SQLite commit has happened or has not.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	return s.write(ctx, "commit", func(w *writer) error {
		if err := w.checker.Check(b, s.groups); err != nil {
			return err
		}
		return w.batch(ctx, b, s.groups)
	})
}

// write runs one transaction on the write connection.
func (s *Store) write(ctx context.Context, op string, f func(*writer) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return failed(op, errClosed)
	}
	if s.broken != nil {
		return s.broken
	}
	s.copier.begins()
	defer s.copier.ends()
	err := s.w.transaction(ctx, f)
	if err == nil {
		err = s.moved()
	}
	if err = failed(op, err); err != nil {
		s.broke(err)
		return err
	}
	s.copier.grown(s.w.logLength())
	return nil
}

// broke has all later writes fail if the error is Fatal. The caller holds the mutex.
func (s *Store) broke(err error) {
	if err != nil && s.broken == nil && store.ClassOf(err) == store.Fatal {
		s.broken = err
	}
}

// isBroken reports whether a Fatal error has happened.
func (s *Store) isBroken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken != nil
}

// moved returns an error if the database is not in its place any more: SQLite goes on writing to a file that is removed
// or renamed, and nobody would find it there again. It is asked after each write, before anybody is told of it.
func (s *Store) moved() error {
	switch now, err := os.Stat(s.path); {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(s.file, now):
		return fmt.Errorf("%w: %s", errMoved, s.path)
	}
	return nil // another error says nothing of the file
}

// Close implements store.Store. It waits for reads under way as well.
func (s *Store) Close() error {
	s.copier.stop()
	s.copier.mu.Lock() // Maintain may hold readers back, and go on
	defer s.copier.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return nil
	}
	err := errors.Join(s.readers.close(), s.copier.close(), s.w.conn.Close(), s.copier.disk.close(), s.lock.release())
	s.w = nil
	return failed("close", err)
}
