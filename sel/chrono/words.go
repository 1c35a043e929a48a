package chrono

import (
	"math"
	"strings"
)

// wordUnits are the units of a duration in words, in the order in which they have to come. Years and months, which
// have no fixed length, have none here.
var wordUnits = [...]struct {
	name   string
	length int64
}{
	{"year", 0}, {"month", 0}, {"week", millisPerWeek}, {"day", millisPerDay}, {"hour", millisPerHour},
	{"minute", millisPerMinute}, {"second", millisPerSecond}, {"millisecond", 1},
}

// longestDuration is how many bytes a duration in words may have.
const longestDuration = 1000

// ParseDuration reads a duration in English words, such as "2 hours and 30 minutes", and returns milliseconds. The
// units go from years down to milliseconds; each may be left out; a comma, "and", both, or a space stand between
// them. An empty text is 0. It fails with Malformed, BadNumber and Overflow, and with Unsupported for
// years and months other than 0, which have no fixed length.
func ParseDuration(text string) (int64, error) {
	if len(text) > longestDuration {
		return 0, problem(Malformed, "the duration %s has %d bytes; it may have %d", excerpt(text), len(text), longestDuration)
	}
	malformed := func(at int) error {
		return problem(Malformed, `the duration %s is not understood from %s on: allowed is for example "1 day, 2 hours and 30 minutes", with the units year, month, week, day, hour, minute, second, millisecond in this order`,
			excerpt(text), excerpt(text[at:]))
	}
	// What cannot be counted is an error only once the whole text is understood.
	var wrong error
	total, at, first := int64(0), 0, 0
	for at < len(text) {
		start := at
		if at > 0 {
			n := separator(text[at:])
			if n == 0 {
				return 0, malformed(at)
			}
			at += n
		}
		// The original reads ten digits at most, and eleven after a plus.
		sign, most := int64(1), 10
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			if text[at] == '-' {
				sign = -1
			} else {
				most = 11
			}
			at++
		}
		n := digitsAt(text, at, len(text))
		if n == 0 || n > most || at+n >= len(text) || text[at+n] != ' ' {
			return 0, malformed(start)
		}
		number := text[at : at+n]
		amount := int64(0)
		for _, c := range []byte(number) {
			amount = amount*10 + int64(c-'0')
		}
		at += n + 1
		unit, width := wordUnit(text[at:], first)
		if unit < 0 {
			return 0, malformed(start)
		}
		if amount *= sign; amount > math.MaxInt32 || amount < math.MinInt32 {
			return 0, problem(BadNumber, "the number %s in the duration %s does not fit into 32 bits", number, excerpt(text))
		}
		at += width
		first = unit + 1
		length := wordUnits[unit].length
		if length == 0 && amount != 0 {
			wrong = problem(Unsupported, "the duration %s has %ss, whose length is not fixed: use weeks, days or shorter units",
				excerpt(text), wordUnits[unit].name)
		}
		sum, ok := add(total, amount*length)
		if !ok {
			wrong = overflow("the duration %s", excerpt(text))
		}
		total = sum
	}
	if wrong != nil {
		return 0, wrong
	}
	return total, nil
}

// wordUnit returns the unit at the beginning of a text, looking from one unit on, and the length of its name.
func wordUnit(text string, from int) (unit, width int) {
	for i := from; i < len(wordUnits); i++ {
		name := wordUnits[i].name
		if n := len(name); len(text) >= n && strings.EqualFold(text[:n], name) {
			if len(text) > n && text[n]|0x20 == 's' {
				n++
			}
			return i, n
		}
	}
	return -1, 0
}

// separator returns the length of what stands between two parts.
func separator(text string) int {
	for _, s := range [...]string{", and ", " and ", ", ", ",", " "} {
		if len(text) >= len(s) && strings.EqualFold(text[:len(s)], s) {
			return len(s)
		}
	}
	return 0
}
