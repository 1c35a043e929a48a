package chrono

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
)

func mustCompile(t testing.TB, source string) *Pattern {
	t.Helper()
	p, err := Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What an author sees when a pattern or a date is wrong: the text, the place, and what is allowed.
func TestErrorsSayWhatIsWrong(t *testing.T) {
	la, err := Lookup("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	parse := func(pattern, text string) error {
		p, err := Compile(pattern)
		if err != nil {
			return err
		}
		_, err = p.Parse(text, Reader{Zone: la})
		return err
	}
	_, unknown := Lookup("Mars/Olympus")
	_, renamed := Lookup("Europe/Kyiv")
	_, words := ParseDuration("3 hours and 1 day")
	for _, c := range []struct {
		err  error
		want string
	}{
		{parse("", "x"), `the date pattern is empty`},
		{parse("yyyy-QQ", "x"), `the date pattern "yyyy-QQ" has the letter 'Q', which stands for nothing: put text in 'quotes'; the letters are GCYyxweEDMdaKhHkmsSzZ`},
		{parse("'", "x"), `the date pattern "'" has nothing in it: a quote is written ''`},
		{parse(strings.Repeat("y", 1001), "x"), `the letter 'y' is repeated 1001 times in the date pattern "` + strings.Repeat("y", 60) + `"…: at most 1000 are allowed`},
		{parse(strings.Repeat("-", 10001), "x"), `the date pattern "` + strings.Repeat("-", 60) + `"… has 10001 bytes: at most 10000 are allowed`},
		{parse("yyyyMMdd", "2019-01-01"), `the date "2019-01-01" does not have the form "yyyyMMdd": it differs from "-01-01" on`},
		{parse("yyyyMMdd", "201901"), `the date "201901" is too short for the form "yyyyMMdd"`},
		{parse("yyyyMMdd", ""), `an empty text is no date of the form "yyyyMMdd"`},
		{parse("yyyyMMdd", "20190230"), `the date "20190230" cannot be: dayOfMonth 30 is out of range: allowed is 1 to 28`},
		{parse("yyyyMMddHHmm", "201903100230"), `the date "201903100230" cannot be: the clocks of zone America/Los_Angeles skip the local time 2019-03-10T02:30:00.000`},
		{parse("yyyy zzzz", "2019 x"), `the date pattern "yyyy zzzz" can print but not read`},
		{unknown, `time zone "Mars/Olympus" is not known: allowed are the names of the tz database in their exact spelling, such as America/Los_Angeles, UTC, and offsets such as +05:30`},
		{renamed, `time zone "Europe/Kyiv" is not known: write "Europe/Kiev", the id by which the language knows this zone`},
		{words, `the duration "3 hours and 1 day" is not understood from " and 1 day" on: allowed is for example "1 day, 2 hours and 30 minutes", with the units year, month, week, day, hour, minute, second, millisecond in this order`},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("error %v\nwant  %s", c.err, c.want)
		}
	}
}

func TestOverflowIsAnError(t *testing.T) {
	tokyo, err := Lookup("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	last, late := At(math.MaxInt64, tokyo), At(math.MaxInt64-1, tokyo)
	if last.Zone() != UTC {
		t.Errorf("the last instant is seen in %s, want UTC", last.Zone())
	}
	for name, try := range map[string]func() error{
		"a field":        func() error { _, err := late.Get(Year); return err },
		"setting":        func() error { _, err := late.With(Year, 1); return err },
		"days":           func() error { _, err := last.Plus(1, Days); return err },
		"years":          func() error { _, err := last.Plus(math.MaxInt64, Years); return err },
		"months":         func() error { _, err := At(0, nil).Plus(-math.MaxInt32*12, Months); return err },
		"weeks":          func() error { _, err := At(0, nil).Plus(math.MinInt64, Weeks); return err },
		"hours":          func() error { _, err := At(0, nil).Plus(math.MaxInt64, Hours); return err },
		"start of day":   func() error { _, err := At(math.MinInt64, nil).StartOfDay(); return err },
		"days between":   func() error { _, err := DaysBetween(At(math.MinInt64, nil), last); return err },
		"duration":       func() error { _, err := ParseDuration("2147483647 weeks"); return err },
		"local to UTC":   func() error { _, err := ParseISO("292278994-08-17T07:12:55.807-01:00", nil); return err },
		"year of a text": func() error { _, err := ParseISO("292278994-09", nil); return err },
	} {
		err := try()
		if name == "duration" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if problemIn(err) != "overflow" {
			t.Errorf("%s: %v, want an overflow", name, err)
		}
	}
	if got := late.String(); got != "292278994-08-17T07:12:55.806Z" {
		t.Errorf("a date that its zone would push out of range prints as %s, want as in UTC", got)
	}
}

// However many patterns a program makes, few are kept; those in use stay.
func TestPatternsAreKeptWithinBounds(t *testing.T) {
	used := mustCompile(t, "yyyy 'in use'")
	for i := range 10 * generation {
		mustCompile(t, fmt.Sprintf("yyyy '%d'", i))
		if again := mustCompile(t, "yyyy 'in use'"); again != used {
			t.Fatalf("after %d patterns the one in use was compiled again", i)
		}
	}
	mustCompile(t, "yyyy'"+strings.Repeat("x", longestKept)+"'")
	recent.mu.Lock()
	defer recent.mu.Unlock()
	if n := len(recent.young) + len(recent.old); n > 2*generation {
		t.Errorf("%d patterns are kept, want at most %d", n, 2*generation)
	}
	for source := range recent.young {
		if len(source) > longestKept {
			t.Errorf("a pattern of %d bytes is kept", len(source))
		}
	}
}

func TestPatternsAndZonesAreShared(t *testing.T) {
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 200 {
				z, err := Lookup(Zones()[(i*7+worker)%500])
				if err != nil {
					t.Error(err)
					return
				}
				p := mustCompile(t, fmt.Sprintf("yyyy-MM-dd'T'HH:mm:ss ZZ '%d'", i%5))
				text := string(p.Append(nil, At(1546387187000, z)))
				if d, err := p.Parse(text, Reader{Zone: z}); err != nil && problemIn(err) != "malformed" || err == nil && d.Millis()/60000 != 1546387187000/60000 {
					t.Errorf("%s reads as %s, %v", text, d, err)
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkChrono(b *testing.B) {
	la, err := Lookup("America/Los_Angeles")
	if err != nil {
		b.Fatal(err)
	}
	d := At(1546387187655, la)
	p := mustCompile(b, "yyyy-MM-dd HH:mm:ss")
	var buf [64]byte
	b.Run("print", func(b *testing.B) {
		for b.Loop() {
			p.Append(buf[:0], d)
		}
	})
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			if _, err := p.Parse("2019-01-31 10:20:30", Reader{Zone: la}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plusMonths", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.Plus(1, Months); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("loadZone", func(b *testing.B) {
		for b.Loop() {
			db := &zoneDatabase{data: database().data}
			db.zone("America/Los_Angeles")
		}
	})
}
