package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/retention"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/step/command"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/store/postgres"
	"github.com/segue-run/segue/store/sqlite"
)

// Config says what a Server is made of.
type Config struct {
	// Data is the data directory: the database (unless Database names another) and the state of commands.
	Data string
	// Database is the URL of a PostgreSQL database; "" = SQLite in the data directory.
	Database string
	// Listen is the address to serve, host:port. "" = none: the API is reached in process only.
	Listen string
	// Hosts are further names under which the server may be reached, as in the Host header, without port.
	Hosts []string
	// EnableCommand has `command` steps run on this machine, as the user of the server.
	EnableCommand bool
	// InsecureNoLogin allows to listen beyond loopback although commands are enabled and nobody can log in.
	InsecureNoLogin bool
	// Supervise is the command line that runs command.Supervise. Required with EnableCommand.
	Supervise []string
	// WorkDir is the working directory of commands; "" = the data directory.
	WorkDir string
	// Grace is how long a command may take to end after SIGTERM; 0 = 10 s.
	Grace time.Duration
	// Retention says which runs are history that is removed, as far as a workflow does not say it itself; nil = history is not
	// removed at all.
	Retention *engine.Retention
	// Clock returns epoch milliseconds; nil = the clock of the machine.
	Clock   flow.Clock
	Version string
	Log     *slog.Logger
}

// Server is a node with a face.
type Server struct {
	config   Config
	log      *slog.Logger
	store    *trusted
	node     *Node
	runtimes map[string]step.Runtime
	janitor  *retention.Janitor // nil = history is not removed
	handler  http.Handler
	listener net.Listener
	endsAll  atomic.Bool
}

// shutdownWait is how long open requests may take to end when the server stops.
const shutdownWait = 3 * time.Second

// check refuses what would be unsafe.
func (c *Config) check() error {
	if c.Listen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fault.New(fault.BadRequest, "listen address %q: want host:port, for example 127.0.0.1:8080 (%w)", c.Listen, err)
	}
	if c.EnableCommand && !c.InsecureNoLogin && !isLoopback(host) {
		return fault.New(fault.BadRequest,
			"refusing to listen on %s: commands are enabled and nobody can log in, so whoever reaches the port could run programs here. "+
				"Listen on a loopback address (127.0.0.1), leave out --enable-command, or say --insecure-no-login if you know who can reach it", c.Listen)
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Open puts a server together and takes the data directory. Run or Close must follow.
func Open(ctx context.Context, c Config) (_ *Server, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, log: c.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if c.Listen != "" {
		if s.listener, err = listen(ctx, c.Listen); err != nil {
			return nil, fault.New(fault.Precondition, "cannot listen on %s: %w", c.Listen, err)
		}
	}
	opened, err := s.openStore(ctx)
	if err != nil {
		return nil, err
	}
	s.store = trust(opened)
	if s.runtimes, err = s.openRuntimes(); err != nil {
		return nil, err
	}
	s.node = NewNode(NodeOptions{Name: nodeName, Store: s.store, Shared: c.Database != "", Runtimes: s.runtimes, Log: c.Log, Clock: c.Clock})
	if c.Retention != nil {
		s.janitor = retention.New(retention.Options{
			Store: s.store, Ask: s.node.Ask, Plans: s.node.Plans(), Runtimes: s.runtimes, Retention: *c.Retention, Clock: s.node.clock, Log: c.Log,
		})
	}
	s.handler = s.face()
	return s, nil
}

// listenWait is how long an address may be in use: a server that was killed just as it started a command leaves a child that
// holds the socket until it becomes the command's supervisor.
const listenWait = time.Second

func listen(ctx context.Context, address string) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, listenWait)
	defer cancel()
	again := time.NewTicker(listenWait / 20)
	defer again.Stop()
	for {
		l, err := net.Listen("tcp", address)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// nodeName is the name of the only node. A cluster will give each process its own.
const nodeName = "node"

func (s *Server) openStore(ctx context.Context) (store.Store, error) {
	if s.config.Database != "" {
		opened, err := postgres.Open(ctx, s.config.Database, postgres.Options{})
		if err != nil {
			return nil, err // and not a nil *postgres.Store in an interface
		}
		return opened, nil
	}
	opened, err := sqlite.Open(ctx, s.config.Data, sqlite.Options{Address: s.Address()})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// openRuntimes is the list of runtimes that this server has.
func (s *Server) openRuntimes() (map[string]step.Runtime, error) {
	list := map[string]step.Runtime{}
	if !s.config.EnableCommand {
		return list, nil
	}
	data, err := filepath.Abs(s.config.Data)
	if err != nil {
		return nil, err
	}
	dir, work := filepath.Join(data, "command"), s.config.WorkDir
	if work == "" {
		work = data
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Precondition, "make the directory for commands: %w", err)
	}
	r, err := command.New(command.Config{Dir: dir, Self: s.config.Supervise, WorkDir: work, Grace: s.config.Grace})
	if err != nil {
		return nil, err
	}
	list["command"] = r
	return list, nil
}

// Address returns where the server listens, "" if it does not.
func (s *Server) Address() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Handler returns the REST API, for use in the same process.
func (s *Server) Handler() http.Handler { return s.handler }

// Node returns the engine.
func (s *Server) Node() *Node { return s.node }

// Clean removes history now, besides what Run does of it now and then. The server runs, and has a Retention.
func (s *Server) Clean(ctx context.Context) (retention.Report, error) { return s.janitor.Pass(ctx) }

// EndCommands has Close tell all commands to end that still run, for a server that nobody will start again. Otherwise they
// go on, and the next server on the data directory adopts them.
func (s *Server) EndCommands() { s.endsAll.Store(true) }

// endWait bounds how long Close takes to tell commands to end.
const endWait = 5 * time.Second

// endCommands tells the jobs of a runtime to end, if it is to and can.
func (s *Server) endCommands(r step.Runtime) error {
	e, ok := r.(interface{ EndAll(context.Context) error })
	if !ok || !s.endsAll.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), endWait)
	defer cancel()
	return e.EndAll(ctx)
}

