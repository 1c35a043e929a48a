package sel

import (
	"strconv"
	"strings"
)

// wants says that a method takes another type than it was given.
func wants(code Code, method, types string, got Value) *Error {
	return Errorf(code, "%s takes a %s, not %s", method, types, got.Type())
}

// unbox fails if v cannot leave the language, as what Java's own methods get has to: the singletons and UUIDs cannot, nor
// can maps that hold null or dates.
func (t *Thread) unbox(v Value) error {
	if !hasPayload(v) {
		return Errorf(CodeUnsupported, "%s cannot be the argument of such a method", v.typ)
	}
	if m := v.table(); m != nil {
		return t.unboxMap(m, 0)
	}
	return nil
}

func (t *Thread) unboxMap(m *Table, depth int) error {
	if depth > deepest {
		return Errorf(CodeArgument, "the map is nested more than %d deep", deepest)
	}
	for _, rows := range m.rows {
		if err := t.Work(32 * len(rows)); err != nil {
			return err
		}
		for i := range rows {
			v := rows[i].value
			if !v.typ.IsData() {
				return Errorf(CodeUnsupported, "the map's value of %s is %s, which only the language itself can deal with", quoted(rows[i].key), v.typ)
			}
			if inner := v.table(); inner != nil {
				if err := t.unboxMap(inner, depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
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
