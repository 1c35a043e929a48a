package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a document, byte for byte but for white space, with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, got, "", "  "); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, got)
		}
		pretty.WriteByte('\n')
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, text); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s:\n got %s\nwant %s", name, got, want.Bytes())
	}
}

const definition = `{"id":"tiny-report","params":{"pages":{"value":3,"type":"LONG"}},"steps":[
 {"step":{"id":"prepare","type":"sleep","params":{"sleep_seconds":{"value":2,"type":"LONG"}},"transition":{"successors":{"render":"pages > 0","notify":"pages <= 0"}}}},
 {"step":{"id":"render","type":"noop","timeout":"1h","retry_policy":{"error_retry_limit":"${pages}","backoff":{"type":"FIXED_BACKOFF"}}}},
 {"step":{"id":"notify","type":"noop","tags":["late"]}}]}`

func parse(t testing.TB, text string) *wire.Node {
	t.Helper()
	n, err := wire.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tiny is the worked example: a workflow whose second version is active, and one run of it as its rows say.
type tiny struct {
	head    *view.Head
	version *view.Version
	rows    []store.Row
}

const t0 = 1760000000000

func newTiny(t testing.TB) *tiny {
	t.Helper()
	w, err := workflow.Decode(parse(t, definition))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.NewPlan(w)
	if err != nil {
		t.Fatal(err)
	}
	plan.Row, plan.Version = 5, 2
	rec := record.Workflow{
		Internal: 77, Active: 2, Latest: 3, ActivateBy: "amy", ActivateAt: t0 - 10000, Modified: t0 - 9000,
		Properties: `{"workflow_id":"tiny-report","create_time":1759999990000,"author":"amy","owner":"amy","step_concurrency":7}`,
		Timeline: []instance.TimelineEvent{
			{Timestamp: t0 - 10000, Type: "LOG", Message: "first", Author: "amy"}, {Timestamp: t0 - 9000, Type: "LOG", Message: "second"},
		},
	}
	head, err := view.ParseHead(&store.Row{Table: store.Workflow, ID: 77, Key: "tiny-report", Doc: rec.AppendJSON(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return &tiny{head: head, version: view.NewVersion(plan)}
}

func (x *tiny) add(row store.Row) { x.rows = append(x.rows, row) }

func (x *tiny) run(t testing.TB) *view.Run {
	t.Helper()
	r := new(view.Run)
	for i := range x.rows {
		doc := x.rows[i].Doc
		row := x.rows[i]
		row.Doc = bytes.Clone(doc)
		if err := r.Take(&row); err != nil {
			t.Fatal(err)
		}
		clear(row.Doc) // it belongs to the store
	}
	return r
}

const runUUID = "5c0f6f0e-7f1d-4a57-9d0e-0d4d5c8f1b11"

func succeeded(t testing.TB) *tiny {
	x := newTiny(t)
	x.add(store.Row{Table: store.Run, ID: 100, Parent: 77, A: 1, B: 1, State: int16(instance.Succeeded), Doc: (&record.Run{
		UUID: runUUID, Version: 2, VersionRow: 5, Created: t0 + 100, Requested: t0 + 90, Started: t0 + 300, Ended: t0 + 3000,
		Modified: t0 + 3050, Timeout: 10 * 24 * 3600 * 1000, Owner: "amy", Snapshot: t0 - 10000, HasParams: true, HasRequest: true,
		Initiator: `{"depth":0,"type":"MANUAL","user":"amy"}`,
		Timeline:  []instance.TimelineEvent{instance.Log(t0+100, "INFO", "Manually run a new workflow instance by a user [amy]")},
	}).AppendJSON(nil)})
	prepare := record.Attempt{
		Ordinal: 0, Seq: 1, Number: 1, Status: instance.StepSucceeded, Satisfied: true,
		Times: [record.Moments]int64{t0 + 340, t0 + 350, 0, t0 + 360, t0 + 370, t0 + 395, t0 + 400, t0 + 410, t0 + 2580, t0 + 2600, t0 + 2610},
		Edges: record.Edges{Known: true},
	}
	prepare.Edges.Set(0)
	first := record.Attempt{
		Ordinal: 1, Seq: 2, Number: 1, Status: instance.UserFailed, Satisfied: true, Timeout: 3600_000,
		Times: [record.Moments]int64{record.Create: t0 + 2610, record.End: t0 + 2650, record.Modify: t0 + 2650},
	}
	second := record.Attempt{
		Ordinal: 1, Seq: 2, Number: 2, Status: instance.StepSucceeded, Satisfied: true, UserRetries: 1, NoRetry: true, Timeout: 3600_000,
		Times: [record.Moments]int64{record.Create: t0 + 2660, record.Start: t0 + 2700, record.End: t0 + 2990, record.Modify: t0 + 2990},
		Edges: record.Edges{Known: true}, Timeline: []instance.TimelineEvent{instance.Log(t0+2800, "INFO", "halfway")},
	}
	notify := record.Attempt{
		Ordinal: 2, Seq: 3, Number: 1, Status: instance.Unsatisfied, Edges: record.Edges{Known: true},
		Times: [record.Moments]int64{record.Create: t0 + 2890, record.End: t0 + 2900, record.Modify: t0 + 2900},
	}
	x.add(store.Row{Table: store.Step, ID: 101, Parent: 100, A: 1, B: 1, Doc: record.AppendAttempts(nil, &prepare)})
	x.add(store.Row{Table: store.Step, ID: 102, Parent: 100, A: 2, Doc: record.AppendAttempts(nil, &notify, &first, &second)})
	defs, err := eval.Override(x.version.Plan.Definition.Params, nil)
	if err != nil {
		t.Fatal(err)
	}
	params, err := eval.Workflow(eval.Env{Now: t0 + 102}, "tiny-report", defs)
	if err != nil {
		t.Fatal(err)
	}
	x.add(store.Row{Table: store.Detail, ID: 103, Parent: 100, B: record.DetailB(0, record.Params), Doc: record.AppendParams(nil, params)})
	x.add(store.Row{Table: store.Detail, ID: 104, Parent: 100, B: record.DetailB(0, record.Request), Doc: record.AppendRaw(nil, `{"pages":{"value":3,"type":"LONG"}}`)})
	x.add(store.Row{Table: store.Detail, ID: 105, Parent: 100, A: 2, B: record.DetailB(2, record.Artifacts), Doc: record.AppendRaw(nil, `{"maestro_x":{"kept":[1]}}`)})
	for _, v := range []string{"old", "new"} { // outputs are written beside what was there
		x.add(store.Row{Table: store.Detail, ID: 106, Parent: 100, A: 2, B: record.DetailB(2, record.Params), Doc: []byte(`{"f":1,"p":{"out":{"value":"` + v + `","type":"STRING"}}}`)})
	}
	return x
}

func TestInstance(t *testing.T) {
	x := succeeded(t)
	for name, o := range map[string]view.Options{
		"instance.json":            {Enriched: true, Aggregated: true, Groups: 3},
		"instance-unenriched.json": {Groups: 3},
	} {
		got, err := view.AppendInstance(nil, x.head, x.run(t), x.version, o)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, got)
	}
}

// A run that waits in the queue has no overview; one in progress names the steps that somebody may look for.
func TestInstanceUnderWay(t *testing.T) {
	x := newTiny(t)
	rec := record.Run{UUID: runUUID, Version: 2, VersionRow: 5, Created: t0, Modified: t0, Tags: `["nightly",{"name":"eu","namespace":"RUNTIME"}]`}
	x.add(store.Row{Table: store.Run, ID: 100, Parent: 77, A: 12, B: 1, State: int16(instance.Created), Doc: rec.AppendJSON(nil)})
	got, err := view.AppendInstance(nil, x.head, x.run(t), x.version, view.Options{Enriched: true, Aggregated: true, Groups: 64})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "instance-queued.json", got)

	rec.Started, rec.Tags = t0+1, ""
	a := record.Attempt{Ordinal: 0, Seq: 1, Number: 1, Status: instance.Running, Satisfied: true, Times: [record.Moments]int64{record.Create: t0 + 2, record.Start: t0 + 3}}
	x.rows = []store.Row{
		{Table: store.Run, ID: 100, Parent: 77, A: 12, B: 1, State: int16(instance.InProgress), Doc: rec.AppendJSON(nil)},
		{Table: store.Step, ID: 101, Parent: 100, A: 1, B: 1, Doc: record.AppendAttempts(nil, &a)},
	}
	got, err = view.AppendInstance(nil, x.head, x.run(t), x.version, view.Options{Groups: 64})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "instance-running.json", got)
}

func TestSteps(t *testing.T) {
	x := succeeded(t)
	r := x.run(t)
	o := view.Options{Groups: 3}
	got, err := view.AppendSteps(nil, x.head, r, x.version, r.Latest(x.version), o)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "steps.json", got)

	attempts := r.Attempts(x.version, "render")
	if len(attempts) != 2 || attempts[0].Number != 1 || attempts[1].Number != 2 {
		t.Fatalf("attempts of render: %+v", attempts)
	}
	o.Enriched = true
	if got, err = view.AppendStep(nil, x.head, r, x.version, attempts[1], o); err != nil {
		t.Fatal(err)
	}
	golden(t, "step-enriched.json", got)
	if list := r.Attempts(x.version, "nobody"); list != nil {
		t.Errorf("attempts of a step that is not there: %+v", list)
	}
}

