package view

import (
	"slices"
	"strconv"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/sel/chrono"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// AppendDefinition appends the document of a version: the REST WorkflowDefinition. metadata is as the version row has it.
// An instant other than 0 (epoch milliseconds) has it enriched with what follows from the definition at that time.
func AppendDefinition(b []byte, h *Head, v *Version, metadata wire.Raw, enriched int64) []byte {
	n := v.Plan.Version
	b = append(b, '{')
	if h.Properties != "" {
		b = h.Properties.AppendJSON(wire.Key(b, "properties_snapshot"))
	}
	if metadata != "" {
		b = metadata.AppendJSON(wire.Key(b, "metadata"))
	}
	b = v.workflow.AppendJSON(wire.Key(b, "workflow"))
	b = wire.Boolean(b, "is_active", n == h.Active)
	if n == h.Active {
		b = wire.OptInt(b, "activate_time", h.ActivateAt)
		b = wire.OptStr(b, "activated_by", h.ActivateBy)
	}
	b = wire.Boolean(b, "is_latest", n == h.Latest)
	b = wire.Boolean(b, "is_default", n == h.Default())
	b = wire.OptInt(b, "modify_time", h.Modified)
	b = wire.OptInt(b, "internal_id", h.Internal)
	if enriched != 0 {
		b = extras(v.Plan.Definition, enriched).AppendJSON(wire.Key(b, "enriched_extras"))
	}
	return append(b, '}')
}

// extras are the params of a definition as a run would take them, and when its time triggers fire next.
func extras(w *workflow.Workflow, now int64) *workflow.Extras {
	e := &workflow.Extras{WorkflowParams: eval.Declare(w.Params), StepParams: new(param.Ordered[*param.Definitions])}
	w.Walk(func(s *workflow.Step, _ []*workflow.Step) bool {
		e.StepParams.Set(s.ID, eval.Declare(s.Params))
		return true
	})
	for i := range w.TimeTriggers {
		at := nextTime(&w.TimeTriggers[i], now)
		e.NextTimes = append(e.NextTimes, at)
		if at != nil && (e.NextTime == 0 || *at < e.NextTime) {
			e.NextTime = *at
		}
	}
	return e
}

// nextTime returns when a trigger fires after an instant; nil = never, or nobody can say.
func nextTime(t *schedule.Trigger, after int64) *int64 {
	name := t.Timezone
	if name == "" {
		name = "UTC"
	}
	zone, err := chrono.Lookup(name)
	if err != nil {
		return nil // validation has let it pass in an earlier version of the zone names
	}
	cron, err := schedule.ParseCron(t.Expression())
	if err != nil {
		return nil // an interval
	}
	at, ok := cron.Next(after, zone)
	if !ok {
		return nil
	}
	return &at
}

// Counts are how many instances of a workflow are in which status, by their latest runs.
type Counts struct {
	Latest int64 // highest instance id; 0 = none
	by     [16]int64
	last   instance.Status
}

// Add takes the status of a run; runs must come ordered by instance and run.
func (c *Counts) Add(instanceID int64, s instance.Status) {
	if instanceID == c.Latest {
		c.by[c.last]--
	}
	c.by[s]++
	c.Latest, c.last = instanceID, s
}

// Overview returns where a workflow stands.
func Overview(h *Head, c *Counts) (*api.WorkflowOverview, error) {
	snapshot, err := Properties(h)
	if err != nil {
		return nil, err
	}
	strategy := snapshot.Strategy()
	snapshot.RunStrategy = &strategy
	o := &api.WorkflowOverview{
		WorkflowID: h.ID, Active: h.Active, Latest: h.Latest, Default: h.Default(), Properties: snapshot,
		Created: c.by[instance.Created], InProgress: c.by[instance.InProgress], Paused: c.by[instance.Paused],
		Failed: c.by[instance.Failed], LatestInstance: c.Latest,
	}
	if snapshot.StepConcurrency != nil {
		o.StepConcurrency = *snapshot.StepConcurrency
	}
	return o, nil
}

// Properties returns the properties snapshot of a workflow.
func Properties(h *Head) (*workflow.PropertiesSnapshot, error) {
	if h.Properties == "" {
		return &workflow.PropertiesSnapshot{WorkflowID: h.ID}, nil
	}
	n, err := wire.Parse([]byte(h.Properties))
	if err != nil {
		return nil, err
	}
	return workflow.DecodePropertiesSnapshot(n)
}

// Timeline returns what has happened to a workflow, the newest entry first.
func Timeline(h *Head) *api.WorkflowTimeline {
	t := &api.WorkflowTimeline{WorkflowID: h.ID}
	for _, e := range slices.Backward(h.Timeline) {
		t.Events = append(t.Events, api.WorkflowEvent{Author: e.Author, Log: e.Message, Timestamp: e.Timestamp})
	}
	return t
}

// AppendSummary appends one element of the list of workflows.
func AppendSummary(b []byte, h *Head) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", h.ID)
	b = wire.OptInt(b, "internal_id", h.Internal)
	b = wire.OptInt(b, "active_version_id", h.Active)
	b = wire.OptInt(b, "latest_version_id", h.Latest)
	b = wire.OptInt(b, "default_version_id", h.Default())
	b = wire.OptInt(b, "modify_time", h.Modified)
	if h.Properties != "" {
		b = h.Properties.AppendJSON(wire.Key(b, "properties_snapshot"))
	}
	return append(b, '}')
}

// AppendPage appends a page of a list whose elements are appended already, separated by commas. Cursors are row keys;
// such a list is not counted, so that total_count is the number of elements on the page.
func AppendPage(b, elements []byte, count int, first, last int64, before, after bool) []byte {
	b = append(b, `{"page_info":{"start_cursor":`...)
	b = appendCursor(b, first)
	b = append(b, `,"end_cursor":`...)
	b = appendCursor(b, last)
	b = wire.Boolean(b, "has_previous_page", before)
	b = wire.Boolean(b, "has_next_page", after)
	b = append(b, `,"start_index":null}`...)
	b = wire.Int(b, "total_count", int64(count))
	b = append(wire.Key(b, "elements"), '[')
	b = append(b, elements...)
	return append(b, ']', '}')
}

func appendCursor(b []byte, row int64) []byte {
	if row == 0 {
		return append(b, "null"...)
	}
	b = append(b, '"')
	return append(strconv.AppendInt(b, row, 10), '"')
}
