package httpd_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/store"
)

type broken struct{ how func() (any, error) }

func (b broken) Ask(context.Context, store.Group, any) (any, error) { return b.how() }

func TestTheEngineFails(t *testing.T) {
	var how func() (any, error)
	sick := false
	w := newWorld(t, func(d *httpd.Deps) {
		d.Engine = broken{func() (any, error) { return how() }}
		d.Health = func(context.Context) error {
			if sick {
				return errors.New("no disk")
			}
			return nil
		}
	})
	path := api + "/w/actions/stop"
	how = func() (any, error) { panic("at the disco") }
	if a := w.do("PUT", path, "").is(500).has("status", `"INTERNAL_ERROR"`); a.header.Get("X-Request-Id") == "" || strings.Contains(a.body, "disco") {
		t.Errorf("%v %s", a.header, a.body)
	}
	for err, status := range map[error]int{
		fault.New(fault.Timeout, "late"): 408, fault.New(fault.Unavailable, "busy"): 503, fault.New(fault.Precondition, "no"): 412,
		fault.New(fault.Forbidden, "no"): 403, errors.New("odd"): 500,
	} {
		how = func() (any, error) { return nil, err }
		w.do("PUT", path, "").is(status).says(err.Error())
		how = func() (any, error) { return err, nil } // as the reply
		w.do("PUT", path, "").is(status).says(err.Error())
	}
	w.get("/healthz").is(200)
	sick = true
	w.get("/healthz").is(503).says("no disk")
}

func TestStopOfTheServer(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", command).is(200)
	w.start("w")
	<-w.runtime.began
	hub := &noticing{Hub: w.deps.Hub, asked: make(chan struct{}, 1)}
	w.deps.Hub = hub
	ctx, stop := context.WithCancel(t.Context())
	face := httptest.NewUnstartedServer(nil)
	face.Config = httpd.NewServer(ctx, httpd.New(w.deps), w.deps.Log)
	face.Start()
	defer face.Close()
	w.url = face.URL
	waited := make(chan *answer)
	go func() { waited <- w.get(api + "/w/instances/1?wait=terminal") }()
	<-hub.asked
	stop()
	a := (<-waited).is(200).has("status", `"IN_PROGRESS"`)
	if a.header.Get("Segue-Wait") != "timeout" {
		t.Errorf("%v", a.header)
	}
}

// patient is an engine that answers when it may.
type patient struct{ asked, may chan struct{} }

func (p *patient) Ask(ctx context.Context, _ store.Group, _ any) (any, error) {
	p.asked <- struct{}{}
	<-p.may
	if ctx.Err() != nil {
		return nil, fault.New(fault.Timeout, "cut off")
	}
	return nil, fault.New(fault.Conflict, "decided")
}

// A command that is being decided when the server stops is answered: the engine stops after the face.
func TestStopOfTheServerDuringACommand(t *testing.T) {
	engine := &patient{make(chan struct{}), make(chan struct{})}
	w := newWorld(t, func(d *httpd.Deps) { d.Engine = engine })
	ctx, stop := context.WithCancel(t.Context())
	face := httptest.NewUnstartedServer(nil)
	face.Config = httpd.NewServer(ctx, httpd.New(w.deps), w.deps.Log)
	face.Start()
	defer face.Close()
	w.url = face.URL
	answered := make(chan *answer)
	go func() { answered <- w.do("PUT", api+"/w/actions/stop", "") }()
	<-engine.asked
	stop()
	close(engine.may)
	(<-answered).is(409).says("decided")
}

type noticing struct {
	httpd.Hub
	asked chan struct{}
}

func (n *noticing) SubscribeEnd(run int64) (<-chan struct{}, func()) {
	end, leave := n.Hub.SubscribeEnd(run)
	n.asked <- struct{}{}
	return end, leave
}
