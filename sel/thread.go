package sel

import (
	"context"
	"errors"
	"math/rand/v2"
)

// Limits bound what a program may use. A zero field stands for its default.
type Limits struct {
	Visits int64 // steps of work: nodes evaluated, and for library methods one step per 256 bytes looked at
	Loop   int64 // iterations of one execution of a loop; the loop fails when it completes this many
	Array  int64 // elements of an array made by new; it fails at this many
	String int64 // bytes of one string
	Memory int64 // bytes of all values made, in total, whether still in use or not
	Length int64 // UTF-16 units of the program's text; it fails at this many
	Depth  int64 // nesting of the program's text
}

// The defaults of Limits.
const (
	DefaultVisits = 100_000_000
	DefaultLoop   = 25_001
	DefaultArray  = 25_001
	DefaultString = 4 << 20
	DefaultMemory = 100_000_000
	DefaultLength = 10_000
	DefaultDepth  = 5_000
)

func (l Limits) orDefaults() Limits {
	fill := func(n *int64, def int64) {
		if *n == 0 {
			*n = def
		}
	}
	fill(&l.Visits, DefaultVisits)
	fill(&l.Loop, DefaultLoop)
	fill(&l.Array, DefaultArray)
	fill(&l.String, DefaultString)
	fill(&l.Memory, DefaultMemory)
	fill(&l.Length, DefaultLength)
	fill(&l.Depth, DefaultDepth)
	return l
}

// Extension answers method calls on params that the language does not know: params.getFromStep('a', 'b').
type Extension interface {
	// Call returns the value of the function, or ErrNoFunction when it has none of that name and number of arguments,
	// or ErrNotHere when the caller should fetch something and evaluate again. It may be called again with the
	// same arguments, also within one evaluation.
	Call(name string, args []string) (Value, error)
}

// ErrNotHere is what a Lookup or an Extension returns when the value exists but is not at hand: the evaluation stops
// at once with an error that is ErrNotHere, and the caller may fetch what was asked for and evaluate again.
var ErrNotHere = errors.New("the value is not here yet")

// ErrNoFunction is what an Extension returns for a function that it does not have.
var ErrNoFunction = errors.New("no such function")

// Input is what an evaluation sees.
type Input struct {
	// Lookup resolves a free name when the program first reads it; false means that there is none, which reads as
	// NULL. The program never changes what it returns. nil: there are no names.
	Lookup func(name string) (Value, bool, error)
	Now    int64     // the instant, epoch milliseconds
	Seed   uint64    // of Math.random and UUID.randomUUID
	Ext    Extension // may be nil
	Limits Limits
	// Done, when closed, stops the evaluation within a millisecond. May be nil.
	Done <-chan struct{}
	// Why says why Done is closed; context.DeadlineExceeded makes it the limit "deadline". May be nil.
	Why func() error

	onLook func(visits int64) // called whenever Done is looked at; for tests
}

// Within makes the evaluation end with ctx.
func (in *Input) Within(ctx context.Context) *Input {
	in.Done, in.Why = ctx.Done(), ctx.Err
	return in
}

// Thread is one evaluation in progress: its variables, its budgets and its inputs. Library methods get it to pay for
// their work, and to read the instant and random numbers.
type Thread struct {
	vars        []Value
	stack       []Value // arguments of the calls in progress
	visits      int64
	poll        int64 // the number of visits at which to look at the limit and at Done again
	bytes       int64
	limits      Limits
	in          *Input
	random      rand.PCG
	seeded      bool
	reads       []string
	readSet     map[string]bool // the same, once there are many
	result      Value
	growing     [mostGrowing]growing
	nextGrowing int
}

// pollEvery is the number of visits between two looks at Done: some 5 microseconds of operators, and less than a
// millisecond of the slowest library method.
const pollEvery = 512

// stepBytes is how many bytes a library method may look at for one visit.
const stepBytes = 256

// Now returns the instant of the evaluation in epoch milliseconds.
func (t *Thread) Now() int64 { return t.in.Now }

// Rand returns 64 random bits drawn from the evaluation's seed.
func (t *Thread) Rand() uint64 {
	if !t.seeded {
		t.random.Seed(t.in.Seed, 0x5e9e_5eed)
		t.seeded = true
	}
	return t.random.Uint64()
}

// Visit pays for n steps of work. It fails when the visit limit is reached, or Done is closed.
func (t *Thread) Visit(n int64) error {
	t.visits += n
	if t.visits < t.poll {
		return nil
	}
	return t.look()
}

// Work pays for looking at n bytes of anything.
func (t *Thread) Work(n int) error { return t.Visit(1 + int64(n)/stepBytes) }

// look is the one place where an evaluation learns that it must stop.
func (t *Thread) look() error {
	if t.visits >= t.limits.Visits {
		return Errorf(CodeLimitVisit, "the expression took more than %d steps", t.limits.Visits)
	}
	t.poll = min(t.visits+pollEvery, t.limits.Visits)
	if t.in.onLook != nil {
		t.in.onLook(t.visits)
	}
	if t.in.Done == nil {
		return nil
	}
	select {
	case <-t.in.Done:
	default:
		return nil
	}
	var why error
	if t.in.Why != nil {
		why = t.in.Why()
	}
	if errors.Is(why, context.DeadlineExceeded) {
		return Errorf(CodeLimitDeadline, "the expression did not end before its deadline: %w", why)
	}
	if why != nil {
		return Errorf(CodeCancelled, "the evaluation was cancelled: %w", why)
	}
	return Errorf(CodeCancelled, "the evaluation was cancelled")
}

// Alloc pays for n bytes of memory, before they are allocated.
func (t *Thread) Alloc(n int) error {
	t.bytes += int64(n)
	if t.bytes >= t.limits.Memory {
		return Errorf(CodeLimitMemory, "the expression made more than %d bytes of values", t.limits.Memory)
	}
	return nil
}

// AllocString pays for a string of n bytes, before it is made, and for the work to make it.
func (t *Thread) AllocString(n int) error {
	if int64(n) > t.limits.String {
		return Errorf(CodeLimitString, "a string would have more than %d bytes", t.limits.String)
	}
	if err := t.Work(n); err != nil {
		return err
	}
	return t.Alloc(16 + stored(n))
}

// stored is what n bytes of text count against the memory limit. The original counts two bytes for each UTF-16 unit,
// and no UTF-8 is to cost more.
func stored(n int) int { return n - n/3 }

// NewString pays for s and returns it as a value.
func (t *Thread) NewString(s string) (Value, error) {
	if err := t.AllocString(len(s)); err != nil {
		return Value{}, err
	}
	return StringOf(s), nil
}
