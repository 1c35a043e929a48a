// Package schedule holds the words of time: durations as people write them, the time triggers of a workflow, and the
// cron expressions in them.
//
// Above it are fault, wire and param; workflow carries its types. The one thing to know before changing it: nothing here
// reads a clock. An instant always comes in as an argument.
package schedule

import (
	"strings"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Kind is the kind of a time trigger.
type Kind string

// The kinds of time triggers. Interval is parsed, but no version of the original ever ran it.
const (
	Cron       Kind = "CRON"
	Predefined Kind = "PREDEFINED"
	Interval   Kind = "INTERVAL"
)

// Trigger starts a workflow at certain times.
type Trigger struct {
	Kind     Kind
	Cron     string // Cron: the expression
	Schedule string // Predefined: one of @hourly, @daily, @weekly, @monthly, @yearly
	Every    string // Interval: its length
	Start    string // Interval: its first instant
	Timezone string // a zone name; "" = UTC
	// MaxDelay spreads the starts: each is late by a fixed amount below it.
	MaxDelay param.Scalar
}

var predefined = [...][2]string{
	{"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"}, {"@weekly", "0 0 * * 0"}, {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
}

// Expression returns the cron expression of the trigger; "" for an interval.
func (t *Trigger) Expression() string {
	if t.Kind == Cron {
		return t.Cron
	}
	for _, p := range predefined {
		if p[0] == t.Schedule {
			return p[1]
		}
	}
	return ""
}

// DecodeTrigger reads a time trigger. "type" may stand anywhere in it.
func DecodeTrigger(n *wire.Node) (Trigger, error) {
	var t Trigger
	kind := n.Get("type")
	if kind == nil {
		return t, wire.Errorf(n, "a time trigger must have a type: CRON or PREDEFINED")
	}
	if err := wire.Enum(kind, &t.Kind, Cron, Predefined, Interval); err != nil {
		return t, wire.In(err, "type")
	}
	err := n.Each(func(f *wire.Field) error {
		switch {
		case f.Name == "type":
			return nil
		case f.Name == "timezone":
			return f.Str(&t.Timezone)
		case f.Name == "fuzzy_max_delay" && t.Kind != Interval:
			return wire.Into(&f.Node, &t.MaxDelay, param.DecodeScalar)
		case f.Name == "cron" && t.Kind == Cron:
			return f.Str(&t.Cron)
		case f.Name == "expression" && t.Kind == Predefined:
			return t.decodeSchedule(f)
		case f.Name == "interval" && t.Kind == Interval:
			return f.Str(&t.Every)
		case f.Name == "start" && t.Kind == Interval:
			return f.Str(&t.Start)
		}
		switch t.Kind {
		case Cron:
			return f.Unknown("type", "cron", "timezone", "fuzzy_max_delay")
		case Predefined:
			return f.Unknown("type", "expression", "timezone", "fuzzy_max_delay")
		}
		return f.Unknown("type", "interval", "start", "timezone")
	})
	if err == nil && t.Kind == Predefined && t.Schedule == "" {
		err = wire.Errorf(n, "a PREDEFINED time trigger must have an expression: @hourly, @daily, @weekly, @monthly or @yearly")
	}
	return t, err
}

func (t *Trigger) decodeSchedule(f *wire.Field) error {
	name := "@" + strings.TrimPrefix(strings.ToLower(f.Text), "@")
	for _, p := range predefined {
		if p[0] == name && f.Kind == wire.String {
			t.Schedule = name
			return nil
		}
	}
	return wire.Errorf(&f.Node, "unknown schedule %s; want one of @hourly, @daily, @weekly, @monthly, @yearly", f.Raw())
}

// AppendJSON appends the trigger.
func (t Trigger) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = wire.OptStr(b, "cron", t.Cron)
	b = wire.OptStr(b, "expression", t.Schedule)
	b = wire.OptStr(b, "interval", t.Every)
	b = wire.OptStr(b, "start", t.Start)
	b = wire.OptStr(b, "timezone", t.Timezone)
	b = t.MaxDelay.AppendField(b, "fuzzy_max_delay")
	b = wire.Str(b, "type", string(t.Kind))
	return append(b, '}')
}
