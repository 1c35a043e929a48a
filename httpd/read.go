package httpd

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// noWorkflow is the error for a workflow that is not there.
func noWorkflow(id string) error {
	return fault.New(fault.NotFound, "workflow [%s] has not been created yet or has been deleted", id)
}

// noRun returns the error for a run that is not there; number 0 = no run of the instance is. It may have been there.
func (s *server) noRun(snap store.Snapshot, h *view.Head, instance, number int64) error {
	newest, any := int64(0), false
	for _, q := range []store.Query{store.Under(store.Run, h.Row), store.Between(store.Run, h.Row, instance, instance)} {
		q = q.Last(1)
		q.WithoutDocs = true
		err := snap.Rows(q, func(row *store.Row) error {
			newest, any = max(newest, row.A), any || row.A == instance
			return nil
		})
		if err != nil {
			return err
		}
	}
	switch {
	case any && number != 0:
		return fault.New(fault.NotFound, "workflow [%s] instance [%d] has no run [%d]", h.ID, instance, number)
	case !any && instance > 0 && instance < newest:
		return fault.New(fault.NotFound, "workflow [%s] has no instance [%d] any more: its history has been removed, as its retention says", h.ID, instance)
	}
	return fault.New(fault.NotFound, "workflow [%s] has no instance [%d]", h.ID, instance)
}

// head reads a workflow; nil = it is not there.
func (s *server) head(snap store.Snapshot, id string) (*view.Head, error) {
	if !utf8.ValidString(id) || strings.IndexByte(id, 0) >= 0 {
		return nil, nil // no store can hold such a key, and some refuse to look for it
	}
	var h *view.Head
	err := snap.Rows(store.Named(store.Workflow, 0, id), func(row *store.Row) (err error) {
		h, err = view.ParseHead(row)
		return err
	})
	if h != nil {
		s.hints.setWorkflow(id, place{h.Row, h.Internal})
	}
	return h, err
}

// mustHead reads a workflow that must be there.
func (s *server) mustHead(snap store.Snapshot, id string) (*view.Head, error) {
	h, err := s.head(snap, id)
	if err == nil && h == nil {
		err = noWorkflow(id)
	}
	return h, err
}

// resolve returns the version that a version of a path names.
func resolve(h *view.Head, version string) (int64, error) {
	v, err := workflow.ParseVersion(h.ID, version)
	if err != nil {
		return 0, fault.WithDetails(fault.BadRequest, err.Error(), "Invalid workflow version: "+version)
	}
	switch v {
	case workflow.ActiveVersion:
		if h.Active == 0 {
			return 0, fault.New(fault.NotFound, "workflow [%s] has no active version", h.ID)
		}
		return h.Active, nil
	case workflow.LatestVersion:
		return h.Latest, nil
	case workflow.DefaultVersion:
		return h.Default(), nil
	}
	if int64(v) > h.Latest {
		return 0, fault.New(fault.NotFound, "workflow [%s] has no version [%d]; its latest is [%d]", h.ID, v, h.Latest)
	}
	return int64(v), nil
}

// found is a version of a workflow with the workflow.
type found struct {
	head     *view.Head
	version  *view.Version
	metadata wire.Raw
}

// readVersion reads a workflow and a version of it.
func (s *server) readVersion(c *call, id, version string) (found, error) {
	var f found
	err := s.Store.Read(c.r.Context(), func(snap store.Snapshot) error {
		h, err := s.mustHead(snap, id)
		if err != nil {
			return err
		}
		n, err := resolve(h, version)
		if err != nil {
			return err
		}
		f.head = h
		err = snap.Rows(store.Between(store.Version, h.Row, n, n), func(row *store.Row) error {
			return s.loadVersion(row, &f)
		})
		if err == nil && f.version == nil {
			err = fault.New(fault.NotFound, "workflow [%s] has no version [%d]", id, n)
		}
		return err
	})
	return f, err
}

// loadVersion takes a row of the version table.
func (s *server) loadVersion(row *store.Row, f *found) error {
	rec, err := record.ParseVersion(row.Doc)
	if err != nil {
		return err
	}
	f.metadata = rec.Metadata
	f.version, err = s.versions.Load(row)
	return err
}

// parts says which rows of a run are read.
type parts uint8

const (
	withSteps parts = 1 << iota
	withDetails
	withOwnDetails // of the run itself, not of its steps
	ifEnded        // all that only of a run that has ended, and nothing but its row of another
)

// reading is a run that has been read, with its version.
type reading struct {
	head    *view.Head
	version *view.Version
	run     view.Run
}

// readRun reads a run of an instance in one snapshot; number 0 = the latest.
func (s *server) readRun(ctx context.Context, id string, instance, number int64, p parts) (*reading, error) {
	var x *reading
	err := s.Store.Read(ctx, func(snap store.Snapshot) (err error) {
		x, err = s.findRun(snap, id, instance, number, p)
		return err
	})
	return x, err
}

func (s *server) findRun(snap store.Snapshot, id string, instance, number int64, p parts) (*reading, error) {
	x := new(reading)
	known, ok := s.hints.workflow(id)
	if ok {
		x.head = headOf(id, known)
		if err := s.takeRun(snap, x, instance, number); err != nil {
			return nil, err
		}
	}
	if x.run.Row == 0 {
		h, err := s.mustHead(snap, id)
		if err != nil {
			return nil, err
		}
		if !ok || h.Row != known.row {
			x.head = h
			if err := s.takeRun(snap, x, instance, number); err != nil {
				return nil, err
			}
		}
	}
	if x.run.Row == 0 {
		return nil, s.noRun(snap, x.head, instance, number)
	}
	if p&ifEnded != 0 && !x.run.Status.Terminal() {
		return x, nil
	}
	return x, s.fill(snap, x, p)
}

// headOf returns as much of a workflow as the documents of its runs need.
func headOf(id string, p place) *view.Head {
	return &view.Head{ID: id, Row: p.row, Workflow: record.Workflow{Internal: p.internal}}
}

// takeRun reads the run row, if there is one.
func (s *server) takeRun(snap store.Snapshot, x *reading, instance, number int64) error {
	q := store.Between(store.Run, x.head.Row, instance, instance)
	if number == 0 {
		q = q.Last(1)
	}
	return snap.Rows(q, func(row *store.Row) error {
		if number != 0 && row.B != number {
			return nil
		}
		return x.run.Take(row)
	})
}

// fill reads the version and the further rows of a run.
func (s *server) fill(snap store.Snapshot, x *reading, p parts) error {
	if x.version = s.versions.Get(x.run.VersionRow); x.version == nil {
		err := snap.Rows(store.One(store.Version, x.run.VersionRow), func(row *store.Row) (err error) {
			x.version, err = s.versions.Load(row)
			return err
		})
		if err != nil {
			return err
		}
		if x.version == nil {
			return fault.New(fault.Internal, "workflow [%s] instance [%d]: there is no version row %d", x.head.ID, x.run.Instance, x.run.VersionRow)
		}
	}
	if p&withSteps != 0 && !x.run.Whole() {
		if err := snap.Rows(store.Under(store.Step, x.run.Row), x.run.Take); err != nil {
			return err
		}
	}
	switch {
	case p&withDetails != 0:
		return snap.Rows(store.Under(store.Detail, x.run.Row), x.run.Take)
	case p&withOwnDetails != 0 && (x.run.HasParams || x.run.HasRequest || x.run.HasProperties):
		return snap.Rows(store.Between(store.Detail, x.run.Row, 0, 0), x.run.Take)
	}
	return nil
}
