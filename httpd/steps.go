package httpd

import (
	"cmp"
	"slices"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
)

// noStep is the error for a step that is not there or has not been reached.
func noStep(x *reading, stepID string) error {
	if _, ok := x.version.Plan.Index[stepID]; !ok {
		return fault.New(fault.NotFound, "workflow [%s] instance [%d] run [%d] has no step [%s]", x.head.ID, x.run.Instance, x.run.Number, stepID)
	}
	return fault.New(fault.NotFound, "step [%s] of workflow [%s] instance [%d] run [%d] has not been created", stepID, x.head.ID, x.run.Instance, x.run.Number)
}

// instanceRuns reads all runs of an instance, the newest first; none if the instance is not there.
func (s *server) instanceRuns(c *call, p parts) ([]*reading, error) {
	instanceID, err := c.number("instance", "instance id")
	if err != nil {
		return nil, err
	}
	var list []*reading
	err = s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.head(snap, c.workflow())
		if err != nil || h == nil {
			return err
		}
		q := store.Between(store.Run, h.Row, instanceID, instanceID)
		q.Desc = true
		err = snap.Rows(q, func(row *store.Row) error {
			x := &reading{head: h}
			list = append(list, x)
			return x.run.Take(row)
		})
		for _, x := range list {
			if err == nil {
				err = s.fill(snap, x, p)
			}
		}
		return err
	})
	return list, err
}

// step answers with the latest attempt of a step over the runs of an instance.
func (s *server) step(c *call) error {
	enriched, err := c.flag("enriched", true)
	if err != nil {
		return err
	}
	list, err := s.instanceRuns(c, withSteps|withDetails)
	if err != nil {
		return err
	}
	stepID := c.r.PathValue("step")
	for _, x := range list {
		if attempts := x.run.Attempts(x.version, stepID); len(attempts) > 0 {
			return s.answerAttempt(c, x, attempts[len(attempts)-1], enriched)
		}
	}
	if len(list) > 0 {
		return noStep(list[0], stepID)
	}
	instanceID, err := c.number("instance", "instance id")
	if err != nil {
		return err
	}
	return s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.mustHead(snap, c.workflow())
		if err != nil {
			return err
		}
		return s.noRun(snap, h, instanceID, 0)
	})
}

func (s *server) answerAttempt(c *call, x *reading, a *record.Attempt, enriched bool) (err error) {
	c.out, err = view.AppendStep(c.out, x.head, &x.run, x.version, a, view.Options{Enriched: enriched, Groups: s.Groups})
	return err
}

// steps answers with the latest attempt of each step over the runs of an instance.
func (s *server) steps(c *call) error {
	list, err := s.instanceRuns(c, withSteps|withDetails)
	if err != nil {
		return err
	}
	type latest struct {
		of *reading
		a  *record.Attempt
	}
	var all []latest
	seen := map[string]bool{}
	for _, x := range list {
		for i, a := range x.run.Latest(x.version) {
			if id := x.version.Plan.Steps[i].ID; a != nil && !seen[id] {
				seen[id] = true
				all = append(all, latest{x, a})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b latest) int { return cmp.Compare(a.a.Seq, b.a.Seq) })
	c.out = append(c.out, '[')
	for i, l := range all {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		if err := s.answerAttempt(c, l.of, l.a, false); err != nil {
			return err
		}
	}
	c.out = append(c.out, ']')
	return nil
}

// readRunOfPath reads the run of the path.
func (s *server) readRunOfPath(c *call, p parts) (*reading, error) {
	instanceID, err := c.number("instance", "instance id")
	if err != nil {
		return nil, err
	}
	number, err := c.latestOr("run", "run id")
	if err != nil {
		return nil, err
	}
	return s.readRun(c.r.Context(), c.workflow(), instanceID, number, p)
}

// stepsOfRun answers with the latest attempt of each step of a run; a run that is not there has none.
func (s *server) stepsOfRun(c *call) error {
	x, err := s.readRunOfPath(c, withSteps|withDetails)
	if fault.Is(err, fault.NotFound) {
		c.out = append(c.out, '[', ']')
		return nil
	}
	if err != nil {
		return err
	}
	c.out, err = view.AppendSteps(c.out, x.head, &x.run, x.version, x.run.Latest(x.version), view.Options{Groups: s.Groups})
	return err
}

// attempts answers with all attempts of a step in a run.
func (s *server) attempts(c *call) error {
	x, err := s.readRunOfPath(c, withSteps|withDetails)
	if err != nil {
		return err
	}
	list := x.run.Attempts(x.version, c.r.PathValue("step"))
	if len(list) == 0 {
		return noStep(x, c.r.PathValue("step"))
	}
	c.out, err = view.AppendSteps(c.out, x.head, &x.run, x.version, list, view.Options{Groups: s.Groups})
	return err
}

// attempt answers with one attempt of a step.
func (s *server) attempt(c *call) error {
	enriched, err := c.flag("enriched", true)
	if err != nil {
		return err
	}
	x, a, err := s.attemptOfPath(c, withSteps|withDetails)
	if err != nil {
		return err
	}
	return s.answerAttempt(c, x, a, enriched)
}

// attemptOfPath reads the attempt of the path: a number, or latest.
func (s *server) attemptOfPath(c *call, p parts) (*reading, *record.Attempt, error) {
	number, err := c.latestOr("attempt", "attempt id")
	if err != nil {
		return nil, nil, err
	}
	x, err := s.readRunOfPath(c, p)
	if err != nil {
		return nil, nil, err
	}
	stepID := c.r.PathValue("step")
	list := x.run.Attempts(x.version, stepID)
	if len(list) == 0 {
		return nil, nil, noStep(x, stepID)
	}
	if number == 0 {
		return x, list[len(list)-1], nil
	}
	for _, a := range list {
		if int64(a.Number) == number {
			return x, a, nil
		}
	}
	return nil, nil, fault.New(fault.NotFound, "step [%s] of workflow [%s] instance [%d] run [%d] has no attempt [%d]; it has had %d",
		stepID, x.head.ID, x.run.Instance, x.run.Number, number, len(list))
}
