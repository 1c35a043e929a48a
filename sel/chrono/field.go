package chrono

import (
	"math"
	"strconv"
)

// Field is one figure of a date, such as the day of its month.
type Field uint8

// The fields. Each has the bounds and the meaning of the ISO calendar; weeks begin on Monday.
const (
	Era Field = iota // 0 before year 1, else 1
	CenturyOfEra
	YearOfEra // from 1 in both eras: the year 0 is 1 BC
	Year
	Weekyear
	MonthOfYear
	WeekOfWeekyear
	DayOfYear
	DayOfMonth
	DayOfWeek
	HalfdayOfDay
	HourOfHalfday      // 0 to 11
	ClockhourOfHalfday // 1 to 12
	HourOfDay
	ClockhourOfDay // 1 to 24
	MinuteOfDay
	MinuteOfHour
	SecondOfDay
	SecondOfMinute
	MillisOfDay
	MillisOfSecond
	millisOfMinute // only read from ISO text with a fraction of a minute
	millisOfHour   // only read from ISO text with a fraction of an hour
)

// unit of time by which a field counts, or after which it starts again. The order is that of their lengths.
type unit uint8

const (
	aMillisecond unit = iota
	aSecond
	aMinute
	anHour
	aHalfday
	aDay
	aWeek
	aMonth
	aYear // of both kinds: a week-based year counts as as long
	aCentury
	forever
)

// fields describes each field: its name, the unit it counts, the unit in which it starts again. For the fields of
// fixed length, the unit's length, the number of them, and the first.
var fields = [...]struct {
	name          string
	counts, wraps unit
	length        int64
	first, size   int
}{
	Era:                {name: "era", counts: forever, wraps: forever, first: 0, size: 2},
	CenturyOfEra:       {name: "centuryOfEra", counts: aCentury, wraps: forever},
	YearOfEra:          {name: "yearOfEra", counts: aYear, wraps: forever},
	Year:               {name: "year", counts: aYear, wraps: forever},
	Weekyear:           {name: "weekyear", counts: aYear, wraps: forever},
	MonthOfYear:        {name: "monthOfYear", counts: aMonth, wraps: aYear},
	WeekOfWeekyear:     {name: "weekOfWeekyear", counts: aWeek, wraps: aYear},
	DayOfYear:          {name: "dayOfYear", counts: aDay, wraps: aYear},
	DayOfMonth:         {name: "dayOfMonth", counts: aDay, wraps: aMonth},
	DayOfWeek:          {name: "dayOfWeek", counts: aDay, wraps: aWeek},
	HalfdayOfDay:       {name: "halfdayOfDay", counts: aHalfday, wraps: aDay, length: millisPerHalfday, size: 2},
	HourOfHalfday:      {name: "hourOfHalfday", counts: anHour, wraps: aHalfday, length: millisPerHour, size: 12},
	ClockhourOfHalfday: {name: "clockhourOfHalfday", counts: anHour, wraps: aHalfday, length: millisPerHour, first: 1, size: 12},
	HourOfDay:          {name: "hourOfDay", counts: anHour, wraps: aDay, length: millisPerHour, size: 24},
	ClockhourOfDay:     {name: "clockhourOfDay", counts: anHour, wraps: aDay, length: millisPerHour, first: 1, size: 24},
	MinuteOfDay:        {name: "minuteOfDay", counts: aMinute, wraps: aDay, length: millisPerMinute, size: 1440},
	MinuteOfHour:       {name: "minuteOfHour", counts: aMinute, wraps: anHour, length: millisPerMinute, size: 60},
	SecondOfDay:        {name: "secondOfDay", counts: aSecond, wraps: aDay, length: millisPerSecond, size: 86400},
	SecondOfMinute:     {name: "secondOfMinute", counts: aSecond, wraps: aMinute, length: millisPerSecond, size: 60},
	MillisOfDay:        {name: "millisOfDay", counts: aMillisecond, wraps: aDay, length: 1, size: millisPerDay},
	MillisOfSecond:     {name: "millisOfSecond", counts: aMillisecond, wraps: aSecond, length: 1, size: millisPerSecond},
	millisOfMinute:     {name: "millisOfSecond", counts: aMillisecond, wraps: aMinute, length: 1, size: millisPerMinute},
	millisOfHour:       {name: "millisOfSecond", counts: aMillisecond, wraps: anHour, length: 1, size: millisPerHour},
}

// String returns the name of the field, which is also the name of its property.
func (f Field) String() string { return fields[f].name }

// of returns the value of the field in a local time.
func (f Field) of(local int64) int {
	days := floorDiv(local, millisPerDay)
	switch f {
	case Era:
		if year, _, _ := dateOf(days); year <= 0 {
			return 0
		}
		return 1
	case CenturyOfEra:
		year, _, _ := dateOf(days)
		return abs(year) / 100
	case YearOfEra:
		year, _, _ := dateOf(days)
		return yearOfEra(year)
	case Year:
		year, _, _ := dateOf(days)
		return year
	case Weekyear:
		year, _ := weekOf(days)
		return year
	case MonthOfYear:
		_, month, _ := dateOf(days)
		return month
	case WeekOfWeekyear:
		_, week := weekOf(days)
		return week
	case DayOfYear:
		year, _, _ := dateOf(days)
		return int(days-daysOf(year, 1, 1)) + 1
	case DayOfMonth:
		_, _, day := dateOf(days)
		return day
	case DayOfWeek:
		return weekdayOf(days)
	}
	return f.ofTime(local - days*millisPerDay)
}

