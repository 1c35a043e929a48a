package signal

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Instance is a signal that came. Sequence counts the signals of its name from 1.
type Instance struct {
	Name        string
	Sequence    int64
	ID          string // of the request, or made from its content
	Params      *Values
	Payload     *param.Bag
	RequestTime int64
	CreateTime  int64
}

// AppendJSON appends the instance.
func (i *Instance) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "name", i.Name)
	b = wire.Int(b, "seq_id", i.Sequence)
	b = wire.OptStr(b, "instance_id", i.ID)
	if i.Params.Len() > 0 {
		b = AppendValues(wire.Key(b, "params"), i.Params)
	}
	b = appendPayload(b, i.Payload)
	b = wire.Int(b, "request_time", i.RequestTime)
	b = wire.Int(b, "create_time", i.CreateTime)
	return append(b, '}')
}

func appendPayload(b []byte, payload *param.Bag) []byte {
	if payload.Len() == 0 {
		return b
	}
	b = param.AppendBag(append(wire.Key(b, "payload"), '{'), payload)
	return append(b, '}')
}

// DependencyStatus says how far a dependency of a step is.
type DependencyStatus string

// The statuses of a dependency.
const (
	Pending  DependencyStatus = "PENDING"
	Matched  DependencyStatus = "MATCHED"
	Skipped  DependencyStatus = "SKIPPED"
	Canceled DependencyStatus = "CANCELED"
	Failed   DependencyStatus = "FAILED"
)

// Dependency is a signal that one attempt of a step waits for, with its values.
type Dependency struct {
	Name     string
	Status   DependencyStatus
	Matches  *Matches
	SignalID int64 // sequence of the signal that matched; 0 = none
	Details  wire.Raw
}

// AppendJSON appends the dependency.
func (d Dependency) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "name", d.Name)
	b = wire.OptStr(b, "status", string(d.Status))
	b = appendMatches(b, d.Matches)
	b = wire.OptInt(b, "signal_id", d.SignalID)
	if d.Details != "" {
		b = append(wire.Key(b, "details"), d.Details...)
	}
	return append(b, '}')
}

// Dependencies are all dependencies of an attempt. Info is a LOG timeline event, or "".
type Dependencies struct {
	List []Dependency
	Info wire.Raw
}

// AppendJSON appends the dependencies.
func (d *Dependencies) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(d.List) > 0 {
		b = wire.List(b, "dependencies", d.List)
	}
	if d.Info != "" {
		b = append(wire.Key(b, "info"), d.Info...)
	}
	return append(b, '}')
}

// Output is a signal that an attempt announces or has announced.
type Output struct {
	Name         string
	Params       *Values
	Payload      *param.Bag
	SignalID     int64 // its sequence once announced; 0 = not yet
	AnnounceTime int64
}

// AppendJSON appends the output.
func (o Output) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "name", o.Name)
	if o.Params.Len() > 0 {
		b = AppendValues(wire.Key(b, "params"), o.Params)
	}
	b = appendPayload(b, o.Payload)
	b = wire.OptInt(b, "signal_id", o.SignalID)
	b = wire.OptInt(b, "announce_time", o.AnnounceTime)
	return append(b, '}')
}

// Outputs are all outputs of an attempt. Info is a LOG timeline event, or "".
type Outputs struct {
	List []Output
	Info wire.Raw
}

// AppendJSON appends the outputs.
func (o *Outputs) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(o.List) > 0 {
		b = wire.List(b, "outputs", o.List)
	}
	if o.Info != "" {
		b = append(wire.Key(b, "info"), o.Info...)
	}
	return append(b, '}')
}
