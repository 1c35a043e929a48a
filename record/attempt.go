package record

import (
	"fmt"
	"math"
	"strconv"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// Moment names one of the times of an attempt, in the order of a step's life.
type Moment uint8

// The moments; the REST name of each is in MomentNames.
const (
	Create Moment = iota
	Initialize
	Pause
	WaitSignal
	EvaluateParam
	WaitPermit
	Start
	Execute
	Finish
	End
	Modify

	Moments
)

// MomentNames are the field names of a step's runtime_state.
var MomentNames = [Moments]string{
	"create_time", "initialize_time", "pause_time", "wait_signal_time", "evaluate_param_time", "wait_permit_time",
	"start_time", "execute_time", "finish_time", "end_time", "modify_time",
}

// OrderKind is the last thing that a runtime was told about an attempt.
type OrderKind uint8

// The orders. OrderNone: nothing is outstanding.
const (
	OrderNone OrderKind = iota
	OrderStart
	OrderObserve
	OrderTerminate
)

// Edges says which successors of a step were found true. The zero value says that they have not been evaluated.
type Edges struct {
	Known bool
	first uint64
	more  []uint64
}

// Set marks the edge at a position as true.
func (e *Edges) Set(i int) {
	if i < 64 {
		e.first |= 1 << i
		return
	}
	for len(e.more) <= i/64-1 {
		e.more = append(e.more, 0)
	}
	e.more[i/64-1] |= 1 << (i % 64)
}

// Has reports whether the edge at a position is true.
func (e *Edges) Has(i int) bool {
	if i < 64 {
		return e.first&(1<<i) != 0
	}
	return i/64-1 < len(e.more) && e.more[i/64-1]&(1<<(i%64)) != 0
}

// Attempt is the state of one attempt of a step.
type Attempt struct {
	Ordinal int32 // position of the step in the definition, from 0
	Seq     int32 // step_instance_id: the order in which steps of the run were reached, from 1
	Number  int32 // step_attempt_id, from 1
	Status  instance.StepStatus
	Times   [Moments]int64 // epoch milliseconds; 0 = not yet

	Satisfied bool // an edge that leads here was true, or it is a root
	Edges     Edges

	UserRetries, PlatformRetries, TimeoutRetries, ManualRetries uint8
	NoRetry                                                     bool

	Timeout  int64 // milliseconds; 0 = the default
	Deadline int64 // when the timeout passes
	Wake     int64 // when a sleep or a backoff is over, or a termination should have been confirmed

	Order  OrderKind
	Target instance.StepStatus // of a termination under way
	Cause  uint8               // of a termination under way (step.Cause)
	Handle string

	Timeline []instance.TimelineEvent
	Extra    []wire.Field
}

// AppendJSON appends the attempt as one element of a step document.
func (a *Attempt) AppendJSON(b []byte) []byte {
	b = append(b, `{"o":`...)
	b = strconv.AppendInt(b, int64(a.Ordinal), 10)
	b = append(b, `,"q":`...)
	b = strconv.AppendInt(b, int64(a.Seq), 10)
	b = append(b, `,"n":`...)
	b = strconv.AppendInt(b, int64(a.Number), 10)
	b = append(b, `,"s":`...)
	b = strconv.AppendInt(b, int64(a.Status), 10)
	b = a.appendTimes(b)
	b = wire.OptBoolean(b, "y", a.Satisfied)
	if a.Edges.Known {
		b = append(b, `,"e":["`...)
		b = strconv.AppendUint(b, a.Edges.first, 16)
		for _, m := range a.Edges.more {
			b = append(b, `","`...)
			b = strconv.AppendUint(b, m, 16)
		}
		b = append(b, `"]`...)
	}
	if a.UserRetries|a.PlatformRetries|a.TimeoutRetries|a.ManualRetries != 0 {
		b = appendInts(b, "r", []int64{int64(a.UserRetries), int64(a.PlatformRetries), int64(a.TimeoutRetries), int64(a.ManualRetries)})
	}
	b = wire.OptBoolean(b, "x", a.NoRetry)
	b = wire.OptInt(b, "to", a.Timeout)
	b = wire.OptInt(b, "d", a.Deadline)
	b = wire.OptInt(b, "w", a.Wake)
	b = wire.OptInt(b, "k", int64(a.Order))
	b = wire.OptInt(b, "g", int64(a.Target))
	b = wire.OptInt(b, "c", int64(a.Cause))
	b = wire.OptStr(b, "h", a.Handle)
	b = appendTimeline(b, a.Timeline)
	return end(b, a.Extra)
}

// appendTimes appends the first time in full and the others as what they add to it; "" is a time that is not there.
func (a *Attempt) appendTimes(b []byte) []byte {
	last := -1
	for i, t := range a.Times {
		if t != 0 {
			last = i
		}
	}
	b = append(b, `,"t":[`...)
	base := a.Times[Create]
	for i := 0; i <= last; i++ {
		switch t := a.Times[i]; {
		case i == 0:
			b = strconv.AppendInt(b, t, 10)
		case t == 0:
			b = append(b, `,""`...)
		default:
			b = append(b, ',')
			b = strconv.AppendInt(b, t-base, 10)
		}
	}
	return append(b, ']')
}

func (a *Attempt) take(f *wire.Field) (bool, error) {
	switch f.Name {
	case "o":
		return true, small(f, &a.Ordinal, math.MaxInt32)
	case "q":
		return true, small(f, &a.Seq, math.MaxInt32)
	case "n":
		return true, small(f, &a.Number, math.MaxInt32)
	case "s":
		return true, small(f, &a.Status, int64(lastStepStatus))
	case "t":
		return true, a.takeTimes(f)
	case "y":
		return true, f.Boolean(&a.Satisfied)
	case "e":
		var words []string
		if err := f.Strs(&words); err != nil {
			return true, err
		}
		a.Edges = Edges{Known: true}
		for i, w := range words {
			bits, err := strconv.ParseUint(w, 16, 64)
			if err != nil {
				return true, err
			}
			if i == 0 {
				a.Edges.first = bits
			} else {
				a.Edges.more = append(a.Edges.more, bits)
			}
		}
		return true, nil
	case "r":
		var r []int64
		if err := wire.ListOf(&f.Node, &r, (*wire.Node).AsInt); err != nil {
			return true, err
		}
		counters := [...]*uint8{&a.UserRetries, &a.PlatformRetries, &a.TimeoutRetries, &a.ManualRetries}
		if len(r) != len(counters) {
			return true, fmt.Errorf("an attempt has %d retry counters, not %d", len(counters), len(r))
		}
		for i, n := range r {
			if n < 0 || n > math.MaxUint8 {
				return true, fmt.Errorf("retry counter %d: it must be from 0 to %d", n, math.MaxUint8)
			}
			*counters[i] = uint8(n)
		}
		return true, nil
	case "x":
		return true, f.Boolean(&a.NoRetry)
	case "to":
		return true, f.Int(&a.Timeout)
	case "d":
		return true, f.Int(&a.Deadline)
	case "w":
		return true, f.Int(&a.Wake)
	case "k":
		return true, small(f, &a.Order, int64(OrderTerminate))
	case "g":
		return true, small(f, &a.Target, int64(lastStepStatus))
	case "c":
		return true, small(f, &a.Cause, math.MaxUint8)
	case "h":
		return true, f.Str(&a.Handle)
	case "tl":
		return true, wire.ListOf(&f.Node, &a.Timeline, parseTimeline)
	}
	return false, nil
}

var lastStepStatus = instance.StepStatus(len(instance.StepStatuses()) - 1)

func (a *Attempt) takeTimes(f *wire.Field) error {
	if len(f.Items) > int(Moments) {
		return fmt.Errorf("an attempt has %d times at most, not %d", Moments, len(f.Items))
	}
	for i := range f.Items {
		n := &f.Items[i]
		if n.Kind == wire.String && n.Text == "" {
			continue
		}
		v, err := n.AsInt()
		if err != nil {
			return err
		}
		if i > 0 {
			v += a.Times[Create]
		}
		a.Times[i] = v
	}
	return nil
}

// AppendAttempts appends the document of a step row: one attempt, or a pack of ended ones. Fields are added to the attempts
// and never to the document around them, which nobody keeps.
func AppendAttempts(b []byte, attempts ...*Attempt) []byte {
	return append(appendAttempts(wire.Key(begin(b), "a"), attempts), '}')
}

func appendAttempts(b []byte, attempts []*Attempt) []byte {
	b = append(b, '[')
	for i, a := range attempts {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.AppendJSON(b)
	}
	return append(b, ']')
}

// ParseAttempts reads the document of a step row.
func ParseAttempts(doc []byte) ([]Attempt, error) {
	var list []Attempt
	_, err := parse("step", doc, func(f *wire.Field) (bool, error) {
		if f.Name != "a" {
			return false, nil
		}
		return true, wire.ListOf(&f.Node, &list, parseAttempt)
	})
	return list, err
}

func parseAttempt(n *wire.Node) (a Attempt, err error) {
	a.Extra, err = fields(n, false, a.take)
	return a, err
}
