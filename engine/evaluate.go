package engine

import (
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
)

// Evaluation is an effect: the expressions of an attempt that need more than a turn has time for. Whoever gets it calls Do,
// on any goroutine, and delivers what that returns to the group. It may be done again, and lost: the engine asks again
// when it has loaded the run, and the result is always the same, since the instant and the seed are fixed.
type Evaluation struct {
	Run     int64 // row
	Ordinal int32
	Attempt int32
	stage   instance.StepStatus // in which the attempt waits
	kind    *Kind
	in      inputs
}

// Evaluated is the event that an Evaluation results in.
type Evaluated struct {
	Run     int64
	Ordinal int32
	Attempt int32
	stage   instance.StepStatus
	params  *param.Params
	edges   record.Edges
	err     error
}

// Do evaluates, with the limits of the language only. When done is closed, it gives up and returns nil.
func (e *Evaluation) Do(done <-chan struct{}) *Evaluated {
	out := &Evaluated{Run: e.Run, Ordinal: e.Ordinal, Attempt: e.Attempt, stage: e.stage}
	env := e.kind.env(e.in.now, e.in.seed)
	env.Done = done
	if e.stage == instance.EvaluatingParams {
		out.params, out.err = e.in.stepParams(env)
	} else {
		out.edges, out.err = e.in.edges(env)
	}
	select {
	case <-done:
		return nil
	default:
		return out
	}
}

// inputs is all that the expressions of an attempt depend on. Nothing of it is ever changed.
type inputs struct {
	now    int64
	seed   uint64
	plan   *Plan
	step   int32
	own    *param.Params // of the step; nil while they are being evaluated
	params *param.Params // of the run
	others others
}

// others shows an expression the other steps of its run.
type others interface {
	// at returns the status and the evaluated params of a step.
	at(i int) (instance.StepStatus, *param.Params)
}

func (b *body) at(i int) (instance.StepStatus, *param.Params) {
	return b.steps[i].Status, b.steps[i].params
}

// frozen is a copy of what a body shows, for other goroutines.
type frozen []struct {
	status instance.StepStatus
	params *param.Params
}

func (f frozen) at(i int) (instance.StepStatus, *param.Params) { return f[i].status, f[i].params }

func (b *body) freeze() frozen {
	f := make(frozen, len(b.steps))
	for i := range b.steps {
		f[i].status, f[i].params = b.at(i)
	}
	return f
}

// inputs returns what the expressions of an attempt depend on at its present stage. The instant is the one at which the stage
// was entered.
func (b *body) inputs(i int32) inputs {
	s := &b.steps[i]
	return inputs{
		now: s.Times[enteredAt[s.Status]], seed: seedOf(b.rec.UUID, i, s.Number), plan: b.plan, step: i, own: s.params, params: b.params, others: b,
	}
}

func (in *inputs) stepParams(env eval.Env) (*param.Params, error) {
	p := &in.plan.Steps[in.step]
	return eval.Step(env, p.ID, p.Params, in.params, upstream{in})
}

// edges evaluates the conditions of the step's outgoing edges.
func (in *inputs) edges(env eval.Env) (record.Edges, error) {
	edges := record.Edges{Known: true}
	p := &in.plan.Steps[in.step]
	for k := range p.Succs {
		e := &p.Succs[k]
		if e.Always {
			edges.Set(k)
			continue
		}
		yes, err := eval.Condition(env, p.ID, e.Text, in.own, in.params, upstream{in})
		if err != nil {
			return edges, fault.In(err, "condition of the transition from [%s] to [%s]", p.ID, in.plan.Steps[e.To].ID)
		}
		if yes {
			edges.Set(k)
		}
	}
	return edges, nil
}

// evaluate evaluates the params of an attempt, or fails with eval.ErrBudget.
func (m *Machine) evaluate(r *run, i int32) (*param.Params, error) {
	in := r.body.inputs(i)
	env, spent := m.inTurn(&in)
	defer spent()
	return in.stepParams(env)
}

// edges evaluates the conditions of the outgoing edges of a step, or fails with eval.ErrBudget.
func (m *Machine) edges(r *run, i int32) (record.Edges, error) {
	if p := &r.body.plan.Steps[i]; p.Unconditional {
		edges := record.Edges{Known: true}
		for k := range p.Succs {
			edges.Set(k)
		}
		return edges, nil
	}
	in := r.body.inputs(i)
	env, spent := m.inTurn(&in)
	defer spent()
	return in.edges(env)
}

// inTurn returns the environment of an evaluation within a turn. spent takes what it has used off the budget of the turn.
func (m *Machine) inTurn(in *inputs) (env eval.Env, spent func()) {
	env = m.kind.env(in.now, in.seed)
	m.expressions = eval.Budget{Visits: m.limits.Visits, Bytes: m.limits.Bytes}
	env.Budget = &m.expressions
	return env, func() { m.budget -= int((m.limits.Visits - m.expressions.Visits) / visitsPerStep) }
}

// handOver has a worker evaluate what an attempt needs at its present stage. Its job, if it had one, is over.
func (m *Machine) handOver(t *flow.Turn, r *run, i int32) {
	s := &r.body.steps[i]
	m.withdraw(t, r, i)
	s.Deadline, s.Wake = 0, 0
	m.askWorker(t, r, i)
}

func (m *Machine) askWorker(t *flow.Turn, r *run, i int32) {
	s := &r.body.steps[i]
	in := r.body.inputs(i)
	in.others = r.body.freeze()
	t.Hold(&Evaluation{Run: r.row, Ordinal: i, Attempt: s.Number, stage: s.Status, kind: m.kind, in: in})
}

// evaluating reports whether an attempt waits for a worker.
func (s *stepState) evaluating() bool {
	switch s.Status {
	case instance.EvaluatingParams, instance.Finishing:
		return true
	case instance.FatallyFailed:
		return s.Target == instance.CompletedWithError
	}
	return false
}

// evaluatedElsewhere goes on with an attempt for which a worker has evaluated, unless the attempt has moved on.
func (m *Machine) evaluatedElsewhere(t *flow.Turn, e *Evaluated) {
	r := m.runs[e.Run]
	if r == nil || r.status != instance.InProgress || r.aside != 0 || !m.unfolded(t, r) {
		return
	}
	i := e.Ordinal
	s := &r.body.steps[i]
	if s.Number != e.Attempt || s.Status != e.stage || !s.evaluating() {
		return
	}
	switch s.Status {
	case instance.EvaluatingParams:
		m.evaluated(t, r, i, e.params, e.err)
	case instance.Finishing:
		m.finished(t, r, i, e.edges, e.err)
	default:
		s.Target = 0
		m.ignored(t, r, i, e.edges, e.err)
	}
	m.advance(t, r)
}

// upstream shows an expression the other steps of its run.
type upstream struct{ in *inputs }

func (u upstream) ordinal(id string) int {
	if n, ok := u.in.plan.Index[id]; ok {
		return n
	}
	return -1
}

// KnownStep reports whether the run has such a step.
func (u upstream) KnownStep(id string) bool { return u.ordinal(id) >= 0 }

// StepParam returns an evaluated param of a step that is complete.
func (u upstream) StepParam(id, name string) (*param.Param, bool, error) {
	i := u.ordinal(id)
	if i < 0 {
		return nil, false, nil
	}
	status, params := u.in.others.at(i)
	if !status.Complete() {
		return nil, false, fault.New(fault.BadRequest, "step [%s] is %s; only params of steps that are complete can be referenced", id, status)
	}
	p, ok := params.Get(name)
	return p, ok, nil
}
