package store

import "errors"

// Verdict is what a fault does to one call of a Memory.
type Verdict uint8

// The verdicts on a call. A call that only reads is not applied in any case but Proceed.
const (
	// Proceed: nothing happens to the call.
	Proceed Verdict = iota
	// Full: not applied; the error is Transient, like that of a full disk.
	Full
	// Away: not applied; the error is Transient, like that of a database that cannot be reached.
	Away
	// LostRequest: not applied; the error is Unknown.
	LostRequest
	// LostAnswer: applied; the error is Unknown.
	LostAnswer
	// Broken: not applied; the error is Fatal.
	Broken
	// BrokenAfter: applied; the error is Fatal, like that of a failed fsync whose bytes reached the disk all the same.
	BrokenAfter
)

// Faults decides which calls of a Memory fail, and how. It is called with the Memory unlocked, before anything is
// done, and may itself act on the Memory (take the seat away, Forget); delay is its own business.
type Faults interface {
	// BeforeCommit is asked before each Commit. The batch belongs to the caller of Commit.
	BeforeCommit(b *Batch) Verdict
	// BeforeCall is asked before each other call: "join", "claim", "lease ids", "read", "maintain".
	BeforeCall(op string) Verdict
}

var (
	errFull   = errors.New("the disk is full (injected)")
	errAway   = errors.New("the database cannot be reached (injected)")
	errLost   = errors.New("the connection broke (injected)")
	errBroken = errors.New("the disk failed (injected)")
)

// applies reports whether the call takes effect.
func (v Verdict) applies() bool { return v == Proceed || v == LostAnswer || v == BrokenAfter }

// err returns the error that the caller sees.
func (v Verdict) err(op string) error {
	switch v {
	case Full:
		return &Error{Class: Transient, Op: op, Err: errFull}
	case Away:
		return &Error{Class: Transient, Op: op, Err: errAway}
	case LostRequest, LostAnswer:
		return &Error{Class: Unknown, Op: op, Err: errLost}
	case Broken, BrokenAfter:
		return &Error{Class: Fatal, Op: op, Err: errBroken}
	}
	return nil
}
