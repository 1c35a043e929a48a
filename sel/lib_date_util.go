package sel

import (
	"math"
	"strconv"

	"github.com/segue-run/segue/sel/chrono"
)

// The patterns of date ints, which count in UTC, and of an hour of such a day. Their years have no sign; in lists of
// integers they do.
const (
	dateInt       = "YYYYMMdd"
	dateIntHour   = "YYYYMMddHH"
	signedDateInt = "yyyyMMdd"
)

// dateUtilMethods lists the methods of Util that are about dates.
func dateUtilMethods() []Method {
	return []Method{
		{Name: "dateIntToTs", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
			if err := notNull("dateIntToTs", args[0]); err != nil {
				return Value{}, err
			}
			d, err := dateIntOf(t, "dateIntToTs", args[0])
			return LongOf(d.Millis()), err
		}},
		{Name: "tsToDateInt", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
			n, err := wholeNumber(t, "tsToDateInt", args[0])
			if err != nil {
				return Value{}, err
			}
			return dateIntText(t, chrono.At(n, nil))
		}},
		{Name: "incrementDateInt", Arity: 2, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
			if err := notNull("incrementDateInt", args[0]); err != nil {
				return Value{}, err
			}
			d, err := dateIntOf(t, "incrementDateInt", args[0])
			if err != nil {
				return Value{}, err
			}
			if args[1].typ != Long {
				return Value{}, wants(CodeCast, "incrementDateInt", "LONG as its second argument", args[1])
			}
			n, err := javaInt("incrementDateInt", args[1])
			if err != nil {
				return Value{}, err
			}
			if d, err = d.Plus(n, chrono.Days); err != nil {
				return Value{}, dateError(err)
			}
			return dateIntText(t, d)
		}},
		{Name: "dateIntHourToTs", Arity: 5, Call: dateIntHourToTs},
		{Name: "dateIntsBetween", Arity: 3, Call: dateIntsBetween},
		{Name: "timeoutForDateTimeDeadline", Arity: 2, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
			if args[0].typ != DateTime {
				return Value{}, wants(CodeCast, "timeoutForDateTimeDeadline", "DATETIME", args[0])
			}
			d, ok := dateOf(args[0])
			if !ok {
				return Value{}, Errorf(CodeNull, "timeoutForDateTimeDeadline takes a date, not a null DATETIME")
			}
			return timeout(t, "timeoutForDateTimeDeadline", d, args[1])
		}},
		{Name: "timeoutForDateIntDeadline", Arity: 2, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
			d, err := dateIntOf(t, "timeoutForDateIntDeadline", args[0])
			if err != nil {
				return Value{}, err
			}
			return timeout(t, "timeoutForDateIntDeadline", d, args[1])
		}},
	}
}

// notNull fails for a null STRING. The other methods, like the original's, read it as the text null, which is no date.
func notNull(method string, v Value) error {
	if v.typ == String && v.ref == nil {
		return Errorf(CodeNull, "%s takes a date, not a null STRING", method)
	}
	return nil
}

// stringOrLong returns the text of an argument that may be either.
func stringOrLong(method string, v Value) (string, error) {
	if v.typ != String && v.typ != Long {
		return "", wants(CodeArgument, method, "STRING or LONG", v)
	}
	return text(v), nil
}

// wholeNumber returns the number of an argument that may be a STRING or LONG.
func wholeNumber(t *Thread, method string, v Value) (int64, error) {
	switch v.typ {
	case Long:
		return v.Long(), nil
	case String:
		return t.parseLong(v)
	}
	return 0, wants(CodeArgument, method, "STRING or LONG", v)
}

// wholeInt is wholeNumber for what is an int in Java.
func wholeInt(t *Thread, method string, v Value) (int64, error) {
	n, err := wholeNumber(t, method, v)
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		return 0, Errorf(CodeNumber, "%s takes integers from %d to %d, not %d", method, math.MinInt32, math.MaxInt32, n)
	}
	return n, err
}

// dateIntOf returns the midnight in UTC of a date int.
func dateIntOf(t *Thread, method string, v Value) (chrono.DateTime, error) {
	s, err := stringOrLong(method, v)
	if err != nil {
		return chrono.DateTime{}, err
	}
	return readDate(t, dateInt, s, nil)
}

func readDate(t *Thread, pattern, s string, zone *chrono.Zone) (chrono.DateTime, error) {
	p, err := chrono.Compile(pattern)
	if err != nil {
		return chrono.DateTime{}, dateError(err)
	}
	return (&formatter{pattern: p, zone: zone}).read(t, s)
}

// dateIntText prints a date as a date int.
func dateIntText(t *Thread, d chrono.DateTime) (Value, error) {
	p, err := chrono.Compile(dateInt)
	if err != nil {
		return Value{}, dateError(err)
	}
	return printDate(t, p, d)
}

