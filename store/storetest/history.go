package storetest

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/segue-run/segue/store"
)

var (
	seedFlag  = flag.Uint64("storetest.seed", 0, "run only the random history with this seed")
	seedsFlag = flag.Int("storetest.histories", 0, "number of random histories (default 12; 2 with -short)")
)

// histories runs random histories against the implementation and store.Memory side by side: every answer and the class of
// every error must be equal.
func histories(t *testing.T, bed func(t testing.TB) Bed) {
	n := *seedsFlag
	if n == 0 {
		n = 12
		if testing.Short() {
			n = 2
		}
	}
	first := uint64(1)
	if *seedFlag != 0 {
		first, n = *seedFlag, 1
	}
	for seed := first; seed < first+uint64(n); seed++ {
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := &history{
				rnd: rand.New(rand.NewPCG(seed, 2)), bed: bed(t), model: store.NewMemory(Groups),
				numbers: map[store.Seat]int64{}, sent: map[[2]store.Group]int64{},
			}
			h.subject = h.bed.Open(t)
			defer func() {
				if err := h.subject.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			h.run(t)
			if t.Failed() {
				for _, line := range h.log {
					t.Log(line)
				}
			}
		})
		if !ok {
			t.Fatalf("again with: go test -run '%s' -storetest.seed=%d", t.Name(), seed)
		}
	}
}

// history is one random history. What it remembers only steers the choice of calls: the model says what is right.
type history struct {
	rnd     *rand.Rand
	bed     Bed
	subject store.Store
	model   *store.Memory

	seats   []store.Seat // all ever given, the latest last
	numbers map[store.Seat]int64
	owned   [Groups]store.Generation
	last    *store.Batch
	sent    map[[2]store.Group]int64
	clock   int64
	log     []string
}

func (h *history) run(t *testing.T) {
	h.join(t)
	for range 160 {
		if t.Failed() {
			return
		}
		switch n := h.rnd.IntN(100); {
		case n < 60:
			h.commit(t, h.batch())
		case n < 66 && h.last != nil:
			h.commit(t, h.last)
		case n < 70:
			h.join(t)
		case n < 78:
			h.claim(t)
		case n < 82:
			h.lease(t)
		case n < 85:
			h.reopen(t)
		default:
			h.query(t)
		}
	}
	h.compare(t, "dump", Dump(t, h.subject), Dump(t, h.model))
}

// compare fails the test if the answers to a call differ.
func (h *history) compare(t *testing.T, call, subject, model string) {
	t.Helper()
	h.log = append(h.log, fmt.Sprintf("%s = %s", call, model))
	if subject != model {
		t.Errorf("%s:\n%s\nbut the model says\n%s", call, subject, model)
	}
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return store.ClassOf(err).String()
}

func (h *history) join(t *testing.T) {
	node := fmt.Sprintf("node-%d", h.rnd.IntN(2))
	a, errA := h.subject.Join(t.Context(), node, 0)
	b, errB := h.model.Join(t.Context(), node, 0)
	h.compare(t, "join "+node, fmt.Sprint(a, outcome(errA)), fmt.Sprint(b, outcome(errB)))
	h.seats = append(h.seats, b)
	h.claimAs(t, b, all())
}

// seat returns mostly the latest seat.
func (h *history) seat() store.Seat {
	if h.rnd.IntN(10) == 0 {
		return h.seats[h.rnd.IntN(len(h.seats))]
	}
	return h.seats[len(h.seats)-1]
}

func (h *history) claim(t *testing.T) {
	var groups []store.Group
	for g := store.Group(0); g < Groups; g++ {
		if h.rnd.IntN(4) == 0 {
			groups = append(groups, g)
		}
	}
	h.rnd.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	h.claimAs(t, h.seat(), groups)
}

func (h *history) claimAs(t *testing.T, seat store.Seat, groups []store.Group) {
	a, errA := h.subject.Claim(t.Context(), seat, groups)
	b, errB := h.model.Claim(t.Context(), seat, groups)
	tell := func(owned []store.Owned, err error) string {
		text := outcome(err)
		for _, o := range owned {
			text += fmt.Sprintf(" (%d %d %q %d)", o.Group, o.Generation, o.State, o.Floor)
		}
		return text
	}
	h.compare(t, fmt.Sprintf("claim %v %v", seat, groups), tell(a, errA), tell(b, errB))
	if h.rnd.IntN(10) > 0 { // else it goes on with the old generations
		for _, o := range b {
			h.owned[o.Group] = o.Generation
		}
	}
}

func (h *history) lease(t *testing.T) {
	n := 1 + h.rnd.Int64N(1000)
	a, errA := h.subject.LeaseIDs(t.Context(), n)
	b, errB := h.model.LeaseIDs(t.Context(), n)
	h.compare(t, fmt.Sprint("lease ", n), fmt.Sprint(a, outcome(errA)), fmt.Sprint(b, outcome(errB)))
}

func (h *history) reopen(t *testing.T) {
	h.log = append(h.log, "reopen")
	if h.rnd.IntN(2) == 0 {
		h.subject = h.bed.Crash(t, h.subject)
		return
	}
	if err := h.subject.Close(); err != nil {
		t.Fatal(err)
	}
	h.subject = h.bed.Open(t)
}

