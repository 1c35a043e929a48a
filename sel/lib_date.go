package sel

import (
	"errors"
	"math"
	"strings"

	"github.com/segue-run/segue/sel/chrono"
)

// The classes of dates bind package chrono to the language. The original does so by reflection, which shows: methods
// of DateTime report every failure as CodeCall and take no receiver for granted, while those of the other classes
// are plain.

// dateClasses lists the classes of dates and times.
func dateClasses() []*Class {
	return []*Class{dateTimeClass(), zoneClass(), formatterClass(), propertyClass(), daysClass()}
}

// dateTime is the object of DATETIME values.
type dateTime struct{ chrono.DateTime }

func (d *dateTime) Text() string { return d.String() }

// dateBytes is what a value of the date classes counts against the memory limit.
const dateBytes = 48

// dateProblems gives the problems of chrono their class.
var dateProblems = [...]Code{
	chrono.Malformed: CodeArgument, chrono.OutOfField: CodeDateField, chrono.InGap: CodeDateGap, chrono.Overflow: CodeArith,
	chrono.BadNumber: CodeNumber, chrono.Unsupported: CodeUnsupported,
}

// dateError is an error of chrono as one of the language.
func dateError(err error) error {
	var e *chrono.Error
	if errors.As(err, &e) {
		return Errorf(dateProblems[e.Problem], "%s", e)
	}
	return Errorf(CodeArgument, "%w", err)
}

// dateValue returns a date that was made, unless it could not be made.
func dateValue(t *Thread, d chrono.DateTime, err error) (Value, error) {
	if err != nil {
		return Value{}, dateError(err)
	}
	return ObjectOf(DateTime, &dateTime{d}), t.Alloc(dateBytes)
}

// dateOf returns the date of a DATETIME value that has one.
func dateOf(v Value) (chrono.DateTime, bool) {
	if d, ok := v.ref.(*dateTime); ok {
		return d.DateTime, true
	}
	return chrono.DateTime{}, false
}

func dateTimeClass() *Class {
	c := &Class{Type: DateTime, Names: []string{"DateTime"}, New: newDateTime}
	for name, f := range map[string]chrono.Field{
		"Year": chrono.Year, "Weekyear": chrono.Weekyear, "MonthOfYear": chrono.MonthOfYear,
		"WeekOfWeekyear": chrono.WeekOfWeekyear, "DayOfYear": chrono.DayOfYear, "DayOfMonth": chrono.DayOfMonth,
		"DayOfWeek": chrono.DayOfWeek, "HourOfDay": chrono.HourOfDay, "MinuteOfDay": chrono.MinuteOfDay,
		"MinuteOfHour": chrono.MinuteOfHour, "SecondOfDay": chrono.SecondOfDay, "SecondOfMinute": chrono.SecondOfMinute,
		"MillisOfDay": chrono.MillisOfDay, "MillisOfSecond": chrono.MillisOfSecond,
	} {
		c.Methods = append(c.Methods, dateMethod("get"+name, 0, func(_ *Thread, d chrono.DateTime, _ []Value) (Value, error) {
			n, err := d.Get(f)
			if err != nil {
				return Value{}, dateError(err)
			}
			return LongOf(int64(n)), nil
		}))
		if f != chrono.MinuteOfDay && f != chrono.SecondOfDay {
			c.Methods = append(c.Methods, dateMethod("with"+name, 1, func(t *Thread, d chrono.DateTime, args []Value) (Value, error) {
				n, err := javaInt("with"+name, args[0])
				if err != nil {
					return Value{}, err
				}
				d, err = d.With(f, int(n))
				return dateValue(t, d, err)
			}))
		}
		if f != chrono.Year {
			small := strings.ToLower(name[:1]) + name[1:]
			c.Methods = append(c.Methods, dateMethod(small, 0, func(t *Thread, d chrono.DateTime, _ []Value) (Value, error) {
				return ObjectOf(Property, &property{chrono.Property{Date: d, Field: f}}), t.Alloc(dateBytes)
			}))
		}
	}
	for name, unit := range map[string]chrono.Unit{
		"Years": chrono.Years, "Months": chrono.Months, "Weeks": chrono.Weeks, "Days": chrono.Days, "Hours": chrono.Hours,
		"Minutes": chrono.Minutes, "Seconds": chrono.Seconds, "Millis": chrono.Millis,
	} {
		move := func(name string, sign int64) Method {
			return dateMethod(name, 1, func(t *Thread, d chrono.DateTime, args []Value) (Value, error) {
				n, err := javaInt(name, args[0])
				if err != nil {
					return Value{}, err
				}
				d, err = d.Plus(sign*n, unit)
				return dateValue(t, d, err)
			})
		}
		c.Methods = append(c.Methods, move("plus"+name, 1), move("minus"+name, -1))
	}
	compare := func(name string, holds func(a, b int64) bool) Method {
		return dateMethod(name, 1, func(t *Thread, d chrono.DateTime, args []Value) (Value, error) {
			other := t.Now()
			if o, ok := dateOf(args[0]); ok {
				other = o.Millis()
			} else if !args[0].IsNull() {
				return Value{}, wants(CodeArgument, name, "DATETIME", args[0])
			}
			return BooleanOf(holds(d.Millis(), other)), nil
		})
	}
	inZone := func(name string) Method {
		return dateMethod(name, 1, func(t *Thread, d chrono.DateTime, args []Value) (Value, error) {
			if !args[0].IsNull() && args[0].typ != Zone {
				return Value{}, wants(CodeArgument, name, "DATETIME_ZONE", args[0])
			}
			return dateValue(t, d.In(zoneOf(args[0])), nil)
		})
	}
	c.Methods = append(c.Methods,
		compare("isAfter", func(a, b int64) bool { return a > b }),
		compare("isBefore", func(a, b int64) bool { return a < b }),
		compare("isEqual", func(a, b int64) bool { return a == b }),
		inZone("withZone"),
		inZone("toDateTime"),
		dateMethod("getMillis", 0, func(_ *Thread, d chrono.DateTime, _ []Value) (Value, error) { return LongOf(d.Millis()), nil }),
		dateMethod("withTimeAtStartOfDay", 0, func(t *Thread, d chrono.DateTime, _ []Value) (Value, error) {
			d, err := d.StartOfDay()
			return dateValue(t, d, err)
		}),
		dateMethod("toString", 0, func(t *Thread, d chrono.DateTime, _ []Value) (Value, error) { return t.NewString(d.String()) }),
		dateMethod("toString", 1, func(t *Thread, d chrono.DateTime, args []Value) (Value, error) {
			switch {
			case args[0].IsNull():
				return t.NewString(d.String())
			case args[0].typ != String:
				return Value{}, wants(CodeArgument, "toString", "STRING", args[0])
			}
			pattern, err := compilePattern(t, args[0])
			if err != nil {
				return Value{}, err
			}
			return printDate(t, pattern, d)
		}),
		Method{Name: "parse", Arity: 2, Wraps: true, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
			f, ok := args[1].ref.(*formatter)
			if recv.ref != nil || args[0].typ != String || args[0].ref == nil || !ok {
				return Value{}, Errorf(CodeArgument, "DateTime.parse takes a STRING and a DATETIME_FORMATTER, not %s", typesOf(args))
			}
			return f.parse(t, args[0].Str())
		}},
	)
	return c
}

