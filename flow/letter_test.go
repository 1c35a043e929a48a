package flow

import (
	"slices"
	"strings"
	"testing"

	"github.com/segue-run/segue/store"
)

func linksOf(t *testing.T, doc string) *links {
	t.Helper()
	l, err := parseLinks(1, []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What is consumed out of order (another message waits for rows) is remembered as such.
func TestNumbersConsumedOutOfOrder(t *testing.T) {
	l := linksOf(t, "")
	for n := int64(1); n <= 4; n++ {
		if ok, gap := l.accept(2, n); !ok || gap {
			t.Fatalf("message %d is not accepted", n)
		}
	}
	l.consume(2, 1)
	l.consume(2, 4)
	l.consume(2, 3)
	if got, want := string(l.doc()), `{"f":1,"got":{"2":[1,3,4]},"sent":{}}`; got != want {
		t.Errorf("stored %s; want %s", got, want)
	}
	loaded := linksOf(t, string(l.doc()))
	if ok, gap := loaded.accept(2, 5); ok || !gap {
		t.Error("5 is accepted although 2 has not come")
	}
	if ok, _ := loaded.accept(2, 2); !ok {
		t.Error("2 is not accepted")
	}
	for _, n := range []int64{1, 2, 3, 4} {
		if ok, gap := loaded.accept(2, n); ok || gap {
			t.Errorf("%d is accepted twice", n)
		}
	}
	if ok, _ := loaded.accept(2, 5); !ok {
		t.Error("5 is not accepted when all before it have come")
	}
	l.consume(2, 2)
	if got, want := string(l.doc()), `{"f":1,"got":{"2":[4]},"sent":{}}`; got != want {
		t.Errorf("stored %s; want %s", got, want)
	}
}

func TestGroupStateKeepsWhatItDoesNotKnow(t *testing.T) {
	const doc = `{"f":1,"got":{"3":[7]},"lease":{"until":12},"sent":{"2":5},"z":[1.50]}`
	if got := string(linksOf(t, doc).doc()); got != doc {
		t.Errorf("rewritten as %s", got)
	}
	for doc, words := range map[string]string{
		`{"f":2}`:                "format 2; this version reads 1",
		`{"sent":{}}`:            "format 0",
		`{"f":1,"got":{"1":[]}}`: "no number for sender 1",
		`{"f":1,"sent":[]}`:      "sent: ",
		`{`:                      "group state: ",
	} {
		if _, err := parseLinks(1, []byte(doc)); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v; want %q", doc, err, words)
		}
	}
}

// TestAMessageInMemoryDoesNotOvertake: who has sent something that is still on its way as a row sends what follows as a row too.
func TestAMessageInMemoryDoesNotOvertake(t *testing.T) {
	from, to := linksOf(t, ""), &links{group: 2, sent: map[store.Group]int64{}, got: map[store.Group]*received{}}
	if !from.upToDate(2, to) {
		t.Error("nothing has been sent, and yet something is on its way")
	}
	from.sendsRow(2)
	if from.upToDate(2, to) {
		t.Error("a message without a number is on its way")
	}
	n := from.next(2, false)
	if from.upToDate(2, to) {
		t.Error("a row is on its way")
	}
	to.accept(1, n)
	if !from.upToDate(2, to) {
		t.Error("all have been handed over")
	}
}

func TestRowKeysAreUniqueAndRunOutLoudly(t *testing.T) {
	var b idBlock
	b.refill(10, 2)
	b.refill(100, 1)
	if b.wanted() {
		t.Error("a third block is wanted")
	}
	got := []int64{b.take(), b.take(), b.take()}
	if !slices.Equal(got, []int64{10, 11, 100}) {
		t.Errorf("keys %v", got)
	}
	if !b.wanted() {
		t.Error("no block is wanted")
	}
	defer func() {
		if recover() == nil {
			t.Error("a key was given that nobody had leased")
		}
	}()
	b.take()
}

// TestTheSoftLimitFollowsTheDisk: it falls while commits take longer than a few bare ones, and rises again.
func TestTheSoftLimitFollowsTheDisk(t *testing.T) {
	var p pace
	limits := Limits{}.withDefaults()
	p.init(limits)
	soft := limits.SoftBytes
	for range 100 {
		soft = p.committed(soft, false, 50*bareAtFirst, soft)
	}
	if soft != paceFloor {
		t.Errorf("on a slow disk the limit is %d; want %d", soft, paceFloor)
	}
	for range 100 {
		soft = p.committed(soft, false, 2*bareAtFirst, soft)
	}
	if soft != limits.SoftBytes {
		t.Errorf("on a fast disk the limit is %d; want %d", soft, limits.SoftBytes)
	}
	for range 100 {
		soft = p.committed(100, false, 20*bareAtFirst, soft) // small batches that take long: the disk is slow by itself
	}
	for range 10 {
		soft = p.committed(soft, false, 50*bareAtFirst, soft)
	}
	if soft != limits.SoftBytes {
		t.Errorf("on a disk whose bare commits are slow the limit is %d; want %d", soft, limits.SoftBytes)
	}
}
