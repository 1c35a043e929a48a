package workflow

import (
	"strings"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Alerting says who wants to hear of what. It is stored and shown.
type Alerting struct {
	Contacts
	BypassDigest    *BypassDigest
	PagerDutyConfig *PagerDutyConfig
	TCT             *TCT
	Types           *param.Ordered[*AlertType] // by alert type, in upper case
}

// Contacts are the ways to reach people.
type Contacts struct {
	Emails      []string
	PagerDuties []string
	Slack       *Slack
}

// Slack are names in Slack.
type Slack struct{ Users, Channels, MentionUsers []string }

// BypassDigest says whose alerts are sent at once.
type BypassDigest struct {
	Workflow *bool
	Steps    []string
}

// PagerDutyConfig says how PagerDuty is told.
type PagerDutyConfig struct {
	Severity   string
	AlwaysPage *bool
}

// TCT is a target completion time. Exactly one of the first three counts.
type TCT struct {
	ByHour          *int64
	DurationMinutes *int64
	ByTime          *int64 // epoch milliseconds
	Timezone        string
}

// AlertType is what one type of alert does.
type AlertType struct {
	Contacts
	Actions         []string // lower case
	Disabled        bool
	Granularity     string
	DurationMinutes *int64
}

func (c *Contacts) decodeField(f *wire.Field) (bool, error) {
	switch f.Name {
	case "emails":
		return true, f.Strs(&c.Emails)
	case "pagerduties":
		return true, f.Strs(&c.PagerDuties)
	case "slack":
		c.Slack = new(Slack)
		return true, f.Each(func(f *wire.Field) error {
			switch f.Name {
			case "users":
				return f.Strs(&c.Slack.Users)
			case "channels":
				return f.Strs(&c.Slack.Channels)
			case "mention_users":
				return f.Strs(&c.Slack.MentionUsers)
			}
			return f.Unknown("users", "channels", "mention_users")
		})
	}
	return false, nil
}

func (c *Contacts) appendFields(b []byte) []byte {
	b = wire.StrList(b, "emails", c.Emails)
	b = wire.StrList(b, "pagerduties", c.PagerDuties)
	if c.Slack != nil {
		b = append(wire.Key(b, "slack"), '{')
		b = wire.StrList(b, "users", c.Slack.Users)
		b = wire.StrList(b, "channels", c.Slack.Channels)
		b = wire.StrList(b, "mention_users", c.Slack.MentionUsers)
		b = append(b, '}')
	}
	return b
}

// DecodeAlerting reads alerting.
func DecodeAlerting(n *wire.Node) (*Alerting, error) {
	a := new(Alerting)
	err := n.Each(func(f *wire.Field) error {
		if ok, err := a.decodeField(f); ok {
			return err
		}
		switch f.Name {
		case "bypass_digest_config":
			a.BypassDigest = new(BypassDigest)
			return f.Each(func(f *wire.Field) error {
				switch f.Name {
				case "workflow":
					return f.BooleanPtr(&a.BypassDigest.Workflow)
				case "steps":
					return f.Strs(&a.BypassDigest.Steps)
				}
				return f.Unknown("workflow", "steps")
			})
		case "pagerduty_config":
			a.PagerDutyConfig = new(PagerDutyConfig)
			return f.Each(func(f *wire.Field) error {
				switch f.Name {
				case "severity":
					return wire.Enum(&f.Node, &a.PagerDutyConfig.Severity, "CRITICAL", "ERROR", "WARNING", "INFO")
				case "always_page":
					return f.BooleanPtr(&a.PagerDutyConfig.AlwaysPage)
				}
				return f.Unknown("severity", "always_page")
			})
		case "tct":
			return wire.Into(&f.Node, &a.TCT, decodeTCT)
		case "type_configs":
			return a.decodeTypes(&f.Node)
		}
		return f.Unknown("emails", "pagerduties", "slack", "bypass_digest_config", "pagerduty_config", "tct", "type_configs")
	})
	return a, err
}

func decodeTCT(n *wire.Node) (*TCT, error) {
	t := new(TCT)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "completed_by_hour":
			return f.IntPtr(&t.ByHour)
		case "duration_minutes":
			return f.IntPtr(&t.DurationMinutes)
		case "completed_by_ts":
			return f.IntPtr(&t.ByTime)
		case "tz":
			return f.Str(&t.Timezone)
		}
		return f.Unknown("completed_by_hour", "duration_minutes", "completed_by_ts", "tz")
	})
	return t, err
}

