// Package record is what the documents of rows say: the stored form of workflows, versions, runs, attempts and their
// details, with encoders written by hand, because every step passes through them.
//
// Above it are the words; below it, engine writes records and the REST edge composes its documents from them. A record
// is the truth about its entity and nothing else is: what can be computed (UUIDs of attempts, overviews, enriched
// timelines) is not in it.
//
// The one thing to know before changing it: formats live long. Every document begins with its format number, encoders
// are deterministic, fields are only added, and fields that this version does not know survive in Extra.
package record

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// Format is the format number that this version writes; it reads this one only.
const Format = 1

// begin opens a document.
func begin(b []byte) []byte { return wire.Int(append(b, '{'), "f", Format) }

// end closes a document after the fields that this version does not know.
func end(b []byte, extra []wire.Field) []byte {
	for i := range extra {
		b = wire.AppendString(wire.Comma(b), extra[i].Name)
		b = append(b, ':')
		b = extra[i].Node.AppendJSON(b)
	}
	return append(b, '}')
}

// parse reads a document and has each field taken; those that are not taken are returned.
func parse(what string, doc []byte, take func(f *wire.Field) (bool, error)) (extra []wire.Field, err error) {
	err = wire.Look(doc, func(n *wire.Node) (err error) {
		extra, err = fields(n, true, take)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s record: %w", what, err)
	}
	return extra, nil
}

func fields(n *wire.Node, format bool, take func(f *wire.Field) (bool, error)) ([]wire.Field, error) {
	var extra []wire.Field
	var number int64
	err := n.Each(func(f *wire.Field) error {
		if format && number == 0 {
			if f.Name != "f" {
				return fmt.Errorf("it begins with %q and not with its format", f.Name)
			}
			err := f.Int(&number)
			if err == nil && number != Format {
				err = fmt.Errorf("format %d; this version of segue reads %d", number, Format)
			}
			return err
		}
		taken, err := take(f)
		if err == nil && !taken {
			extra = append(extra, wire.Field{Name: f.Name, Node: f.Clone()})
		}
		return err
	})
	if err == nil && format && number == 0 {
		err = errors.New("it is empty")
	}
	return extra, err
}

// small reads a number from 0 to most.
func small[T ~uint8 | ~int32](f *wire.Field, dst *T, most int64) error {
	v, err := f.AsInt()
	if err == nil && (v < 0 || v > most) {
		err = fmt.Errorf("%q is %d; this version of segue reads 0 to %d", f.Name, v, most)
	}
	if err == nil {
		*dst = T(v)
	}
	return err
}

func appendTimeline(b []byte, events []instance.TimelineEvent) []byte {
	if len(events) == 0 {
		return b
	}
	b = append(wire.Key(b, "tl"), '[')
	for i := range events {
		e := &events[i]
		b = append(wire.Comma(b), '{')
		b = wire.Int(b, "t", e.Timestamp)
		b = wire.Str(b, "k", e.Type)
		b = wire.OptStr(b, "l", e.Level)
		b = wire.OptStr(b, "m", e.Message)
		b = wire.OptStr(b, "s", e.Status)
		b = wire.OptStr(b, "a", string(e.Action))
		b = wire.OptStr(b, "u", e.Author)
		b = wire.OptStr(b, "r", e.Reason)
		b = wire.OptStr(b, "i", e.Info)
		b = wire.StrList(b, "e", e.Errors)
		b = wire.OptBoolean(b, "y", e.Retryable)
		if e.Extra != "" {
			b = append(wire.Comma(b), e.Extra...)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func parseTimeline(n *wire.Node) (e instance.TimelineEvent, err error) {
	err = n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "t":
			return f.Int(&e.Timestamp)
		case "k":
			return f.Str(&e.Type)
		case "l":
			return f.Str(&e.Level)
		case "m":
			return f.Str(&e.Message)
		case "s":
			return f.Str(&e.Status)
		case "a":
			var a string
			err := f.Str(&a)
			e.Action = instance.Action(a)
			return err
		case "u":
			return f.Str(&e.Author)
		case "r":
			return f.Str(&e.Reason)
		case "i":
			return f.Str(&e.Info)
		case "e":
			return f.Strs(&e.Errors)
		case "y":
			return f.Boolean(&e.Retryable)
		}
		more := []byte(e.Extra)
		if e.Extra != "" {
			more = append(more, ',')
		}
		more = append(wire.AppendString(more, f.Name), ':')
		e.Extra = string(f.Node.AppendJSON(more))
		return nil
	})
	return e, err
}

// Repeats reports whether an entry says the same as the last one of a timeline.
func Repeats(tl []instance.TimelineEvent, e instance.TimelineEvent) bool {
	if len(tl) == 0 {
		return false
	}
	last := &tl[len(tl)-1]
	return last.Type == e.Type && last.Level == e.Level && last.Message == e.Message && last.Status == e.Status &&
		last.Action == e.Action && last.Author == e.Author && last.Reason == e.Reason && last.Info == e.Info &&
		last.Retryable == e.Retryable && slices.Equal(last.Errors, e.Errors)
}

// Note adds an entry to a timeline: an entry that repeats the last one is dropped, and of too many the oldest.
func Note(tl []instance.TimelineEvent, e instance.TimelineEvent) []instance.TimelineEvent {
	if Repeats(tl, e) {
		return tl
	}
	if len(tl) >= instance.TimelineLimit {
		tl = append(tl[:0:0], tl[len(tl)-instance.TimelineLimit+1:]...)
	}
	return append(tl, e)
}

func appendInts(b []byte, name string, v []int64) []byte {
	b = append(wire.Key(b, name), '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, x, 10)
	}
	return append(b, ']')
}
