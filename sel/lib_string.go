package sel

func stringClass() *Class {
	return &Class{
		Type:  String,
		Names: []string{"String"},
		New: func(t *Thread, args []Value) (Value, error) {
			switch {
			case len(args) == 0:
				return StringOf(""), nil
			case len(args) == 1 && args[0].typ == String:
				return args[0], nil
			case len(args) == 1 && args[0].typ == Long:
				return t.NewString(text(args[0]))
			}
			return Value{}, Errorf(CodeArgument, "new String takes nothing, or one STRING or LONG, not %s", typesOf(args))
		},
		Methods: stringMethods(),
	}
}

// stringMethods lists the methods of strings.
func stringMethods() []Method {
	return []Method{
		{Name: "length", Arity: 0, Wraps: true, Call: func(t *Thread, recv Value, _ []Value) (Value, error) {
			if recv.ref == nil {
				return Value{}, Errorf(CodeNull, "length of a null STRING")
			}
			return LongOf(int64(length16(recv.Str()))), t.Work(int(recv.num))
		}},
	}
}
