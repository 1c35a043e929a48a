package client_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-run/segue/client"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/wire"
)

// at returns the URL of an API on a store in memory.
func at(t *testing.T) string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	node := server.NewNode(server.NodeOptions{Name: "test", Store: store.NewMemory(4), Log: log})
	ctx, stop := context.WithCancel(context.Background())
	if err := node.Claim(ctx, 0); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- node.Run(ctx) }()
	face := httptest.NewServer(httpd.New(httpd.Deps{
		Store: node.Store(), Engine: node, Hub: node.Hub(), Plans: node.Plans(), Env: eval.Env{Programs: node.Programs()}, Log: log,
	}))
	t.Cleanup(func() {
		face.Close()
		stop()
		<-ended
	})
	return face.URL
}

const (
	sleepy  = `{"properties":{"owner":"amy","run_strategy":"parallel"},"workflow":{"id":"w/1 ","steps":[]}}`
	defined = `{"properties":{"owner":"amy","run_strategy":"parallel"},"workflow":{"id":"w","params":{"n":{"value":0,"type":"LONG"}},"steps":[{"step":{"id":"a","type":"sleep","params":{"sleep_seconds":{"expression":"n","type":"LONG"}}}}]}}`
)

func TestFromPushToEnd(t *testing.T) {
	c, ctx := client.New(at(t)+"/", "amy"), t.Context()
	if err := c.Validate(ctx, []byte(defined)); err != nil {
		t.Error(err)
	}
	p, err := c.Push(ctx, []byte(defined))
	if err != nil || p.Workflow != "w" || p.Version != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	s, err := c.Start(ctx, "w", client.StartOptions{})
	if err != nil || s.Instance != 1 || s.Run != 1 || s.Version != 1 || s.Duplicate || len(s.UUID) != 36 {
		t.Fatalf("%+v, %v", s, err)
	}
	r, err := c.Wait(ctx, "w", 1)
	if err != nil || r.Status != instance.Succeeded || r.Ended < r.Started || r.Started < r.Created || r.UUID != s.UUID {
		t.Fatalf("%+v, %v", r, err)
	}
	steps, err := c.Steps(ctx, "w", 1, 1)
	if err != nil || len(steps) != 1 || steps[0].ID != "a" || steps[0].Status != instance.StepSucceeded || steps[0].Ended == 0 {
		t.Errorf("%+v, %v", steps, err)
	}
	if steps, err = c.Attempts(ctx, "w", 1, 1, "a"); err != nil || len(steps) != 1 || steps[0].Attempt != 1 {
		t.Errorf("%+v, %v", steps, err)
	}
}

