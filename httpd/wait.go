package httpd

import (
	"context"
	"strconv"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/store"
)

// wait is how long a request waits for the end of a run; a limit of 0 = not at all.
type wait struct{ limit time.Duration }

// waitHeader says that a request has waited in vain.
const waitHeader = "Segue-Wait"

// waiting reads ?wait=terminal&timeout=60s.
func (s *server) waiting(c *call) (w wait, err error) {
	switch what := c.query("wait"); what {
	case "":
		return w, nil
	case "terminal":
	default:
		return w, fault.New(fault.BadRequest, "query parameter wait is %q; it must be terminal", what)
	}
	w.limit = min(time.Minute, s.Limits.Wait)
	text := c.query("timeout")
	if text == "" {
		return w, nil
	}
	if n, isNumber := strconv.Atoi(text); isNumber == nil {
		w.limit = time.Duration(n) * time.Second
	} else if w.limit, err = time.ParseDuration(text); err != nil {
		return w, fault.New(fault.BadRequest, "query parameter timeout is %q; it must be a duration such as 60s", text)
	}
	if w.limit <= 0 || w.limit > s.Limits.Wait {
		return w, fault.New(fault.BadRequest, "query parameter timeout is %q; it must be more than 0 and at most %v", text, s.Limits.Wait)
	}
	return w, nil
}

// await waits until a run has ended; number 0 = the latest one of the instance. If it does not end in time, or the server
// stops, the answer says so. It returns the context for the read that follows.
func (s *server) await(c *call, instance, number int64, w wait) (context.Context, error) {
	ctx := context.WithoutCancel(c.r.Context()) // for short reads, also when the server stops
	row, err := s.unended(ctx, c.workflow(), instance, number)
	if err != nil || row == 0 {
		return ctx, err
	}
	end, leave := s.Hub.SubscribeEnd(row)
	defer leave()
	// It may have ended between the look and the subscription.
	if row, err = s.unended(ctx, c.workflow(), instance, number); err != nil || row == 0 {
		return ctx, err
	}
	timer := time.NewTimer(w.limit)
	defer timer.Stop()
	select {
	case <-end:
		return ctx, nil
	case <-timer.C:
	case <-c.r.Context().Done():
	}
	c.w.Header().Set(waitHeader, "timeout")
	return ctx, nil
}

// unended returns the row of a run that has not ended, and 0 for one that has, or is not there.
func (s *server) unended(ctx context.Context, id string, instance, number int64) (row int64, err error) {
	err = s.Store.Read(ctx, func(snap store.Snapshot) error {
		place, ok := s.hints.workflow(id)
		if !ok {
			h, err := s.mustHead(snap, id)
			if err != nil {
				return err
			}
			place.row = h.Row
		}
		q := store.Between(store.Run, place.row, instance, instance)
		q.WithoutDocs = true
		if number == 0 {
			q = q.Last(1)
		}
		return snap.Rows(q, func(r *store.Row) error {
			if r.Open && (number == 0 || r.B == number) {
				row = r.ID
			}
			return nil
		})
	})
	return row, err
}
