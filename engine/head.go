package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/lifecycle"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
)

// workflowHead is a workflow: its versions' head, and the queue of its runs. It is always in memory.
type workflowHead struct {
	row   int64
	id    string
	rec   record.Workflow
	dirty bool
	epoch uint64

	// next is the next instance id; 0 = not known yet, because it is one more than the highest in the run table.
	next     int64
	queue    []*run // CREATED, in the order in which they begin
	running  map[*run]struct{}
	requests map[string]*run // by request id, of runs in memory
	waking   bool            // a dequeue is under way
	sweeping int             // runs that rec.Sweeps have not reached yet
	rows     map[int64]int64 // version rows by version, of those seen
	kept     keptProperties
}

func newHead(row int64, id string) *workflowHead {
	return &workflowHead{row: row, id: id, running: map[*run]struct{}{}, requests: map[string]*run{}, rows: map[int64]int64{}}
}

func (m *Machine) touchWorkflow(t *flow.Turn, wf *workflowHead) {
	t.Dirty(len(wf.rec.Properties) + 300)
	wf.epoch = t.Epoch
	if !wf.dirty {
		wf.dirty = true
		m.dirtyWorkflows = append(m.dirtyWorkflows, wf)
	}
}

// find returns an unfinished run; number 0 = the latest one of the instance.
func (wf *workflowHead) find(m *Machine, instanceID, number int64) *run {
	var found *run
	for r := range wf.open() {
		if r.instance == instanceID && (number == 0 && (found == nil || r.number > found.number) || r.number == number && number != 0) {
			found = r
		}
	}
	return found
}

// open ranges over the runs of the workflow that have not ended.
func (wf *workflowHead) open() func(func(*run) bool) {
	return func(yield func(*run) bool) {
		for r := range wf.running {
			if !yield(r) {
				return
			}
		}
		for _, r := range wf.queue {
			if !yield(r) {
				return
			}
		}
	}
}

// resolve returns the version that an alias names.
func (wf *workflowHead) resolve(alias string) (int64, error) {
	switch strings.ToLower(alias) {
	case "active":
		if wf.rec.Active == 0 {
			return 0, notFound("workflow %q has no active version", wf.id)
		}
		return wf.rec.Active, nil
	case "latest":
		return wf.rec.Latest, nil
	case "default", "":
		if wf.rec.Active != 0 {
			return wf.rec.Active, nil
		}
		return wf.rec.Latest, nil
	}
	v, err := strconv.ParseInt(alias, 10, 64)
	if err != nil || v < 1 {
		return 0, fault.New(fault.BadRequest, "workflow version %q is not active, latest, default or a number from 1", alias)
	}
	if v > wf.rec.Latest {
		return 0, notFound("workflow %q has no version %d; its latest is %d", wf.id, v, wf.rec.Latest)
	}
	return v, nil
}

// limit returns how many runs may be in progress at once.
func (wf *workflowHead) limit() int {
	if wf.rec.Strategy == "PARALLEL" {
		return int(max(wf.rec.Limit, 1))
	}
	return 1
}

// push stores a new version.
func (m *Machine) push(t *flow.Turn, e *Push) {
	wf := m.workflows[e.Workflow]
	var present record.Workflow
	if wf != nil {
		present = wf.rec
	}
	props, err := e.Merge(present.Properties, t.Now)
	if err == nil {
		err = m.mayChange(wf, props)
	}
	if err != nil {
		t.Reply(err)
		return
	}
	if wf == nil {
		wf = newHead(m.ids(), e.Workflow)
		wf.rec.Internal = wf.row
		wf.next = 1
		m.workflows[wf.id], m.byRow[wf.row] = wf, wf
	}
	version := wf.rec.Latest + 1
	plan := e.Plan.numbered(m.ids(), version)
	doc := (&record.Version{Definition: e.Definition, Metadata: e.Metadata(version, t.Now)}).AppendJSON(nil)
	m.pending = append(m.pending, store.Row{
		Table: store.Version, ID: plan.Row, Group: m.group, Parent: wf.row, A: version, Doc: doc,
	})
	t.Dirty(len(doc))
	plan.bytes = len(doc)
	m.kind.plans.put(plan)
	wf.rows[version] = plan.Row
	wf.rec.Latest = version
	if e.Active {
		wf.rec.Active, wf.rec.ActivateBy, wf.rec.ActivateAt = version, e.Author, t.Now
	}
	wf.rec.Properties, wf.rec.Strategy, wf.rec.Limit = props.Snapshot, props.Rule, props.Limit
	wf.rec.Modified = t.Now
	wf.rec.Timeline = record.Note(wf.rec.Timeline, instance.TimelineEvent{
		Timestamp: t.Now, Type: "LOG", Level: "INFO", Author: e.Author,
		Message: "Created a new workflow version [" + strconv.FormatInt(version, 10) + "]",
	})
	m.touchWorkflow(t, wf)
	t.Reply(Pushed{Version: version, Row: plan.Row})
	m.dequeue(t, wf, false) // the strategy may allow more now
}

