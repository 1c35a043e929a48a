package engine

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/wire"
)

// Commands. Each is sent to the group of its workflow (GroupOf) and answered with the reply named, or an error.

// Push stores a new version of a workflow. Reply: Pushed.
type Push struct {
	Workflow   string
	Author     string
	Active     bool
	Plan       *Plan    // of the new version; the engine fills in its number and row
	Definition wire.Raw // Workflow
	// Merge returns the properties snapshot that follows from the present one ("" = none yet) and the pushed ones; it
	// is pure. An error refuses the push.
	Merge func(present wire.Raw, now int64) (Properties, error)
	// Metadata returns the metadata of the REST WorkflowDefinition for a version number and time.
	Metadata func(version, now int64) wire.Raw
}

// Properties is a properties snapshot and what the engine needs of it.
type Properties struct {
	Snapshot wire.Raw
	Owner    string
	Created  int64
	Rule     string // of the run strategy, upper case
	Limit    int64  // its workflow_concurrency
}

// Pushed is the reply to Push.
type Pushed struct {
	Version int64
	Row     int64 // of the version
}

// Start creates a run of a new instance. Its params have been evaluated against a version at the edge; if the alias names
// another version by now, the reply is Moved and nothing has happened. Reply: Started or Moved.
type Start struct {
	Workflow  string
	Alias     string // active, latest, default, or a number
	Plan      *Plan
	Params    *param.Params
	Request   wire.Raw // what a detail row keeps of the request (run_params); "" = nothing
	RequestID string   // as the caller gave it; "" = none
	UUID      string
	Initiator wire.Raw
	Tags      wire.Raw
	Requested int64
	Message   string // of the timeline entry
	// Invalid is why the params cannot be evaluated, if the run is to be kept all the same: it has failed before it begins.
	Invalid string
}

// Started is the reply to Start.
type Started struct {
	Instance, Run, Version int64
	UUID                   string
	Row                    int64
	Status                 instance.Status
	Duplicate              bool // the run that exists with this request id
	Message                string
	At                     int64
}

// Moved is the reply to a Start whose alias names another version than the one it was prepared against.
type Moved struct{ Version, Row int64 }

// Act stops or kills one run. Run 0 is the latest one. Reply: Acted.
type Act struct {
	Workflow      string
	Instance, Run int64
	Action        instance.Action
	User, Reason  string
}

// Acted is the reply to Act.
type Acted struct {
	Run       int64
	Status    instance.Status // after this command
	Completed bool            // nothing is left to do; otherwise the run ends when its steps have
	At        int64
}

// Release takes a run out of quarantine: it goes on where it was. Reply: Acted.
type Release struct {
	Workflow      string
	Instance, Run int64 // Run 0 is the latest one
	User          string
}

// Abandon ends a step whose job was told to end and does not confirm it. Reply: Acted.
type Abandon struct {
	Workflow      string
	Instance, Run int64 // Run 0 is the latest one
	Step          string
	User          string
}

// ActAll stops or kills every unfinished run of a workflow. Reply: ActedAll.
type ActAll struct {
	Workflow     string
	Action       instance.Action
	User, Reason string
}

// ActedAll is the reply to ActAll.
type ActedAll struct {
	Queued, Running int // ended at once; asked to end
	At              int64
}

// Remove removes runs that have ended, with all that is stored about them, as far as the rules of Retention allow: who sends
// it has seen them in the store, which may have changed since. Reply: Removed.
type Remove struct {
	Workflow string
	// Runs are looked at in this order. Those beyond MaxRemove, and what would be more than a batch can bear, are left.
	Runs      []RunPlace
	Retention Retention // of the server; what the workflow says itself counts more
}

// RunPlace is where a run was found. Row keys may be given out again by a store that has lost its last commits, so it counts
// only as a whole.
type RunPlace struct{ Row, Instance, Run int64 }

// Removed is the reply to Remove. A run that is in none of the lists is kept, or was not there.
type Removed struct {
	Runs []int64 // rows of runs of which nothing is left
	Part []int64 // rows of runs that have lost rows and have more, or were not reached; they may be asked for again
	Rows int     // deleted in all
}

// Outcome is what a runtime says of an attempt. It comes from the edge, any number of times.
type Outcome struct {
	Run      int64 // row
	Ordinal  int32
	Attempt  int32
	Type     string // of the step, and
	UUID     string // of the attempt: what is left to say if nobody knows the run any more
	Progress step.Progress
	// Trouble says, instead of Progress, why nothing is known of the attempt for some time; "" = something is.
	Trouble string
}

// Effects. They leave when what justifies them is durable.

// Order tells a runtime something about an attempt. A repeated order has the same UUID.
type Order struct {
	Kind    record.OrderKind
	Run     int64 // row
	Ordinal int32
	Attempt step.Attempt
	Handle  string
	Cause   step.Cause
}

// Settled says that the end of an attempt is durable and the edge may forget it.
type Settled struct {
	Type    string
	UUID    string
	Run     int64
	Ordinal int32
	Attempt int32
}

// Changed says that something about a run has changed; Ended that it was its end.
type Changed struct {
	Workflow      string
	Instance, Run int64
	Row           int64
	Ended         bool
}

// Events of the engine to itself.
type (
	// goOn continues a run: steps that are ready, deadlines that have come, orders to repeat.
	goOn struct {
		run   int64
		sweep *record.Sweep // a stop or kill to carry out, of a workflow
		of    *workflowHead
	}
	// dequeue begins the next queued runs of a workflow.
	dequeue struct{ workflow *workflowHead }
)
