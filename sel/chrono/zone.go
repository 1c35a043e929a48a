package chrono

import (
	"sort"
	"time"
)

// Zone is a time zone: a constant offset from UTC, or a zone of the tz database with its history and its rules.
// Zones are immutable and shared.
type Zone struct {
	id string
	// constant is the offset of a zone without rules, in milliseconds.
	constant int64
	// spans are the stretches between changes, in order; the first begins before all dates. They are nil for a
	// constant zone. The last ones repeat every cycle.
	spans []span
	// names are what people call the zone's time, nil where it has no name of its own.
	names *zoneNames
}

// span is a stretch of time with one offset, up to the beginning of the next span.
type span struct {
	start  int64 // of the instants, in ms
	offset int32 // from UTC, in ms
	summer bool  // whether it is not the zone's standard time
}

// UTC is the zone of the instants themselves.
var UTC = &Zone{id: "UTC", names: &zoneNames{short: "UTC", long: "Coordinated Universal Time"}}

// All changes of zones known today are listed, or follow from rules, before cycleStart. The rules are about days of
// the week in months, so that the changes of 400 years, which are a whole number of weeks, come again ever after.
var (
	cycleStart = time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	cycle      = 146097 * int64(millisPerDay)
	cycleEnd   = cycleStart + cycle
)

// newZone lays out the changes of a zone as a table, since looking one up is the hot path of every date.
func newZone(id string, rules *time.Location) *Zone {
	z := &Zone{id: id}
	// Two years more, so that every instant of the cycle has a next change.
	limit := time.UnixMilli(cycleEnd).AddDate(2, 0, 0)
	for at := time.Unix(minMillis/millisPerSecond, 0); at.Before(limit); {
		here := at.In(rules)
		_, seconds := here.Zone()
		s := span{start: at.UnixMilli(), offset: int32(seconds) * millisPerSecond, summer: here.IsDST()}
		if n := len(z.spans); n == 0 || z.spans[n-1].offset != s.offset || z.spans[n-1].summer != s.summer {
			z.spans = append(z.spans, s)
		}
		_, end := here.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(at) {
			// Under a rule, ZoneBounds takes the turn of the year for a bound, and that of a leap year a day too early.
			end = at.AddDate(0, 0, 1)
		}
		at = end
	}
	z.spans[0].start = minMillis
	// Ireland and Morocco define their winter (or Ramadan) time as an exception from summer time. People, and the
	// names of times, see it the other way round.
	for i := 1; i < len(z.spans); i++ {
		early, late := &z.spans[i-1], &z.spans[i]
		if early.summer && !late.summer && late.offset > early.offset {
			early.summer, late.summer = false, true
		}
	}
	return z
}

// constantZone returns the zone of an offset in milliseconds; its id is the offset as text.
func constantZone(offset int64) *Zone {
	if offset == 0 {
		return UTC
	}
	return &Zone{id: string(appendOffset(nil, offset, true, wholeOffset)), constant: offset}
}

// ID returns the name of the zone in the tz database, UTC, or an offset such as +05:30.
func (z *Zone) ID() string { return z.id }

// String returns the id.
func (z *Zone) String() string { return z.id }

// Offset returns what the zone's clocks are ahead of UTC at an instant, in milliseconds.
func (z *Zone) Offset(millis int64) int64 {
	if z.spans == nil {
		return z.constant
	}
	return int64(z.at(millis).offset)
}

func (z *Zone) fixed() bool { return z.spans == nil }

// at returns the span that an instant lies in.
func (z *Zone) at(millis int64) span {
	if z.spans == nil {
		return span{start: minMillis, offset: int32(z.constant)}
	}
	i, shift := z.index(millis)
	s := z.spans[i]
	if s.start != minMillis {
		s.start += shift
	}
	return s
}

// index returns the place of the span that an instant lies in, and what its bounds have to be moved by.
func (z *Zone) index(millis int64) (i int, shift int64) {
	if millis >= cycleEnd {
		shift = (millis - cycleStart) / cycle * cycle
		millis -= shift
	}
	spans := z.spans
	low, high := 0, len(spans)
	for high-low > 1 {
		middle := int(uint(low+high) >> 1)
		if spans[middle].start <= millis {
			low = middle
		} else {
			high = middle
		}
	}
	return low, shift
}

// next returns the first change after an instant, and false where there is none.
func (z *Zone) next(millis int64) (int64, bool) {
	if z.spans == nil {
		return 0, false
	}
	i, shift := z.index(millis)
	if i+1 == len(z.spans) {
		return 0, false
	}
	return add(z.spans[i+1].start, shift)
}

// previous returns the last millisecond before the change that began the instant's span, and false where the span
// has no beginning.
func (z *Zone) previous(millis int64) (int64, bool) {
	s := z.at(millis)
	return s.start - 1, s.start != minMillis
}

// Zones returns the ids that Lookup knows, in order, links included and offsets not.
func Zones() []string {
	ids := make([]string, 0, len(database().data)+len(database().links))
	for id := range database().data {
		ids = append(ids, id)
	}
	for id := range database().links {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}
