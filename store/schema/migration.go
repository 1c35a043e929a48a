package schema

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
)

// Migration is one numbered step of a database's schema. It only adds: what an older binary relies on stays, unless
// the migration raises meta.least_reader.
type Migration struct {
	Number int // 1, 2, … without gaps
	Name   string
	SQL    string
}

// Load reads the migrations of one dialect: files called 0001_name.sql, 0002_name.sql, … It panics if they are not
// numbered without gaps, since they are part of the program.
func Load(files fs.FS) []Migration {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(fmt.Sprintf("schema: list migrations: %v", err))
	}
	var all []Migration
	for i, file := range names {
		number, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
		n, err := strconv.Atoi(number)
		if err != nil || n != i+1 || name == "" {
			panic(fmt.Sprintf("schema: migration %q: want number %04d and a name", file, i+1))
		}
		text, err := fs.ReadFile(files, file)
		if err != nil {
			panic(fmt.Sprintf("schema: read migration %q: %v", file, err))
		}
		all = append(all, Migration{Number: n, Name: name, SQL: string(text)})
	}
	return all
}

// Pending returns the migrations that a database of some format still needs. A database that a newer program has
// migrated is used as it is, as long as leastReader, the oldest format whose programs understand it, allows that.
func Pending(all []Migration, format, leastReader int) ([]Migration, error) {
	if format < 0 {
		return nil, fault.New(fault.Internal, "the database says that it has format %d; formats start at 1", format)
	}
	if format <= len(all) {
		return all[format:], nil
	}
	if leastReader <= len(all) {
		return nil, nil
	}
	return nil, fault.New(fault.Precondition,
		"the database has format %d, which needs a Segue that knows format %d; this one knows formats 1 to %d: use a newer Segue",
		format, leastReader, len(all))
}