// ofTime returns the value of a field of fixed length, given the milliseconds into the day.
func (f Field) ofTime(millisOfDay int64) int {
	d := &fields[f]
	value := int(millisOfDay / d.length % int64(d.size))
	if d.first == 1 && value == 0 {
		return d.size // twelve, or twenty-four o'clock
	}
	return value
}

// bounds returns the least and the greatest value that the field can have in the surroundings of a local time.
func (f Field) bounds(local int64) (least, most int) {
	switch f {
	case Era:
		return 0, 1
	case CenturyOfEra:
		return 0, maxYear / 100
	case YearOfEra:
		return 1, maxYear
	case Year, Weekyear:
		return minYear, maxYear
	case MonthOfYear:
		return 1, 12
	case WeekOfWeekyear:
		return 1, weeksInYear(Weekyear.of(local))
	case DayOfYear:
		return 1, daysInYear(Year.of(local))
	case DayOfMonth:
		year, month, _ := dateOf(floorDiv(local, millisPerDay))
		return 1, daysInMonth(year, month)
	case DayOfWeek:
		return 1, 7
	}
	d := &fields[f]
	return d.first, d.first + d.size - 1
}

// with returns the local time with the field set.
func (f Field) with(local int64, value int) (int64, error) {
	least, most := f.bounds(local)
	checked := value
	if f == Weekyear {
		checked = abs(value)
	}
	if checked < least || checked > most {
		return 0, outOfField(f, value, least, most)
	}
	days := floorDiv(local, millisPerDay)
	timeOfDay := local - days*millisPerDay
	switch f {
	case Era:
		if f.of(local) == value {
			return local, nil
		}
		year, _, _ := dateOf(days)
		return setYear(days, timeOfDay, -year)
	case CenturyOfEra:
		year, _, _ := dateOf(days)
		full := value*100 + abs(year)%100
		if year < 0 {
			full = -full
		}
		return Year.with(local, full)
	case YearOfEra:
		if year, _, _ := dateOf(days); year <= 0 {
			value = 1 - value
		}
		return setYear(days, timeOfDay, value)
	case Year:
		return setYear(days, timeOfDay, value)
	case Weekyear:
		_, week := weekOf(days)
		week = min(week, weeksInYear(value))
		return composed(firstWeek(value)+int64(7*(week-1)+weekdayOf(days)-1), timeOfDay)
	case MonthOfYear:
		year, _, day := dateOf(days)
		return composed(daysOf(year, value, min(day, daysInMonth(year, value))), timeOfDay)
	case WeekOfWeekyear:
		return composed(days+7*int64(value-f.of(local)), timeOfDay)
	case DayOfYear, DayOfMonth, DayOfWeek:
		return composed(days+int64(value-f.of(local)), timeOfDay)
	}
	d := &fields[f]
	if d.first == 1 && value == d.size {
		value = 0
	}
	was := timeOfDay / d.length % int64(d.size)
	return composed(days, timeOfDay+(int64(value)-was)*d.length)
}

// withAnyYear sets the year like with, but also into the two years that the range of dates cuts.
func (f Field) withAnyYear(local int64, value int) (int64, error) {
	if value < minYear-1 || value > maxYear+1 {
		return 0, outOfField(f, value, minYear-1, maxYear+1)
	}
	days := floorDiv(local, millisPerDay)
	return setYear(days, local-days*millisPerDay, value)
}

// floor returns the local time at which the present value of the field began.
func (f Field) floor(local int64) int64 {
	days := floorDiv(local, millisPerDay)
	switch f {
	case Era:
		if f.of(local) == 0 {
			return math.MinInt64
		}
		return startOfYear(1)
	case CenturyOfEra:
		year, _, _ := dateOf(days)
		century := abs(year) / 100 * 100
		if year < 0 {
			century = -century
		}
		return startOfYear(century)
	case YearOfEra, Year:
		year, _, _ := dateOf(days)
		return startOfYear(year)
	case Weekyear:
		year, _ := weekOf(days)
		return firstWeek(year) * millisPerDay
	case MonthOfYear:
		_, _, day := dateOf(days)
		return (days - int64(day) + 1) * millisPerDay
	case WeekOfWeekyear:
		return (days - int64(weekdayOf(days)) + 1) * millisPerDay
	case DayOfYear, DayOfMonth, DayOfWeek:
		return days * millisPerDay
	}
	return floorDiv(local, fields[f].length) * fields[f].length
}

func yearOfEra(year int) int {
	if year <= 0 {
		return 1 - year
	}
	return year
}

func startOfYear(year int) int64 { return daysOf(year, 1, 1) * millisPerDay }

// setYear keeps month and day; February 29 becomes the 28th in a year without it.
func setYear(days, timeOfDay int64, year int) (int64, error) {
	_, month, day := dateOf(days)
	return composed(daysOf(year, month, min(day, daysInMonth(year, month))), timeOfDay)
}

func composed(days, timeOfDay int64) (int64, error) {
	local, ok := compose(days, timeOfDay)
	if !ok {
		return 0, overflow("the resulting date")
	}
	return local, nil
}

// text returns the value as people write it: the names of months and weekdays, digits otherwise.
func (f Field) text(value int) string {
	switch f {
	case MonthOfYear:
		return monthNames[value-1]
	case DayOfWeek:
		return weekdayNames[value-1]
	case HalfdayOfDay:
		return halfdayNames[value]
	case Era:
		return eraNames[value]
	}
	return strconv.Itoa(value)
}

var (
	eraNames     = [...]string{"BC", "AD"}
	halfdayNames = [...]string{"AM", "PM"}
	monthNames   = [...]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	}
	weekdayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
