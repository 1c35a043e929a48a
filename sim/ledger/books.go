package ledger

import (
	"fmt"
	"slices"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/sim"
	"github.com/segue-run/segue/store"
)

// books is what must be true of the durable state, kept up batch by batch.
type books struct {
	total   int64
	sum     int64
	rows    map[rowKey]int64
	letters map[string]int64
	moves   map[string]int64 // id to row
	credits map[string]int64 // transfer and part to row
	version map[int64]int64  // by account
	open    map[int64]bool   // orders outstanding

	// What was ever durable, whatever the store has lost since.
	ever   map[string]bool
	orders map[int64]bool
	newest map[int64]int64
}

type rowKey struct {
	table store.Table
	id    int64
}

func (b *books) reset() {
	b.sum, b.rows, b.letters = 0, map[rowKey]int64{}, map[string]int64{}
	b.moves, b.credits, b.version, b.open = map[string]int64{}, map[string]int64{}, map[int64]int64{}, map[int64]bool{}
	if b.newest == nil {
		b.newest = map[int64]int64{}
	}
}

// Landed implements sim.World.
func (w *World) Landed(b *store.Batch) {
	for i := range b.Rows {
		w.enter(&b.Rows[i])
	}
	for i := range b.Consumed {
		name := b.Consumed[i].String()
		w.books.sum -= w.books.letters[name]
		delete(w.books.letters, name)
	}
	for i := range b.Send {
		w.enterLetter(&b.Send[i])
	}
	if w.books.sum != w.books.total {
		w.env.Fail("batch %d of %s: the money is %d instead of %d", b.Number, b.Seat.Node, w.books.sum, w.books.total)
	}
}

func (w *World) enterLetter(m *store.Message) {
	body, err := w.DecodeMessage(m.Body)
	if err != nil {
		w.env.Fail("%s: %v", m, err)
		return
	}
	if c, ok := body.(*credit); ok {
		w.books.letters[m.String()] = c.Amount
		w.books.sum += c.Amount
	}
}

// enter takes one durable row into the books.
func (w *World) enter(r *store.Row) {
	k := &w.books
	money, err := worth(r)
	if err != nil {
		w.env.Fail("%v", err)
	}
	key := rowKey{r.Table, r.ID}
	k.sum += money - k.rows[key]
	k.rows[key] = money
	switch r.Table {
	case store.Workflow:
		a, err := decodeAccount(r)
		if err != nil {
			w.env.Fail("%v", err)
			return
		}
		if a.doc.Version < k.version[r.ID] {
			w.env.Fail("account %d goes back from version %d to %d", r.ID, k.version[r.ID], a.doc.Version)
		}
		k.version[r.ID] = a.doc.Version
		k.newest[r.ID] = max(k.newest[r.ID], a.doc.Version)
		if a.doc.Frozen != "" && !w.spoiled[r.ID] && !w.env.Lost() {
			w.env.Fail("account %d was set aside, to which nothing was done: %s", r.ID, a.doc.Frozen)
		}
		if a.doc.Balance < 0 {
			w.env.Fail("account %d holds %d", r.ID, a.doc.Balance)
		}
	case store.Run:
		if row, twice := k.moves[r.Key]; twice && row != r.ID {
			w.env.Fail("%s was taken on twice, in rows %d and %d", r.Key, row, r.ID)
		}
		k.moves[r.Key] = r.ID
		k.ever[r.Key] = true
	case store.Step:
		w.enterOrder(r)
	}
}

func (w *World) enterOrder(r *store.Row) {
	k := &w.books
	o, err := decodeOrder(r)
	if err != nil {
		w.env.Fail("%v", err)
		return
	}
	if o.doc.Credit == 0 {
		k.orders[r.ID] = true
		k.open[r.ID] = r.Open
		if out, known := w.edge.outcomes[r.ID]; !r.Open && (!known || out.Paid != o.doc.Paid) {
			w.env.Fail("order %d: the store says paid %v, the outside world %+v", r.ID, o.doc.Paid, out)
		}
		return
	}
	part := fmt.Sprintf("%s/%d", o.doc.Move, o.doc.Credit)
	if row, twice := k.credits[part]; twice && row != r.ID {
		w.env.Fail("part %s has arrived twice, in rows %d and %d", part, row, r.ID)
	}
	if o.doc.Move == void {
		w.env.Fail("a message has had an effect whose sender never was")
	}
	k.credits[part] = r.ID
}

// Restored implements sim.World.
func (w *World) Restored(s store.Snapshot) {
	w.books.reset()
	w.readAll(s)
}

// readAll enters everything that is in the store.
func (w *World) readAll(s store.Snapshot) {
	for _, t := range []store.Table{store.Workflow, store.Run, store.Step} {
		err := s.Rows(store.Query{Table: t, By: store.ByTable}, func(r *store.Row) error { w.enter(r); return nil })
		if err != nil {
			w.env.Fail("%v", err)
		}
	}
	for g := range w.env.Groups {
		err := s.Messages(store.Group(g), func(m *store.Message) error { w.enterLetter(m); return nil })
		if err != nil {
			w.env.Fail("%v", err)
		}
	}
}

