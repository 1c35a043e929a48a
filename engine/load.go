package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/store"
)

// Kind makes the machines of a node. What it holds are caches of pure functions.
type Kind struct {
	limits    Limits
	plans     Plans
	programs  *sel.Cache
	templates *eval.Templates
	budget    sel.Limits
}

// templateBytes bounds the cache of literals with references.
const templateBytes = 8 << 20

// NewKind returns a Kind. programs may be shared with the edge.
func NewKind(limits Limits, programs *sel.Cache) *Kind {
	k := &Kind{limits: limits.withDefaults(), programs: programs, templates: eval.NewTemplates(templateBytes)}
	k.plans.init()
	return k
}

// Plans returns the cache of plans, to be shared with the edge.
func (k *Kind) Plans() *Plans { return &k.plans }

// Templates returns the cache of literals with references, to be shared with the edge.
func (k *Kind) Templates() *eval.Templates { return k.templates }

func (k *Kind) env(now int64, seed uint64) eval.Env {
	return eval.Env{Now: now, Seed: seed, Limits: k.budget, Programs: k.programs, Templates: k.templates}
}

// Load builds the machine of a group from its heads: its workflows and their unfinished runs.
func (k *Kind) Load(s store.Snapshot, o store.Owned, ids func() int64) (flow.Machine, error) {
	m := &Machine{
		group: o.Group, kind: k, limits: k.limits, ids: ids,
		workflows: map[string]*workflowHead{}, byRow: map[int64]*workflowHead{}, runs: map[int64]*run{},
	}
	err := s.Rows(store.AllIn(store.Workflow, o.Group), func(row *store.Row) error {
		rec, err := record.ParseWorkflow(row.Doc)
		if err != nil {
			return fmt.Errorf("workflow row %d: %w", row.ID, err)
		}
		wf := newHead(row.ID, row.Key)
		wf.rec = *rec
		m.workflows[wf.id], m.byRow[wf.row] = wf, wf
		return nil
	})
	if err != nil {
		return nil, err
	}
	open := store.OpenIn(store.Run, o.Group)
	open.WithoutDocs = true
	err = s.Rows(open, func(row *store.Row) error { return m.takeHead(row) })
	if err != nil {
		return nil, err
	}
	for _, wf := range m.workflows {
		wf.sortQueue()
	}
	reasons := store.AllIn(store.Quarantine, o.Group)
	reasons.WithoutDocs = true
	return m, s.Rows(reasons, func(row *store.Row) error {
		if r := m.runs[row.Parent]; r != nil {
			r.aside = row.ID
			m.timers.set(r, 0)
		}
		return nil
	})
}

// takeHead adds an unfinished run.
func (m *Machine) takeHead(row *store.Row) error {
	wf := m.byRow[row.Parent]
	if wf == nil {
		return fmt.Errorf("run row %d belongs to workflow row %d, which is not in group %d", row.ID, row.Parent, m.group)
	}
	r := &run{row: row.ID, wf: wf, instance: row.A, number: row.B, key: row.Key, status: instance.Status(row.State)}
	m.runs[r.row] = r
	if r.key != "" {
		wf.requests[r.key] = r
	}
	switch r.status {
	case instance.Created:
		wf.queue = append(wf.queue, r)
	case instance.InProgress:
		wf.running[r] = struct{}{}
		r.stored = row.Due
		m.timers.set(r, row.Due)
	default:
		return fmt.Errorf("run row %d is open and %s", row.ID, r.status)
	}
	return nil
}

// loaded is the first event: end what was to be ended, and begin what may begin. Runs with an order outstanding are due at
// once (see sealRun), and repeat it when they are unfolded.
func (m *Machine) loaded(t *flow.Turn) {
	heads := slices.SortedFunc(maps.Values(m.workflows), func(a, b *workflowHead) int { return cmp.Compare(a.row, b.row) })
	for _, wf := range heads {
		for i := range wf.rec.Sweeps {
			m.sweep(t, wf, &wf.rec.Sweeps[i])
		}
	}
	for _, wf := range heads {
		if len(wf.queue) > 0 {
			t.Again(&dequeue{wf})
		}
	}
}

// DecodeMessage is for flow; the entities of this package send no messages yet.
func (k *Kind) DecodeMessage(body []byte) (flow.Message, error) {
	return nil, fmt.Errorf("engine: no message is known that reads %.60q", body)
}
