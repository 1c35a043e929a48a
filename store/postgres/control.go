package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/segue-run/segue/store"
)

// control is the connection for the rare calls: joins, claims and leases. Commits never wait for them.
type control struct {
	dial *dialer
	mu   sync.Mutex
	conn *pgx.Conn
}

func (c *control) close(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close(ctx)
		c.conn = nil
	}
}

// transaction runs f in a transaction of its own.
func (s *Store) transaction(ctx context.Context, op string, f func(pgx.Tx) error) error {
	c := &s.control
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.closed.Load() {
		return failed(op, errClosed, store.Transient)
	}
	if err := ctx.Err(); err != nil {
		return failed(op, err, store.Transient)
	}
	if c.conn != nil && c.conn.IsClosed() {
		c.conn = nil
	}
	if c.conn == nil {
		conn, err := c.dial.writer(ctx)
		if err != nil {
			return failed(op, err, store.Transient)
		}
		c.conn = conn
	}
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		c.drop(ctx)
		return failed(op, err, store.Transient)
	}
	if err := f(tx); err != nil {
		if tx.Rollback(context.WithoutCancel(ctx)) != nil {
			c.drop(ctx)
		}
		return failed(op, err, store.Transient)
	}
	if err := tx.Commit(ctx); err != nil {
		c.drop(ctx)
		return failed(op, err, store.Unknown)
	}
	return nil
}

func (c *control) drop(ctx context.Context) {
	c.conn.Close(context.WithoutCancel(ctx))
	c.conn = nil
}

// Join implements store.Store.
func (s *Store) Join(ctx context.Context, node string, stride int64) (store.Seat, error) {
	seat := store.Seat{Node: node}
	if err := store.CheckNode(node); err != nil {
		return store.Seat{}, failed("join", err, store.Refused)
	}
	err := s.transaction(ctx, "join", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, join, node, max(stride, 1)).Scan(&seat.Incarnation)
	})
	if err != nil {
		return store.Seat{}, err
	}
	return seat, nil
}

// LeaseIDs implements store.Store.
func (s *Store) LeaseIDs(ctx context.Context, n int64) (first int64, err error) {
	if err := store.CheckLease(n); err != nil {
		return 0, failed("lease ids", err, store.Refused)
	}
	err = s.transaction(ctx, "lease ids", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, lease, n).Scan(&first)
	})
	if err != nil {
		return 0, err
	}
	return first, nil
}

// Claim implements store.Store. It waits for the commits under way in these groups, at most as long as the server is patient.
func (s *Store) Claim(ctx context.Context, seat store.Seat, groups []store.Group) ([]store.Owned, error) {
	if err := store.CheckClaim(groups, s.groups); err != nil {
		return nil, failed("claim", err, store.Refused)
	}
	var owned []store.Owned
	err := s.transaction(ctx, "claim", func(tx pgx.Tx) (err error) {
		owned, err = claim(ctx, tx, seat, groups)
		return err
	})
	if err != nil {
		return nil, err
	}
	return owned, nil
}

func claim(ctx context.Context, tx pgx.Tx, seat store.Seat, groups []store.Group) ([]store.Owned, error) {
	ids := make([]int32, len(groups))
	for i, g := range groups {
		ids[i] = int32(g)
	}
	if _, err := tx.Exec(ctx, lockGroups, ids); err != nil {
		return nil, fmt.Errorf("lock the groups: %w", err)
	}
	var incarnation int64
	if err := tx.QueryRow(ctx, lockSeat, seat.Node).Scan(&incarnation); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	if incarnation != seat.Incarnation {
		return nil, &store.Error{Class: store.Behind, Op: "claim", Err: store.NotSeated(seat, incarnation)}
	}
	var floor int64
	if err := tx.QueryRow(ctx, highestTime).Scan(&floor); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, claimGroups, ids, seat.Node)
	if err != nil {
		return nil, err
	}
	of := make(map[store.Group]store.Owned, len(groups))
	var o store.Owned
	_, err = pgx.ForEachRow(rows, []any{(*int32)(&o.Group), (*int64)(&o.Generation), &o.State}, func() error {
		of[o.Group] = store.Owned{Group: o.Group, Generation: o.Generation, State: append([]byte(nil), o.State...), Floor: floor}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var owned []store.Owned
	for _, g := range groups {
		o, found := of[g]
		if !found {
			return nil, &store.Error{Class: store.Fatal, Op: "claim", Err: fmt.Errorf("flow_group has no row for group %d", g)}
		}
		owned = append(owned, o)
	}
	return owned, nil
}
