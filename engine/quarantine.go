package engine

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/record"
	"github.com/segue-run/segue/store"
)

// poisoned puts a run into quarantine: it takes nothing but a stop, a kill or a release until then, and it does not keep others
// from beginning. The row of its own is what counts; the run itself says so too, if it can be read.
func (m *Machine) poisoned(t *flow.Turn, e flow.Poisoned) {
	r := m.runs[e.Entity]
	if r == nil || r.status.Terminal() || r.aside != 0 {
		return
	}
	ok, err := m.tryUnfold(t, r)
	if !ok && err == nil {
		return // it comes again, with rows
	}
	reason := clip(e.Reason)
	r.aside = m.ids()
	doc := record.Quarantine{Reason: reason, Event: e.Event}
	m.pending = append(m.pending, store.Row{
		Table: store.Quarantine, ID: r.aside, Group: m.group, Parent: r.row, Doc: doc.AppendJSON(nil),
	})
	t.Dirty(len(reason) + len(e.Event) + 50)
	m.timers.set(r, 0)
	if ok {
		r.body.rec.Quarantine = reason
		says := "The run is in quarantine because the engine failed on it; release, stop or kill it. " + reason
		if e.Event != "" {
			says += " It was about " + string(e.Event)
		}
		r.body.rec.Timeline = record.Note(r.body.rec.Timeline, instance.Log(t.Now, "ERROR", says))
		m.touch(t, r, len(reason)+len(says))
	}
	if r.status == instance.Created {
		m.dequeue(t, r.wf, false)
	}
}

// outOfQuarantine ends the quarantine of a run that is unfolded.
func (m *Machine) outOfQuarantine(t *flow.Turn, r *run) {
	if r.aside == 0 {
		return
	}
	for i := range m.pending {
		if p := &m.pending[i]; p.Table == store.Quarantine && p.ID == r.aside {
			p.Delete = true // a batch has a row once
			r.aside = 0
		}
	}
	if r.aside != 0 {
		m.pending = append(m.pending, store.Row{Table: store.Quarantine, ID: r.aside, Group: m.group, Delete: true})
		r.aside = 0
	}
	r.body.rec.Quarantine = ""
	m.touch(t, r, 50)
	if r.status == instance.InProgress { // what was said meanwhile has not been listened to
		r.resumed = true
		m.repeatOrders(t, r)
	}
}

// release has a run go on that is in quarantine.
func (m *Machine) release(t *flow.Turn, e *Release) {
	wf := m.workflows[e.Workflow]
	if wf == nil {
		t.Reply(notFound("workflow %q does not exist", e.Workflow))
		return
	}
	r := wf.find(m, e.Instance, e.Run)
	if r == nil || r.aside == 0 {
		t.Reply(fault.New(fault.BadRequest, "instance %d of workflow %q has no run in quarantine", e.Instance, e.Workflow))
		return
	}
	if !m.readable(t, r) {
		return
	}
	r.body.rec.Timeline = record.Note(r.body.rec.Timeline, instance.Log(t.Now, "INFO", "Released from quarantine by user ["+e.User+"]"))
	m.touch(t, r, 100)
	m.outOfQuarantine(t, r)
	t.Reply(Acted{Run: r.number, Status: r.status, At: t.Now})
	if r.status == instance.Created {
		m.dequeue(t, wf, false)
		return
	}
	t.Soon(&goOn{run: r.row})
}

// readable is unfolded for a command: it answers it if the run cannot be read.
func (m *Machine) readable(t *flow.Turn, r *run) bool {
	ok, err := m.tryUnfold(t, r)
	if err != nil {
		t.Reply(fault.New(fault.Internal, "run %d of instance %d of workflow %q cannot be read: %w", r.number, r.instance, r.wf.id, err))
	}
	return ok && m.unfolded(t, r)
}
