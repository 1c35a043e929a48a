package signal

import (
	"testing"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// The documents of signals leave out what is empty, and print zeros.
func TestDocuments(t *testing.T) {
	values := new(Values)
	values.Set("b", Text("x"))
	values.Set("a", Number(0))
	matches := new(Matches)
	matches.Set("day", Match{Number(5), GreaterOrEqual})
	payload := new(param.Bag)
	payload.Set("extra", `{"id":1}`)
	for _, c := range []struct {
		doc  wire.Appender
		want string
	}{
		{&Instance{Name: "s", Sequence: 1, ID: "i", Params: values, Payload: payload, RequestTime: 5},
			`{"name":"s","seq_id":1,"instance_id":"i","params":{"b":"x","a":0},"payload":{"extra":{"id":1}},"request_time":5,"create_time":0}`},
		{&Dependencies{}, `{}`},
		{&Dependencies{List: []Dependency{{Name: "s", Status: Pending, Matches: matches}, {Name: "t", Status: Matched, SignalID: 7}}, Info: `{"type":"LOG"}`},
			`{"dependencies":[{"name":"s","status":"PENDING","match_params":{"day":{"value":5,"operator":">="}}},{"name":"t","status":"MATCHED","signal_id":7}],"info":{"type":"LOG"}}`},
		{&Outputs{List: []Output{{Name: "s", Params: values, SignalID: 3, AnnounceTime: 9}, {Name: "t", Payload: payload}}},
			`{"outputs":[{"name":"s","params":{"b":"x","a":0},"signal_id":3,"announce_time":9},{"name":"t","payload":{"extra":{"id":1}}}]}`},
		{&Outputs{Info: `"x"`}, `{"info":"x"}`},
	} {
		if got := string(c.doc.AppendJSON(nil)); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}

func TestOperators(t *testing.T) {
	for _, o := range []Operator{Equal, Greater, GreaterOrEqual, Less, LessOrEqual} {
		n := wire.Node{Kind: wire.String, Text: string(o)}
		var got Operator
		if err := decodeOperator(&n, &got); err != nil || got != o || got.Range() != (o != Equal) {
			t.Errorf("%s: %s, %v", o, got, err)
		}
	}
}
