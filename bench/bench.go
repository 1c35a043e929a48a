// Package bench measures the engine against what its store and disk can do at best, in the same process and the same
// minutes, so that the figures mean something on a machine that is shared and noisy.
//
// Above it are server and client, which it drives like a user; below it, `segue bench` prints its figures.
//
// The one thing to know before changing it: a figure without its limit says nothing. Every repetition of a scenario is
// followed by a probe of the limits in the same store, and docs/performance.md states ratios.
package bench

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres"
	"github.com/segue-run/segue/store/sqlite"
)

// Options says what to run and on which store.
type Options struct {
	// Store is "sqlite", "memory", or a PostgreSQL connection URL.
	Store string
	// Dir is where data directories are made; "" = the system's temporary directory.
	Dir string
	// Repeat is how often each scenario is run; figures are medians. Default 5.
	Repeat int
	// Scale shrinks or grows the number of runs of a scenario; 1 = as documented.
	Scale float64
	// Delay is added to every commit: with a directory in memory, a disk that is slower and never stalls.
	Delay time.Duration
}

// Result is what came of one scenario.
type Result struct {
	Scenario string             `json:"scenario"`
	Store    string             `json:"store"`
	Settings map[string]any     `json:"settings"`
	Figures  map[string]float64 `json:"figures"`
}

// scenario is one way of putting the engine to work. It returns the figures of one repetition.
type scenario struct {
	name  string
	about string
	run   func(ctx context.Context, b *stand) (map[string]float64, error)
}

var scenarios = []scenario{
	{"limits", "what disk and store can do at best", limitsOnly},
	{"chain", "100 internal steps in a row", chain},
	{"edge", "100 steps in a row of a runtime that answers at once", edgeChain},
	{"fanout", "250 parallel steps, then a join", fanout},
	{"many", "1,000 runs of 5 internal steps, 16 clients over REST", many},
	{"start", "200 runs of one edge step, one after another, over REST", start},
	{"waiting", "100,000 runs in a long sleep, and a restart", waiting},
	{"backlog", "10,000 runs posted at once", backlog},
	{"fair", "an edge step beside many and an endless chain", fair},
	{"stall", "the store stalls for a while", stall},
}

// Scenarios returns names and descriptions.
func Scenarios() [][2]string {
	var list [][2]string
	for _, s := range scenarios {
		list = append(list, [2]string{s.name, s.about})
	}
	return list
}

// Run runs scenarios by name and reports each as it ends.
func Run(ctx context.Context, o Options, names []string, report func(Result)) error {
	if o.Repeat == 0 {
		o.Repeat = 5
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Store == "" {
		o.Store = "sqlite"
	}
	for _, name := range names {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return fault.New(fault.BadRequest, "there is no scenario %q; there are %s", name, scenarioNames())
		}
		r, err := repeat(ctx, o, scenarios[i])
		if err != nil {
			return fault.In(err, "scenario %s", name)
		}
		report(r)
	}
	return nil
}

func scenarioNames() string {
	text := ""
	for i, s := range scenarios {
		if i > 0 {
			text += ", "
		}
		text += s.name
	}
	return text
}

// repeat runs a scenario several times, each on a new store, with the limits probed in between.
func repeat(ctx context.Context, o Options, s scenario) (Result, error) {
	all := map[string][]float64{}
	add := func(figures map[string]float64) {
		for k, v := range figures {
			all[k] = append(all[k], v)
		}
	}
	for range o.Repeat {
		if err := once(ctx, o, s, add); err != nil {
			return Result{}, err
		}
	}
	r := Result{Scenario: s.name, Store: o.Store, Settings: map[string]any{"repeat": o.Repeat, "scale": o.Scale, "delay_us": o.Delay.Microseconds()}, Figures: map[string]float64{}}
	for k, v := range all {
		r.Figures[k] = median(v)
	}
	return r, nil
}

func once(ctx context.Context, o Options, s scenario, add func(map[string]float64)) (err error) {
	b, err := newStand(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if e := b.close(); err == nil {
			err = e
		}
	}()
	figures, err := s.run(ctx, b)
	if err != nil {
		return err
	}
	add(figures)
	if s.name != "limits" {
		limits, err := b.limits(ctx)
		if err != nil {
			return err
		}
		add(limits)
	}
	return nil
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	sort.Float64s(s)
	if n := len(s); n%2 == 1 {
		return s[n/2]
	} else if n > 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return 0
}

