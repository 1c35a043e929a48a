// Package sel is the language SEL: a small, safe subset of Java for the parameters of workflows. A text is scanned
// and parsed (package syntax), resolved and compiled to a Program (Compile), and evaluated (Program.Eval) on inputs
// that the caller passes in: parameters, the instant, the random seed, extension functions. It does no I/O, reads no
// clock, starts no goroutine and keeps no state between evaluations. Literal strings with $name and ${name} are
// Templates.
//
// Above it are package fault and the standard library; below it the engine, which evaluates parameters, and the
// command line.
//
// The one thing to know before changing it: every piece of work, however deep inside a library method, passes
// Thread.Work (visits, cancellation) or Thread.Alloc (bytes) in proportion to its size; that is the only reason why
// a hostile expression stops on time. A method that loops over its input without them is a hole.
//
// The library is a set of tables, one Class per type, listed in library.go.
package sel

import (
	"math"
	"strconv"
	"unsafe"
)

// Type is the type of a value. Its text form appears in messages and in results.
type Type uint8

// The types. The nine from String to Map are data: only they may leave an evaluation as a result for the engine.
const (
	Null   Type = iota // the null literal and every unknown name
	Void               // the result of a program that ends without a value
	Thrown             // the result of throw: its text is the message
	String
	Long
	Double
	Boolean
	StringArray
	LongArray
	DoubleArray
	BooleanArray
	Map
	Params
	Util
	Misc
	Math
	UUID
	DateTime
	Zone
	Formatter
	Property
	Days

	numTypes = int(Days) + 1

	unset  = Days + 1 // a variable that was not read yet
	absent = Days + 2 // a variable that the caller does not have
)

var typeNames = [numTypes]string{
	Null: "NULL", Void: "VOID", Thrown: "ERROR", String: "STRING", Long: "LONG", Double: "DOUBLE",
	Boolean: "BOOLEAN", StringArray: "STRING_ARRAY", LongArray: "LONG_ARRAY", DoubleArray: "DOUBLE_ARRAY",
	BooleanArray: "BOOLEAN_ARRAY", Map: "MAP", Params: "PRESET_PARAMS", Util: "PRESET_UTIL_FUNCTION",
	Misc: "PRESET_MISC_FUNC_FIELDS", Math: "MATH", UUID: "UUID", DateTime: "DATETIME", Zone: "DATETIME_ZONE",
	Formatter: "DATETIME_FORMATTER", Property: "DATETIME_PROPERTY", Days: "DATETIME_DAYS",
}

// String returns the upper-case name.
func (t Type) String() string {
	if int(t) < numTypes {
		return typeNames[t]
	}
	return "Type(" + strconv.Itoa(int(t)) + ")"
}

// IsData reports whether t is one of the nine types that a parameter can have.
func (t Type) IsData() bool { return t >= String && t <= Map }

// IsArray reports whether t is one of the four array types.
func (t Type) IsArray() bool { return t >= StringArray && t <= BooleanArray }

// array returns the type of arrays of t; only String, Long, Double and Boolean have one.
func (t Type) array() (Type, bool) {
	if t >= String && t <= Boolean {
		return t + (StringArray - String), true
	}
	return 0, false
}

// elem returns the element type of an array type.
func (t Type) elem() Type { return t - (StringArray - String) }

// Value is one value of the language. Numbers, booleans and strings are copied by assignment; arrays, maps and the
// objects of the library are references. The zero Value is NULL.
//
// A Value of an object type may have no object ("String s;", or a class named as such: "DateTime"): IsNull reports
// true. Strings are UTF-8; a half of a surrogate pair, which Java strings can hold, is kept as its three-byte form.
type Value struct {
	typ Type
	num uint64 // the integer, the bits of the float, 0 or 1; the length of a string
	ref any    // nil, chars (the bytes of a string), or the object
}

// chars points at the first byte of a string. Like log/slog's string values, it keeps strings from being allocated a
// second time when they become part of a Value.
type chars *byte

var noChars chars = new(byte)

// Object is what a Value of the library's own types refers to. Text is the form that concatenation and
// String.valueOf print.
type Object interface {
	Text() string
}

// StringOf returns s as a value.
func StringOf(s string) Value {
	if s == "" {
		return Value{typ: String, ref: noChars}
	}
	return Value{typ: String, num: uint64(len(s)), ref: chars(unsafe.StringData(s))}
}

// ofBytes returns b, which is not written to any more, as a string value.
func ofBytes(b []byte) Value { return StringOf(unsafe.String(unsafe.SliceData(b), len(b))) }

// LongOf returns n as a value.
func LongOf(n int64) Value { return Value{typ: Long, num: uint64(n)} }

// DoubleOf returns f as a value.
func DoubleOf(f float64) Value { return Value{typ: Double, num: math.Float64bits(f)} }

// BooleanOf returns b as a value.
func BooleanOf(b bool) Value {
	if b {
		return Value{typ: Boolean, num: 1}
	}
	return Value{typ: Boolean}
}

// NullOf returns the value of type t that has no object: the null string, the unset DateTime. For Long, Double and
// Boolean, which cannot be null, it is zero or false.
func NullOf(t Type) Value { return Value{typ: t} }

// ObjectOf returns o as a value of type t.
func ObjectOf(t Type, o Object) Value { return Value{typ: t, ref: o} }

// Type returns the type of v.
func (v Value) Type() Type { return v.typ }

// IsNull reports whether v is NULL, or of an object type and has no object.
func (v Value) IsNull() bool {
	switch v.typ {
	case Null:
		return true
	case Long, Double, Boolean, Void, Params, Util, Misc, Math:
		return false
	}
	return v.ref == nil
}

// Long returns the integer of a LONG value.
func (v Value) Long() int64 { return int64(v.num) }

// Double returns the number of a DOUBLE value.
func (v Value) Double() float64 { return math.Float64frombits(v.num) }

// Boolean returns the truth of a BOOLEAN value.
func (v Value) Boolean() bool { return v.num != 0 }

// Str returns the text of a STRING value, or the message of a thrown one; "" when it is null.
func (v Value) Str() string {
	if c, ok := v.ref.(chars); ok {
		return unsafe.String((*byte)(c), int(v.num))
	}
	return ""
}

// Object returns the object of v, nil when it has none.
func (v Value) Object() Object {
	o, _ := v.ref.(Object)
	return o
}

// array returns the array of an array value; every array value has one.
func (v Value) array() *Array {
	a, _ := v.ref.(*Array)
	return a
}

// table returns the map of a MAP value, nil for the null map.
func (v Value) table() *Table {
	m, _ := v.ref.(*Table)
	return m
}

// defaultOf returns the value of a variable declared with type t and no initialiser.
func defaultOf(t Type) Value {
	if t.IsArray() {
		return Value{typ: t, ref: newArray(t.elem(), 0)}
	}
	return Value{typ: t}
}