func TestTheSameStartTwice(t *testing.T) {
	c, ctx := client.New(at(t), "amy"), t.Context()
	if _, err := c.Push(ctx, []byte(defined)); err != nil {
		t.Fatal(err)
	}
	o := client.StartOptions{Version: "1", RequestID: "7c8b14c4-1b2a-4c3d-9e4f-5a6b7c8d9e0f", RunParams: wire.Raw(`{"n":{"value":1000,"type":"LONG"}}`)}
	for i := range 2 {
		s, err := c.Start(ctx, "w", o)
		if err != nil || s.Instance != 1 || s.Duplicate != (i == 1) || s.UUID != o.RequestID {
			t.Errorf("start %d: %+v, %v", i, s, err)
		}
	}
	a, err := c.Stop(ctx, "w", 1)
	if err != nil || a.Run != 1 || a.Info == "" {
		t.Errorf("%+v, %v", a, err)
	}
	if r, err := c.Wait(ctx, "w", 1); err != nil || r.Status != instance.Stopped {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := c.Kill(ctx, "w", 1); !fault.Is(err, fault.BadRequest) {
		t.Errorf("kill of a stopped run: %v", err)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	url := at(t)
	c, ctx := client.New(url, "amy"), t.Context()
	_, err := c.Push(ctx, []byte(sleepy))
	if !fault.Is(err, fault.BadRequest) || len(fault.DetailsOf(err)) < 2 {
		t.Errorf("push: %v", fault.Lines(err))
	}
	if err := c.ValidateYAML(ctx, []byte("{")); !fault.Is(err, fault.BadRequest) {
		t.Errorf("validate: %v", err)
	}
	if _, err := c.PushYAML(ctx, []byte("Workflow: {id: y, owner: amy, jobs: [{job: {id: a, type: noop}}]}")); err != nil {
		t.Error(err)
	}
	if _, err := c.Start(ctx, "no/body", client.StartOptions{}); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "no/body") {
		t.Errorf("start: %v", err)
	}
	if _, err := c.Instance(ctx, "y", 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("instance: %v", err)
	}
	if _, err := c.Wait(ctx, "y", 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("wait: %v", err)
	}
	if _, err := c.Logs(ctx, "y", 1, 1, "a", 0, client.LogOptions{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("logs: %v", err)
	}
}

// answering is a transport that answers by itself.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func answerOf(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}
}

func TestTheServerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client.New("http://server", "amy")
		var asked, ids atomic.Int32
		seen := map[string]bool{}
		c.HTTP.Transport = answering(func(r *http.Request) (*http.Response, error) {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if !seen[string(text)] {
				seen[string(text)] = true
				ids.Add(1)
			}
			switch asked.Add(1) {
			case 1:
				return nil, io.ErrUnexpectedEOF
			case 2:
				return answerOf(503, `{"status":"SERVICE_UNAVAILABLE","message":"later"}`), nil
			}
			return answerOf(200, `{"workflow_id":"w","workflow_instance_id":4,"status":"DUPLICATED"}`), nil
		})
		s, err := c.Start(t.Context(), "w", client.StartOptions{})
		if err != nil || s.Instance != 4 || s.Duplicate || asked.Load() != 3 || ids.Load() != 1 {
			t.Errorf("%+v, %v, asked %d times with %d bodies", s, err, asked.Load(), ids.Load())
		}

		// A push is not repeated, and the patience of a read ends.
		asked.Store(0)
		if _, err := c.Push(t.Context(), []byte(`{}`)); !fault.Is(err, fault.Unavailable) || asked.Load() != 1 {
			t.Errorf("%v, asked %d times", err, asked.Load())
		}
		c.HTTP.Transport = answering(func(*http.Request) (*http.Response, error) {
			return answerOf(503, `{"status":"SERVICE_UNAVAILABLE","message":"later"}`), nil
		})
		began := time.Now()
		if _, err := c.Instance(t.Context(), "w", 1); !fault.Is(err, fault.Unavailable) || time.Since(began) > c.Patience {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := c.Wait(ctx, "w", 1); err == nil || time.Since(began) < time.Hour {
			t.Errorf("wait: %v after %v", err, time.Since(began))
		}
		c.HTTP.Transport = answering(func(*http.Request) (*http.Response, error) { return answerOf(502, "<html>"), nil })
		c.Patience = 0
		if _, err := c.Instance(t.Context(), "w", 1); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "502 Bad Gateway: <html>") {
			t.Errorf("%v", err)
		}
	})
}

func TestLogs(t *testing.T) {
	var query string
	face := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RequestURI()
		_, _ = io.WriteString(w, "line\n") // a client that has gone is its own affair
	}))
	defer face.Close()
	log, err := client.New(face.URL, "amy").Logs(t.Context(), "w", 1, 2, "s", 3, client.LogOptions{Stream: "stderr", Tail: 5, Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	text, err := io.ReadAll(log)
	if err != nil || string(text) != "line\n" {
		t.Errorf("%q, %v", text, err)
	}
	if want := "/api/v3/workflows/w/instances/1/runs/2/steps/s/attempts/3/logs?follow=true&stream=stderr&tail=5"; query != want {
		t.Errorf("asked for %s, want %s", query, want)
	}
}
