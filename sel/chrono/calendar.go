package chrono

import "math"

// The first and the last year that lie wholly inside the range of instants.
const (
	minYear = -292275054
	maxYear = 292278993
)

// daysOf returns the days from 1970-01-01 to a date. Days beyond the month's end count on.
func daysOf(year, month, day int) int64 {
	// Counting the years from March puts the leap day last.
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(int64(year), 400)
	yearOfEra := int64(year) - era*400
	dayOfYear := int64((153*(month-3)+2)/5 + day - 1)
	return era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

// dateOf returns the date of a count of days from 1970-01-01.
func dateOf(days int64) (year, month, day int) {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	march := (5*dayOfYear + 2) / 153
	day = int(dayOfYear-(153*march+2)/5) + 1
	month = int(march) + 3
	year = int(yearOfEra + era*400)
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysInMonth(year, month int) int {
	switch month {
	case 2:
		if isLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func daysInYear(year int) int {
	if isLeap(year) {
		return 366
	}
	return 365
}

// weekdayOf returns 1 for Monday to 7 for Sunday.
func weekdayOf(days int64) int { return int(floorMod(days+3, 7)) + 1 }

// weekOf returns the ISO week-based year and week of a day: those of the Thursday in its week.
func weekOf(days int64) (weekyear, week int) {
	thursday := days - int64(weekdayOf(days)) + 4
	year, _, _ := dateOf(thursday)
	return year, int(thursday-daysOf(year, 1, 1))/7 + 1
}

// firstWeek returns the Monday on which a week-based year begins.
func firstWeek(weekyear int) int64 {
	fourth := daysOf(weekyear, 1, 4)
	return fourth - int64(weekdayOf(fourth)) + 1
}

func weeksInYear(weekyear int) int { return int(firstWeek(weekyear+1)-firstWeek(weekyear)) / 7 }

// compose joins a count of days and the milliseconds into the day.
func compose(days, millisOfDay int64) (int64, bool) {
	// One day of slack: the first representable day is cut in the middle.
	if days < math.MinInt64/millisPerDay-1 || days > math.MaxInt64/millisPerDay {
		return 0, false
	}
	if days < 0 {
		return add((days+1)*millisPerDay, millisOfDay-millisPerDay)
	}
	return add(days*millisPerDay, millisOfDay)
}

func add(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (a^sum)&(b^sum) >= 0
}

func mul(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	product := a * b
	return product, product/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
