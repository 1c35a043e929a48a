package record

import (
	"math"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// Run is the document of a run row: what changes about a run, and the little that does not and is needed to read it.
// Workflow, instance id, run id, request id and status are columns.
type Run struct {
	UUID       string
	Version    int64
	VersionRow int64
	Created    int64
	Requested  int64 // when the client says it asked
	Started    int64
	Ended      int64
	Modified   int64
	Deadline   int64 // when the run's timeout passes
	Timeout    int64 // milliseconds; 0 = the default
	Seq        int32 // step_instance_ids handed out
	Owner      string
	Snapshot   int64 // create_time of the properties snapshot
	StepLimit  int64 // step_concurrency of the properties; 0 = unset
	Initiator  wire.Raw
	Tags       wire.Raw // runtime tags
	HasParams  bool     // a detail row with kind Params
	HasRequest bool     // a detail row with kind Request
	// HasProperties says that the properties are in a detail row: there is more than owner and step limit.
	HasProperties bool
	// Scoped says that the workflow id is in the UUIDs of the attempts (see engine.AttemptUUID). Runs of the first version lack it,
	// and keep their UUIDs.
	Scoped bool
	// Ending is the status that a stop, a kill or a timeout has asked for; StatusUnknown = none.
	Ending      instance.Status
	EndingBy    string
	EndingCause uint8 // step.Cause
	Quarantine  string
	// Attempts are the current attempts of the steps of a small run, which have no rows of their own.
	Attempts []*Attempt
	Timeline []instance.TimelineEvent
	Extra    []wire.Field
}

// AppendJSON appends the document.
func (r *Run) AppendJSON(b []byte) []byte {
	b = begin(b)
	b = wire.Str(b, "u", r.UUID)
	b = wire.Int(b, "v", r.Version)
	b = wire.Int(b, "vr", r.VersionRow)
	b = wire.Int(b, "ct", r.Created)
	b = wire.OptInt(b, "rt", r.Requested)
	b = wire.OptInt(b, "st", r.Started)
	b = wire.OptInt(b, "et", r.Ended)
	b = wire.OptInt(b, "mt", r.Modified)
	b = wire.OptInt(b, "d", r.Deadline)
	b = wire.OptInt(b, "to", r.Timeout)
	b = wire.OptInt(b, "q", int64(r.Seq))
	b = wire.OptStr(b, "ow", r.Owner)
	b = wire.OptInt(b, "sn", r.Snapshot)
	b = wire.OptInt(b, "sl", r.StepLimit)
	b = optRaw(b, "in", r.Initiator)
	b = optRaw(b, "tg", r.Tags)
	b = wire.OptBoolean(b, "p", r.HasParams)
	b = wire.OptBoolean(b, "rq", r.HasRequest)
	b = wire.OptBoolean(b, "pr", r.HasProperties)
	b = wire.OptBoolean(b, "s", r.Scoped)
	b = wire.OptInt(b, "g", int64(r.Ending))
	b = wire.OptStr(b, "gb", r.EndingBy)
	b = wire.OptInt(b, "gc", int64(r.EndingCause))
	b = wire.OptStr(b, "qt", r.Quarantine)
	if len(r.Attempts) > 0 {
		b = appendAttempts(wire.Key(b, "a"), r.Attempts)
	}
	b = appendTimeline(b, r.Timeline)
	return end(b, r.Extra)
}

func optRaw(b []byte, name string, v wire.Raw) []byte {
	if v == "" {
		return b
	}
	return append(wire.Key(b, name), v...)
}

// ParseRun reads the document.
func ParseRun(doc []byte) (*Run, error) {
	r := &Run{}
	var err error
	r.Extra, err = parse("run", doc, func(f *wire.Field) (bool, error) {
		switch f.Name {
		case "u":
			return true, f.Str(&r.UUID)
		case "v":
			return true, f.Int(&r.Version)
		case "vr":
			return true, f.Int(&r.VersionRow)
		case "ct":
			return true, f.Int(&r.Created)
		case "rt":
			return true, f.Int(&r.Requested)
		case "st":
			return true, f.Int(&r.Started)
		case "et":
			return true, f.Int(&r.Ended)
		case "mt":
			return true, f.Int(&r.Modified)
		case "d":
			return true, f.Int(&r.Deadline)
		case "to":
			return true, f.Int(&r.Timeout)
		case "q":
			return true, small(f, &r.Seq, math.MaxInt32)
		case "ow":
			return true, f.Str(&r.Owner)
		case "sn":
			return true, f.Int(&r.Snapshot)
		case "sl":
			return true, f.Int(&r.StepLimit)
		case "in":
			r.Initiator = f.Raw()
			return true, nil
		case "tg":
			r.Tags = f.Raw()
			return true, nil
		case "p":
			return true, f.Boolean(&r.HasParams)
		case "rq":
			return true, f.Boolean(&r.HasRequest)
		case "pr":
			return true, f.Boolean(&r.HasProperties)
		case "s":
			return true, f.Boolean(&r.Scoped)
		case "g":
			return true, small(f, &r.Ending, int64(instance.Succeeded))
		case "gb":
			return true, f.Str(&r.EndingBy)
		case "gc":
			return true, small(f, &r.EndingCause, math.MaxUint8)
		case "qt":
			return true, f.Str(&r.Quarantine)
		case "a":
			var list []Attempt
			err := wire.ListOf(&f.Node, &list, parseAttempt)
			for i := range list {
				r.Attempts = append(r.Attempts, &list[i])
			}
			return true, err
		case "tl":
			return true, wire.ListOf(&f.Node, &r.Timeline, parseTimeline)
		}
		return false, nil
	})
	return r, err
}
