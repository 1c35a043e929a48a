package server

import (
	"context"
	"errors"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

// trusted is a store that says when it cannot be trusted any more: after a failed fsync or in a damaged file nothing can
// be promised, whoever met it first. The committer finds out by itself; a reader, or the housekeeping of an idle server,
// does so here.
type trusted struct {
	store.Store
	betrayed chan error // gets the first Fatal error
}

func trust(s store.Store) *trusted { return &trusted{Store: s, betrayed: make(chan error, 1)} }

func (t *trusted) look(err error) error {
	var e *store.Error
	if errors.As(err, &e) && e.Class == store.Fatal {
		select {
		case t.betrayed <- err:
		default:
		}
	}
	return err
}

// Join implements store.Store.
func (t *trusted) Join(ctx context.Context, node string, stride int64) (store.Seat, error) {
	seat, err := t.Store.Join(ctx, node, stride)
	return seat, t.look(err)
}

// Claim implements store.Store.
func (t *trusted) Claim(ctx context.Context, seat store.Seat, groups []store.Group) ([]store.Owned, error) {
	owned, err := t.Store.Claim(ctx, seat, groups)
	return owned, t.look(err)
}

// LeaseIDs implements store.Store.
func (t *trusted) LeaseIDs(ctx context.Context, n int64) (int64, error) {
	first, err := t.Store.LeaseIDs(ctx, n)
	return first, t.look(err)
}

// Commit implements store.Store.
func (t *trusted) Commit(ctx context.Context, b *store.Batch) error {
	return t.look(t.Store.Commit(ctx, b))
}

// Read implements store.Store.
func (t *trusted) Read(ctx context.Context, f func(store.Snapshot) error) error {
	return t.look(t.Store.Read(ctx, f))
}

// Maintain implements store.Store.
func (t *trusted) Maintain(ctx context.Context) error { return t.look(t.Store.Maintain(ctx)) }

// advise adds to the reason of a stop what an operator can do.
func advise(why error) error {
	var e *store.Error
	if errors.As(why, &e) && e.Class == store.Fatal {
		return fault.New(fault.KindOf(why), "%w\nAll that was acknowledged had been written before. Look at the disk and the system's log, then start "+
			"the server again; if it does not start, restore the database from a backup.", why)
	}
	return why
}
