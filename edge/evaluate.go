package edge

import (
	"context"
	"runtime"
	"sync"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/store"
)

// Evaluators evaluate for the engine what takes longer than a turn may: as many at once as there are CPUs, less one for the turns.
type Evaluators struct {
	deliver func(g store.Group, e *engine.Evaluated) bool
	slots   chan struct{}
	ctx     context.Context
	stop    context.CancelFunc
	mu      sync.Mutex
	closed  bool
	wg      sync.WaitGroup
}

// NewEvaluators returns evaluators. deliver hands a result to the group of its run; if the group is not here, it will ask again
// when it is loaded.
func NewEvaluators(deliver func(g store.Group, e *engine.Evaluated) bool) *Evaluators {
	v := &Evaluators{deliver: deliver, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))}
	v.ctx, v.stop = context.WithCancel(context.Background())
	return v
}

// Evaluate takes an evaluation. It does not block.
func (v *Evaluators) Evaluate(g store.Group, e *engine.Evaluation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return
	}
	v.wg.Go(func() {
		select {
		case v.slots <- struct{}{}:
		case <-v.ctx.Done():
			return
		}
		defer func() { <-v.slots }()
		if out := e.Do(v.ctx.Done()); out != nil {
			v.deliver(g, out)
		}
	})
}

// Close ends all evaluations and waits for them.
func (v *Evaluators) Close() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.stop()
	v.wg.Wait()
}
