package record_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/wire"
)

var update = flag.Bool("update", false, "write golden documents that are not there yet")

// full returns a value of each kind of document with every field set, and the same after a round trip.
func full() map[string]struct {
	value any
	doc   []byte
	parse func([]byte) (any, error)
} {
	timeline := []instance.TimelineEvent{
		instance.Log(1_760_000_000_001, "INFO", "line one\nline \"two\" \u00e9\u4e16\U0001f600"),
		{
			Timestamp: 1_760_000_000_002, Type: "ACTION", Level: "WARN", Message: "m", Status: "FAILED", Action: instance.Kill,
			Author: "ann", Reason: "because", Info: "info", Errors: []string{"e1", ""}, Retryable: true, Extra: `"zz":[1,{"a":null}],"yy":"s"`,
		},
	}
	extra := []wire.Field{{Name: "zz", Node: wire.Node{Kind: wire.Number, Text: "1.50"}}, {Name: "yy", Node: wire.Node{Kind: wire.Bool, Text: "true"}}}
	attempt := record.Attempt{
		Ordinal: 299, Seq: 301, Number: 3, Status: instance.TimeoutFailed, Satisfied: true,
		UserRetries: 1, PlatformRetries: 99, TimeoutRetries: 2, ManualRetries: 255, NoRetry: true,
		Timeout: 5000, Deadline: 1_760_000_009_000, Wake: 1_760_000_009_001, Order: record.OrderTerminate,
		Target: instance.StepTimedOut, Cause: 3, Handle: "pid 7\t\\", Timeline: timeline, Extra: extra,
	}
	for m := range record.Moments {
		attempt.Times[m] = 1_760_000_000_000 + int64(m)*1000
	}
	attempt.Edges.Known = true
	for _, i := range []int{0, 1, 63, 64, 199, 298} {
		attempt.Edges.Set(i)
	}
	run := record.Run{
		UUID: "u", Version: 2, VersionRow: 3, Created: 4, Requested: 5, Started: 6, Ended: 7, Modified: 8, Deadline: 9, Timeout: 10,
		Seq: 11, Owner: "ann", Snapshot: 12, StepLimit: 13, HasProperties: true, Scoped: true, Initiator: `{"type":"MANUAL"}`, Tags: `[{"name":"t"}]`, HasParams: true, HasRequest: true,
		Ending: instance.TimedOut, EndingBy: "bob", EndingCause: 4, Quarantine: "boo", Attempts: []*record.Attempt{&attempt}, Timeline: timeline, Extra: extra,
	}
	workflow := record.Workflow{
		Internal: 1, Active: 2, Latest: 3, ActivateBy: "ann", ActivateAt: 4, Modified: 5, Properties: `{"owner":"ann"}`,
		Strategy: "PARALLEL", Limit: 6, Instances: 7,
		Sweeps:   []record.Sweep{{Action: instance.Stop, User: "bob", Reason: "why", Runs: []int64{1, 1 << 40}}, {Action: instance.Kill, Runs: []int64{2}}},
		Timeline: timeline, Extra: extra,
	}
	version := record.Version{Definition: `{"id":"x","steps":[]}`, Metadata: `{"by":"ann"}`, Extra: extra}
	quarantine := record.Quarantine{Reason: "boo \"\u00e9\"", Event: `{"type":"Outcome","attempt":2}`}
	params := new(param.Params)
	params.Set("n", param.NewParam(param.Long, int64(1), 5))
	params.Set("s", param.NewParam(param.StringArray, []string{"a", "b"}, 6))
	type kind = struct {
		value any
		doc   []byte
		parse func([]byte) (any, error)
	}
	return map[string]kind{
		"run":        {run, run.AppendJSON(nil), func(d []byte) (any, error) { return deref(record.ParseRun(d)) }},
		"workflow":   {workflow, workflow.AppendJSON(nil), func(d []byte) (any, error) { return deref(record.ParseWorkflow(d)) }},
		"version":    {version, version.AppendJSON(nil), func(d []byte) (any, error) { return deref(record.ParseVersion(d)) }},
		"quarantine": {quarantine, quarantine.AppendJSON(nil), func(d []byte) (any, error) { return deref(record.ParseQuarantine(d)) }},
		"step": {attempt, record.AppendAttempts(nil, &attempt), func(d []byte) (any, error) {
			list, err := record.ParseAttempts(d)
			if err != nil || len(list) != 1 {
				return nil, fmt.Errorf("%d attempts, %w", len(list), err)
			}
			return list[0], nil
		}},
		"params":    {*params, record.AppendParams(nil, params), func(d []byte) (any, error) { return deref(record.ParseParams(d)) }},
		"artifacts": {wire.Raw(`{"a":[1,2.50]}`), record.AppendRaw(nil, `{"a":[1,2.50]}`), func(d []byte) (any, error) { return record.ParseRaw(d) }},
	}
}

