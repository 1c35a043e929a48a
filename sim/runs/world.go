// Package runs is the second machine that the simulation runs: the engine, with random workflows, clients that start, stop
// and kill runs, and jobs that end as a script says. What comes of each run is compared with a reference model that is
// written from the specification, not from the engine.
//
// Above it are engine, flow and sim; below it only tests.
//
// The one thing to know before changing it: how a job ends depends only on the name of its run, the step and the
// attempt, so that the model can tell without having seen the run. Where a run depends on time or on who was faster
// (stops, timeouts, FAIL_IMMEDIATELY), the model knows less, and Final asks for less.
package runs

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/sel"
	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
)

// World is the engine with its clients and runtimes.
type World struct {
	*engine.Kind
	env   *sim.Env
	rng   *rand.Rand
	limit engine.Limits

	workflows []*definition
	versions  map[string]*version // by definition
	left      int                 // requests still to come
	asked     int
	starts    []string       // their names, see nameOf
	again     []*sim.Request // starts that have to be prepared anew

	evaluations []evaluation // that workers have been given

	curses   bool            // some outcomes cannot be decided
	cursed   map[string]bool // runs that have had such an outcome, by uuid
	cured    map[string]bool // those for which that has been mended
	operated int

	jobs    map[string]*job // by uuid of the attempt
	pending []string        // attempts of which the runtimes have something to say
	books   books
	history history
	acked   map[string]engine.Started // by name of the start
	stopped map[string]instance.Action
}

// Meets is what a hundred seeds of this world meet, besides what those of any world do.
var Meets = []string{
	"starts answered with the run that exists", "orders repeated", "terminations", "runs known in every step",
	"runs that are SUCCEEDED", "runs that are FAILED", "runs that are STOPPED", "runs that are TIMED_OUT",
	"attempts that are SUCCEEDED", "attempts that are COMPLETED_WITH_ERROR", "attempts that are UNSATISFIED",
	"attempts that are FATALLY_FAILED", "attempts that are STOPPED", "attempts that are TIMED_OUT",
	"attempts that are USER_FAILED", "attempts that are PLATFORM_FAILED", "attempts that are TIMEOUT_FAILED",
	"evaluations by a worker", "outcomes that cannot be decided", "quarantines", "runs released from quarantine",
	"runs removed", "runs removed with rows below them", "request ids of several workflows", "runtimes that cannot be asked",
}

// definition is one workflow.
type definition struct {
	id   string
	last *version     // that was drawn
	plan *engine.Plan // with the version that the clients know of; nil = not pushed yet
	// unclear says that any of its runs may have been stopped.
	unclear bool
	rule    string
	limit   int64
}

// version is a graph with its definition. The same one may be pushed more than once.
type version struct {
	graph graph
	raw   string
	plan  *engine.Plan
	preds [][]int32
}

// evaluation is what a worker has been given, and by which group.
type evaluation struct {
	group store.Group
	*engine.Evaluation
}

// job is an attempt as the outside world sees it.
type job struct {
	order   engine.Order
	run     string // its name
	script  script
	begun   bool
	ends    int64
	gone    bool // after a termination
	settled bool
}

// New returns the world of one run.
func New(env *sim.Env) sim.World {
	r := env.Rand
	w := &World{
		env: env, rng: r, left: 15 + r.IntN(40),
		curses: r.IntN(3) == 0, cursed: map[string]bool{}, cured: map[string]bool{},
		versions: map[string]*version{}, jobs: map[string]*job{}, acked: map[string]engine.Started{}, stopped: map[string]instance.Action{},
	}
	if r.IntN(2) == 0 {
		w.limit = engine.Limits{StepsPerTurn: 1 + r.IntN(4), Resident: 1 + r.IntN(2), DuePerTick: 1 + r.IntN(2), Visits: 1 + r.Int64N(40)}
		w.limit.RemoveRows = 1 + r.IntN(3)
	}
	w.Kind = engine.NewKind(w.limit, sel.NewCache(1<<20))
	w.books.reset()
	w.drawHistory()
	w.books.everStarted, w.books.everAttempt = map[string]bool{}, map[attemptKey]bool{}
	for i := range 1 + r.IntN(3) {
		w.workflows = append(w.workflows, w.define(fmt.Sprintf("w%d", i)))
	}
	return w
}

// define draws a workflow.
func (w *World) define(id string) *definition {
	d := &definition{id: id, rule: "SEQUENTIAL", limit: 1}
	w.drawVersion(d)
	if w.rng.IntN(2) == 0 {
		d.rule, d.limit = "PARALLEL", int64(1+w.rng.IntN(4))
	}
	return d
}

