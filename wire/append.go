package wire

import (
	"math"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[from:i]...)
				b = append(b, "\uFFFD"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// AppendFloat appends f as a JSON number that reads back as the same float64 and never looks like an integer (3.0).
// NaN and infinities, which JSON does not know, become strings as Jackson writes them.
func AppendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	abs := math.Abs(f)
	if abs != 0 && (abs < 1e-3 || abs >= 1e15) {
		return strconv.AppendFloat(b, f, 'E', -1, 64)
	}
	from := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[from:] {
		if c == '.' {
			return b
		}
	}
	return append(b, '.', '0')
}

// Key appends the name of a field, with a comma before it unless it is the first after the opening brace.
func Key(b []byte, name string) []byte {
	b = Comma(b)
	b = append(b, '"')
	b = append(b, name...) // our own names need no escapes
	return append(b, '"', ':')
}

// Comma appends a comma unless b ends in an opening brace or bracket.
func Comma(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' {
		return append(b, ',')
	}
	return b
}

// Each of the following appends one field. Those named Opt append nothing for the zero value.

// Str appends a string field.
func Str(b []byte, name, v string) []byte { return AppendString(Key(b, name), v) }

// OptStr appends a string field unless it is empty.
func OptStr(b []byte, name, v string) []byte {
	if v == "" {
		return b
	}
	return Str(b, name, v)
}

// Int appends an integer field.
func Int(b []byte, name string, v int64) []byte { return strconv.AppendInt(Key(b, name), v, 10) }

// OptInt appends an integer field unless it is 0.
func OptInt(b []byte, name string, v int64) []byte {
	if v == 0 {
		return b
	}
	return Int(b, name, v)
}

// IntPtr appends an integer field unless it is nil.
func IntPtr(b []byte, name string, v *int64) []byte {
	if v == nil {
		return b
	}
	return Int(b, name, *v)
}

// Boolean appends a boolean field.
func Boolean(b []byte, name string, v bool) []byte { return strconv.AppendBool(Key(b, name), v) }

// OptBoolean appends a boolean field unless it is false.
func OptBoolean(b []byte, name string, v bool) []byte {
	if !v {
		return b
	}
	return Boolean(b, name, v)
}

// BooleanPtr appends a boolean field unless it is nil.
func BooleanPtr(b []byte, name string, v *bool) []byte {
	if v == nil {
		return b
	}
	return Boolean(b, name, *v)
}

// AppendStrings appends an array of strings.
func AppendStrings(b []byte, v []string) []byte {
	b = append(b, '[')
	for i, s := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, s)
	}
	return append(b, ']')
}

// StrList appends an array of strings unless it is nil; an empty one is printed.
func StrList(b []byte, name string, v []string) []byte {
	if v == nil {
		return b
	}
	return AppendStrings(Key(b, name), v)
}

// Appender is anything that can append itself as JSON.
type Appender interface{ AppendJSON(b []byte) []byte }

// List appends an array of Appenders unless it is nil; an empty one is printed.
func List[T Appender](b []byte, name string, v []T) []byte {
	if v == nil {
		return b
	}
	return AppendList(Key(b, name), v)
}

// AppendList appends an array of Appenders.
func AppendList[T Appender](b []byte, v []T) []byte {
	b = append(b, '[')
	for i := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = v[i].AppendJSON(b)
	}
	return append(b, ']')
}

// AppendJSON appends r as it is.
func (r Raw) AppendJSON(b []byte) []byte { return append(b, r...) }
