package eval

import (
	"errors"

	"github.com/segue-run/segue/sel"
)

// Budget is what the expressions of an evaluation may use together when there is no time for more just now. It says nothing
// about whether an expression is allowed: that is what Limits are for.
type Budget struct {
	Visits int64 // left; see sel.Limits
	Bytes  int64
}

// ErrBudget is what an evaluation fails with that needs more than its Budget: evaluate again, elsewhere, without one.
var ErrBudget = errors.New("the expressions need more than there is time for now")

// within returns limits lowered to what is left.
func (b *Budget) within(l sel.Limits) sel.Limits {
	if b == nil {
		return l
	}
	l.Visits, l.Memory = lower(l.Visits, sel.DefaultVisits, b.Visits), lower(l.Memory, sel.DefaultMemory, b.Bytes)
	return l
}

func lower(limit, def, left int64) int64 {
	if limit == 0 {
		limit = def
	}
	return max(min(limit, left), 1) // 0 would be the default
}

// spend takes off what an expression has used. It returns ErrBudget for an error that is due to the budget, and every other
// error as it is. limits are those without the budget.
func (b *Budget) spend(limits sel.Limits, res *sel.Result, err error) error {
	if b == nil {
		return err
	}
	visits, bytes := b.Visits, b.Bytes
	b.Visits, b.Bytes = max(visits-res.Visits, 0), max(bytes-res.Bytes, 0)
	var failed *sel.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch {
	case failed.Code == sel.CodeLimitVisit && visits < lower(limits.Visits, sel.DefaultVisits, sel.DefaultVisits):
		return located{ErrBudget}
	case failed.Code == sel.CodeLimitMemory && bytes < lower(limits.Memory, sel.DefaultMemory, sel.DefaultMemory):
		return located{ErrBudget}
	}
	return err
}
