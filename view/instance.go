package view

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// Options say what an answer shows besides what it always shows.
type Options struct {
	// Enriched adds an entry for each status to the timeline.
	Enriched bool
	// Aggregated adds aggregated_info.
	Aggregated bool
	// Groups is the number of flow groups of the store.
	Groups int
}

// AppendInstance appends the document of a run. Its step rows must have been taken.
func AppendInstance(b []byte, h *Head, r *Run, v *Version, o Options) ([]byte, error) {
	latest := r.Latest(v)
	w := api.WorkflowInstance{
		WorkflowID: h.ID, Instance: r.Instance, Run: r.Number, UUID: r.UUID, CorrelationID: correlation(h.ID, r),
		Version: r.Version, GroupInfo: int64(o.Groups), InternalID: h.Internal,
		Config:      api.RunConfig{Policy: api.FreshRun},
		Properties:  properties(r),
		Workflow:    v.workflow,
		DAG:         v.dag,
		Status:      r.Status,
		RequestTime: r.Requested, CreateTime: r.Created, StartTime: r.Started, EndTime: r.Ended, ModifyTime: r.Modified,
		Timeline: ownTimeline(r),
	}
	if r.Started != 0 {
		w.ExecutionID = r.UUID
		w.Overview = overview(h.ID, r, v, latest)
	}
	if r.Initiator != "" {
		w.Initiator = r.Initiator
	}
	if v.Plan.Definition.Timeout.Given {
		w.TimeoutMillis = timeout(r, v)
	}
	if text := r.detail(0, 0, record.Params); text != "" {
		w.Params = text
	} else {
		w.Params = empty
	}
	if text := r.detail(0, 0, record.Request); text != "" {
		w.RunParams = text
	}
	if r.Tags != "" {
		if err := tagged(&w, r.Tags, v); err != nil {
			return b, fmt.Errorf("run row %d: runtime tags: %w", r.Row, err)
		}
	}
	if o.Enriched {
		w.Timeline = runTimeline(r)
	}
	if o.Aggregated {
		w.Aggregated = aggregated(r, v, latest)
	}
	return w.AppendJSON(b), nil
}

// timeout returns the timeout of a run; one that is queued has not fixed it yet.
func timeout(r *Run, v *Version) int64 {
	if r.Timeout != 0 {
		return r.Timeout
	}
	params, err := r.params()
	if err != nil {
		return 0
	}
	ms, err := v.Plan.RunTimeout(params)
	if err != nil {
		return 0 // the run was kept although its params cannot be evaluated
	}
	return ms
}

var empty wire.Appender = wire.Raw("{}")

// tagged puts the runtime tags of a run into its document: as they came, and among those of the workflow.
func tagged(w *api.WorkflowInstance, tags wire.Raw, v *Version) error {
	n, err := wire.Parse([]byte(tags))
	if err != nil {
		return err
	}
	if err := wire.ListOf(n, &w.Config.RuntimeTags, param.DecodeTag); err != nil {
		return err
	}
	shown := *v.Plan.Definition
	shown.Tags = slices.Concat(shown.Tags, w.Config.RuntimeTags)
	w.Workflow = &shown
	return nil
}

// properties are what the run has kept of those of its workflow.
func properties(r *Run) wire.Appender {
	if text := r.detail(0, 0, record.Properties); text != "" {
		return text
	}
	p := &api.RunProperties{CreateTime: r.Snapshot, Owner: owner(r)}
	if r.StepLimit != 0 {
		p.StepConcurrency = &r.StepLimit
	}
	return p
}

func owner(r *Run) *workflow.User {
	if r.Owner == "" {
		return nil
	}
	return &workflow.User{Name: r.Owner}
}

// correlation returns what ties a run to those that come from it: the first run of its instance.
func correlation(workflowID string, r *Run) string {
	b := make([]byte, 0, len(workflowID)+16)
	b = append(append(b, workflowID...), ':')
	b = strconv.AppendInt(b, r.Instance, 10)
	return string(append(b, ":1"...))
}

// ownTimeline is the timeline of a run. That it has left the queue is not stored with it: when it has says all.
func ownTimeline(r *Run) []instance.TimelineEvent {
	if r.Started == 0 {
		return r.Timeline
	}
	list := make([]instance.TimelineEvent, 0, len(r.Timeline)+4)
	list = ordered(append(append(list, r.Timeline...), instance.Log(r.Started, "INFO", "The run has left the queue and begins.")))
	return list[max(0, len(list)-instance.TimelineLimit):]
}

// runTimeline is the timeline of a run with an entry for each status that it has had.
func runTimeline(r *Run) []instance.TimelineEvent {
	list := slices.Clip(ownTimeline(r))
	list = status(list, r.Created, instance.Created.String())
	list = status(list, r.Started, instance.InProgress.String())
	list = status(list, r.Ended, r.Status.String())
	return ordered(list)
}

func status(list []instance.TimelineEvent, at int64, name string) []instance.TimelineEvent {
	if at == 0 {
		return list
	}
	return append(list, instance.StatusEvent(at, name))
}

func ordered(list []instance.TimelineEvent) []instance.TimelineEvent {
	slices.SortStableFunc(list, func(a, b instance.TimelineEvent) int {
		switch {
		case a.Timestamp < b.Timestamp:
			return -1
		case a.Timestamp > b.Timestamp:
			return 1
		}
		return 0
	})
	return list
}
