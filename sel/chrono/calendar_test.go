package chrono

import (
	"math"
	"testing"
	"time"
)

func TestDaysAndDatesAgreeWithPackageTime(t *testing.T) {
	check := func(days int64) {
		t.Helper()
		year, month, day := dateOf(days)
		want := time.Unix(days*86400, 0).UTC()
		if wy, wm, wd := want.Date(); year != wy || month != int(wm) || day != wd {
			t.Fatalf("day %d is %d-%d-%d, want %s", days, year, month, day, want)
		}
		if back := daysOf(year, month, day); back != days {
			t.Fatalf("%d-%d-%d is day %d, want %d", year, month, day, back, days)
		}
		weekyear, week := weekOf(days)
		if wy, ww := want.ISOWeek(); weekyear != wy || week != ww {
			t.Fatalf("day %d is in week %d of %d, want %d of %d", days, week, weekyear, ww, wy)
		}
		if got := DayOfYear.of(days * millisPerDay); got != want.YearDay() {
			t.Fatalf("day %d is day %d of the year, want %d", days, got, want.YearDay())
		}
		if got, want := weekdayOf(days), (int(want.Weekday())+6)%7+1; got != want {
			t.Fatalf("day %d is weekday %d, want %d", days, got, want)
		}
	}
	for days := int64(-800_000); days < 200_000; days++ {
		check(days)
	}
	for days := int64(math.MinInt64/millisPerDay) + 1; days < math.MaxInt64/millisPerDay-3_000_017; days += 3_000_017 {
		check(days)
	}
}

func TestComposeReachesTheEndsOfTime(t *testing.T) {
	for _, ms := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64} {
		days := floorDiv(ms, millisPerDay)
		if got, ok := compose(days, ms-days*millisPerDay); !ok || got != ms {
			t.Errorf("compose of %d = %d, %v", ms, got, ok)
		}
	}
	last := floorDiv(math.MaxInt64, millisPerDay)
	if _, ok := compose(last, millisPerDay-1); ok {
		t.Error("the end of the last day fits, want not")
	}
	first := floorDiv(math.MinInt64, millisPerDay)
	if _, ok := compose(first, 0); ok {
		t.Error("the start of the first day fits, want not")
	}
	if _, ok := compose(first-1, millisPerDay-1); ok {
		t.Error("the day before the first fits, want not")
	}
}

// Setting a field to the value it has changes nothing, and the floor of a field keeps it.
func TestFieldsKeepWhatTheyHave(t *testing.T) {
	for local := int64(-70_000_000_000_000); local < 70_000_000_000_000; local += 1_234_567_890_123 {
		for f := CenturyOfEra; f <= MillisOfSecond; f++ {
			value := f.of(local)
			if same, err := f.with(local, value); err != nil || same != local {
				t.Fatalf("%s of %d set to %d again: %d, %v", f, local, value, same, err)
			}
			if floor := f.floor(local); f.of(floor) != value || floor > local && f != CenturyOfEra {
				t.Fatalf("floor of %s of %d is %d, with value %d instead of %d", f, local, floor, f.of(floor), value)
			}
			least, most := f.bounds(local)
			for _, v := range []int{least - 1, most + 1} {
				if _, err := f.with(local, v); f != Weekyear && err == nil {
					t.Fatalf("%s of %d can be set to %d, outside %d to %d", f, local, v, least, most)
				}
			}
		}
	}
}
