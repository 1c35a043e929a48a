package chrono

import (
	"math"
	"testing"
)

// Whatever the pattern and the text, there is an answer or an error of this package; what a pattern prints is bounded
// by its length.
func FuzzPattern(f *testing.F) {
	for _, seed := range []struct {
		pattern, text string
		millis        int64
	}{
		{"yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "2019-01-01T10:20:30.123+02:00", 0},
		{"EEE d MMM yy G hh:mm a z", "Mon 4 Jul 21 AD 01:30 PM PST", 1546387187655},
		{"xxxx-'W'ww-e kk K D S", "2019-W05-3 24 11 366 5", math.MaxInt64},
		{"CCyy ZZZ ''", "2019 America/Los_Angeles '", math.MinInt64},
		{"é'日本'Y", "É日本-5", -62198755200000},
	} {
		f.Add(seed.pattern, seed.text, seed.millis)
	}
	zones := Zones()
	f.Fuzz(func(t *testing.T, pattern, text string, millis int64) {
		p, err := compile(pattern)
		if err != nil {
			if problemIn(err) != "malformed" {
				t.Fatalf("compile %q: %v", pattern, err)
			}
			return
		}
		zone, err := Lookup(zones[uint64(millis)%uint64(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		printed := p.Append(nil, At(millis, zone))
		if len(printed) > 60*(len(pattern)+1) {
			t.Fatalf("%q prints %d bytes", pattern, len(printed))
		}
		for _, s := range []string{text, string(printed)} {
			if d, err := p.Parse(s, Reader{Default: zone, Now: millis}); err != nil && problemIn(err) == "" {
				t.Fatalf("parse %q with %q: %s, %v", s, pattern, d, err)
			}
		}
	})
}

// The form in which a date prints itself reads back as the same date.
func FuzzISO(f *testing.F) {
	for _, text := range []string{
		"2019-01-01T10:20:30.123456Z", "2019-W05-3T10.5", "-0005-12-31", "2019-365T10:20.25-0800", "T10", "20190101", "2019-01-01T24:00", "2019-01-01TZ",
	} {
		f.Add(text, int64(1546387187655))
	}
	zones := Zones()
	f.Fuzz(func(t *testing.T, text string, millis int64) {
		zone, err := Lookup(zones[uint64(millis)%uint64(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		if d, err := ParseISO(text, zone); err != nil && problemIn(err) == "" {
			t.Fatalf("parse %q: %s, %v", text, d, err)
		}
		d := At(millis, zone)
		// Years of more than nine digits and the cut years do not exist in the other direction.
		if back, err := ParseISO(d.String(), zone); err != nil || back.Millis() != millis {
			t.Fatalf("%s of %d reads back as %d, %v", d, millis, back.Millis(), err)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"", "1 day, 2 hours and 30 minutes", "+1 week, and -5 MILLISECONDS", "0 years 1 day", "99999999999 days", "1 fortnight"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := ParseDuration(text); err != nil && problemIn(err) == "" {
			t.Fatalf("%q: %d, %v", text, n, err)
		}
		if z, err := Lookup(text); err == nil {
			if again, err := Lookup(z.ID()); err != nil || again.ID() != z.ID() {
				t.Fatalf("zone %q has the id %q, which leads to %v, %v", text, z.ID(), again, err)
			}
		}
	})
}