// mayChange refuses a run strategy that the present runs forbid.
func (m *Machine) mayChange(wf *workflowHead, p Properties) error {
	if wf == nil || p.Rule == wf.rec.Strategy {
		return nil
	}
	if p.Rule == "FIRST_ONLY" || p.Rule == "LAST_ONLY" {
		if n := len(wf.queue) + len(wf.running); n > 1 {
			return fault.New(fault.Precondition,
				"cannot change the run strategy of workflow %q from %s to %s: %d of its runs have not ended, at most 1 may", wf.id, wf.rec.Strategy, p.Rule, n)
		}
	}
	return nil
}

// start creates a run.
func (m *Machine) start(t *flow.Turn, e *Start) {
	wf := m.workflows[e.Workflow]
	if wf == nil {
		t.Reply(notFound("workflow %q does not exist", e.Workflow))
		return
	}
	version, err := wf.resolve(e.Alias)
	if err != nil {
		t.Reply(err)
		return
	}
	if version != e.Plan.Version {
		t.Reply(Moved{Version: version, Row: wf.rows[version]})
		return
	}
	if err := strategyError(wf); err != nil {
		t.Reply(err)
		return
	}
	if e.RequestID != "" {
		if r := wf.requests[e.RequestID]; r != nil {
			t.Reply(duplicate(t, e, r.instance, r.number, r.version, r.row, r.status))
			return
		}
	}
	if !m.prepareStart(t, e, wf) {
		return
	}
	r := m.create(t, e, wf, version)
	if e.Invalid == "" {
		r.status = lifecycle.MustRun(r.status, lifecycle.RunCreated)
		wf.queue = append(wf.queue, r)
	} else {
		r.body.rec.Timeline = record.Note(r.body.rec.Timeline, instance.Log(t.Now, "ERROR", clip(e.Invalid)))
		m.end(t, r, lifecycle.RunInvalid)
	}
	t.Reply(Started{
		Instance: r.instance, Run: r.number, Version: version, UUID: e.UUID, Row: r.row, Status: r.status, Message: e.Message, At: t.Now,
	})
	m.dequeue(t, wf, false)
}

// prepareStart fetches what is not in memory: the highest instance id, and an ended run with the same request id. It
// returns false if the start has to wait, or has been answered.
func (m *Machine) prepareStart(t *flow.Turn, e *Start, wf *workflowHead) bool {
	if wf.next != 0 && e.RequestID == "" {
		return true
	}
	if !t.Fetched {
		queries := make([]store.Query, 0, 2)
		if wf.next == 0 {
			queries = append(queries, store.Under(store.Run, wf.row).Last(1))
		}
		if e.RequestID != "" {
			queries = append(queries, store.Named(store.Run, wf.row, e.RequestID))
		}
		t.Need(wf.row, queries...)
		return false
	}
	if wf.next == 0 {
		wf.next = wf.rec.Instances + 1
		for i := range t.Rows {
			wf.next = max(wf.next, t.Rows[i].A+1)
		}
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		if e.RequestID == "" || row.Key != e.RequestID {
			continue
		}
		rec, err := record.ParseRun(row.Doc)
		if err != nil {
			t.Reply(fault.New(fault.Internal, "run %d of workflow %q cannot be read: %w", row.A, wf.id, err))
			return false
		}
		t.Reply(duplicate(t, e, row.A, row.B, rec.Version, row.ID, instance.Status(row.State)))
		return false
	}
	return true
}

func duplicate(t *flow.Turn, e *Start, instanceID, number, version, row int64, status instance.Status) Started {
	return Started{
		Instance: instanceID, Run: number, Version: version, UUID: e.RequestID, Row: row, Status: status,
		Duplicate: true, Message: e.Message, At: t.Now,
	}
}

