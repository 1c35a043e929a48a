package flow

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/segue-run/segue/store"
)

// letter is a message on its way. It becomes a row only if it crosses a cut: sent in one epoch and not consumed in
// the same.
type letter struct {
	from, to store.Group
	body     Message
	sentAt   int64
	consumed atomic.Uint64 // epoch in which its effect was decided; 0 = not yet
	number   atomic.Int64  // of its row; 0 = it has none
	local    bool          // handed to a mailbox of this node
	at       *Loop         // whose mailbox that is
	void     atomic.Bool   // its sender's decision was taken back
}

// links is what a group remembers of its correspondence: the store's GroupState document. It is written only by
// batches that insert or remove message rows, which is rare.
type links struct {
	group store.Group
	mu    sync.Mutex
	// sent counts the rows ever sent to each group.
	sent map[store.Group]int64
	// got says for each sender up to which number all messages are consumed, and which later ones are too.
	got map[store.Group]*received
	// unnumbered counts the messages to each group that were not handed over and have no row yet; not stored.
	unnumbered map[store.Group]int
	// extra are the fields of the document that this version does not know.
	extra map[string]json.RawMessage
}

type received struct {
	upTo   int64
	beyond []int64 // sorted
	// accepted is the highest number handed to the mailbox; not stored.
	accepted int64
}

// The document has the fields f (its format), sent (the numbers of links.sent) and got (for each sender first the
// contiguous number, then those beyond).
const linksFormat = 1

func parseLinks(g store.Group, doc []byte) (*links, error) {
	l := &links{group: g, sent: map[store.Group]int64{}, got: map[store.Group]*received{}, unnumbered: map[store.Group]int{}}
	if len(doc) == 0 {
		return l, nil
	}
	if err := l.parse(doc); err != nil {
		return nil, fmt.Errorf("group state: %w", err)
	}
	return l, nil
}

func (l *links) parse(doc []byte) error {
	if err := json.Unmarshal(doc, &l.extra); err != nil {
		return err
	}
	format, got := 0, map[store.Group][]int64{}
	for name, into := range map[string]any{"f": &format, "sent": &l.sent, "got": &got} {
		if field, ok := l.extra[name]; ok {
			if err := json.Unmarshal(field, into); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			delete(l.extra, name)
		}
	}
	if format != linksFormat {
		return fmt.Errorf("it has format %d; this version reads %d", format, linksFormat)
	}
	for g, n := range got {
		if len(n) == 0 {
			return fmt.Errorf("no number for sender %d", g)
		}
		r := &received{upTo: n[0], accepted: n[0], beyond: n[1:]}
		r.pass()
		l.got[g] = r
	}
	return nil
}

// doc returns the stored form.
func (l *links) doc() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := make(map[string]any, 3+len(l.extra))
	for name, field := range l.extra {
		d[name] = field
	}
	got := make(map[store.Group][]int64, len(l.got))
	for g, r := range l.got {
		got[g] = append([]int64{r.upTo}, r.beyond...)
	}
	d["f"], d["sent"], d["got"] = linksFormat, l.sent, got
	doc, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("flow: encode group state %v: %v", d, err))
	}
	return doc
}

// next returns the number of the next row to a group; local says that the message was handed over.
func (l *links) next(to store.Group, local bool) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[to]++
	if !local {
		l.unnumbered[to]--
	}
	return l.sent[to]
}

func (l *links) from(g store.Group) *received {
	r := l.got[g]
	if r == nil {
		r = &received{}
		l.got[g] = r
	}
	return r
}

// accept says whether the message is the next one of its sender to be handed to the mailbox. gap says that others
// before it are missing; they are rows of the store.
func (l *links) accept(from store.Group, number int64) (ok, gap bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.from(from)
	switch {
	case number <= r.accepted:
		return false, false
	case number > r.accepted+1:
		return false, true
	}
	r.accepted = number
	r.pass()
	return true, false
}

// pass counts as handed over what is consumed already.
func (r *received) pass() {
	for slices.Contains(r.beyond, r.accepted+1) {
		r.accepted++
	}
}

// upToDate reports whether every message to a group, whose links are theirs, has been handed over.
func (l *links) upToDate(to store.Group, theirs *links) bool {
	l.mu.Lock()
	sent, unnumbered := l.sent[to], l.unnumbered[to]
	l.mu.Unlock()
	return unnumbered == 0 && theirs.acceptedFrom(l.group) == sent
}

func (l *links) acceptedFrom(g store.Group) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.got[g]; r != nil {
		return r.accepted
	}
	return 0
}

// sendsRow notes that a message was not handed over.
func (l *links) sendsRow(to store.Group) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unnumbered[to]++
}

// acceptLocal notes the number that a letter in this node's mailbox was given.
func (l *links) acceptLocal(from store.Group, number int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.from(from)
	r.accepted = max(r.accepted, number)
}

// consume notes that the effect of a message is part of the batch being cut.
func (l *links) consume(from store.Group, number int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.from(from)
	at, _ := slices.BinarySearch(r.beyond, number)
	r.beyond = slices.Insert(r.beyond, at, number)
	for len(r.beyond) > 0 && r.beyond[0] == r.upTo+1 {
		r.upTo++
		r.beyond = r.beyond[1:]
	}
	r.accepted = max(r.accepted, r.upTo)
}
