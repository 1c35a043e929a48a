package store

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

var tableNames = [...]string{
	Workflow: "workflow", Version: "version", Run: "run", Step: "step", Detail: "detail", Quarantine: "quarantine",
}

// Known reports whether t is one of Tables.
func (t Table) Known() bool { return t >= Workflow && t <= Quarantine }

// String returns the name of the table, which is also its name in the databases.
func (t Table) String() string {
	if t.Known() {
		return tableNames[t]
	}
	return fmt.Sprintf("table(%d)", uint8(t))
}

// Checker finds in a batch what no store may hold, before any database is asked, so that all stores refuse the same.
// The zero value is ready; it keeps its memory from one batch to the next and serves one goroutine at a time.
type Checker struct {
	fenced []bool
	rows   map[rowName]struct{}
	sent   map[messageName]struct{}
	gone   map[messageName]struct{}
}

type rowName struct {
	table Table
	id    int64
}

type messageName struct {
	from, to Group
	number   int64
}

// Check returns an error of class Refused for a batch that breaks its own rules: a group that is not fenced or does not
// exist, a row or message twice, a column that its table does not have, a text that is no text. groups is Store.Groups.
func (c *Checker) Check(b *Batch, groups int) error {
	if err := c.check(b, groups); err != nil {
		return &Error{Class: Refused, Op: "commit", Err: err}
	}
	return nil
}

func (c *Checker) check(b *Batch, groups int) error {
	if b.Number < 1 {
		return fmt.Errorf("batch number %d: the first is 1", b.Number)
	}
	if len(c.fenced) != groups {
		c.fenced = make([]bool, groups)
	}
	clear(c.fenced)
	for _, f := range b.Fences {
		if f.Group < 0 || int(f.Group) >= groups {
			return fmt.Errorf("fence: group %d: this store has groups 0 to %d", f.Group, groups-1)
		}
		c.fenced[f.Group] = true
	}
	if err := c.checkRows(b.Rows); err != nil {
		return err
	}
	if err := c.checkMessages(b, groups); err != nil {
		return err
	}
	for i := range b.Groups {
		if err := c.writes(b.Groups[i].Group); err != nil {
			return fmt.Errorf("state of group %d: %w", b.Groups[i].Group, err)
		}
	}
	return nil
}

// writes tells whether the batch may write a group.
func (c *Checker) writes(g Group) error {
	if g < 0 || int(g) >= len(c.fenced) {
		return fmt.Errorf("this store has groups 0 to %d", len(c.fenced)-1)
	}
	if !c.fenced[g] {
		return errors.New("the batch names no fence for the group")
	}
	return nil
}

func (c *Checker) checkRows(rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	if c.rows == nil {
		c.rows = map[rowName]struct{}{}
	}
	clear(c.rows)
	for i := range rows {
		r := &rows[i]
		if err := c.checkRow(r); err != nil {
			return fmt.Errorf("%s %d: %w", r.Table, r.ID, err)
		}
		c.rows[rowName{r.Table, r.ID}] = struct{}{}
		if len(c.rows) == i {
			return fmt.Errorf("%s %d: the batch has this row twice", r.Table, r.ID)
		}
	}
	return nil
}

