// Command torture is the proof with real processes: it starts a real server, drives load from several clients, kills the
// server with SIGKILL at random moments and starts it again, stops it with SIGSTOP now and then, and at the end joins three independent records (what clients
// were told, what commands wrote down themselves, what the server answers) and looks for contradictions.
//
//	go run ./internal/torture            5 kills
//	go run ./internal/torture -kills 100 the full proof
//
// It exits with 1 if a promise was broken, with 2 if it could not be carried out. The one thing to know before changing
// it: it uses the REST API and the command line only, and shares no code with the server, so that a mistake in one cannot
// hide in the other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	kills   int
	freezes float64
	taken   float64
	every   time.Duration
	down    time.Duration
	clients int
	pause   time.Duration
	settle  time.Duration
	seed    uint64
	segue   string
	dir     string
	keep    bool
	verbose bool
	flags   string
}

func main() {
	var o options
	flag.IntVar(&o.kills, "kills", 5, "how often to kill the server")
	flag.Float64Var(&o.freezes, "freezes", 0.3, "how often, for each kill, the server is stopped for a while before (SIGSTOP) and goes on")
	flag.Float64Var(&o.taken, "takeovers", 0, "how often, instead of a kill, the server is stopped, another one takes over, and the first goes on; needs a database that both can reach")
	flag.DurationVar(&o.every, "every", 3*time.Second, "mean time between its start and its death")
	flag.DurationVar(&o.down, "down", 500*time.Millisecond, "longest time before it is started again")
	flag.IntVar(&o.clients, "clients", 4, "clients at the same time")
	flag.DurationVar(&o.pause, "pause", 300*time.Millisecond, "mean pause of a client between two starts")
	flag.DurationVar(&o.settle, "settle", 3*time.Minute, "how long the last runs may take to end")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of all random choices")
	flag.StringVar(&o.segue, "segue", "", "the segue binary (default: build it)")
	flag.StringVar(&o.dir, "dir", "", "directory for data and records (default: a temporary one)")
	flag.BoolVar(&o.keep, "keep", false, "keep the directory")
	flag.BoolVar(&o.verbose, "v", false, "say more")
	flag.StringVar(&o.flags, "server-flags", "", "further flags of the server, for example \"--database postgres://...\"")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "torture kills a real server again and again under load and checks that it keeps its promises.\n\nFlags:")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 || o.kills < 0 || o.clients < 1 || o.taken > 0 && !strings.Contains(o.flags, "--database") {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := torture(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(2)
	}
	r.print(os.Stdout)
	if len(r.violations) > 0 {
		os.Exit(1)
	}
}

// torture carries it all out. An error means that there is no result.
func torture(ctx context.Context, o options) (_ *report, err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "segue-torture-"); err != nil {
			return nil, err
		}
	} else if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, err
	}
	fmt.Printf("seed %d, records in %s\n", o.seed, o.dir)
	if o.segue == "" {
		o.segue = filepath.Join(o.dir, "segue")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.segue, "github.com/segue-run/segue/cmd/segue")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build segue: %w", err)
		}
	}
	p, err := newProcess(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.kill()) }()
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	l, err := openLedger(filepath.Join(o.dir, "history.jsonl"))
	if err != nil {
		return nil, err
	}
	defer l.close()
	c := &client{address: p.address}
	works, err := writeWorks(o.dir)
	if err != nil {
		return nil, err
	}
	for _, w := range works {
		if err := c.push(ctx, w); err != nil {
			return nil, err
		}
		if used, err := c.get(ctx, fmt.Sprintf("/%s/instances/1", w.id), &runState{}); err != nil || used {
			return nil, errors.Join(err, fmt.Errorf("workflow %s has runs already: the database must be empty", w.id))
		}
	}

	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	load, endLoad := context.WithCancel(ctx)
	var clients sync.WaitGroup
	for i := range o.clients {
		d := &driver{client: c, ledger: l, works: works, pause: o.pause, rng: rand.New(rand.NewPCG(o.seed, uint64(1+i)))}
		clients.Go(func() { d.run(ctx, load) })
	}
	p, err = assault(ctx, o, p, l, c)
	endLoad()
	if err != nil {
		giveUp() // clients would wait for answers of a server that is not there
	}
	clients.Wait()
	if err != nil {
		return nil, err
	}
	settle, cancel := context.WithTimeout(ctx, o.settle)
	defer cancel()
	final, err := c.collect(settle, l.events())
	if err != nil {
		return nil, err
	}
	if err := p.stop(ctx); err != nil {
		return nil, err
	}
	commands, err := readCommands(filepath.Join(o.dir, commandLog))
	if err != nil {
		return nil, err
	}
	r := check(works, l.events(), commands, final)
	if o.kills > 0 && r.spanned == 0 {
		r.violate("no command was running at any kill: this run proves nothing about adoption")
	}
	if len(r.violations) == 0 && !o.keep && strings.Contains(o.dir, "segue-torture-") {
		return r, os.RemoveAll(o.dir)
	}
	return r, nil
}

