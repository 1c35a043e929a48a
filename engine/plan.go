package engine

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/segue-run/segue/dag"
	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/lifecycle"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
	"github.com/segue-run/segue/validate"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// Plan is a version of a workflow, prepared for running: steps by ordinal, edges, and what can be evaluated ahead. It is
// immutable and shared by all runs of the version.
type Plan struct {
	Row        int64 // of the version; 0 = not stored yet
	Version    int64
	Definition *workflow.Workflow
	Graph      *dag.Graph
	Steps      []StepPlan
	Index      map[string]int // ordinals by step id
	Roots      []int32
	bytes      int // of the definition
	// Unsupported names the first feature that this version of segue does not run; "" = none.
	Unsupported string
}

// StepKind says who does the work of a step.
type StepKind uint8

// The kinds of steps that run.
const (
	NoOp    StepKind = iota // nobody
	Sleep                   // time
	Runtime                 // a runtime at the edge
)

// StepPlan is a step of a Plan.
type StepPlan struct {
	ID      string
	Kind    StepKind
	Type    string // of the runtime, lower case
	Failure workflow.FailureMode
	Preds   int32
	Succs   []Edge
	// Unconditional says that no edge has a condition to be evaluated.
	Unconditional bool
	Retry         retryPlan
	Timeout       param.Scalar
	Params        *param.Definitions
	// Static are the evaluated params if they are all plain literals; they are the same in every attempt.
	Static *param.Params
}

// Edge leads to a successor if its condition is true.
type Edge struct {
	To     int32
	Text   string
	Always bool
}

// DefaultTimeout is how long a run, and an attempt of a step, may take if nothing else is said in the original.
const DefaultTimeout = 10 * 24 * time.Hour

// NewPlan prepares a definition. It must have passed validation; what is still wrong is an error of its author.
func NewPlan(w *workflow.Workflow) (*Plan, error) {
	g, err := dag.Build(w.Steps)
	if err != nil {
		return nil, err
	}
	p := &Plan{Definition: w, Graph: g, Steps: make([]StepPlan, len(w.Steps)), Index: make(map[string]int, len(w.Steps))}
	for i, s := range w.Steps {
		p.Index[s.ID] = i
		if err := p.step(int32(i), s); err != nil {
			return nil, err
		}
	}
	p.unsupported()
	return p, nil
}

func (p *Plan) step(i int32, s *workflow.Step) error {
	node := &p.Graph.Nodes[i]
	sp := &p.Steps[i]
	*sp = StepPlan{
		ID: s.ID, Failure: s.Mode(), Preds: int32(len(node.Preds)), Params: s.Params, Timeout: s.Timeout,
		Type: strings.ToLower(string(s.Type)), Kind: Runtime,
	}
	switch s.Type {
	case workflow.TypeNoOp:
		sp.Kind = NoOp
	case workflow.TypeSleep:
		sp.Kind = Sleep
	}
	sp.Unconditional = true
	for _, e := range node.Succs {
		sp.Succs = append(sp.Succs, Edge{To: int32(e.To), Text: e.Condition, Always: e.Always()})
		sp.Unconditional = sp.Unconditional && e.Always()
	}
	if sp.Preds == 0 {
		p.Roots = append(p.Roots, i)
	}
	sp.Retry = retryPlan{policy: s.Retry}
	sp.Static = eval.Static(s.Params)
	return nil
}

// unsupported finds what is parsed and not run yet.
func (p *Plan) unsupported() {
	say := func(format string, args ...any) {
		if p.Unsupported == "" {
			p.Unsupported = fmt.Sprintf(format, args...)
		}
	}
	for _, s := range p.Definition.Steps {
		switch {
		case s.Kind != workflow.Typed:
			say("step [%s] is of kind %s", s.ID, s.Kind)
		case s.Type == workflow.TypeTitus || s.Type == workflow.TypeJoin:
			say("step [%s] has the type %s, which has no runtime", s.ID, s.Type)
		case len(s.Waits) > 0:
			say("step [%s] has signal_dependencies", s.ID)
		case len(s.Announces) > 0:
			say("step [%s] has signal_outputs", s.ID)
		}
	}
}

