package wire

import (
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a document. They bound what a parse can cost; the size of the text is the caller's to bound.
const (
	// MaxDepth is the deepest nesting of arrays and objects.
	MaxDepth = 256
	// MaxNumber is the longest literal of a number, in bytes.
	MaxNumber = 1000
)

// Parse reads one JSON value that fills the whole text. The text may be changed afterwards. Strings and names come out
// Storable.
func Parse(text []byte) (*Node, error) {
	p := parsers.Get().(*parser)
	defer p.done()
	n, err := p.parse(text)
	if err != nil {
		return nil, err
	}
	return &n, nil
}

// Look is Parse for who takes what is needed out of the value at once: the value is lent for the time of the call, and its
// memory serves the next one. What look keeps must be strings, or Clones.
func Look(text []byte, look func(*Node) error) error {
	p := parsers.Get().(*parser)
	defer p.done()
	p.lends = true
	n, err := p.parse(text)
	if err != nil {
		return err
	}
	return look(&n)
}

func (p *parser) parse(text []byte) (Node, error) {
	p.s, p.line = string(text), 1
	p.space()
	n, err := p.value(0)
	if err != nil {
		return n, err
	}
	p.space()
	if p.i < len(p.s) {
		return n, p.errorf("unexpected %s after the end of the document", p.here())
	}
	return n, nil
}

type parser struct {
	s     string
	i     int
	line  int32
	start int // offset of the first byte of the line

	// The fields and items of the objects and arrays that are open, inner after outer. An object or array takes a copy of
	// its own when it is closed, so that each costs one allocation of its exact size; or, if the value is only lent, a part
	// of the parser's.
	fields []Field
	items  []Node

	lends      bool
	lentFields []Field
	lentItems  []Node
}

// parsers keeps parsers for the room in their stacks.
var parsers = sync.Pool{New: func() any { return new(parser) }}

// mostKept is how many fields and items a parser keeps room for.
const mostKept = 1024

// done forgets the document and gives the parser back.
func (p *parser) done() {
	*p = parser{
		fields: emptied(p.fields), items: emptied(p.items), lentFields: emptied(p.lentFields), lentItems: emptied(p.lentItems),
	}
	parsers.Put(p)
}

// emptied returns the room of a list, without what was in it, unless that is too much to keep.
func emptied[T any](list []T) []T {
	if cap(list) > mostKept {
		return nil
	}
	clear(list[:cap(list)])
	return list[:0]
}

// closed returns the fields of an object that is complete.
func (p *parser) closed(fields []Field) []Field {
	if !p.lends {
		return append([]Field(nil), fields...)
	}
	at := len(p.lentFields)
	p.lentFields = append(p.lentFields, fields...) // should it move, what was lent before stays where it is
	return p.lentFields[at:len(p.lentFields):len(p.lentFields)]
}

// closedItems returns the items of an array that is complete.
func (p *parser) closedItems(items []Node) []Node {
	if !p.lends {
		return append([]Node(nil), items...)
	}
	at := len(p.lentItems)
	p.lentItems = append(p.lentItems, items...)
	return p.lentItems[at:len(p.lentItems):len(p.lentItems)]
}

func (p *parser) errorf(format string, args ...any) error {
	return Errorf(&Node{Line: p.line, Col: p.col()}, format, args...)
}

func (p *parser) col() int32 { return int32(utf8.RuneCountInString(p.s[p.start:p.i]) + 1) }

// here names what stands at the cursor.
func (p *parser) here() string {
	if p.i >= len(p.s) {
		return "end of input"
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.i:])
	return "character " + string(AppendString(nil, string(r)))
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '\n':
			p.line++
			p.start = p.i + 1
		case ' ', '\t', '\r':
		default:
			return
		}
		p.i++
	}
}

// value reads a value. It returns it, rather than filling in one of the caller's, so that none escapes to the heap.
func (p *parser) value(depth int) (n Node, err error) {
	// The column is counted in bytes here: exact for ASCII indentation, and free.
	n.Line, n.Col = p.line, int32(p.i-p.start+1)
	if p.i >= len(p.s) {
		return n, p.errorf("unexpected end of input, want a value")
	}
	switch c := p.s[p.i]; {
	case c == '{':
		n.Kind = Object
		n.Fields, err = p.object(depth + 1)
	case c == '[':
		n.Kind = Array
		n.Items, err = p.array(depth + 1)
	case c == '"':
		n.Kind = String
		n.Text, err = p.str()
	case c == '-' || c >= '0' && c <= '9':
		n.Kind = Number
		n.Text, err = p.number()
	case strings.HasPrefix(p.s[p.i:], "true"):
		n.Kind, n.Text = Bool, "true"
		p.i += 4
	case strings.HasPrefix(p.s[p.i:], "false"):
		n.Kind, n.Text = Bool, "false"
		p.i += 5
	case strings.HasPrefix(p.s[p.i:], "null"):
		n.Kind = Null
		p.i += 4
	default:
		err = p.errorf("unexpected %s, want a value", p.here())
	}
	return n, err
}

