package sel

import (
	"slices"
	"strings"

	"github.com/segue-run/segue/sel/chrono"
)

// formatter is the object of DATETIME_FORMATTER values. Its zone may be nil.
type formatter struct {
	pattern *chrono.Pattern
	zone    *chrono.Zone
}

func (f *formatter) Text() string { return "DateTimeFormat[" + f.pattern.String() + "]" }

func formatterClass() *Class {
	// method makes a method that takes an argument of some types; wrong is the class of the error for others.
	method := func(name string, types []Type, wrong Code, call func(t *Thread, f *formatter, v Value) (Value, error)) Method {
		var names []string
		for _, typ := range types {
			names = append(names, typ.String())
		}
		return Method{Name: name, Arity: 1, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
			if !slices.Contains(types, args[0].typ) {
				return Value{}, wants(wrong, name, strings.Join(names, " or "), args[0])
			}
			f, ok := recv.ref.(*formatter)
			if !ok {
				return Value{}, Errorf(CodeNull, "%s of a null DATETIME_FORMATTER", name)
			}
			return call(t, f, args[0])
		}}
	}
	return &Class{
		Type:  Formatter,
		Names: []string{"DateTimeFormatter", "DateTimeFormat"},
		Methods: []Method{
			{Name: "forPattern", Arity: 1, Call: func(t *Thread, _ Value, args []Value) (Value, error) {
				if args[0].typ != String {
					return Value{}, wants(CodeCast, "forPattern", "STRING", args[0])
				}
				pattern, err := compilePattern(t, args[0])
				if err != nil {
					return Value{}, err
				}
				return ObjectOf(Formatter, &formatter{pattern: pattern}), t.Alloc(dateBytes + pattern.Size())
			}},
			method("withZone", []Type{Zone}, CodeCast, func(t *Thread, f *formatter, v Value) (Value, error) {
				zoned := &formatter{pattern: f.pattern}
				if v.ref != nil {
					zoned.zone = zoneOf(v)
				}
				return ObjectOf(Formatter, zoned), t.Alloc(dateBytes)
			}),
			method("parseDateTime", []Type{String, Long}, CodeUnsupported, func(t *Thread, f *formatter, v Value) (Value, error) {
				return f.parse(t, text(v))
			}),
			method("parseMillis", []Type{String}, CodeCast, func(t *Thread, f *formatter, v Value) (Value, error) {
				if v.ref == nil {
					return Value{}, Errorf(CodeNull, "parseMillis takes a text, not a null STRING")
				}
				d, err := f.read(t, v.Str())
				return LongOf(d.Millis()), err
			}),
			method("print", []Type{Long, DateTime}, CodeUnsupported, func(t *Thread, f *formatter, v Value) (Value, error) {
				if v.typ == Long {
					return printDate(t, f.pattern, chrono.At(v.Long(), f.zone))
				}
				d, ok := dateOf(v)
				if !ok {
					d = chrono.At(t.Now(), nil)
				}
				if f.zone != nil {
					d = d.In(f.zone)
				}
				return printDate(t, f.pattern, d)
			}),
		},
	}
}

// compilePattern compiles the pattern that a STRING holds.
func compilePattern(t *Thread, v Value) (*chrono.Pattern, error) {
	if err := t.Work(int(v.num)); err != nil {
		return nil, err
	}
	pattern, err := chrono.Compile(v.Str())
	if err != nil {
		return nil, dateError(err)
	}
	return pattern, nil
}

// printDate prints a date. The length of what is printed is bounded by that of the pattern, which was paid for.
func printDate(t *Thread, pattern *chrono.Pattern, d chrono.DateTime) (Value, error) {
	if err := pattern.Prints(); err != nil {
		return Value{}, dateError(err)
	}
	var short [64]byte
	return t.NewString(string(pattern.Append(short[:0], d)))
}

// read reads the date that a text holds.
func (f *formatter) read(t *Thread, s string) (chrono.DateTime, error) {
	if err := t.Work(len(s) + len(f.pattern.String())); err != nil {
		return chrono.DateTime{}, err
	}
	d, err := f.pattern.Parse(s, chrono.Reader{Zone: f.zone, Now: t.Now()})
	if err != nil {
		return d, dateError(err)
	}
	return d, nil
}

// parse is read with the date as a value.
func (f *formatter) parse(t *Thread, s string) (Value, error) {
	d, err := f.read(t, s)
	if err != nil {
		return Value{}, err
	}
	return dateValue(t, d, nil)
}
