package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
)

// Error is a document that cannot be read: where in it, and what is wrong. It is a fault.BadRequest.
type Error struct {
	Line, Col int32 // from 1; 0 = unknown
	Message   string

	path []string // innermost first; an item is "[3]"
}

// Errorf returns an Error at n.
func Errorf(n *Node, format string, args ...any) error {
	return &Error{Line: n.Line, Col: n.Col, Message: fmt.Sprintf(format, args...)}
}

// In says in which field an error happened; it may change err. Other errors than *Error become one, without a place.
func In(err error, field string) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error)
	if !ok {
		e = &Error{Message: err.Error()}
	}
	e.path = append(e.path, field)
	return e
}

// InItem says in which element of an array an error happened.
func InItem(err error, index int) error { return In(err, "["+strconv.Itoa(index)+"]") }

// pathMost is how many parts of a path are shown; of a deeper one the middle is left out.
const pathMost = 16

// Path returns where the error is, as in "workflow.steps[3].step.type".
func (e *Error) Path() string {
	var b strings.Builder
	for i, p := range slices.Backward(e.path) {
		if n := len(e.path); n > pathMost && i >= pathMost/2 && i < n-pathMost/2 {
			if i == pathMost/2 {
				b.WriteString(" … ")
			}
			continue
		}
		if b.Len() > 0 && p[:min(1, len(p))] != "[" {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

// Error returns path, message and position.
func (e *Error) Error() string {
	s := e.Message
	if path := e.Path(); path != "" {
		s = path + ": " + s
	}
	if e.Line > 0 {
		s += fmt.Sprintf(" (line %d, column %d)", e.Line, e.Col)
	}
	return s
}

// FaultKind makes the error a bad request.
func (e *Error) FaultKind() fault.Kind { return fault.BadRequest }
