package wire

import (
	"strings"
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
	p := parser{s: string(text), line: 1}
	var n Node
	p.space()
	if err := p.value(&n, 0); err != nil {
		return nil, err
	}
	p.space()
	if p.i < len(p.s) {
		return nil, p.errorf("unexpected %s after the end of the document", p.here())
	}
	return &n, nil
}

type parser struct {
	s     string
	i     int
	line  int32
	start int // offset of the first byte of the line
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

func (p *parser) value(n *Node, depth int) error {
	// The column is counted in bytes here: exact for ASCII indentation, and free.
	n.Line, n.Col = p.line, int32(p.i-p.start+1)
	if p.i >= len(p.s) {
		return p.errorf("unexpected end of input, want a value")
	}
	switch c := p.s[p.i]; {
	case c == '{':
		return p.object(n, depth+1)
	case c == '[':
		return p.array(n, depth+1)
	case c == '"':
		n.Kind = String
		var err error
		n.Text, err = p.str()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return p.number(n)
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
		return p.errorf("unexpected %s, want a value", p.here())
	}
	return nil
}

func (p *parser) object(n *Node, depth int) error {
	if depth > MaxDepth {
		return p.errorf("the document is nested deeper than %d", MaxDepth)
	}
	n.Kind = Object
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return nil
	}
	var seen map[string]int // only for large objects
	for {
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return p.errorf("unexpected %s, want a field name in double quotes", p.here())
		}
		name, err := p.str()
		if err != nil {
			return err
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return p.errorf("unexpected %s, want ':' after field %q", p.here(), name)
		}
		p.i++
		p.space()
		var v Node
		if err := p.value(&v, depth); err != nil {
			return In(err, name)
		}
		seen = n.put(name, v, seen)
		p.space()
		if p.i < len(p.s) && p.s[p.i] == ',' {
			p.i++
			p.space()
			continue
		}
		if p.i < len(p.s) && p.s[p.i] == '}' {
			p.i++
			return nil
		}
		return p.errorf("unexpected %s, want ',' or '}'", p.here())
	}
}

// put adds a field, or gives an existing one its new value. Objects of up to 16 fields are searched, larger ones indexed.
func (n *Node) put(name string, v Node, seen map[string]int) map[string]int {
	if seen == nil && len(n.Fields) >= 16 {
		seen = make(map[string]int, 64)
		for i := range n.Fields {
			seen[n.Fields[i].Name] = i
		}
	}
	if seen != nil {
		if i, ok := seen[name]; ok {
			n.Fields[i].Node = v
			return seen
		}
		seen[name] = len(n.Fields)
	} else if old := n.Get(name); old != nil {
		*old = v
		return nil
	}
	n.Fields = append(n.Fields, Field{Name: name, Node: v})
	return seen
}

func (p *parser) array(n *Node, depth int) error {
	if depth > MaxDepth {
		return p.errorf("the document is nested deeper than %d", MaxDepth)
	}
	n.Kind = Array
	n.Items = []Node{}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return nil
	}
	for {
		var v Node
		if err := p.value(&v, depth); err != nil {
			return InItem(err, len(n.Items))
		}
		n.Items = append(n.Items, v)
		p.space()
		if p.i < len(p.s) && p.s[p.i] == ',' {
			p.i++
			p.space()
			continue
		}
		if p.i < len(p.s) && p.s[p.i] == ']' {
			p.i++
			return nil
		}
		return p.errorf("unexpected %s, want ',' or ']'", p.here())
	}
}

func (p *parser) number(n *Node) error {
	from := p.i
	if p.s[p.i] == '-' {
		p.i++
	}
	switch digits := p.digits(); {
	case digits == 0:
		return p.errorf("unexpected %s in a number", p.here())
	case digits > 1 && p.s[p.i-digits] == '0':
		return p.errorf("a number cannot begin with 0")
	}
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if p.digits() == 0 {
			return p.errorf("unexpected %s in a number", p.here())
		}
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if p.digits() == 0 {
			return p.errorf("unexpected %s in a number", p.here())
		}
	}
	if p.i-from > MaxNumber {
		return p.errorf("a number is longer than %d characters", MaxNumber)
	}
	n.Kind, n.Text = Number, p.s[from:p.i]
	return nil
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
