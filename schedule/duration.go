package schedule

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/segue-run/segue/fault"
)

const day = 24 * time.Hour

// units are the spellings of the units; of those that begin alike the longest comes first.
var units = [...]struct {
	name string
	unit time.Duration
}{
	{"days", day}, {"day", day}, {"d", day},
	{"hours", time.Hour}, {"hour", time.Hour}, {"h", time.Hour},
	{"minutes", time.Minute}, {"minute", time.Minute}, {"min", time.Minute},
	{"milliseconds", time.Millisecond}, {"millisecond", time.Millisecond}, {"ms", time.Millisecond},
	{"seconds", time.Second}, {"second", time.Second}, {"sec", time.Second}, {"s", time.Second},
}

// ParseDuration reads a length of time as people write it: an integer is seconds; anything else is searched for groups
// of a number and a unit ("1d 1h 10min", one space allowed between), which add up. Text between the groups is skipped,
// as in the original ("5 mins", "2 hrs"), but a sign or a fraction before a group is refused: there "1.5h" is five hours
// and "-5s" five seconds. Without any group the text is not a duration. The result is a multiple of a
// millisecond.
func ParseDuration(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return multiply(text, seconds, time.Second)
	}
	sum, found := time.Duration(0), false
	for i := 0; i < len(text); {
		if text[i] < '0' || text[i] > '9' {
			i++
			continue
		}
		if i > 0 && (text[i-1] == '-' || text[i-1] == '.' || text[i-1] == ',') {
			return 0, fault.New(fault.BadRequest, "the duration %q has a sign or a fraction; want whole seconds or groups like 1d 2h 3min 4s 5ms", text)
		}
		from := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		number, rest := text[from:i], strings.TrimPrefix(text[i:], " ")
		var unit time.Duration
		for _, u := range units {
			if len(rest) >= len(u.name) && strings.EqualFold(rest[:len(u.name)], u.name) {
				unit, rest = u.unit, rest[len(u.name):]
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
		if err != nil || sum > math.MaxInt64-part {
			return 0, tooLong(text)
		}
		sum += part
		found = true
		i = len(text) - len(rest)
	}
	if !found {
		return 0, fault.New(fault.BadRequest, "%q is not a duration; want seconds or groups like 1d 2h 3min 4s 5ms", text)
	}
	return sum, nil
}

// wholeAge is a text of which ParseDuration skips nothing.
var wholeAge = regexp.MustCompile(`(?i)^\s*(?:[0-9]+ ?(?:days?|d|hours?|h|minutes?|min|milliseconds?|ms|seconds?|sec|s))(?:(?:[\s,]+(?:and\s+)?)?(?:[0-9]+ ?(?:days?|d|hours?|h|minutes?|min|milliseconds?|ms|seconds?|sec|s)))*\s*$`)

// ParseAge is ParseDuration for what cannot be undone: it skips no text and takes no number without a unit, except 0.
func ParseAge(text string) (time.Duration, error) {
	if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil && n >= 0 {
		if n == 0 {
			return 0, nil
		}
		return 0, fault.New(fault.BadRequest, "%q has no unit; say %dd for days", text, n)
	}
	if !wholeAge.MatchString(text) {
		return 0, fault.New(fault.BadRequest, "%q is not a length of time such as 90d, 12h or 1 day 6 hours", text)
	}
	return ParseDuration(text)
}

func multiply(text string, n int64, by time.Duration) (time.Duration, error) {
	if n > math.MaxInt64/int64(by) || n < math.MinInt64/int64(by) {
		return 0, tooLong(text)
	}
	return time.Duration(n) * by, nil
}

func tooLong(text string) error {
	return fault.New(fault.BadRequest, "the duration %q is too long", text)
}
