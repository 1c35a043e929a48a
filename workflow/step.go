package workflow

import (
	"strings"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/signal"
	"github.com/segue-run/segue/wire"
)

// Kind is the kind of a step: the one key of its wrapper object.
type Kind uint8

// The kinds of steps.
const (
	Typed Kind = iota + 1
	Subworkflow
	Foreach
	While
	Template
)

var kindNames = [...]string{"", "step", "subworkflow", "foreach", "while", "template"}

// String returns the wire name.
func (k Kind) String() string { return kindNames[k] }

// Loop reports whether steps of the kind hold steps.
func (k Kind) Loop() bool { return k == Foreach || k == While }

// Type is the type of a Typed step, and for the other kinds their name.
type Type string

// The types of steps. Titus and Join are read but not run. Command is Segue's own.
const (
	TypeNoOp       Type = "NoOp"
	TypeSleep      Type = "Sleep"
	TypeTitus      Type = "Titus"
	TypeNotebook   Type = "Notebook"
	TypeKubernetes Type = "Kubernetes"
	TypeHTTP       Type = "Http"
	TypeJoin       Type = "Join"
	TypeCommand    Type = "command"
)

// Types lists the types that a Typed step can have.
func Types() []Type {
	return []Type{TypeNoOp, TypeSleep, TypeTitus, TypeNotebook, TypeKubernetes, TypeHTTP, TypeJoin, TypeCommand}
}

// FailureMode says what the failure of a step does to its run; "" means FailAfterRunning.
type FailureMode string

// The failure modes.
const (
	FailAfterRunning FailureMode = "FAIL_AFTER_RUNNING"
	FailImmediately  FailureMode = "FAIL_IMMEDIATELY"
	IgnoreFailure    FailureMode = "IGNORE_FAILURE"
)

// Step is one step of a workflow. Which of the later fields count depends on Kind; the others are zero.
type Step struct {
	Kind        Kind
	ID          string
	Name        string
	Description string
	Transition  Transition
	FailureMode FailureMode
	Tags        []Tag
	Timeout     param.Scalar
	Waits       []signal.DependencyDefinition // signal_dependencies
	Announces   []signal.OutputDefinition     // signal_outputs
	Params      *param.Definitions

	Type           Type         // Typed
	SubType        string       // Typed, Template
	SubTypeVersion string       // Typed
	Retry          *RetryPolicy // Typed

	Sync           *bool // Subworkflow; nil = true
	ExplicitParams *bool // Subworkflow; nil = false

	Concurrency    *int64 // Foreach
	StrictOrdering *bool  // Foreach
	Condition      string // While: SEL
	Steps          []*Step
}

// TypeName returns what a status view calls the type: the sub type if there is one, else the type, else the kind.
func (s *Step) TypeName() string {
	switch {
	case s.SubType != "":
		return s.SubType
	case s.Type != "":
		return string(s.Type)
	}
	return s.Kind.String()
}

// IsSync reports whether a subworkflow step waits for its child.
func (s *Step) IsSync() bool { return s.Sync == nil || *s.Sync }

// Mode returns the failure mode, with its default.
func (s *Step) Mode() FailureMode {
	if s.FailureMode == "" {
		return FailAfterRunning
	}
	return s.FailureMode
}

// DecodeStep reads a step: an object with the kind as its only key.
func DecodeStep(n *wire.Node) (*Step, error) {
	if n.Kind != wire.Object || len(n.Fields) != 1 {
		return nil, wire.Errorf(n, "want an object with exactly one of the keys step, subworkflow, foreach, while, template")
	}
	f := &n.Fields[0]
	s := new(Step)
	for k := Typed; k <= Template; k++ {
		if strings.EqualFold(f.Name, kindNames[k]) {
			s.Kind = k
		}
	}
	if s.Kind == 0 {
		return nil, wire.Errorf(n, "unknown kind of step %q; want one of step, subworkflow, foreach, while, template", f.Name)
	}
	if err := s.decode(&f.Node); err != nil {
		return nil, wire.In(err, f.Name)
	}
	return s, nil
}

func (s *Step) decode(n *wire.Node) error {
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "id":
			return f.Str(&s.ID)
		case "name":
			return f.Str(&s.Name)
		case "description":
			return f.Str(&s.Description)
		case "transition":
			return wire.Into(&f.Node, &s.Transition, DecodeTransition)
		case "failure_mode":
			return wire.Enum(&f.Node, &s.FailureMode, FailAfterRunning, FailImmediately, IgnoreFailure)
		case "tags":
			return wire.ListOf(&f.Node, &s.Tags, param.DecodeTag)
		case "timeout":
			return wire.Into(&f.Node, &s.Timeout, param.DecodeScalar)
		case "signal_dependencies":
			return wire.ListOf(&f.Node, &s.Waits, signal.DecodeDependencyDefinition)
		case "signal_outputs":
			return wire.ListOf(&f.Node, &s.Announces, signal.DecodeOutputDefinition)
		case "params":
			return param.DecodeDefinitions(&f.Node, &s.Params)
		}
		return s.decodeOfKind(f)
	})
	if err == nil && s.Kind == Typed && s.Type == "" {
		err = wire.Errorf(n, "a step must have a type")
	}
	return err
}

