// Package postgres keeps everything in a PostgreSQL database (14 or later), shared by the nodes of a cluster. Segue brings
// no consensus and no replication of its own: the database is what the nodes agree through.
//
// Above it is the contract in store; below it, only server opens one. A commit is one pipeline and one round trip: BEGIN, a
// statement that raises an error unless every group has the expected generation, one that raises an error unless the
// batch is the next one of its seat, the rows as arrays, COMMIT. READ COMMITTED is enough, since FOR SHARE on the rows
// of flow_group keeps every change of a generation out until COMMIT (FOR KEY SHARE would not). All who lock rows of flow_group do so in
// order of id, and before a row of node, so that nobody deadlocks.
//
// The one thing to know before changing it: a node that freezes in mid-commit holds the locks that its takeover
// waits for, so every connection that writes carries timeouts below half the lease (see Options.Lease). Up to PostgreSQL 16 the
// server has no timeout for a client that freezes while it is still sending a batch; that is left to TCP.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

// Options are the choices of the one who opens a store. The zero value is good.
type Options struct {
	// Groups is the number of flow groups of a store that does not exist yet; 0 means 64. For one that exists it must be 0
	// or the number that the store has.
	Groups int
	// Lease is how long a node may own groups without a sign of life; 0 means 10 s. A transaction of a node that does
	// not go on is ended by the server before half of it has passed.
	Lease time.Duration
	// Readers is the number of concurrent reads; 0 means 8.
	Readers int
}

const (
	defaultGroups  = 64
	maxGroups      = 1 << 16
	defaultLease   = 10 * time.Second
	defaultReaders = 8
	oldestServer   = 14
)

// Store is a PostgreSQL database that implements store.Store.
type Store struct {
	dial   dialer
	groups int
	closed atomic.Bool

	mu      sync.Mutex // held by Commit
	conn    *pgx.Conn  // nil until needed, and after trouble
	checker store.Checker
	columns columns

	control control
	readers pool
}

var _ store.Store = (*Store)(nil)

// Open opens the store in a database, named by a connection string (URL or key=value), and makes its tables if they are not there.
// Its errors say what an operator can do, and never show a password.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fault.New(fault.BadRequest, "the connection string is not one of PostgreSQL, like postgres://user@host:5432/name: %w", err)
	}
	s, err := open(ctx, config, o)
	if err != nil {
		return nil, fault.In(err, "open database %q on %s", config.Database, config.Host)
	}
	return s, nil
}

func open(ctx context.Context, config *pgx.ConnConfig, o Options) (*Store, error) {
	if o.Groups < 0 || o.Groups > maxGroups {
		return nil, fault.New(fault.BadRequest, "%d flow groups: allowed are 1 to %d", o.Groups, maxGroups)
	}
	if o.Lease < 0 || (o.Lease > 0 && o.Lease < 100*time.Millisecond) {
		return nil, fault.New(fault.BadRequest, "a lease of %v: it must be 100ms or more", o.Lease)
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	s := &Store{dial: dialer{config: config, patience: o.Lease * 2 / 5}}
	conn, err := s.dial.writer(ctx)
	if err != nil {
		return nil, explain(err)
	}
	if s.groups, err = prepare(ctx, conn, o.Groups); err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil, explain(err)
	}
	s.conn = conn
	s.control.dial = &s.dial
	s.readers = newPool(&s.dial, o.Readers)
	return s, nil
}

// Groups implements store.Store.
func (s *Store) Groups() int { return s.groups }

// Maintain implements store.Store. There is nothing to do: PostgreSQL's own checkpointer and autovacuum keep house.
func (s *Store) Maintain(ctx context.Context) error {
	if s.closed.Load() {
		return failed("maintain", errClosed, store.Transient)
	}
	return failed("maintain", ctx.Err(), store.Transient)
}

// Close implements store.Store. It waits for reads under way as well.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.dial.patience)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Close(ctx)
		s.conn = nil
	}
	s.control.close(ctx)
	s.readers.close(ctx)
	return nil
}

// dialer opens connections.
type dialer struct {
	config   *pgx.ConnConfig
	patience time.Duration // of the server with a transaction that does not go on
}

// writer opens a connection that may write.
func (d *dialer) writer(ctx context.Context) (*pgx.Conn, error) {
	ms := fmt.Sprint(d.patience.Milliseconds())
	conn, err := d.open(ctx, map[string]string{
		"application_name": "segue", "statement_timeout": ms, "idle_in_transaction_session_timeout": ms, "lock_timeout": ms,
	})
	if err != nil {
		return nil, err
	}
	// A database or role may have been set to forget commits; ours may not. Stronger settings stay.
	settings := "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)"
	if version, err := serverVersion(conn); err == nil && version >= 17 {
		settings += fmt.Sprintf(", set_config('transaction_timeout', '%s', false)", ms)
	}
	if _, err := conn.Exec(ctx, settings); err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return conn, nil
}

// reader opens a connection that only reads.
func (d *dialer) reader(ctx context.Context) (*pgx.Conn, error) {
	return d.open(ctx, map[string]string{
		"application_name": "segue read", "default_transaction_read_only": "on", "idle_in_transaction_session_timeout": "600000",
	})
}

func (d *dialer) open(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
	config := d.config.Copy()
	for k, v := range settings {
		config.RuntimeParams[k] = v
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = d.patience
	}
	return pgx.ConnectConfig(ctx, config)
}
