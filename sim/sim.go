// Package sim runs a whole cluster from one seed in one thread: nodes of package flow, their committers, a store, a
// network, clients and the outside world, under virtual clocks. At each step a seeded choice is made among everything
// that may happen next, crashes and faults included. Then the faults end, everything must come to rest, and what is left
// is compared with what was promised.
//
// Above it is everything that it proves (store, flow, and the machine under test, which is a World); below it are only its
// tests and the table of deliberate bugs in sim/mutants, which is how the simulation itself is proved.
//
// The one thing to know before changing it: the same seed must give the same trace. Nothing here may read a clock, draw
// from another source than Env.Rand, start a goroutine or walk over a map where the order matters. One thread still
// sees what many would: wherever flow calls out of itself (a clock, a store, a machine that seals or loads, a message
// that is encoded), other parts of the cluster may run before the call returns; see Env.Yield.
package sim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

// World is a machine under test with all that surrounds it: its clients, its edge, and what must be true of it. A World
// serves one run. It reports what must not be by Env.Fail.
type World interface {
	flow.Kind

	// Setup returns the rows of the beginning.
	Setup(ids func() int64) []store.Row

	// Request returns the next request of the clients, or nil if there is none (for now).
	Request() *Request
	// Answer takes an answer that has reached the client: a value or an error that is final. A request may be repeated after
	// its answer, so more than one may come. current is false if the group had another owner when it was sent.
	Answer(r *Request, value any, err error, current bool)
	// Answered is told of each answer as it leaves a node, whether or not it reaches the client.
	Answered(r *Request, value any, err error)

	// Release takes an effect that a node has let out. current is as in Answer.
	Release(g store.Group, effect any, current bool)
	// Outside returns an event from the edge to a group, or false if there is none (for now). The simulation may lose it; the
	// World offers it again until an effect says that it is settled.
	Outside() (g store.Group, event any, ok bool)

	// Landed is told of each batch that has become durable.
	Landed(b *store.Batch)
	// Restored is told that the store has lost its last batches: what was promised in them is void.
	Restored(s store.Snapshot)
	// Compare compares a machine, of whose decisions all are durable, with the store.
	Compare(g store.Group, m flow.Machine, s store.Snapshot) error
	// Rest returns what is not done yet, or nil. It is asked when nothing moves any more.
	Rest(s store.Snapshot) error
	// Final checks the store at the end.
	Final(s store.Snapshot) error
}

// Operator is a World in which somebody looks after what has been set aside.
type Operator interface {
	// Operate returns what the operator asks for next, after the faults, or nil.
	Operate() *Request
}

// Refusable is a World that minds batches which the store refuses, because nothing in it makes such a batch.
type Refusable interface {
	Refused(err error)
}

// Request is what a client asks of a group. It is repeated until its answer is final.
type Request struct {
	ID    string
	Group store.Group
	Body  any
	// Fresh returns a copy of Body for one attempt, if the machine may change what it is given; nil = Body itself.
	Fresh func() any

	asks int // under way
	done bool
}

// Env is what a World may use.
type Env struct {
	Rand   *rand.Rand
	Groups int
	run    *run
}

// Now returns the true time in epoch milliseconds.
func (e *Env) Now() int64 { return e.run.time }

// Yield lets other parts of the cluster run, as if the caller were a thread that is interrupted here.
func (e *Env) Yield() { e.run.yield(e.run.current) }

// Fail notes that something is true that must not be. The first one ends the run.
func (e *Env) Fail(format string, args ...any) { e.run.fail(format, args...) }

// Tracef writes a line into the trace.
func (e *Env) Tracef(format string, args ...any) { e.run.trace.line(format, args...) }

// Met counts something that the run has met.
func (e *Env) Met(what string) { e.run.met.one(what) }

// Read looks at what is durable, without faults.
func (e *Env) Read(f func(store.Snapshot) error) {
	if err := e.run.disk.peek(f); err != nil {
		e.Fail("the store cannot be read: %v", err)
	}
}

