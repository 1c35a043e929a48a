package sqlite

import (
	"context"
	"errors"

	"github.com/segue-run/segue/store"
	zombie "zombiezen.com/go/sqlite"
)

var (
	errClosed = errors.New("the store is closed")
	errMoved  = errors.New("the database has been removed or replaced while it was in use")
)

// failed gives an error the class that its cause has. Errors that have one already keep it.
func failed(op string, err error) error {
	var has *store.Error
	if err == nil || errors.As(err, &has) {
		return err
	}
	return &store.Error{Class: classOf(err), Op: op, Err: err}
}

func classOf(err error) store.Class {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errClosed) {
		return store.Transient
	}
	if errors.Is(err, errMoved) {
		return store.Fatal
	}
	code := zombie.ErrCode(err)
	switch code {
	case zombie.ResultIOErrNoMem, zombie.ResultIOErrSHMOpen, zombie.ResultIOErrSHMSize, zombie.ResultIOErrSHMMap:
		// The -shm file is no more than an index of the WAL: a full disk shows here as well, and nothing durable is at stake.
		return store.Transient
	case zombie.ResultReadOnlyDBMoved:
		// Somebody has replaced the file under us: what is written now is lost.
		return store.Fatal
	}
	switch code.ToPrimary() {
	case zombie.ResultFull, zombie.ResultBusy, zombie.ResultLocked, zombie.ResultCantOpen, zombie.ResultNoMem,
		zombie.ResultReadOnly, zombie.ResultPerm, zombie.ResultProtocol, zombie.ResultInterrupt, zombie.ResultSchema:
		return store.Transient
	case zombie.ResultIOErr, zombie.ResultCorrupt, zombie.ResultNotADB, zombie.ResultFormat, zombie.ResultInternal:
		return store.Fatal
	}
	return store.Refused
}
