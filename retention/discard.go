package retention

import (
	"context"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// discard has the runtimes discard what they keep of the attempts of a run. A run of which a part has been removed before has been
// discarded before that.
func (w *work) discard(ctx context.Context, rec *record.Run, row int64) error {
	plan, err := w.plan(ctx, rec.VersionRow)
	if err != nil {
		return err
	}
	if !external(plan) {
		return nil
	}
	for i := range plan.Steps { // before anything is read: there may be very many such runs, and each pass finds them
		if s := &plan.Steps[i]; s.Kind == engine.Runtime && w.Runtimes[s.Type] == nil {
			return fault.New(fault.Precondition, "step [%s] is of type %s, and this server has no runtime that could discard what it has kept", s.ID, s.Type)
		}
	}
	latest, err := w.attempts(ctx, plan, rec, row)
	if err != nil {
		return err
	}
	for i, last := range latest {
		s := &plan.Steps[i]
		if s.Kind != engine.Runtime || last == 0 {
			continue
		}
		d, keeps := w.Runtimes[s.Type].(step.Discarder)
		if !keeps {
			continue
		}
		for n := int32(1); n <= last; n++ {
			if err := d.Discard(ctx, engine.AttemptUUID(w.id, rec, s.ID, n)); err != nil {
				return fault.In(err, "attempt %d of step [%s]", n, s.ID)
			}
			w.report.Attempts++
		}
	}
	return nil
}

// plan returns the plan of a version row.
func (w *work) plan(ctx context.Context, row int64) (plan *engine.Plan, err error) {
	if plan = w.Plans.Get(row); plan != nil {
		return plan, nil
	}
	err = w.Store.Read(ctx, func(s store.Snapshot) error {
		return s.Rows(store.One(store.Version, row), func(r *store.Row) (err error) {
			plan, err = w.Plans.Load(r)
			return err
		})
	})
	if err == nil && plan == nil {
		err = fault.New(fault.Internal, "there is no version row %d", row)
	}
	return plan, err
}

// external reports whether a plan has steps that runtimes run.
func external(p *engine.Plan) bool {
	for i := range p.Steps {
		if p.Steps[i].Kind == engine.Runtime {
			return true
		}
	}
	return false
}

// attempts returns the number of the latest attempt of each step of a run.
func (w *work) attempts(ctx context.Context, plan *engine.Plan, rec *record.Run, row int64) ([]int32, error) {
	latest := make([]int32, len(plan.Steps))
	take := func(a *record.Attempt) error {
		if int(a.Ordinal) >= len(latest) {
			return fault.New(fault.Internal, "the definition has no step %d", a.Ordinal)
		}
		latest[a.Ordinal] = max(latest[a.Ordinal], a.Number)
		return nil
	}
	for _, a := range rec.Attempts {
		if err := take(a); err != nil {
			return nil, err
		}
	}
	err := w.Store.Read(ctx, func(s store.Snapshot) error {
		return s.Rows(store.Under(store.Step, row), func(r *store.Row) error {
			list, err := record.ParseAttempts(r.Doc)
			if err != nil {
				return err
			}
			for i := range list {
				if err := take(&list[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return latest, err
}
