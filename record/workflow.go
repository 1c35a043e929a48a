package record

import (
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// Workflow is the document of a workflow row: the head of its versions and its properties. The workflow id is the key
// column.
type Workflow struct {
	Internal   int64 // internal_id
	Active     int64 // version; 0 = none
	Latest     int64 // version
	ActivateBy string
	ActivateAt int64
	Modified   int64
	Properties wire.Raw // PropertiesSnapshot, whole
	Strategy   string   // rule of the run strategy, upper case
	Limit      int64    // its workflow_concurrency
	// Instances is the number of instance ids known to be used; there may be more in the run table.
	Instances int64
	Sweeps    []Sweep
	Timeline  []instance.TimelineEvent
	Extra     []wire.Field
}

// Sweep is a stop or kill of many runs of a workflow that has been answered and may not have reached all of them yet.
type Sweep struct {
	Action instance.Action
	User   string
	Reason string
	Runs   []int64 // rows
}

// AppendJSON appends the document.
func (w *Workflow) AppendJSON(b []byte) []byte {
	b = begin(b)
	b = wire.Int(b, "id", w.Internal)
	b = wire.OptInt(b, "ac", w.Active)
	b = wire.OptInt(b, "la", w.Latest)
	b = wire.OptStr(b, "ab", w.ActivateBy)
	b = wire.OptInt(b, "aa", w.ActivateAt)
	b = wire.OptInt(b, "mt", w.Modified)
	b = optRaw(b, "pr", w.Properties)
	b = wire.OptStr(b, "rs", w.Strategy)
	b = wire.OptInt(b, "rl", w.Limit)
	b = wire.OptInt(b, "in", w.Instances)
	b = appendSweeps(b, w.Sweeps)
	b = appendTimeline(b, w.Timeline)
	return end(b, w.Extra)
}

// ParseWorkflow reads the document.
func ParseWorkflow(doc []byte) (*Workflow, error) {
	w := &Workflow{}
	var err error
	w.Extra, err = parse("workflow", doc, func(f *wire.Field) (bool, error) {
		switch f.Name {
		case "id":
			return true, f.Int(&w.Internal)
		case "ac":
			return true, f.Int(&w.Active)
		case "la":
			return true, f.Int(&w.Latest)
		case "ab":
			return true, f.Str(&w.ActivateBy)
		case "aa":
			return true, f.Int(&w.ActivateAt)
		case "mt":
			return true, f.Int(&w.Modified)
		case "pr":
			w.Properties = f.Raw()
			return true, nil
		case "rs":
			return true, f.Str(&w.Strategy)
		case "rl":
			return true, f.Int(&w.Limit)
		case "in":
			return true, f.Int(&w.Instances)
		case "sw":
			return true, wire.ListOf(&f.Node, &w.Sweeps, parseSweep)
		case "tl":
			return true, wire.ListOf(&f.Node, &w.Timeline, parseTimeline)
		}
		return false, nil
	})
	return w, err
}

func appendSweeps(b []byte, sweeps []Sweep) []byte {
	if len(sweeps) == 0 {
		return b
	}
	b = append(wire.Key(b, "sw"), '[')
	for i := range sweeps {
		s := &sweeps[i]
		b = append(wire.Comma(b), '{')
		b = wire.Str(b, "a", string(s.Action))
		b = wire.OptStr(b, "u", s.User)
		b = wire.OptStr(b, "r", s.Reason)
		b = append(appendInts(b, "rs", s.Runs), '}')
	}
	return append(b, ']')
}

func parseSweep(n *wire.Node) (s Sweep, err error) {
	err = n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "a":
			return f.Str((*string)(&s.Action))
		case "u":
			return f.Str(&s.User)
		case "r":
			return f.Str(&s.Reason)
		case "rs":
			return wire.ListOf(&f.Node, &s.Runs, (*wire.Node).AsInt)
		}
		return nil
	})
	return s, err
}

// Version is the document of a version row. It never changes.
type Version struct {
	Definition wire.Raw // Workflow, whole
	Metadata   wire.Raw // the metadata of the REST WorkflowDefinition, whole
	Extra      []wire.Field
}

// AppendJSON appends the document.
func (v *Version) AppendJSON(b []byte) []byte {
	b = begin(b)
	b = optRaw(b, "d", v.Definition)
	b = optRaw(b, "m", v.Metadata)
	return end(b, v.Extra)
}

// ParseVersion reads the document.
func ParseVersion(doc []byte) (*Version, error) {
	v := &Version{}
	var err error
	v.Extra, err = parse("version", doc, func(f *wire.Field) (bool, error) {
		switch f.Name {
		case "d":
			v.Definition = f.Raw()
		case "m":
			v.Metadata = f.Raw()
		default:
			return false, nil
		}
		return true, nil
	})
	return v, err
}
