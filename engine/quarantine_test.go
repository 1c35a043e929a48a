package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// poison has flow say that an event about a run cannot be decided or stored.
func (w *world) poison(p *engine.Plan, row int64) {
	w.node.Outside(engine.GroupOf(p.Definition.ID, 4), flow.Poisoned{Entity: row, Reason: "boo", Event: `{"type":"Outcome"}`})
	w.settle()
}

func (w *world) act(body any) (engine.Acted, error) {
	w.t.Helper()
	v, err := w.ask("w", body)
	a, _ := v.(engine.Acted)
	return a, err
}

// quarantine returns what the quarantine rows hold, and what the record of a run says about it.
func (w *world) quarantine(row int64) (rows []*record.Quarantine, says string) {
	w.t.Helper()
	err := w.store.Read(context.Background(), func(s store.Snapshot) error {
		all, err := store.Collect(s, store.Query{Table: store.Quarantine, By: store.ByTable})
		if err != nil {
			return err
		}
		runs, err := store.Collect(s, store.One(store.Run, row))
		if err != nil {
			return err
		}
		rows = nil
		for _, r := range all {
			q, err := record.ParseQuarantine(r.Doc)
			if err != nil {
				return err
			}
			rows = append(rows, q)
		}
		rec, err := record.ParseRun(runs[0].Doc)
		if err != nil {
			return err
		}
		says = rec.Quarantine
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows, says
}

func (w *world) wantQuarantine(row int64, rows int, says string) {
	w.t.Helper()
	list, s := w.quarantine(row)
	if len(list) != rows || s != says {
		w.t.Errorf("%d quarantine rows, and the run says %q; want %d and %q", len(list), s, rows, says)
	}
	for _, q := range list {
		if q.Reason != says || q.Event != `{"type":"Outcome"}` {
			w.t.Errorf("the row says %+v", q)
		}
	}
}

func TestARunInQuarantineWaitsUntilItIsReleased(t *testing.T) {
	for name, between := range map[string]func(w *world){
		"":             func(*world) {},
		"with crashes": func(w *world) { w.boot(engine.Limits{}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, engine.Limits{})
			p := w.push("PARALLEL", 9, dagOf("w", "a:command>b; s:sleep(5); b:noop"))
			one, err := w.start(p, "r1")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.start(p, "r2"); err != nil {
				t.Fatal(err)
			}
			first := w.orders[0]
			w.poison(p, one.Row)
			w.wantQuarantine(one.Row, 1, "boo")
			between(w)
			w.poison(p, one.Row) // again: nothing more
			w.node.Outside(engine.GroupOf("w", 4), &engine.Outcome{
				Type: "command", UUID: first.Attempt.UUID, Run: first.Run, Ordinal: first.Ordinal, Attempt: 1, Progress: step.Progress{State: step.Done}})
			w.pass(60_000)
			w.want(p, 1, "IN_PROGRESS a=STARTING s=RUNNING")
			w.want(p, 2, "IN_PROGRESS a=STARTING s=SUCCEEDED")
			w.wantQuarantine(one.Row, 1, "boo")
			between(w)
			w.orders = nil
			if a, err := w.act(&engine.Release{Workflow: "w", Instance: 1, User: "ann"}); err != nil || a.Status != instance.InProgress {
				t.Errorf("release: %+v, %v", a, err)
			}
			w.wantQuarantine(one.Row, 0, "")
			between(w)
			w.want(p, 1, "IN_PROGRESS a=STARTING s=SUCCEEDED")
			if o := w.lastOrder("a"); o == nil {
				t.Fatal("the order of the released run is not repeated")
			}
			w.node.Outside(engine.GroupOf("w", 4), &engine.Outcome{
				Type: "command", UUID: first.Attempt.UUID, Run: first.Run, Ordinal: first.Ordinal, Attempt: 1, Progress: step.Progress{State: step.Done}})
			w.settle()
			w.want(p, 1, "SUCCEEDED a=SUCCEEDED s=SUCCEEDED b=SUCCEEDED")
			if _, err := w.act(&engine.Release{Workflow: "w", Instance: 2, User: "ann"}); err == nil || !strings.Contains(err.Error(), "no run in quarantine") {
				t.Errorf("release of a healthy run: %v", err)
			}
		})
	}
}

func TestARunInQuarantineCanBeStopped(t *testing.T) {
	for _, crash := range []bool{false, true} {
		w := newWorld(t, engine.Limits{})
		p := w.push("PARALLEL", 9, dagOf("w", "a:command"))
		one, err := w.start(p, "r1")
		if err != nil {
			t.Fatal(err)
		}
		w.poison(p, one.Row)
		if crash {
			w.boot(engine.Limits{})
		}
		if _, err := w.act(&engine.Act{Workflow: "w", Instance: 1, Action: instance.Stop}); err != nil {
			t.Fatal(err)
		}
		w.wantQuarantine(one.Row, 0, "")
		if o := w.lastOrder("a"); o == nil || o.Kind != record.OrderTerminate {
			t.Fatalf("the last order is %+v; want a termination", o)
		}
		w.say(p, "a", step.Progress{State: step.Stopped})
		w.want(p, 1, "STOPPED a=STOPPED")
	}
}

func TestAQueuedRunInQuarantineLetsOthersBegin(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("SEQUENTIAL", 1, dagOf("w", "a:command"))
	var rows []int64
	for _, id := range []string{"r1", "r2", "r3"} {
		s, err := w.start(p, id)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, s.Row)
	}
	w.poison(p, rows[1])
	w.boot(engine.Limits{})
	w.say(p, "a", step.Progress{State: step.Done})
	w.want(p, 2, "CREATED")
	w.want(p, 3, "IN_PROGRESS a=STARTING")
	if _, err := w.act(&engine.Release{Workflow: "w", Instance: 2, User: "ann"}); err != nil {
		t.Fatal(err)
	}
	w.want(p, 2, "CREATED")
	w.say(p, "a", step.Progress{State: step.Done})
	w.want(p, 2, "IN_PROGRESS a=STARTING")
}

// rewrite changes the document of a row behind the engine's back, and starts a node on the result.
func (w *world) rewrite(q store.Query, doc func(old []byte) []byte) {
	w.t.Helper()
	ctx := context.Background()
	var rows []store.Row
	err := w.store.Read(ctx, func(s store.Snapshot) (err error) { rows, err = store.Collect(s, q); return err })
	if err != nil || len(rows) != 1 {
		w.t.Fatal(len(rows), err)
	}
	rows[0].Doc = doc(rows[0].Doc)
	seat, err := w.store.Join(ctx, "vandal", 0)
	if err != nil {
		w.t.Fatal(err)
	}
	owned, err := w.store.Claim(ctx, seat, []store.Group{rows[0].Group})
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.store.Commit(ctx, &store.Batch{
		Seat: seat, Number: 1, Rows: rows, Fences: []store.Fence{{Group: rows[0].Group, Generation: owned[0].Generation}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.still = false // what is in memory is outdated
	w.boot(engine.Limits{})
}

// wantAside compares what the only quarantine row says, also where the run itself cannot be read.
func (w *world) wantAside(row int64, reason string, event wire.Raw) {
	w.t.Helper()
	var rows []store.Row
	err := w.store.Read(context.Background(), func(s store.Snapshot) (err error) {
		rows, err = store.Collect(s, store.Query{Table: store.Quarantine, By: store.ByTable})
		return err
	})
	if err != nil || len(rows) != 1 || rows[0].Parent != row {
		w.t.Fatal(rows, err)
	}
	q, err := record.ParseQuarantine(rows[0].Doc)
	if err != nil || !strings.Contains(q.Reason, reason) || q.Event != event {
		w.t.Errorf("the row says %+v, %v", q, err)
	}
}

// TestARunThatCannotBeReadIsSetAside: whoever has spoilt it, everything else goes on, and when the row has been repaired, it is
// released.
func TestARunThatCannotBeReadIsSetAside(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("SEQUENTIAL", 1, dagOf("w", "a:command"))
	var rows []int64
	for _, id := range []string{"r1", "r2", "r3"} {
		s, err := w.start(p, id)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, s.Row)
	}
	var good []byte
	w.rewrite(store.One(store.Run, rows[1]), func(old []byte) []byte { good = old; return []byte(`{"f":99}`) })
	w.say(p, "a", step.Progress{State: step.Done}) // is taken back with the first panic, so
	w.say(p, "a", step.Progress{State: step.Done}) // the edge says it again
	w.want(p, 3, "IN_PROGRESS a=STARTING")
	w.wantAside(rows[1], "format 99; this version of segue reads 1", `{"type":"dequeue","workflow":"w"}`)
	for _, body := range []any{
		&engine.Act{Workflow: "w", Instance: 2, Action: instance.Stop}, &engine.Release{Workflow: "w", Instance: 2},
	} {
		if _, err := w.act(body); err == nil || !strings.Contains(err.Error(), "format 99; this version of segue reads 1") {
			t.Errorf("%T: %v", body, err)
		}
	}
	w.rewrite(store.One(store.Run, rows[1]), func([]byte) []byte { return good })
	w.say(p, "a", step.Progress{State: step.Done})
	w.want(p, 2, "CREATED")
	w.want(p, 3, "SUCCEEDED a=SUCCEEDED")
	if _, err := w.act(&engine.Release{Workflow: "w", Instance: 2, User: "ann"}); err != nil {
		t.Fatal(err)
	}
	w.want(p, 2, "IN_PROGRESS a=STARTING")
	w.wantQuarantine(rows[1], 0, "")
}

func TestAVersionThatCannotBeReadStopsItsRunsOnly(t *testing.T) {
	w := newWorld(t, engine.Limits{})
	p := w.push("PARALLEL", 9, dagOf("w", "a:command"))
	if _, err := w.start(p, "r1"); err != nil {
		t.Fatal(err)
	}
	q := w.push("PARALLEL", 9, dagOf("w", "b:command"))
	if _, err := w.start(q, "r2"); err != nil {
		t.Fatal(err)
	}
	w.rewrite(store.One(store.Version, p.Row), func([]byte) []byte { return []byte(`{"f":1,"d":{"id":"w","steps":[]}}`) })
	w.say(q, "b", step.Progress{State: step.Done})
	w.want(q, 2, "SUCCEEDED b=SUCCEEDED")
	w.want(p, 1, "IN_PROGRESS a=STARTING")
}