// decodeOfKind reads the fields that only some kinds have. "type" on another kind than Typed is accepted and dropped.
func (s *Step) decodeOfKind(f *wire.Field) error {
	switch {
	case f.Name == "type" && s.Kind == Typed:
		return wire.Enum(&f.Node, &s.Type, Types()...)
	case f.Name == "type":
		return nil
	case f.Name == "sub_type" && (s.Kind == Typed || s.Kind == Template):
		return f.Str(&s.SubType)
	case f.Name == "sub_type_version" && s.Kind == Typed:
		return f.Str(&s.SubTypeVersion)
	case f.Name == "retry_policy" && s.Kind == Typed:
		return wire.Into(&f.Node, &s.Retry, DecodeRetryPolicy)
	case f.Name == "sync" && s.Kind == Subworkflow:
		return f.BooleanPtr(&s.Sync)
	case f.Name == "explicit_params" && s.Kind == Subworkflow:
		return f.BooleanPtr(&s.ExplicitParams)
	case f.Name == "concurrency" && s.Kind == Foreach:
		return f.IntPtr(&s.Concurrency)
	case f.Name == "strict_ordering" && s.Kind == Foreach:
		return f.BooleanPtr(&s.StrictOrdering)
	case f.Name == "condition" && s.Kind == While:
		return f.Str(&s.Condition)
	case f.Name == "steps" && s.Kind.Loop():
		return wire.ListOf(&f.Node, &s.Steps, DecodeStep)
	}
	known := []string{"id", "name", "description", "transition", "failure_mode", "tags", "timeout", "signal_dependencies",
		"signal_outputs", "params"}
	switch s.Kind {
	case Typed:
		known = append(known, "type", "sub_type", "sub_type_version", "retry_policy")
	case Subworkflow:
		known = append(known, "sync", "explicit_params")
	case Foreach:
		known = append(known, "concurrency", "strict_ordering", "steps")
	case While:
		known = append(known, "condition", "steps")
	case Template:
		known = append(known, "sub_type")
	}
	return f.Unknown(known...)
}

// AppendJSON appends the step in its wrapper.
func (s *Step) AppendJSON(b []byte) []byte {
	b = wire.Key(append(b, '{'), s.Kind.String())
	b = wire.Str(append(b, '{'), "id", s.ID)
	b = wire.OptStr(b, "name", s.Name)
	b = wire.OptStr(b, "description", s.Description)
	b = s.Transition.AppendJSON(wire.Key(b, "transition"))
	b = wire.OptStr(b, "type", string(s.Type))
	b = wire.OptStr(b, "sub_type", s.SubType)
	b = wire.OptStr(b, "sub_type_version", s.SubTypeVersion)
	b = wire.BooleanPtr(b, "sync", s.Sync)
	b = wire.BooleanPtr(b, "explicit_params", s.ExplicitParams)
	b = wire.OptStr(b, "failure_mode", string(s.FailureMode))
	if s.Retry != nil {
		b = s.Retry.AppendJSON(wire.Key(b, "retry_policy"))
	}
	b = wire.List(b, "tags", s.Tags)
	b = s.Timeout.AppendField(b, "timeout")
	b = wire.List(b, "signal_dependencies", s.Waits)
	b = wire.List(b, "signal_outputs", s.Announces)
	b = wire.IntPtr(b, "concurrency", s.Concurrency)
	b = wire.BooleanPtr(b, "strict_ordering", s.StrictOrdering)
	b = wire.OptStr(b, "condition", s.Condition)
	if s.Params != nil {
		b = param.AppendDefinitions(wire.Key(b, "params"), s.Params)
	}
	if s.Kind.Loop() {
		b = wire.List(b, "steps", s.Steps)
	}
	return append(b, '}', '}')
}

// Transition says what comes before and after a step, among its siblings. Successors maps step ids to SEL conditions;
// "true" is unconditional. Predecessors may be left out; if given they must be the computed ones.
type Transition struct {
	Predecessors []string
	Successors   *param.Ordered[string]
}

// DecodeTransition reads a transition.
func DecodeTransition(n *wire.Node) (Transition, error) {
	var t Transition
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "predecessors":
			if err := f.Strs(&t.Predecessors); err != nil {
				return err
			}
			seen := make(map[string]bool, len(t.Predecessors))
			for _, p := range t.Predecessors {
				if seen[p] {
					return wire.Errorf(&f.Node, "duplicate predecessor %q", p)
				}
				seen[p] = true
			}
			return nil
		case "successors":
			return param.DecodeObject(&f.Node, &t.Successors, (*wire.Node).AsText)
		}
		return f.Unknown("predecessors", "successors")
	})
	return t, err
}

// AppendJSON appends the transition; empty parts are left out.
func (t Transition) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(t.Predecessors) > 0 {
		b = wire.StrList(b, "predecessors", t.Predecessors)
	}
	if t.Successors.Len() > 0 {
		b = param.AppendObject(wire.Key(b, "successors"), t.Successors, wire.AppendString)
	}
	return append(b, '}')
}
