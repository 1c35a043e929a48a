package chrono

// ParseISO reads a date in the form of ISO 8601 and shows it in a zone (nil is UTC):
//
//	date ['T' [time] [offset]]  or  'T' time [offset]
//	date:   year ['-' month ['-' day]]  or  year '-' day of year  or  year '-W' week ['-' weekday]
//	time:   hour [':' minute [':' second]], the last of them with a fraction, if wanted
//	offset: 'Z'  or  sign hour [[':'] minute [[':'] second [['.'] fraction]]]
//
// Figures need not have all their digits, and a year may have more than four: 20190101 is a year. A text without an
// offset is local to the zone. It fails like Pattern.Parse.
func ParseISO(text string, zone *Zone) (DateTime, error) {
	if zone == nil {
		zone = UTC
	}
	b := bucket{text: text}
	at := 0
	if letterAt(text, 0, 't') {
		at = b.isoTime(1)
		if at < 0 {
			return DateTime{}, b.malformed(0, isoForm)
		}
		at = optional(b.offsetAt(at), at)
	} else {
		if at = b.isoDate(); at < 0 {
			return DateTime{}, b.malformed(0, isoForm)
		}
		if letterAt(text, at, 't') {
			at++
			at = optional(b.isoTime(at), at)
			at = optional(b.offsetAt(at), at)
		}
	}
	if at < len(text) {
		return DateTime{}, b.malformed(at, isoForm)
	}
	millis, err := b.instant(zone)
	if err != nil {
		return DateTime{}, err
	}
	return At(millis, zone), nil
}

const isoForm = "yyyy-MM-ddTHH:mm:ss.SSSZZ"

// isoDate reads the date. Of the three forms the one that explains most of the text counts.
func (b *bucket) isoDate() int {
	afterYear, err := b.number(Year, 0, 9, true)
	if err != nil || afterYear < 0 {
		return -1
	}
	value := b.saved[0].value
	b.saved = b.saved[:0]

	best := afterYear
	saved := [3]savedField{{Year, value}}
	n := 1
	take := func(end int, fields ...savedField) {
		if end > best {
			best, n = end, copy(saved[:], fields)
		}
	}
	if month, end := b.isoNumber(afterYear, 2); end > 0 {
		take(end, savedField{Year, value}, savedField{MonthOfYear, month})
		if day, end := b.isoNumber(end, 2); end > 0 {
			take(end, savedField{Year, value}, savedField{MonthOfYear, month}, savedField{DayOfMonth, day})
		}
	}
	if letterAt(b.text, afterYear+1, 'w') && b.text[afterYear] == '-' {
		if n := digitsAt(b.text, afterYear+2, 2); n > 0 {
			end := afterYear + 2 + n
			week, _ := b.value(end-n, end-n, end) // two digits
			take(end, savedField{Weekyear, value}, savedField{WeekOfWeekyear, week})
			if day, end := b.isoNumber(end, 1); end > 0 {
				take(end, savedField{Weekyear, value}, savedField{WeekOfWeekyear, week}, savedField{DayOfWeek, day})
			}
		}
	}
	if day, end := b.isoNumber(afterYear, 3); end > 0 {
		take(end, savedField{Year, value}, savedField{DayOfYear, day})
	}
	for _, s := range saved[:n] {
		b.save(s.field, s.value)
	}
	return best
}

// isoNumber reads a hyphen and up to that many digits. The end is negative if they are not there.
func (b *bucket) isoNumber(at, most int) (value, end int) {
	if at >= len(b.text) || b.text[at] != '-' {
		return 0, -1
	}
	n := digitsAt(b.text, at+1, most)
	if n == 0 {
		return 0, -1
	}
	value, _ = b.value(at+1, at+1, at+1+n) // at most three digits
	return value, at + 1 + n
}

// isoTime reads the time and returns where it ended, negative if there is none.
func (b *bucket) isoTime(at int) int {
	n := digitsAt(b.text, at, 2)
	if n == 0 {
		return -1
	}
	hour, _ := b.value(at, at, at+n) // two digits
	b.save(HourOfDay, hour)
	at += n
	for _, next := range [...]struct {
		field    Field
		fraction Field
		length   int64
	}{
		{MinuteOfHour, millisOfHour, millisPerHour},
		{SecondOfMinute, millisOfMinute, millisPerMinute},
		{MillisOfSecond, MillisOfSecond, millisPerSecond},
	} {
		if at < len(b.text) && (b.text[at] == '.' || b.text[at] == ',') {
			return optional(b.fraction(next.fraction, next.length, at+1, 9), at)
		}
		if next.field == MillisOfSecond || at >= len(b.text) || b.text[at] != ':' {
			return at
		}
		n := digitsAt(b.text, at+1, 2)
		if n == 0 {
			return at
		}
		value, _ := b.value(at+1, at+1, at+1+n) // two digits
		b.save(next.field, value)
		at += 1 + n
	}
	return at
}

// optional returns where a part ended, or where it would have begun if it is not there.
func optional(end, at int) int {
	if end < 0 {
		return at
	}
	return end
}

func letterAt(text string, at int, lower byte) bool { return at < len(text) && text[at]|0x20 == lower }