// drawVersion draws another version of a workflow.
func (w *World) drawVersion(d *definition) {
	v := &version{graph: draw(w.rng)}
	v.raw = v.graph.definition(d.id)
	v.plan, v.preds = newPlan(v.raw), v.graph.predecessors()
	d.last, w.versions[v.raw] = v, v
}

// Load implements flow.Kind. Each loading has a cache of its own, as it would in another process.
func (w *World) Load(s store.Snapshot, o store.Owned, ids func() int64) (flow.Machine, error) {
	m, err := engine.NewKind(w.limit, sel.NewCache(1<<16)).Load(s, o, ids)
	if err != nil {
		return nil, err
	}
	return &machine{m.(*engine.Machine), w}, nil
}

// Setup implements sim.World: the store begins empty.
func (w *World) Setup(func() int64) []store.Row { return nil }

// Request implements sim.World.
func (w *World) Request() *sim.Request {
	if n := len(w.again); n > 0 {
		q := w.again[n-1]
		w.again = w.again[:n-1]
		return q
	}
	if w.rng.IntN(4) == 0 {
		if q := w.Operate(); q != nil {
			return q
		}
	}
	if w.rng.IntN(3) == 0 {
		if q := w.clean(); q != nil {
			return q
		}
	}
	if w.left == 0 {
		return nil
	}
	w.left--
	w.asked++
	d := w.workflows[w.rng.IntN(len(w.workflows))]
	id := fmt.Sprintf("q%d", w.asked)
	q := &sim.Request{ID: id, Group: engine.GroupOf(d.id, w.env.Groups)}
	n := w.rng.IntN(100)
	switch {
	case d.plan == nil || n < 4:
		if d.plan != nil && w.rng.IntN(2) == 0 {
			w.drawVersion(d)
		}
		v := d.last
		q.Fresh = func() any { return d.push(v) }
	case n < 75 || len(w.acked) == 0:
		q = w.start(d, w.nameStart(d, id))
	default:
		q.Body = w.act(d)
	}
	return q
}

// unclear stands for more than one action, or one of which it is not known which runs it met.
const unclear instance.Action = ""

// nameStart returns the name of a new start, now and then with a request id that another workflow has had.
func (w *World) nameStart(d *definition, id string) string {
	if n := len(w.starts); n > 0 && w.rng.IntN(3) == 0 {
		other := nameOf(idOf(w.starts[n-1-w.rng.IntN(min(5, n))]), d.id)
		if !slices.Contains(w.starts, other) {
			w.env.Met("request ids of several workflows")
			id = idOf(other)
		}
	}
	name := nameOf(id, d.id)
	w.starts = append(w.starts, name)
	return name
}

// start returns the request that starts a run; each attempt is prepared against the version that the clients know then.
func (w *World) start(d *definition, id string) *sim.Request {
	e := &engine.Start{Workflow: d.id, Alias: "active", UUID: idOf(id), RequestID: idOf(id), Message: "simulated", Params: new(param.Params)}
	e.Params.Set("p", param.NewParam(param.Long, paramOf(id), 0))
	return &sim.Request{ID: id, Group: engine.GroupOf(d.id, w.env.Groups), Body: e, Fresh: func() any {
		c := *e
		c.UUID = w.uuidFor(id)
		if c.Plan = d.plan; c.Plan == nil {
			c.Plan = d.last.plan // of no version
		}
		return &c
	}}
}

