package flow_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// tiny is a Machine whose events are little programs, so that a test can say what a group decides. A group keeps numbers by
// name, one row each. Statements are separated by "; ":
//
//	add NAME N          change a number; names that begin with "cold" are fetched first and forgotten when durable
//	say TEXT, no TEXT   answer the command, with a value or an error
//	hold TEXT           let an effect out; time: one that tells the group's time; launch TEXT: one that hurries
//	send G PROGRAM      a message to another group, PROGRAM with " & " for "; "
//	again PROGRAM       go on later; soon PROGRAM
//	weigh N             as if N bytes of rows had changed
//	wake T              ask for a Tick
//	panic, spoil NAME   break: at once, or when the store sees the row; choke: when the row is encoded
type tiny struct {
	group    store.Group
	ids      func() int64
	rows     map[string]int64
	numbers  map[string]int64
	changed  map[string]uint64 // epoch of the last change
	dirty    []string
	spoilt   string
	choking  bool
	wake     int64
	awoken   string
	poisoned map[int64]string
	pending  []store.Row
}

// tinyKind makes tiny machines.
type tinyKind struct{}

func (tinyKind) Load(s store.Snapshot, o store.Owned, ids func() int64) (flow.Machine, error) {
	m := &tiny{
		group: o.Group, ids: ids, rows: map[string]int64{}, numbers: map[string]int64{}, changed: map[string]uint64{}, poisoned: map[int64]string{},
	}
	err := s.Rows(store.AllIn(store.Workflow, o.Group), func(r *store.Row) error {
		name := nameOf(r)
		m.rows[name] = r.ID
		if !cold(name) {
			return m.take(r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, s.Rows(store.AllIn(store.Quarantine, o.Group), func(r *store.Row) error {
		m.poisoned[r.Parent] = string(r.Doc)
		return nil
	})
}

func (tinyKind) DecodeMessage(body []byte) (flow.Message, error) {
	if !strings.Contains(string(body), " ") {
		return nil, fmt.Errorf("%q is no program", body)
	}
	return note(body), nil
}

// note is a message: a program for the receiver.
type note string

func (n note) AppendBody(b []byte) []byte { return append(b, n...) }

func cold(name string) bool { return strings.HasPrefix(name, "cold") }

// nameOf returns the name of a number; rows of different groups have different keys.
func nameOf(r *store.Row) string {
	_, name, _ := strings.Cut(r.Key, "/")
	return name
}

func (m *tiny) take(r *store.Row) (err error) {
	name := nameOf(r)
	m.numbers[name], err = strconv.ParseInt(string(r.Doc), 10, 64)
	return err
}

func (m *tiny) Handle(t *flow.Turn, event any) {
	switch e := event.(type) {
	case string:
		m.run(t, e)
	case note:
		m.run(t, strings.ReplaceAll(string(e), " & ", "; "))
	case flow.Loaded:
	case flow.Tick:
		if m.wake != 0 && m.wake <= t.Now {
			m.wake = 0
			t.Hold(fmt.Sprintf("tick at %d", t.Now))
		}
	case flow.Poisoned:
		m.poisoned[e.Entity] = e.Reason
		m.pending = append(m.pending, store.Row{Table: store.Quarantine, ID: m.ids(), Group: m.group, Parent: e.Entity, Doc: []byte(e.Reason + " " + string(e.Event))})
		t.Dirty(len(e.Reason))
		t.Hold("sets " + m.name(e.Entity) + " aside: " + e.Reason)
	}
	for _, name := range slices.Sorted(maps.Keys(m.numbers)) {
		if cold(name) && m.changed[name] <= t.Durable {
			delete(m.numbers, name)
		}
	}
}

func (m *tiny) name(row int64) string {
	for name, id := range m.rows {
		if id == row {
			return name
		}
	}
	return "nothing"
}

func (m *tiny) run(t *flow.Turn, program string) {
	if why := m.poisoned[m.Entity(program)]; why != "" {
		t.Reply(fault.New(fault.Precondition, "%s has been set aside", m.name(m.Entity(program))))
		return
	}
	statements := strings.Split(program, "; ")
	for _, s := range statements {
		if verb, rest, _ := strings.Cut(s, " "); verb == "add" && !m.present(t, strings.Fields(rest)[0]) {
			return
		}
	}
	for _, s := range statements {
		m.do(t, s)
	}
}

// present makes sure that a number is in memory.
func (m *tiny) present(t *flow.Turn, name string) bool {
	if _, ok := m.numbers[name]; ok || !cold(name) {
		return true
	}
	row := m.rows[name]
	switch {
	case row == 0:
		return true
	case t.Fetched:
		for i := range t.Rows {
			if err := m.take(&t.Rows[i]); err != nil {
				panic(err)
			}
		}
		return true
	}
	t.Need(row, store.One(store.Workflow, row))
	return false
}

func (m *tiny) do(t *flow.Turn, statement string) {
	verb, rest, _ := strings.Cut(statement, " ")
	switch verb {
	case "add", "spoil":
		name, n, _ := strings.Cut(rest, " ")
		m.add(t, name, number(n))
		if verb == "spoil" {
			m.spoilt = name
		}
	case "say":
		t.Reply(rest + m.told(rest))
	case "no":
		t.Reply(fault.New(fault.BadRequest, "%s", rest))
	case "hold":
		t.Hold(rest)
	case "launch":
		t.Express(rest)
	case "time":
		t.Hold(fmt.Sprintf("it is %d", t.Now))
	case "send":
		to, program, _ := strings.Cut(rest, " ")
		t.Send(store.Group(number(to)), note(program))
	case "again":
		t.Again(strings.ReplaceAll(rest, " & ", "; "))
	case "soon":
		t.Soon(strings.ReplaceAll(rest, " & ", "; "))
	case "weigh":
		t.Dirty(int(number(rest)))
	case "wake":
		m.wake = number(rest)
	case "choke":
		m.choking = true
	case "panic":
		panic("told to")
	default:
		panic(fmt.Sprintf("tiny: %q is no statement", statement))
	}
}

// told returns the value of a number that an answer names.
func (m *tiny) told(name string) string {
	if n, ok := m.numbers[name]; ok {
		return fmt.Sprintf("=%d", n)
	}
	return ""
}

func (m *tiny) add(t *flow.Turn, name string, n int64) {
	if m.rows[name] == 0 {
		m.rows[name] = m.ids()
	}
	m.numbers[name] += n
	m.changed[name] = t.Epoch
	if !slices.Contains(m.dirty, name) {
		m.dirty = append(m.dirty, name)
	}
	t.Dirty(10)
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && s != "" {
		panic(fmt.Sprintf("tiny: %q is no number", s))
	}
	return n
}

func (m *tiny) Seal(rows []store.Row, buf []byte) ([]store.Row, []byte) {
	if m.choking {
		panic("choked")
	}
	rows = append(rows, m.pending...)
	m.pending = nil
	for _, name := range m.dirty {
		from := len(buf)
		buf = strconv.AppendInt(buf, m.numbers[name], 10)
		if name == m.spoilt {
			buf = append(buf, 0)
		}
		rows = append(rows, store.Row{
			Table: store.Workflow, ID: m.rows[name], Group: m.group, Key: fmt.Sprintf("%d/%s", m.group, name), Doc: buf[from:len(buf):len(buf)],
		})
	}
	m.dirty = nil
	return rows, buf
}

func (m *tiny) Deadline() int64 { return m.wake }

// Describe returns the program; one with a secret in it is too much for it.
func (m *tiny) Describe(event any) wire.Raw {
	program := fmt.Sprint(event)
	switch {
	case strings.Contains(program, "secret"):
		panic("it is secret")
	case strings.Contains(program, "nonsense"):
		return "nonsense"
	}
	return wire.Raw(wire.Str([]byte("{"), "program", program)) + "}"
}

// Entity returns the row of the number that a program names first.
func (m *tiny) Entity(event any) int64 {
	var program string
	switch e := event.(type) {
	case string:
		program = e
	case note:
		program = string(e)
	}
	for _, word := range strings.Fields(program) {
		if row := m.rows[strings.TrimSuffix(word, ";")]; row != 0 {
			return row
		}
	}
	return 0
}
