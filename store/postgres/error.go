package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segue-run/segue/store"
)

var errClosed = errors.New("the store is closed")

// failed gives an error the class that its cause has; broken is the class of an error of the connection itself. Errors
// that have a class already keep it.
func failed(op string, err error, broken store.Class) error {
	var has *store.Error
	if err == nil || errors.As(err, &has) {
		return err
	}
	class := classOf(err, broken)
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		err = &away{err}
	}
	return &store.Error{Class: class, Op: op, Err: err}
}

// away is an error of a connection that cannot be made. Clients get to see it, so it tells the reason without the user and the address
// of the database; whoever operates the server has given those.
type away struct{ err error }

// Error tells the reason as far as it names nobody.
func (a *away) Error() string {
	const what = "the database cannot be reached"
	var pg *pgconn.PgError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var call *os.SyscallError
	var late net.Error
	switch {
	case errors.As(a.err, &pg):
		return what + ": it refuses the connection (SQLSTATE " + pg.Code + ")"
	case errors.As(a.err, &name) && name.IsNotFound:
		return what + ": its name is not known"
	case errors.As(a.err, &certificate):
		return what + ": its certificate is not trusted"
	case errors.As(a.err, &call):
		return what + ": " + call.Err.Error()
	case errors.As(a.err, &late) && late.Timeout(), errors.Is(a.err, context.DeadlineExceeded):
		return what + " in time"
	}
	return what
}

// Unwrap returns the whole error.
func (a *away) Unwrap() error { return a.err }

func classOf(err error, broken store.Class) store.Class {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || errors.Is(err, errClosed) {
		return store.Transient
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		if pgconn.SafeToRetry(err) { // nothing has been sent
			return store.Transient
		}
		if errors.Is(err, context.Canceled) && broken != store.Unknown {
			return store.Transient
		}
		return broken
	}
	if len(pg.Code) != 5 {
		return broken
	}
	switch pg.Code {
	case "58030", "58P01", "58P02", "XX001", "XX002": // I/O error, files missing, data or index corrupted
		return store.Fatal
	case "57P01", "57P02", "57P03", "57P05", "25P03", "25P04": // the server ends the connection
		return broken
	case "55P03", "55006", "57014", "25006", "26000": // lock or statement timed out; a standby; a statement lost by a proxy
		return store.Transient
	}
	switch pg.Code[:2] {
	case "08": // connection
		return broken
	case "40", "53", "28", "3D": // serialization and deadlock; disk, memory, connections; authentication; no such database
		return store.Transient
	case "42": // a table or a right is missing: no batch is to blame
		return store.Fatal
	}
	return store.Refused
}
