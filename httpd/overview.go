package httpd

import (
	"bytes"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
	"github.com/segue-run/segue/wire"
)

// readHead reads the workflow of the path, which must be there.
func (s *server) readHead(c *call) (*view.Head, error) {
	var h *view.Head
	err := s.Store.Read(c.r.Context(), func(snap store.Snapshot) (err error) {
		h, err = s.mustHead(snap, c.workflow())
		return err
	})
	return h, err
}

// overview answers with the state of a workflow. It looks at all runs, but not at their documents.
func (s *server) overview(c *call) error {
	return s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.mustHead(snap, c.workflow())
		if err != nil {
			return err
		}
		var counts view.Counts
		q := store.Under(store.Run, h.Row)
		q.WithoutDocs = true
		err = snap.Rows(q, func(row *store.Row) error {
			counts.Add(row.A, instance.Status(row.State))
			return nil
		})
		if err != nil {
			return err
		}
		o, err := view.Overview(h, &counts)
		if err != nil {
			return err
		}
		return c.reply(o)
	})
}

// listWorkflows answers with a page of all workflows, in the order in which they were made.
func (s *server) listWorkflows(c *call) error {
	q, err := c.page()
	if err != nil {
		return err
	}
	if q.Backward {
		return fault.New(fault.BadRequest, "query parameter last: workflows are listed forward only; use first")
	}
	var elements bytes.Buffer
	var first, last int64
	count, more := 0, false
	query := store.Query{Table: store.Workflow, By: store.ByTable, After: q.Cursor, Limit: int(q.Count) + 1}
	err = s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		return snap.Rows(query, func(row *store.Row) error {
			if count == int(q.Count) {
				more = true
				return nil
			}
			h, err := view.ParseHead(row)
			if err != nil {
				return err
			}
			if count++; count == 1 {
				first = row.ID
			} else {
				elements.WriteByte(',')
			}
			last = row.ID
			elements.Write(view.AppendSummary(elements.AvailableBuffer(), h))
			return nil
		})
	})
	if err != nil {
		return err
	}
	c.out = view.AppendPage(c.out, elements.Bytes(), count, first, last, q.Cursor > 0, more)
	return nil
}

// page returns what the query asks for of a list.
func (c *call) page() (api.PageQuery, error) {
	first, last := c.query("first"), c.query("last")
	switch {
	case first == "" && last == "":
		return api.PageQuery{}, fault.New(fault.BadRequest, "exactly one of the query parameters first and last must be given; both cannot be null")
	case first != "" && last != "":
		return api.PageQuery{}, fault.New(fault.BadRequest, "either first or last can be given as query parameter, but not both")
	}
	return api.ParsePageQuery(first, last, c.query("cursor"))
}

// definitions answers with a page of the versions of a workflow, the newest first.
func (s *server) definitions(c *call) error {
	q, err := c.page()
	if err != nil {
		return err
	}
	var p api.Page[wire.Raw]
	err = s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.head(snap, c.workflow())
		if err != nil || h == nil {
			return err
		}
		p.Max, p.Min = h.Latest, 1
		high, low := q.Range(p.Min, p.Max)
		if high < low {
			return nil
		}
		query := store.Between(store.Version, h.Row, low, high)
		query.Desc = true
		return snap.Rows(query, func(row *store.Row) error {
			f := found{head: h}
			if err := s.loadVersion(row, &f); err != nil {
				return err
			}
			add(&p, row.A, view.AppendDefinition(nil, h, f.version, f.metadata, 0))
			return nil
		})
	})
	if err != nil {
		return err
	}
	return c.reply(&p)
}

// add adds an element to a page whose ids descend.
func add(p *api.Page[wire.Raw], id int64, element []byte) {
	if p.First == 0 {
		p.First = id
	}
	p.Last = id
	p.Elements = append(p.Elements, wire.Raw(element))
}
