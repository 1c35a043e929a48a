package chrono

import "math"

// Unit is what a date can be moved by.
type Unit uint8

// The units. Years to Days move the local time and find the instant anew; Hours and shorter ones move the instant.
const (
	Years Unit = iota
	Months
	Weeks
	Days
	Hours
	Minutes
	Seconds
	Millis
)

// unitMillis are the lengths of the units that have one.
var unitMillis = [...]int64{
	Weeks: millisPerWeek, Days: millisPerDay, Hours: millisPerHour, Minutes: millisPerMinute, Seconds: millisPerSecond, Millis: 1,
}

// Plus returns the date moved by an amount, which may be negative. A day that the new month lacks becomes the last
// one that it has. A local time that the zone skips is pushed forward by the length of the gap; of one that it
// repeats the earlier is taken. It fails with Overflow.
func (t DateTime) Plus(amount int64, unit Unit) (DateTime, error) {
	if amount == 0 {
		return t, nil
	}
	tooFar := func() (DateTime, error) {
		return DateTime{}, overflow("%s moved by %d %s", t, amount, [...]string{
			"years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds",
		}[unit])
	}
	if unit >= Hours {
		move, ok := mul(amount, unitMillis[unit])
		millis, fits := add(t.millis, move)
		if !ok || !fits {
			return tooFar()
		}
		return At(millis, t.zone), nil
	}
	local, err := t.local()
	if err != nil {
		return DateTime{}, err
	}
	ok := false
	switch unit {
	case Years, Months:
		local, ok = addMonths(local, amount, unit)
	default:
		if move, fits := mul(amount, unitMillis[unit]); fits {
			local, ok = add(local, move)
		}
	}
	if !ok {
		return tooFar()
	}
	zone := t.Zone()
	millis, ok := add(local, -zone.offsetAtLocal(local))
	if !ok {
		return tooFar()
	}
	return At(millis, zone), nil
}

func addMonths(local, amount int64, unit Unit) (int64, bool) {
	if amount > math.MaxInt32*12 || amount < math.MinInt32*12 {
		return 0, false
	}
	days := floorDiv(local, millisPerDay)
	year, month, day := dateOf(days)
	if unit == Years {
		year += int(amount)
	} else {
		months := int64(month-1) + amount
		year += int(floorDiv(months, 12))
		month = int(floorMod(months, 12)) + 1
	}
	if year < minYear || year > maxYear {
		return 0, false
	}
	return compose(daysOf(year, month, min(day, daysInMonth(year, month))), local-days*millisPerDay)
}

// DaysBetween returns the whole days from one date to another, negative backwards. Days are those of the calendar in
// the first date's zone, 23 or 25 hours where its clocks change. It fails with Overflow.
func DaysBetween(from, to DateTime) (int, error) {
	start, err := from.local()
	if err != nil {
		return 0, err
	}
	end, err := to.In(from.Zone()).local()
	if err != nil {
		return 0, err
	}
	between, ok := add(end, -start)
	days := between / millisPerDay
	if !ok || start == math.MinInt64 || days > math.MaxInt32 || days < math.MinInt32 {
		return 0, overflow("the number of days between %s and %s", from, to)
	}
	return int(days), nil
}
