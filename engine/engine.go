// Package engine decides what happens to workflows: which run begins, which step is reached, what a runtime is told, when
// a run has ended. It is pure: an event and a time go in, changed rows and effects come out; no I/O, goroutine, clock
// or random number is in it.
//
// Above it are the words, sel, dag, eval, lifecycle (which says what a status may become), record (what rows say) and
// flow, whose Machine it is; below it, step carries out its orders and the REST edge sends it commands.
//
// The one thing to know before changing it: an event may be decided, lost and decided again, and a group may be loaded
// from its rows at any batch boundary and must then go on as if nothing had happened. So everything that matters is in a
// row that changes in the same turn, and nothing else is.
package engine

import (
	"fmt"
	"slices"

	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

// Limits bounds what one turn does and what a group keeps in memory. Zero fields have defaults.
type Limits struct {
	// StepsPerTurn is how many steps one turn carries through before it goes on in a continuation. Default 128.
	StepsPerTurn int
	// Resident is how many runs a group keeps unfolded in memory; others are parked and fetched when something happens
	// to them. Default 256.
	Resident int
	// ResidentBytes bounds the same in bytes, about. Default 8 MiB.
	ResidentBytes int
	// DuePerTick is how many runs one Tick wakes. Default 256.
	DuePerTick int
	// RemoveRows is how many rows one Remove deletes below the rows of runs. Default MaxRemoveRows.
	RemoveRows int
	// Visits and Bytes are what the expressions of a step may use within a turn (see sel.Limits); those that need more are
	// evaluated by a worker. Default 20,000 and 1 MiB: less than a millisecond.
	Visits, Bytes int64
}

// visitsPerStep is how many visits count as much as a step in StepsPerTurn.
const visitsPerStep = 200

func (l Limits) withDefaults() Limits {
	if l.StepsPerTurn == 0 {
		l.StepsPerTurn = 128
	}
	if l.Resident == 0 {
		l.Resident = 256
	}
	if l.ResidentBytes == 0 {
		l.ResidentBytes = 8 << 20
	}
	if l.DuePerTick == 0 {
		l.DuePerTick = 256
	}
	if l.RemoveRows == 0 {
		l.RemoveRows = MaxRemoveRows
	}
	if l.Visits == 0 {
		l.Visits = 20_000
	}
	if l.Bytes == 0 {
		l.Bytes = 1 << 20
	}
	return l
}

// Machine is the state of one group: its workflows and their runs.
type Machine struct {
	group  store.Group
	kind   *Kind
	limits Limits
	ids    func() int64

	workflows map[string]*workflowHead
	byRow     map[int64]*workflowHead
	runs      map[int64]*run // unfinished, or not yet durably finished
	timers    timers

	// What the present turn has left to do and has touched.
	budget      int
	expressions eval.Budget // of the evaluation under way
	touched     []*run
	subject     int64 // row of the run that the turn has begun last, if any

	// What the next Seal writes.
	dirtyWorkflows []*workflowHead
	dirtyRuns      []*run
	pending        []store.Row

	removal uint64 // epoch of the last removal of history

	resident queueOf[seen] // runs that are unfolded, in order of their last event
	weight   int           // of their bodies, in bytes
	ended    queueOf[seen] // runs that can be forgotten once durable
}

// seen is a run and the epoch in which something last happened to it.
type seen struct {
	run   *run
	epoch uint64
}

// Handle decides one event.
func (m *Machine) Handle(t *flow.Turn, event any) {
	m.budget, m.subject = m.limits.StepsPerTurn, 0
	switch e := event.(type) {
	case *Push:
		m.push(t, e)
	case *Start:
		m.start(t, e)
	case *Act:
		m.act(t, e)
	case *ActAll:
		m.actAll(t, e)
	case *Release:
		m.release(t, e)
	case *Abandon:
		m.abandon(t, e)
	case *Remove:
		m.remove(t, e)
	case *Outcome:
		m.outcome(t, e)
	case *Evaluated:
		m.evaluatedElsewhere(t, e)
	case *goOn:
		m.goOn(t, e)
	case *dequeue:
		m.dequeue(t, e.workflow, true)
	case flow.Tick:
		m.tick(t)
	case flow.Loaded:
		m.loaded(t)
	case flow.Poisoned:
		m.poisoned(t, e)
	default:
		panic(fmt.Sprintf("engine: unknown event %T", event))
	}
	m.endTurn(t)
}

// endTurn says what has changed to those who watch, and tidies up memory.
func (m *Machine) endTurn(t *flow.Turn) {
	for i, r := range m.touched {
		m.touched[i] = nil
		r.noted = false
		t.Hold(Changed{Workflow: r.wf.id, Instance: r.instance, Run: r.number, Row: r.row, Ended: r.status.Terminal()})
		if r.body != nil && !r.status.Terminal() {
			m.setTimer(r)
		}
	}
	m.touched = m.touched[:0]
	m.forgetEnded(t.Durable)
	m.park(t.Durable)
}

// touch marks the record of a run as changed in this turn. bytes is about what its rows will need.
func (m *Machine) touch(t *flow.Turn, r *run, bytes int) {
	r.changed = true
	m.touchRows(t, r, bytes)
}

// touchRows marks a run as changed of which only steps have changed; its own row need not be written.
func (m *Machine) touchRows(t *flow.Turn, r *run, bytes int) {
	t.Dirty(bytes)
	r.epoch = t.Epoch
	if !r.dirty {
		r.dirty = true
		m.dirtyRuns = append(m.dirtyRuns, r)
	}
	if !r.noted {
		r.noted = true
		m.touched = append(m.touched, r)
		m.resident.push(seen{r, t.Epoch})
	}
}

// forgetEnded drops the runs whose end is durable.
func (m *Machine) forgetEnded(durable uint64) {
	for m.ended.len() > 0 && m.ended.first().epoch <= durable {
		r := m.ended.pop().run
		m.fold(r)
		delete(m.runs, r.row)
		if r.key != "" && r.wf.requests[r.key] == r {
			delete(r.wf.requests, r.key)
		}
	}
}

// park folds the runs that have been idle longest, if too many are unfolded and all about them is durable.
func (m *Machine) park(durable uint64) {
	for m.resident.len() > m.limits.Resident || m.weight > m.limits.ResidentBytes && m.resident.len() > 0 {
		s := *m.resident.first()
		if s.epoch > durable {
			return
		}
		m.resident.pop()
		r := s.run
		if r.epoch == s.epoch && !r.dirty && r.body != nil && len(r.body.ready) == 0 {
			m.fold(r)
		}
	}
}

// unfoldedTo gives a run its body. docs is the size of the documents that it was made of.
func (m *Machine) unfoldedTo(r *run, b *body, docs int) {
	r.body = b
	m.grow(r, 600+500*len(b.steps)+memoryPerByte*docs)
}

// memoryPerByte is about how many bytes of memory a byte of a document takes.
const memoryPerByte = 3

// grow notes that the body of a run has become larger.
func (m *Machine) grow(r *run, bytes int) {
	r.weight += bytes
	m.weight += bytes
}

// fold lets go of the body of a run.
func (m *Machine) fold(r *run) {
	r.body = nil
	m.weight -= r.weight
	r.weight = 0
}

// Deadline returns when the first run wants to be woken.
func (m *Machine) Deadline() int64 { return m.timers.first() }

// Entity returns the row key of the run that an event is about. An event that ends one run may begin another: then it is about
// that.
func (m *Machine) Entity(event any) int64 {
	if m.subject != 0 {
		return m.subject
	}
	switch e := event.(type) {
	case *Outcome:
		return e.Run
	case *Evaluated:
		return e.Run
	case *goOn:
		return e.run
	case *Act:
		return m.rowOf(e.Workflow, e.Instance, e.Run)
	case *Release:
		return m.rowOf(e.Workflow, e.Instance, e.Run)
	case *Abandon:
		return m.rowOf(e.Workflow, e.Instance, e.Run)
	case flow.Poisoned:
		return e.Entity
	}
	return 0
}

func (m *Machine) rowOf(workflow string, instanceID, number int64) int64 {
	if wf := m.workflows[workflow]; wf != nil {
		if r := wf.find(m, instanceID, number); r != nil {
			return r.row
		}
	}
	return 0
}

// notFound answers a command about something that is not there.
func notFound(format string, args ...any) error { return fault.New(fault.NotFound, format, args...) }

// queueOf is a FIFO that reuses its space.
type queueOf[T any] struct {
	items []T
	head  int
}

func (q *queueOf[T]) push(v T) { q.items = append(q.items, v) }

func (q *queueOf[T]) len() int { return len(q.items) - q.head }

func (q *queueOf[T]) first() *T { return &q.items[q.head] }

func (q *queueOf[T]) pop() T {
	v := q.items[q.head]
	var zero T
	q.items[q.head] = zero
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head >= 256 && q.head*2 >= len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = slices.Clip(q.items[:n:n]), 0
	}
	return v
}
