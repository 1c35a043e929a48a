package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// machine is the ledger of one group.
type machine struct {
	world *World
	group store.Group
	ids   func() int64
	now   int64

	accounts map[int64]*account // unfolded ones, by row
	order    []int64            // their rows, in the order of unfolding
	timers   []timer            // of scheduled transfers, by due time
	orders   map[int64]*order   // outstanding
	sending  []split            // to be gone on with after loading

	dirtyAccounts []*account
	dirtyMoves    []*move
	rows          []store.Row // written once: orders, traces of credits

	arrived map[string]bool // parts of transfers that have come since the group was loaded
}

// timer is a scheduled transfer.
type timer struct {
	due     int64
	row     int64
	account int64
	id      string
	fired   bool
}

// Load implements flow.Kind. Accounts and their moves stay parked.
func (w *World) Load(s store.Snapshot, o store.Owned, ids func() int64) (flow.Machine, error) {
	m := &machine{world: w, group: o.Group, ids: ids, now: o.Floor, accounts: map[int64]*account{}, orders: map[int64]*order{}, arrived: map[string]bool{}}
	return m, m.heads(s)
}

// heads reads what a group knows of parked accounts.
func (m *machine) heads(s store.Snapshot) error {
	err := s.Rows(store.OpenIn(store.Run, m.group), func(r *store.Row) error {
		switch r.State {
		case scheduled:
			m.timers = append(m.timers, timer{due: r.Due, row: r.ID, account: r.Parent, id: r.Key})
		case sending:
			m.sending = append(m.sending, split{r.Parent, r.Key})
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.sortTimers()
	return s.Rows(store.OpenIn(store.Step, m.group), func(r *store.Row) error {
		o, err := decodeOrder(r)
		m.orders[o.row] = o
		return err
	})
}

func (m *machine) sortTimers() {
	slices.SortFunc(m.timers, func(a, b timer) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.row, b.row)) })
}

// Handle implements flow.Machine.
func (m *machine) Handle(t *flow.Turn, event any) {
	if t.Now < m.now {
		m.odd("group %d: time goes back from %d to %d", m.group, m.now, t.Now)
	}
	m.now = t.Now
	m.world.env.Tracef("  %d: %T %+v at %d, epoch %d, fetched %v", m.group, event, event, t.Now, t.Epoch, t.Fetched)
	if a := m.accounts[m.Entity(event)]; a != nil && t.Fetched {
		a.pinned = false
	}
	switch e := event.(type) {
	case *Transfer:
		m.transfer(t, e)
	case *Withdraw:
		m.withdraw(t, e)
	case *Look:
		if a, _, ok := m.need(t, e.Account, ""); ok {
			t.Reply(Balance{a.row, a.doc.Balance, a.doc.Version, e.Least})
		}
	case *Count:
		t.Reply(Counted{len(m.orders)})
	case *Spoil:
		m.spoil(t, e)
	case *Thaw:
		m.thaw(t, e)
	case *credit:
		m.credited(t, e)
	case *ack:
		m.acked(t, e)
	case Outcome:
		m.outcome(t, e)
	case split:
		m.split(t, e)
	case fire:
		m.fire(t, e)
	case flow.Loaded:
		m.loaded(t)
	case flow.Tick:
		m.tick(t)
	case flow.Poisoned:
		m.poisoned(t, e)
	default:
		panic(fmt.Sprintf("ledger: unknown event %T", event))
	}
	m.park(t.Durable)
}

// Entity implements flow.Machine.
func (m *machine) Entity(event any) int64 {
	switch e := event.(type) {
	case *Transfer:
		return e.From
	case *Withdraw:
		return e.Account
	case *Look:
		return e.Account
	case *Spoil:
		return e.Account
	case *Thaw:
		return e.Account
	case *credit:
		return e.To
	case *ack:
		return e.Account
	case Outcome:
		return e.Account
	case split:
		return e.account
	case fire:
		return e.account
	case flow.Poisoned:
		return e.Entity
	}
	return 0
}

// Describe implements flow.Machine.
func (m *machine) Describe(event any) wire.Raw {
	b := wire.Str([]byte("{"), "type", fmt.Sprintf("%T", event))
	return wire.Raw(append(wire.Int(b, "account", m.Entity(event)), '}'))
}

// Deadline implements flow.Machine.
func (m *machine) Deadline() int64 {
	for _, w := range m.timers {
		if !w.fired {
			return w.due
		}
	}
	return 0
}

