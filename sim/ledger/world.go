package ledger

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/store"
)

// World is the ledger with its clients and its outside world.
type World struct {
	env  *sim.Env
	rng  *rand.Rand
	burn int  // row keys wasted by each transfer
	idle bool // the clients mostly look

	accounts []int64 // rows, in order
	groups   map[int64]store.Group
	left     int // requests still to come
	asked    int
	spoiled  map[int64]bool // accounts that something was done to

	books books
	edge  edge
	acked map[string]bool // transfers and withdrawals that a client knows of
}

// Meets is what a hundred seeds of this world meet, besides what those of any world do.
var Meets = []string{
	"messages that became rows", "messages between nodes", "messages between nodes lost", "messages between nodes repeated",
	"messages between nodes out of order", "messages between nodes to the wrong node",
	"batches refused by the store", "incident: refused", "incident: panic", "quarantines", "repairs",
	"transfers in parts", "transfers to be sent later", "poisons: it panics", "poisons: it cannot be stored",
	"poisons: it cannot be encoded", "accounts released",
}

// edge is the outside world: it pays out or refuses, and says so until it is heard.
type edge struct {
	outcomes map[int64]Outcome // of every order it was ever given
	pending  []int64
}

// New returns the world of one run.
func New(env *sim.Env) sim.World {
	w := &World{
		env: env, rng: env.Rand, groups: map[int64]store.Group{}, spoiled: map[int64]bool{}, acked: map[string]bool{},
		edge: edge{outcomes: map[int64]Outcome{}}, left: 20 + env.Rand.IntN(60),
	}
	if w.rng.IntN(4) == 0 {
		w.burn = 15000
	}
	if w.idle = w.rng.IntN(4) == 0; w.idle {
		w.left += 100
	}
	w.books.reset()
	w.books.ever = map[string]bool{}
	w.books.orders = map[int64]bool{}
	return w
}

// Setup implements sim.World.
func (w *World) Setup(ids func() int64) []store.Row {
	var rows []store.Row
	for i := range w.env.Groups * (1 + w.rng.IntN(3)) {
		a := &account{row: ids(), group: store.Group(i % w.env.Groups), name: fmt.Sprintf("a%d", i)}
		a.doc.Balance = 100
		w.accounts = append(w.accounts, a.row)
		w.groups[a.row] = a.group
		rows = append(rows, a.encode())
	}
	w.books.total = int64(100 * len(rows))
	return rows
}

func (w *World) groupOf(row int64) store.Group {
	g, ok := w.groups[row]
	if !ok {
		panic(fmt.Sprintf("ledger: no account has row %d", row))
	}
	return g
}

func (w *World) any() int64 { return w.accounts[w.rng.IntN(len(w.accounts))] }

// Request implements sim.World.
func (w *World) Request() *sim.Request {
	if w.left == 0 {
		return nil
	}
	w.left--
	w.asked++
	a := w.any()
	id := fmt.Sprintf("r%d", w.asked)
	q := &sim.Request{ID: id, Group: w.groupOf(a)}
	amount := int64(1 + w.rng.IntN(40))
	n := w.rng.IntN(100)
	if w.idle && w.rng.IntN(5) > 0 {
		n = 80
	}
	switch {
	case n < 60:
		t := &Transfer{ID: id, From: a, To: w.any(), Amount: amount, Parts: 1}
		if w.rng.IntN(3) == 0 {
			t.Parts = 2 + w.rng.IntN(5)
			w.env.Met("transfers in parts")
		}
		if w.rng.IntN(4) == 0 {
			t.Delay = int64(1 + w.rng.IntN(500))
			w.env.Met("transfers to be sent later")
		}
		if w.rng.IntN(25) == 0 {
			t.Poison = w.poison(t.To)
		}
		q.Body = t
	case n < 75:
		q.Body = &Withdraw{ID: id, Account: a, Amount: amount}
	case n < 92 && w.rng.IntN(3) == 0:
		q.Body = &Count{q.Group}
	case n < 92:
		q.Body = &Look{Account: a}
		q.Fresh = func() any { return &Look{Account: a, Least: w.books.newest[a]} }
	case n < 95:
		q.Body = &Spoil{Account: a, Poison: w.poison(a), Alone: w.rng.IntN(2) == 0}
	default:
		q.Body = &Thaw{Account: a}
	}
	return q
}

func (w *World) poison(account int64) Poison {
	w.spoiled[account] = true
	p := Poison(1 + w.rng.IntN(3))
	w.env.Met("poisons: it " + [...]string{Panic: "panics", Unstorable: "cannot be stored", Unsealable: "cannot be encoded"}[p])
	return p
}

// Release implements sim.World.
func (w *World) Release(_ store.Group, effect any, _ bool) {
	switch e := effect.(type) {
	case Order:
		if !w.books.orders[e.ID] {
			w.env.Fail("order %d has left a node and was never durable", e.ID)
		}
		// A store that has lost an order may give its key to another one.
		if o, known := w.edge.outcomes[e.ID]; !known || o.Account != e.Account {
			w.edge.outcomes[e.ID] = Outcome{ID: e.ID, Account: e.Account, Paid: w.rng.IntN(3) > 0}
		}
		if !slices.Contains(w.edge.pending, e.ID) {
			w.edge.pending = append(w.edge.pending, e.ID)
		}
	case Settled:
		if w.books.open[e.ID] && !w.env.Lost() {
			w.env.Fail("order %d is said to be settled and is open in the store", e.ID)
		}
		if i := slices.Index(w.edge.pending, e.ID); i >= 0 {
			w.edge.pending = slices.Delete(w.edge.pending, i, i+1)
		}
	default:
		w.env.Fail("an unknown effect: %T", effect)
	}
}

// Outside implements sim.World.
func (w *World) Outside() (store.Group, any, bool) {
	if len(w.edge.pending) == 0 {
		return 0, nil, false
	}
	o := w.edge.outcomes[w.edge.pending[w.rng.IntN(len(w.edge.pending))]]
	return w.groupOf(o.Account), o, true
}

var (
	_ sim.World    = (*World)(nil)
	_ flow.Machine = (*machine)(nil)
)
