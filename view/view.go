// Package view composes the documents of the REST API from rows: definitions, runs, steps, overviews. Rows in, bytes
// out; it reads no store and decides nothing.
//
// Above it are record, which says what rows mean, engine, whose Plan says what a run runs, and api, whose documents it
// fills; httpd reads the rows and sends what comes out.
//
// The one thing to know before changing it: ordinals in overviews are positions in runtime_dag, so both must come from the
// same Graph. What is the same for all runs of a version (runtime_workflow, runtime_dag, definitions of steps) is
// rendered once and kept in Versions.
package view

import (
	"fmt"
	"sync"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// Head is a workflow as its row says.
type Head struct {
	ID  string
	Row int64
	record.Workflow
}

// ParseHead reads a row of the workflow table.
func ParseHead(row *store.Row) (*Head, error) {
	rec, err := record.ParseWorkflow(row.Doc)
	if err != nil {
		return nil, fmt.Errorf("workflow %q: %w", row.Key, err)
	}
	return &Head{ID: row.Key, Row: row.ID, Workflow: *rec}, nil
}

// Default returns the version that the alias "default" names; 0 = there is none.
func (h *Head) Default() int64 {
	if h.Active != 0 {
		return h.Active
	}
	return h.Latest
}

// Version is what is the same in all documents about a version of a workflow.
type Version struct {
	Plan *engine.Plan

	workflow wire.Appender
	dag      wire.Appender
	steps    []stepText
}

// stepText are the constant parts of a step's documents.
type stepText struct {
	definition wire.Appender
	tags       []workflow.Tag
	preds      []string
	retry      workflow.Retry
	// expand says that the retry policy refers to params, so that retry is not what counts.
	expand bool
}

// NewVersion renders what is constant about a plan.
func NewVersion(p *engine.Plan) *Version {
	v := &Version{
		Plan:     p,
		workflow: wire.Raw(p.Definition.AppendJSON(nil)),
		dag:      wire.Raw(p.Graph.AppendJSON(nil)),
		steps:    make([]stepText, len(p.Steps)),
	}
	for i, s := range p.Definition.Steps {
		t := &v.steps[i]
		shown := *s
		shown.FailureMode = s.Mode()
		t.definition = wire.Raw(shown.AppendJSON(nil))
		if t.tags = s.Tags; t.tags == nil {
			t.tags = []workflow.Tag{}
		}
		for _, pred := range p.Graph.Nodes[i].Preds {
			t.preds = append(t.preds, p.Steps[pred].ID)
		}
		t.retry, _ = s.Retry.Resolve(func(text string) (string, error) {
			t.expand = true
			return text, nil
		})
	}
	return v
}

// Versions keeps the versions that were looked at last, by the row of the version.
type Versions struct {
	plans *engine.Plans
	mu    sync.RWMutex
	kept  map[int64]*Version
	order []int64
}

// versionsMax bounds how many versions are kept.
const versionsMax = 2048

// NewVersions returns an empty cache in front of the engine's own.
func NewVersions(plans *engine.Plans) *Versions {
	return &Versions{plans: plans, kept: map[int64]*Version{}}
}

// Get returns the version with a row key if it is at hand, else nil: then the row must be read and given to Load.
func (c *Versions) Get(row int64) *Version {
	c.mu.RLock()
	v := c.kept[row]
	c.mu.RUnlock()
	if v != nil {
		return v
	}
	if p := c.plans.Get(row); p != nil {
		return c.keep(NewVersion(p))
	}
	return nil
}

// Load returns the version that a row of the version table holds.
func (c *Versions) Load(row *store.Row) (*Version, error) {
	if v := c.Get(row.ID); v != nil {
		return v, nil
	}
	p, err := c.plans.Load(row)
	if err != nil {
		return nil, err
	}
	return c.keep(NewVersion(p)), nil
}

func (c *Versions) keep(v *Version) *Version {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.kept[v.Plan.Row]; have != nil {
		return have
	}
	c.kept[v.Plan.Row] = v
	c.order = append(c.order, v.Plan.Row)
	if len(c.order) > versionsMax {
		delete(c.kept, c.order[0])
		c.order = c.order[1:]
	}
	return v
}
