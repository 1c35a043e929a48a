package sim

import (
	"slices"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/flow"
	"github.com/segue-run/segue/store"
)

// ask is one attempt of a client to have a request done.
type ask struct {
	request  *Request
	answered bool
	// since is the generation of the group when it was sent to a node that was not the group's owner; 0 = it was.
	since store.Generation
}

// mail is a message row under way between nodes.
type mail struct{ message store.Message }

const lateRequests = 8

// ask sends a request to a host.
func (r *run) ask(h *host, q *Request) {
	a := &ask{request: q}
	if r.disk.book.owner[q.Group].Node != h.name {
		a.since = r.disk.book.gen[q.Group]
	}
	q.asks++
	h.asks[a] = true
	body := q.Body
	if q.Fresh != nil {
		body = q.Fresh()
	}
	r.trace.line("ask %s of %s", q.ID, h.name)
	h.node.Ask(q.Group, &flow.Command{Body: body, Answer: func(value any, err error) { r.answer(h, a, value, err) }})
}

// answer takes the answer to one attempt.
func (r *run) answer(h *host, a *ask, value any, err error) {
	q := a.request
	if a.answered {
		r.fail("%s: request %s was answered twice; the second time: %v, %v", h.name, q.ID, value, err)
		return
	}
	a.answered = true
	delete(h.asks, a)
	q.asks--
	r.world.Answered(q, value, err)
	lost := !r.calm && r.chance(r.climate.Lose)
	final := err == nil || fault.KindOf(err) != fault.Unavailable
	r.trace.line("%s: answer to %s: final %v, lost %v", h.name, q.ID, final, lost)
	if final && a.since != 0 && a.since == r.disk.book.gen[q.Group] && r.disk.lost == 0 {
		r.fail("%s: request %s is answered by a node that has not owned group %d since it was asked", h.name, q.ID, q.Group)
	}
	switch {
	case lost:
		r.met.one("answers lost")
	case !final:
		r.met.one("answers that ask to try again")
	}
	if lost || !final {
		return
	}
	r.world.Answer(q, value, err, r.disk.book.owner[q.Group].Node == h.name)
	if q.done {
		return
	}
	q.done = true
	if i := slices.Index(r.open, q); i >= 0 {
		r.open = slices.Delete(r.open, i, i+1)
	}
	r.late = append(r.late, q)
	if len(r.late) > lateRequests {
		r.late = r.late[1:]
	}
}

// client lets a client do something; false if none has anything to do.
func (r *run) client() bool {
	if len(r.open) < r.climate.Busy && (len(r.open) == 0 || r.chance(40)) {
		if q := r.world.Request(); q != nil {
			r.met.one("requests")
			r.open = append(r.open, q)
		}
	}
	var q *Request
	switch {
	case len(r.late) > 0 && r.chance(5):
		q = r.late[r.rng.IntN(len(r.late))]
		r.met.one("requests repeated after their answer")
	case len(r.open) > 0:
		q = r.open[r.rng.IntN(len(r.open))]
	default:
		return false
	}
	if q.asks > 0 && !r.chance(10) {
		return false
	}
	h := r.towards(q.Group)
	if h == nil {
		return false
	}
	r.ask(h, q)
	if r.chance(10) && h.up() { // in one breath
		r.ask(h, q)
	}
	return true
}

// owner returns the host that owns a group, nil if it is down.
func (r *run) owner(g store.Group) *host {
	seat := r.disk.book.owner[g]
	for _, h := range r.hosts {
		if h.name == seat.Node && h.up() {
			return h
		}
	}
	return nil
}

// towards returns the host to which something for a group is sent: mostly its owner, or the one that was its owner not long
// ago.
func (r *run) towards(g store.Group) *host {
	if r.calm {
		return r.owner(g)
	}
	h := r.owner(g)
	if before := r.routes[g]; before != nil && before.up() && !r.chance(10) {
		if r.chance(50) { // not everybody knows already
			h = before
		}
	} else {
		r.routes[g] = h
	}
	if r.chance(15) {
		h = r.hosts[r.rng.IntN(len(r.hosts))]
	}
	if h == nil || !h.up() {
		return nil
	}
	return h
}

// post delivers one message between nodes, out of order; false if there is none.
func (r *run) post() bool {
	if len(r.mail) == 0 {
		return false
	}
	i := r.rng.IntN(len(r.mail))
	m := r.mail[i]
	again := !r.calm && r.chance(r.climate.Lose/2)
	if i > 0 {
		r.met.one("messages between nodes out of order")
	}
	if again {
		r.met.one("messages between nodes repeated")
	} else {
		r.mail = slices.Delete(r.mail, i, i+1)
	}
	if !r.calm && r.chance(r.climate.Lose) {
		r.trace.line("lost: %s", &m.message)
		r.met.one("messages between nodes lost")
		return true
	}
	h := r.towards(m.message.To)
	if h == nil {
		return true
	}
	m.message.Body = slices.Clone(m.message.Body)
	if h != r.owner(m.message.To) {
		r.met.one("messages between nodes to the wrong node")
	}
	r.met.one("messages between nodes")
	err := h.node.Receive(m.message)
	r.trace.line("%s: receives %s: %v", h.name, &m.message, err == nil)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		r.fail("%s: %v", h.name, err)
	}
	return true
}

// edge delivers an event from outside; false if there is none.
func (r *run) edge() bool {
	g, event, ok := r.world.Outside()
	if !ok {
		return false
	}
	h := r.towards(g)
	if h == nil || !r.calm && r.chance(r.climate.Lose) {
		r.met.one("outside events lost")
		return true
	}
	r.met.one("outside events")
	r.trace.line("%s: outside event for %d: %v", h.name, g, h.node.Outside(g, event))
	return true
}
