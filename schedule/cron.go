package schedule

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-run/segue/fault"
)

// Expression is a cron expression: five fields as in Unix (minute hour day month weekday), or six or seven as in Quartz
// (second minute hour day month weekday [year]).
type Expression struct {
	second, minute, hour uint64 // a bit for each value that fits
	month                uint64
	day                  days
	year                 []int // in order; nil = every one
	// either says that a day fits if one of the restricted day fields fits, as in Unix; else both must.
	either bool
}

// days are the two fields that choose days.
type days struct {
	ofMonth, ofWeek     uint64 // weekday: 0 = Sunday
	anyMonth, anyWeek   bool   // the field is * or ?
	last                bool   // L: the last day of the month
	lastBut             int    // L-n
	nearest             int    // nW: the weekday nearest to day n
	lastWeekday         bool   // LW
	lastOfWeek, nth, of int    // 6L: the last Friday (lastOfWeek = weekday+1); 6#3: the third Friday (of = weekday+1, nth = 3)
}

// Zone is a time zone: Offset returns what is added to a UTC instant (both in milliseconds) to get the wall clock.
type Zone interface{ Offset(millis int64) int64 }

type field struct {
	name     string
	min, max int
	names    []string // of min, min+1, …
}

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	dayNames   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

	seconds     = field{"second", 0, 59, nil}
	minutes     = field{"minute", 0, 59, nil}
	hours       = field{"hour", 0, 23, nil}
	monthDays   = field{"day of month", 1, 31, nil}
	months      = field{"month", 1, 12, monthNames}
	unixDays    = field{"day of week", 0, 7, dayNames}
	quartzDays  = field{"day of week", 1, 7, dayNames}
	quartzYears = field{"year", 1970, 2099, nil}
)

// ParseCron reads an expression: Unix with five fields, Quartz with six or seven.
func ParseCron(text string) (*Expression, error) {
	fields := strings.Fields(text)
	var e *Expression
	var err error
	switch len(fields) {
	case 5:
		e, err = parseUnix(fields)
	case 6, 7:
		e, err = parseQuartz(fields)
	default:
		err = fault.New(fault.BadRequest, "want five fields (Unix) or six or seven (Quartz), not %d", len(fields))
	}
	if err != nil {
		return nil, fault.In(err, "cron expression %q", text)
	}
	return e, nil
}

func parseUnix(f []string) (e *Expression, err error) {
	e = &Expression{second: 1, either: true}
	if e.minute, err = minutes.parse(f[0]); err != nil {
		return nil, err
	}
	if e.hour, err = hours.parse(f[1]); err != nil {
		return nil, err
	}
	if e.day.ofMonth, err = monthDays.parse(f[2]); err != nil {
		return nil, err
	}
	if e.month, err = months.parse(f[3]); err != nil {
		return nil, err
	}
	if e.day.ofWeek, err = unixDays.parse(f[4]); err != nil {
		return nil, err
	}
	e.day.ofWeek = (e.day.ofWeek | e.day.ofWeek>>7) & 0x7f // 7 is Sunday too
	e.day.anyMonth, e.day.anyWeek = f[2] == "*", f[4] == "*"
	return e, nil
}

func parseQuartz(f []string) (e *Expression, err error) {
	e = new(Expression)
	if e.second, err = seconds.parse(f[0]); err != nil {
		return nil, err
	}
	if e.minute, err = minutes.parse(f[1]); err != nil {
		return nil, err
	}
	if e.hour, err = hours.parse(f[2]); err != nil {
		return nil, err
	}
	if e.month, err = months.parse(f[4]); err != nil {
		return nil, err
	}
	if (f[3] == "?") == (f[5] == "?") {
		return nil, fault.New(fault.BadRequest, "exactly one of day of month and day of week must be ?")
	}
	if err := e.day.quartzMonth(f[3]); err != nil {
		return nil, err
	}
	if err := e.day.quartzWeek(f[5]); err != nil {
		return nil, err
	}
	if len(f) == 7 && f[6] != "*" {
		return e, e.parseYears(f[6])
	}
	return e, nil
}

// quartzMonth reads a day of the month: besides numbers ?, L, L-n, LW and nW.
func (d *days) quartzMonth(text string) (err error) {
	upper := strings.ToUpper(text)
	switch {
	case text == "?" || text == "*":
		d.anyMonth = true
	case upper == "L":
		d.last = true
	case upper == "LW":
		d.lastWeekday = true
	case strings.HasPrefix(upper, "L-"):
		d.last = true
		d.lastBut, err = number(upper[2:], 0, 30, "days before the last one")
	case strings.HasSuffix(upper, "W"):
		d.nearest, err = number(upper[:len(upper)-1], 1, 31, monthDays.name)
	default:
		d.ofMonth, err = monthDays.parse(text)
	}
	return err
}

// quartzWeek reads a weekday, 1 = Sunday: besides numbers and names ?, L, nL and n#m.
func (d *days) quartzWeek(text string) (err error) {
	upper := strings.ToUpper(text)
	before, after, isNth := strings.Cut(upper, "#")
	switch {
	case text == "?" || text == "*":
		d.anyWeek = true
	case upper == "L":
		d.ofWeek = 1 << 6
	case isNth:
		if d.of, err = quartzDays.value(before); err == nil {
			d.nth, err = number(after, 1, 5, "week of the month")
		}
	case len(upper) > 1 && strings.HasSuffix(upper, "L"):
		d.lastOfWeek, err = quartzDays.value(upper[:len(upper)-1])
	default:
		d.ofWeek, err = quartzDays.parse(text)
		d.ofWeek >>= 1
	}
	return err
}

