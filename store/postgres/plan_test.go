package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres/pgtest"
)

// TestPlans: each page of each query is served by one index, in order, when the tables are large enough to make it worth while.
func TestPlans(t *testing.T) {
	m := memberOf(t, "n", opener(t, pgtest.Schema(t), Options{}))
	exec(t, m.s.conn, "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false), set_config('enable_sort', 'off', false)")
	want := map[store.By]string{store.ByID: "_pkey", store.ByTable: "_pkey", store.ByParent: "_place", store.ByOpen: "_open", store.ByGroup: "_grp"}
	for _, table := range store.Tables() {
		for by := store.ByID; by <= store.ByTable; by++ {
			for _, desc := range []bool{false, true} {
				q := store.Query{Table: table, By: by, Desc: desc, Key: "x"}
				if q.Check() != nil {
					continue
				}
				index := want[by]
				if by == store.ByKey {
					index = map[store.Table]string{store.Workflow: "workflow_name", store.Run: "run_request"}[table]
				}
				p := page{q: q, layout: layoutOf(table), limit: 10}
				p.start()
				d := 0
				if desc {
					d = 1
				}
				rows, err := m.s.conn.Query(t.Context(), "EXPLAIN "+textsOf[table].queries[by][d][0], p.args()...)
				if err != nil {
					t.Fatal(err)
				}
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				plan := strings.Join(lines, "\n")
				// A unique index has the order but for the key, which PostgreSQL sorts by for form's sake.
				if err != nil || !strings.Contains(plan, index) || strings.Contains(strings.ReplaceAll(plan, "Incremental Sort", ""), "Sort  ") {
					t.Errorf("%+v: %v\n%s", q, err, plan)
				}
			}
		}
	}
}
