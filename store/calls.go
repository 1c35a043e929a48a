package store

import (
	"fmt"
	"unicode/utf8"
)

// CheckNode returns an error for a name that no node can have.
func CheckNode(node string) error {
	if node == "" || len(node) > 255 || !utf8.ValidString(node) || hasNUL(node) {
		return fmt.Errorf("node name %q: it must be 1 to 255 bytes of UTF-8 without NUL", node)
	}
	return nil
}

// CheckClaim returns an error for groups that cannot be claimed at once.
func CheckClaim(claimed []Group, groups int) error {
	seen := make([]bool, groups)
	for _, g := range claimed {
		if g < 0 || int(g) >= groups {
			return fmt.Errorf("group %d: this store has groups 0 to %d", g, groups-1)
		}
		if seen[g] {
			return fmt.Errorf("group %d is named twice", g)
		}
		seen[g] = true
	}
	return nil
}

// CheckGroup returns an error of class Refused for a group that does not exist.
func CheckGroup(op string, g Group, groups int) error {
	if g < 0 || int(g) >= groups {
		return &Error{Class: Refused, Op: op, Err: fmt.Errorf("group %d: this store has groups 0 to %d", g, groups-1)}
	}
	return nil
}

// MaxLease is the largest number of row keys that LeaseIDs gives at once.
const MaxLease = 1 << 32

// CheckLease returns an error for a number of row keys that cannot be leased.
func CheckLease(n int64) error {
	if n < 1 || n > MaxLease {
		return fmt.Errorf("%d row keys: from 1 to %d can be leased at once", n, int64(MaxLease))
	}
	return nil
}

// NotSeated says that a seat has been taken; incarnation is the one that the store knows, 0 if it knows none.
func NotSeated(s Seat, incarnation int64) error {
	if incarnation == 0 {
		return fmt.Errorf("node %q has never joined this store", s.Node)
	}
	return fmt.Errorf("node %q, incarnation %d: the seat now belongs to incarnation %d", s.Node, s.Incarnation, incarnation)
}

// NotNext says that a batch does not follow the last one that the store has.
func NotNext(number, last int64) error {
	return fmt.Errorf("batch %d: the last batch in the store is %d", number, last)
}

// Moved says that a group has another generation than the fence says.
func Moved(f Fence, generation Generation) error {
	return fmt.Errorf("group %d, generation %d: it has generation %d by now", f.Group, f.Generation, generation)
}
