package workflow

import "github.com/segue-run/segue/wire"

// Rule says how the instances of a workflow queue up.
type Rule string

// The run-strategy rules.
const (
	Sequential       Rule = "SEQUENTIAL"
	StrictSequential Rule = "STRICT_SEQUENTIAL"
	FirstOnly        Rule = "FIRST_ONLY"
	LastOnly         Rule = "LAST_ONLY"
	Parallel         Rule = "PARALLEL"
	SerialLatestOnly Rule = "SERIAL_LATEST_ONLY"
)

// DefaultConcurrency is how many instances run at once under Parallel, and how many steps, if nothing else is said.
const DefaultConcurrency = 20

// RunStrategy is a rule and how many instances may run at once; more than 1 only under Parallel.
type RunStrategy struct {
	Rule        Rule
	Concurrency int64
}

// DefaultStrategy is the strategy of a workflow that has none.
func DefaultStrategy() RunStrategy { return RunStrategy{Rule: Sequential, Concurrency: 1} }

// NewStrategy returns a strategy with the default concurrency of its rule.
func NewStrategy(rule Rule) RunStrategy {
	if rule == Parallel {
		return RunStrategy{rule, DefaultConcurrency}
	}
	return RunStrategy{rule, 1}
}

// DecodeRule stores a rule.
func DecodeRule(n *wire.Node, dst *Rule) error {
	return wire.Enum(n, dst, Sequential, StrictSequential, FirstOnly, LastOnly, Parallel, SerialLatestOnly)
}

// DecodeRunStrategy reads a strategy: a rule, a number (that many in parallel), or an object.
func DecodeRunStrategy(n *wire.Node) (*RunStrategy, error) {
	var s RunStrategy
	switch n.Kind {
	case wire.String:
		if err := DecodeRule(n, &s.Rule); err != nil {
			return nil, err
		}
		s = NewStrategy(s.Rule)
		return &s, nil
	case wire.Number:
		s.Rule = Parallel
		if err := n.Int(&s.Concurrency); err != nil {
			return nil, err
		}
		return &s, nil
	}
	var concurrency *int64
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "rule":
			return DecodeRule(&f.Node, &s.Rule)
		case "workflow_concurrency":
			return f.IntPtr(&concurrency)
		}
		return f.Unknown("rule", "workflow_concurrency")
	})
	switch {
	case err != nil:
		return nil, err
	case s.Rule == "":
		return nil, wire.Errorf(n, "a run strategy must have a rule")
	case concurrency != nil && *concurrency > 1 && s.Rule != Parallel:
		return nil, wire.Errorf(n, "Only PARALLEL run strategy allows a workflow_concurrency greater than 1, not %s with %d", s.Rule, *concurrency)
	}
	s = NewStrategy(s.Rule)
	if concurrency != nil {
		s.Concurrency = *concurrency
	}
	return &s, nil
}

// AppendJSON appends the strategy as an object.
func (s RunStrategy) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "rule", string(s.Rule))
	b = wire.Int(b, "workflow_concurrency", s.Concurrency)
	return append(b, '}')
}
