// Package wire reads and writes the JSON of the outside world: strictly, in order, and with errors that say where.
//
// It sits beside fault at the top of the list: param, workflow, signal, schedule and api decode their documents from
// its Nodes and append their JSON with its Append functions; dsl turns YAML into the same Nodes. It knows nothing of
// what a document means.
//
// The one thing to know before changing it: the order of an object's fields has a meaning in this product (params are
// evaluated in it, step ordinals follow it), so objects are slices here and everywhere below. A name that comes twice
// keeps its first place and takes the last value, as Jackson does it.
package wire

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds of JSON values. The zero Node is null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}

// String returns the kind with its article, for messages.
func (k Kind) String() string { return kindNames[k] }

// Node is one JSON value. Text holds the characters of a string, the literal of a number exactly as written, or
// "true" and "false"; Items the elements of an array; Fields those of an object, in order. Line and Col (both from 1)
// say where it began; 0 = unknown.
type Node struct {
	Kind      Kind
	Line, Col int32
	Text      string
	Items     []Node
	Fields    []Field
}

// Field is one field of an object.
type Field struct {
	Name string
	Node
}

// Raw is a JSON value kept as compact text, for free-form parts that are only stored and given back.
type Raw string

// Raw returns n as compact JSON text.
func (n *Node) Raw() Raw { return Raw(n.AppendJSON(nil)) }

// Clone returns a copy that shares no memory with n but the characters of its strings.
func (n *Node) Clone() Node {
	c := *n
	if n.Items != nil {
		c.Items = make([]Node, len(n.Items))
		for i := range n.Items {
			c.Items[i] = n.Items[i].Clone()
		}
	}
	if n.Fields != nil {
		c.Fields = make([]Field, len(n.Fields))
		for i := range n.Fields {
			c.Fields[i] = Field{n.Fields[i].Name, n.Fields[i].Node.Clone()}
		}
	}
	return c
}

// Get returns the field with a name, or nil. It looks at each field in turn.
func (n *Node) Get(name string) *Node {
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i].Node
		}
	}
	return nil
}

// AppendJSON appends n as compact JSON.
func (n *Node) AppendJSON(b []byte) []byte {
	switch n.Kind {
	case Null:
		return append(b, "null"...)
	case String:
		return AppendString(b, n.Text)
	case Array:
		b = append(b, '[')
		for i := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = n.Items[i].AppendJSON(b)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i := range n.Fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendString(b, n.Fields[i].Name)
			b = append(b, ':')
			b = n.Fields[i].Node.AppendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, n.Text...)
}