// numbered returns a copy for a version that is being stored.
func (p *Plan) numbered(row, version int64) *Plan {
	c := *p
	c.Row, c.Version = row, version
	return &c
}

// timeout returns the timeout of a run in milliseconds.
func (p *Plan) timeout(b *body) int64 {
	ms, err := durationOf(p.Definition.Timeout, b.params)
	if err != nil || ms == 0 {
		return DefaultTimeout.Milliseconds()
	}
	return ms
}

// Timeout returns the timeout of a run in milliseconds for evaluated params, or what is wrong with it.
func (p *Plan) RunTimeout(params *param.Params) (int64, error) {
	return durationOf(p.Definition.Timeout, params)
}

func (sp *StepPlan) timeoutOf(params *param.Params) (int64, error) {
	ms, err := durationOf(sp.Timeout, params)
	if err != nil {
		return 0, fault.In(err, "timeout of step [%s]", sp.ID)
	}
	if ms == 0 {
		ms = DefaultTimeout.Milliseconds()
	}
	return ms, nil
}

// durationOf returns a timeout in milliseconds; 0 = unset.
func durationOf(s param.Scalar, params *param.Params) (int64, error) {
	if !s.Given {
		return 0, nil
	}
	text, err := eval.Attribute(s.Text, params)
	if err != nil {
		return 0, err
	}
	d, err := validate.Timeout(text)
	return d.Milliseconds(), err
}

// retryPlan is the retry policy of a step.
type retryPlan struct {
	policy *workflow.RetryPolicy
}

// resolve returns the policy for evaluated params. Values that are wrong have their defaults and are among the errors.
func (p *retryPlan) resolve(params *param.Params) (workflow.Retry, []error) {
	return p.policy.Resolve(func(text string) (string, error) { return eval.Attribute(text, params) })
}

// left reports whether a failure may be followed by another attempt.
func (p *retryPlan) left(s *stepState, f failure, params *param.Params) bool {
	_, _, ok, _ := p.next(s, f, params)
	return ok
}

// next returns how an attempt fails that is followed by another one, after how many milliseconds, and which values of the
// policy are wrong, so that their defaults count.
func (p *retryPlan) next(s *stepState, f failure, params *param.Params) (lifecycle.StepCause, int64, bool, []error) {
	if f == fatally {
		return 0, 0, false, nil
	}
	r, wrong := p.resolve(params)
	cause, class, used := lifecycle.StepFailedUser, workflow.UserError, s.UserRetries
	switch f {
	case byPlatform:
		cause, class, used = lifecycle.StepFailedPlatform, workflow.PlatformError, s.PlatformRetries
	case byTimeout:
		cause, class, used = lifecycle.StepFailedTimeout, workflow.TimeoutError, s.TimeoutRetries
	}
	if int64(used) >= r.Limits[class] {
		return 0, 0, false, wrong
	}
	return cause, r.Delay(class, int64(used)) * 1000, true, wrong
}

// Plans caches plans by the row of their version, and bounds how many are kept.
type Plans struct {
	mu    sync.Mutex
	byRow map[int64]*Plan
	order []int64
	bytes int
}

const (
	plansMax      = 4096
	plansMaxBytes = 64 << 20 // of their definitions
	plansMin      = 64       // are kept, however large they are: those that are being used just now
)

func (c *Plans) init() { c.byRow = map[int64]*Plan{} }

// Get returns the plan of a version row if it is cached.
func (c *Plans) Get(row int64) *Plan { return c.get(row) }

// Load returns the plan of a version row, from the cache or from the row.
func (c *Plans) Load(row *store.Row) (*Plan, error) {
	if p := c.get(row.ID); p != nil {
		return p, nil
	}
	rec, err := record.ParseVersion(row.Doc)
	if err != nil {
		return nil, err
	}
	n, err := wire.Parse([]byte(rec.Definition))
	if err != nil {
		return nil, fmt.Errorf("version row %d: %w", row.ID, err)
	}
	w, err := workflow.Decode(n)
	if err != nil {
		return nil, fmt.Errorf("version row %d: %w", row.ID, err)
	}
	p, err := NewPlan(w)
	if err != nil {
		return nil, fmt.Errorf("version row %d: %w", row.ID, err)
	}
	p.Row, p.Version, p.bytes = row.ID, row.A, len(row.Doc)
	c.put(p)
	return p, nil
}

