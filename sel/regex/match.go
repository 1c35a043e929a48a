package regex

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	seltext "github.com/segue-run/segue/sel/syntax"
)

// chunk is how many bytes of a literal search go on one payment.
const chunk = 1 << 16

// perStep is what one instruction, tried at one character, costs in bytes looked at.
const perStep = 16

// Matcher finds the matches of one pattern in one text, from left to right.
type Matcher struct {
	re   *Regex
	text string
	pay  func(bytes int) error

	current, next list
	free          [][]int
	stack         []entry
	caps          []int // of the match found
	spent         int   // work not paid for yet
}

// list is a set of threads in order of preference; it holds each instruction once.
type list struct {
	sparse []uint32
	dense  []thread
}

type thread struct {
	pc   uint32
	caps []int
}

type entry struct {
	pc   uint32
	slot int // >= 0: restore caps[slot] to old instead of following pc
	old  int
}

// Find returns a matcher of re in text. pay is called with the number of bytes looked at, more of them the more a byte
// cost; its error ends the match.
func (re *Regex) Find(text string, pay func(bytes int) error) *Matcher {
	return &Matcher{re: re, text: text, pay: pay}
}

// Next finds the first match at or after the byte offset from. It returns the offsets of the match and its groups in
// pairs, -1 for groups that took no part, valid until the next call; nil when there is no match.
func (m *Matcher) Next(from int) ([]int, error) {
	if _, ok := m.re.Literal(); ok {
		at, err := m.index(from)
		if at < 0 || err != nil {
			return nil, err
		}
		m.caps = append(m.caps[:0], at, at+len(m.re.prefix))
		return m.caps, nil
	}
	if m.current.sparse == nil {
		n := len(m.re.prog.Inst)
		if err := m.pay(16 * n); err != nil {
			return nil, err
		}
		m.current, m.next = list{make([]uint32, n), nil}, list{make([]uint32, n), nil}
	}
	return m.run(from)
}

// index searches for the prefix.
func (m *Matcher) index(from int) (int, error) {
	prefix := m.re.prefix
	for from+len(prefix) <= len(m.text) {
		end := min(len(m.text), from+chunk+len(prefix)-1)
		at := strings.Index(m.text[from:end], prefix)
		looked := end - from
		if at >= 0 {
			looked = at
		}
		if err := m.pay(looked); err != nil {
			return -1, err
		}
		if at >= 0 {
			return from + at, nil
		}
		from += chunk
	}
	return -1, nil
}

// run walks the text once, with a thread for every way in which it could match.
func (m *Matcher) run(at int) ([]int, error) {
	matched := false
	m.clear(&m.current)
	m.clear(&m.next)
	before := rune(-1)
	if at > 0 {
		before = m.before(at)
	}
	for {
		if len(m.current.dense) == 0 {
			if matched {
				break
			}
			if m.re.prefix != "" && at < len(m.text) {
				found, err := m.index(at)
				if err != nil || found < 0 {
					return nil, err
				}
				if found > at {
					at = found
					before = m.before(at)
				}
			}
		}
		r, width := rune(-1), 0
		if at < len(m.text) {
			r, width = seltext.Decode(m.text[at:])
		}
		if !matched {
			caps := m.alloc()
			caps[0] = at
			m.add(&m.current, uint32(m.re.prog.Start), at, caps, m.context(before, r, at))
			m.release(caps)
		}
		after := rune(-1)
		if at+width < len(m.text) && width > 0 {
			after, _ = seltext.Decode(m.text[at+width:])
		}
		here := m.context(r, after, at+width)
		if width == 0 {
			here = 0
		}
		for i := range m.current.dense {
			t := &m.current.dense[i]
			m.spent++
			inst := &m.re.prog.Inst[t.pc]
			if inst.Op == syntax.InstMatch {
				if m.caps == nil {
					m.caps = make([]int, m.re.prog.NumCap)
				}
				copy(m.caps, t.caps)
				m.caps[1] = at
				matched = true
				break // what comes after is less preferred
			}
			if width > 0 && matches(inst, r) {
				m.add(&m.next, inst.Out, at+width, t.caps, here)
			}
			if m.spent >= 256 {
				if err := m.pay(perStep * m.spent); err != nil {
					return nil, err
				}
				m.spent = 0
			}
		}
		m.clear(&m.current)
		m.current, m.next = m.next, m.current
		if width == 0 {
			break
		}
		at += width
		before = r
	}
	m.clear(&m.current)
	if err := m.pay(perStep*m.spent + 1); err != nil {
		return nil, err
	}
	m.spent = 0
	if !matched {
		return nil, nil
	}
	return m.caps, nil
}

