package view

import (
	"fmt"
	"slices"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/wire"
)

// AppendStep appends the document of an attempt.
func AppendStep(b []byte, h *Head, r *Run, v *Version, a *record.Attempt, o Options) ([]byte, error) {
	i := int(a.Ordinal)
	if i >= len(v.Plan.Steps) {
		return b, fmt.Errorf("run row %d: the definition has no step %d", r.Row, i)
	}
	p, text := &v.Plan.Steps[i], &v.steps[i]
	d := api.StepInstance{
		WorkflowID: h.ID, Instance: r.Instance, Run: r.Number, StepID: p.ID, Attempt: int64(a.Number), WorkflowUUID: r.UUID,
		StepUUID: engine.AttemptUUID(h.ID, &r.Run, p.ID, a.Number), CorrelationID: correlation(h.ID, r), StepInstance: int64(a.Seq),
		Version: r.Version, GroupInfo: int64(o.Groups), Definition: text.definition, Tags: text.tags,
		Params:     stepParams{r.detail(int64(a.Seq), a.Number, record.Params), p.Static, a},
		Transition: api.StepTransition{Predecessors: text.preds},
		Retry: api.StepRetry{
			Errors: int64(a.UserRetries), Platform: int64(a.PlatformRetries), Timeouts: int64(a.TimeoutRetries),
			Manual: int64(a.ManualRetries), Rules: text.retry,
			// Once a step has ended so that only a user can restart it, the engine does not try it again.
			Retryable: !a.NoRetry && !a.Status.Restartable(),
		},
		State:    api.RuntimeState{Status: a.Status, Times: a.Times},
		Timeline: a.Timeline,
	}
	if u := owner(r); u != nil {
		d.Owner = u
	}
	if v.Plan.Definition.Steps[i].Timeout.Given {
		d.TimeoutMillis = a.Timeout
	}
	d.Transition.Successors = edges(v, a)
	if text.expand {
		params, err := r.params()
		if err != nil {
			return b, fmt.Errorf("run row %d: params: %w", r.Row, err)
		}
		// A value that cannot be had keeps its default here as it did when the step ran.
		d.Retry.Rules, _ = v.Plan.Definition.Steps[i].Retry.Resolve(func(s string) (string, error) { return eval.Attribute(s, params) })
	}
	if text := r.detail(int64(a.Seq), a.Number, record.Artifacts); text != "" {
		n, err := wire.Parse([]byte(text))
		if err == nil {
			err = n.Each(func(f *wire.Field) error { return param.Stow(&d.Artifacts, f) })
		}
		if err != nil {
			return b, fmt.Errorf("run row %d, step %s: artifacts: %w", r.Row, p.ID, err)
		}
	}
	if o.Enriched {
		d.Timeline = stepTimeline(a)
	}
	return d.AppendJSON(b), nil
}

// AppendSteps appends an array of attempts, ordered by the sequence in which the steps were reached.
func AppendSteps(b []byte, h *Head, r *Run, v *Version, attempts []*record.Attempt, o Options) ([]byte, error) {
	list := make([]*record.Attempt, 0, len(attempts))
	for _, a := range attempts {
		if a != nil {
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b *record.Attempt) int { return int(a.Seq) - int(b.Seq) })
	b = append(b, '[')
	for i, a := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = AppendStep(b, h, r, v, a, o); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// stepParams are the params of an attempt: as they are stored, or the literals of the definition, and whether the step
// was satisfied.
type stepParams struct {
	stored  wire.Raw
	static  *param.Params
	attempt *record.Attempt
}

// satisfiedParam is the name of the param that says whether the conditions before a step let it run.
const satisfiedParam = "maestro_step_satisfied"

// AppendJSON appends the params.
func (p stepParams) AppendJSON(b []byte) []byte {
	a := p.attempt
	switch {
	case p.stored != "":
		b = append(b, p.stored[:len(p.stored)-1]...)
	case p.static != nil && a.Times[record.EvaluateParam] != 0:
		b = append(b, '{')
		for name, v := range p.static.All() {
			shown := *v
			shown.Time = a.Times[record.EvaluateParam]
			b = wire.AppendString(wire.Comma(b), name)
			b = shown.AppendJSON(append(b, ':'))
		}
	default:
		b = append(b, '{')
	}
	at := a.Times[record.Initialize]
	if at == 0 {
		at = a.Times[record.Create]
	}
	satisfied := param.Param{Definition: param.Definition{Type: param.Boolean, Value: a.Satisfied}, Result: a.Satisfied, Time: at}
	return append(satisfied.AppendJSON(wire.Key(b, satisfiedParam)), '}')
}

// edges returns the successors of an attempt with what became of their conditions.
func edges(v *Version, a *record.Attempt) []api.StepEdge {
	succs := v.Plan.Steps[a.Ordinal].Succs
	if len(succs) == 0 {
		return nil
	}
	at := a.Times[record.Finish]
	if at == 0 {
		at = a.Times[record.End]
	}
	list := make([]api.StepEdge, len(succs))
	for k, e := range succs {
		list[k] = api.StepEdge{
			StepID: v.Plan.Steps[e.To].ID, Condition: e.Text, Known: a.Edges.Known, Satisfied: a.Edges.Has(k), Time: at,
		}
	}
	return list
}

// statusOf says which status a moment of an attempt stands for; End stands for the last one.
var statusOf = [record.Moments]instance.StepStatus{
	record.Create: instance.StepCreated, record.Initialize: instance.Initialized, record.Pause: instance.StepPaused,
	record.WaitSignal: instance.WaitingForSignals, record.EvaluateParam: instance.EvaluatingParams,
	record.WaitPermit: instance.WaitingForPermits, record.Start: instance.Starting, record.Execute: instance.Running,
	record.Finish: instance.Finishing,
}

// stepTimeline is the timeline of an attempt with an entry for each status that it has had.
func stepTimeline(a *record.Attempt) []instance.TimelineEvent {
	list := make([]instance.TimelineEvent, 0, len(a.Timeline)+int(record.Moments))
	list = append(list, a.Timeline...)
	for m := record.Create; m < record.End; m++ {
		list = status(list, a.Times[m], statusOf[m].String())
	}
	list = status(list, a.Times[record.End], a.Status.String())
	return ordered(list)
}
