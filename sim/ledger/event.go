// Package ledger is the first machine that the simulation runs: accounts, spread over groups, that send each other money.
// Every rule of flow has a way to lose or double some of it: transfers cross groups by messages and are acknowledged by
// messages; accounts are parked and fetched again; big transfers go out in parts, by continuations; others wait for their
// time; withdrawals are orders to the outside world, which answers late and repeatedly; some requests cannot be decided,
// and some not stored.
//
// Above it are flow, whose Machine it is, and sim, whose World it is; below it only tests.
//
// The one thing to know before changing it: money is conserved at every batch boundary, as the sum of balances, of what
// transfers have still to send, of orders, and of message rows. A new place where money can be has to go into worth.
package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

// The commands. An account is named by its row key.
type (
	// Transfer moves money. Repeated with the same ID it does nothing more.
	Transfer struct {
		ID       string
		From, To int64
		Amount   int64
		Parts    int    // it is sent in so many messages
		Delay    int64  // milliseconds before the first is sent
		Poison   Poison // what its last part does to the receiver
	}
	// Withdraw takes money out of the ledger by an order to the outside world.
	Withdraw struct {
		ID      string
		Account int64
		Amount  int64
	}
	// Look asks for a balance. Least is the version that was durable when it was asked for.
	Look struct{ Account, Least int64 }
	// Count asks a group how many of its orders are outstanding, which it knows without looking at a row.
	Count struct{ Group store.Group }
	// Spoil does to an account what its Poison says. Alone, it tells no other group.
	Spoil struct {
		Account int64
		Poison  Poison
		Alone   bool
	}
	// Thaw releases an account that was set aside.
	Thaw struct{ Account int64 }
)

// Poison is what makes an event one that cannot be decided or stored.
type Poison uint8

// The poisons.
const (
	Harmless   Poison = iota
	Panic             // the machine panics
	Unstorable        // no store can hold the row
	Unsealable        // the machine panics when it encodes the row
)

// The answers.
type (
	// Done says that a transfer or withdrawal has been taken on, or was before.
	Done struct{ ID string }
	// Balance answers Look, and says again what that said. Version counts the changes of the account.
	Balance struct{ Account, Amount, Version, Least int64 }
	// Counted answers Count.
	Counted struct{ Orders int }
	// OK answers Thaw.
	OK struct{}
)

// Effects.
type (
	// Order asks the outside world to pay out.
	Order struct{ ID, Account, Amount int64 }
	// Settled tells the outside world that the outcome of an order is known.
	Settled struct{ ID int64 }
)

// Outcome is what the outside world says about an order.
type Outcome struct {
	ID, Account int64
	Paid        bool
}

// continuations
type (
	split struct {
		account int64
		id      string
	}
	fire struct {
		account int64
		id      string
	}
)

// Credit brings money to another account; Ack says that it has arrived.
type (
	credit struct {
		From, To int64
		ID       string
		Part     int
		Amount   int64
		Poison   Poison `json:",omitempty"`
		world    *World
	}
	ack struct {
		Account int64
		ID      string
		Part    int
		world   *World
	}
)

type letterDoc struct {
	Credit *credit `json:",omitempty"`
	Ack    *ack    `json:",omitempty"`
}

// AppendBody implements flow.Message. Others may run while it encodes.
func (c *credit) AppendBody(buf []byte) []byte {
	c.world.env.Yield()
	return appendJSON(buf, letterDoc{Credit: c})
}

// AppendBody implements flow.Message. Others may run while it encodes.
func (a *ack) AppendBody(buf []byte) []byte {
	a.world.env.Yield()
	return appendJSON(buf, letterDoc{Ack: a})
}

// DecodeMessage implements flow.Kind.
func (w *World) DecodeMessage(body []byte) (flow.Message, error) {
	var d letterDoc
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, err
	}
	switch {
	case d.Credit != nil:
		d.Credit.world = w
		return d.Credit, nil
	case d.Ack != nil:
		d.Ack.world = w
		return d.Ack, nil
	}
	return nil, fmt.Errorf("a message that is neither credit nor ack: %q", body)
}

// String is the credit in a trace.
func (c *credit) String() string {
	return fmt.Sprintf("%s/%d %d to %d poison %d", c.ID, c.Part, c.Amount, c.To, c.Poison)
}

// String is the ack in a trace.
func (a *ack) String() string { return fmt.Sprintf("%s/%d", a.ID, a.Part) }

func appendJSON(buf []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ledger: encode %+v: %v", v, err))
	}
	return append(buf, b...)
}
