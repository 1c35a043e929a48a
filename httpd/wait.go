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

// await waits until a run has ended, and reads it again. If it does not end in time, or the server stops, it reads the run
// as it is and says so in the answer.
func (s *server) await(c *call, x *reading, w wait, p parts) (*reading, error) {
	changed, leave := s.Hub.Subscribe(x.run.Row)
	defer leave()
	timer := time.NewTimer(w.limit)
	defer timer.Stop()
	over := c.r.Context().Done()
	ctx := context.WithoutCancel(c.r.Context()) // for short reads, also when the server stops
	for {
		ended, err := s.ended(ctx, x.run.Row)
		if err != nil {
			return nil, err
		}
		if ended {
			break
		}
		select {
		case <-changed:
			continue
		case <-timer.C:
		case <-over:
		}
		c.w.Header().Set(waitHeader, "timeout")
		break
	}
	return s.readRun(ctx, x.head.ID, x.run.Instance, x.run.Number, p)
}

// ended reports whether a run has ended, durably.
func (s *server) ended(ctx context.Context, row int64) (bool, error) {
	q := store.One(store.Run, row)
	q.WithoutDocs = true
	ended := true
	err := s.Store.Read(ctx, func(snap store.Snapshot) error {
		return snap.Rows(q, func(r *store.Row) error {
			ended = !r.Open
			return nil
		})
	})
	return ended, err
}