// decodeTypes reads the configurations by alert type; their names are exact, as in the original.
func (a *Alerting) decodeTypes(n *wire.Node) error {
	a.Types = new(param.Ordered[*AlertType])
	return n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "STEP_FAILURE", "TCT_VIOLATION", "LONG_RUNNING", "DEPENDENCY_LATE", "BREAKPOINT_HIT", "DEFINITION_CHANGE",
			"RUN_SUCCESS", "SUCCESS_WITHIN":
		default:
			return f.Unknown("STEP_FAILURE", "TCT_VIOLATION", "LONG_RUNNING", "DEPENDENCY_LATE", "BREAKPOINT_HIT",
				"DEFINITION_CHANGE", "RUN_SUCCESS", "SUCCESS_WITHIN")
		}
		t := new(AlertType)
		a.Types.Set(f.Name, t)
		return f.Each(func(f *wire.Field) error {
			if ok, err := t.decodeField(f); ok {
				return err
			}
			switch f.Name {
			case "actions":
				return wire.ListOf(&f.Node, &t.Actions, func(n *wire.Node) (action string, err error) {
					return action, wire.Enum(n, &action, "email", "page", "slack", "cancel")
				})
			case "disabled":
				return f.Boolean(&t.Disabled)
			case "granularity":
				return wire.Enum(&f.Node, &t.Granularity, "WORKFLOW", "STEP", "ALL")
			case "duration_minutes":
				return f.IntPtr(&t.DurationMinutes)
			}
			return f.Unknown("emails", "pagerduties", "slack", "actions", "disabled", "granularity", "duration_minutes")
		})
	})
}

// AppendJSON appends the alerting.
func (a *Alerting) AppendJSON(b []byte) []byte {
	b = a.appendFields(append(b, '{'))
	if d := a.BypassDigest; d != nil {
		b = append(wire.Key(b, "bypass_digest_config"), '{')
		b = wire.BooleanPtr(b, "workflow", d.Workflow)
		b = wire.StrList(b, "steps", d.Steps)
		b = append(b, '}')
	}
	if p := a.PagerDutyConfig; p != nil {
		b = append(wire.Key(b, "pagerduty_config"), '{')
		b = wire.OptStr(b, "severity", p.Severity)
		b = wire.BooleanPtr(b, "always_page", p.AlwaysPage)
		b = append(b, '}')
	}
	if t := a.TCT; t != nil {
		b = append(wire.Key(b, "tct"), '{')
		b = wire.IntPtr(b, "completed_by_hour", t.ByHour)
		b = wire.IntPtr(b, "duration_minutes", t.DurationMinutes)
		b = wire.IntPtr(b, "completed_by_ts", t.ByTime)
		b = wire.OptStr(b, "tz", t.Timezone)
		b = append(b, '}')
	}
	if a.Types != nil {
		b = param.AppendObject(wire.Key(b, "type_configs"), a.Types, func(b []byte, t *AlertType) []byte {
			b = t.appendFields(append(b, '{'))
			b = wire.StrList(b, "actions", t.Actions)
			b = wire.Boolean(b, "disabled", t.Disabled)
			b = wire.OptStr(b, "granularity", t.Granularity)
			b = wire.IntPtr(b, "duration_minutes", t.DurationMinutes)
			return append(b, '}')
		})
	}
	return append(b, '}')
}

// Check returns what is wrong with the target completion time, or "".
func (t *TCT) Check() string {
	var given []string
	for _, field := range []struct {
		name string
		v    *int64
	}{{"completed_by_hour", t.ByHour}, {"duration_minutes", t.DurationMinutes}, {"completed_by_ts", t.ByTime}} {
		if field.v != nil {
			given = append(given, field.name)
		}
	}
	if len(given) != 1 {
		return "[TCT definition] must have exactly one of completed_by_hour, duration_minutes, completed_by_ts, not [" + strings.Join(given, ", ") + "]"
	}
	return ""
}
