package httpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
)

// errGone says that the client does not take the rest of an answer. That is no failure of the server.
var errGone = errors.New("the client has gone")

// logRequest is what is asked for of a log.
type logRequest struct {
	stream step.LogStream
	tail   int64 // lines; -1 = all
	follow bool
}

func (c *call) logRequest() (r logRequest, err error) {
	switch r.stream = step.LogStream(c.query("stream")); r.stream {
	case "":
		r.stream = step.Stdout
	case step.Stdout, step.Stderr:
	default:
		return r, fault.New(fault.BadRequest, "query parameter stream is %q; it must be stdout or stderr", r.stream)
	}
	r.tail = -1
	if text := c.query("tail"); text != "" {
		if r.tail, err = strconv.ParseInt(text, 10, 64); err != nil || r.tail < 0 {
			return r, fault.New(fault.BadRequest, "query parameter tail is %q; it must be a number of lines", text)
		}
	}
	r.follow, err = c.flag("follow", false)
	return r, err
}

// logs streams a log of an attempt as text. A log that is followed ends when it cannot grow any more.
func (s *server) logs(c *call) error {
	req, err := c.logRequest()
	if err != nil {
		return err
	}
	log, err := s.openLog(c, req)
	if err != nil {
		return err
	}
	defer log.Close()
	size, err := log.Size()
	if err != nil {
		return err
	}
	from, err := tailOf(log, size, req.tail)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h["X-Content-Type-Options"] = noSniff
	h["Server"] = c.s.name
	c.answered = true
	if !req.follow {
		h.Set("Content-Length", strconv.FormatInt(size-from, 10))
		c.w.WriteHeader(c.status)
		_, err := s.copyLog(c, log, from, size)
		return err
	}
	c.w.WriteHeader(c.status)
	return s.followLog(c, log, from)
}

// openLog opens the log of the attempt of the path. To follow one that is not there yet, it waits for it.
func (s *server) openLog(c *call, req logRequest) (step.Log, error) {
	for {
		x, a, err := s.attemptOfPath(c, withSteps)
		if err != nil {
			return nil, err
		}
		p := &x.version.Plan.Steps[a.Ordinal]
		none := fault.New(fault.NotFound, "attempt [%d] of step [%s] has no log; steps of type %s leave none", a.Number, p.ID, p.Type)
		if p.Kind != engine.Runtime || s.Logs == nil {
			return nil, none
		}
		open := func() (step.Log, error) {
			return s.Logs(c.r.Context(), p.Type, engine.AttemptUUID(x.head.ID, &x.run.Run, p.ID, a.Number), req.stream)
		}
		log, err := open()
		if !fault.Is(err, fault.NotFound) || !req.follow || a.Status.Terminal() {
			return log, err
		}
		// The runtime is told of the attempt after its row is durable, so there is a moment without a log.
		if err := s.pause(c.r.Context()); err != nil {
			return nil, err
		}
	}
}

// pause waits until a log is looked at again.
func (s *server) pause(ctx context.Context) error {
	t := time.NewTimer(s.Limits.LogPoll)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "the log is not followed any more: %w", context.Cause(ctx))
	}
}

// followLog sends what a log has from an offset on, and what it gets, until it cannot grow any more or the client leaves.
func (s *server) followLog(c *call, log step.Log, from int64) error {
	control := http.NewResponseController(c.w)
	for {
		ended, err := log.Ended() // before the size: what came before the end is sent
		if err != nil {
			return err
		}
		size, err := log.Size()
		if err != nil {
			return err
		}
		if from, err = s.copyLog(c, log, from, size); err != nil {
			return err
		}
		if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return nil // the client has gone
		}
		if ended {
			return nil
		}
		if err := s.pause(c.r.Context()); err != nil {
			return err // the client has gone, or the server stops: it must not take what it has for the whole
		}
	}
}

// copyLog sends the bytes between two offsets and returns how far it came.
func (s *server) copyLog(c *call, log step.Log, from, to int64) (int64, error) {
	var buf [32 << 10]byte
	for from < to {
		n, err := log.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
		if n == 0 && err != nil {
			if err == io.EOF {
				return from, fmt.Errorf("the log has become shorter: it ends at %d", from)
			}
			return from, err
		}
		c.deadline()
		if _, err := c.w.Write(buf[:n]); err != nil {
			return from, fmt.Errorf("%w: %w", errGone, err)
		}
		from += int64(n)
	}
	return from, nil
}

// tailOf returns where the last lines of a log begin.
func tailOf(log step.Log, size, lines int64) (int64, error) {
	if lines < 0 {
		return 0, nil
	}
	if lines == 0 {
		return size, nil
	}
	var buf [32 << 10]byte
	end := size
	for end > 0 {
		from := max(0, end-int64(len(buf)))
		n, err := log.ReadAt(buf[:end-from], from)
		if err != nil && err != io.EOF {
			return 0, err
		}
		for i := n - 1; i >= 0; i-- {
			if buf[i] != '\n' || from+int64(i) == size-1 {
				continue
			}
			if lines--; lines == 0 {
				return from + int64(i) + 1, nil
			}
		}
		end = from
	}
	return 0, nil
}
