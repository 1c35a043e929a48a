package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store/schema"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

var migrations = func() []schema.Migration {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err)
	}
	return schema.Load(files)
}()

// migrationLock is the advisory lock that nodes which start together take one after the other: "SEGU".
const migrationLock = 0x53454755

// prepare checks the server, makes or migrates the tables, and returns the number of groups.
func prepare(ctx context.Context, conn *pgx.Conn, groups int) (int, error) {
	version, err := serverVersion(conn)
	if err != nil {
		return 0, err
	}
	if version < oldestServer {
		return 0, fault.New(fault.Precondition, "the server is PostgreSQL %d: Segue needs %d or later", version, oldestServer)
	}
	if encoding := conn.PgConn().ParameterStatus("server_encoding"); encoding != "UTF8" {
		return 0, fault.New(fault.Precondition, "the database has encoding %q: make one with ENCODING 'UTF8'", encoding)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // does nothing after Commit
	if err := migrate(ctx, tx, groups); err != nil {
		return 0, err
	}
	stored, err := meta(ctx, tx, "groups")
	if err != nil {
		return 0, err
	}
	if groups != 0 && groups != stored {
		return 0, fault.New(fault.Precondition,
			"the store has %d flow groups, not %d: the number is fixed when a store is created (export and import to change it)", stored, groups)
	}
	return stored, tx.Commit(ctx)
}

func serverVersion(conn *pgx.Conn) (int, error) {
	text := conn.PgConn().ParameterStatus("server_version")
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(text)
	}
	version, err := strconv.Atoi(text[:digits])
	if err != nil {
		return 0, fault.New(fault.Precondition, "the server does not tell its version (%q)", text)
	}
	return version, nil
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, tx pgx.Tx, groups int) error {
	// Another node may migrate for longer than a commit may wait.
	if _, err := tx.Exec(ctx, "SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('meta') IS NOT NULL").Scan(&exists); err != nil {
		return err
	}
	format, leastReader := 0, 0
	if exists {
		var err error
		if format, err = meta(ctx, tx, "format"); err != nil {
			return fault.New(fault.Precondition, "the schema has a table meta of another program: give Segue a database or a schema of its own: %w", err)
		}
		if leastReader, err = meta(ctx, tx, "least_reader"); err != nil {
			return err
		}
	} else if _, err := tx.Exec(ctx, "CREATE TABLE meta (key text PRIMARY KEY, value bigint NOT NULL)"); err != nil {
		return err
	}
	pending, err := schema.Pending(migrations, format, leastReader)
	if err != nil {
		return err
	}
	for _, m := range pending {
		if _, err := tx.Exec(ctx, m.SQL); err != nil {
			return fault.In(explain(err), "migrate to format %d (%s)", m.Number, m.Name)
		}
	}
	if len(pending) > 0 {
		_, err := tx.Exec(ctx, "INSERT INTO meta (key, value) VALUES ('format', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value", len(migrations))
		if err != nil {
			return err
		}
	}
	if format == 0 {
		return create(ctx, tx, groups)
	}
	return nil
}

// create fills in what a new store starts with.
func create(ctx context.Context, tx pgx.Tx, groups int) error {
	if groups == 0 {
		groups = defaultGroups
	}
	_, err := tx.Exec(ctx, "INSERT INTO meta (key, value) VALUES ('groups', $1), ('created', $2)", groups, time.Now().UnixMilli())
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO flow_group (id, generation, state) SELECT id, 0, '' FROM generate_series(0, $1::int - 1) id", groups)
	}
	return err
}

func meta(ctx context.Context, tx pgx.Tx, key string) (n int, err error) {
	err = tx.QueryRow(ctx, "SELECT value FROM meta WHERE key = $1", key).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("meta %q: %w", key, err)
	}
	return n, nil
}

// explain tells an operator what an error of PostgreSQL at opening means and what to do.
func explain(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return fault.New(fault.Unavailable, "cannot connect: check the connection string, the server and the password: %w", err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42P07":
			return fault.New(fault.Precondition, "the schema has tables of another program: give Segue a database or a schema of its own: %w", err)
		case pg.Code == "42501" || pg.Code == "3F000":
			return fault.New(fault.Precondition, "this user may not make tables here (GRANT CREATE, USAGE ON SCHEMA): %w", err)
		case pg.Code == "25006":
			return fault.New(fault.Precondition, "the server is read-only (a standby?): connect to the primary: %w", err)
		}
	}
	return fault.New(fault.Internal, "%w", err)
}