// dateMethod makes a method of DateTime.
func dateMethod(name string, arity int, call func(t *Thread, d chrono.DateTime, args []Value) (Value, error)) Method {
	return Method{Name: name, Arity: arity, Wraps: true, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
		d, ok := dateOf(recv)
		if !ok {
			return Value{}, Errorf(CodeNull, "%s of a null DATETIME", name)
		}
		return call(t, d, args)
	}}
}

// javaInt returns an argument that is an int in Java.
func javaInt(method string, v Value) (int64, error) {
	if v.typ != Long {
		return 0, wants(CodeArgument, method, "LONG", v)
	}
	if n := v.Long(); n < math.MinInt32 || n > math.MaxInt32 {
		return 0, Errorf(CodeArgument, "%s takes integers from %d to %d, not %d", method, math.MinInt32, math.MaxInt32, n)
	}
	return v.Long(), nil
}

// newDateTime is new DateTime: of nothing, of an instant, of an instant in a zone, or of seven figures in a zone.
func newDateTime(t *Thread, args []Value) (Value, error) {
	switch len(args) {
	case 0:
		return dateValue(t, chrono.At(t.Now(), nil), nil)
	case 1:
		return dateFrom(t, args[0], nil, false)
	case 2:
		if args[1].typ != Zone {
			return Value{}, wants(CodeCast, "new DateTime", "DATETIME_ZONE as its second argument", args[1])
		}
		return dateFrom(t, args[0], zoneOf(args[1]), true)
	case 8:
		var n [7]int
		for i := range n {
			if args[i].typ != Long {
				return Value{}, wants(CodeCast, "new DateTime", "LONG for each of its figures", args[i])
			}
			n[i] = int(max(math.MinInt32, min(math.MaxInt32, args[i].Long()))) // out of all bounds as before
		}
		if args[7].typ != Zone {
			return Value{}, wants(CodeCast, "new DateTime", "DATETIME_ZONE as its last argument", args[7])
		}
		d, err := chrono.Date(n[0], n[1], n[2], n[3], n[4], n[5], n[6], zoneOf(args[7]))
		return dateValue(t, d, err)
	}
	return Value{}, Errorf(CodeArgument,
		"new DateTime takes nothing, an instant, an instant and a zone, or year, month, day, hour, minute, second, millisecond and a zone, not %s",
		typesOf(args))
}

// dateFrom returns the date that a value stands for. A date keeps its zone unless one is given.
func dateFrom(t *Thread, v Value, zone *chrono.Zone, zoned bool) (Value, error) {
	switch v.Type() {
	case Long:
		return dateValue(t, chrono.At(v.Long(), zone), nil)
	case String, DateTime:
		if v.ref == nil {
			return dateValue(t, chrono.At(t.Now(), zone), nil)
		}
	case Params, Util, Misc, Math, UUID:
		return Value{}, wants(CodeUnsupported, "new DateTime", "LONG, STRING or DATETIME", v)
	default:
		if v.IsNull() {
			return dateValue(t, chrono.At(t.Now(), zone), nil)
		}
		return Value{}, wants(CodeArgument, "new DateTime", "LONG, STRING or DATETIME", v)
	}
	if d, ok := dateOf(v); ok {
		if zoned {
			d = d.In(zone)
		}
		return dateValue(t, d, nil)
	}
	if err := t.Work(int(v.num)); err != nil {
		return Value{}, err
	}
	d, err := chrono.ParseISO(v.Str(), zone)
	return dateValue(t, d, err)
}
