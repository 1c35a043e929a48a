package instance

// TimelineLimit is the number of entries that a timeline keeps; older ones are dropped.
const TimelineLimit = 32

// TimelineEvent is one entry of the timeline of a run or an attempt. Type says which of the other fields count:
// LOG (Level, Message), STATUS (Status), ACTION (Action, Author, Message, Reason, Info), DETAILS (Status as a code,
// Message, Errors, Retryable).
type TimelineEvent struct {
	Timestamp int64  // epoch milliseconds
	Type      string // LOG, STATUS, ACTION or DETAILS
	Level     string // TRACE, DEBUG, INFO, WARN or ERROR
	Message   string
	Status    string
	Action    Action
	Author    string
	Reason    string
	Info      string
	Errors    []string
	Retryable bool
	// Extra holds fields that a newer version has stored and this one does not know, as the members of a JSON object.
	Extra string
}

// Log returns a LOG entry.
func Log(at int64, level, message string) TimelineEvent {
	return TimelineEvent{Timestamp: at, Type: "LOG", Level: level, Message: message}
}

// StatusEvent returns a STATUS entry.
func StatusEvent(at int64, status string) TimelineEvent {
	return TimelineEvent{Timestamp: at, Type: "STATUS", Status: status}
}

// ActionEvent returns an ACTION entry.
func ActionEvent(at int64, action Action, author, message, reason string) TimelineEvent {
	return TimelineEvent{Timestamp: at, Type: "ACTION", Action: action, Author: author, Message: message, Reason: reason}
}