// act stops or kills a run that a client knows of, or all of a workflow.
func (w *World) act(d *definition) any {
	action := instance.Stop
	if w.rng.IntN(3) == 0 {
		action = instance.Kill
	}
	if w.rng.IntN(30) == 0 {
		d.unclear = true // it may be repeated, and meet runs that are not started yet
		return &engine.ActAll{Workflow: d.id, Action: action, User: "sim"}
	}
	var known []string
	for _, id := range w.starts {
		if _, ok := w.acked[id]; ok && w.books.workflowOf[id] == d.id {
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return &engine.ActAll{Workflow: "nobody", Action: action}
	}
	id := known[len(known)-1-w.rng.IntN(min(3, len(known)))]
	if _, before := w.stopped[id]; before {
		w.stopped[id] = unclear // which one came first is not known
	} else {
		w.stopped[id] = action
	}
	return &engine.Act{Workflow: d.id, Instance: w.acked[id].Instance, Action: action, User: "sim"}
}

// Answered implements sim.World.
func (w *World) Answered(q *sim.Request, value any, err error) {
	if s, ok := value.(engine.Started); ok && err == nil && !w.books.everStarted[q.ID] {
		w.env.Fail("%s is said to be started as instance %d and was never durable", q.ID, s.Instance)
	}
}

// Answer implements sim.World.
func (w *World) Answer(q *sim.Request, value any, err error, _ bool) {
	if act, ok := q.Body.(*engine.Act); ok {
		w.env.Tracef("  %s: %s of instance %d of %s: %+v, %v", q.ID, act.Action, act.Instance, act.Workflow, value, err)
	}
	if s, ok := value.(engine.Started); ok {
		w.env.Tracef("  %s: instance %d of %s", q.ID, s.Instance, q.Body.(*engine.Start).Workflow)
	}
	if err != nil {
		w.refused(q, err)
		return
	}
	switch v := value.(type) {
	case engine.Pushed:
		for _, d := range w.workflows {
			if w.books.versions[v.Row].workflow == d.id {
				w.know(d, v.Version, v.Row)
			}
		}
	case engine.Moved:
		w.prepareAnew(q, v)
	case engine.Started:
		w.started(q, v)
	case engine.Acted, engine.ActedAll, engine.Removed:
	default:
		w.env.Fail("%s was answered by %T", q.ID, value)
	}
}

// know has the clients prepare their starts against a version.
func (w *World) know(d *definition, version, row int64) {
	p := *w.books.versions[row].plan
	p.Version, p.Row = version, row
	d.plan = &p
}

// prepareAnew repeats a start against the version that its alias names by now.
func (w *World) prepareAnew(q *sim.Request, v engine.Moved) {
	id := q.Body.(*engine.Start).Workflow
	for _, d := range w.workflows {
		if d.id != id {
			continue
		}
		if row := w.books.versionRow[versionKey{id, v.Version}]; row != 0 {
			w.know(d, v.Version, row)
		}
		w.again = append(w.again, w.start(d, q.ID))
	}
}

func (w *World) started(q *sim.Request, s engine.Started) {
	if s.Duplicate {
		w.env.Met("starts answered with the run that exists")
	}
	before, known := w.acked[q.ID]
	if known && (before.Instance != s.Instance || before.Row != s.Row) && !w.history.gone[before.Row] && !w.env.Lost() {
		if w.history.gone[s.Row] && s.Instance < before.Instance {
			return // a late answer: meanwhile that run was removed, and its request id has started another one
		}
		w.env.Fail("%s is instance %d (row %d), and was %d (row %d) before", q.ID, s.Instance, s.Row, before.Instance, before.Row)
	}
	w.acked[q.ID] = s
}

// hash draws a number that depends only on what it is for.
func hash(parts ...any) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, parts...) // a hash never fails
	x := h.Sum64()
	x ^= x >> 31
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}

// Release implements sim.World.
func (w *World) Release(g store.Group, effect any, current bool) {
	switch e := effect.(type) {
	case engine.Order:
		w.ordered(&e, current)
	case engine.Settled:
		if j := w.jobs[e.UUID]; j != nil && j.order.Run == e.Run {
			j.settled = true
			w.drop(e.UUID)
		}
	case *engine.Evaluation:
		w.env.Met("evaluations by a worker")
		if current { // who is not the owner any more would tell a group that is not there
			w.evaluations = append(w.evaluations, evaluation{g, e})
		}
	case engine.Changed:
	default:
		w.env.Fail("an unknown effect: %T", effect)
	}
}

// ordered has a runtime do what it is told.
func (w *World) ordered(o *engine.Order, current bool) {
	a := &o.Attempt
	w.env.Tracef("  order %d for attempt %d of step %s of %s, %s; current %v", o.Kind, a.Attempt, a.StepID, w.books.uuidOf[o.Run], o.Cause, current)
	w.books.checkOrder(w, o, current)
	j := w.jobs[a.UUID]
	switch {
	case o.Kind == record.OrderTerminate:
		w.env.Met("terminations")
	case j != nil:
		w.env.Met("orders repeated")
	}
	if o.Kind == record.OrderStart && current {
		w.checkParams(o)
	}
	if j == nil {
		j = &job{order: *o, run: w.books.uuidOf[o.Run], script: scriptOf(w.books.uuidOf[o.Run], a.StepID, a.Attempt)}
		w.jobs[a.UUID] = j
	}
	if !current && (j.settled || w.history.gone[o.Run]) {
		return
	}
	if current {
		j.order = *o // a store that has lost the run may have given it another row
	}
	switch o.Kind {
	case record.OrderStart, record.OrderObserve:
		if !j.begun {
			j.begun, j.ends = true, w.env.Now()+j.script.lasts
		}
	case record.OrderTerminate:
		if !j.begun || !j.over(w.env.Now()) {
			j.gone = true
		}
		j.begun = true
	}
	if !slices.Contains(w.pending, a.UUID) {
		w.pending = append(w.pending, a.UUID)
	}
}

