package postgres

import (
	"fmt"
	"strings"

	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/schema"
)

const (
	// checkFences raises an error by itself (a division by zero) unless each group has the generation it should have, and keeps it so
	// until the end of the transaction: FOR SHARE stops a claim, and waits for one.
	checkFences = "SELECT 1 / (count(*) = cardinality($1::int[]))::int FROM (SELECT 1 FROM flow_group g " +
		"JOIN unnest($1::int[], $2::bigint[]) f (id, generation) ON g.id = f.id AND g.generation = f.generation ORDER BY g.id FOR SHARE OF g) q"
	// advance takes the number of the batch, and raises an error by itself if it is not the next one of a seat still taken.
	advance = "WITH n AS (UPDATE node SET last_batch = $3::bigint, time = greatest(time, $4::bigint) " +
		"WHERE name = $1 AND incarnation = $2 AND last_batch = $3::bigint - 1 RETURNING 1) SELECT 1 / count(*) FROM n"
	seatOf       = "SELECT incarnation, last_batch FROM node WHERE name = $1"
	generations  = "SELECT id, generation FROM flow_group WHERE id = ANY ($1::int[])"
	consume      = "DELETE FROM message m USING unnest($1::int[], $2::int[], $3::bigint[]) c (r, s, n) WHERE m.receiver = c.r AND m.sender = c.s AND m.number = c.n"
	send         = "INSERT INTO message (receiver, sender, number, sent, body) SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[], $5::bytea[])"
	setState     = "UPDATE flow_group g SET state = s.state FROM unnest($1::int[], $2::bytea[]) s (id, state) WHERE g.id = s.id"
	join         = "INSERT INTO node (name, incarnation, last_batch, time) VALUES ($1, $2, 0, 0) ON CONFLICT (name) DO UPDATE SET incarnation = node.incarnation + $2, last_batch = 0 RETURNING incarnation"
	lease        = "UPDATE meta SET value = value + $1 WHERE key = 'next_id' RETURNING value - $1"
	lockGroups   = "SELECT id FROM flow_group WHERE id = ANY ($1::int[]) ORDER BY id FOR UPDATE"
	lockSeat     = "SELECT incarnation FROM node WHERE name = $1 FOR SHARE"
	claimGroups  = "UPDATE flow_group SET generation = generation + 1, node = $2 WHERE id = ANY ($1::int[]) RETURNING id, generation, state"
	highestTime  = "SELECT coalesce(max(time), 0) FROM node"
	ownerOf      = "SELECT generation, state, (SELECT coalesce(max(time), 0) FROM node) FROM flow_group WHERE id = $1"
	messagesFrom = "SELECT sender, number, sent, body FROM message WHERE receiver = $1 AND (sender, number) > ($2, $3) ORDER BY sender, number LIMIT $4"
)

// texts holds the SQL of one table.
type texts struct {
	upsert, remove string
	// queries by question, then descending or not, then without documents or not.
	queries [store.ByTable + 1][2][2]string
}

var textsOf = func() (all [store.Quarantine + 1]texts) {
	for _, t := range store.Tables() {
		all[t] = makeTexts(schema.Of(t))
	}
	return all
}()

var typeOf = map[string]string{
	"grp": "int", "name": "text", "request": "text", "status": "smallint", "open": "bool", "doc": "text",
}

// typed returns the type of a column; all that are not listed are bigint.
func typed(column string) string {
	if t, ok := typeOf[column]; ok {
		return t
	}
	return "bigint"
}

func makeTexts(l *schema.Layout) texts {
	columns := l.Columns()
	var params, values, sets, selected []string
	for i, c := range columns {
		params = append(params, fmt.Sprintf("$%d::%s[]", i+1, typed(c)))
		value, read := "u."+c, c
		if c == l.Key {
			value, read = fmt.Sprintf("nullif(u.%s, '')", c), fmt.Sprintf("coalesce(%s, '')", c)
		}
		values, selected = append(values, value), append(selected, read)
		if c != "id" {
			sets = append(sets, fmt.Sprintf("%s = excluded.%s", c, c))
		}
	}
	list := strings.Join(columns, ", ")
	t := texts{
		upsert: fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM unnest(%s) u (%s) ON CONFLICT (id) DO UPDATE SET %s",
			l.Name(), list, strings.Join(values, ", "), strings.Join(params, ", "), list, strings.Join(sets, ", ")),
		remove: fmt.Sprintf("DELETE FROM %s WHERE id = ANY ($1::bigint[])", l.Name()),
	}
	for by := store.ByID; by <= store.ByTable; by++ {
		for desc := range 2 {
			q := store.Query{Table: l.Table, By: by, Desc: desc == 1}
			if q.Check() != nil {
				continue
			}
			t.queries[by][desc][0] = queryText(l, &q, selected)
			t.queries[by][desc][1] = queryText(l, &q, selected[:len(selected)-1])
		}
	}
	return t
}

// queryText writes a query for one page. Its parameters are made by page.args.
func queryText(l *schema.Layout, q *store.Query, columns []string) string {
	where, order := "", []string{"id"}
	switch q.By {
	case store.ByID:
		where = "id = $1"
	case store.ByKey:
		where = fmt.Sprintf("%s = $1", l.Key)
		if l.Parent != "" {
			where += fmt.Sprintf(" AND %s = $2", l.Parent)
		}
	case store.ByParent:
		order = l.ParentOrder()
		at := make([]string, len(order))
		for i := range order {
			at[i] = fmt.Sprintf("$%d", i+4)
		}
		a, beyond := l.A, ">"
		if a == "" {
			a = "0"
		}
		if q.Desc {
			beyond = "<="
		}
		where = fmt.Sprintf("%s = $1 AND %s BETWEEN $2::bigint AND $3::bigint AND (%s) %s (%s)",
			l.Parent, a, strings.Join(order, ", "), beyond, strings.Join(at, ", "))
	case store.ByOpen:
		where = "grp = $1 AND open AND id > $2"
	case store.ByGroup:
		where = "grp = $1 AND id > $2"
	case store.ByTable:
		where = "id > $1"
		if q.Desc {
			where = "id <= $1"
		}
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(columns, ", "), l.Name(), where)
	if q.By == store.ByID || q.By == store.ByKey {
		return text
	}
	direction := ""
	if q.Desc {
		direction = " DESC"
	}
	return fmt.Sprintf("%s ORDER BY %s%s LIMIT $%d", text, strings.Join(order, direction+", "), direction, limitOf(l, q))
}

// limitOf returns the number of the parameter that limits a query's page.
func limitOf(l *schema.Layout, q *store.Query) int {
	switch q.By {
	case store.ByParent:
		return 4 + len(l.ParentOrder())
	case store.ByTable:
		return 2
	}
	return 3
}
