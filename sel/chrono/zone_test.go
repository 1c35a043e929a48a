package chrono

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Every zone is laid out as a table; package time says what must be in it.
func TestZonesAgreeWithTheirRules(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for id, data := range database().data {
		rules, err := time.LoadLocationFromTZData(id, data)
		if err != nil {
			t.Fatal(err)
		}
		z, err := Lookup(id)
		if err != nil || z.ID() != id {
			t.Fatalf("zone %s is %v, %v", id, z, err)
		}
		if z == UTC {
			continue
		}
		check := func(millis int64) {
			_, want := time.UnixMilli(millis).In(rules).Zone()
			if got := z.Offset(millis); got != int64(want)*millisPerSecond {
				t.Fatalf("offset of %s at %s is %d s, want %d s", id, At(millis, nil), got/millisPerSecond, want)
			}
		}
		for range 300 {
			check(random.Int64N(12_000_000_000_000) - 6_000_000_000_000)
			check(random.Int64N(40_000_000_000_000)) // beyond the table
		}
		for _, s := range z.spans[1:] {
			check(s.start)
			check(s.start - 1)
			if next, ok := z.next(s.start - 1); !ok || next != s.start {
				t.Fatalf("after %d zone %s changes at %d, %v; want at %d", s.start-1, id, next, ok, s.start)
			}
			if before, ok := z.previous(s.start); !ok || before != s.start-1 {
				t.Fatalf("before %d zone %s changes at %d, %v", s.start, id, before, ok)
			}
		}
	}
}

// An instant's local time leads back to it, or to the same local time of an earlier offset.
func TestLocalTimesLeadBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, id := range Zones() {
		z, err := Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			millis := random.Int64N(8_000_000_000_000) - 4_000_000_000_000
			if i := random.IntN(max(len(z.spans), 1)); i > 0 && random.IntN(2) == 0 {
				millis = z.spans[i].start + random.Int64N(4*millisPerHour) - 2*millisPerHour
			}
			local := millis + z.Offset(millis)
			back := local - z.offsetAtLocal(local)
			if back > millis || back+z.Offset(back) != local {
				t.Fatalf("%s at %d: local %d leads back to %d, whose local time is %d", id, millis, local, back, back+z.Offset(back))
			}
			if kept, err := z.keepOffset(local, millis); err != nil || kept != millis {
				t.Fatalf("%s at %d: keeping the offset gives %d, %v", id, millis, kept, err)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for id, want := range map[string]string{
		"UTC": "UTC", "US/Pacific": "America/Los_Angeles", "GMT": "Etc/GMT", "Zulu": "Etc/UTC", "EST": "EST", "+05:30": "+05:30",
		"-0800": "-08:00", "+01:02:03.004": "+01:02:03.004", "-00:00": "UTC", "+23:59:59.999": "+23:59:59.999", "+01": "+01:00",
		"Europe/Kiev": "Europe/Kiev", "America/Ciudad_Juarez": "America/Ciudad_Juarez",
	} {
		if z, err := Lookup(id); err != nil || z.ID() != want {
			t.Errorf("zone %q is %v, %v; want %s", id, z, err, want)
		}
	}
	for _, id := range []string{
		"", "Z", "UT", "PST", "GMT+1", "UTC+1", "utc", "america/los_angeles", "Local", "local", "Factory", "+1", "01:00", "+24:00",
		"+01:60", "+01:", "../zone.tab", "/etc/passwd", "America", "America/", "UTC ", "Europe/Kyiv", "+05:30:", "-08:00x",
	} {
		if z, err := Lookup(id); problemIn(err) != "malformed" {
			t.Errorf("zone %q is %v, %v; want it refused", id, z, err)
		}
	}
	if ids := Zones(); len(ids) != 596 || !slices.IsSorted(ids) {
		t.Errorf("%d zones, sorted: %v", len(ids), slices.IsSorted(ids))
	}
}

// problemIn names the problem of an error, for tests.
func problemIn(err error) string {
	e, ok := err.(*Error)
	if !ok {
		return ""
	}
	return [...]string{"malformed", "field", "gap", "overflow", "number", "unsupported"}[e.Problem]
}
