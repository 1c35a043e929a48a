package store

import (
	"errors"
	"fmt"

	"github.com/segue-run/segue/fault"
)

// Class says what an error of a store means to the one who writes.
type Class uint8

// The classes of a failed call. An error of a store without a class counts as Refused.
const (
	// Refused: this batch can never be stored (a constraint, a size, a text).
	Refused Class = iota
	// Fenced: a group of the batch has another generation by now; nothing was written.
	Fenced
	// Behind: the store's last batch of this seat is neither this one nor the one before, or the seat has been taken:
	// memory and database no longer agree.
	Behind
	// Unknown: the outcome of the commit cannot be known yet (the connection broke); repeat the same batch.
	Unknown
	// Transient: the database cannot take it now (full, busy, gone); repeat the same batch later.
	Transient
	// Fatal: the database may be damaged or lies about what is durable (an I/O error, corruption); stop the process.
	Fatal
)

var classNames = [...]string{"refused", "fenced", "behind", "unknown", "transient", "fatal"}

// String returns the name of the class.
func (c Class) String() string { return classNames[c] }

// Error is an error of a store.
type Error struct {
	Class Class
	Op    string // what was being done: "commit", "claim", …
	Err   error
}

// Error returns operation, class and cause.
func (e *Error) Error() string { return fmt.Sprintf("store: %s: %s: %v", e.Op, e.Class, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FaultKind maps the class for those who only pass the error on.
func (e *Error) FaultKind() fault.Kind {
	switch e.Class {
	case Fenced, Behind, Unknown, Transient:
		return fault.Unavailable
	}
	return fault.Internal
}

// ClassOf returns the class of an error that a Store has returned.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Refused
}