// assault kills the server and starts it again. It returns the process that serves in the end, also after an error.
func assault(ctx context.Context, o options, p *process, l *ledger, c *client) (_ *process, err error) {
	rng := rand.New(rand.NewPCG(o.seed, 0))
	for i := range o.kills {
		// Between almost at once (in the middle of its recovery) and twice the mean.
		wait := time.Duration(rng.Float64() * float64(2*o.every))
		if rng.Float64() < o.freezes {
			if err := freeze(ctx, p, l, wait/2, time.Duration(rng.Float64()*float64(o.every))); err != nil {
				return p, err
			}
			wait /= 2
		}
		if err := sleep(ctx, wait); err != nil {
			return p, err
		}
		if err := p.alive(); err != nil {
			return p, err
		}
		if rng.Float64() < o.taken {
			if p, err = takeOver(ctx, o, p, l, c, rng); err != nil {
				return p, err
			}
			continue
		}
		at := time.Now().UnixNano()
		if err := p.kill(); err != nil {
			return p, err
		}
		l.add(event{Kind: killed, At: at})
		if err := sleep(ctx, time.Duration(rng.Float64()*float64(o.down))); err != nil {
			return p, err
		}
		begin := time.Now()
		if err := p.start(ctx); err != nil {
			return p, err
		}
		l.add(event{Kind: restarted, At: time.Now().UnixNano(), Took: time.Since(begin)})
		if o.verbose {
			fmt.Printf("kill %d of %d: up again after %v; %d starts acknowledged\n", i+1, o.kills, time.Since(begin).Round(time.Millisecond), l.acknowledged())
		}
	}
	return p, sleep(ctx, o.every)
}

// takeOver stops the server, starts another one on the same database, and lets the first go on for a while, with some
// clients still talking to it. It returns the one that serves then.
func takeOver(ctx context.Context, o options, old *process, l *ledger, c *client, rng *rand.Rand) (*process, error) {
	p, err := newProcess(o)
	if err != nil {
		return old, err
	}
	at := time.Now().UnixNano()
	if err := old.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return old, err
	}
	begin := time.Now()
	if err := p.start(ctx); err != nil {
		return old, errors.Join(err, p.kill())
	}
	c.at(p.address, "")
	l.add(event{Kind: taken, At: at, Took: time.Since(begin)})
	err = sleep(ctx, time.Duration(rng.Float64()*float64(o.every)))
	if err == nil {
		c.at(p.address, old.address)
		if err = old.cmd.Process.Signal(syscall.SIGCONT); err == nil {
			err = sleep(ctx, time.Duration(rng.Float64()*float64(o.every)))
		}
		c.at(p.address, "")
	}
	if o.verbose {
		fmt.Printf("taken over after %v; %d starts acknowledged\n", time.Since(begin).Round(time.Millisecond), l.acknowledged())
	}
	return p, errors.Join(err, old.kill())
}

// freeze stops the server for a while, after a while.
func freeze(ctx context.Context, p *process, l *ledger, after, lasting time.Duration) error {
	if err := sleep(ctx, after); err != nil {
		return err
	}
	if err := p.alive(); err != nil {
		return err
	}
	l.add(event{Kind: frozen, At: time.Now().UnixNano()})
	err := p.freeze(ctx, lasting)
	l.add(event{Kind: thawed, At: time.Now().UnixNano(), Took: lasting})
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