// Answered implements sim.World: whatever leaves a node must be durable.
func (w *World) Answered(_ *sim.Request, value any, err error) {
	switch v := value.(type) {
	case Done:
		if err == nil && !w.books.ever[v.ID] {
			w.env.Fail("%s is answered and was never durable", v.ID)
		}
	case Balance:
		if err == nil && w.books.newest[v.Account] < v.Version {
			w.env.Fail("account %d is shown in version %d; durable is %d", v.Account, v.Version, w.books.newest[v.Account])
		}
		if err == nil && v.Version < v.Least && !w.env.Lost() {
			w.env.Fail("account %d is shown in version %d; when it was asked for, %d was durable", v.Account, v.Version, v.Least)
		}
	}
}

// Answer implements sim.World.
func (w *World) Answer(q *sim.Request, value any, err error, current bool) {
	_, spoil := q.Body.(*Spoil)
	switch {
	case err == nil && spoil:
		w.env.Fail("%s was answered although it cannot be stored or decided: %v", q.ID, value)
	case err == nil:
		w.answered(q, value)
	case fault.KindOf(err) == fault.Internal && !spoil && !w.env.Lost():
		w.env.Fail("%s, which is %T, was answered by %v", q.ID, q.Body, err)
	case w.acked[q.ID] && current && !w.env.Lost():
		w.env.Fail("%s was done, and is now refused: %v", q.ID, err)
	}
}

// answered checks that an answer is of the kind that was asked for.
func (w *World) answered(q *sim.Request, value any) {
	ok := false
	switch v := value.(type) {
	case Done:
		w.acked[v.ID] = true
		ok = v.ID == q.ID
	case Balance:
		_, ok = q.Body.(*Look)
	case Counted:
		_, ok = q.Body.(*Count)
	case OK:
		w.env.Met("accounts released")
		_, ok = q.Body.(*Thaw)
	}
	if !ok {
		w.env.Fail("%s, which is %T, was answered by %+v", q.ID, q.Body, value)
	}
}

// Rest implements sim.World.
func (w *World) Rest(s store.Snapshot) error {
	if n := len(w.edge.pending); n > 0 {
		return fmt.Errorf("%d outcomes of orders are not settled", n)
	}
	for g := range w.env.Groups {
		err := s.Rows(store.OpenIn(store.Run, store.Group(g)), func(r *store.Row) error {
			return fmt.Errorf("%s of group %d is in state %d: %s", r.Key, g, r.State, r.Doc)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Final implements sim.World.
func (w *World) Final(s store.Snapshot) error {
	kept := w.books
	w.books.reset()
	w.readAll(s)
	if w.books.sum != w.books.total {
		return fmt.Errorf("the money in the store is %d instead of %d", w.books.sum, w.books.total)
	}
	if len(kept.moves) != len(w.books.moves) || len(kept.rows) != len(w.books.rows) {
		return fmt.Errorf("the store has %d rows, the batches had %d", len(w.books.rows), len(kept.rows))
	}
	for id := range w.acked {
		if _, ok := w.books.moves[id]; !ok && !w.env.Lost() {
			return fmt.Errorf("%s was acknowledged and is not in the store", id)
		}
	}
	return nil
}

// Compare implements sim.World.
func (w *World) Compare(g store.Group, live flow.Machine, s store.Snapshot) error {
	m := live.(*machine)
	other := &machine{world: w, group: g, accounts: map[int64]*account{}, orders: map[int64]*order{}}
	if err := other.heads(s); err != nil {
		return err
	}
	timers := slices.Clone(m.timers)
	for i := range timers {
		timers[i].fired = false
	}
	if !slices.Equal(timers, other.timers) {
		return fmt.Errorf("timers %v, in the store %v", timers, other.timers)
	}
	if !slices.Equal(m.orderRows(), other.orderRows()) {
		return fmt.Errorf("orders %v, in the store %v", m.orderRows(), other.orderRows())
	}
	for _, row := range m.order {
		a := m.accounts[row]
		if err := same(s, a.encode()); err != nil {
			return err
		}
		for _, v := range a.moves {
			if err := same(s, v.encode()); err != nil {
				return err
			}
		}
	}
	return nil
}

func text(rows []store.Row) (s string) {
	for _, r := range rows {
		s += fmt.Sprintf("(%d %d %q %d %v %d %s)", r.Parent, r.A, r.Key, r.State, r.Open, r.Due, r.Doc)
	}
	return s
}

// same compares a row in memory with the one in the store.
func same(s store.Snapshot, have store.Row) error {
	rows, err := store.Collect(s, store.One(have.Table, have.ID))
	if err != nil {
		return err
	}
	if len(rows) != 1 || fmt.Sprintf("%+v", rows[0]) != fmt.Sprintf("%+v", have) {
		return fmt.Errorf("%s %d: in memory %s, in the store %s", have.Table, have.ID, text([]store.Row{have}), text(rows))
	}
	return nil
}
