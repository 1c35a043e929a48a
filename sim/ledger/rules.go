package ledger

import (
	"fmt"

	"github.com/segue-run/segue/flow"
)

// transfer takes a transfer on.
func (m *machine) transfer(t *flow.Turn, e *Transfer) {
	a, v, ok := m.need(t, e.From, e.ID)
	switch {
	case !ok:
		return
	case v != nil:
		t.Reply(Done{e.ID})
		return
	case a.doc.Frozen != "":
		t.Reply(errFrozen)
		return
	case a.doc.Balance < e.Amount:
		t.Reply(errPoor)
		return
	}
	v = m.newMove(t, a, e.ID, e.Amount)
	v.doc.To, v.doc.Left, v.doc.Parts, v.doc.Poison, v.state = e.To, e.Amount, e.Parts, e.Poison, sending
	if e.Delay > 0 {
		v.state, v.due = scheduled, (t.Now+e.Delay)/together*together
		m.timers = append(m.timers, timer{due: v.due, row: v.row, account: a.row, id: v.id})
		m.sortTimers()
	} else {
		m.sendPart(t, v)
	}
	t.Reply(Done{e.ID})
}

// together has transfers come due at the same time.
const together = 200

// newMove takes the money of a transfer or withdrawal from its account.
func (m *machine) newMove(t *flow.Turn, a *account, id string, amount int64) *move {
	for range m.world.burn {
		m.ids()
	}
	v := &move{row: m.ids(), account: a, id: id, doc: moveDoc{Amount: amount}}
	v.number = v.row
	a.moves[id] = v
	a.doc.Balance -= amount
	m.change(t, a)
	m.changeMove(t, v)
	return v
}

// sendPart sends the next part of a transfer, and goes on in a continuation.
func (m *machine) sendPart(t *flow.Turn, v *move) {
	part := v.doc.Left / int64(v.doc.Parts-v.doc.Sent)
	v.doc.Left -= part
	v.doc.Sent++
	c := &credit{From: v.account.row, To: v.doc.To, ID: v.id, Part: v.doc.Sent, Amount: part, world: m.world}
	if v.doc.Sent < v.doc.Parts {
		v.state = sending
		t.Again(split{v.account.row, v.id})
	} else {
		v.state = sent
		c.Poison = v.doc.Poison
	}
	t.Send(m.world.groupOf(c.To), c)
	m.changeMove(t, v)
}

func (m *machine) split(t *flow.Turn, e split) {
	_, v, ok := m.need(t, e.account, e.id)
	if !ok {
		return
	}
	if v == nil || v.state != sending {
		m.odd("group %d: continuation of transfer %s, which has nothing to send", m.group, e.id)
		return
	}
	m.sendPart(t, v)
}

// tick has scheduled transfers begin, a few at a time.
func (m *machine) tick(t *flow.Turn) {
	for i := range m.timers {
		w := &m.timers[i]
		if w.due > t.Now {
			break
		}
		if !w.fired {
			w.fired = true
			t.Soon(fire{w.account, w.id})
			break
		}
	}
}

func (m *machine) fire(t *flow.Turn, e fire) {
	_, v, ok := m.need(t, e.account, e.id)
	if !ok {
		return
	}
	if v == nil || v.state != scheduled {
		m.odd("group %d: the time of transfer %s has come twice", m.group, e.id)
		return
	}
	for i := range m.timers {
		if m.timers[i].row == v.row {
			m.timers = append(m.timers[:i], m.timers[i+1:]...)
			break
		}
	}
	v.due = 0
	m.sendPart(t, v)
}

// credited takes money in and says so.
func (m *machine) credited(t *flow.Turn, e *credit) {
	a, _, ok := m.need(t, e.To, "")
	if !ok {
		return
	}
	if part := fmt.Sprintf("%s/%d", e.ID, e.Part); m.arrived[part] {
		m.odd("group %d: part %s has arrived twice", m.group, part)
	} else {
		m.arrived[part] = true
	}
	if a.doc.Frozen == "" {
		m.poison(t, a, e.Poison)
		a.doc.Balance += e.Amount
	} else {
		a.doc.Aside += e.Amount
	}
	m.change(t, a)
	o := &order{row: m.ids(), account: a.row, doc: orderDoc{Move: e.ID, Amount: e.Amount, Credit: e.Part}}
	m.rows = append(m.rows, o.encode(m.group))
	t.Send(m.world.groupOf(e.From), &ack{Account: e.From, ID: e.ID, Part: e.Part, world: m.world})
}