// quantile returns the value below which a part of the durations lies, in microseconds.
func quantile(d []time.Duration, q float64) float64 {
	s := slices.Clone(d)
	slices.Sort(s)
	if len(s) == 0 {
		return 0
	}
	return float64(s[min(int(q*float64(len(s))), len(s)-1)].Nanoseconds()) / 1000
}

// mean returns the mean of the durations in microseconds.
func mean(d []time.Duration) float64 {
	var all time.Duration
	for _, x := range d {
		all += x
	}
	return float64(all.Nanoseconds()) / 1000 / float64(max(len(d), 1))
}

// benchGroups is the number of groups of the node; the store has one more, for the probes of the limits.
const benchGroups = 64

// stand is a store with a node on it.
type stand struct {
	o       Options
	dir     string
	store   *watched
	node    *server.Node
	runtime *scripted
	stop    context.CancelFunc
	done    chan error
	face    *face
	probe   *probe          // of pair
	paired  []time.Duration // one-row commits between the measured runs
	batch   int             // rows in an average batch of the measured runs, to be compared with the same written bare
}

func newStand(ctx context.Context, o Options) (*stand, error) {
	dir, err := os.MkdirTemp(o.Dir, "segue-bench-")
	if err != nil {
		return nil, err
	}
	b := &stand{o: o, dir: dir}
	opened, err := openStore(ctx, o, dir)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	b.store = &watched{Store: opened, delay: o.Delay}
	if err := b.boot(ctx); err != nil {
		b.store.Close()
		os.RemoveAll(dir)
		return nil, err
	}
	return b, nil
}

func openStore(ctx context.Context, o Options, dir string) (store.Store, error) {
	switch o.Store {
	case "sqlite":
		return sqlite.Open(ctx, dir, sqlite.Options{Groups: benchGroups + 1})
	case "memory":
		return store.NewMemory(benchGroups + 1), nil
	}
	if strings.Contains(o.Store, "://") {
		return postgres.Open(ctx, o.Store, postgres.Options{Groups: benchGroups + 1})
	}
	return nil, fault.New(fault.BadRequest, "--store %q is not sqlite, memory or the URL of a PostgreSQL database", o.Store)
}

// boot starts a node on the store.
func (b *stand) boot(ctx context.Context) error {
	b.runtime = newScripted()
	b.node = server.NewNode(server.NodeOptions{
		Name: "bench", Store: b.store, Runtimes: map[string]step.Runtime{"command": b.runtime},
		Limits: flow.Limits{}, Engine: engine.Limits{},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err := b.node.Claim(ctx, benchGroups); err != nil {
		return err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop, b.done = stop, make(chan error, 1)
	go func() { b.done <- b.node.Run(run) }()
	return nil
}

// halt ends the node, not the store.
func (b *stand) halt() error {
	if b.stop == nil {
		return nil
	}
	if b.face != nil {
		b.face.close()
		b.face = nil
	}
	b.stop()
	b.stop = nil
	return <-b.done
}

func (b *stand) close() error {
	err := b.halt()
	if e := b.store.Close(); err == nil {
		err = e
	}
	if e := os.RemoveAll(b.dir); err == nil {
		err = e
	}
	return err
}

func (b *stand) scaled(n int) int { return max(1, int(float64(n)*b.o.Scale)) }

// counters are the node's counters at one moment.
type counters struct{ commits, rows, bytes int64 }

func (b *stand) counters() counters {
	s := b.node.Flow().Stats()
	return counters{s.Commits.Load(), s.Rows.Load(), s.Bytes.Load()}
}

// rates returns what was written since for so many steps in so much time.
func (b *stand) rates(since counters, steps, runs int, took time.Duration) map[string]float64 {
	now := b.counters()
	rows := float64(now.rows - since.rows)
	return map[string]float64{
		"steps_per_s":    float64(steps) / took.Seconds(),
		"runs_per_s":     float64(runs) / took.Seconds(),
		"rows_per_step":  rows / float64(steps),
		"bytes_per_step": float64(now.bytes-since.bytes) / float64(steps),
		"commits_per_s":  float64(now.commits-since.commits) / took.Seconds(),
		"rows_per_s":     rows / took.Seconds(),
		"bytes_per_row":  float64(now.bytes-since.bytes) / max(rows, 1),
	}
}