func (c *Checker) checkRow(r *Row) error {
	if !r.Table.Known() {
		return errors.New("no such table")
	}
	if r.ID < 1 {
		return errors.New("row keys start at 1")
	}
	if r.Delete {
		return nil
	}
	if err := c.writes(r.Group); err != nil {
		return fmt.Errorf("group %d: %w", r.Group, err)
	}
	if r.State < 0 {
		return fmt.Errorf("state %d: it must not be negative", r.State)
	}
	hasParent, hasB, hasKey := r.Table != Workflow, false, false
	hasA := hasParent && r.Table != Quarantine
	switch r.Table {
	case Run:
		hasB, hasKey = true, true
	case Step, Detail:
		hasB = true
	case Workflow:
		hasKey = true
	}
	if !hasParent && r.Parent != 0 || !hasA && r.A != 0 || !hasB && r.B != 0 || !hasKey && r.Key != "" {
		return fmt.Errorf("(%d, %d, %d, %q): the table does not have all of these columns", r.Parent, r.A, r.B, r.Key)
	}
	if len(r.Key) > MaxKey {
		return fmt.Errorf("key of %d bytes: at most %d are allowed", len(r.Key), MaxKey)
	}
	if !utf8.ValidString(r.Key) || hasNUL(r.Key) {
		return fmt.Errorf("key %q: it must be UTF-8 without NUL", r.Key)
	}
	if len(r.Doc) > MaxDoc {
		return fmt.Errorf("document of %d bytes: at most %d are allowed", len(r.Doc), MaxDoc)
	}
	if !utf8.Valid(r.Doc) || bytes.IndexByte(r.Doc, 0) >= 0 {
		return errors.New("the document must be UTF-8 without NUL")
	}
	return nil
}

func hasNUL(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return true
		}
	}
	return false
}

func (c *Checker) checkMessages(b *Batch, groups int) error {
	if len(b.Send) == 0 && len(b.Consumed) == 0 {
		return nil
	}
	if c.sent == nil {
		c.sent, c.gone = map[messageName]struct{}{}, map[messageName]struct{}{}
	}
	clear(c.sent)
	clear(c.gone)
	for i := range b.Send {
		m := &b.Send[i]
		if err := c.checkMessage(m, m.From, groups); err != nil {
			return fmt.Errorf("send %s: %w", m, err)
		}
		if len(m.Body) > MaxDoc {
			return fmt.Errorf("send %s: body of %d bytes: at most %d are allowed", m, len(m.Body), MaxDoc)
		}
		c.sent[m.name()] = struct{}{}
		if len(c.sent) == i {
			return fmt.Errorf("send %s: the batch has this message twice", m)
		}
	}
	for i := range b.Consumed {
		m := &b.Consumed[i]
		if err := c.checkMessage(m, m.To, groups); err != nil {
			return fmt.Errorf("consume %s: %w", m, err)
		}
		if _, both := c.sent[m.name()]; both {
			return fmt.Errorf("consume %s: the same batch sends it", m)
		}
		c.gone[m.name()] = struct{}{}
		if len(c.gone) == i {
			return fmt.Errorf("consume %s: the batch has this message twice", m)
		}
	}
	return nil
}

// checkMessage checks one message that the owner of writer adds or removes.
func (c *Checker) checkMessage(m *Message, writer Group, groups int) error {
	if m.From < 0 || int(m.From) >= groups || m.To < 0 || int(m.To) >= groups {
		return fmt.Errorf("this store has groups 0 to %d", groups-1)
	}
	if m.Number < 1 {
		return errors.New("message numbers start at 1")
	}
	if err := c.writes(writer); err != nil {
		return fmt.Errorf("group %d: %w", writer, err)
	}
	return nil
}

func (m *Message) name() messageName { return messageName{m.From, m.To, m.Number} }

// String returns the name of the message: its groups and number.
func (m *Message) String() string {
	return fmt.Sprintf("message %d from group %d to group %d", m.Number, m.From, m.To)
}

// Check returns an error of class Refused for a question that the stores do not answer: one without an index.
func (q *Query) Check() error {
	ok := q.Table.Known() && q.Limit >= 0
	switch q.By {
	case ByID:
		ok = ok && !q.Desc
	case ByTable:
	case ByParent:
		ok = ok && q.Table != Workflow
	case ByKey:
		ok = ok && !q.Desc && (q.Table == Workflow || q.Table == Run)
	case ByOpen:
		ok = ok && !q.Desc && (q.Table == Run || q.Table == Step)
	case ByGroup:
		ok = ok && !q.Desc && (q.Table == Workflow || q.Table == Quarantine)
	default:
		ok = false
	}
	if !ok {
		return &Error{Class: Refused, Op: "read", Err: fmt.Errorf("no store answers the query %+v", *q)}
	}
	return nil
}