func (e *Expression) parseYears(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		from, to, step, err := quartzYears.span(part)
		if err != nil {
			return err
		}
		for y := from; y <= to; y += step {
			e.year = append(e.year, y)
		}
	}
	slices.Sort(e.year)
	return nil
}

// parse reads lists of *, n, n-m, each with an optional /step.
func (f *field) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, step, err := f.span(part)
		if err != nil {
			return 0, err
		}
		for v := from; v <= to; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

func (f *field) span(part string) (from, to, step int, err error) {
	step = 1
	values, every, stepped := strings.Cut(part, "/")
	if stepped {
		if step, err = number(every, 1, f.max, "step of "+f.name); err != nil {
			return
		}
	}
	if values == "*" {
		return f.min, f.max, step, nil
	}
	first, last, ranged := strings.Cut(values, "-")
	if from, err = f.value(first); err != nil {
		return
	}
	switch {
	case ranged:
		if to, err = f.value(last); err == nil && to < from {
			err = fault.New(fault.BadRequest, "the %s range %s runs backwards", f.name, values)
		}
	case stepped:
		to = f.max
	default:
		to = from
	}
	return
}

func (f *field) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.min + i, nil
		}
	}
	return number(text, f.min, f.max, f.name)
}

func number(text string, low, high int, what string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high || text[0] == '+' {
		return 0, fault.New(fault.BadRequest, "%s is %q; it must be from %d to %d", what, text, low, high)
	}
	return n, nil
}

// horizon is how many years ahead Next looks: a 29 February that must be a Monday comes at most 40 years later.
const horizon = 41

// Next returns the first instant after another one (both in epoch milliseconds) at which the expression fires on the
// wall clock of a zone; false if there is none within some forty years. Each wall-clock time fires once: one that the
// zone skips fires as much later as the clock jumps, one that it repeats fires the first time.
func (e *Expression) Next(after int64, zone Zone) (int64, bool) {
	wall := time.UnixMilli(after + zone.Offset(after)).UTC().Truncate(time.Second)
	end := wall.Year() + horizon
	for {
		var ok bool
		if wall, ok = e.nextWall(wall.Add(time.Second), end); !ok {
			return 0, false
		}
		if at, ok := instant(wall.UnixMilli(), after, zone); ok {
			return at, true
		}
	}
}

// instant returns when the wall clock of a zone shows a time, if that is after another instant.
func instant(wall, after int64, zone Zone) (int64, bool) {
	const day = 86_400_000
	before, later := zone.Offset(wall-day), zone.Offset(wall+day)
	first, second := wall-before, wall-later
	isFirst, isSecond := zone.Offset(first) == before, zone.Offset(second) == later
	switch {
	case isFirst && first > after:
		return first, true
	case isSecond && second > after:
		return second, true
	case !isFirst && !isSecond && first > after: // skipped
		return first, true
	}
	return 0, false
}

// nextWall returns the first wall-clock time from t on that fits.
func (e *Expression) nextWall(t time.Time, end int) (time.Time, bool) {
	for t.Year() <= end {
		if e.year != nil {
			i, _ := slices.BinarySearch(e.year, t.Year())
			if i == len(e.year) {
				return t, false
			}
			if e.year[i] != t.Year() {
				t = time.Date(e.year[i], 1, 1, 0, 0, 0, 0, time.UTC)
				continue
			}
		}
		if m := next(e.month, int(t.Month())); m != int(t.Month()) {
			t = time.Date(t.Year(), time.Month(min(m, 13)), 1, 0, 0, 0, 0, time.UTC) // 13 is January
			continue
		}
		if !e.fitsDay(t) {
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if h := next(e.hour, t.Hour()); h != t.Hour() {
			t = time.Date(t.Year(), t.Month(), t.Day(), min(h, 24), 0, 0, 0, time.UTC)
			continue
		}
		if m := next(e.minute, t.Minute()); m != t.Minute() {
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), min(m, 60), 0, 0, time.UTC)
			continue
		}
		if s := next(e.second, t.Second()); s != t.Second() {
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), min(s, 60), 0, time.UTC)
			continue
		}
		return t, true
	}
	return t, false
}

// next returns the lowest member of a set that is at least v; 64 if there is none.
func next(set uint64, v int) int { return bits.TrailingZeros64(set >> v << v) }

func (e *Expression) fitsDay(t time.Time) bool {
	month, week := e.day.fitsMonth(t), e.day.fitsWeek(t)
	if e.either && !e.day.anyMonth && !e.day.anyWeek {
		return month || week
	}
	return month && week
}

func (d *days) fitsMonth(t time.Time) bool {
	last := time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	switch {
	case d.anyMonth:
		return true
	case d.last:
		return t.Day() == last-d.lastBut
	case d.lastWeekday:
		return t.Day() == nearestWeekday(t, last, last)
	case d.nearest > 0:
		return d.nearest <= last && t.Day() == nearestWeekday(t, d.nearest, last)
	}
	return d.ofMonth>>t.Day()&1 == 1
}

// nearestWeekday returns the day from Monday to Friday that is nearest to a day, in the same month.
func nearestWeekday(t time.Time, day, last int) int {
	switch time.Date(t.Year(), t.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == last {
			return day - 2
		}
		return day + 1
	}
	return day
}

func (d *days) fitsWeek(t time.Time) bool {
	weekday := int(t.Weekday())
	switch {
	case d.anyWeek:
		return true
	case d.of > 0:
		return weekday == d.of-1 && (t.Day()-1)/7+1 == d.nth
	case d.lastOfWeek > 0:
		return weekday == d.lastOfWeek-1 && t.AddDate(0, 0, 7).Month() != t.Month()
	}
	return d.ofWeek>>weekday&1 == 1
}