// strategyError refuses what is still to come.
func strategyError(wf *workflowHead) error {
	switch wf.rec.Strategy {
	case "SEQUENTIAL", "PARALLEL", "":
		return nil
	}
	return fault.New(fault.Unsupported, "workflow %q has the run strategy %s, which this version of segue does not run yet; it runs SEQUENTIAL and PARALLEL", wf.id, wf.rec.Strategy)
}

// create makes a run that has no status yet.
func (m *Machine) create(t *flow.Turn, e *Start, wf *workflowHead, version int64) *run {
	r := &run{
		row: m.ids(), wf: wf, instance: wf.next, number: 1, key: e.RequestID, version: version, resumed: true,
	}
	wf.next++
	props := wf.properties()
	m.unfoldedTo(r, newBody(e.Plan), 0)
	r.body.params = e.Params
	r.body.rec = record.Run{
		UUID: e.UUID, Version: version, VersionRow: e.Plan.Row, Created: t.Now, Requested: e.Requested, Modified: t.Now,
		Owner: props.owner, Snapshot: props.created, StepLimit: props.stepLimit, Initiator: e.Initiator, Tags: e.Tags,
		HasParams: e.Params.Len() > 0, HasRequest: e.Request != "", HasProperties: props.whole != "",
		Scoped: true,
	}
	r.body.rec.Timeline = record.Note(nil, instance.Log(t.Now, "INFO", e.Message))
	if r.body.rec.HasParams {
		m.detail(t, r, m.ids(), 0, 0, record.Params, record.AppendParams(nil, e.Params))
	}
	if e.Request != "" {
		m.detail(t, r, m.ids(), 0, 0, record.Request, record.AppendRaw(nil, e.Request))
	}
	if props.whole != "" {
		m.detail(t, r, m.ids(), 0, 0, record.Properties, record.AppendRaw(nil, props.whole))
	}
	m.runs[r.row] = r
	if r.key != "" {
		wf.requests[r.key] = r
	}
	m.touch(t, r, 200)
	return r
}

// detail writes a detail row. There is one row for each (run, seq, attempt, kind).
func (m *Machine) detail(t *flow.Turn, r *run, row int64, seq, attempt int32, kind record.DetailKind, doc []byte) {
	t.Dirty(len(doc) + 50)
	m.grow(r, memoryPerByte*len(doc))
	for i := range m.pending {
		if p := &m.pending[i]; p.Table == store.Detail && p.ID == row {
			p.Doc = doc // a batch has a row once
			return
		}
	}
	m.pending = append(m.pending, store.Row{
		Table: store.Detail, ID: row, Group: m.group, Parent: r.row, A: int64(seq), B: record.DetailB(attempt, kind), Doc: doc,
	})
}

// dequeue begins queued runs as far as the run strategy and the budget of the turn allow. alone says that the turn has
// done nothing else, so that rows may be asked for.
func (m *Machine) dequeue(t *flow.Turn, wf *workflowHead, alone bool) {
	if wf.waking {
		return // the caller up the stack goes on
	}
	wf.waking = true
	defer func() { wf.waking = false }()
	for len(wf.running) < wf.limit() {
		r := wf.nextQueued()
		if r == nil {
			break
		}
		m.subject = r.row
		if m.budget <= 0 || r.body == nil && !alone {
			t.Again(&dequeue{wf})
			return
		}
		if !m.unfolded(t, r) {
			return
		}
		alone = false
		wf.unqueue(r)
		m.begin(t, r)
	}
}

// nextQueued returns the run that may begin next: the first that is not in quarantine.
func (wf *workflowHead) nextQueued() *run {
	for _, r := range wf.queue {
		if r.aside == 0 {
			return r
		}
	}
	return nil
}

// unqueue takes a run out of the queue. Those at its ends go fast: they begin, and are swept, from there.
func (wf *workflowHead) unqueue(r *run) {
	last := len(wf.queue) - 1
	switch {
	case wf.queue[0] == r:
		wf.queue[0] = nil
		wf.queue = wf.queue[1:]
	case wf.queue[last] == r:
		wf.queue[last] = nil
		wf.queue = wf.queue[:last]
	default:
		wf.queue = slices.DeleteFunc(wf.queue, func(q *run) bool { return q == r })
	}
	if len(wf.queue) == 0 {
		wf.queue = nil
	}
}

// sortQueue puts the queue into the order in which its runs begin.
func (wf *workflowHead) sortQueue() {
	slices.SortFunc(wf.queue, func(a, b *run) int {
		return cmp.Or(cmp.Compare(a.instance, b.instance), cmp.Compare(a.number, b.number))
	})
}
