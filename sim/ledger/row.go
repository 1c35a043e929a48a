package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/segue-run/segue/store"
)

// States of a transfer or withdrawal row.
const (
	scheduled int16 = iota + 1
	sending         // some of it has still to be sent
	sent            // all of it is under way
	ordered         // a withdrawal; the order is outstanding
	done
)

// account is a Workflow row.
type account struct {
	row     int64
	group   store.Group
	name    string
	doc     accountDoc
	changed uint64 // epoch
	dirty   bool
	bad     Poison // its row is to be made unstorable
	pinned  bool   // an event waits for rows of it
	moves   map[string]*move
}

type accountDoc struct {
	Balance int64
	Version int64
	At      int64  // of the last change
	Frozen  string `json:",omitempty"` // why it is set aside
	Aside   int64  `json:",omitempty"` // money that came while it was
}

// move is a Run row: a transfer or a withdrawal.
type move struct {
	row     int64
	account *account
	id      string
	state   int16
	due     int64
	number  int64
	doc     moveDoc
	changed uint64
	dirty   bool
}

type moveDoc struct {
	To     int64
	Amount int64
	Left   int64 // to be sent
	Parts  int
	Sent   int    // parts
	Acked  int    // parts
	Poison Poison `json:",omitempty"`
}

// order is a Step row under an account.
type order struct {
	row     int64
	account int64
	open    bool
	doc     orderDoc
}

type orderDoc struct {
	Move   string
	Amount int64
	Paid   bool `json:",omitempty"`
	Failed bool `json:",omitempty"`
	Credit int  `json:",omitempty"` // not an order, but the trace of a part that has arrived
}

func (a *account) encode() store.Row {
	doc := appendJSON(nil, a.doc)
	if a.bad == Unstorable {
		doc = append(doc, 0)
	}
	return store.Row{Table: store.Workflow, ID: a.row, Group: a.group, Key: a.name, Doc: doc}
}

func (v *move) encode() store.Row {
	return store.Row{
		Table: store.Run, ID: v.row, Group: v.account.group, Parent: v.account.row, A: v.number, B: 1, Key: v.id,
		State: v.state, Open: v.state != done, Due: v.due, Doc: appendJSON(nil, v.doc),
	}
}

func (o *order) encode(g store.Group) store.Row {
	return store.Row{Table: store.Step, ID: o.row, Group: g, Parent: o.account, Open: o.open, Doc: appendJSON(nil, o.doc)}
}

func decodeAccount(r *store.Row) (*account, error) {
	a := &account{row: r.ID, group: r.Group, name: r.Key, moves: map[string]*move{}}
	return a, decode(r, &a.doc)
}

func decodeMove(r *store.Row) (*move, error) {
	v := &move{row: r.ID, id: r.Key, state: r.State, due: r.Due, number: r.A}
	return v, decode(r, &v.doc)
}

func decodeOrder(r *store.Row) (*order, error) {
	o := &order{row: r.ID, account: r.Parent, open: r.Open}
	return o, decode(r, &o.doc)
}

func decode(r *store.Row, into any) error {
	if err := json.Unmarshal(r.Doc, into); err != nil {
		return fmt.Errorf("%s %d: %w", r.Table, r.ID, err)
	}
	return nil
}

// worth is the money that a row holds.
func worth(r *store.Row) (int64, error) {
	switch r.Table {
	case store.Workflow:
		a, err := decodeAccount(r)
		return a.doc.Balance + a.doc.Aside, err
	case store.Run:
		v, err := decodeMove(r)
		return v.doc.Left, err
	case store.Step:
		o, err := decodeOrder(r)
		if o.doc.Credit != 0 || o.doc.Failed {
			return 0, err
		}
		return o.doc.Amount, err
	}
	return 0, nil
}
