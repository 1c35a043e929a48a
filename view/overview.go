package view

import (
	"strconv"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
)

// overview counts the steps of a run by status.
func overview(workflowID string, r *Run, v *Version, latest []*record.Attempt) *api.RuntimeOverview {
	var counts [32]int
	reached := 0
	for _, a := range latest {
		if a != nil {
			counts[a.Status]++
			reached++
		}
	}
	o := &api.RuntimeOverview{TotalSteps: int64(len(latest)), Rollup: api.Rollup{TotalLeaves: int64(len(latest))}}
	if reached == 0 {
		return o
	}
	times := make([]api.StepTimes, reached)
	var in [32][]api.StepTimes
	for _, n := range v.Plan.Graph.Order {
		a := latest[n]
		if a == nil {
			continue
		}
		if in[a.Status] == nil {
			in[a.Status], times = times[:0:counts[a.Status]], times[counts[a.Status]:]
		}
		in[a.Status] = append(in[a.Status], api.StepTimes{
			Ordinal: int64(v.Plan.Graph.Nodes[n].Ordinal), Start: a.Times[record.Start], End: a.Times[record.End],
		})
	}
	for s := range in {
		if in[s] == nil {
			continue
		}
		status := instance.StepStatus(s)
		o.Steps = append(o.Steps, api.StatusSteps{Status: status, Steps: in[s]})
		roll := api.StatusRollup{Status: status, Count: int64(len(in[s]))}
		if status.InOverview() {
			roll.Refs = refs(workflowID, r, v, latest, status)
		}
		o.Rollup.Statuses = append(o.Rollup.Statuses, roll)
	}
	return o
}

// refs names the steps in a status.
func refs(workflowID string, r *Run, v *Version, latest []*record.Attempt, status instance.StepStatus) *param.Ordered[[]string] {
	var names []string
	for _, n := range v.Plan.Graph.Order {
		if a := latest[n]; a != nil && a.Status == status {
			names = append(names, strconv.FormatInt(r.Instance, 10)+":"+v.Plan.Steps[n].ID+":"+strconv.FormatInt(int64(a.Number), 10))
		}
	}
	m := new(param.Ordered[[]string])
	m.Set(workflowID+":"+strconv.FormatInt(r.Number, 10), names)
	return m
}

// aggregated is the state of every step of an instance over its runs. Later runs do not take steps over yet, so it is
// that of the latest run.
func aggregated(r *Run, v *Version, latest []*record.Attempt) *api.AggregatedInfo {
	info := &api.AggregatedInfo{Status: r.Status, Steps: make([]api.AggregatedStep, 0, len(latest))}
	for _, n := range v.Plan.Graph.Order {
		s := api.AggregatedStep{StepID: v.Plan.Steps[n].ID}
		if a := latest[n]; a != nil {
			s.Run, s.Status, s.Start, s.End = r.Number, a.Status, a.Times[record.Start], a.Times[record.End]
		}
		info.Steps = append(info.Steps, s)
	}
	return info
}
