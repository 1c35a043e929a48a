package syntax

// Problem is the class of an Error.
type Problem uint8

// The classes of problems.
const (
	BadToken  Problem = iota // no token looks like this
	BadSyntax                // the grammar wants another token
	BadEscape                // an octal escape in a string
	BadNumber                // a literal that is no integer of 64 bits
	TooDeep                  // more nesting than allowed
)

// Error says what is wrong with a text, and where.
type Error struct {
	Problem Problem
	Message string
	Pos     int // byte offset in the text
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }
