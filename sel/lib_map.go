package sel

func mapClass() *Class {
	return &Class{
		Type:  Map,
		Names: []string{"Map", "HashMap", "LinkedHashMap"},
		New: func(t *Thread, args []Value) (Value, error) {
			if len(args) != 0 {
				return Value{}, Errorf(CodeArgument, "new Map takes no arguments, not %s", typesOf(args))
			}
			return Value{typ: Map, ref: &Table{}}, t.Alloc(32)
		},
		Methods: []Method{
			{Name: "size", Arity: 0, Call: func(_ *Thread, recv Value, _ []Value) (Value, error) {
				if m := recv.table(); m != nil {
					return LongOf(int64(m.Len())), nil
				}
				return LongOf(0), nil
			}},
			{Name: "get", Arity: 1, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				m, key, err := mapKey(t, "get", recv, args)
				if err != nil {
					return Value{}, err
				}
				if m == nil {
					return Value{}, nullMap("get")
				}
				v, _, err := m.get(t, key)
				return v, err
			}},
			{Name: "containsKey", Arity: 1, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				m, key, err := mapKey(t, "containsKey", recv, args)
				if err != nil || m == nil {
					return BooleanOf(false), err
				}
				_, ok, err := m.get(t, key)
				return BooleanOf(ok), err
			}},
			{Name: "getOrDefault", Arity: 2, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				m, key, err := mapKey(t, "getOrDefault", recv, args)
				if err != nil {
					return Value{}, err
				}
				if m == nil {
					return Value{}, nullMap("getOrDefault")
				}
				v, ok, err := m.get(t, key)
				if !ok {
					v = args[1]
				}
				return v, err
			}},
			{Name: "put", Arity: 2, Call: func(t *Thread, recv Value, args []Value) (Value, error) {
				m, key, err := mapKey(t, "put", recv, args)
				if err != nil {
					return Value{}, err
				}
				if m == nil {
					return Value{}, nullMap("put")
				}
				before := m.Len()
				old, err := m.put(t, key, args[1])
				if err == nil && m.Len() > before {
					return old, t.Alloc(32)
				}
				return old, err
			}},
		},
	}
}

func nullMap(method string) *Error {
	return Errorf(CodeNull, "%s of a null map: make one with new Map()", method)
}

// mapKey checks the key of a map method and pays for the search.
func mapKey(t *Thread, method string, recv Value, args []Value) (*Table, string, error) {
	if args[0].typ != String {
		return nil, "", wants(CodeCast, method, "STRING as key", args[0])
	}
	if err := t.Work(int(args[0].num)); err != nil {
		return nil, "", err
	}
	return recv.table(), text(args[0]), nil
}
