// Package schema holds what the databases have in common: how the columns of a store.Row are called in each table, so
// that an operator can read them, and how numbered migrations are found and chosen.
//
// Above it is store; store/sqlite and store/postgres make their SQL from it. The one thing to know before changing it:
// a name here must be a name in the migrations of both databases, and a released migration is never edited.
package schema

import "github.com/segue-run/segue/store"

// Layout names the columns of one table. A row has, in this order, id, grp, then those of Parent, A, B and Key that
// are not "", then status, open, due and doc. Key is NULL where the row has none.
type Layout struct {
	Table             store.Table
	Parent, A, B, Key string
}

var layouts = [...]Layout{
	store.Workflow:   {Table: store.Workflow, Key: "name"},
	store.Version:    {Table: store.Version, Parent: "workflow", A: "version"},
	store.Run:        {Table: store.Run, Parent: "workflow", A: "instance", B: "run", Key: "request"},
	store.Step:       {Table: store.Step, Parent: "run", A: "seq", B: "attempt"},
	store.Detail:     {Table: store.Detail, Parent: "run", A: "seq", B: "kind"},
	store.Quarantine: {Table: store.Quarantine, Parent: "entity"},
}

// Of returns the layout of a table.
func Of(t store.Table) *Layout { return &layouts[t] }

// Name returns the name of the table in the databases.
func (l *Layout) Name() string { return l.Table.String() }

// Place returns the columns that say where a row belongs: grp and those of Parent, A, B and Key that the table has.
// They rarely change in the life of a row.
func (l *Layout) Place() []string {
	place := []string{"grp"}
	for _, c := range []string{l.Parent, l.A, l.B, l.Key} {
		if c != "" {
			place = append(place, c)
		}
	}
	return place
}

// Columns returns all columns in order, doc last.
func (l *Layout) Columns() []string {
	columns := append([]string{"id"}, l.Place()...)
	return append(columns, "status", "open", "due", "doc")
}

// ParentOrder returns the columns that ByParent orders by.
func (l *Layout) ParentOrder() []string {
	var order []string
	for _, c := range []string{l.A, l.B} {
		if c != "" {
			order = append(order, c)
		}
	}
	return append(order, "id")
}
