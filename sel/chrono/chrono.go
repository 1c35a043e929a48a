// Package chrono is the calendar of the language SEL: instants in milliseconds, time zones, the fields of a date,
// arithmetic on them, and patterns that print and read dates. It follows the rules of Joda-Time 2.10, on which the
// original language is built: a proleptic Gregorian calendar with a year 0, ISO weeks, local times that a zone skips
// are pushed forward, local times that a zone repeats mean the earlier one.
//
// Below it are only package fault and the standard library; above it, package sel gives these values their methods.
// Nothing here reads a clock, a file or an environment variable: "now" is passed in, and the zone data is part of
// the program (folder zoneinfo), so that an expression means the same on every machine.
//
// The one thing to know before changing it: a "local" is a count of milliseconds too, namely of the wall clock since
// 1970-01-01T00:00 on that same wall clock. Fields are read and set on locals (field.go), zones turn instants into
// locals and back (local.go), and there are three ways back which differ only in gaps and overlaps.
package chrono

import "math"

// Milliseconds in the units whose length never changes.
const (
	millisPerSecond  = 1000
	millisPerMinute  = 60 * millisPerSecond
	millisPerHour    = 60 * millisPerMinute
	millisPerHalfday = 12 * millisPerHour
	millisPerDay     = 24 * millisPerHour
	millisPerWeek    = 7 * millisPerDay
)

// DateTime is an instant seen in a time zone. The zero value is 1970-01-01T00:00Z. It is a value: every method
// that changes something returns a new one.
type DateTime struct {
	millis int64
	zone   *Zone
}

// At returns the instant of that many milliseconds since 1970-01-01T00:00Z, seen in the zone (nil is UTC). The
// first and the last representable instant are always seen in UTC, since a zone could push them out of range.
func At(millis int64, zone *Zone) DateTime {
	if zone == nil || millis == math.MinInt64 || millis == math.MaxInt64 {
		zone = UTC
	}
	return DateTime{millis, zone}
}

// Date returns the instant of a local date and time in a zone (nil is UTC). Where the zone's clocks repeat that time
// the earlier instant is meant. It fails with OutOfField for a value out of its field's bounds, and with InGap where
// the zone's clocks skip that time.
func Date(year, month, day, hour, minute, second, millis int, zone *Zone) (DateTime, error) {
	for _, part := range []struct {
		field    Field
		value    int
		min, max int
	}{
		{HourOfDay, hour, 0, 23},
		{MinuteOfHour, minute, 0, 59},
		{SecondOfMinute, second, 0, 59},
		{MillisOfSecond, millis, 0, 999},
		{Year, year, minYear - 1, maxYear + 1},
		{MonthOfYear, month, 1, 12},
	} {
		if part.value < part.min || part.value > part.max {
			return DateTime{}, outOfField(part.field, part.value, part.min, part.max)
		}
	}
	if last := daysInMonth(year, month); day < 1 || day > last {
		return DateTime{}, outOfField(DayOfMonth, day, 1, last)
	}
	timeOfDay := int64(hour*millisPerHour + minute*millisPerMinute + second*millisPerSecond + millis)
	local, ok := compose(daysOf(year, month, day), timeOfDay)
	if !ok {
		// Only the outermost year, which is cut in the middle, comes here.
		if year < 0 {
			return At(math.MinInt64, UTC), nil
		}
		return At(math.MaxInt64, UTC), nil
	}
	if zone == nil {
		zone = UTC
	}
	instant, err := zone.instantOf(local)
	if err != nil {
		return DateTime{}, err
	}
	return At(instant, zone), nil
}

// Millis returns the milliseconds since 1970-01-01T00:00Z.
func (t DateTime) Millis() int64 { return t.millis }

// Zone returns the zone the instant is seen in.
func (t DateTime) Zone() *Zone {
	if t.zone == nil {
		return UTC
	}
	return t.zone
}

// In returns the same instant seen in another zone (nil is UTC).
func (t DateTime) In(zone *Zone) DateTime { return At(t.millis, zone) }

// Get returns the value of a field. It fails with Overflow only within a day of the ends of time.
func (t DateTime) Get(f Field) (int, error) {
	local, err := t.local()
	if err != nil {
		return 0, err
	}
	return f.of(local), nil
}

// With returns the date with one field of its local time set. A day that the new month or year lacks becomes the
// last one that it has. It fails with OutOfField, and with InGap where the zone skips what was asked for.
func (t DateTime) With(f Field, value int) (DateTime, error) {
	local, err := t.local()
	if err != nil {
		return DateTime{}, err
	}
	moved, err := f.with(local, value)
	if err != nil {
		return DateTime{}, err
	}
	zone := t.Zone()
	instant, err := zone.keepOffset(moved, t.millis)
	if err != nil {
		return DateTime{}, err
	}
	if !zone.fixed() && f.of(instant+zone.Offset(instant)) != value {
		return DateTime{}, inGap(moved, zone)
	}
	return At(instant, zone), nil
}

// StartOfDay returns the first instant of the local day: midnight, or the end of the gap that midnight is in.
func (t DateTime) StartOfDay() (DateTime, error) {
	local, err := t.local()
	if err != nil {
		return DateTime{}, err
	}
	zone := t.Zone()
	midnight, ok := compose(floorDiv(local, millisPerDay), 0)
	if !ok {
		return DateTime{}, overflow("the start of the day")
	}
	// Six o'clock of the same day decides which side of a change the day belongs to.
	morning, err := zone.pushForward(midnight + millisPerDay/4)
	if err != nil {
		return DateTime{}, err
	}
	instant, err := zone.keepOffset(midnight, morning)
	if err != nil {
		return DateTime{}, err
	}
	if !zone.fixed() {
		if earlier := instant + zone.Offset(instant) - zone.offsetAtLocal(instant+zone.Offset(instant)); earlier < instant {
			instant = earlier
		}
	}
	return At(instant, zone), nil
}

// String returns the date in the form 2019-01-31T23:45:30.123-08:00, with Z for UTC.
func (t DateTime) String() string { return string(isoPattern.Append(make([]byte, 0, 32), t)) }

// local returns the wall clock of the date.
func (t DateTime) local() (int64, error) {
	if t.zone == nil || t.zone == UTC {
		return t.millis, nil
	}
	offset := t.zone.Offset(t.millis)
	local, ok := add(t.millis, offset)
	if !ok {
		return 0, overflow("the local time in zone %s", t.zone.id)
	}
	return local, nil
}
