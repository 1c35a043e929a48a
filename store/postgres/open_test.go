package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres/pgtest"
	"github.com/segue-run/segue/store/schema"
)

func layoutOf(t store.Table) *schema.Layout { return schema.Of(t) }

// refusal opens a database that must be refused, with an error that says all of want.
func refusal(t *testing.T, dsn string, o Options, kind fault.Kind, want ...string) {
	t.Helper()
	s, err := Open(t.Context(), dsn, o)
	if err == nil {
		s.Close()
		t.Errorf("opened; want an error that says %q", want)
		return
	}
	if fault.KindOf(err) != kind {
		t.Errorf("kind %v, want %v: %v", fault.KindOf(err), kind, err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\ndoes not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is shown: %v", err)
	}
}

// stored makes a store, runs statements in its schema, and returns its connection string.
func stored(t *testing.T, statements ...string) string {
	t.Helper()
	dsn := pgtest.Schema(t)
	s, err := Open(t.Context(), dsn, Options{Groups: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), pgtest.Exec(dsn, statements...)); err != nil {
		t.Fatal(err)
	}
	return dsn
}

func TestOpenRefuses(t *testing.T) {
	refusal(t, stored(t), Options{Groups: 8}, fault.Precondition, "4 flow groups, not 8", "fixed")
	refusal(t, stored(t), Options{Groups: -1}, fault.BadRequest, "-1 flow groups")
	refusal(t, stored(t), Options{Lease: 1}, fault.BadRequest, "a lease of 1ns")
	refusal(t, stored(t, "UPDATE meta SET value = 99 WHERE key = 'format'", "UPDATE meta SET value = 98 WHERE key = 'least_reader'"),
		Options{}, fault.Precondition, "format 99", "knows format 98", "use a newer Segue")
	foreign := pgtest.Schema(t)
	if err := pgtest.Exec(foreign, "CREATE TABLE step (x int)"); err != nil {
		t.Fatal(err)
	}
	refusal(t, foreign, Options{}, fault.Precondition, "tables of another program", "of its own")
	other := pgtest.Schema(t)
	if err := pgtest.Exec(other, "CREATE TABLE meta (key text, value bigint)"); err != nil {
		t.Fatal(err)
	}
	refusal(t, other, Options{}, fault.Precondition, "table meta of another program")
	refusal(t, pgtest.With(foreign, "search_path", "no_such_schema"), Options{}, fault.Precondition, "may not make tables here")
	refusal(t, "postgres://u:secret@127.0.0.1:1/segue?connect_timeout=5", Options{}, fault.Unavailable, `open database "segue" on 127.0.0.1`, "cannot connect")
	refusal(t, "postgres://u:secret@[bad", Options{}, fault.BadRequest, "connection string")
}

func TestNewerFormatThatMayBeRead(t *testing.T) {
	dsn := stored(t, "UPDATE meta SET value = 99 WHERE key = 'format'", "ALTER TABLE run ADD COLUMN colour text")
	s, err := Open(t.Context(), dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Groups() != 4 {
		t.Errorf("%d groups", s.Groups())
	}
}

// TestOpenTogether has several nodes start on an empty database at once.
func TestOpenTogether(t *testing.T) {
	dsn := pgtest.Schema(t)
	results := make(chan error)
	const nodes = 5
	for range nodes {
		go func() {
			s, err := Open(context.Background(), dsn, Options{Groups: 16})
			if err == nil {
				err = s.Close()
			}
			results <- err
		}()
	}
	for range nodes {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestClasses(t *testing.T) {
	for class, codes := range map[store.Class][]string{
		store.Transient: {"40001", "40P01", "55P03", "57014", "53100", "53200", "53300", "25006", "28P01"},
		store.Fatal:     {"58030", "XX001", "XX002", "42P01", "42703"},
		store.Refused:   {"23505", "23514", "22021", "22P02", "54000", "0A000", "22012"},
		store.Unknown:   {"57P01", "57P02", "57P03", "08006", "08003", "25P03", ""},
	} {
		for _, code := range codes {
			err := failed("commit", fmt.Errorf("step 7: %w", &pgconn.PgError{Code: code}), store.Unknown)
			if store.ClassOf(err) != class {
				t.Errorf("%s is %v, want %v", code, store.ClassOf(err), class)
			}
		}
	}
	if err := failed("commit", errors.New("read: connection reset"), store.Unknown); store.ClassOf(err) != store.Unknown {
		t.Errorf("a broken connection: %v", err)
	}
	if err := failed("read", nil, store.Transient); err != nil {
		t.Errorf("no error became %v", err)
	}
}
