package engine

import (
	"fmt"
	"time"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// Retention says which runs of a workflow are history that may go. All times are in milliseconds.
type Retention struct {
	// KeepFor is how long a run is kept after its end; 0 = for ever.
	KeepFor int64
	// KeepRuns is how many of the newest instances are kept; 0 = all. A run goes when either of the two says so.
	KeepRuns int64
	// Requests is how long a request id is remembered, and with it the run that it has started, whatever the two above say: a
	// start that is repeated within this time gets that run.
	Requests int64
	// Rest is how long any run is kept after its end, so that those who look on see it, and the edge has let go of it.
	Rest int64
}

// DefaultRetention keeps history for 90 days, and request ids for 30.
func DefaultRetention() Retention {
	const day = 24 * time.Hour
	return Retention{
		KeepFor: (90 * day).Milliseconds(), Requests: (30 * day).Milliseconds(), Rest: (10 * time.Minute).Milliseconds(),
	}
}

// For returns the retention of a workflow: what its properties (a snapshot, "" = none) say counts more than p.
func (p Retention) For(snapshot wire.Raw) (Retention, error) {
	if snapshot == "" {
		return p, nil
	}
	n, err := wire.Parse([]byte(snapshot))
	if err != nil {
		return p, err
	}
	s, err := workflow.DecodePropertiesSnapshot(n)
	if err != nil {
		return p, err
	}
	own := s.Retention
	if own == nil {
		return p, nil
	}
	if own.KeepRuns != nil {
		p.KeepRuns = *own.KeepRuns
	}
	if own.KeepFor.Given {
		age, err := own.Age()
		if err != nil {
			return p, fmt.Errorf("retention: %w", err)
		}
		p.KeepFor = age.Milliseconds()
	}
	return p, nil
}

// Keeps reports whether nothing is ever removed.
func (p *Retention) Keeps() bool { return p.KeepFor == 0 && p.KeepRuns == 0 }

// Young reports whether a run that was created at a time is not old enough for p, whenever it has ended, and so are all that
// were created after it. newest is the newest instance of the workflow.
func (p *Retention) Young(now, newest, instanceID, created int64) bool {
	return !(p.KeepFor > 0 && created < now-p.KeepFor) && !p.many(newest, instanceID)
}

// many reports whether there are enough newer instances.
func (p *Retention) many(newest, instanceID int64) bool {
	return p.KeepRuns > 0 && instanceID <= newest-p.KeepRuns
}

// Removes reports whether a run may be removed: it is old enough, and no rule keeps it. row and rec are its own; wf is its
// workflow and newest the newest instance of that. Nothing refers to the run of another: what will (a run that waits for
// its subworkflow, a restart) has to be a rule here.
func (p *Retention) Removes(now int64, wf *record.Workflow, newest int64, row *store.Row, rec *record.Run) bool {
	status := instance.Status(row.State)
	switch {
	case row.Open || !status.Terminal() || rec.Ended == 0:
		return false
	case row.A >= newest: // it also says which instance id is the next
		return false
	case row.Key != "" && rec.Created > now-p.Requests:
		return false
	case rec.Ended > now-p.Rest:
		return false
	case wf.Strategy == string(workflow.StrictSequential) && status == instance.Failed: // it holds up the queue
		return false
	}
	return p.KeepFor > 0 && rec.Ended < now-p.KeepFor || p.many(newest, row.A)
}
