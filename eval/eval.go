// Package eval turns definitions of params into values: it fills ${names} into literals, runs expressions, and decides
// what a name means where.
//
// Below it are param and sel; above it, the edge calls Override and Workflow when a run is started, and engine calls
// Step and Condition. It is pure: the instant, the random seed and the other steps come in as arguments, and the same
// arguments give the same result.
//
// The one thing to know before changing it: inside a step, a name that is not evaluated yet means the workflow param of
// that name if there is one, so the order of the definitions counts (see stepScope.resolve). It is surprising, and
// definitions rely on it. A workflow has no such rule: its params refer to each other in any order.
//
// All errors are the author's (fault.BadRequest) unless a limit of time or a cancellation says otherwise. They name the
// workflow or step and the param; those of expressions give line and column, and the line with a caret as details.
// Where a value is not at hand yet, the error is sel.ErrNotHere.
package eval

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Separator divides a step id from the name of its param in a reference.
const Separator = "__"

// MaxSize is how many characters (UTF-16, as the original counts them) the JSON of the evaluated params of a workflow
// or of a step may have.
const MaxSize = 750_000

// Env is what an evaluation gets besides the params.
type Env struct {
	Now       int64      // epoch milliseconds
	Seed      uint64     // of random functions; each param draws from a stream of its own
	Limits    sel.Limits // of each expression
	Budget    *Budget    // of all expressions together; nil = none
	Programs  *sel.Cache // nil = compile each time
	Templates *Templates // nil = take literals apart each time
	// Ext answers functions of params that eval does not know; may be nil.
	Ext sel.Extension
	// Signal returns a param of the signal that started the run, for the reference signal__param; nil = no signal did.
	Signal func(signal, param string) (any, error)
	// Done, when closed, stops the evaluation; may be nil. Why says why, see sel.Input.
	Done <-chan struct{}
	Why  func() error
}

// Upstream shows the other steps of a run.
type Upstream interface {
	// KnownStep reports whether the run has a step of this id.
	KnownStep(id string) bool
	// StepParam returns a param of another step; false if the step has no such param. An error says that it cannot be
	// known, such as for a step that has not run.
	StepParam(id, name string) (*param.Param, bool, error)
}
