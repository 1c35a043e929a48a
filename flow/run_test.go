package flow_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a node that Run drives.
type running struct {
	t       *testing.T
	store   *store.Memory
	node    *flow.Node
	stop    context.CancelFunc
	done    chan error
	skew    time.Duration // of the node's clock
	mu      sync.Mutex
	verdict func() store.Verdict
	commits chan string   // the groups of each commit that begins; it takes a while, and a millisecond for each of them. nil = no time
	bare    time.Duration // that while
	effects []string
	what    map[string]int // incidents
}

// inBubble has f play with a running node in virtual time, and checks that nothing is left when it has ended.
func inBubble(t *testing.T, limits flow.Limits, f func(r *running)) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits)
		f(r)
		if err := r.end(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func start(t *testing.T, limits flow.Limits) *running {
	r := &running{t: t, store: store.NewMemory(4), done: make(chan error, 1), what: map[string]int{}}
	r.store.Faults = r
	r.node = flow.NewNode(flow.Options{
		Name: "n", Store: r.store, Kind: tinyKind{}, Outbox: r, Limits: limits,
		Clock: func() int64 { r.mu.Lock(); defer r.mu.Unlock(); return time.Now().Add(r.skew).UnixMilli() },
		Report: func(i flow.Incident) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.what[i.What]++
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	if err := r.node.Join(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.node.Claim(ctx, 0, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.node.Run(ctx) }()
	return r
}

// end ends the node, if it still runs, and returns what Run has returned.
func (r *running) end() error {
	r.stop()
	err := <-r.done
	r.done <- err
	return err
}

// fail has calls of the store fail from now on; nil = no more.
func (r *running) fail(f func() store.Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdict = f
}

func always(v store.Verdict) func() store.Verdict { return func() store.Verdict { return v } }

// BeforeCommit implements store.Faults.
func (r *running) BeforeCommit(b *store.Batch) store.Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.commits != nil {
		var groups []string
		for _, f := range b.Fences {
			groups = append(groups, fmt.Sprint(f.Group))
		}
		end := time.NewTimer(r.bare + time.Duration(len(groups))*time.Millisecond)
		r.commits <- strings.Join(groups, " ")
		r.mu.Unlock()
		<-end.C
		r.mu.Lock()
	}
	if r.verdict == nil {
		return store.Proceed
	}
	return r.verdict()
}

// BeforeCall implements store.Faults.
func (r *running) BeforeCall(string) store.Verdict { return store.Proceed }

// Release implements flow.Outbox.
func (r *running) Release(g store.Group, _ store.Generation, effect any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effects = append(r.effects, fmt.Sprint(g, " ", effect))
}

// Released implements flow.Outbox.
func (*running) Released() {}

// takeEffects returns what has been let out since the last call.
func (r *running) takeEffects() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := strings.Join(r.effects, "; ")
	r.effects = nil
	return all
}

type reply struct {
	value any
	err   error
}

func (r *running) ask(g store.Group, program string) <-chan reply {
	c := make(chan reply, 1)
	r.node.Ask(g, &flow.Command{Body: program, Answer: func(v any, err error) { c <- reply{v, err} }})
	return c
}

func (r *running) wantAnswer(c <-chan reply, want any) {
	r.t.Helper()
	if got := <-c; got.err != nil || got.value != want {
		r.t.Errorf("the answer is %v, %v; want %v", got.value, got.err, want)
	}
}

func (r *running) wantRefusal(c <-chan reply, words string) {
	r.t.Helper()
	got := <-c
	if fault.KindOf(got.err) != fault.Unavailable || !strings.Contains(got.err.Error(), words) {
		r.t.Errorf("the answer is %v, %v; want an error of kind unavailable with %q", got.value, got.err, words)
	}
}

// stored returns a number from the store.
func (r *running) stored(name string) (doc string) {
	r.t.Helper()
	err := r.store.Read(context.Background(), func(s store.Snapshot) error {
		return s.Rows(store.Named(store.Workflow, 0, name), func(row *store.Row) error { doc = string(row.Doc); return nil })
	})
	if err != nil {
		r.t.Error(err)
	}
	return doc
}

func TestWhatFollowsFromOneEventSharesACommit(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		synctest.Wait()
		before := r.node.Stats().Commits.Load()
		r.wantAnswer(r.ask(0, "add a 1; say a; again send 1 send 2 send 3 add d 1"), "a=1")
		if r.stored("3/d") == "" {
			t.Error("the last effect is not in the store when the first is acknowledged")
		}
		if n := r.node.Stats().Commits.Load() - before; n != 1 {
			t.Errorf("%d commits; want 1", n)
		}
		if n := r.node.Stats().Letters.Load(); n != 0 {
			t.Errorf("%d messages became rows", n)
		}
	})
}

