// Package store says what survives a crash: rows, messages between groups, and who owns which group. It holds the
// contract and the in-memory implementation that tests and the simulation use; store/sqlite and store/postgres
// implement the same contract, and store/storetest holds all three to it.
//
// Above it are the words and the rules; below it, flow is the only writer (through Commit) and the REST edge the
// other reader. A store knows nothing of workflows: a row is a dense integer key, a handful of columns that are
// searched, and a document that only the owner of the row understands.
//
// The one thing to know before changing it: Commit is the only way to change a row, it is all or nothing, it refuses
// a batch whose groups have another owner by now, and it may be repeated with the same batch any number of times.
package store

import "context"

// Group is the number of a flow group, 0 to G-1.
type Group int32

// Generation counts the owners that a group has had. It grows by one at each Claim.
type Generation int64

// Table names a table of entity rows.
type Table uint8

// The tables. What the search columns of a row mean depends on the table; columns not named here are zero.
const (
	// Workflow: one row a workflow. Key = workflow id.
	Workflow Table = iota + 1
	// Version: one row a version of a definition. Parent = workflow, A = version.
	Version
	// Run: one row a run of a workflow instance. Parent = workflow, A = instance id, B = run id,
	// Key = the request id if the caller gave one, State = status, Open = not terminal.
	Run
	// Step: one attempt of a step, or a pack of several ended ones. Parent = run, A = first step sequence, B = attempt,
	// Open = an order to a runtime is outstanding.
	Step
	// Detail: what changes rarely (evaluated params, outputs, artifacts) of a run or an attempt. Parent = run,
	// A = step sequence (0 = the run itself), B = attempt*8 + kind.
	Detail
	// Quarantine: an event that cannot be decided or stored, and what is known about it. Parent = the entity.
	Quarantine
)

// Tables lists every table.
func Tables() []Table { return []Table{Workflow, Version, Run, Step, Detail, Quarantine} }

// Row is one row of an entity table. ID is unique in its table and never used again. Group is the flow group whose
// owner alone writes the row. (Parent, A, B) is unique within Version and Run; (Parent, Key) is unique within
// Workflow and Run where Key is not empty. Doc is text in UTF-8 without NUL, at most MaxDoc bytes; Key as well, at most
// MaxKey bytes. State is not negative. A column that its table does not name is zero, or the batch is Refused.
type Row struct {
	Table  Table
	ID     int64
	Group  Group
	Parent int64
	A, B   int64
	Key    string
	State  int16
	Open   bool
	Due    int64 // epoch milliseconds of the next deadline; 0 = none
	Doc    []byte
	Delete bool // the row with this ID is removed; the other fields do not count
}

// MaxDoc is the size of the largest document or message body, in bytes.
const MaxDoc = 64 << 20

// MaxKey is the size of the longest text key, in bytes: it has to fit an index entry of every database.
const MaxKey = 1024

// Message is a message from one group to another that has not been consumed yet. Numbers start at 1 and have no
// gaps within one (From, To).
type Message struct {
	From, To Group
	Number   int64
	Sent     int64 // epoch milliseconds
	Body     []byte
}

// Fence says under which generation a batch writes a group.
type Fence struct {
	Group      Group
	Generation Generation
}

// GroupState is what a group remembers about itself besides its entities: an opaque document, written only when a
// batch says so.
type GroupState struct {
	Group Group
	Doc   []byte
}

// Batch is one transaction: all of it becomes durable, or nothing.
//
// Fences names every group that the batch writes. Rows are upserts by (Table, ID) or deletes, at most one for each
// row; the deletes take effect first, and the upserts one after the other in their order, so that the place of a deleted
// row may be given away, but two rows cannot change places. Send and Consumed are message rows to insert and to remove
// (From, To and Number count); a message may not be in both. Time is the node's clock when the batch was cut; the
// store keeps the highest one (see Owned).
type Batch struct {
	Seat     Seat
	Number   int64 // 1 for the first batch of an incarnation, then without gaps
	Time     int64
	Fences   []Fence
	Rows     []Row
	Send     []Message
	Consumed []Message
	Groups   []GroupState
}

// Seat is the right of one process to write: a node and a number that grows with each of its starts.
type Seat struct {
	Node        string
	Incarnation int64
}

// MaxStride is how far a seat is at most above the one before it: a node may join at least four billion times.
const MaxStride = 1 << 31

// Owned is a group that has been claimed. Floor is the highest Batch.Time that any node has committed: the group's
// clock does not go back behind it.
type Owned struct {
	Group      Group
	Generation Generation
	State      []byte
	Floor      int64
}

