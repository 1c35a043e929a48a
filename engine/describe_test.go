package engine_test

import (
	"strings"
	"testing"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/wire"
)

func TestEventsAreDescribed(t *testing.T) {
	params := new(param.Params)
	params.Set("day", param.NewParam(param.Long, int64(20300101), 0))
	params.Set("password", param.NewParam(param.String, "hush", 0))
	for _, c := range []struct {
		event any
		want  wire.Raw
	}{
		{
			&engine.Start{Workflow: "etl", Alias: "active", Params: params, RequestID: "r1", UUID: "u1", Request: `{"password":"hush"}`, Message: "by ann"},
			`{"type":"Start","workflow":"etl","version":"active","request_id":"r1","uuid":"u1","params":["day","password"],"message":"by ann"}`,
		},
		{
			&engine.Outcome{Run: 7, Ordinal: 3, Attempt: 2, Type: "command", UUID: "u2", Progress: step.Progress{
				State: step.Done, Message: "exit\x00 code\n\xff0", Handle: "pid 5",
				Outputs: map[string]any{"token": "hush", "n": int64(1)}, Artifacts: map[string][]byte{"log": []byte(`"hush"`)},
			}},
			`{"type":"Outcome","step":"#3","attempt":2,"step_type":"command","uuid":"u2","state":"DONE","message":"exit� code �0","handle":"pid 5","outputs":["n","token"],"artifacts":["log"]}`,
		},
		{
			&engine.Act{Workflow: "etl", Instance: 1, Run: 2, Action: instance.Kill, User: "ann", Reason: "too slow"},
			`{"type":"Act","workflow":"etl","instance":1,"run":2,"action":"KILL","user":"ann","reason":"too slow"}`,
		},
		{&engine.ActAll{Workflow: "etl", Action: instance.Stop}, `{"type":"ActAll","workflow":"etl","action":"STOP"}`},
		{&engine.Release{Workflow: "etl", Instance: 1}, `{"type":"Release","workflow":"etl","instance":1,"run":0}`},
		{&engine.Abandon{Workflow: "etl", Instance: 1, Run: 1, Step: "a"}, `{"type":"Abandon","workflow":"etl","instance":1,"run":1,"step":"a"}`},
		{&engine.Push{Workflow: "etl", Author: "ann", Definition: `{"id":"etl"}`}, `{"type":"Push","workflow":"etl","author":"ann","bytes":12}`},
		{&engine.Evaluated{Ordinal: 1, Attempt: 1}, `{"type":"Evaluated","step":"#1","attempt":1,"status":"NOT_CREATED"}`},
		{flow.Tick{}, `{"type":"flow.Tick"}`},
	} {
		if got := new(engine.Machine).Describe(c.event); got != c.want {
			t.Errorf("%T\n got  %s\n want %s", c.event, got, c.want)
		}
	}
}

// TestDescriptionsAreShort: whatever an event holds, its description is one that is kept.
func TestDescriptionsAreShort(t *testing.T) {
	for _, part := range []string{"a", `"`, "\\", "\n", "\x00", "\xff", "\u2028", "é", "😀", "\U0010ffff"} {
		long := strings.Repeat(part, 5000)
		params, outputs, artifacts := new(param.Params), map[string]any{}, map[string][]byte{}
		for range 100 {
			name := strings.Repeat(long, 2) + string(rune('a'+params.Len()))
			params.Set(name+long, param.NewParam(param.Long, int64(1), 0))
			outputs[name], artifacts[name] = 1, nil
		}
		for _, event := range []any{
			&engine.Start{Workflow: long, Alias: long, Params: params, RequestID: long, UUID: long, Message: long, Invalid: long},
			&engine.Outcome{Type: long, UUID: long, Progress: step.Progress{Message: long, Handle: long, Outputs: outputs, Artifacts: artifacts}},
			&engine.Act{Workflow: long, Action: instance.Action(long), User: long, Reason: long},
			&engine.Push{Workflow: long, Author: long},
		} {
			got := new(engine.Machine).Describe(event)
			if _, err := wire.Parse([]byte(got)); err != nil || len(got) > flow.MaxDescription || wire.Storable(string(got)) != string(got) {
				t.Errorf("%T of %q: %d bytes, %v: %s", event, part, len(got), err, got)
			}
		}
	}
}