func TestLaunchesGoAheadOfTheRest(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		r.commits = make(chan string, 10)
		var waiting []<-chan reply
		ask := func(groups ...store.Group) {
			for _, g := range groups {
				waiting = append(waiting, r.ask(g, "add n 1; weigh 10000; say done"))
			}
		}
		launch := func(groups ...store.Group) {
			for _, g := range groups {
				waiting = append(waiting, r.ask(g, "add n 1; launch rocket; say done"))
			}
		}
		// begins waits until the next commit is under way, which is to be of these groups.
		begins := func(groups string) {
			t.Helper()
			if got := <-r.commits; got != groups {
				t.Errorf("a batch of the groups %s begins; want %s", got, groups)
			}
		}
		// answered waits until all is durable.
		answered := func() {
			t.Helper()
			for _, c := range waiting {
				r.wantAnswer(c, "done")
			}
			waiting = nil
			if len(r.commits) > 0 {
				t.Errorf("there was one more batch, of the groups %s", <-r.commits)
			}
		}
		// during has all be decided while a commit is under way.
		during := func(decide func()) {
			t.Helper()
			ask(1)
			begins("1")
			decide()
		}
		learn := func() { // what batches cost
			for range 50 {
				during(func() { ask(1, 2, 3) })
				begins("1 2 3")
				answered()
				launch(0)
				begins("0")
				answered()
			}
		}

		learn()
		during(func() { ask(1, 2, 3); launch(0) })
		begins("0")
		begins("1 2 3")
		answered()

		// Whoever has nothing to launch does not wait for two of them,
		during(func() { ask(1, 2, 3); launch(0) })
		begins("0")
		launch(0)
		begins("0 1 2 3")
		answered()

		// nor do they take most of the time.
		during(func() { ask(2, 3); launch(0, 1) })
		begins("0 1")
		begins("2 3")
		ask(2, 3)
		launch(0)
		begins("0 2 3")
		answered()

		// Where it makes little difference, nobody goes ahead: neither of little,
		during(func() { waiting = append(waiting, r.ask(1, "add n 1; say done")); launch(0) })
		begins("0 1")
		answered()
		// nor on a disk on which a commit takes long anyway.
		r.bare = 10 * time.Millisecond
		learn()
		during(func() { ask(1, 2, 3); launch(0) })
		begins("0 1 2 3")
		answered()
	})
}

func TestWhatIsDecidedWhenTheNodeEndsIsCommitted(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		r.wantAnswer(r.ask(0, "add a 1; say a"), "a=1")
		r.fail(always(store.Full)) // so that the next command is decided and waits
		c, d := r.ask(0, "add a 1; say a"), r.ask(1, "add b 1; say b")
		time.Sleep(time.Millisecond)
		r.fail(nil)
		r.stop()
		for name, c := range map[string]<-chan reply{"0/a": c, "1/b": d} {
			if got := <-c; got.err == nil && r.stored(name) == "" {
				t.Errorf("%s was acknowledged, and is not in the store", name)
			}
		}
	})
}

func TestANodeThatEndsDuringAnOutageSaysThatItCannotKnow(t *testing.T) {
	for _, v := range []store.Verdict{store.LostAnswer, store.LostRequest, store.Full} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, flow.Limits{})
			r.fail(always(v))
			first := r.ask(0, "add a 1; say a")
			time.Sleep(50 * time.Millisecond)
			second := r.ask(0, "add a 1; say a")
			time.Sleep(time.Millisecond)
			r.stop()
			r.wantRefusal(first, "may have taken effect")
			r.wantRefusal(second, "repeat")
			if err := r.end(); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "injected") {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// A commit under way when the node is told to end is finished, and what was decided meanwhile comes after it.
func TestAnEndKeepsTheOrderOfBatches(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		r.fail(always(store.Full))
		first := r.ask(0, "add a 1; say a")
		time.Sleep(50 * time.Millisecond)
		second := r.ask(0, "add a 1; say a")
		time.Sleep(time.Millisecond)
		r.stop()
		time.Sleep(time.Second)
		r.fail(nil)
		r.wantAnswer(first, "a=1")
		r.wantAnswer(second, "a=2")
	})
}

func TestAFatalErrorEndsTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, flow.Limits{})
		r.wantAnswer(r.ask(0, "add a 1; say a"), "a=1")
		r.fail(always(store.BrokenAfter))
		r.wantRefusal(r.ask(0, "add a 1; say a; hold launch"), "may have taken effect")
		if err := <-r.done; store.ClassOf(err) != store.Fatal {
			t.Errorf("Run: %v", err)
		}
		r.fail(nil)
		r.wantRefusal(r.ask(0, "say a"), "repeat")
		if got := r.takeEffects(); got != "" {
			t.Errorf("let out after the disk had failed: %s", got)
		}
		r.stop()
	})
}

