package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/segue-run/segue/fault"
)

// located is a Zone of the standard library.
type located struct{ *time.Location }

func (l located) Offset(millis int64) int64 {
	_, offset := time.UnixMilli(millis).In(l.Location).Zone()
	return int64(offset) * 1000
}

func TestCronNext(t *testing.T) {
	for _, c := range []struct{ expr, zone, after, want string }{ // times on the zone's wall clock, with its offset
		{"0 0 * * *", "UTC", "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z 2024-03-01T00:00:00Z"},
		{"*/2 * * * *", "UTC", "2024-01-01T00:00:30Z", "2024-01-01T00:02:00Z 2024-01-01T00:04:00Z"},
		{"30 4 1,15 * 5", "UTC", "2024-03-01T05:00:00Z", "2024-03-08T04:30:00Z 2024-03-15T04:30:00Z 2024-03-22T04:30:00Z"}, // either day
		{"0 12 * * MON-FRI", "UTC", "2024-03-01T12:00:00Z", "2024-03-04T12:00:00Z"},
		{"0 0 * * 7", "UTC", "2024-03-01T12:00:00Z", "2024-03-03T00:00:00Z 2024-03-10T00:00:00Z"},
		{"0 0 29 2 *", "UTC", "2024-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"59 23 31 12 *", "UTC", "2024-12-31T23:59:00Z", "2025-12-31T23:59:00Z"},
		{"0 0 1 jan-mar/2 *", "UTC", "2024-01-01T00:00:00Z", "2024-03-01T00:00:00Z 2025-01-01T00:00:00Z"},
		{"0 0 12 1/1 * ? *", "US/Pacific", "2024-03-09T12:00:00-08:00", "2024-03-10T12:00:00-07:00"},
		{"0 0 13 1 * ? *", "UTC", "2024-03-01T13:00:00Z", "2024-04-01T13:00:00Z"},
		{"15,45 */20 8-10 ? * MON#1", "UTC", "2024-03-04T08:20:20Z", "2024-03-04T08:20:45Z 2024-03-04T08:40:15Z"},
		{"0 0 0 L * ?", "UTC", "2024-02-01T00:00:00Z", "2024-02-29T00:00:00Z 2024-03-31T00:00:00Z"},
		{"0 0 0 L-3 * ?", "UTC", "2024-02-01T00:00:00Z", "2024-02-26T00:00:00Z"},
		{"0 0 0 LW * ?", "UTC", "2024-03-01T00:00:00Z", "2024-03-29T00:00:00Z"},
		{"0 0 0 15W * ?", "UTC", "2024-06-01T00:00:00Z", "2024-06-14T00:00:00Z"},
		{"0 0 0 1W * ?", "UTC", "2024-05-31T00:00:00Z", "2024-06-03T00:00:00Z"},
		{"0 0 0 ? * 6L", "UTC", "2024-03-01T00:00:00Z", "2024-03-29T00:00:00Z"},
		{"0 0 0 ? * 6#3", "UTC", "2024-03-01T00:00:00Z", "2024-03-15T00:00:00Z"},
		{"0 0 0 ? * 1", "UTC", "2024-03-01T00:00:00Z", "2024-03-03T00:00:00Z"},
		{"0 0 0 1 1 ? 2030,2026", "UTC", "2024-03-01T00:00:00Z", "2026-01-01T00:00:00Z 2030-01-01T00:00:00Z none"},
		{"0 0 31 2 *", "UTC", "2024-03-01T00:00:00Z", "none"},
		// 02:30 is skipped on 10 March; it fires as much later as the clock jumps.
		{"30 2 * * *", "US/Pacific", "2024-03-09T03:00:00-08:00", "2024-03-10T03:30:00-07:00 2024-03-11T02:30:00-07:00"},
		// 01:30 comes twice on 3 November; it fires the first time.
		{"30 1 * * *", "US/Pacific", "2024-11-02T02:00:00-07:00", "2024-11-03T01:30:00-07:00 2024-11-04T01:30:00-08:00"},
		{"30 1 * * *", "US/Pacific", "2024-11-03T01:10:00-08:00", "2024-11-03T01:30:00-08:00"},
		{"0 0 * * *", "Asia/Tokyo", "2024-03-01T00:00:00+09:00", "2024-03-02T00:00:00+09:00"},
	} {
		e, err := ParseCron(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Skipf("no time zones here: %v", err)
		}
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		at := after.UnixMilli()
		for _, want := range strings.Fields(c.want) {
			next, ok := e.Next(at, located{loc})
			got := time.UnixMilli(next).In(loc).Format(time.RFC3339)
			if !ok {
				got = "none"
			}
			if got != want {
				t.Errorf("%s in %s after %s: got %s, want %s", c.expr, c.zone, time.UnixMilli(at).In(loc).Format(time.RFC3339), got, want)
				break
			}
			at = next
		}
	}
}

func TestCronErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "want five fields (Unix) or six or seven (Quartz), not 0",
		"* * * *":           "not 4",
		"0 30 * * *":        `hour is "30"; it must be from 0 to 23`,
		"60 * * * *":        `minute is "60"`,
		"* * 0 * *":         `day of month is "0"`,
		"* * * 13 *":        `month is "13"`,
		"* * * * 8":         `day of week is "8"`,
		"5-1 * * * *":       "the minute range 5-1 runs backwards",
		"*/0 * * * *":       `step of minute is "0"`,
		"a * * * *":         `minute is "a"`,
		"1,,2 * * * *":      `minute is ""`,
		"+1 * * * *":        `minute is "+1"`,
		"0 0 12 * * *":      "exactly one of day of month and day of week must be ?",
		"0 0 12 ? * ?":      "exactly one of day of month and day of week must be ?",
		"0 0 12 1 * ? 1800": `year is "1800"`,
		"0 0 12 ? * 2#9":    `week of the month is "9"`,
		"0 0 12 ? * 9L":     `day of week is "9"`,
		"0 0 12 40W * ?":    `day of month is "40"`,
		"0 0 12 L-99 * ?":   `days before the last one is "99"`,
		"* * * * * ? * *":   "not 8",
	} {
		if e, err := ParseCron(in); !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want %s", in, e, err, want)
		}
	}
}

func FuzzCron(f *testing.F) {
	f.Add("0 0 12 1/1 * ? *", int64(1_700_000_000_000))
	f.Add("*/5 1-3 29 FEB SUN", int64(0))
	f.Fuzz(func(t *testing.T, text string, after int64) {
		e, err := ParseCron(text)
		if err != nil || after < 0 || after > 4e12 {
			return
		}
		if next, ok := e.Next(after, located{time.UTC}); ok && next <= after {
			t.Fatalf("%q: %d is not after %d", text, next, after)
		}
	})
}
