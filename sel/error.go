package sel

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/segue-run/segue/fault"
)

// Code is the class of an error. The classes are stable: tests and users match on them, not on texts.
type Code string

// The classes of errors.
const (
	CodeLex          Code = "lex"           // a character or escape that no token has; an unterminated string or comment
	CodeParse        Code = "parse"         // a token where the grammar wants another one
	CodeEscape       Code = "escape"        // an octal escape in a string
	CodeNumber       Code = "number"        // a text that is no number, or one out of range
	CodeType         Code = "type"          // two types that do not go together
	CodeArgument     Code = "argument"      // an argument that the constructor or function does not take
	CodeCall         Code = "call"          // a failure inside a method of String or DateTime
	CodeUnsupported  Code = "unsupported"   // no such class, method, field or operator
	CodeCast         Code = "cast"          // a value of another kind where only one will do
	CodeIndex        Code = "index"         // an array index out of range
	CodeNegativeSize Code = "negative-size" // new T[-1]
	CodeArith        Code = "arith"         // integer division by zero
	CodeNull         Code = "null"          // a method of something that is null
	CodeFormat       Code = "format"        // String.format: a bad format or argument
	CodeDateField    Code = "date-field"    // a date field out of range
	CodeDateGap      Code = "date-gap"      // a local time that daylight saving skips
	CodeInternal     Code = "internal"      // break or continue outside a loop, as the last thing done
	CodeExtension    Code = "extension"     // an extension function or the lookup of a name failed
	CodeCancelled    Code = "cancelled"     // the caller cancelled the evaluation
	CodeDefect       Code = "defect"        // a bug in the interpreter

	CodeLimitVisit    Code = "limit.visit"
	CodeLimitLoop     Code = "limit.loop"
	CodeLimitArray    Code = "limit.array"
	CodeLimitString   Code = "limit.string"
	CodeLimitMemory   Code = "limit.memory"
	CodeLimitLength   Code = "limit.length"
	CodeLimitDepth    Code = "limit.depth"
	CodeLimitDeadline Code = "limit.deadline"
)

// Error is a failure to compile or evaluate a program, pinned to a place in its text.
type Error struct {
	Code    Code
	Message string // what happened and what was expected; no position
	Line    int    // from 1; 0 when the error has no place
	Column  int    // from 1, in characters
	Source  string // the line of the program, for the caret
	Cause   error  // may be nil

	pos int32 // byte offset in the program, -1 when not known yet
}

// longestMessage is how many bytes a message may have; names and texts of the program can be long.
const longestMessage = 600

// Errorf returns an error of the given class, for library methods: the evaluator adds the place of the call.
// The format may use %w for a cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Code: code, Message: sound(err.Error()), pos: -1}
	if len(e.Message) > longestMessage {
		e.Message = strings.ToValidUTF8(e.Message[:longestMessage], "") + "…"
	}
	if u, ok := err.(interface{ Unwrap() error }); ok {
		e.Cause = u.Unwrap()
	}
	return e
}

// Error returns "line:column: class: message".
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Message
	if e.Line > 0 {
		return strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ": " + text
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// FaultKind says who has to act: nearly always the author of the expression.
func (e *Error) FaultKind() fault.Kind {
	switch e.Code {
	case CodeCancelled:
		return fault.Unavailable
	case CodeDefect:
		return fault.Internal
	case CodeLimitDeadline:
		return fault.Timeout
	case CodeExtension:
		return fault.KindOf(e.Cause)
	}
	return fault.BadRequest
}

// widest is the number of characters of a source line that Caret shows.
const widest = 120

// Caret returns the error followed by the line of the program and a caret under the place.
func (e *Error) Caret() string {
	if e.Line == 0 {
		return e.Error()
	}
	line, column := []rune(e.Source), e.Column-1
	if column > len(line) {
		column = len(line)
	}
	if column > widest*2/3 {
		cut := column - widest*2/3
		line, column = append([]rune("…"), line[cut+1:]...), column-cut
	}
	if len(line) > widest {
		line = append(line[:widest-1:widest-1], '…')
	}
	var pad strings.Builder
	for _, r := range line[:column] {
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	return e.Error() + "\n  " + string(line) + "\n  " + pad.String() + "^"
}

// locate fills in line, column and source from the program's text and the offset.
func (e *Error) locate(text string) *Error {
	if e.pos < 0 || e.Line > 0 {
		return e
	}
	at := min(int(e.pos), len(text))
	start, line := 0, 1
	for i := 0; i < at; i++ {
		if text[i] == '\n' || text[i] == '\r' && (i+1 >= len(text) || text[i+1] != '\n') {
			start, line = i+1, line+1
		}
	}
	end := start
	for end < len(text) && text[end] != '\n' && text[end] != '\r' {
		end++
	}
	e.Line, e.Column = line, utf8.RuneCountInString(text[start:min(at, end)])+1
	e.Source = text[start:end]
	return e
}