// need returns an account, and one of its moves if there is such a one, or asks for their rows; ok is false then.
func (m *machine) need(t *flow.Turn, row int64, id string) (a *account, v *move, ok bool) {
	a = m.accounts[row]
	if a != nil && (id == "" || a.moves[id] != nil) {
		return a, a.moves[id], true
	}
	if !t.Fetched {
		if a != nil {
			a.pinned = true // or what it becomes meanwhile would be lost to the older rows
		}
		if id == "" {
			t.Need(row, store.One(store.Workflow, row))
		} else {
			t.Need(row, store.One(store.Workflow, row), store.Named(store.Run, row, id))
		}
		return nil, nil, false
	}
	for i := range t.Rows {
		a, v = m.unfold(a, v, &t.Rows[i])
	}
	if a == nil {
		panic(fmt.Sprintf("ledger: account %d has no row", row))
	}
	return a, v, true
}

// unfold adds a fetched row; what is in memory is newer.
func (m *machine) unfold(a *account, v *move, r *store.Row) (*account, *move) {
	switch r.Table {
	case store.Workflow:
		if a == nil {
			var err error
			if a, err = decodeAccount(r); err != nil {
				panic(err)
			}
			m.accounts[a.row] = a
			m.order = append(m.order, a.row)
			if m.now < a.doc.At {
				m.odd("group %d: it is %d, but account %d was changed at %d", m.group, m.now, a.row, a.doc.At)
			}
		}
	case store.Run:
		var err error
		if v, err = decodeMove(r); err != nil {
			panic(err)
		}
		v.account = a
		a.moves[v.id] = v
	}
	return a, v
}

// change notes that an account has changed.
func (m *machine) change(t *flow.Turn, a *account) {
	a.doc.Version++
	a.doc.At = t.Now
	a.changed = t.Epoch
	t.Dirty(100)
	if !a.dirty {
		a.dirty = true
		m.dirtyAccounts = append(m.dirtyAccounts, a)
	}
}

// changeMove notes that a transfer or withdrawal has changed.
func (m *machine) changeMove(t *flow.Turn, v *move) {
	v.changed = t.Epoch
	t.Dirty(100)
	if !v.dirty {
		v.dirty = true
		m.dirtyMoves = append(m.dirtyMoves, v)
	}
}

// Seal implements flow.Machine.
func (m *machine) Seal(rows []store.Row, buf []byte) ([]store.Row, []byte) {
	for _, a := range m.dirtyAccounts {
		if a.bad == Unsealable {
			panic("this account cannot be encoded")
		}
		rows = append(rows, a.encode())
		a.dirty = false
	}
	for _, v := range m.dirtyMoves {
		rows = append(rows, v.encode())
		v.dirty = false
	}
	rows = append(rows, m.rows...)
	m.dirtyAccounts, m.dirtyMoves, m.rows = nil, nil, nil
	return rows, buf
}

// park forgets the accounts about which everything is durable and for which no event waits.
func (m *machine) park(durable uint64) {
	keep := m.order[:0]
	for _, row := range m.order {
		a := m.accounts[row]
		clean := !a.dirty && !a.pinned && a.changed <= durable
		for _, v := range a.moves {
			clean = clean && !v.dirty && v.changed <= durable
		}
		if clean {
			delete(m.accounts, row)
		} else {
			keep = append(keep, row)
		}
	}
	m.order = keep
}

// loaded goes on with what was going on: timers go by themselves.
func (m *machine) loaded(t *flow.Turn) {
	for _, row := range m.orderRows() {
		o := m.orders[row]
		t.Express(Order{o.row, o.account, o.doc.Amount})
	}
	for _, s := range m.sending {
		t.Again(s)
	}
	m.sending = nil
}

func (m *machine) orderRows() []int64 {
	rows := make([]int64, 0, len(m.orders))
	for row := range m.orders {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	return rows
}

// poisoned sets an account aside.
func (m *machine) poisoned(t *flow.Turn, e flow.Poisoned) {
	a, _, ok := m.need(t, e.Entity, "")
	if !ok || a.doc.Frozen != "" {
		return
	}
	why, _, _ := strings.Cut(e.Reason, "\n")
	a.doc.Frozen = strings.ToValidUTF8(strings.ReplaceAll(why, "\x00", ""), "?")
	m.change(t, a)
}

var (
	errFrozen = fault.New(fault.Precondition, "the account is set aside")
	errPoor   = fault.New(fault.Unprocessable, "the account does not hold as much")
)