// Store is a database that can survive a crash. All methods may be called at the same time, but Commit by one
// goroutine only.
type Store interface {
	// Groups returns the number of flow groups, fixed when the store was created.
	Groups() int

	// Join seats a node and unseats the process before it, whose commits then fail as Behind. The incarnation is that of
	// the process before (at first 0) and the stride, which is at least 1; less counts as 1. Callers draw the stride at
	// random, up to MaxStride: a database that has lost its last commits may have lost a Join, and must not give the same
	// seat to a second process.
	Join(ctx context.Context, node string, stride int64) (Seat, error)

	// Claim makes the seat the owner of the groups, whoever owned them, and adds 1 to their generations.
	Claim(ctx context.Context, seat Seat, groups []Group) ([]Owned, error)

	// LeaseIDs reserves n row keys and returns the first. They are never handed out again, used or not. One counter
	// serves all tables.
	LeaseIDs(ctx context.Context, n int64) (int64, error)

	// Commit makes a batch durable and returns nil when it is. Nothing of a failed batch is visible. The error's Class
	// says what to do; Commit with the same batch may always be repeated: if the batch with this number has landed
	// already, it returns nil and changes nothing. The batch and its bytes belong to the caller and are not kept.
	Commit(ctx context.Context, b *Batch) error

	// Read runs f on one consistent state that includes every batch whose Commit had returned nil before Read was
	// called. f may be called once only; its error is returned.
	Read(ctx context.Context, f func(Snapshot) error) error

	// Maintain does a bounded piece of housekeeping (checkpoint, free pages). It may be called at any time.
	Maintain(ctx context.Context) error

	// Close releases everything. A Commit under way ends first.
	Close() error
}

// Snapshot is one consistent state of the store. The rows and messages passed to a callback, and their bytes, are
// valid only until it returns; an error from the callback ends the iteration and is returned.
type Snapshot interface {
	// Rows calls each for every row that the query selects, in the query's order.
	Rows(q Query, each func(*Row) error) error
	// Messages calls each for every message to a group, in order of (From, Number).
	Messages(to Group, each func(*Message) error) error
	// Owner returns the generation and state document of a group.
	Owner(g Group) (Owned, error)
}

// By says which rows a query selects and in which order they come.
type By uint8

// The questions that a store answers; each one has an index.
const (
	// ByID selects the row with Query.ID.
	ByID By = iota + 1
	// ByParent selects the rows of Query.Parent whose A lies in [FromA, ToA], ordered by (A, B, ID).
	ByParent
	// ByKey selects the row with (Query.Parent, Query.Key).
	ByKey
	// ByOpen selects the rows of Query.Group with Open set, ordered by ID. (Run, Step)
	ByOpen
	// ByGroup selects the rows of Query.Group with ID above After, ordered by ID. (Workflow, Quarantine)
	ByGroup
	// ByTable selects the rows of the whole table with ID above After (below it, if Desc and After is not 0), ordered by ID.
	ByTable
)

// Query selects rows of one table. Limit 0 means all. Desc turns the order of ByParent and ByTable round.
type Query struct {
	Table       Table
	By          By
	ID          int64
	Parent      int64
	FromA, ToA  int64
	Key         string
	Group       Group
	After       int64
	Limit       int
	Desc        bool
	WithoutDocs bool // rows come with a nil Doc; the document is not read
}

// One returns the query for one row by its key.
func One(t Table, id int64) Query { return Query{Table: t, By: ByID, ID: id} }

// Named returns the query for one row by its parent and text key.
func Named(t Table, parent int64, key string) Query {
	return Query{Table: t, By: ByKey, Parent: parent, Key: key}
}

// Under returns the query for all rows of a parent.
func Under(t Table, parent int64) Query { return Between(t, parent, minInt64, maxInt64) }

// Between returns the query for the rows of a parent with A from one value to another, both included.
func Between(t Table, parent, from, to int64) Query {
	return Query{Table: t, By: ByParent, Parent: parent, FromA: from, ToA: to}
}

// OpenIn returns the query for the unfinished rows of a group.
func OpenIn(t Table, g Group) Query { return Query{Table: t, By: ByOpen, Group: g} }

// AllIn returns the query for all rows of a group.
func AllIn(t Table, g Group) Query { return Query{Table: t, By: ByGroup, Group: g} }

// Last returns q turned round and limited to n rows.
func (q Query) Last(n int) Query { q.Desc, q.Limit = true, n; return q }

const (
	minInt64 = -1 << 63
	maxInt64 = 1<<63 - 1
)

// Collect returns copies of the rows that a query selects.
func Collect(s Snapshot, q Query) ([]Row, error) {
	var rows []Row
	err := s.Rows(q, func(r *Row) error {
		c := *r
		c.Doc = append([]byte(nil), r.Doc...)
		rows = append(rows, c)
		return nil
	})
	return rows, err
}