// Lost reports whether the store has ever lost batches in this run.
func (e *Env) Lost() bool { return e.run.disk.lost > 0 }

// Config sets up a run.
type Config struct {
	Seed uint64
	// Steps is the length of the part with faults. Default 1500.
	Steps int
	// Trace, if set, gets a line for each thing that happens.
	Trace io.Writer
	// Open returns the store; nil = a store.Memory.
	Open func(groups int) (store.Store, error)
	// Faithful says that the store never forgets. Only a store.Memory does.
	Faithful bool
	// World makes the machine under test.
	World func(*Env) World
}

// Result says how a run went.
type Result struct {
	Hash  uint64 // of the trace
	Steps int
	Err   error
	Met   Counts
}

// run is one run of the simulation.
type run struct {
	rng     *rand.Rand
	climate climate
	trace   *trace
	world   World
	disk    *disk
	hosts   []*host
	routes  map[store.Group]*host // where clients, mail and the edge think that a group is
	current *host                 // whose code is on the stack
	depth   int                   // of yields
	calm    bool                  // no faults any more
	time    int64
	latest  int64 // that a clock has shown
	step    int
	zombies []zombie
	mail    []mail
	open    []*Request
	late    []*Request // answered; may be repeated
	met     Counts
	failed  error
}

// Run runs one seed.
func Run(c Config) (res Result) {
	if c.Steps == 0 {
		c.Steps = 1500
	}
	r := &run{
		rng:   rand.New(rand.NewPCG(c.Seed, 0x5e6e)),
		trace: newTrace(c.Trace),
		time:  1_700_000_000_000,
		met:   Counts{}, routes: map[store.Group]*host{},
	}
	defer func() {
		if p := recover(); p != nil {
			r.fail("panic: %v\n%s", p, debug.Stack())
		}
		res = Result{Hash: r.trace.sum(), Steps: r.step, Err: r.failed, Met: r.tally()}
	}()
	r.climate = newClimate(r.rng, c.Open == nil && !c.Faithful)
	r.trace.line("climate %+v", r.climate)
	var under store.Store = store.NewMemory(r.climate.Groups)
	if c.Open != nil {
		var err error
		if under, err = c.Open(r.climate.Groups); err != nil {
			r.fail("open the store: %v", err)
			return res
		}
		defer under.Close()
	} else {
		under.(*store.Memory).Remember = remembered
	}
	r.disk = newDisk(r, under)
	r.world = c.World(&Env{Rand: rand.New(rand.NewPCG(c.Seed, 0x1ed6e5)), Groups: r.climate.Groups, run: r})
	r.setup()
	for r.step = 1; r.step <= c.Steps && r.failed == nil; r.step++ {
		r.act()
	}
	if r.failed == nil {
		r.rest()
	}
	return res
}

// fail notes the first thing that went wrong.
func (r *run) fail(format string, args ...any) {
	if r.failed == nil {
		r.failed = fmt.Errorf("step %d: "+format, append([]any{r.step}, args...)...)
		r.trace.line("FAILED %s", fmt.Sprintf(format, args...))
	}
}

// chance reports true in so many of a hundred cases.
func (r *run) chance(percent int) bool { return r.rng.IntN(100) < percent }

// setup writes the rows of the beginning and starts the nodes.
func (r *run) setup() {
	r.calm = true
	if err := r.disk.begin(r.world); err != nil {
		r.fail("setup: %v", err)
		return
	}
	for i := range r.climate.Nodes {
		h := &host{run: r, index: i, name: fmt.Sprintf("n%d", i+1)}
		h.skew = int64(r.rng.IntN(2*int(r.climate.Skew)+1)) - r.climate.Skew
		r.hosts = append(r.hosts, h)
		h.start()
	}
	for g := range r.climate.Groups {
		h := r.hosts[r.rng.IntN(len(r.hosts))]
		h.claim(store.Group(g))
	}
	r.calm = false
}

func (r *run) tally() Counts {
	for _, h := range r.hosts {
		h.addStats(r.met)
	}
	return r.met
}
