package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Describe says what an event is: its type and what matters of it. Of params, outputs and artifacts it tells the names only:
// values may be large, and secret.
func (m *Machine) Describe(event any) wire.Raw {
	d := description{'{'}
	switch e := event.(type) {
	case *Push:
		d.str("type", "Push").str("workflow", e.Workflow).str("author", e.Author).num("bytes", int64(len(e.Definition)))
	case *Start:
		d.str("type", "Start").str("workflow", e.Workflow).str("version", e.Alias).str("request_id", e.RequestID).str("uuid", e.UUID)
		d.params("params", e.Params)
		d.str("message", e.Message).str("invalid", e.Invalid)
	case *Act:
		d.str("type", "Act").run(e.Workflow, e.Instance, e.Run)
		d.str("action", string(e.Action)).str("user", e.User).str("reason", e.Reason)
	case *ActAll:
		d.str("type", "ActAll").str("workflow", e.Workflow).str("action", string(e.Action)).str("user", e.User).str("reason", e.Reason)
	case *Release:
		d.str("type", "Release").run(e.Workflow, e.Instance, e.Run).str("user", e.User)
	case *Abandon:
		d.str("type", "Abandon").run(e.Workflow, e.Instance, e.Run).str("step", e.Step).str("user", e.User)
	case *Outcome:
		d.str("type", "Outcome").str("step", m.stepName(e.Run, e.Ordinal)).num("attempt", int64(e.Attempt))
		d.str("step_type", e.Type).str("uuid", e.UUID)
		d.str("state", e.Progress.State.String()).str("message", e.Progress.Message).str("handle", e.Progress.Handle).str("trouble", e.Trouble)
		d.names("outputs", slices.Sorted(maps.Keys(e.Progress.Outputs)))
		d.names("artifacts", slices.Sorted(maps.Keys(e.Progress.Artifacts)))
	case *Evaluated:
		d.str("type", "Evaluated").str("step", m.stepName(e.Run, e.Ordinal)).num("attempt", int64(e.Attempt))
		d.str("status", e.stage.String())
		d.params("params", e.params)
		if e.err != nil {
			d.str("error", e.err.Error())
		}
	case *goOn:
		d.str("type", "goOn")
		if e.sweep != nil {
			d.str("action", string(e.sweep.Action)).str("user", e.sweep.User).str("reason", e.sweep.Reason)
		}
	case *dequeue:
		d.str("type", "dequeue").str("workflow", e.workflow.id)
	default:
		d.str("type", fmt.Sprintf("%T", event))
	}
	return wire.Raw(append(d, '}'))
}

// stepName returns the id of a step of a run, or its place in the definition if the run is not in memory.
func (m *Machine) stepName(run int64, ordinal int32) string {
	if r := m.runs[run]; r != nil && r.body != nil && int(ordinal) < len(r.body.plan.Steps) {
		return r.body.plan.Steps[ordinal].ID
	}
	return fmt.Sprintf("#%d", ordinal)
}

// description is a JSON object that becomes no longer than flow takes.
type description []byte

// The longest text, the most names and the longest name that a description tells of one field.
const (
	mostTold  = 200
	mostNames = 16
	mostName  = 30
)

// str adds a text; "" says nothing.
func (d *description) str(name, text string) *description {
	*d = wire.OptStr(*d, name, told(text, mostTold))
	return d
}

func (d *description) num(name string, n int64) *description {
	*d = wire.Int(*d, name, n)
	return d
}

func (d *description) run(workflow string, instance, run int64) *description {
	return d.str("workflow", workflow).num("instance", instance).num("run", run)
}

// names adds a list; an empty one says nothing.
func (d *description) names(name string, list []string) {
	if len(list) == 0 {
		return
	}
	short := make([]string, 0, mostNames+1)
	for i, s := range list {
		if i == mostNames {
			short = append(short, "…")
			break
		}
		short = append(short, told(s, mostName))
	}
	*d = wire.StrList(*d, name, short)
}

func (d *description) params(name string, p *param.Params) {
	if p != nil {
		d.names(name, p.Keys())
	}
}

// told returns the beginning of a text, in one line and storable.
func told(text string, most int) string {
	cut := len(text) > most
	if cut {
		n := most
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n]
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, wire.Storable(text))
	for ; len(text) > most; cut = true { // what was not storable has become longer
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	if cut {
		text += "…"
	}
	return text
}