func deref[T any](p *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return *p, nil
}

// same compares records; where a field that nobody knows was read from does not count.
var same = cmp.Options{
	cmp.AllowUnexported(record.Edges{}, param.Params{}),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(wire.Node{}, "Line", "Col"),
}

// TestGolden holds the format: what is written must not change, and what has been written must be read as it was meant.
// A change here means a new format number, and the present files stay; only an optional field may be added to both, since what was
// written before reads as without it.
func TestGolden(t *testing.T) {
	for name, k := range full() {
		file := filepath.Join("testdata", fmt.Sprintf("%s.%d.json", name, record.Format))
		golden, err := os.ReadFile(file)
		if os.IsNotExist(err) && *update {
			golden = append(bytes.Clone(k.doc), '\n')
			err = os.WriteFile(file, golden, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		golden = bytes.TrimSuffix(golden, []byte("\n"))
		if !bytes.Equal(k.doc, golden) {
			t.Errorf("%s is written as\n%s\nand was, in this format\n%s", name, k.doc, golden)
		}
		got, err := k.parse(golden)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(k.value, got, same); d != "" {
			t.Errorf("%s is read as something else (-want +got):\n%s", name, d)
		}
	}
}

// TestGoldenHasEveryField fails when a field is added to a record and not to the golden documents.
func TestGoldenHasEveryField(t *testing.T) {
	for name, k := range full() {
		switch k.value.(type) {
		case record.Run, record.Workflow, record.Version, record.Attempt, record.Quarantine:
			for _, empty := range emptyFields(reflect.ValueOf(k.value), name) {
				t.Errorf("%s is empty in the golden document", empty)
			}
		}
	}
}

func emptyFields(v reflect.Value, path string) (list []string) {
	if v.IsZero() {
		return []string{path}
	}
	switch {
	case v.Type() == reflect.TypeFor[[]wire.Field](): // not ours
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			list = append(list, emptyFields(v.Field(i), path+"."+v.Type().Field(i).Name)...)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		// One of the elements has each field.
		missing := map[string]int{}
		for i := range v.Len() {
			for _, f := range emptyFields(v.Index(i), path) {
				missing[f]++
			}
		}
		for f, n := range missing {
			if n == v.Len() {
				list = append(list, f)
			}
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			list = append(list, emptyFields(v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return list
}

func TestUnknownFieldsSurvive(t *testing.T) {
	for name, k := range full() {
		if name == "params" || name == "artifacts" || name == "quarantine" {
			continue // written once; nobody rewrites them
		}
		doc := string(k.doc)
		newer := `"new":{"deep":[1,2.0,"x",null,true]},"new2":"\u0001"`
		switch name {
		case "step":
			doc = strings.Replace(doc, `[{"o":`, `[{`+newer+`,"o":`, 1)
		default:
			doc = strings.Replace(doc, `{"f":1`, `{"f":1,`+newer, 1)
		}
		v, err := k.parse([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again := string(rewrite(v))
		for _, part := range []string{newer, `"zz":1.50,"yy":true`} {
			if !strings.Contains(again, part) {
				t.Errorf("%s: a rewrite has lost %s:\n%s", name, part, again)
			}
		}
		if name != "version" && !strings.Contains(again, `"zz":[1,{"a":null}],"yy":"s"`) {
			t.Errorf("%s: a rewrite has lost a field of the timeline:\n%s", name, again)
		}
		once, err := k.parse([]byte(again))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if twice := string(rewrite(once)); twice != again {
			t.Errorf("%s: the second rewrite differs:\n%s\n%s", name, again, twice)
		}
	}
}

func rewrite(v any) []byte {
	switch v := v.(type) {
	case record.Run:
		return v.AppendJSON(nil)
	case record.Workflow:
		return v.AppendJSON(nil)
	case record.Version:
		return v.AppendJSON(nil)
	case record.Attempt:
		return record.AppendAttempts(nil, &v)
	}
	panic(fmt.Sprintf("%T", v))
}

func TestOtherFormatsAreRefused(t *testing.T) {
	for name, k := range full() {
		for from, to := range map[string]string{
			`{"f":1,`: `{"f":2,`, `{"f":1`: `{"f":"one"`, `{"f":1, `: "", `{"f":1,"`: `{"g":1,"`,
		} {
			doc := strings.Replace(string(k.doc), strings.TrimSpace(from), to, 1)
			if to == "" {
				doc = "{}"
			}
			_, err := k.parse([]byte(doc))
			if err == nil || !strings.Contains(err.Error(), "record: ") {
				t.Errorf("%s beginning with %.10s: %v", name, doc, err)
			}
		}
		if _, err := k.parse(bytes.Replace(k.doc, []byte(`"f":1`), []byte(`"f":2`), 1)); err == nil || !strings.Contains(err.Error(), "format 2; this version of segue reads 1") {
			t.Errorf("%s of a newer format: %v", name, err)
		}
		for _, doc := range []string{"", "null", "[]", "1", `{"f":1`, string(k.doc) + "x"} {
			if _, err := k.parse([]byte(doc)); err == nil {
				t.Errorf("%s is read from %q", name, doc)
			}
		}
	}
}

func TestWhatNoVersionHasWrittenIsRefused(t *testing.T) {
	step := func(fields string) string {
		return `{"f":1,"a":[{"o":0,"q":1,"n":1,"s":1,"t":[1]` + fields + `}]}`
	}
	for _, doc := range []string{
		`{"f":1,"a":[{"o":-1}]}`, `{"f":1,"a":[{"o":2147483648}]}`, `{"f":1,"a":{}}`,
		step(`,"s":22`), step(`,"s":-1`), step(`,"g":99`), step(`,"k":4`), step(`,"c":256`),
		step(`,"r":[1,2,3]`), step(`,"r":[1,2,3,4,5]`), step(`,"r":[1,2,3,256]`), step(`,"r":[-1,2,3,4]`),
		step(`,"e":["xyz"]`), step(`,"t":["x"]`), step(`,"t":[1,2,3,4,5,6,7,8,9,10,11,12]`), step(`,"tl":[3]`),
	} {
		if list, err := record.ParseAttempts([]byte(doc)); err == nil {
			t.Errorf("%s is read as %+v", doc, list)
		}
	}
	for _, doc := range []string{`{"f":1,"g":8}`, `{"f":1,"gc":256}`, `{"f":1,"q":-1}`, `{"f":1,"tl":{}}`} {
		if r, err := record.ParseRun([]byte(doc)); err == nil {
			t.Errorf("%s is read as %+v", doc, r)
		}
	}
	if w, err := record.ParseWorkflow([]byte(`{"f":1,"sw":[{"a":1,"rs":["x"]}]}`)); err == nil {
		t.Errorf("read as %+v", w)
	}
}

var (
	anyText = rapid.Map(rapid.StringN(0, 20, -1), wire.Storable) // NUL does not come back, as everywhere
	anyTime = rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1_700_000_000_000, 1_900_000_000_000), rapid.Int64Range(1, math.MaxInt64/2))
	anyRaw  = rapid.SampledFrom([]wire.Raw{"", `{"a":1}`, `[1.50,"x"]`})
	fields  = rapid.SampledFrom([][]wire.Field{nil, {{Name: "zz", Node: wire.Node{Kind: wire.String, Text: "\x01\u00e9"}}}})
)

func anyTimeline(t *rapid.T) []instance.TimelineEvent {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) instance.TimelineEvent {
		return instance.TimelineEvent{
			Timestamp: anyTime.Draw(t, "timestamp"), Type: anyText.Draw(t, "type"), Level: anyText.Draw(t, "level"),
			Message: anyText.Draw(t, "message"), Status: anyText.Draw(t, "status"), Action: instance.Action(anyText.Draw(t, "action")),
			Author: anyText.Draw(t, "author"), Reason: anyText.Draw(t, "reason"), Info: anyText.Draw(t, "info"),
			Errors: rapid.SliceOfN(anyText, 0, 2).Draw(t, "errors"), Retryable: rapid.Bool().Draw(t, "retryable"),
		}
	}), 0, 3).Draw(t, "timeline")
}

func anyAttempt(t *rapid.T) *record.Attempt {
	number := rapid.Int32Range(0, math.MaxInt32)
	small := rapid.Uint8()
	a := &record.Attempt{
		Ordinal: number.Draw(t, "ordinal"), Seq: number.Draw(t, "seq"), Number: number.Draw(t, "number"),
		Status: rapid.SampledFrom(instance.StepStatuses()).Draw(t, "status"), Satisfied: rapid.Bool().Draw(t, "satisfied"),
		UserRetries: small.Draw(t, "user"), PlatformRetries: small.Draw(t, "platform"), TimeoutRetries: small.Draw(t, "timeout"),
		ManualRetries: small.Draw(t, "manual"), NoRetry: rapid.Bool().Draw(t, "noretry"),
		Timeout: anyTime.Draw(t, "timeout"), Deadline: anyTime.Draw(t, "deadline"), Wake: anyTime.Draw(t, "wake"),
		Order: record.OrderKind(rapid.IntRange(0, 3).Draw(t, "order")), Target: rapid.SampledFrom(instance.StepStatuses()).Draw(t, "target"),
		Cause: small.Draw(t, "cause"), Handle: anyText.Draw(t, "handle"), Timeline: anyTimeline(t), Extra: fields.Draw(t, "extra"),
	}
	for m := range a.Times {
		a.Times[m] = anyTime.Draw(t, record.MomentNames[m])
	}
	if a.Edges.Known = rapid.Bool().Draw(t, "known"); a.Edges.Known {
		for _, i := range rapid.SliceOf(rapid.IntRange(0, 300)).Draw(t, "edges") {
			a.Edges.Set(i)
		}
	}
	return a
}

func TestAttemptsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(anyAttempt), 1, 3).Draw(t, "attempts")
		doc := record.AppendAttempts([]byte("before"), list...)[len("before"):]
		got, err := record.ParseAttempts(doc)
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if len(got) != len(list) {
			t.Fatalf("%d attempts, want %d", len(got), len(list))
		}
		for i := range got {
			if d := cmp.Diff(*list[i], got[i], same); d != "" {
				t.Fatalf("%s\n(-want +got) %s", doc, d)
			}
		}
	})
}

func TestEdgesAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e record.Edges
		model := map[int]bool{}
		for _, i := range rapid.SliceOf(rapid.IntRange(0, 400)).Draw(t, "set") {
			e.Set(i)
			model[i] = true
		}
		for i := range 420 {
			if e.Has(i) != model[i] {
				t.Fatalf("edge %d is %v", i, e.Has(i))
			}
		}
	})
}

func TestRunsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := record.Run{
			UUID: anyText.Draw(t, "uuid"), Version: anyTime.Draw(t, "version"), VersionRow: anyTime.Draw(t, "row"),
			Created: anyTime.Draw(t, "created"), Requested: anyTime.Draw(t, "requested"), Started: anyTime.Draw(t, "started"),
			Ended: anyTime.Draw(t, "ended"), Modified: anyTime.Draw(t, "modified"), Deadline: anyTime.Draw(t, "deadline"),
			Timeout: anyTime.Draw(t, "timeout"), Seq: rapid.Int32Range(0, math.MaxInt32).Draw(t, "seq"), Owner: anyText.Draw(t, "owner"),
			Snapshot: anyTime.Draw(t, "snapshot"), Initiator: anyRaw.Draw(t, "initiator"), Tags: anyRaw.Draw(t, "tags"),
			HasParams: rapid.Bool().Draw(t, "params"), HasRequest: rapid.Bool().Draw(t, "request"),
			StepLimit: anyTime.Draw(t, "step limit"), HasProperties: rapid.Bool().Draw(t, "properties"),
			Ending:   rapid.SampledFrom(append(instance.Statuses(), instance.StatusUnknown)).Draw(t, "ending"),
			EndingBy: anyText.Draw(t, "by"), EndingCause: rapid.Uint8().Draw(t, "cause"), Quarantine: anyText.Draw(t, "quarantine"),
			Timeline: anyTimeline(t), Extra: fields.Draw(t, "extra"),
		}
		doc := want.AppendJSON(nil)
		got, err := record.ParseRun(doc)
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if d := cmp.Diff(want, *got, same); d != "" {
			t.Fatalf("%s\n(-want +got) %s", doc, d)
		}
	})
}

func TestQuarantinesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := record.Quarantine{Reason: anyText.Draw(t, "reason"), Event: anyRaw.Draw(t, "event")}
		doc := want.AppendJSON(nil)
		got, err := record.ParseQuarantine(doc)
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if d := cmp.Diff(want, *got, same); d != "" {
			t.Fatalf("%s\n(-want +got) %s", doc, d)
		}
	})
}

// TestEarlierQuarantines reads a row from before the event was kept.
func TestEarlierQuarantines(t *testing.T) {
	got, err := record.ParseQuarantine([]byte(`{"f":1,"v":"boo"}`))
	if err != nil || got.Reason != "boo" || got.Event != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWorkflowsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := record.Workflow{
			Internal: anyTime.Draw(t, "internal"), Active: anyTime.Draw(t, "active"), Latest: anyTime.Draw(t, "latest"),
			ActivateBy: anyText.Draw(t, "by"), ActivateAt: anyTime.Draw(t, "at"), Modified: anyTime.Draw(t, "modified"),
			Properties: anyRaw.Draw(t, "properties"), Strategy: anyText.Draw(t, "strategy"), Limit: anyTime.Draw(t, "limit"),
			Instances: anyTime.Draw(t, "instances"), Timeline: anyTimeline(t), Extra: fields.Draw(t, "extra"),
			Sweeps: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Sweep {
				return record.Sweep{
					Action: instance.Action(anyText.Draw(t, "action")), User: anyText.Draw(t, "user"), Reason: anyText.Draw(t, "reason"),
					Runs: rapid.SliceOf(rapid.Int64()).Draw(t, "runs"),
				}
			}), 0, 2).Draw(t, "sweeps"),
		}
		doc := want.AppendJSON(nil)
		got, err := record.ParseWorkflow(doc)
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if d := cmp.Diff(want, *got, same); d != "" {
			t.Fatalf("%s\n(-want +got) %s", doc, d)
		}
	})
}

