package workflow

import (
	"time"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/schedule"
	"github.com/segue-run/segue/wire"
)

// Retention says how long the runs of a workflow are kept after their end. It is Segue's own; Maestro's properties have none.
// What is unset is as the server says.
type Retention struct {
	KeepFor  param.Scalar // a run goes when its end is older; see schedule.ParseAge; 0 = never for its age
	KeepRuns *int64       // a run goes when there are so many newer instances; 0 = never for their number
}

// DecodeRetention reads a retention.
func DecodeRetention(n *wire.Node) (*Retention, error) {
	r := new(Retention)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "keep_for":
			return wire.Into(&f.Node, &r.KeepFor, param.DecodeScalar)
		case "keep_runs":
			return f.IntPtr(&r.KeepRuns)
		}
		return f.Unknown("keep_for", "keep_runs")
	})
	return r, err
}

// Age returns KeepFor as a length of time.
func (r *Retention) Age() (time.Duration, error) { return schedule.ParseAge(r.KeepFor.Text) }

// AppendJSON appends the retention.
func (r *Retention) AppendJSON(b []byte) []byte {
	b = r.KeepFor.AppendField(append(b, '{'), "keep_for")
	b = wire.IntPtr(b, "keep_runs", r.KeepRuns)
	return append(b, '}')
}
