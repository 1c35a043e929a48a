package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// token is one token: its kind and where it stands in the source.
type token struct {
	kind     Kind
	pos, end int
}

// scanner takes a source apart. It is asked for one token at a time, so that of two mistakes the first is reported.
type scanner struct {
	src string
	at  int
	bad *Error // what follows the end of src
}

// next returns the token after the last one.
func (s *scanner) next() (token, *Error) {
	t, err := s.token()
	if s.bad != nil && s.at == len(s.src) {
		err = s.bad
	}
	return t, err
}

func (s *scanner) token() (token, *Error) {
	if err := s.skip(); err != nil {
		return token{}, err
	}
	start := s.at
	if start == len(s.src) {
		return token{EOF, start, start}, nil
	}
	c := s.src[start]
	switch {
	case c == '"' || c == '\'':
		if err := s.str(c); err != nil {
			return token{}, err
		}
		return token{Str, start, s.at}, nil
	case isDecimal(c), c == '.' && start+1 < len(s.src) && isDecimal(s.src[start+1]):
		return token{s.number(), start, s.at}, nil
	}
	if r, n := utf8.DecodeRuneInString(s.src[start:]); isLetter(r) {
		for s.at += n; s.at < len(s.src); s.at += n {
			if r, n = utf8.DecodeRuneInString(s.src[s.at:]); !isLetter(r) && !isDigit(r) {
				break
			}
		}
		if kind, ok := words[s.src[start:s.at]]; ok {
			return token{kind, start, s.at}, nil
		}
		return token{Ident, start, s.at}, nil
	}
	if c < utf8.RuneSelf {
		for _, op := range byFirst[c] {
			if strings.HasPrefix(s.src[start:], op.text) {
				s.at += len(op.text)
				return token{op.kind, start, s.at}, nil
			}
		}
	}
	r, _ := utf8.DecodeRuneInString(s.src[start:])
	return token{}, &Error{BadToken, fmt.Sprintf("unexpected character %q", r), start}
}

// skip passes white space and comments.
func (s *scanner) skip() *Error {
	for s.at < len(s.src) {
		switch s.src[s.at] {
		case ' ', '\t', '\n', '\r', '\f':
			s.at++
			continue
		case '/':
		default:
			return nil
		}
		rest := s.src[s.at:]
		switch {
		case strings.HasPrefix(rest, "//"):
			if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
				s.at += n
			} else {
				s.at = len(s.src)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				start := s.at
				s.at = len(s.src)
				return &Error{BadToken, "the comment has no end", start}
			}
			s.at += n + 4
		default:
			return nil
		}
	}
	return nil
}

// str passes a string literal.
func (s *scanner) str(quote byte) *Error {
	start := s.at
	for s.at++; s.at < len(s.src); s.at++ {
		switch c := s.src[s.at]; c {
		case quote:
			s.at++
			return nil
		case '\n', '\r':
			return &Error{BadToken, "the string has no end on its line", start}
		case '\\':
			s.at++
			if s.at == len(s.src) {
				return &Error{BadToken, "the string has no end", start}
			}
			if !strings.ContainsRune(`ntbrf\'"01234567`, rune(s.src[s.at])) {
				r, _ := utf8.DecodeRuneInString(s.src[s.at:])
				return &Error{BadToken, fmt.Sprintf(`\%c is no escape; the escapes are \n \t \b \r \f \\ \' \" and \uXXXX`, r), s.at - 1}
			}
		}
	}
	return &Error{BadToken, "the string has no end", start}
}

// number passes the longest numeric literal.
func (s *scanner) number() Kind {
	start := s.at
	s.digits()
	switch {
	case s.peek() == '.':
		s.at++
		s.digits()
		s.exponent()
		s.suffix("fFdD")
		return Float
	case s.exponent():
		s.suffix("fFdD")
		return Float
	case s.suffix("fFdD"):
		return Float
	case s.src[start] == '0':
		s.at = start + 1
		if s.at+1 < len(s.src) && s.src[s.at]|0x20 == 'x' && hexDigit(s.src[s.at+1]) >= 0 {
			for s.at++; s.at < len(s.src) && hexDigit(s.src[s.at]) >= 0; s.at++ {
			}
			break
		}
		for s.peek() >= '0' && s.peek() <= '7' {
			s.at++
		}
	}
	s.suffix("lL")
	return Int
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

func (s *scanner) digits() {
	for isDecimal(s.peek()) {
		s.at++
	}
}

// exponent passes e, a sign and digits, if all are there.
func (s *scanner) exponent() bool {
	at := s.at
	if s.peek()|0x20 != 'e' {
		return false
	}
	s.at++
	if s.peek() == '+' || s.peek() == '-' {
		s.at++
	}
	if !isDecimal(s.peek()) {
		s.at = at
		return false
	}
	s.digits()
	return true
}

func (s *scanner) suffix(of string) bool {
	if c := s.peek(); c != 0 && strings.IndexByte(of, c) >= 0 {
		s.at++
		return true
	}
	return false
}

func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

// isLetter and isDigit are the identifier characters of the Java of 1996, which the language took over.
func isLetter(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '$'
	}
	return r >= 0xC0 && r <= 0x1FFF && r != 0xD7 && r != 0xF7 || r >= 0x3040 && r <= 0x318F || r >= 0x3300 && r <= 0x337F ||
		r >= 0x3400 && r <= 0x3D2D || r >= 0x4E00 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF
}

// isDigit reports digits; those beyond ASCII all count as letters too.
func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// unquote returns what a string literal stands for.
func unquote(literal string, pos int) (string, *Error) {
	body := literal[1 : len(literal)-1]
	if strings.IndexByte(body, '\\') < 0 {
		return body, nil
	}
	b := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == '\\' {
			i++
			switch c = body[i]; c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'r':
				c = '\r'
			case 'f':
				c = '\f'
			case '\\', '\'', '"':
			default:
				return "", &Error{BadEscape, `octal escapes are not supported; write \u00XX`, pos + i}
			}
		}
		b = append(b, c)
	}
	return string(b), nil
}