func TestDetailColumns(t *testing.T) {
	seen := map[int64]bool{}
	for attempt := range int32(50) {
		for _, kind := range []record.DetailKind{record.Params, record.Artifacts, record.Request, record.Properties} {
			b := record.DetailB(attempt, kind)
			if a, k := record.DetailOf(b); a != attempt || k != kind || seen[b] {
				t.Errorf("DetailOf(DetailB(%d, %d)) = %d, %d", attempt, kind, a, k)
			}
			seen[b] = true
		}
	}
}

func TestTimelinesAreBoundedAndDoNotRepeatThemselves(t *testing.T) {
	var tl []instance.TimelineEvent
	for i := range 100 {
		tl = record.Note(tl, instance.Log(int64(i), "INFO", fmt.Sprint("line ", i)))
	}
	if len(tl) != instance.TimelineLimit || tl[0].Message != "line 68" || tl[31].Message != "line 99" {
		t.Errorf("%d entries from %q to %q", len(tl), tl[0].Message, tl[len(tl)-1].Message)
	}
	before := tl[0].Message
	longer := record.Note(tl, instance.Log(200, "INFO", "another"))
	if tl[0].Message != before || longer[0].Message != "line 69" {
		t.Error("Note has changed the timeline that it was given")
	}
	if n := record.Note(tl, instance.Log(300, "INFO", "line 99")); len(n) != len(tl) || n[31].Timestamp != 99 {
		t.Errorf("an entry that repeats the last one is not dropped: %+v", n[31])
	}
	base := instance.TimelineEvent{Type: "T", Level: "L", Message: "m", Status: "s", Action: "a", Author: "u", Reason: "r", Info: "i", Errors: []string{"e"}}
	for i, change := range []func(*instance.TimelineEvent){
		func(e *instance.TimelineEvent) { e.Type = "x" }, func(e *instance.TimelineEvent) { e.Level = "x" },
		func(e *instance.TimelineEvent) { e.Message = "x" }, func(e *instance.TimelineEvent) { e.Status = "x" },
		func(e *instance.TimelineEvent) { e.Action = "x" }, func(e *instance.TimelineEvent) { e.Author = "x" },
		func(e *instance.TimelineEvent) { e.Reason = "x" }, func(e *instance.TimelineEvent) { e.Info = "x" },
		func(e *instance.TimelineEvent) { e.Errors = nil }, func(e *instance.TimelineEvent) { e.Retryable = true },
	} {
		other := base
		change(&other)
		if n := record.Note([]instance.TimelineEvent{base}, other); len(n) != 2 {
			t.Errorf("change %d: an entry that says something else is dropped", i)
		}
	}
}

func FuzzParseAttempts(f *testing.F) {
	f.Add(full()["step"].doc)
	f.Fuzz(func(t *testing.T, doc []byte) {
		list, err := record.ParseAttempts(doc)
		if err != nil || len(list) == 0 {
			return
		}
		pointers := make([]*record.Attempt, len(list))
		for i := range list {
			pointers[i] = &list[i]
		}
		once := record.AppendAttempts(nil, pointers...)
		again, err := record.ParseAttempts(once)
		if err != nil {
			t.Fatalf("%s\nis written as\n%s\n%v", doc, once, err)
		}
		if d := cmp.Diff(list, again, same); d != "" {
			t.Fatalf("%s\n%s", doc, d)
		}
	})
}
