package httpd

import (
	"context"
	"strconv"
	"time"

	"github.com/segue-run/segue/fault"
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

// await reads a run when it has ended; number 0 = the latest one of the instance. If it does not end in time, or the server
// stops, the answer says so and holds what there is.
func (s *server) await(c *call, instance, number int64, w wait, p parts) (*reading, error) {
	ctx := context.WithoutCancel(c.r.Context()) // for short reads, also when the server stops
	id := c.workflow()
	watched, end, leave := int64(0), (<-chan struct{})(nil), func() {}
	defer func() { leave() }()
	watch := func(row int64) {
		leave()
		watched = row
		end, leave = s.Hub.SubscribeEnd(row)
	}
	if row := s.hints.run(id, instance); row != 0 {
		watch(row)
	}
	for { // it is watched before it is looked at, so no end is missed
		x, err := s.readRun(ctx, id, instance, number, p|ifEnded)
		if err != nil || x.run.Status.Terminal() {
			return x, err
		}
		if x.run.Row == watched {
			break
		}
		watch(x.run.Row)
	}
	timer := time.NewTimer(w.limit)
	defer timer.Stop()
	select {
	case <-end:
		return s.readRun(ctx, id, instance, number, p)
	case <-timer.C:
	case <-c.r.Context().Done():
	}
	c.w.Header().Set(waitHeader, "timeout")
	return s.readRun(ctx, id, instance, number, p)
}
