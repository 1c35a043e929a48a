package schema

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

func TestColumns(t *testing.T) {
	for table, want := range map[store.Table]string{
		store.Workflow:   "id grp name status open due doc",
		store.Version:    "id grp workflow version status open due doc",
		store.Run:        "id grp workflow instance run request status open due doc",
		store.Step:       "id grp run seq attempt status open due doc",
		store.Detail:     "id grp run seq kind status open due doc",
		store.Quarantine: "id grp entity status open due doc",
	} {
		l := Of(table)
		if got := strings.Join(l.Columns(), " "); got != want || l.Table != table || l.Name() != table.String() {
			t.Errorf("%s: %q, want %q", l.Name(), got, want)
		}
	}
	if got := Of(store.Step).ParentOrder(); !slices.Equal(got, []string{"seq", "attempt", "id"}) {
		t.Errorf("steps in order of %v", got)
	}
}

func files(names ...string) fstest.MapFS {
	fs := fstest.MapFS{}
	for _, name := range names {
		fs[name] = &fstest.MapFile{Data: []byte("-- " + name)}
	}
	return fs
}

func TestLoad(t *testing.T) {
	all := Load(files("0002_second_thing.sql", "0001_init.sql", "README"))
	if len(all) != 2 || all[0].Number != 1 || all[1].Name != "second_thing" || all[1].SQL != "-- 0002_second_thing.sql" {
		t.Errorf("%+v", all)
	}
	for _, bad := range []fstest.MapFS{files("0002_gap.sql"), files("0001_a.sql", "0001_b.sql"), files("init.sql"), files("0001.sql")} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v is taken", bad)
				}
			}()
			Load(bad)
		}()
	}
}

func TestPending(t *testing.T) {
	all := Load(files("0001_a.sql", "0002_b.sql", "0003_c.sql"))
	for _, c := range []struct {
		format, leastReader, from int // from = 0: refused
	}{{0, 0, 1}, {1, 1, 2}, {3, 1, 4}, {3, 3, 4}, {4, 3, 4}, {9, 1, 4}, {4, 4, 0}, {9, 5, 0}, {-1, 0, 0}} {
		got, err := Pending(all, c.format, c.leastReader)
		if (err != nil) != (c.from == 0) || err == nil && len(got) != 4-c.from || len(got) > 0 && got[0].Number != c.from {
			t.Errorf("format %d, least reader %d: %v, %v", c.format, c.leastReader, got, err)
		}
		if c.format > 3 && err != nil && fault.KindOf(err) != fault.Precondition {
			t.Errorf("format %d: %v", c.format, err)
		}
	}
}
