package sel

import (
	"strconv"
	"strings"
)

// wants says that a method takes another type than it was given.
func wants(code Code, method, types string, got Value) *Error {
	return Errorf(code, "%s takes a %s, not %s", method, types, got.Type())
}

// typesOf lists the types of arguments for a message.
func typesOf(args []Value) string {
	if len(args) == 0 {
		return "()"
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, v := range args {
		if i == 8 && len(args) > 9 {
			b.WriteString(", … " + strconv.Itoa(len(args)-i) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.Type().String())
	}
	b.WriteByte(')')
	return b.String()
}

// quoted shows a text in a message: in quotes, and not more than the beginning of a long one.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return strconv.Quote(s)
}
