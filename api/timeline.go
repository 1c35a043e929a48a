package api

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// AppendEvent appends an entry of a timeline.
func AppendEvent(b []byte, e *instance.TimelineEvent) []byte {
	b = wire.Int(append(b, '{'), "timestamp", e.Timestamp)
	b = wire.Str(b, "type", e.Type)
	switch e.Type {
	case "LOG":
		b = wire.Str(b, "level", e.Level)
		b = wire.Str(b, "message", e.Message)
	case "STATUS":
		b = wire.Str(b, "status", e.Status)
	case "ACTION":
		b = wire.Str(b, "action", string(e.Action))
		b = wire.OptStr(b, "author", e.Author)
		b = wire.OptStr(b, "message", e.Message)
		b = wire.OptStr(b, "reason", e.Reason)
		b = wire.OptStr(b, "info", e.Info)
	default:
		b = wire.Str(b, "status", e.Status)
		b = wire.OptStr(b, "message", e.Message)
		if len(e.Errors) > 0 {
			b = wire.StrList(b, "errors", e.Errors)
		}
		b = wire.OptBoolean(b, "retryable", e.Retryable)
		b = wire.OptStr(b, "info", e.Info)
	}
	return append(b, '}')
}

// appendTimeline appends a timeline unless it is empty.
func appendTimeline(b []byte, events []instance.TimelineEvent) []byte {
	if len(events) == 0 {
		return b
	}
	b = append(wire.Key(b, "timeline"), '[')
	for i := range events {
		b = AppendEvent(wire.Comma(b), &events[i])
	}
	return append(b, ']')
}

// WorkflowTimeline is what happened to a workflow, the newest entry first.
type WorkflowTimeline struct {
	WorkflowID string
	Events     []WorkflowEvent
}

// WorkflowEvent is one entry; Author may be "".
type WorkflowEvent struct {
	Author    string
	Log       string
	Timestamp int64
}

// AppendJSON appends the timeline.
func (t *WorkflowTimeline) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "workflow_id", t.WorkflowID)
	b = append(wire.Key(b, "timeline_events"), '[')
	for _, e := range t.Events {
		b = append(wire.Comma(b), '{')
		if e.Author == "" {
			b = append(wire.Key(b, "author"), "null"...)
		} else {
			b = wire.Str(b, "author", e.Author)
		}
		b = wire.Str(b, "log", e.Log)
		b = wire.Int(b, "timestamp", e.Timestamp)
		b = append(b, '}')
	}
	return append(b, ']', '}')
}
