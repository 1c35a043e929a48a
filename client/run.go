package client

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// Run is a run of an instance. Times are epoch milliseconds, 0 = not yet.
type Run struct {
	Workflow string
	Instance int64
	Run      int64
	Version  int64
	UUID     string
	Status   instance.Status
	Created  int64
	Started  int64
	Ended    int64
	Doc      []byte // the document, whole
}

// Step is an attempt of a step. Times are epoch milliseconds, 0 = not yet.
type Step struct {
	ID       string
	Attempt  int64
	UUID     string
	Status   instance.StepStatus
	Started  int64
	Ended    int64
	Timeline []string // its messages
	Doc      wire.Raw // the document, whole
}

// Instance reads the latest run of an instance.
func (c *Client) Instance(ctx context.Context, workflowID string, instanceID int64) (Run, error) {
	return c.run(ctx, path(workflowID, "instances", instanceID))
}

// Run reads a run of an instance.
func (c *Client) Run(ctx context.Context, workflowID string, instanceID, run int64) (Run, error) {
	return c.run(ctx, path(workflowID, "instances", instanceID, "runs", run))
}

// longPoll is how long the server is asked to wait at a time.
const longPoll = time.Minute

// Wait waits until the latest run of an instance has ended, and returns it. It survives a restart of the server; only the
// context limits it.
func (c *Client) Wait(ctx context.Context, workflowID string, instanceID int64) (Run, error) {
	p := path(workflowID, "instances", instanceID) + "?wait=terminal&timeout=" + strconv.Itoa(int(longPoll/time.Second)) + "s"
	wait := firstWait
	for {
		r, err := c.run(ctx, p)
		switch {
		case err == nil && r.Status.Terminal():
			return r, nil
		case err == nil:
			wait = firstWait
			continue
		case !fault.Is(err, fault.Unavailable):
			return r, err
		}
		if pause(ctx, wait) != nil {
			return r, err
		}
		wait = min(2*wait, longestWait)
	}
}

func (c *Client) run(ctx context.Context, p string) (r Run, err error) {
	n, doc, err := c.read(ctx, request{method: "GET", path: p, repeat: true})
	if err != nil {
		return r, err
	}
	r.Doc = doc
	err = n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_id":
			return f.Str(&r.Workflow)
		case "workflow_instance_id":
			return f.Int(&r.Instance)
		case "workflow_run_id":
			return f.Int(&r.Run)
		case "workflow_version_id":
			return f.Int(&r.Version)
		case "workflow_uuid":
			return f.Str(&r.UUID)
		case "status":
			return wire.Set(&r.Status, func() (instance.Status, error) { return instance.ParseStatus(f.Text) })
		case "create_time":
			return f.Int(&r.Created)
		case "start_time":
			return f.Int(&r.Started)
		case "end_time":
			return f.Int(&r.Ended)
		}
		return nil
	})
	return r, err
}

// Steps reads the latest attempt of each step of a run, in the order in which the steps were reached.
func (c *Client) Steps(ctx context.Context, workflowID string, instanceID, run int64) ([]Step, error) {
	return c.steps(ctx, path(workflowID, "instances", instanceID, "runs", run, "steps"))
}

// Attempts reads all attempts of a step of a run.
func (c *Client) Attempts(ctx context.Context, workflowID string, instanceID, run int64, stepID string) ([]Step, error) {
	return c.steps(ctx, path(workflowID, "instances", instanceID, "runs", run, "steps", stepID, "attempts"))
}

func (c *Client) steps(ctx context.Context, p string) (list []Step, err error) {
	n, _, err := c.read(ctx, request{method: "GET", path: p, repeat: true})
	if err != nil {
		return nil, err
	}
	err = wire.ListOf(n, &list, decodeStep)
	return list, err
}

func decodeStep(n *wire.Node) (s Step, err error) {
	s.Doc = n.Raw()
	err = n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "step_id":
			return f.Str(&s.ID)
		case "step_attempt_id":
			return f.Int(&s.Attempt)
		case "step_uuid":
			return f.Str(&s.UUID)
		case "runtime_state":
			return f.Each(s.state)
		case "timeline":
			for i := range f.Items {
				if m := f.Items[i].Get("message"); m != nil {
					s.Timeline = append(s.Timeline, m.Text)
				}
			}
		}
		return nil
	})
	return s, err
}

func (s *Step) state(f *wire.Field) error {
	switch f.Name {
	case "status":
		return wire.Set(&s.Status, func() (instance.StepStatus, error) { return instance.ParseStepStatus(f.Text) })
	case "start_time":
		return f.Int(&s.Started)
	case "end_time":
		return f.Int(&s.Ended)
	}
	return nil
}

// LogOptions says which part of which log is wanted. The zero value is all that is in stdout now.
type LogOptions struct {
	Stream string // stdout or stderr
	Tail   int    // the last lines only; 0 = all
	Follow bool   // go on until the log ends
}

// Logs opens the log of an attempt; attempt 0 is the latest one. The caller closes it.
func (c *Client) Logs(ctx context.Context, workflowID string, instanceID, run int64, stepID string, attempt int64, o LogOptions) (io.ReadCloser, error) {
	number := "latest"
	if attempt > 0 {
		number = strconv.FormatInt(attempt, 10)
	}
	q := url.Values{}
	if o.Stream != "" {
		q.Set("stream", o.Stream)
	}
	if o.Tail > 0 {
		q.Set("tail", strconv.Itoa(o.Tail))
	}
	if o.Follow {
		q.Set("follow", "true")
	}
	p := path(workflowID, "instances", instanceID, "runs", run, "steps", stepID, "attempts", number, "logs")
	if len(q) > 0 {
		p += "?" + q.Encode()
	}
	res, err := c.send(ctx, request{method: "GET", path: p, accept: "text/plain, application/json"})
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
