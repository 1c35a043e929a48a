package flow_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// TestTranscripts plays every story in testdata/*.txt, each a rule of DESIGN.md, with one thread and a store in memory. A line
// that begins with "> " is a command; the lines after it say what has happened then. Rewrite them with -update, and
// read what has changed.
//
//	> node [shared] [NAME=N of Limits]    a node that owns groups 0 to 2; the one before it has crashed
//	> ask G PROGRAM                       a command for a group (see tiny)
//	> edge G PROGRAM                      an event from outside
//	> receive FROM TO NUMBER PROGRAM      a message row that another node sends
//	> turn G                              one turn
//	> turns                               turns until no group may take one
//	> fetch                               the rows are read that were asked for
//	> cut                                 the batch that closes the epoch
//	> express                             an express batch
//	> end [FAULT]                         it is committed, and the node hears what has become of it
//	> commit                              turns, cut and end, until nothing is left to do
//	> recover                             what was dropped is loaded again
//	> steal G                             another node claims a group
//	> forget N                            the store loses its last batches
//	> pass MS, back MS                    the clock; ticks are posted
//	> rows                                what the store says
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newStory(t)
			var out strings.Builder
			for line := range strings.Lines(string(text)) {
				if command, ok := strings.CutPrefix(line, "> "); ok {
					out.WriteString(line)
					s.do(strings.Fields(strings.TrimSuffix(command, "\n")))
					out.WriteString(s.said.String())
					s.said.Reset()
				} else if strings.HasPrefix(line, "#") || line == "\n" {
					out.WriteString(line)
				}
			}
			s.crash()
			if *update {
				if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if out.String() != string(text) {
				t.Errorf("the story has changed (see -update); it is now\n%s", out.String())
			}
		})
	}
}

// story is a node on a store, and what is heard of them.
type story struct {
	t       *testing.T
	ctx     context.Context
	store   *store.Memory
	verdict store.Verdict // of the next commit
	clock   int64
	node    *flow.Node
	batch   *flow.Batch
	asked   int
	open    int  // commands that have not been answered
	letOut  bool // since the last Released
	said    strings.Builder
}

func newStory(t *testing.T) *story {
	s := &story{t: t, ctx: context.Background(), store: store.NewMemory(3), clock: 1000}
	s.store.Remember = 10
	s.store.Faults = s
	return s
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(&s.said, format+"\n", args...) }

// BeforeCommit implements store.Faults.
func (s *story) BeforeCommit(*store.Batch) store.Verdict {
	v := s.verdict
	s.verdict = store.Proceed
	return v
}

// BeforeCall implements store.Faults.
func (s *story) BeforeCall(string) store.Verdict { return store.Proceed }

// Release implements flow.Outbox.
func (s *story) Release(g store.Group, _ store.Generation, effect any) {
	s.say("group %d lets out: %v", g, effect)
	s.letOut = true
}

// Released implements flow.Outbox.
func (s *story) Released() {
	if s.letOut {
		s.say("that was all")
	}
	s.letOut = false
}

func (s *story) report(i flow.Incident) {
	what, _, _ := strings.Cut(i.Err.Error(), "\n") // without stacks
	s.say("incident: %s, group %d: %s", i.What, i.Group, what)
}

func (s *story) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) crash() {
	if s.node == nil {
		return
	}
	text := s.said.String()
	s.node.Abandon()
	if s.open != 0 && s.batch == nil {
		s.t.Errorf("%d commands have never been answered", s.open)
	}
	s.open, s.batch = 0, nil
	s.said.Reset() // nobody hears what a node says that has crashed
	s.said.WriteString(text)
}

var faults = map[string]store.Verdict{
	"full": store.Full, "lost-request": store.LostRequest, "lost-answer": store.LostAnswer, "broken": store.Broken,
}

var verdicts = map[flow.Verdict]string{flow.Landed: "landed", flow.Repeat: "repeat", flow.Dropped: "dropped", flow.Halt: "halt"}

