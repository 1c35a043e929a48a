package signal

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Trigger starts a workflow when signals of all its names have come whose join keys agree.
type Trigger struct {
	Entries   *param.Ordered[TriggerEntry] // by signal name
	Params    *param.Definitions
	Condition string // SEL, boolean; "" = true
	DedupExpr string // SEL, text; "" = none
}

// TriggerEntry is what one signal of a trigger must look like.
type TriggerEntry struct {
	Matches  *Matches
	JoinKeys []string
}

// DecodeTrigger reads a signal trigger.
func DecodeTrigger(n *wire.Node) (Trigger, error) {
	var t Trigger
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "definitions":
			return param.DecodeObject(&f.Node, &t.Entries, decodeTriggerEntry)
		case "params":
			return param.DecodeDefinitions(&f.Node, &t.Params)
		case "condition":
			return f.Str(&t.Condition)
		case "dedup_expr":
			return f.Str(&t.DedupExpr)
		}
		return f.Unknown("definitions", "params", "condition", "dedup_expr")
	})
	return t, err
}

func decodeTriggerEntry(n *wire.Node) (TriggerEntry, error) {
	var e TriggerEntry
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "match_params":
			return param.DecodeObject(&f.Node, &e.Matches, decodeMatch)
		case "join_keys":
			return f.Strs(&e.JoinKeys)
		}
		return f.Unknown("match_params", "join_keys")
	})
	return e, err
}

// AppendJSON appends the trigger.
func (t Trigger) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if t.Entries.Len() > 0 {
		b = param.AppendObject(wire.Key(b, "definitions"), t.Entries, func(b []byte, e TriggerEntry) []byte {
			b = appendMatches(append(b, '{'), e.Matches)
			if len(e.JoinKeys) > 0 {
				b = wire.StrList(b, "join_keys", e.JoinKeys)
			}
			return append(b, '}')
		})
	}
	if t.Params.Len() > 0 {
		b = param.AppendDefinitions(wire.Key(b, "params"), t.Params)
	}
	b = wire.OptStr(b, "condition", t.Condition)
	b = wire.OptStr(b, "dedup_expr", t.DedupExpr)
	return append(b, '}')
}
