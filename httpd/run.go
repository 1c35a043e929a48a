package httpd

import (
	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
	"github.com/segue-run/segue/wire"
)

// latestRun answers with the latest run of an instance and the aggregated view.
func (s *server) latestRun(c *call) error { return s.answerRun(c, 0, true) }

// run answers with one run of an instance.
func (s *server) run(c *call) error {
	number, err := c.latestOr("run", "run id")
	if err != nil {
		return err
	}
	aggregated, err := c.flag("aggregated", false)
	if err != nil {
		return err
	}
	return s.answerRun(c, number, aggregated)
}

func (s *server) answerRun(c *call, number int64, aggregated bool) error {
	instanceID, err := c.number("instance", "instance id")
	if err != nil {
		return err
	}
	o := view.Options{Aggregated: aggregated, Groups: s.Groups}
	if o.Enriched, err = c.flag("enriched", true); err != nil {
		return err
	}
	w, err := s.waiting(c)
	if err != nil {
		return err
	}
	var x *reading
	if w.limit > 0 {
		x, err = s.await(c, instanceID, number, w, withSteps|withOwnDetails)
	} else {
		x, err = s.readRun(c.r.Context(), c.workflow(), instanceID, number, withSteps|withOwnDetails)
	}
	if err != nil {
		return err
	}
	c.out, err = view.AppendInstance(c.out, x.head, &x.run, x.version, o)
	return err
}

// instances answers with a page of the instances of a workflow, the newest first, each with its latest run.
func (s *server) instances(c *call) error {
	q, err := c.page()
	if err != nil {
		return err
	}
	o := view.Options{Groups: s.Groups}
	if o.Aggregated, err = c.flag("aggregated", true); err != nil {
		return err
	}
	var p api.Page[wire.Raw]
	err = s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.head(snap, c.workflow())
		if err != nil || h == nil {
			return err
		}
		ends := store.Under(store.Run, h.Row)
		ends.Limit, ends.WithoutDocs = 1, true
		if err := snap.Rows(ends, func(row *store.Row) error { p.Min = row.A; return nil }); err != nil {
			return err
		}
		ends.Desc = true
		if err := snap.Rows(ends, func(row *store.Row) error { p.Max = row.A; return nil }); err != nil {
			return err
		}
		high, low := q.Range(p.Min, p.Max)
		if p.Max == 0 || high < low {
			return nil
		}
		// Descending: the first row of an instance is its latest run.
		query := store.Between(store.Run, h.Row, low, high)
		query.Desc = true
		var list []*reading
		err = snap.Rows(query, func(row *store.Row) error {
			if n := len(list); n > 0 && list[n-1].run.Instance == row.A {
				return nil
			}
			x := &reading{head: h}
			list = append(list, x)
			return x.run.Take(row)
		})
		if err != nil {
			return err
		}
		return s.addRuns(snap, &p, list, o, func(r *view.Run) int64 { return r.Instance })
	})
	if err != nil {
		return err
	}
	return c.reply(&p)
}

// runs answers with a page of the runs of an instance, the newest first.
func (s *server) runs(c *call) error {
	q, err := c.page()
	if err != nil {
		return err
	}
	instanceID, err := c.number("instance", "instance id")
	if err != nil {
		return err
	}
	var p api.Page[wire.Raw]
	err = s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.head(snap, c.workflow())
		if err != nil || h == nil {
			return err
		}
		query := store.Between(store.Run, h.Row, instanceID, instanceID)
		query.Desc = true
		var all []*reading
		err = snap.Rows(query, func(row *store.Row) error {
			x := &reading{head: h}
			all = append(all, x)
			return x.run.Take(row)
		})
		if err != nil || len(all) == 0 {
			return err
		}
		p.Max, p.Min = all[0].run.Number, all[len(all)-1].run.Number
		high, low := q.Range(p.Min, p.Max)
		var list []*reading
		for _, x := range all {
			if x.run.Number <= high && x.run.Number >= low {
				list = append(list, x)
			}
		}
		return s.addRuns(snap, &p, list, view.Options{Groups: s.Groups}, func(r *view.Run) int64 { return r.Number })
	})
	if err != nil {
		return err
	}
	return c.reply(&p)
}

// addRuns reads the rest of runs and adds their documents to a page.
func (s *server) addRuns(snap store.Snapshot, p *api.Page[wire.Raw], list []*reading, o view.Options, id func(*view.Run) int64) error {
	var text []byte
	for _, x := range list {
		if err := s.fill(snap, x, withSteps|withOwnDetails); err != nil {
			return err
		}
		var err error
		if text, err = view.AppendInstance(text[:0], x.head, &x.run, x.version, o); err != nil {
			return fault.In(err, "workflow [%s] instance [%d]", x.head.ID, x.run.Instance)
		}
		add(p, id(&x.run), text)
	}
	return nil
}