func TestWhileTheStoreTakesNothingCommandsAreRefused(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		r.fail(always(store.Full))
		first := r.ask(0, "add a 1; say a")
		time.Sleep(50 * time.Millisecond)
		second := r.ask(1, "add b 1; say b") // the outage is still short
		time.Sleep(time.Minute)
		r.wantRefusal(r.ask(2, "add c 1; say c"), "the store takes nothing")
		if err := r.node.Health(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("health: %v", err)
		}
		r.fail(nil)
		r.wantAnswer(first, "a=1")
		r.wantAnswer(second, "b=1")
		r.wantAnswer(r.ask(2, "add c 1; say c"), "c=1")
		if err := r.node.Health(); err != nil {
			t.Errorf("health: %v", err)
		}
		if n := r.node.Stats().Repeats.Load(); n < 20 || n > 60 {
			t.Errorf("the commit was repeated %d times in a minute; want a backoff of at most 2 s", n)
		}
	})
}

func TestADeadlineIsKeptToTheMillisecondAndAJumpOfTheClockIsNoticedWithinASecond(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		at := time.Now().Add(10 * time.Second).UnixMilli()
		r.wantAnswer(r.ask(0, fmt.Sprintf("wake %d", at)), nil)
		time.Sleep(10*time.Second - time.Millisecond)
		synctest.Wait()
		if got := r.takeEffects(); got != "" {
			t.Errorf("too early: %s", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got, want := r.takeEffects(), fmt.Sprintf("0 tick at %d", at); got != want {
			t.Errorf("let out: %q; want %q", got, want)
		}
		// The machine sleeps for an hour: timers that run on a clock which stands still meanwhile do not notice.
		r.wantAnswer(r.ask(0, fmt.Sprintf("wake %d", time.Now().Add(time.Hour).UnixMilli())), nil)
		r.mu.Lock()
		r.skew = time.Hour
		r.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := r.takeEffects(); !strings.HasPrefix(got, "0 tick at ") {
			t.Errorf("a second after the clock had jumped nothing was let out: %q", got)
		}
	})
}

func TestAGroupThatCannotBeLoadedDoesNotStopTheOthers(t *testing.T) {
	inBubble(t, flow.Limits{}, func(r *running) {
		r.wantAnswer(r.ask(0, "add a 1; say a"), "a=1")
		synctest.Wait()
		// Another program spoils a row of group 0, and then the node loses both groups and claims them again.
		other, err := r.store.Join(t.Context(), "other", 0)
		if err != nil {
			t.Fatal(err)
		}
		owned, err := r.store.Claim(t.Context(), other, []store.Group{0})
		if err != nil {
			t.Fatal(err)
		}
		err = r.store.Commit(t.Context(), &store.Batch{
			Seat: other, Number: 1, Fences: []store.Fence{{Group: 0, Generation: owned[0].Generation}},
			Rows: []store.Row{{Table: store.Workflow, ID: 1 << 40, Group: 0, Key: "0/bad", Doc: []byte("not a number")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.node.Claim(t.Context(), 0, 1); err != nil { // both loops are outdated
			t.Fatal(err)
		}
		for {
			if got := <-r.ask(1, "add b 1; say b"); got.err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		r.wantRefusal(r.ask(0, "say a"), "repeat")
		if err := r.node.Health(); r.what["fatal"] == 0 || err == nil || !strings.Contains(err.Error(), "flow group 0 cannot be run") {
			t.Errorf("nobody was told that group 0 cannot be loaded: %v", err)
		}
	})
}

// TestManyAtOnce is for the race detector: many who ask, messages between all groups, and a store that fails now and then.
func TestManyAtOnce(t *testing.T) {
	r := start(t, flow.Limits{SoftBytes: 200, FullBytes: 400, HardBytes: 4000, Commands: 20})
	r.fail(func() store.Verdict {
		switch rand.IntN(20) {
		case 0:
			return store.LostAnswer
		case 1:
			return store.LostRequest
		case 2:
			return store.Full
		}
		return store.Proceed
	})
	const clients, each = 12, 60
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			from, to := store.Group(i%4), (i+1)%4
			program := fmt.Sprintf("add sent 1; send %d add cold 1 & again add got 1; say done", to)
			for done := 0; done < each; {
				if got := <-r.ask(from, program); got.err == nil {
					done++
				} else if fault.KindOf(got.err) != fault.Unavailable {
					t.Error(got.err)
					return
				}
				if i == 0 && done%10 == 5 { // all who own group 3 are gone for a moment
					if err := r.node.Claim(t.Context(), 3); err != nil && fault.KindOf(err) != fault.Unavailable {
						t.Error(err)
					}
				}
				r.node.Outside(from, "weigh 30")
			}
		})
	}
	wg.Wait()
	total := func(name string) (n int64) {
		for g := range 4 {
			n += number(r.stored(fmt.Sprintf("%d/%s", g, name)))
		}
		return n
	}
	// A continuation is lost when its group is reloaded; messages are not.
	for total("cold") < total("sent") {
		r.ask(0, "say nothing")
		time.Sleep(time.Millisecond)
	}
	sent := total("sent")
	if sent < clients*each || total("cold") != sent {
		t.Errorf("%d sent, %d consumed, %d acknowledged", sent, total("cold"), clients*each)
	}
	if err := r.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}