func (p *parser) object(depth int) ([]Field, error) {
	if depth > MaxDepth {
		return nil, p.errorf("the document is nested deeper than %d", MaxDepth)
	}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return nil, nil
	}
	mark := len(p.fields)
	var large map[string]int // see place
	for {
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return nil, p.errorf("unexpected %s, want a field name in double quotes", p.here())
		}
		name, err := p.str()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return nil, p.errorf("unexpected %s, want ':' after field %q", p.here(), name)
		}
		p.i++
		p.space()
		var at int
		at, large = p.place(mark, name, large)
		v, err := p.value(depth)
		if err != nil {
			return nil, In(err, name)
		}
		p.fields[at].Node = v
		p.space()
		if p.i < len(p.s) && p.s[p.i] == ',' {
			p.i++
			p.space()
			continue
		}
		if p.i < len(p.s) && p.s[p.i] == '}' {
			p.i++
			fields := p.closed(p.fields[mark:])
			p.fields = p.fields[:mark]
			return fields, nil
		}
		return nil, p.errorf("unexpected %s, want ',' or '}'", p.here())
	}
}

// place returns where in the stack the field of a name goes: where it is already, or on top. An object of up to 16 fields
// is searched, a larger one indexed.
func (p *parser) place(mark int, name string, large map[string]int) (int, map[string]int) {
	top := len(p.fields)
	if large == nil && top-mark >= 16 {
		large = make(map[string]int, 64)
		for i := mark; i < top; i++ {
			large[p.fields[i].Name] = i
		}
	}
	if large != nil {
		if i, ok := large[name]; ok {
			return i, large
		}
		large[name] = top
	} else {
		for i := mark; i < top; i++ {
			if p.fields[i].Name == name {
				return i, nil
			}
		}
	}
	p.fields = append(p.fields, Field{Name: name})
	return top, large
}

func (p *parser) array(depth int) ([]Node, error) {
	if depth > MaxDepth {
		return nil, p.errorf("the document is nested deeper than %d", MaxDepth)
	}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return []Node{}, nil
	}
	mark := len(p.items)
	for {
		v, err := p.value(depth)
		if err != nil {
			return nil, InItem(err, len(p.items)-mark)
		}
		p.items = append(p.items, v)
		p.space()
		if p.i < len(p.s) && p.s[p.i] == ',' {
			p.i++
			p.space()
			continue
		}
		if p.i < len(p.s) && p.s[p.i] == ']' {
			p.i++
			items := p.closedItems(p.items[mark:])
			p.items = p.items[:mark]
			return items, nil
		}
		return nil, p.errorf("unexpected %s, want ',' or ']'", p.here())
	}
}

func (p *parser) number() (string, error) {
	from := p.i
	if p.s[p.i] == '-' {
		p.i++
	}
	switch digits := p.digits(); {
	case digits == 0:
		return "", p.errorf("unexpected %s in a number", p.here())
	case digits > 1 && p.s[p.i-digits] == '0':
		return "", p.errorf("a number cannot begin with 0")
	}
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if p.digits() == 0 {
			return "", p.errorf("unexpected %s in a number", p.here())
		}
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if p.digits() == 0 {
			return "", p.errorf("unexpected %s in a number", p.here())
		}
	}
	if p.i-from > MaxNumber {
		return "", p.errorf("a number is longer than %d characters", MaxNumber)
	}
	return p.s[from:p.i], nil
}

func (p *parser) digits() int {
	from := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i - from
}

// str reads a string literal; the cursor is at its opening quote. Without escapes it is a slice of the text.
func (p *parser) str() (string, error) {
	p.i++
	from := p.i
	ascii := true
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			text := p.s[from:p.i]
			p.i++
			if !ascii {
				text = Storable(text)
			}
			return text, nil
		case c == '\\':
			return p.escaped(from)
		case c < ' ':
			return "", p.errorf("a control character in a string must be escaped (\\u%04x)", c)
		case c >= utf8.RuneSelf:
			ascii = false
		}
		p.i++
	}
	return "", p.errorf("unexpected end of input in a string")
}

func (p *parser) escaped(from int) (string, error) {
	b := []byte(p.s[from:p.i])
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return Storable(string(b)), nil
		case c < ' ':
			return "", p.errorf("a control character in a string must be escaped (\\u%04x)", c)
		case c != '\\':
			b = append(b, c)
			p.i++
			continue
		}
		p.i++
		if p.i >= len(p.s) {
			break
		}
		switch c := p.s[p.i]; c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := p.hex(p.i + 1)
			if !ok {
				return "", p.errorf("\\u must be followed by four hexadecimal digits")
			}
			p.i += 4
			if utf16.IsSurrogate(r) && strings.HasPrefix(p.s[p.i+1:], `\u`) {
				if low, ok := p.hex(p.i + 3); ok {
					if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
						r = full
						p.i += 6
					}
				}
			}
			b = utf8.AppendRune(b, r) // a lone surrogate becomes U+FFFD
		default:
			return "", p.errorf("unknown escape \\%s in a string", string(rune(c)))
		}
		p.i++
	}
	return "", p.errorf("unexpected end of input in a string")
}

func (p *parser) hex(at int) (rune, bool) {
	if at+4 > len(p.s) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.s[at : at+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Storable returns s as every database here can hold it: NUL and each byte of invalid UTF-8 become U+FFFD.
func Storable(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == 0 {
			return utf8.RuneError
		}
		return r
	}, s)
}
