package sqlite

import (
	"fmt"
	"strings"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
)

// texts holds the SQL of one table. Parameters are numbered by the position of the column in schema.Layout.Columns.
type texts struct {
	upsert string // changes nothing if the row exists in another place
	move   string // updates all columns of an existing row
	remove string
	// queries by question, then descending or not, then without documents or not.
	queries [store.ByTable + 1][2][2]string
}

var textsOf = func() (all [store.Quarantine + 1]texts) {
	for _, t := range store.Tables() {
		all[t] = makeTexts(schema.Of(t))
	}
	return all
}()

func makeTexts(l *schema.Layout) texts {
	columns := l.Columns()
	params := make([]string, len(columns))
	all := make([]string, 0, len(columns))
	for i, c := range columns {
		params[i] = fmt.Sprintf("?%d", i+1)
		all = append(all, fmt.Sprintf("%s = ?%d", c, i+1))
	}
	var same []string
	for _, c := range l.Place() {
		same = append(same, fmt.Sprintf("%s IS excluded.%s", c, c))
	}
	t := texts{
		// The columns of the place are not set, since SQLite rewrites the indexes of every column that is, even to the same value.
		upsert: fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (id) DO UPDATE SET status = excluded.status, "+
			"open = excluded.open, due = excluded.due, doc = excluded.doc WHERE %s",
			l.Name(), strings.Join(columns, ", "), strings.Join(params, ", "), strings.Join(same, " AND ")),
		move:   fmt.Sprintf("UPDATE %s SET %s WHERE id = ?1", l.Name(), strings.Join(all[1:], ", ")),
		remove: fmt.Sprintf("DELETE FROM %s WHERE id = ?1", l.Name()),
	}
	for by := store.ByID; by <= store.ByTable; by++ {
		for desc := range 2 {
			q := store.Query{Table: l.Table, By: by, Desc: desc == 1}
			if q.Check() != nil {
				continue
			}
			t.queries[by][desc][0] = queryText(l, &q, columns)
			t.queries[by][desc][1] = queryText(l, &q, columns[:len(columns)-1])
		}
	}
	return t
}

// queryText writes a query. Its parameters are bound by snapshot.bind.
func queryText(l *schema.Layout, q *store.Query, columns []string) string {
	where, order := "", []string{"id"}
	switch q.By {
	case store.ByID:
		where, order = "id = ?1", nil
	case store.ByParent:
		a := l.A
		if a == "" {
			a = "0"
		}
		where, order = fmt.Sprintf("%s = ?1 AND %s BETWEEN ?2 AND ?3", l.Parent, a), l.ParentOrder()
	case store.ByKey:
		parent := l.Parent
		if parent == "" {
			parent = "0"
		}
		where, order = fmt.Sprintf("%s = ?1 AND %s = ?2", parent, l.Key), nil
	case store.ByOpen:
		where = "grp = ?1 AND open = 1"
	case store.ByGroup:
		where = "grp = ?1 AND id > ?2"
	case store.ByTable:
		where = "id > ?1"
		if q.Desc {
			where = "id <= ?1"
		}
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(columns, ", "), l.Name(), where)
	if len(order) == 0 {
		return text
	}
	direction := ""
	if q.Desc {
		direction = " DESC"
	}
	return text + " ORDER BY " + strings.Join(order, direction+", ") + direction + " LIMIT " + limitParam
}

// limitParam is far behind the other parameters, so that each query can bind it at the same place. It is an expression
// because a bare parameter in a LIMIT is looked at by the planner, and then every binding has the statement prepared anew.
const (
	limitParam = "(?4 + 0)"
	limitIndex = 4
)
