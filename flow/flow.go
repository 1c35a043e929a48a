// Package flow runs partitioned state machines durably. The state is split into groups; each group is a
// single-threaded Machine that decides in memory and without waiting; one committer per node writes what has changed
// in all groups as one transaction, while the machines go on; and nothing leaves the node before the batch that
// justifies it is on disk (output commit). flow knows nothing of workflows.
//
// Above it is the store; beside it the runtimes of package step; below it the server and the simulation.
//
// The one thing to know before changing it: the parts that hold the logic (Loop.Turn, Node.Begin, Node.Commit, Node.End,
// Node.Recover, Fetch.Run) start no goroutine and read no clock of their own. Node.Run drives them with
// goroutines; the simulation drives the same code from one seeded scheduler. DESIGN.md tells the protocol.
package flow

import (
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// Machine is the state of one group and its rules. Its methods are never called at the same time. They do not block,
// start goroutines, read clocks or draw random numbers.
type Machine interface {
	// Handle decides one event. It may change memory, report what it changed (Turn.Dirty) and what should happen
	// (Turn.Reply, Hold, Send, Again). If rows are missing it calls Turn.Need and changes nothing; it is then
	// called again with the same event and the rows.
	Handle(t *Turn, event any)

	// Seal appends the rows of everything that has changed since the last Seal. Bytes in the rows must stay unchanged
	// until the batch is durable; buf is a reused buffer to encode into, and the grown buffer is returned.
	Seal(rows []store.Row, buf []byte) ([]store.Row, []byte)

	// Deadline returns when the machine next wants a Tick, in epoch milliseconds; 0 = never.
	Deadline() int64

	// Entity returns the key of the entity that an event is about, for quarantine; 0 if there is none.
	Entity(event any) int64

	// Describe returns what an event says, for the operator who finds its entity set aside: a JSON object with its type and
	// what matters of it, without values that may be large or secret, of at most MaxDescription bytes, UTF-8 without NUL. It
	// is called when Handle or Seal has failed, so the memory of the machine may be in any state. If it panics, or returns
	// anything else, the type of the event is all that is told.
	Describe(event any) wire.Raw
}

// MaxDescription is the length of the longest description of an event in bytes.
const MaxDescription = 5000

// Kind makes machines.
type Kind interface {
	// Load builds the machine of a group from its rows. Its first event is Loaded. ids returns row keys that are unique in
	// the whole store; the machine may keep it and call it in Handle and Seal.
	Load(s store.Snapshot, o store.Owned, ids func() int64) (Machine, error)
	// DecodeMessage is the inverse of Message.AppendBody.
	DecodeMessage(body []byte) (Message, error)
}

// Message is what one group tells another.
type Message interface {
	// AppendBody appends the stored form, UTF-8 without NUL.
	AppendBody(buf []byte) []byte
}

// Outbox receives what has become durable, in order for each group. Its methods do not block.
type Outbox interface {
	// Release is called for each effect that a Machine has held, once the batch that justifies it is durable.
	Release(g store.Group, generation store.Generation, effect any)
	// Released is called when all effects of a batch have been released and all its commands answered.
	Released()
}

// Events that flow itself delivers to a Machine.
type (
	// Loaded is the first event of a machine: repeat the orders that are outstanding and go on.
	Loaded struct{}
	// Tick says that Turn.Now has reached Machine.Deadline.
	Tick struct{}
	// Poisoned says that an event about an entity could not be decided or stored: set the entity aside until an
	// operator releases it. Everything else goes on.
	Poisoned struct {
		Entity int64
		Reason string
		Event  wire.Raw // what it said: see Machine.Describe
	}
)

// Clock returns the time in epoch milliseconds.
type Clock func() int64