func (c *Plans) load(row *store.Row, id string) {
	if _, err := c.Load(row); err != nil {
		panic(fmt.Sprintf("engine: workflow %q: %v", id, err))
	}
}

func (c *Plans) get(row int64) *Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byRow[row]
}

func (c *Plans) put(p *Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.byRow[p.Row]; old == nil {
		c.order = append(c.order, p.Row)
	} else {
		c.bytes -= old.bytes
	}
	c.byRow[p.Row] = p
	c.bytes += p.bytes
	for len(c.order) > plansMax || c.bytes > plansMaxBytes && len(c.order) > plansMin {
		c.bytes -= c.byRow[c.order[0]].bytes
		delete(c.byRow, c.order[0])
		c.order = c.order[1:]
	}
}

// GroupOf returns the group of a workflow among g. The hash is FNV-1a with 64 bits and a final mix; golden values are in
// a test, because every stored row depends on it.
func GroupOf(workflowID string, groups int) store.Group {
	h := fnv.New64a()
	h.Write([]byte(workflowID))
	x := h.Sum64()
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return store.Group(x % uint64(groups))
}

// attemptSpace is the name space of attempt UUIDs.
var attemptSpace = uuid.NewHash(sha1.New(), uuid.NameSpaceURL, []byte("https://segue.run/attempt"), 5)

// AttemptUUID returns the idempotency key of an attempt: v5 of (workflow, run uuid, step, attempt). The uuid of a run is its request id,
// if it has one, and that is unique within its workflow only.
func AttemptUUID(workflowID string, r *record.Run, stepID string, attempt int32) string {
	name := make([]byte, 0, len(workflowID)+len(r.UUID)+len(stepID)+13)
	if r.Scoped {
		name = append(append(name, workflowID...), '\n')
	}
	name = append(append(append(append(name, r.UUID...), '/'), stepID...), '/')
	name = strconv.AppendInt(name, int64(attempt), 10)
	return uuid.NewHash(sha1.New(), attemptSpace, name, 5).String()
}

// seedOf returns the random seed of the expressions of an attempt.
func seedOf(run string, i, attempt int32) uint64 {
	h := fnv.New64a()
	h.Write([]byte(run))
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], uint32(i))
	binary.LittleEndian.PutUint32(b[4:], uint32(attempt))
	h.Write(b[:])
	return h.Sum64()
}

// sleepOf returns the milliseconds that a Sleep step asks for: param sleep_seconds, by default 3 s.
func sleepOf(p *param.Params) (int64, error) {
	v, ok := p.Get("sleep_seconds")
	if !ok {
		return 3000, nil
	}
	n, ok := v.Result.(int64)
	if !ok {
		return 0, fault.New(fault.BadRequest, "param [sleep_seconds] must be of type LONG, not %s", v.Type)
	}
	const most = 120 * 24 * 3600
	if n < 0 || n > most {
		return 0, fault.New(fault.BadRequest, "param [sleep_seconds] is %d; it must be from 0 to %d", n, most)
	}
	return n * 1000, nil
}

// plainParams returns evaluated params as a runtime sees them.
func plainParams(p *param.Params) map[string]any {
	m := make(map[string]any, p.Len())
	for name, v := range p.All() {
		m[name] = plain(v.Result)
	}
	return m
}

func plain(v any) any {
	if o, ok := v.(*param.Object); ok {
		m := make(map[string]any, o.Len())
		for k, e := range o.All() {
			m[k] = plain(e)
		}
		return m
	}
	return v
}

// spoken returns milliseconds as a person would say them.
func spoken(ms int64) string { return (time.Duration(ms) * time.Millisecond).String() }

// clip bounds a message, at a rune, and makes it storable.
func clip(s string) string {
	s = wire.Storable(s)
	if len(s) <= maxMessage {
		return s
	}
	s = s[:maxMessage]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + " …"
}
