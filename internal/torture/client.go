package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// client speaks the REST API. For a while two servers may answer: one that has been taken over does not know it yet.
type client struct {
	mu       sync.Mutex
	address  string
	stranger string // the address of the one that was taken over; "" = none
}

// at says where the server is.
func (c *client) at(address, stranger string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.address, c.stranger = address, stranger
}

// base returns the address for one request: one in three goes to the stranger.
func (c *client) base() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stranger != "" && rand.IntN(3) == 0 {
		return "http://" + c.stranger
	}
	return "http://" + c.address
}

// answer is a response. It stays undefined whether a request without one had an effect.
type answer struct {
	code int
	body []byte
}

func (a answer) ok() bool { return a.code >= 200 && a.code < 300 }

// passing reports whether the same request may go well later.
func (a answer) passing() bool {
	return a.code == http.StatusServiceUnavailable || a.code == http.StatusTooManyRequests || a.code >= 500
}

func (c *client) do(ctx context.Context, method, path, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base()+"/api/v3/workflows"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("user", "torture")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, data}, err
}

// insist repeats a request until it is answered for good, and says how often it was made.
func (c *client) insist(ctx context.Context, method, path, body string) (a answer, tries int, err error) {
	for {
		tries++
		a, err = c.do(ctx, method, path, body)
		if err == nil && !a.passing() {
			return a, tries, nil
		}
		if sleep(ctx, min(time.Duration(tries)*10*time.Millisecond, 200*time.Millisecond)) != nil {
			if err == nil {
				err = fmt.Errorf("%s %s: HTTP %d: %.300s", method, path, a.code, a.body)
			}
			return a, tries, err
		}
	}
}

// get reads a document.
func (c *client) get(ctx context.Context, path string, v any) (found bool, err error) {
	a, _, err := c.insist(ctx, http.MethodGet, path, "")
	if err != nil {
		return false, err
	}
	if a.code == http.StatusNotFound {
		return false, nil
	}
	if !a.ok() {
		return false, fmt.Errorf("GET %s: HTTP %d: %.300s", path, a.code, a.body)
	}
	return true, json.Unmarshal(a.body, v)
}

func (c *client) push(ctx context.Context, w *work) error {
	a, _, err := c.insist(ctx, http.MethodPost, "", w.body)
	if err == nil && !a.ok() {
		err = fmt.Errorf("push workflow %s: HTTP %d: %.500s", w.id, a.code, a.body)
	}
	return err
}

// driver is one client at work: it starts runs, stops some, and looks at some.
type driver struct {
	*client
	ledger *ledger
	works  []*work
	pause  time.Duration
	rng    *rand.Rand
	mine   []event // the starts that were acknowledged
}

// run goes on until load ends. What it has begun it brings to an answer, unless ctx ends.
func (d *driver) run(ctx, load context.Context) {
	total := 0
	for _, w := range d.works {
		total += w.weight
	}
	for sleep(load, time.Duration(d.rng.Float64()*float64(2*d.pause))) == nil {
		pick := d.rng.IntN(total)
		for _, w := range d.works {
			if pick -= w.weight; pick < 0 {
				d.start(ctx, w)
				break
			}
		}
		if len(d.mine) > 0 && d.rng.IntN(2) == 0 {
			d.look(ctx, d.mine[d.rng.IntN(len(d.mine))])
		}
	}
}

func (d *driver) start(ctx context.Context, w *work) {
	e := event{Kind: intended, At: time.Now().UnixNano(), Workflow: w.id, N: d.rng.Int64N(1000), Request: d.uuid()}
	d.ledger.add(e)
	body := fmt.Sprintf(`{"initiator":{"type":"manual"},"request_id":%q,"run_params":{"n":{"type":"LONG","value":%d}}}`, e.Request, e.N)
	a, tries, err := d.insist(ctx, http.MethodPost, "/"+w.id+"/versions/active/actions/start", body)
	if err != nil {
		return // the whole torture is over
	}
	e.At, e.Tries = time.Now().UnixNano(), tries
	var said struct {
		Instance int64  `json:"workflow_instance_id"`
		Run      int64  `json:"workflow_run_id"`
		UUID     string `json:"workflow_uuid"`
		Status   string `json:"status"`
	}
	if err := json.Unmarshal(a.body, &said); err != nil || !a.ok() {
		e.Kind, e.Status = refused, fmt.Sprintf("HTTP %d: %.300s", a.code, a.body)
		d.ledger.add(e)
		return
	}
	e.Kind, e.Instance, e.Run, e.Status = started, said.Instance, said.Run, said.Status
	d.ledger.add(e)
	d.mine = append(d.mine, e)
	if w.stop && d.rng.IntN(4) == 0 {
		d.stop(ctx, e)
	}
	if d.rng.IntN(20) == 0 { // some clients send it again although they were answered
		if a, _, err := d.insist(ctx, http.MethodPost, "/"+w.id+"/versions/active/actions/start", body); err == nil && a.ok() {
			if json.Unmarshal(a.body, &said) == nil && said.Instance != 0 { // 0: known, and not told
				e.At, e.Instance, e.Run, e.Status = time.Now().UnixNano(), said.Instance, said.Run, said.Status
				d.ledger.add(e)
			}
		}
	}
}