func (m *machine) acked(t *flow.Turn, e *ack) {
	if e.ID == void {
		return // what spoil has sent; none of it may become durable
	}
	_, v, ok := m.need(t, e.Account, e.ID)
	if !ok {
		return
	}
	if v == nil || v.doc.Acked >= v.doc.Sent {
		m.odd("group %d: part %d of transfer %s has arrived and was not sent", m.group, e.Part, e.ID)
		return
	}
	v.doc.Acked++
	if v.doc.Acked == v.doc.Parts {
		v.state = done
	}
	m.changeMove(t, v)
}

func (m *machine) withdraw(t *flow.Turn, e *Withdraw) {
	a, v, ok := m.need(t, e.Account, e.ID)
	switch {
	case !ok:
		return
	case v != nil:
		t.Reply(Done{e.ID})
		return
	case a.doc.Frozen != "":
		t.Reply(errFrozen)
		return
	case a.doc.Balance < e.Amount:
		t.Reply(errPoor)
		return
	}
	v = m.newMove(t, a, e.ID, e.Amount)
	v.state = ordered
	o := &order{row: m.ids(), account: a.row, open: true, doc: orderDoc{Move: e.ID, Amount: e.Amount}}
	m.orders[o.row] = o
	m.rows = append(m.rows, o.encode(m.group))
	t.Express(Order{o.row, o.account, o.doc.Amount})
	t.Reply(Done{e.ID})
}

// outcome closes an order, once.
func (m *machine) outcome(t *flow.Turn, e Outcome) {
	o := m.orders[e.ID]
	if o == nil {
		t.Hold(Settled{e.ID})
		return
	}
	if o.account != e.Account { // a store that has lost an order may give its key to another one
		m.odd("group %d: order %d is of account %d, and its outcome of %d", m.group, o.row, o.account, e.Account)
		return
	}
	a, v, ok := m.need(t, o.account, o.doc.Move)
	if !ok {
		return
	}
	if v == nil || v.state != ordered {
		m.odd("group %d: order %d has no withdrawal %s", m.group, o.row, o.doc.Move)
		return
	}
	o.open, o.doc.Paid, o.doc.Failed = false, e.Paid, !e.Paid
	delete(m.orders, o.row)
	m.rows = append(m.rows, o.encode(m.group))
	if o.doc.Failed {
		a.doc.Balance += o.doc.Amount
	}
	v.state = done
	m.change(t, a)
	m.changeMove(t, v)
	t.Hold(Settled{e.ID})
}

// void names a transfer that never was.
const void = "void"

// spoil does what an honest machine never would.
func (m *machine) spoil(t *flow.Turn, e *Spoil) {
	a, _, ok := m.need(t, e.Account, "")
	if !ok {
		return
	}
	if a.doc.Frozen != "" {
		t.Reply(errFrozen)
		return
	}
	a.doc.Balance += 1000
	m.change(t, a)
	t.Express(Order{-1, a.row, 1000})
	if !e.Alone {
		t.Send(m.world.groupOf(a.row), &credit{From: a.row, To: a.row, ID: void, Part: 1, Amount: 1000, world: m.world})
	}
	t.Reply(OK{})
	m.poison(t, a, e.Poison)
}

func (m *machine) poison(t *flow.Turn, a *account, p Poison) {
	switch p {
	case Panic:
		m.change(t, a)
		panic("this event cannot be decided")
	case Unstorable, Unsealable:
		a.bad = p
		m.change(t, a)
	}
}

func (m *machine) thaw(t *flow.Turn, e *Thaw) {
	a, _, ok := m.need(t, e.Account, "")
	if !ok {
		return
	}
	if a.doc.Frozen != "" {
		a.doc.Balance += a.doc.Aside
		a.doc.Frozen, a.doc.Aside = "", 0
		m.change(t, a)
	}
	t.Reply(OK{})
}

// odd panics on what cannot be. It may be seen all the same: by a group that hears from another whose decisions are about
// to be taken back. The account must not be set aside for it. (A store that has lost batches makes for odder things.)
func (m *machine) odd(format string, args ...any) {
	if !m.world.env.Lost() {
		m.world.env.Met("panics on what cannot be")
		panic(fmt.Sprintf(format, args...))
	}
}
