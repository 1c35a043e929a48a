package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/server"
)

// face is the REST API of the stand's node on a loopback port, and the connections of its clients.
type face struct {
	server *http.Server
	addr   string
	idle   chan *client
}

// idleClients is how many connections are kept between two requests.
const idleClients = 64

// open starts the face of the stand.
func (b *stand) open() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f := &face{
		server: &http.Server{Handler: server.Face(b.node, benchGroups, httpd.Deps{Version: "bench"})},
		addr:   l.Addr().String(),
		idle:   make(chan *client, idleClients),
	}
	go f.server.Serve(l)
	b.face = f
	return nil
}

func (f *face) close() {
	f.server.Close()
	close(f.idle)
	for c := range f.idle {
		c.close()
	}
}

var startBody = []byte(`{"initiator":{"type":"manual"}}`)

// started is what the clients need of an answer to a start.
type started struct {
	Instance int64 `json:"workflow_instance_id"`
}

// start starts a run over REST.
func (f *face) start(ctx context.Context, workflowID string) (started, error) {
	var s started
	answer, err := f.call(ctx, http.MethodPost, workflowID+"/versions/active/actions/start", startBody)
	if err == nil {
		err = json.Unmarshal(answer, &s)
	}
	return s, err
}

// wait waits for the end of a run over REST.
func (f *face) wait(ctx context.Context, workflowID string, instance int64) error {
	answer, err := f.call(ctx, http.MethodGet, fmt.Sprintf("%s/instances/%d/runs/1?wait=terminal", workflowID, instance), nil)
	if err == nil && !bytes.Contains(answer, []byte(`"status":"SUCCEEDED"`)) {
		err = fault.New(fault.Internal, "instance %d of %s has not succeeded: %.300s", instance, workflowID, answer)
	}
	return err
}

const basePath = "/api/v3/workflows/"

// call makes a request on an idle connection, or on a new one.
func (f *face) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	var c *client
	select {
	case c = <-f.idle:
	default:
		var err error
		if c, err = dial(ctx, f.addr); err != nil {
			return nil, err
		}
	}
	status, answer, err := c.call(method, basePath+path, body)
	if err != nil {
		c.close()
		return nil, err
	}
	select {
	case f.idle <- c:
	default:
		c.close()
	}
	if status != http.StatusOK {
		return nil, fault.New(fault.Internal, "%s %s: %d: %.300s", method, path, status, answer)
	}
	return answer, nil
}

// many runs 1,000 runs of 5 internal steps from 16 clients, each of which waits for the end of one before it starts the
// next.
func many(ctx context.Context, b *stand) (map[string]float64, error) {
	const clients, steps = 16, 5
	if err := b.open(); err != nil {
		return nil, err
	}
	if _, err := b.plans(ctx, clients, func(i int) string { return chainOf(fmt.Sprintf("w%d", i), "noop", steps) }); err != nil {
		return nil, err
	}
	one := func(i int) error {
		id := fmt.Sprintf("w%d", i%clients)
		s, err := b.face.start(ctx, id)
		if err != nil {
			return err
		}
		return b.face.wait(ctx, id, s.Instance)
	}
	if err := b.inParallel(ctx, clients, 10*clients, one); err != nil { // connections and caches are warm from here on
		return nil, err
	}
	runs := b.scaled(1000)
	since, began := b.counters(), time.Now()
	if err := b.inParallel(ctx, clients, runs, one); err != nil {
		return nil, err
	}
	f := b.rates(since, runs*steps, runs, time.Since(began))
	b.batch = max(1, int(math.Round(f["rows_per_s"]/f["commits_per_s"])))
	return f, nil
}

// start runs 200 runs of one step at the edge, one after another, over REST.
func start(ctx context.Context, b *stand) (map[string]float64, error) {
	if err := b.open(); err != nil {
		return nil, err
	}
	if _, err := b.push(ctx, chainOf("single", "command", 1)); err != nil {
		return nil, err
	}
	var launches, ends []time.Duration
	warm, n := 20, b.scaled(200)
	for i := range warm + n {
		asked := time.Now()
		s, err := b.face.start(ctx, "single")
		if err != nil {
			return nil, err
		}
		if err := b.face.wait(ctx, "single", s.Instance); err != nil {
			return nil, err
		}
		ended := time.Now()
		at, ok := b.runtime.take("single", s.Instance)
		if !ok {
			return nil, fault.New(fault.Internal, "instance %d ended without a launch", s.Instance)
		}
		if i >= warm {
			launches, ends = append(launches, at.Sub(asked)), append(ends, ended.Sub(asked))
			if err := b.pair(ctx, 1); err != nil {
				return nil, err
			}
		}
	}
	return map[string]float64{
		"launch_us_p50": quantile(launches, 0.5), "launch_us_p99": quantile(launches, 0.99),
		"end_us_p50": quantile(ends, 0.5), "end_us_p99": quantile(ends, 0.99),
	}, nil
}
