package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
	zombie "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// applicationID marks a file as Segue's: "SEGU".
const applicationID = 0x53454755

//go:embed migrations/*.sql
var migrationFiles embed.FS

var migrations = func() []schema.Migration {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err)
	}
	return schema.Load(files)
}()

// Sizes in bytes of SQLite's formats.
const (
	pageSize    = 8192
	walHeader   = 32
	frameHeader = 24
)

// busyTimeout is how long a connection waits for a lock that a foreign program (a shell, a backup) holds.
const busyTimeout = 5 * time.Second

// openFile opens the write connection, makes or migrates the database, and returns the number of its groups.
func openFile(ctx context.Context, path string, o Options) (*zombie.Conn, int, error) {
	conn, err := zombie.OpenConn(path, zombie.OpenReadWrite|zombie.OpenCreate)
	if err != nil {
		return nil, 0, explain(err)
	}
	groups, err := prepareFile(ctx, conn, o)
	if err != nil {
		conn.Close()
		return nil, 0, err
	}
	return conn, groups, nil
}

func prepareFile(ctx context.Context, conn *zombie.Conn, o Options) (int, error) {
	conn.SetBusyTimeout(busyTimeout)
	if err := refuseForeign(conn); err != nil {
		return 0, err
	}
	// Page size and vacuum mode can be chosen only before the first page is written; later they do nothing.
	err := script(conn,
		fmt.Sprintf("PRAGMA page_size = %d", pageSize),
		"PRAGMA auto_vacuum = INCREMENTAL",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = OFF",
		"PRAGMA temp_store = MEMORY",
		"PRAGMA cache_size = -65536",
		"PRAGMA journal_size_limit = 67108864",
		"PRAGMA wal_autocheckpoint = 0", // see copier
		fmt.Sprintf("PRAGMA max_page_count = %d", max(o.maxPages, 0)),
	)
	if err != nil {
		return 0, explain(err)
	}
	mode, err := sqlitex.ResultText(conn.Prep("PRAGMA journal_mode"))
	if err != nil {
		return 0, explain(err)
	}
	if mode != "wal" {
		return 0, fault.New(fault.Precondition, "this file system does not support SQLite's WAL mode (the mode is %q): use a local disk", mode)
	}
	if full, err := pragma(conn, "synchronous"); err != nil || full != 2 {
		return 0, fault.New(fault.Internal, "SQLite does not take synchronous=FULL (%d, %v)", full, err)
	}
	if err := migrate(ctx, conn, o); err != nil {
		return 0, err
	}
	groups, err := meta(conn, "groups")
	if err != nil {
		return 0, explain(err)
	}
	if o.Groups != 0 && o.Groups != groups {
		return 0, fault.New(fault.Precondition,
			"the store has %d flow groups, not %d: the number is fixed when a store is created (export and import to change it)", groups, o.Groups)
	}
	return groups, nil
}

// refuseForeign returns an error if the file is a database of another program.
func refuseForeign(conn *zombie.Conn) error {
	id, err := pragma(conn, "application_id")
	if err != nil {
		return explain(err)
	}
	if id == applicationID {
		return nil
	}
	tables, err := sqlitex.ResultInt(conn.Prep("SELECT count(*) FROM sqlite_schema"))
	if err != nil {
		return explain(err)
	}
	if id != 0 || tables != 0 {
		return fault.New(fault.Precondition,
			"%s is a SQLite database of another program (application id %#x): choose another data directory", FileName, id)
	}
	return nil
}

// migrate brings the schema up to date, in one transaction.
func migrate(ctx context.Context, conn *zombie.Conn, o Options) (err error) {
	defer func() {
		if err != nil && !conn.AutocommitEnabled() {
			err = errors.Join(err, script(conn, "ROLLBACK"))
		}
	}()
	if err := script(conn, "BEGIN IMMEDIATE"); err != nil {
		return explain(err)
	}
	format, err := pragma(conn, "user_version")
	if err != nil {
		return explain(err)
	}
	leastReader := 0
	if format > 0 {
		if leastReader, err = meta(conn, "least_reader"); err != nil {
			return explain(err)
		}
	}
	pending, err := schema.Pending(migrations, format, leastReader)
	if err != nil {
		return err
	}
	for _, m := range pending {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Unavailable, "migrate to format %d: %w", m.Number, err)
		}
		if err := sqlitex.ExecScript(conn, m.SQL); err != nil {
			return fault.In(explain(err), "migrate to format %d (%s)", m.Number, m.Name)
		}
		if err := script(conn, fmt.Sprintf("PRAGMA user_version = %d", m.Number)); err != nil {
			return explain(err)
		}
	}
	if format == 0 {
		if err := create(conn, o.Groups); err != nil {
			return explain(err)
		}
	}
	return explain(script(conn, "COMMIT"))
}

// create fills in what a new store starts with.
func create(conn *zombie.Conn, groups int) error {
	if groups == 0 {
		groups = defaultGroups
	}
	return script(conn,
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		fmt.Sprintf("INSERT INTO meta (key, value) VALUES ('groups', %d), ('created', %d)", groups, time.Now().UnixMilli()),
		fmt.Sprintf("WITH RECURSIVE n (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < %d) "+
			"INSERT INTO flow_group (id, generation, state) SELECT id, 0, x'' FROM n", groups-1),
	)
}

func pragma(conn *zombie.Conn, name string) (int, error) {
	stmt, _, err := conn.PrepareTransient("PRAGMA " + name)
	if err != nil {
		return 0, err
	}
	n, err := sqlitex.ResultInt(stmt)
	return n, errors.Join(err, stmt.Finalize())
}

func meta(conn *zombie.Conn, key string) (int, error) {
	stmt, err := conn.Prepare("SELECT value FROM meta WHERE key = ?1")
	if err != nil {
		return 0, err
	}
	stmt.BindText(1, key)
	n, err := sqlitex.ResultInt(stmt)
	if err != nil {
		return 0, fmt.Errorf("meta %q: %w", key, err)
	}
	return n, nil
}

// script runs statements one after the other.
func script(conn *zombie.Conn, texts ...string) error {
	for _, text := range texts {
		if err := sqlitex.ExecuteTransient(conn, text, nil); err != nil {
			return err
		}
	}
	return nil
}

// explain tells an operator what an error of SQLite at opening means and what to do.
func explain(err error) error {
	if err == nil {
		return nil
	}
	switch code := zombie.ErrCode(err); code.ToPrimary() {
	case zombie.ResultNotADB, zombie.ResultCorrupt, zombie.ResultFormat:
		return fault.New(fault.Internal,
			"%s is damaged or no SQLite database: restore it from a backup, or move it away and try `sqlite3 %s .recover` on a copy: %w", FileName, FileName, err)
	case zombie.ResultCantOpen, zombie.ResultReadOnly, zombie.ResultPerm:
		return fault.New(fault.Precondition,
			"%s cannot be written: give the user that runs Segue (uid %d) write permission on the directory and on its files: %w", FileName, os.Getuid(), err)
	case zombie.ResultFull:
		return fault.New(fault.Unavailable, "the disk is full: free some space: %w", err)
	case zombie.ResultBusy, zombie.ResultLocked:
		return fault.New(fault.Unavailable, "%s is locked by another program: end it (a SQLite shell, a backup) and try again: %w", FileName, err)
	case zombie.ResultIOErr:
		return fault.New(fault.Internal, "the disk fails: look at the system's log: %w", err)
	}
	var has *store.Error
	if errors.As(err, &has) || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.New(fault.Internal, "%w", err)
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
