package view

import (
	"fmt"
	"slices"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// Run is a run as its rows say. The zero Run takes the run row first, then those of steps and details in the store's
// order.
type Run struct {
	Row      int64
	Parent   int64 // of the workflow
	Instance int64
	Number   int64
	Status   instance.Status
	record.Run

	attempts []record.Attempt
	details  []detail
}

// detail is what one detail row holds, as JSON.
type detail struct {
	seq     int64
	attempt int32
	kind    record.DetailKind
	value   wire.Raw
}

// Take adds what a row says. It keeps nothing of the row's bytes, and so can be given to Snapshot.Rows.
func (r *Run) Take(row *store.Row) error {
	switch row.Table {
	case store.Run:
		rec, err := record.ParseRun(row.Doc)
		if err != nil {
			return fmt.Errorf("run row %d: %w", row.ID, err)
		}
		r.Row, r.Parent, r.Instance, r.Number, r.Status, r.Run = row.ID, row.Parent, row.A, row.B, instance.Status(row.State), *rec
		r.attempts = slices.Grow(r.attempts, len(rec.Attempts))
		for _, a := range rec.Attempts {
			r.attempts = append(r.attempts, *a)
		}
	case store.Step:
		attempts, err := record.ParseAttempts(row.Doc)
		if err != nil {
			return fmt.Errorf("step row %d: %w", row.ID, err)
		}
		if r.attempts == nil {
			r.attempts = attempts
		} else {
			r.attempts = append(r.attempts, attempts...)
		}
	case store.Detail:
		d := detail{seq: row.A}
		d.attempt, d.kind = record.DetailOf(row.B)
		name := "v"
		if d.kind == record.Params {
			name = "p"
		}
		n, err := wire.Parse(row.Doc)
		if err != nil {
			return fmt.Errorf("detail row %d: %w", row.ID, err)
		}
		v := n.Get(name)
		if v == nil {
			return fmt.Errorf("detail row %d has no field %q", row.ID, name)
		}
		d.value = v.Raw()
		r.details = append(r.details, d)
	}
	return nil
}

// Whole reports whether the run's own row holds every attempt, so that none has a row in the table of steps: of each step
// that was reached it holds the current attempt, and that is the first.
func (r *Run) Whole() bool {
	if len(r.Run.Attempts) != int(r.Seq) {
		return false
	}
	for _, a := range r.Run.Attempts {
		if a.Number != 1 {
			return false
		}
	}
	return true
}

// detail returns what was written last about an attempt, or about the run (0, 0); "" = nothing.
func (r *Run) detail(seq int64, attempt int32, kind record.DetailKind) wire.Raw {
	for i := len(r.details) - 1; i >= 0; i-- { // of two rows with the same columns the later one counts
		if d := &r.details[i]; d.seq == seq && d.attempt == attempt && d.kind == kind {
			return d.value
		}
	}
	return ""
}

// params returns the evaluated params of the run.
func (r *Run) params() (*param.Params, error) {
	text := r.detail(0, 0, record.Params)
	if text == "" {
		return nil, nil
	}
	n, err := wire.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	var p *param.Params
	err = param.DecodeParams(n, &p)
	return p, err
}

// Latest returns the latest attempts of the steps that have been reached, by ordinal; nil = not reached.
func (r *Run) Latest(v *Version) []*record.Attempt {
	latest := make([]*record.Attempt, len(v.Plan.Steps))
	for i := range r.attempts {
		a := &r.attempts[i]
		if int(a.Ordinal) >= len(latest) || a.Status == instance.NotCreated {
			continue
		}
		if have := latest[a.Ordinal]; have == nil || a.Number > have.Number {
			latest[a.Ordinal] = a
		}
	}
	return latest
}

// Attempts returns all attempts of a step, in their order.
func (r *Run) Attempts(v *Version, stepID string) []*record.Attempt {
	i, ok := v.Plan.Index[stepID]
	if !ok {
		return nil
	}
	var list []*record.Attempt
	for k := range r.attempts {
		a := &r.attempts[k]
		if int(a.Ordinal) != i || a.Status == instance.NotCreated {
			continue
		}
		at := len(list)
		for at > 0 && list[at-1].Number > a.Number {
			at--
		}
		list = append(list, nil)
		copy(list[at+1:], list[at:])
		list[at] = a
	}
	return list
}