func (j *job) over(now int64) bool { return !j.gone && now >= j.ends }

// paramOf is the workflow param p of the run that a start begins.
func paramOf(start string) int64 { return int64(hash("p", start) % 100) }

// checkParams checks the params with which an attempt is started: it has the output of the step that it asks.
func (w *World) checkParams(o *engine.Order) {
	r := w.books.runs[o.Run]
	if r == nil || r.version.version == nil {
		return
	}
	g := &r.version.graph
	asks := g.nodes[o.Ordinal].asks
	if asks < 0 {
		return
	}
	uuid, of := w.books.uuidOf[o.Run], r.steps[int32(asks)]
	p := paramOf(startOf(uuid))
	want := p - 1 // a command that has failed has put out nothing
	if of.Status == instance.StepSucceeded {
		want = p + scriptOf(uuid, g.nodes[asks].id, int64(of.Number)).out
	}
	if got, ok := o.Attempt.Params["in"].(int64); (!ok || got != want) && !w.env.Lost() {
		w.env.Fail("step %s of run %s is started with in = %v instead of %d", o.Attempt.StepID, uuid, o.Attempt.Params["in"], want)
	}
}

func (w *World) drop(uuid string) {
	if i := slices.Index(w.pending, uuid); i >= 0 {
		w.pending = slices.Delete(w.pending, i, i+1)
	}
}

// movedOn reports whether nobody waits for an evaluation any more. Until then it is told again and again: it may be lost on its
// way, which between a worker and its own node it cannot be.
func (w *World) movedOn(e evaluation) bool {
	r := w.books.runs[e.Run]
	if r == nil || r.status.Terminal() {
		return true
	}
	a := r.steps[e.Ordinal]
	waits := a.Status == instance.EvaluatingParams || a.Status == instance.Finishing || a.Target == instance.CompletedWithError
	return a.Number != e.Attempt || !waits
}

// Outside implements sim.World.
func (w *World) Outside() (store.Group, any, bool) {
	w.evaluations = slices.DeleteFunc(w.evaluations, w.movedOn)
	if n := len(w.evaluations); n > 0 && (len(w.pending) == 0 || w.rng.IntN(2) == 0) {
		v := w.evaluations[w.rng.IntN(n)]
		return v.group, v.Do(nil), true
	}
	if len(w.pending) == 0 {
		return 0, nil, false
	}
	j := w.jobs[w.pending[w.rng.IntN(len(w.pending))]]
	o := &j.order
	p := step.Progress{State: step.Running, Handle: "h" + o.Attempt.UUID[:8]}
	switch {
	case j.gone:
		p = step.Progress{State: step.Stopped}
	case j.over(w.env.Now()):
		p = step.Progress{State: j.script.state, Message: j.script.message}
		if p.State == step.Done {
			p.Outputs = map[string]any{"out": j.script.out}
		}
	case j.script.chatty:
		p.Message = fmt.Sprintf("it is %d", w.env.Now())
	}
	if j.script.artifact && p.State != step.Stopped {
		p.Artifacts = map[string][]byte{"it": fmt.Appendf(nil, `{"state":%q}`, p.State)}
	}
	e := &engine.Outcome{Type: o.Attempt.Type, UUID: o.Attempt.UUID, Run: o.Run, Ordinal: o.Ordinal, Attempt: int32(o.Attempt.Attempt), Progress: p}
	if w.rng.IntN(25) == 0 {
		e.Progress, e.Trouble = step.Progress{}, "the runtime cannot be asked"
		w.env.Met("runtimes that cannot be asked")
	}
	w.env.Tracef("  attempt %d of step %s of %s: %s %s", o.Attempt.Attempt, o.Attempt.StepID, w.books.uuidOf[o.Run], e.Progress.State, e.Trouble)
	return engine.GroupOf(o.Attempt.WorkflowID, w.env.Groups), e, true
}

var _ sim.World = (*World)(nil)
