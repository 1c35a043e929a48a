package sel

import (
	"strconv"

	"github.com/segue-run/segue/sel/chrono"
)

// zone is the object of DATETIME_ZONE values.
type zone struct{ *chrono.Zone }

func (z zone) Text() string { return z.ID() }

// zoneOf returns the zone of a value; the null zone is the default one, UTC.
func zoneOf(v Value) *chrono.Zone {
	if z, ok := v.ref.(zone); ok {
		return z.Zone
	}
	return chrono.UTC
}

func zoneClass() *Class {
	return &Class{
		Type:  Zone,
		Names: []string{"DateTimeZone"},
		Methods: []Method{
			{Name: "forID", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				if args[0].typ != String {
					return Value{}, wants(CodeCast, "forID", "STRING", args[0])
				}
				if args[0].ref == nil {
					return ObjectOf(Zone, zone{chrono.UTC}), nil
				}
				z, err := chrono.Lookup(args[0].Str())
				if err != nil {
					return Value{}, dateError(err)
				}
				return ObjectOf(Zone, zone{z}), t.Alloc(dateBytes)
			}},
			{Name: "getOffset", Arity: 1, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				if args[0].typ != DateTime {
					return Value{}, wants(CodeCast, "getOffset", "DATETIME", args[0])
				}
				if recv.ref == nil {
					return Value{}, Errorf(CodeNull, "getOffset of a null DATETIME_ZONE")
				}
				at := t.Now()
				if d, ok := dateOf(args[0]); ok {
					at = d.Millis()
				}
				return LongOf(zoneOf(recv).Offset(at)), nil
			}},
		},
		Fields: []Field{{Name: "UTC", Get: func(*Thread, Value) (Value, error) { return ObjectOf(Zone, zone{chrono.UTC}), nil }}},
	}
}

// property is the object of DATETIME_PROPERTY values: one field of one date.
type property struct{ chrono.Property }

func (p *property) Text() string { return p.String() }

func propertyClass() *Class {
	method := func(name string, call func(t *Thread, p chrono.Property) (Value, error)) Method {
		return Method{Name: name, Arity: 0, Call: func(t *Thread, recv Value, _ []Value) (Value, error) {
			p, ok := recv.ref.(*property)
			if !ok {
				return Value{}, Errorf(CodeNull, "%s of a null DATETIME_PROPERTY", name)
			}
			return call(t, p.Property)
		}}
	}
	return &Class{
		Type:  Property,
		Names: []string{"Property"},
		Methods: []Method{
			method("get", func(_ *Thread, p chrono.Property) (Value, error) {
				n, err := p.Value()
				if err != nil {
					return Value{}, dateError(err)
				}
				return LongOf(int64(n)), nil
			}),
			method("getAsText", func(t *Thread, p chrono.Property) (Value, error) {
				s, err := p.Text()
				if err != nil {
					return Value{}, dateError(err)
				}
				return t.NewString(s)
			}),
			method("withMinimumValue", func(t *Thread, p chrono.Property) (Value, error) {
				d, err := p.WithMinimum()
				return dateValue(t, d, err)
			}),
			method("withMaximumValue", func(t *Thread, p chrono.Property) (Value, error) {
				d, err := p.WithMaximum()
				return dateValue(t, d, err)
			}),
		},
	}
}

// days is the object of DATETIME_DAYS values.
type days int

func (d days) Text() string { return "P" + strconv.Itoa(int(d)) + "D" }

func daysClass() *Class {
	return &Class{
		Type:  Days,
		Names: []string{"Days"},
		Methods: []Method{
			{Name: "daysBetween", Arity: 2, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				var ends [2]chrono.DateTime
				for _, v := range args {
					if v.typ != DateTime {
						return Value{}, wants(CodeCast, "daysBetween", "DATETIME", v)
					}
				}
				for i, v := range args {
					d, ok := dateOf(v)
					if !ok {
						return Value{}, Errorf(CodeArgument, "daysBetween takes two dates, not a null DATETIME")
					}
					ends[i] = d
				}
				n, err := chrono.DaysBetween(ends[0], ends[1])
				if err != nil {
					return Value{}, dateError(err)
				}
				return ObjectOf(Days, days(n)), t.Alloc(dateBytes)
			}},
			{Name: "getDays", Arity: 0, Call: func(_ *Thread, recv Value, _ []Value) (Value, error) {
				d, ok := recv.ref.(days)
				if !ok {
					return Value{}, Errorf(CodeNull, "getDays of a null DATETIME_DAYS")
				}
				return LongOf(int64(d)), nil
			}},
		},
	}
}