func (h *history) commit(t *testing.T, b *store.Batch) {
	ctx := t.Context()
	if h.rnd.IntN(50) == 0 {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		ctx = cancelled
	}
	errA, errB := h.subject.Commit(ctx, b), h.model.Commit(ctx, b)
	call := fmt.Sprintf("commit %v number %d time %d fences %v send %v consumed %v groups %v", b.Seat, b.Number, b.Time, b.Fences, b.Send, b.Consumed, b.Groups)
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Delete {
			call += fmt.Sprintf("\n    delete %s %d", r.Table, r.ID)
		} else {
			call += "\n    " + Line(r)
		}
	}
	h.compare(t, call, outcome(errA), outcome(errB))
	if outcome(errA) != outcome(errB) {
		t.Errorf("%v; the model: %v", errA, errB)
	}
	if errB == nil {
		h.numbers[b.Seat] = b.Number
		h.last = b
	}
}

// batch makes a batch that is mostly right.
func (h *history) batch() *store.Batch {
	rnd := h.rnd
	h.clock += rnd.Int64N(30) - 5
	seat := h.seat()
	b := &store.Batch{Seat: seat, Number: h.numbers[seat] + 1, Time: h.clock}
	if rnd.IntN(20) == 0 {
		b.Number += rnd.Int64N(4) - 2
	}
	for g := store.Group(0); g < Groups; g++ {
		if rnd.IntN(40) > 0 {
			b.Fences = append(b.Fences, store.Fence{Group: g, Generation: h.owned[g]})
		}
	}
	if rnd.IntN(30) == 0 {
		b.Fences[rnd.IntN(len(b.Fences))].Generation += store.Generation(rnd.IntN(3) - 1)
	}
	rnd.Shuffle(len(b.Fences), func(i, j int) { b.Fences[i], b.Fences[j] = b.Fences[j], b.Fences[i] })
	seen := map[[2]int64]bool{}
	for range rnd.IntN(6) {
		r := h.row()
		if name := [2]int64{int64(r.Table), r.ID}; !seen[name] || rnd.IntN(20) == 0 {
			seen[name] = true
			b.Rows = append(b.Rows, r)
		}
	}
	for range rnd.IntN(3) {
		link := [2]store.Group{store.Group(rnd.IntN(2)), store.Group(rnd.IntN(3))}
		if rnd.IntN(3) > 0 {
			h.sent[link]++
			b.Send = append(b.Send, store.Message{From: link[0], To: link[1], Number: h.sent[link], Sent: h.clock, Body: []byte(h.text())})
		} else {
			b.Consumed = append(b.Consumed, store.Message{From: link[0], To: link[1], Number: 1 + rnd.Int64N(h.sent[link]+1)})
		}
	}
	if rnd.IntN(4) == 0 {
		b.Groups = append(b.Groups, store.GroupState{Group: store.Group(rnd.IntN(Groups)), Doc: []byte(h.text())})
	}
	return b
}

func (h *history) text() string {
	texts := []string{"", "a", "b", "ä", "a", "{\"x\": [1, 2]}", "🎼", " ", "long " + fmt.Sprint(math.Pow(2, float64(h.rnd.IntN(200))))}
	if h.rnd.IntN(60) == 0 {
		texts = []string{"\x00", "\xc3", "a\xffb", "\xed\xa0\x80"}
	}
	return texts[h.rnd.IntN(len(texts))]
}

// row makes a row in a space so small that rows often meet.
func (h *history) row() store.Row {
	rnd := h.rnd
	tables := store.Tables()
	r := store.Row{Table: tables[rnd.IntN(len(tables))], ID: 1 + rnd.Int64N(9), Delete: rnd.IntN(6) == 0}
	if rnd.IntN(100) == 0 {
		r.ID = rnd.Int64N(3) - 2
	}
	r.Group = store.Group(rnd.IntN(Groups))
	r.State, r.Open, r.Due = int16(rnd.IntN(9)), rnd.IntN(2) == 0, rnd.Int64N(1000)
	r.Doc = []byte(h.text())
	if r.Table == store.Workflow || r.Table == store.Run {
		r.Key = h.text()
	}
	if r.Table != store.Workflow {
		r.Parent = rnd.Int64N(3)
	}
	switch r.Table {
	case store.Version, store.Run, store.Step, store.Detail:
		r.A = rnd.Int64N(5)
	}
	switch r.Table {
	case store.Run, store.Step, store.Detail:
		r.B = rnd.Int64N(2)
	}
	return r
}

func (h *history) query(t *testing.T) {
	rnd := h.rnd
	tables := store.Tables()
	q := store.Query{
		Table: tables[rnd.IntN(len(tables))], By: store.By(1 + rnd.IntN(int(store.ByTable))), ID: rnd.Int64N(10), Parent: rnd.Int64N(3),
		FromA: rnd.Int64N(4) - 1, ToA: rnd.Int64N(6), Key: h.text(), Group: store.Group(rnd.IntN(Groups)), After: max(0, rnd.Int64N(15)-5),
		Limit: max(0, rnd.IntN(6)-2), Desc: rnd.IntN(4) == 0, WithoutDocs: rnd.IntN(4) == 0,
	}
	if q.By != store.ByKey || !utf8.ValidString(q.Key) || q.Key == "\x00" {
		q.Key = ""
	}
	ask := func(s store.Store) string {
		var rows []store.Row
		err := s.Read(t.Context(), func(s store.Snapshot) (err error) {
			rows, err = store.Collect(s, q)
			return err
		})
		return outcome(err) + "\n" + Lines(rows)
	}
	h.compare(t, fmt.Sprintf("query %+v", q), ask(h.subject), ask(h.model))
	if q.Check() != nil {
		return
	}
	// The model itself is held to the plain words of the contract.
	var rows []store.Row
	err := h.model.Read(t.Context(), func(s store.Snapshot) (err error) {
		rows, err = store.Collect(s, store.Query{Table: q.Table, By: store.ByTable, WithoutDocs: q.WithoutDocs})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.compare(t, "in plain words", ask(h.model), outcome(nil)+"\n"+Lines(answer(&q, rows)))
}
