// Package fault is the closed set of error kinds. A kind says who has to act (the caller, the author of a workflow,
// the operator, or time) and each edge derives from it what it needs: the HTTP status, the exit code, whether to
// retry. Every error that crosses a package boundary carries one; an error without one counts as Internal.
//
// It is the first package of the list in ARCHITECTURE.md and imports only the standard library.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what an error means to the one who meets it.
type Kind uint8

// The kinds. Their names are the codes of the v3 REST error body.
const (
	// Internal is a defect or an unforeseen failure of the engine itself.
	Internal Kind = iota
	// BadRequest is input that can never succeed as it stands.
	BadRequest
	// NotFound names something that does not exist (any more).
	NotFound
	// Conflict is a request that another, ongoing one excludes.
	Conflict
	// Precondition is a change that the present state forbids.
	Precondition
	// Unprocessable is well-formed input that refers to something which forbids it.
	Unprocessable
	// Timeout is an effect that was not observed in time; it may still happen.
	Timeout
	// Forbidden is a request that this caller may not make.
	Forbidden
	// Unavailable is a passing condition (overload, a group that moves, a database that is away): retry later.
	Unavailable
	// Unsupported names a feature that this version parses but does not run.
	Unsupported
)

var codes = [...]string{
	Internal: "INTERNAL_ERROR", BadRequest: "BAD_REQUEST", NotFound: "NOT_FOUND", Conflict: "CONFLICT",
	Precondition: "PRECONDITION_FAILED", Unprocessable: "UNPROCESSABLE_ENTITY", Timeout: "REQUEST_TIMEOUT",
	Forbidden: "FORBIDDEN", Unavailable: "SERVICE_UNAVAILABLE", Unsupported: "UNPROCESSABLE_ENTITY",
}

// String returns the code of the kind in the REST error body.
func (k Kind) String() string {
	if int(k) < len(codes) {
		return codes[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Error is an error with a kind. Message is written for the person who can act; Details are further lines, one
// problem each; Cause is for operators and is not shown to users unless the edge decides so.
type Error struct {
	Kind    Kind
	Message string
	Details []string
	Cause   error
}

// Error returns the message followed by the chain of causes.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	if e.Message == "" {
		return e.Cause.Error()
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of the given kind. The format may use %w once; the wrapped error stays reachable and its
// text is part of the message.
func New(kind Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if errors.Unwrap(err) != nil {
		return &wrapped{kind: kind, err: err}
	}
	return &Error{Kind: kind, Message: err.Error()}
}

// wrapped gives a formatted chain a kind without repeating its text.
type wrapped struct {
	kind Kind
	err  error
}

func (w *wrapped) Error() string { return w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }

// WithDetails returns an error of the given kind with one line per problem.
func WithDetails(kind Kind, message string, details ...string) error {
	return &Error{Kind: kind, Message: message, Details: details}
}

// In adds where and about what an error happened ("start run: workflow \"etl\"") and keeps its kind and details.
// It returns nil for a nil error.
func In(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Message: fmt.Sprintf(format, args...), Details: DetailsOf(err), Cause: err}
}

// KindOf returns the kind of the outermost error in the chain that has one, else Internal.
func KindOf(err error) Kind {
	for err != nil {
		switch e := err.(type) {
		case *Error:
			return e.Kind
		case *wrapped:
			return e.kind
		case interface{ FaultKind() Kind }:
			return e.FaultKind()
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				if k := KindOf(one); k != Internal {
					return k
				}
			}
			return Internal
		}
		err = errors.Unwrap(err)
	}
	return Internal
}

// DetailsOf returns the details of the outermost error in the chain that has some.
func DetailsOf(err error) []string {
	for err != nil {
		if e, ok := err.(*Error); ok && len(e.Details) > 0 {
			return e.Details
		}
		err = errors.Unwrap(err)
	}
	return nil
}

// Is reports whether err is of the given kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Lines joins a message and its details for a person at a terminal.
func Lines(err error) string {
	details := DetailsOf(err)
	if len(details) == 0 {
		return err.Error()
	}
	return err.Error() + "\n  - " + strings.Join(details, "\n  - ")
}