func TestDefinition(t *testing.T) {
	x := newTiny(t)
	metadata := wire.Raw(`{"workflow_id":"tiny-report","workflow_version_id":2}`)
	golden(t, "definition.json", view.AppendDefinition(nil, x.head, x.version, metadata, 0))
	x.head.Active = 1
	golden(t, "definition-enriched.json", view.AppendDefinition(nil, x.head, x.version, metadata, t0))
	x.version.Plan.Definition.TimeTriggers = []schedule.Trigger{
		{Kind: schedule.Cron, Cron: "0 3 * * *", Timezone: "US/Pacific"}, {Kind: schedule.Predefined, Schedule: "@hourly"}, {Kind: schedule.Interval},
	}
	golden(t, "definition-triggers.json", view.AppendDefinition(nil, x.head, x.version, metadata, t0))
	golden(t, "timeline.json", view.Timeline(x.head).AppendJSON(nil))
	golden(t, "summary.json", view.AppendSummary(nil, x.head))
}

// The newest run of an instance says in which status it is counted.
func TestOverview(t *testing.T) {
	x := newTiny(t)
	var c view.Counts
	for _, r := range []struct {
		instance int64
		status   instance.Status
	}{
		{1, instance.Failed}, {1, instance.Succeeded}, {2, instance.Failed}, {3, instance.Failed}, {3, instance.InProgress}, {7, instance.Created},
	} {
		c.Add(r.instance, r.status)
	}
	o, err := view.Overview(x.head, &c)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "overview.json", o.AppendJSON(nil))
}

func TestVersionsKeepsWhatItHasRendered(t *testing.T) {
	kind := engine.NewKind(engine.Limits{}, nil)
	versions := view.NewVersions(kind.Plans())
	if versions.Get(5) != nil {
		t.Fatal("a version that nobody has stored")
	}
	w := parse(t, definition)
	row := &store.Row{Table: store.Version, ID: 5, Parent: 77, A: 2, Doc: (&record.Version{Definition: w.Raw(), Metadata: `{}`}).AppendJSON(nil)}
	v, err := versions.Load(row)
	if err != nil {
		t.Fatal(err)
	}
	if v.Plan.Version != 2 || v.Plan.Row != 5 || versions.Get(5) != v {
		t.Errorf("version %d of row %d, kept: %v", v.Plan.Version, v.Plan.Row, versions.Get(5) == v)
	}
}

func BenchmarkInstance(b *testing.B) {
	x := succeeded(b)
	o := view.Options{Enriched: true, Aggregated: true, Groups: 64}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		r := new(view.Run)
		for i := range x.rows {
			if err := r.Take(&x.rows[i]); err != nil {
				b.Fatal(err)
			}
		}
		var err error
		if buf, err = view.AppendInstance(buf[:0], x.head, r, x.version, o); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(buf)))
}
