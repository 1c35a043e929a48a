package schedule

import (
	"testing"
	"time"

	"github.com/segue-run/segue/fault"
)

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]int64{
		"2 hours": 7_200_000, "2h": 7_200_000, "300s": 300_000, "3 minutes": 180_000, "2000 milliseconds": 2000,
		"1 d 1 h 1 min 1s 1ms": 90_061_001, "10 minutes 5 seconds 1 day": 87_005_000, "12345": 12_345_000, " 7 ": 7000, "1D2H": 93_600_000,
		"5mins": 300_000, "about 2 hrs or so": 7_200_000, "0s": 0, "-5": -5000, "1 min 40 s": 100_000,
	} {
		if got, err := ParseDuration(in); err != nil || got.Milliseconds() != want {
			t.Errorf("%q: got %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "abc"} {
		if got, err := ParseDuration(in); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%q: got %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"5 m", "5  hours", "h", "1.5", "99999999999999999999", "99999999999999999999 d", "9223372036854775807 days", "9223372036854775807ms 1ms", "9223372036854775807", "-5s", "1.5h", "1d -2h", "1,5 h", ".5h"} {
		if got, err := ParseDuration(in); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%q: got %d, %v", in, got, err)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	f.Add("1d 2 hours 3min")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ParseDuration(text); err != nil && !fault.Is(err, fault.BadRequest) {
			t.Fatal(err)
		}
	})
}

// TestParseAge: what is not understood as a whole is refused, since history that was removed does not come back.
func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "90d": 90 * day, " 30 days ": 30 * day, "1d6h": day + 6*time.Hour, "1 day, 6 hours and 5 min": day + 6*time.Hour + 5*time.Minute,
		"1D 2 SEC": day + 2*time.Second, "0d": 0,
	} {
		if got, err := ParseAge(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "90", "-1", "-1d", "1.5d", "2 weeks 1 day", "1y 6h", "1 half year", "about 3 days", "3 days or so", "5 dogs", "and 3 days", "3  days", "99999999999999999999d"} {
		if got, err := ParseAge(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
