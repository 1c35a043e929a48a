package engine

import (
	"fmt"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// keptProperties are what a run keeps of the properties that its workflow has when it starts.
type keptProperties struct {
	of        wire.Raw // the snapshot
	owner     string
	created   int64
	stepLimit int64    // step_concurrency; 0 = unset
	whole     wire.Raw // all of it, if there is more than the fields above can say; it goes into a row of its own
}

// properties returns what a run that starts now keeps. A snapshot is read once.
func (wf *workflowHead) properties() *keptProperties {
	if wf.kept.of == wf.rec.Properties {
		return &wf.kept
	}
	n, err := wire.Parse([]byte(wf.rec.Properties))
	if err != nil {
		panic(fmt.Sprintf("engine: properties of workflow %q: %v", wf.id, err))
	}
	s, err := workflow.DecodePropertiesSnapshot(n)
	if err != nil {
		panic(fmt.Sprintf("engine: properties of workflow %q: %v", wf.id, err))
	}
	k := keptProperties{of: wf.rec.Properties, created: s.CreateTime}
	if s.Owner != nil {
		k.owner = s.Owner.Name
	}
	if s.StepConcurrency != nil {
		k.stepLimit = *s.StepConcurrency
	}
	if s.Alerting != nil || len(s.Tags) > 0 || s.Owner != nil && s.Owner.Extra.Len() > 0 {
		p := api.RunProperties{CreateTime: s.CreateTime, Owner: s.Owner, Alerting: s.Alerting, StepConcurrency: s.StepConcurrency, Tags: s.Tags}
		k.whole = wire.Raw(p.AppendJSON(nil))
	}
	wf.kept = k
	return &wf.kept
}