// Run serves until the context ends or the store cannot be trusted any more, and closes the server. ready is called
// once, when requests are answered; it may be nil.
func (s *Server) Run(ctx context.Context, ready func()) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.node.Claim(ctx, 0); err != nil {
		if ctx.Err() != nil {
			return nil // it has been ended before it began
		}
		return advise(err)
	}
	// The actors, in the order in which they start. They stop in reverse: first no more requests, then the janitor, then the
	// engine (which commits what it has decided), then the edge, then the store.
	running, stopEngine := context.WithCancelCause(context.WithoutCancel(ctx))
	engineDone := make(chan error, 1)
	go func() { engineDone <- s.node.Run(running) }()
	stopCleaning := s.clean(ctx)
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	serve := httpd.NewServer(serving, s.handler, s.log)
	serveDone := make(chan error, 1)
	if s.listener != nil {
		go func() { serveDone <- serve.Serve(s.listener) }()
	}
	if ready != nil {
		ready()
	}
	var why error
	select {
	case <-ctx.Done():
	case why = <-s.store.betrayed:
	case why = <-engineDone:
		engineDone <- nil
	case why = <-serveDone:
	}
	if s.listener != nil {
		stopServing() // who waits is answered with what there is
		quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
		if err := serve.Shutdown(quiet); err != nil {
			serve.Close()
		}
		cancel()
	}
	stopCleaning()
	stopEngine(nil)
	if err := <-engineDone; why == nil {
		why = err
	}
	if why != nil && !errors.Is(why, http.ErrServerClosed) {
		return fault.In(advise(why), "the server has stopped")
	}
	return nil
}

// clean starts the janitor, if there is one, and returns what stops it.
func (s *Server) clean(ctx context.Context) (stop func()) {
	if s.janitor == nil {
		return func() {}
	}
	cleaning, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() { s.janitor.Run(cleaning) })
	return func() {
		cancel()
		done.Wait()
	}
}

// Close releases the data directory. It may be called twice.
func (s *Server) Close() error {
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
		s.listener = nil
	}
	if s.node != nil {
		s.node.edge.Close() // it works from its making on
	}
	for name, r := range s.runtimes {
		if err := s.endCommands(r); err != nil {
			errs = append(errs, err)
		}
		if c, ok := r.(interface{ Close() error }); ok {
			if err := c.Close(); err != nil {
				errs = append(errs, fmt.Errorf("close runtime %s: %w", name, err))
			}
		}
	}
	s.runtimes = nil
	if s.store != nil {
		errs = append(errs, s.store.Close())
		s.store = nil
	}
	return errors.Join(errs...)
}
