package sel

import (
	"fmt"
	"strconv"
	"time"
)

// checkTime fails if flags, width and precision do not go with %t.
func (d *directive) checkTime() error {
	if d.precision >= 0 {
		return badFormat("%%t takes no precision")
	}
	if err := d.refuse("#+ 0,("); err != nil {
		return err
	}
	if d.has('-') && d.width < 0 {
		return badFormat("the flag - needs a width in %s", quoted(d.text))
	}
	return nil
}

// timeText returns the part of the instant ms, in UTC, that the letter after %t stands for.
func timeText(part byte, ms int64) string {
	t := time.UnixMilli(ms).UTC()
	hour12 := (t.Hour()+11)%12 + 1
	half := "am"
	if t.Hour() >= 12 {
		half = "pm"
	}
	year := t.Year()
	if year <= 0 {
		year = 1 - year // the year of the era
	}
	two := func(n int) string { return fmt.Sprintf("%02d", n) }
	switch part {
	case 'H':
		return two(t.Hour())
	case 'I':
		return two(hour12)
	case 'k':
		return strconv.Itoa(t.Hour())
	case 'l':
		return strconv.Itoa(hour12)
	case 'M':
		return two(t.Minute())
	case 'S':
		return two(t.Second())
	case 'L':
		return fmt.Sprintf("%03d", t.Nanosecond()/1e6)
	case 'N':
		return fmt.Sprintf("%09d", t.Nanosecond())
	case 'p':
		return half
	case 'z':
		return "+0000"
	case 'Z':
		return "UTC"
	case 's':
		return strconv.FormatInt(ms/1000, 10)
	case 'Q':
		return strconv.FormatInt(ms, 10)
	case 'B':
		return t.Month().String()
	case 'b', 'h':
		return t.Month().String()[:3]
	case 'A':
		return t.Weekday().String()
	case 'a':
		return t.Weekday().String()[:3]
	case 'C':
		return two(year / 100)
	case 'Y':
		return fmt.Sprintf("%04d", year)
	case 'y':
		return two(year % 100)
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 'm':
		return two(int(t.Month()))
	case 'd':
		return two(t.Day())
	case 'e':
		return strconv.Itoa(t.Day())
	case 'R':
		return timeText('H', ms) + ":" + timeText('M', ms)
	case 'T':
		return timeText('R', ms) + ":" + timeText('S', ms)
	case 'r':
		return timeText('I', ms) + ":" + timeText('M', ms) + ":" + timeText('S', ms) + " " + map[string]string{"am": "AM", "pm": "PM"}[half]
	case 'D':
		return timeText('m', ms) + "/" + timeText('d', ms) + "/" + timeText('y', ms)
	case 'F':
		return fmt.Sprintf("%04d", t.Year()) + "-" + timeText('m', ms) + "-" + timeText('d', ms)
	}
	return timeText('a', ms) + " " + timeText('b', ms) + " " + timeText('d', ms) + " " + timeText('T', ms) + " UTC " + timeText('Y', ms)
}
