// Package param holds the words of parameters: types, modes, definitions, evaluated params, the plain Go values they
// take, their coercions, and their JSON.
//
// Above it are only fault and wire. workflow, signal and api carry its types in their documents; eval turns
// Definitions into Params; dsl writes them in their short form.
//
// The one thing to know before changing it: the order of params is part of their meaning (they are evaluated and
// shadowed in it), so they live in Ordered maps, and a Definition or Param that has been handed over is shared and never
// changed: make a copy and Set it.
package param

import (
	"strings"

	"github.com/segue-run/segue/wire"
)

// Type is the declared type of a param. The zero value is not a type.
type Type uint8

// The types.
const (
	TypeUnknown Type = iota
	String
	Long
	Double
	Boolean
	StringMap
	StringArray
	LongArray
	DoubleArray
	BooleanArray
	Map
)

var typeNames = [...]string{
	TypeUnknown: "UNKNOWN", String: "STRING", Long: "LONG", Double: "DOUBLE", Boolean: "BOOLEAN", StringMap: "STRING_MAP",
	StringArray: "STRING_ARRAY", LongArray: "LONG_ARRAY", DoubleArray: "DOUBLE_ARRAY", BooleanArray: "BOOLEAN_ARRAY",
	Map: "MAP",
}

// String returns the wire name.
func (t Type) String() string { return typeNames[t] }

// ParseType reads a wire name in any letter case.
func ParseType(name string) (Type, bool) {
	for i, n := range typeNames {
		if i > 0 && strings.EqualFold(n, name) {
			return Type(i), true
		}
	}
	return TypeUnknown, false
}

// Mode says who may still change a param. The constants are in order of strictness; ModeUnset means Mutable where it
// counts.
type Mode uint8

// The modes.
const (
	ModeUnset Mode = iota
	Mutable
	MutableOnStartRestart
	MutableOnStart
	Immutable
	Constant
)

var modeNames = [...]string{
	ModeUnset: "", Mutable: "MUTABLE", MutableOnStartRestart: "MUTABLE_ON_START_RESTART",
	MutableOnStart: "MUTABLE_ON_START", Immutable: "IMMUTABLE", Constant: "CONSTANT",
}

// String returns the wire name; "" for ModeUnset.
func (m Mode) String() string { return modeNames[m] }

// ParseMode reads a wire name in any letter case.
func ParseMode(name string) (Mode, bool) {
	for i, n := range modeNames {
		if i > 0 && strings.EqualFold(n, name) {
			return Mode(i), true
		}
	}
	return ModeUnset, false
}

// Or returns m, or Mutable if it is unset.
func (m Mode) Or() Mode { return max(m, Mutable) }

// Source says where the present form of a param came from; it is the meta entry "source".
type Source string

// The sources. The first four belong to the system.
const (
	SourceSystem         Source = "SYSTEM"
	SourceTemplateSchema Source = "TEMPLATE_SCHEMA"
	SourceInjected       Source = "SYSTEM_INJECTED"
	SourceDefault        Source = "SYSTEM_DEFAULT"
	SourceDefinition     Source = "DEFINITION"
	SourceOutput         Source = "OUTPUT_PARAMETER"
	SourceLaunch         Source = "LAUNCH"
	SourceRestart        Source = "RESTART"
	SourceSubworkflow    Source = "SUBWORKFLOW"
	SourceTemplate       Source = "TEMPLATE"
	SourceForeach        Source = "FOREACH"
	SourceWhile          Source = "WHILE"
	SourceWorkflow       Source = "WORKFLOW_PARAMETER"
)

// The entries of Definition.Meta that the system itself reads or writes.
const (
	MetaSource       = "source"
	MetaInternalMode = "internal_mode"
	MetaInfo         = "info"
	MetaWarn         = "warn"
)

// Bag is a free-form part of a document: stored, given back flattened, never looked into.
type Bag = Ordered[wire.Raw]

