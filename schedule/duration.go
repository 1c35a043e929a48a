package schedule

import (
	"math"
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
)

// units are the spellings of the units; of those that begin alike the longest comes first.
var units = [...]struct {
	name   string
	millis int64
}{
	{"days", 86_400_000}, {"day", 86_400_000}, {"d", 86_400_000},
	{"hours", 3_600_000}, {"hour", 3_600_000}, {"h", 3_600_000},
	{"minutes", 60_000}, {"minute", 60_000}, {"min", 60_000},
	{"milliseconds", 1}, {"millisecond", 1}, {"ms", 1},
	{"seconds", 1000}, {"second", 1000}, {"sec", 1000}, {"s", 1000},
}

// ParseDuration reads a length of time in milliseconds: an integer is seconds; anything else is searched for groups of
// a number and a unit ("1d 1h 10min", one space allowed between), which add up. Text between the groups is skipped, as
// in the original ("5 mins", "2 hrs"). Without any group the text is not a duration.
func ParseDuration(text string) (millis int64, err error) {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return multiply(text, seconds, 1000)
	}
	found := false
	for i := 0; i < len(text); {
		if text[i] < '0' || text[i] > '9' {
			i++
			continue
		}
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		number := text[from:i]
		end, unit := i, int64(0)
		rest := strings.TrimPrefix(text[i:], " ")
		for _, u := range units {
			if len(rest) >= len(u.name) && strings.EqualFold(rest[:len(u.name)], u.name) {
				end, unit = len(text)-len(rest)+len(u.name), u.millis
				break
			}
		}
		if unit == 0 {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, tooLong(text)
		}
		part, err := multiply(text, n, unit)
		if err != nil || millis > math.MaxInt64-part {
			return 0, tooLong(text)
		}
		millis += part
		found = true
		i = end
	}
	if !found {
		return 0, fault.New(fault.BadRequest, "%q is not a duration; want seconds or groups like 1d 2h 3min 4s 5ms", text)
	}
	return millis, nil
}

func multiply(text string, n, by int64) (int64, error) {
	if n > math.MaxInt64/by || n < math.MinInt64/by {
		return 0, tooLong(text)
	}
	return n * by, nil
}

func tooLong(text string) error {
	return fault.New(fault.BadRequest, "the duration %q is too long", text)
}