func (d *driver) stop(ctx context.Context, e event) {
	if sleep(ctx, time.Duration(d.rng.Float64()*float64(time.Second))) != nil {
		return
	}
	e.Kind, e.At = stopping, time.Now().UnixNano()
	d.ledger.add(e)
	a, tries, err := d.insist(ctx, http.MethodPut, fmt.Sprintf("/%s/instances/%d/actions/stop", e.Workflow, e.Instance), "")
	if err != nil {
		return
	}
	e.Kind, e.At, e.Tries, e.Status = stopAsked, time.Now().UnixNano(), tries, fmt.Sprintf("HTTP %d", a.code)
	d.ledger.add(e)
}

// look records the end of a run and of its steps as soon as somebody was told of it.
func (d *driver) look(ctx context.Context, e event) {
	path := fmt.Sprintf("/%s/instances/%d", e.Workflow, e.Instance)
	var run runState
	if !d.glance(ctx, path, &run) {
		return
	}
	if run.ended() {
		e.Kind, e.At, e.Status = seenEnd, time.Now().UnixNano(), run.Status
		d.ledger.add(e)
	}
	if !d.glance(ctx, fmt.Sprintf("%s/runs/%d/steps", path, run.Run), &run.steps) {
		return
	}
	for _, s := range run.steps {
		if s.ended() {
			e.Kind, e.At, e.Status, e.Step, e.Attempt = seenStep, time.Now().UnixNano(), s.State.Status, s.ID, s.Attempt
			d.ledger.add(e)
		}
	}
}

// glance reads a document if the server answers at once; at the end everything is asked again.
func (d *driver) glance(ctx context.Context, path string, v any) bool {
	a, err := d.do(ctx, http.MethodGet, path, "")
	return err == nil && a.ok() && json.Unmarshal(a.body, v) == nil
}

// uuid makes a request id from the seed.
func (d *driver) uuid() string {
	a, b := d.rng.Uint64(), d.rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// runState is a run as the server tells of it.
type runState struct {
	Workflow string `json:"workflow_id"`
	Instance int64  `json:"workflow_instance_id"`
	Run      int64  `json:"workflow_run_id"`
	UUID     string `json:"workflow_uuid"`
	Status   string `json:"status"`
	steps    []stepState
}

func (r *runState) ended() bool {
	switch r.Status {
	case "SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT":
		return true
	}
	return false
}

// stepState is a step of a run: its latest attempt.
type stepState struct {
	ID      string `json:"step_id"`
	Attempt int64  `json:"step_attempt_id"`
	State   struct {
		Status string `json:"status"`
	} `json:"runtime_state"`
}

// ended reports whether the attempt has ended, whatever becomes of the step.
func (s *stepState) ended() bool {
	switch s.State.Status {
	case "SUCCEEDED", "COMPLETED_WITH_ERROR", "USER_FAILED", "PLATFORM_FAILED", "FATALLY_FAILED", "TIMEOUT_FAILED",
		"STOPPED", "TIMED_OUT", "UNSATISFIED", "SKIPPED", "DISABLED", "INTERNALLY_FAILED":
		return true
	}
	return false
}

// runKey names a run.
type runKey struct {
	workflow string
	instance int64
}

// collect asks for every run that a client knows of until it has ended or ctx has, and, beyond what clients know, for the
// next instances of each workflow, of which there must be none.
func (c *client) collect(ctx context.Context, events []event) (map[runKey]*runState, error) {
	all := map[runKey]*runState{}
	highest := map[string]int64{}
	for _, e := range events {
		if e.Kind == started {
			all[runKey{e.Workflow, e.Instance}] = nil
			highest[e.Workflow] = max(highest[e.Workflow], e.Instance)
		}
	}
	for workflow, last := range highest {
		for i := int64(1); i <= last+5; i++ {
			all[runKey{workflow, i}] = nil
		}
	}
	grace := context.WithoutCancel(ctx)
	for key := range all {
		path := fmt.Sprintf("/%s/instances/%d", key.workflow, key.instance)
		run := &runState{}
		for {
			found, err := c.get(grace, path, run)
			if err != nil {
				return nil, err
			}
			if !found {
				run = nil
			}
			if run == nil || run.ended() || sleep(ctx, 50*time.Millisecond) != nil {
				break
			}
		}
		all[key] = run
		if run == nil {
			continue
		}
		if _, err := c.get(grace, fmt.Sprintf("%s/runs/%d/steps", path, run.Run), &run.steps); err != nil {
			return nil, err
		}
	}
	return all, nil
}