func (s *story) do(words []string) {
	rest := strings.Join(words[1:], " ")
	group := func() (store.Group, string) {
		g, program, _ := strings.Cut(rest, " ")
		return store.Group(number(g)), program
	}
	switch words[0] {
	case "node":
		s.boot(words[1:])
	case "ask":
		g, program := group()
		s.asked++
		s.open++
		id := "command " + strconv.Itoa(s.asked)
		s.say("%s", id)
		s.node.Ask(g, &flow.Command{Body: program, Answer: func(v any, err error) {
			s.open--
			if err != nil {
				s.say("%s fails: %v", id, err)
			} else {
				s.say("%s is answered: %v", id, v)
			}
		}})
	case "edge":
		g, program := group()
		if !s.node.Outside(g, program) {
			s.say("it is not here")
		}
	case "receive":
		s.check(s.node.Receive(store.Message{
			From: store.Group(number(words[1])), To: store.Group(number(words[2])), Number: number(words[3]), Body: []byte(strings.Join(words[4:], " ")),
		}))
	case "turn":
		g, _ := group()
		if l := s.loop(g); l == nil || !l.Turn() {
			s.say("nothing may be taken")
		}
	case "turns":
		s.turns()
	case "fetch":
		for f := s.node.NextFetch(); f != nil; f = s.node.NextFetch() {
			s.check(f.Run(s.ctx))
		}
	case "cut":
		if !s.begin(s.node.Begin) {
			s.say("nothing to commit")
		}
	case "express":
		if !s.begin(s.node.Express) {
			s.say("nothing may go ahead")
		}
	case "end":
		s.end(rest)
	case "commit":
		for s.turns(); s.node.WantsCommit(); s.turns() {
			if s.begin(s.node.Begin) {
				s.end("")
			}
		}
	case "recover":
		s.check(s.node.Recover(s.ctx))
	case "steal":
		g, _ := group()
		other, err := s.store.Join(s.ctx, "other", 0)
		s.check(err)
		_, err = s.store.Claim(s.ctx, other, []store.Group{g})
		s.check(err)
	case "forget":
		s.say("%d batches are gone", s.store.Forget(int(number(rest))))
	case "pass", "back":
		d := number(rest)
		if words[0] == "back" {
			d = -d
		}
		s.clock += d
		if next := s.node.Tick(); next != 0 {
			s.say("the next deadline is %d, now is %d", next, s.clock)
		}
	case "rows":
		s.rows()
	default:
		s.t.Fatalf("no such command: %s", words[0])
	}
	s.check(s.node.CheckHurried())
}

func (s *story) boot(words []string) {
	o := flow.Options{
		Name: "n", Store: s.store, Kind: tinyKind{}, Outbox: s, Clock: func() int64 { return s.clock }, Report: s.report,
		Limits: flow.Limits{Settle: -1},
	}
	for _, w := range words {
		name, n, _ := strings.Cut(w, "=")
		switch name {
		case "shared":
			o.Shared = true
		case "soft":
			o.Limits.SoftBytes = number(n)
		case "full":
			o.Limits.FullBytes = number(n)
		case "hard":
			o.Limits.HardBytes = number(n)
		case "commands":
			o.Limits.Commands = number(n)
		}
	}
	s.crash()
	s.node = flow.NewNode(o)
	s.check(s.node.Join(s.ctx))
	s.check(s.node.Claim(s.ctx, 0, 1, 2))
	s.turns()
	s.node.WantsCommit()
}

// loop takes a group out of the queue of those that may run.
func (s *story) loop(g store.Group) *flow.Loop {
	var found *flow.Loop
	var others []*flow.Loop
	for l := s.node.NextReady(); l != nil; l = s.node.NextReady() {
		if l.Group() == g {
			found = l
		}
		others = append(others, l)
	}
	for _, l := range others {
		l.Ready()
	}
	return found
}

func (s *story) turns() {
	for l := s.node.NextReady(); l != nil; l = s.node.NextReady() {
		for l.Turn() {
		}
	}
}

func (s *story) begin(batch func() *flow.Batch) bool {
	if s.batch != nil {
		s.t.Fatal("a batch is under way")
	}
	s.batch = batch()
	if s.batch == nil {
		return false
	}
	b := &s.batch.Store
	var parts []string
	for _, f := range b.Fences {
		parts = append(parts, fmt.Sprintf("group %d", f.Group))
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		parts = append(parts, fmt.Sprintf("%s %s %q", r.Table, r.Key, r.Doc))
	}
	for i := range b.Send {
		parts = append(parts, fmt.Sprintf("send %s: %s", &b.Send[i], b.Send[i].Body))
	}
	for i := range b.Consumed {
		parts = append(parts, "remove "+b.Consumed[i].String())
	}
	if s.batch.Empty() {
		parts = append(parts, "nothing to write")
	}
	s.say("batch: %s", strings.Join(parts, "; "))
	return true
}

func (s *story) end(fault string) {
	if fault != "" {
		s.verdict = faults[fault]
	}
	verdict := s.node.End(s.batch, s.node.Commit(s.ctx, s.batch))
	s.say("%s", verdicts[verdict])
	if verdict == flow.Landed || verdict == flow.Dropped {
		s.batch = nil
	}
}

func (s *story) rows() {
	s.check(s.store.Read(s.ctx, func(snap store.Snapshot) error {
		for _, table := range []store.Table{store.Workflow, store.Quarantine} {
			err := snap.Rows(store.Query{Table: table, By: store.ByTable}, func(r *store.Row) error {
				s.say("%s %s %q", r.Table, r.Key, r.Doc)
				return nil
			})
			if err != nil {
				return err
			}
		}
		for g := range store.Group(s.store.Groups()) {
			if err := snap.Messages(g, func(m *store.Message) error { s.say("%s: %s", m, m.Body); return nil }); err != nil {
				return err
			}
			o, err := snap.Owner(g)
			if err != nil {
				return err
			}
			if len(o.State) > 0 {
				s.say("state of group %d: %s", g, o.State)
			}
		}
		return nil
	}))
}