// Definition is a param before evaluation: a literal or an expression, or (children of a literal MAP, system
// defaults) neither.
//
// Value is nil or what Type says: string, int64, Decimal, bool, *Strings (STRING_MAP), []string, []int64, []Decimal,
// []bool, *Definitions (MAP).
type Definition struct {
	Type       Type
	Value      any
	Expression string // SEL; "" = none
	Mode       Mode
	Validator  string
	Tags       []Tag // nil = absent, empty = printed as []
	Meta       *Bag
}

// Definitions are definitions by name.
type Definitions = Ordered[*Definition]

// Strings is the value of a STRING_MAP literal.
type Strings = Ordered[string]

// Literal reports whether the definition has a value.
func (d *Definition) Literal() bool { return d.Value != nil }

// Source returns the meta entry "source", or "".
func (d *Definition) Source() Source { return Source(d.metaText(MetaSource)) }

// InternalMode returns the meta entry "internal_mode" in upper case, or "".
func (d *Definition) InternalMode() string { return strings.ToUpper(d.metaText(MetaInternalMode)) }

func (d *Definition) metaText(key string) string {
	raw, ok := d.Meta.Get(key)
	if !ok || len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if inner := raw[1 : len(raw)-1]; !strings.Contains(string(inner), `\`) {
		return string(inner)
	}
	n, err := wire.Parse([]byte(raw))
	if err != nil {
		return ""
	}
	return n.Text
}

// SetMeta sets a meta entry to a text. The bag is copied first, so definitions may share one.
func (d *Definition) SetMeta(key, text string) {
	d.Meta = d.Meta.Clone()
	d.Meta.Set(key, wire.Raw(wire.AppendString(nil, text)))
}

// Clone returns a copy that shares the value, which is never changed in place.
func (d *Definition) Clone() *Definition {
	c := *d
	return &c
}

// Param is a definition with the result of its evaluation. Result is nil until then, and afterwards never: string,
// int64, float64, bool, []string, []int64, []float64, []bool, or *Object.
type Param struct {
	Definition
	Result any
	Time   int64 // of the evaluation, epoch milliseconds
}

// Params are params by name.
type Params = Ordered[*Param]

// Object is the value of an evaluated MAP or STRING_MAP: plain values by name. A value is one of the types of
// Param.Result, or []any{} for an empty array whose type nobody knows.
type Object = Ordered[any]

// Evaluated reports whether the param has a result.
func (p *Param) Evaluated() bool { return p.Result != nil }

// SetResult coerces v to the type of the param and makes it the result; a conversion leaves a note in the meta bag.
// The error names neither the param nor its place; the caller knows both.
func (p *Param) SetResult(v any, now int64) error {
	result, note, err := Coerce(p.Type, v)
	if err != nil {
		return err
	}
	p.Result, p.Time = result, now
	if note.Text != "" {
		p.SetMeta(note.Key, note.Text)
	}
	return nil
}

// NewParam returns an evaluated param with a value that already has the Go type of t and no definition of its own
// beyond a literal, as the engine makes for its own params.
func NewParam(t Type, v any, now int64) *Param {
	return &Param{Definition: Definition{Type: t, Value: LiteralOf(v)}, Result: v, Time: now}
}

// LiteralOf turns an evaluated value into the literal of a definition that evaluates to it. Text with a dollar sign
// would be interpolated again; callers that evaluate the definition must know that.
func LiteralOf(v any) any {
	switch v := v.(type) {
	case float64:
		return DecimalOf(v)
	case []float64:
		list := make([]Decimal, len(v))
		for i, f := range v {
			list[i] = DecimalOf(f)
		}
		return list
	case *Object:
		defs := new(Definitions)
		for name, child := range v.All() {
			defs.Set(name, &Definition{Type: TypeOf(child), Value: LiteralOf(child)})
		}
		return defs
	}
	return v
}

// TypeOf returns the type that fits an evaluated value: MAP for every *Object, STRING_ARRAY for an empty array of
// unknown type.
func TypeOf(v any) Type {
	switch v.(type) {
	case string:
		return String
	case int64:
		return Long
	case float64:
		return Double
	case bool:
		return Boolean
	case []string, []any:
		return StringArray
	case []int64:
		return LongArray
	case []float64:
		return DoubleArray
	case []bool:
		return BooleanArray
	case *Object:
		return Map
	}
	return TypeUnknown
}