// before returns the character that ends at at.
func (m *Matcher) before(at int) rune {
	start := at - 1
	for start > 0 && at-start < utf8.UTFMax && !utf8.RuneStart(m.text[start]) {
		start--
	}
	r, _ := seltext.Decode(m.text[start:at])
	return r
}

func matches(inst *syntax.Inst, r rune) bool {
	switch inst.Op {
	case syntax.InstRune1:
		return inst.Rune[0] == r
	case syntax.InstRune:
		return inst.MatchRune(r)
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return r != '\n'
	}
	return false
}

// context returns which empty-width assertions hold between two characters; -1 is the edge of the text.
func (m *Matcher) context(before, after rune, at int) syntax.EmptyOp {
	op := syntax.EmptyOpContext(before, after) &^ (syntax.EmptyBeginLine | syntax.EmptyEndLine)
	if after >= 0 && (before < 0 || isLineEnd(before) && !(before == '\r' && after == '\n')) {
		op |= syntax.EmptyBeginLine // in Java no line begins at the end of the text
	}
	switch {
	case after < 0:
		op |= syntax.EmptyEndLine
	case isLineEnd(after) && !(after == '\n' && before == '\r'):
		if m.re.lineEnds {
			op |= syntax.EmptyEndLine
			break
		}
		rest := m.text[at:]
		if _, width := seltext.Decode(rest); width == len(rest) || rest == "\r\n" {
			op |= syntax.EmptyEndLine
		}
	}
	return op
}

func isLineEnd(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// add puts the threads that pc leads to, without reading a character, on the list, each with its own captures.
func (m *Matcher) add(l *list, pc uint32, at int, caps []int, holds syntax.EmptyOp) {
	work := m.alloc()
	copy(work, caps)
	m.stack = append(m.stack[:0], entry{pc: pc, slot: -1})
	for len(m.stack) > 0 {
		e := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if e.slot >= 0 {
			work[e.slot] = e.old
			continue
		}
		pc := e.pc
	follow:
		m.spent++
		if i := l.sparse[pc]; int(i) < len(l.dense) && l.dense[i].pc == pc {
			continue
		}
		l.sparse[pc] = uint32(len(l.dense))
		l.dense = append(l.dense, thread{pc: pc})
		inst := &m.re.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstFail:
		case syntax.InstAlt, syntax.InstAltMatch:
			m.stack = append(m.stack, entry{pc: inst.Arg, slot: -1})
			pc = inst.Out
			goto follow
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^holds == 0 {
				pc = inst.Out
				goto follow
			}
		case syntax.InstNop:
			pc = inst.Out
			goto follow
		case syntax.InstCapture:
			if int(inst.Arg) < len(work) {
				m.stack = append(m.stack, entry{slot: int(inst.Arg), old: work[inst.Arg]})
				work[inst.Arg] = at
			}
			pc = inst.Out
			goto follow
		default:
			m.spent += len(work) / 8
			kept := m.alloc()
			copy(kept, work)
			l.dense[len(l.dense)-1].caps = kept
		}
	}
	m.release(work)
}

func (m *Matcher) clear(l *list) {
	for i := range l.dense {
		if c := l.dense[i].caps; c != nil {
			m.release(c)
		}
	}
	l.dense = l.dense[:0]
}

// alloc returns captures that are all unset.
func (m *Matcher) alloc() []int {
	n := m.re.prog.NumCap
	var caps []int
	if len(m.free) > 0 {
		caps = m.free[len(m.free)-1]
		m.free = m.free[:len(m.free)-1]
	} else {
		caps = make([]int, n)
	}
	for i := range caps {
		caps[i] = -1
	}
	return caps
}

func (m *Matcher) release(caps []int) { m.free = append(m.free, caps) }
