package sel

import (
	"encoding/binary"
	"encoding/hex"
)

func mathClass() *Class {
	pick := func(name string, second func(a, b int64) bool) Method {
		return Method{Name: name, Arity: 2, Call: func(_ *Thread, _ Value, args []Value) (Value, error) {
			for _, v := range args {
				if v.typ != Long {
					return Value{}, wants(CodeCast, name, "LONG", v)
				}
			}
			if second(args[0].Long(), args[1].Long()) {
				return args[1], nil
			}
			return args[0], nil
		}}
	}
	return &Class{
		Type:  Math,
		Bound: []string{"Math"},
		Methods: []Method{
			pick("min", func(a, b int64) bool { return b < a }),
			pick("max", func(a, b int64) bool { return b > a }),
			{Name: "pow", Arity: 2, Call: func(_ *Thread, _ Value, args []Value) (Value, error) {
				var f [2]float64
				for i, v := range args {
					switch v.typ {
					case Long:
						f[i] = float64(v.Long())
					case Double:
						f[i] = v.Double()
					case UUID, Params, Util, Misc, Math:
						return Value{}, wants(CodeUnsupported, "pow", "number", v)
					default:
						if v.IsNull() {
							return Value{}, Errorf(CodeNull, "pow takes two numbers, not a null %s", v.typ)
						}
						return Value{}, wants(CodeCast, "pow", "number", v)
					}
				}
				return DoubleOf(pow(f[0], f[1])), nil
			}},
			{Name: "random", Arity: 0, Call: func(t *Thread, _ Value, _ []Value) (Value, error) {
				return DoubleOf(float64(t.Rand()>>11) / (1 << 53)), nil
			}},
		},
	}
}

// miscClass is System, Arrays and DateTimeConstants, which are one object.
func miscClass() *Class {
	return &Class{
		Type:  Misc,
		Bound: []string{"System", "Arrays", "DateTimeConstants"},
		Methods: []Method{
			{Name: "currentTimeMillis", Arity: 0, Call: func(t *Thread, _ Value, _ []Value) (Value, error) {
				return LongOf(t.Now()), nil
			}},
			{Name: "asList", Arity: 1, Call: func(_ *Thread, _ Value, args []Value) (Value, error) { return args[0], nil }},
		},
		Fields: []Field{{Name: "SUNDAY", Get: func(*Thread, Value) (Value, error) { return LongOf(7), nil }}},
	}
}

// uuid is the object of UUID values.
type uuid [16]byte

// Text returns the usual form.
func (u *uuid) Text() string {
	s := hex.EncodeToString(u[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func uuidClass() *Class {
	return &Class{
		Type:  UUID,
		Names: []string{"UUID"},
		Methods: []Method{
			{Name: "randomUUID", Arity: 0, Call: func(t *Thread, _ Value, _ []Value) (Value, error) {
				u := new(uuid)
				binary.BigEndian.PutUint64(u[:8], t.Rand())
				binary.BigEndian.PutUint64(u[8:], t.Rand())
				u[6], u[8] = u[6]&0x0F|0x40, u[8]&0x3F|0x80 // version 4
				return ObjectOf(UUID, u), t.Alloc(32)
			}},
			{Name: "toString", Arity: 0, Call: func(t *Thread, recv Value, _ []Value) (Value, error) {
				return t.NewString(text(recv))
			}},
		},
	}
}
