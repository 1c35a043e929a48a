package sel

import (
	"errors"
	"strings"
	"testing"
)

// evalDate evaluates a program on a stopped clock and returns its printed result, or the class of its error.
func evalDate(t *testing.T, text string, in *Input) string {
	t.Helper()
	p, err := Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r, err := p.Eval(in)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v is no *Error", text, err)
		}
		return "!" + string(e.Code)
	}
	return TextOf(r.Value)
}

const stopped = 1546387187655 // 2019-01-01T23:59:47.655Z

// The cases fill the gaps between those verified against the original.
func TestDates(t *testing.T) {
	const la = "DateTimeZone.forID('America/Los_Angeles')"
	for _, c := range []struct{ text, want string }{
		// Constructors.
		{"new DateTime();", "2019-01-01T23:59:47.655Z"},
		{"String s; new DateTime(s).getMillis();", "1546387187655"},
		{"DateTime d; new DateTime(d).getMillis();", "1546387187655"},
		{"new DateTime('T10:20Z', " + la + ");", "1970-01-01T02:20:00.000-08:00"},
		{"new DateTime('2019-03-10T02:30', " + la + ");", "!date-gap"},
		{"new DateTime('2019-03-10T02:30Z', " + la + ");", "2019-03-09T18:30:00.000-08:00"},
		{"new DateTime(0, DateTimeZone);", "1970-01-01T00:00:00.000Z"},
		{"new DateTime(2019,1,1,0,0,0,0,DateTimeZone);", "2019-01-01T00:00:00.000Z"},
		{"new DateTime(3000000000,1,1,0,0,0,0,DateTimeZone.UTC);", "!date-field"},
		{"new DateTime('2019',1,1,0,0,0,0,DateTimeZone.UTC);", "!cast"},
		{"new DateTime(true, DateTimeZone.UTC);", "!argument"},
		{"new DateTime(true, 'UTC');", "!cast"},
		{"new DateTime(Math);", "!unsupported"},
		{"new DateTime(1.5);", "!argument"},
		{"new DateTime(" + strings.Repeat("9", 18) + ", " + la + ").getYear();", "31690708"},
		// Arithmetic and fields.
		{"new DateTime(0).plusDays(3000000000);", "!call"},
		{"new DateTime(0).minusDays(-2147483648).getYear();", "5881580"},
		{"new DateTime(9223372036854775807).plusMillis(1);", "!call"},
		{"new DateTime(0).withHourOfDay(24);", "!call"},
		{"new DateTime(2019,3,9,2,30,0,0," + la + ").plusDays(1).toString();", "2019-03-10T03:30:00.000-07:00"},
		{"new DateTime(2019,3,10,12,0,0,0," + la + ").withHourOfDay(2);", "!call"},
		{"DateTime.getYear();", "!call"},
		{"DateTime d; d.plusDays(1);", "!call"},
		{"new DateTime(0).plusMonths(1.0);", "!call"},
		// Printing and reading.
		{"new DateTime(0).toString('');", "!call"},
		{"new DateTime(0).toString('zzzz');", "Coordinated Universal Time"},
		{"DateTimeFormat.forPattern('yyyy zzzz').parseDateTime('x');", "!unsupported"},
		{"DateTimeFormat.forPattern('zzzz').parseDateTime('x');", "!argument"},
		{"DateTimeFormat.forPattern(\"'\").print(1);", "!unsupported"}, {"DateTimeFormat.forPattern(\"'\").parseMillis('1');", "!unsupported"},
		{"new DateTime(0).toString(\"'\");", "!call"},
		{"DateTimeFormat.forPattern('yyyy').parseDateTime('2019x');", "!argument"},
		{"DateTimeFormat.forPattern('MM').parseDateTime('13');", "!date-field"},
		{"DateTimeFormat.forPattern('HH:mm').withZone(" + la + ").print(0);", "16:00"},
		{"DateTime.parse('13', DateTimeFormat.forPattern('MM'));", "!call"},
		{"new DateTime(0).parse('13', DateTimeFormat.forPattern('MM'));", "!call"},
		{"DateTimeFormat.forPattern(null);", "!cast"},
		{"DateTimeFormat.forPattern('yyyy').parseMillis(2019);", "!cast"},
		{"String s; DateTimeFormat.forPattern('yyyy').parseMillis(s);", "!null"},
		{"String s; DateTimeFormat.forPattern(s);", "!argument"},
		{"String s; new DateTime(0).isBefore(s);", "true"},
		{"DateTimeFormat.forPattern('yyyy').print(true);", "!unsupported"},
		{"DateTimeFormat.print(0);", "!null"},
		{"DateTimeFormat.forPattern('yy').parseDateTime('38').getYear();", "2038"},
		{"DateTimeFormat.forPattern('yy').parseDateTime('39').getYear();", "1939"},
		{"'' + DateTimeFormat.forPattern('yyyy');", "DateTimeFormat[yyyy]"},
		// Zones, properties, days.
		{"String s; DateTimeZone.forID(s).getOffset(new DateTime(0));", "0"},
		{"DateTimeZone.forID('Europe/Kyiv');", "!argument"},
		{la + ".getOffset(DateTime);", "-28800000"},
		{"Property.get();", "!null"},
		{"'' + new DateTime(0).dayOfWeek();", "Property[dayOfWeek]"},
		{"new DateTime(0).monthOfYear().getAsText();", "January"},
		{"Days.daysBetween(new DateTime(0), DateTime);", "!argument"},
		{"Days.daysBetween(new DateTime(0), 1);", "!cast"},
		{"'' + Days.daysBetween(new DateTime(864000000), new DateTime(0));", "P-10D"},
		// Date functions of Util.
		{"Util.tsToDateInt('0');", "19700101"},
		{"Util.tsToDateInt('x');", "!number"},
		{"Util.incrementDateInt(20190101, 3000000000);", "!argument"},
		{"Util.incrementDateInt('20190101', -1);", "20181231"},
		{"Util.dateIntHourToTs(20190101, 5, 7, 0, 0);", "!argument"},
		{"Util.dateIntHourToTs(20190101, 5, true, 0, 0);", "!argument"},
		{"Util.dateIntHourToTs(20190101, 5, 'UTC', 3000000000, 0);", "!number"},
		{"Util.dateIntsBetween('00010101', '99991231', 1).length;", "3652058"},
		{"Util.dateIntsBetween('-99990101', '99991231', 1).length;", "!argument"},
		{"Util.dateIntsBetween(20190101, 'x', 0);", "!argument"},
		{"Util.dateIntsBetween('x', 20190101, '');", "!number"},
		{"Util.incrementDateInt('00010101', -1);", "00011231"},
		{"Util.dateIntsBetween(20190101, 20190105, 2);", "[20190101,20190103]"},
		{"Util.dateIntsBetween(20190101, 20190105, new Map());", "!number"},
		{"Util.timeoutForDateTimeDeadline(new DateTime(), '1 month');", "!unsupported"},
		{"Util.timeoutForDateTimeDeadline(new DateTime(), '1 day, 2 hours');", "93600000 milliseconds"},
		{"Util.timeoutForDateTimeDeadline(new DateTime(), 1);", "!cast"},
		{"Util.timeoutForDateTimeDeadline(DateTime, '1 day');", "!null"},
		{"Util.timeoutForDateIntDeadline(20180101, '1 day');", "0 milliseconds"},
		{"Util.timeoutForDateTimeDeadline(new DateTime(9223372036854775807), '1 day');", "!arith"},
	} {
		if got := evalDate(t, c.text, &Input{Now: stopped, Seed: 1}); got != c.want {
			t.Errorf("%s = %s, want %s", c.text, got, c.want)
		}
	}
}

