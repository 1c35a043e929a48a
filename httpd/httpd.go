// Package httpd is the v3 REST API: it reads requests, asks the engine or the store, and writes the documents that view
// and api compose.
//
// Above it are engine (commands and replies), store (snapshots), view, validate and dsl; the server fills Deps and
// listens. It holds no state that matters: what it caches are hints that the engine checks.
//
// The one thing to know before changing it: an answer is given when it is durable. Commands wait for the engine's reply,
// which is held until its batch is on disk; reads come from one snapshot of the store, which has everything that was ever
// acknowledged. Nothing here may answer from memory what the store does not have yet.
package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/view"
)

// Engine takes commands.
type Engine interface {
	// Ask sends a command (engine.Push, Start, Act, ActAll) to a group and returns the reply when it is durable. If the
	// context ends first, the command may still take effect.
	Ask(ctx context.Context, g store.Group, body any) (any, error)
}

// Hub tells when a run has ended.
type Hub interface {
	// SubscribeEnd returns a channel that holds a value once the run with this row key has ended durably, and a function
	// that ends the subscription. What happened before it is not told.
	SubscribeEnd(run int64) (<-chan struct{}, func())
}

// Deps is what the API needs. Fields without a default must be set.
type Deps struct {
	Store  store.Store
	Engine Engine
	Hub    Hub
	Plans  *engine.Plans
	// Groups is the number of flow groups that workflows are spread over. Default: all of the store.
	Groups int
	// Env is the environment in which params are evaluated; Now, Seed, Ext and Done are set for each request.
	Env eval.Env
	// Runs reports whether the server has a runtime for a type of steps, in lower case. Nil = it has all.
	Runs func(stepType string) bool
	// Environment is what expressions learn from params.getExecutionEnvironment(). Default: "test".
	Environment string
	// Logs opens a log of an attempt. Nil = no step type of this server leaves logs.
	Logs func(ctx context.Context, stepType, attemptUUID string, stream step.LogStream) (step.Log, error)
	// Health says what is wrong with the server. Nil = the store is asked for something.
	Health func(ctx context.Context) error
	// Clock returns epoch milliseconds. Default: the wall clock.
	Clock   func() int64
	Version string // of the program, for the Server header
	// Hosts are names, besides those of the loopback and the address of the connection, under which the server may be
	// addressed; "*" = any.
	Hosts  []string
	Limits Limits
	Log    *slog.Logger
}

// Limits bounds requests. Zero fields have defaults.
type Limits struct {
	// Body is the size of the largest request body in bytes. Default 1 MiB. Definitions have a limit of their own for their
	// compact form.
	Body int64
	// BodyTime is how long a client may take to send a body, and WriteTime to take a piece of an answer. Default 30 s.
	BodyTime, WriteTime time.Duration
	// Wait is the longest time that a request may wait for the end of a run. Default 10 minutes.
	Wait time.Duration
	// Command is how long a command may take. Default 30 s.
	Command time.Duration
	// LogPoll is how often a log that is followed is looked at. Default 200 ms.
	LogPoll time.Duration
}

func (l Limits) withDefaults() Limits {
	duration := func(d *time.Duration, byDefault time.Duration) {
		if *d == 0 {
			*d = byDefault
		}
	}
	if l.Body == 0 {
		l.Body = 1 << 20
	}
	duration(&l.BodyTime, 30*time.Second)
	duration(&l.WriteTime, 30*time.Second)
	duration(&l.Wait, 10*time.Minute)
	duration(&l.Command, 30*time.Second)
	duration(&l.LogPoll, 200*time.Millisecond)
	return l
}

// server is the API.
type server struct {
	Deps
	versions *view.Versions
	hints    hints
	hosts    map[string]bool
	name     []string // Server header
	// Request ids are a part that is the same for the process, and a number.
	process  string
	requests atomic.Uint64
}

// New returns the API as a handler.
func New(d Deps) http.Handler {
	if d.Groups == 0 {
		d.Groups = d.Store.Groups()
	}
	if d.Clock == nil {
		d.Clock = func() int64 { return time.Now().UnixMilli() }
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Environment == "" {
		d.Environment = "test"
	}
	d.Limits = d.Limits.withDefaults()
	s := &server{Deps: d, versions: view.NewVersions(d.Plans), process: uuid.NewString()[:8], name: []string{"segue/" + d.Version}}
	s.hints.init()
	s.hosts = allowedHosts(d.Hosts)
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.handle(r))
	}
	return s.guard(mux)
}

// ask sends a command to the group of a workflow. A server that is about to stop still answers it, since the engine stops
// after the face; and what has been sent cannot be called back by a client that goes away.
func (s *server) ask(ctx context.Context, workflowID string, body any) (any, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limits.Command)
	defer cancel()
	reply, err := s.Engine.Ask(ctx, engine.GroupOf(workflowID, s.Groups), body)
	if err == nil {
		if failed, ok := reply.(error); ok {
			err = failed
		}
	}
	return reply, err
}

// healthz answers whether the server can do its work.
func (s *server) healthz(c *call) error {
	health := s.Health
	if health == nil {
		health = func(ctx context.Context) error {
			return s.Store.Read(ctx, func(snap store.Snapshot) error {
				_, err := snap.Owner(0)
				return err
			})
		}
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), 5*time.Second)
	defer cancel()
	if err := health(ctx); err != nil {
		s.Log.ErrorContext(ctx, "health check", "error", err)
		return fault.New(fault.Unavailable, "the server is not healthy: %w", err)
	}
	c.out = append(c.out, `{"status":"UP"}`...)
	return nil
}

// calls holds the calls that are over, for their buffers.
var calls = sync.Pool{New: func() any { return &call{out: make([]byte, 0, 8<<10)} }}
