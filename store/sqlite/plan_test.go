package sqlite

import (
	"slices"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
	zombie "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// TestPlans: each query is served by one index, order included. There are no statistics that could change that later.
func TestPlans(t *testing.T) {
	s := newBed(t).Open(t).(*Store)
	defer s.Close()
	plan := func(text string) string {
		stmt, _, err := s.w.conn.PrepareTransient("EXPLAIN QUERY PLAN " + text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer stmt.Finalize()
		var lines []string
		for {
			row, err := stmt.Step()
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if !row {
				return strings.Join(lines, "; ")
			}
			lines = append(lines, stmt.GetText("detail"))
		}
	}
	want := map[store.By]string{
		store.ByID: "USING INTEGER PRIMARY KEY (rowid=?)", store.ByTable: "USING INTEGER PRIMARY KEY (rowid", store.ByParent: "_place (",
		store.ByOpen: "_open (grp=?)", store.ByGroup: "_grp (grp=? AND rowid>?)",
	}
	count := 0
	for _, table := range store.Tables() {
		for by, byDesc := range textsOf[table].queries {
			for _, texts := range byDesc {
				for _, text := range texts {
					if text == "" {
						continue
					}
					count++
					p, index := plan(text), want[store.By(by)]
					if store.By(by) == store.ByKey {
						index = map[store.Table]string{store.Workflow: "workflow_name (name=?)", store.Run: "run_request (workflow=? AND request=?)"}[table]
					}
					if !strings.HasPrefix(p, "SEARCH "+table.String()) || !strings.Contains(p, index) || strings.Contains(p, ";") {
						t.Errorf("%s\n  %s", text, p)
					}
				}
			}
		}
	}
	if count == 0 {
		t.Error("no queries")
	}
	if p := plan(messagesText); p != "SEARCH message USING INDEX message_name (receiver=?)" {
		t.Errorf("messages: %s", p)
	}
}

// TestLayout: the columns of the database are those of the layout, in the same order.
func TestLayout(t *testing.T) {
	s := newBed(t).Open(t).(*Store)
	defer s.Close()
	for _, table := range store.Tables() {
		var columns []string
		err := sqlitex.ExecuteTransient(s.w.conn, "SELECT name FROM pragma_table_info(?1)", &sqlitex.ExecOptions{
			Args:       []any{table.String()},
			ResultFunc: func(stmt *zombie.Stmt) error { columns = append(columns, stmt.ColumnText(0)); return nil },
		})
		if err != nil || !slices.Equal(columns, schema.Of(table).Columns()) {
			t.Errorf("%s: %v, %v; the layout says %v", table, columns, err, schema.Of(table).Columns())
		}
	}
}