// What a program prints and reads is paid for, so that it stops at its limits.
func TestDatesStopAtLimits(t *testing.T) {
	for _, c := range []struct {
		text   string
		limits Limits
		want   string
	}{
		{"Util.dateIntsBetween(19700101, 20190105, 1).length;", Limits{Visits: 5000}, "!limit.visit"},
		{"Util.dateIntsBetween('00010101', '99991231', 1).length;", Limits{Memory: 10_000_000}, "!limit.memory"},
		{"DateTime d = new DateTime(0); while (true) { d = d.plusDays(1); }", Limits{Memory: 10_000}, "!limit.memory"},
		{"Map m = new Map(); p = 'y-'; for (int i = 0; i < 11; i += 1) { p += p; } for (int i = 0; i < 9999; i += 1) { m.put(i + '', DateTimeFormat.forPattern(p)); }", Limits{Memory: 10_000_000}, "!limit.memory"},
		{"while (true) { new DateTime(0).toString('yyyy-MM-dd'); }", Limits{Memory: 100_000}, "!limit.memory"},
	} {
		if got := evalDate(t, c.text, &Input{Now: stopped, Seed: 1, Limits: c.limits}); got != c.want {
			t.Errorf("%s = %s, want %s", c.text, got, c.want)
		}
	}
}

func BenchmarkDates(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"print", "new DateTime(1546387187655).toString('yyyyMMdd');"},
		{"parse", "DateTimeFormat.forPattern('yyyyMMdd').withZone(DateTimeZone.forID('America/Los_Angeles')).parseDateTime('20190101').getMillis();"},
		{"zone", "new DateTime(2019,1,31,23,45,30,123,DateTimeZone.forID('America/Los_Angeles')).plusMonths(1).withTimeAtStartOfDay().toString();"},
		{"increment", "Util.incrementDateInt(20190101, 5);"},
		{"between", "Days.daysBetween(new DateTime('2019-01-01', DateTimeZone.UTC), new DateTime('2019-02-01', DateTimeZone.UTC)).getDays();"},
		{"hour", "Util.dateIntHourToTs(20190311, 2, 'America/Los_Angeles', 1, 0);"},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := Compile(c.text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(&Input{Now: stopped}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
