package chrono

import (
	"fmt"

	"github.com/segue-run/segue/fault"
)

// Problem says in which way a date cannot be had.
type Problem uint8

// The problems. Each is a class of errors of the language.
const (
	// Malformed is a text, a pattern or a zone id that does not follow its grammar.
	Malformed Problem = iota
	// OutOfField is a value outside the bounds of its field, such as February 30.
	OutOfField
	// InGap is a local time that the zone's clocks skip.
	InGap
	// Overflow is a date outside the representable range, about 292 million years either way.
	Overflow
	// BadNumber is a run of digits too large for any field.
	BadNumber
	// Unsupported is a pattern that can print but not read, or a duration without a fixed length.
	Unsupported
)

// Error is a failure of this package. Its kind is always fault.BadRequest: the author of the expression has to act.
type Error struct {
	Problem Problem
	message string
}

func (e *Error) Error() string { return e.message }

// FaultKind makes the error one of package fault.
func (e *Error) FaultKind() fault.Kind { return fault.BadRequest }

func problem(p Problem, format string, args ...any) error {
	return &Error{Problem: p, message: fmt.Sprintf(format, args...)}
}

func outOfField(f Field, value, min, max int) error {
	return problem(OutOfField, "%s %d is out of range: allowed is %d to %d", f, value, min, max)
}

func inGap(local int64, zone *Zone) error {
	return problem(InGap, "the clocks of zone %s skip the local time %s", zone.id, localText(local))
}

func overflow(format string, args ...any) error {
	return problem(Overflow, "%s is outside the range of dates", fmt.Sprintf(format, args...))
}

// excerpt returns a text short enough to be shown in an error.
func excerpt(text string) string {
	const limit = 60
	if len(text) <= limit {
		return fmt.Sprintf("%q", text)
	}
	cut := limit
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return fmt.Sprintf("%q…", text[:cut])
}
