package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// kind is the kind of an event.
type kind string

const (
	intended  kind = "intended"  // a client is about to start a run
	started   kind = "started"   // the server has acknowledged a start
	refused   kind = "refused"   // the server has refused a start for good
	stopping  kind = "stopping"  // a client is about to stop a run
	stopAsked kind = "stopped"   // the server has acknowledged a stop
	seenEnd   kind = "seen"      // the server has said that a run has ended
	seenStep  kind = "step"      // the server has said that an attempt of a step has ended
	taken     kind = "taken"     // another server has taken over from one that was stopped at this time
	frozen    kind = "frozen"    // the server was stopped
	thawed    kind = "thawed"    // and goes on
	killed    kind = "killed"    // the server was killed
	restarted kind = "restarted" // the server answers again
)

// event is one line of the history: what a client or the assailant saw, written when they saw it.
type event struct {
	Kind     kind          `json:"kind"`
	At       int64         `json:"at"` // epoch nanoseconds
	Request  string        `json:"request,omitempty"`
	Workflow string        `json:"workflow,omitempty"`
	N        int64         `json:"n,omitempty"`
	Instance int64         `json:"instance,omitempty"`
	Run      int64         `json:"run,omitempty"`
	Step     string        `json:"step,omitempty"`
	Attempt  int64         `json:"attempt,omitempty"`
	Status   string        `json:"status,omitempty"`
	Tries    int           `json:"tries,omitempty"`
	Took     time.Duration `json:"took,omitempty"`
}

// ledger is the history, in memory and in a file.
type ledger struct {
	mu   sync.Mutex
	all  []event
	file *os.File
	fail error
}

func openLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	return &ledger{file: f}, err
}

func (l *ledger) add(e event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	if err != nil && l.fail == nil {
		l.fail = err
		fmt.Fprintln(os.Stderr, "torture: the history is kept in memory only:", err)
	}
}

func (l *ledger) events() []event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

func (l *ledger) acknowledged() (n int) {
	for _, e := range l.events() {
		if e.Kind == started {
			n++
		}
	}
	return n
}

func (l *ledger) close() { l.file.Close() }

// attemptID names an attempt as its command knows it.
type attemptID struct {
	workflow      string
	instance, run int64
	step          string
	attempt       int64
}

func (a attemptID) String() string {
	return fmt.Sprintf("%s/%d/%d %s attempt %d", a.workflow, a.instance, a.run, a.step, a.attempt)
}

// commandLine is a line of the command log.
type commandLine struct {
	start bool // else end
	uuid  string
	id    attemptID
	at    int64 // epoch nanoseconds
}

func readCommands(path string) ([]commandLine, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []commandLine
	s := bufio.NewScanner(f)
	for s.Scan() {
		c, err := parseCommand(s.Text())
		if err != nil {
			return nil, err
		}
		lines = append(lines, c)
	}
	return lines, s.Err()
}

func parseCommand(line string) (c commandLine, err error) {
	var word string
	n, err := fmt.Sscan(line, &word, &c.uuid, &c.id.workflow, &c.id.instance, &c.id.run, &c.id.step, &c.id.attempt, &c.at)
	if err != nil || n != 8 || word != "start" && word != "end" || len(strings.Fields(line)) != 8 {
		return c, fmt.Errorf("line of the command log %q: %d fields, %v", line, n, err)
	}
	c.start = word == "start"
	return c, nil
}