// dateIntHourToTs is Util.dateIntHourToTs(date, hour, zone, days, hours): that hour of that day in the zone, and then
// so many days and hours back.
func dateIntHourToTs(t *Thread, _ Value, args []Value) (Value, error) {
	const name = "dateIntHourToTs"
	day, err := stringOrLong(name, args[0])
	if err != nil {
		return Value{}, err
	}
	hour, err := stringOrLong(name, args[1])
	if err != nil {
		return Value{}, err
	}
	zoneID, err := stringOrLong(name, args[2])
	if err != nil {
		return Value{}, err
	}
	in := chrono.UTC
	if !args[2].IsNull() {
		if in, err = chrono.Lookup(zoneID); err != nil {
			return Value{}, dateError(err)
		}
	}
	if err := t.AllocString(len(day) + len(hour)); err != nil {
		return Value{}, err
	}
	d, err := readDate(t, dateIntHour, day+hour, in)
	if err != nil {
		return Value{}, err
	}
	daysBack, err := wholeInt(t, name, args[3])
	if err != nil {
		return Value{}, err
	}
	hoursBack, err := wholeInt(t, name, args[4])
	if err != nil {
		return Value{}, err
	}
	if d, err = d.Plus(-daysBack, chrono.Days); err == nil {
		d, err = d.Plus(-hoursBack, chrono.Hours)
	}
	if err != nil {
		return Value{}, dateError(err)
	}
	return LongOf(d.Millis()), nil
}

// dateIntsBetween is Util.dateIntsBetween(from, to, step): from, from plus step days, … up to but without to. With a
// negative step it is the list from to up to but without from, backwards.
func dateIntsBetween(t *Thread, _ Value, args []Value) (Value, error) {
	const name = "dateIntsBetween"
	step, err := t.parseLong(StringOf(text(args[2])))
	if args[2].typ.IsArray() || args[2].typ == Map || err != nil || step < math.MinInt32 || step > math.MaxInt32 {
		return Value{}, Errorf(CodeNumber, "the step of dateIntsBetween is an integer from %d to %d, not a %s of another kind or size",
			math.MinInt32, math.MaxInt32, args[2].Type())
	}
	if step == 0 {
		return Value{}, Errorf(CodeArgument, "the step of dateIntsBetween must not be 0")
	}
	from, err := dateIntOf(t, name, args[0])
	if err != nil {
		return Value{}, err
	}
	to, err := dateIntOf(t, name, args[1])
	if err != nil {
		return Value{}, err
	}
	stride := step
	if step < 0 {
		from, to, stride = to, from, -step
	}
	const day = 24 * 60 * 60 * 1000
	count := int64(0)
	if gap := (to.Millis() - from.Millis()) / day; gap > 0 {
		count = (gap + stride - 1) / stride
	}
	if err := t.Alloc(32 + 16*int(count)); err != nil {
		return Value{}, err
	}
	pattern, err := chrono.Compile(signedDateInt)
	if err != nil {
		return Value{}, dateError(err)
	}
	list := &Array{elem: Long, n: int(count)}
	var short [32]byte
	for i := range count {
		if err := t.Visit(1); err != nil {
			return Value{}, err
		}
		if step < 0 {
			i = count - 1 - i
		}
		one := chrono.At(from.Millis()+i*stride*day, nil)
		n, err := strconv.ParseInt(string(pattern.Append(short[:0], one)), 10, 64)
		if err != nil {
			return Value{}, Errorf(CodeNumber, "%w", err)
		}
		list.longs = push(list.longs, n)
	}
	return Value{typ: LongArray, ref: list}, nil
}

// timeout returns how long it is from now until a duration after a date, at least nothing.
func timeout(t *Thread, method string, d chrono.DateTime, v Value) (Value, error) {
	if v.typ != String {
		return Value{}, wants(CodeCast, method, "STRING as its duration", v)
	}
	if v.ref == nil {
		return Value{}, Errorf(CodeNull, "%s takes a duration, not a null STRING", method)
	}
	if err := t.Work(int(v.num)); err != nil {
		return Value{}, err
	}
	after, err := chrono.ParseDuration(v.Str())
	if err != nil {
		return Value{}, dateError(err)
	}
	deadline, err := d.Plus(after, chrono.Millis)
	if err != nil {
		return Value{}, dateError(err)
	}
	left := deadline.Millis() - t.Now()
	if deadline.Millis() < t.Now() {
		left = 0
	} else if left < 0 {
		left = math.MaxInt64 // further away than can be counted
	}
	return t.NewString(strconv.FormatInt(left, 10) + " milliseconds")
}
