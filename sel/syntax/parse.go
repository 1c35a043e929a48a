package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Parse returns the statements of a program. maxDepth bounds the nesting of statements and expressions. Time and
// memory are linear in the length of the text, which must be UTF-8.
func Parse(text string, maxDepth int) ([]Stmt, *Error) {
	src := unescape(text)
	p := &parser{source: src, scanner: scanner{src: src.text, bad: src.bad}, maxDepth: maxDepth}
	p.advance()
	for p.tok.kind == Import {
		p.importDecl()
	}
	var body []Stmt
	for p.tok.kind != EOF {
		body = append(body, p.blockItem())
	}
	if p.err != nil {
		p.err.Pos = src.original(p.err.Pos)
		return nil, p.err
	}
	return body, nil
}

// parser reads a program by recursive descent. After the first error it sees only the end of the text, so that every
// production ends soon; what it returns then is thrown away.
type parser struct {
	source   *source
	scanner  scanner
	tok      token   // the current token
	ahead    []token // tokens read beyond it
	err      *Error
	depth    int
	maxDepth int
}

// scan returns the next token of the text.
func (p *parser) scan() token {
	if p.err == nil {
		t, err := p.scanner.next()
		if err == nil {
			return t
		}
		p.err = err
	}
	return token{EOF, len(p.scanner.src), len(p.scanner.src)}
}

func (p *parser) advance() {
	switch {
	case p.err != nil:
		p.tok.kind = EOF
	case len(p.ahead) > 0:
		p.tok = p.ahead[0]
		p.ahead = append(p.ahead[:0], p.ahead[1:]...)
	default:
		p.tok = p.scan()
	}
}

// peek returns the kind of the nth token after the current one.
func (p *parser) peek(n int) Kind {
	for len(p.ahead) < n {
		t := p.scan()
		if p.err != nil {
			return EOF
		}
		p.ahead = append(p.ahead, t)
	}
	return p.ahead[n-1].kind
}

func (p *parser) fail(problem Problem, pos int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{problem, fmt.Sprintf(format, args...), pos}
	}
	p.tok.kind, p.ahead = EOF, nil
}

// unexpected says what stands where something else should.
func (p *parser) unexpected(want string) {
	if p.err != nil {
		p.fail(BadSyntax, 0, "") // keep the first error, and stop
		return
	}
	found := p.tok.kind.named()
	switch p.tok.kind {
	case Ident, Int, Float, Str, Reserved, Unused:
		text := p.text()
		if len(text) > 40 {
			text = strings.ToValidUTF8(text[:40], "") + "…"
		}
		found += " " + text
		if p.tok.kind == Unused {
			found += ", which the language does not have"
		}
	}
	p.fail(BadSyntax, p.tok.pos, "found %s where %s should be", found, want)
}

// expect passes a token of the given kind.
func (p *parser) expect(kind Kind) {
	if p.tok.kind != kind || p.err != nil {
		p.unexpected(kind.named())
		return
	}
	p.advance()
}

// text returns the text of the current token.
func (p *parser) text() string { return p.scanner.src[p.tok.pos:p.tok.end] }

// here returns the position of the current token.
func (p *parser) here() at {
	if p.source.moves == nil {
		return at(p.tok.pos)
	}
	return at(p.source.original(p.tok.pos))
}

// ident passes a name and returns it.
func (p *parser) ident(what string) string {
	if p.tok.kind != Ident {
		p.unexpected(what)
		return ""
	}
	name := p.text()
	p.advance()
	return name
}

// enter goes one level deeper; the caller defers leave.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > p.maxDepth {
		p.fail(TooDeep, p.tok.pos, "the program is nested more than %d deep", p.maxDepth)
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

func (p *parser) importDecl() {
	p.expect(Import)
	if p.tok.kind == Static {
		p.advance()
	}
	p.ident("a name")
	for p.tok.kind == Dot {
		p.advance()
		if p.tok.kind == Mul {
			p.advance()
			break
		}
		p.ident("a name")
	}
	p.expect(Semicolon)
}

// declares reports whether a declaration begins here: a type and a name.
func (p *parser) declares() bool {
	switch {
	case p.tok.kind >= BooleanWord && p.tok.kind <= DoubleWord:
		return true
	case p.tok.kind != Ident:
		return false
	}
	next := p.peek(1)
	return next == Ident || next == LBracket && p.peek(2) == RBracket && p.peek(3) == Ident
}

func (p *parser) blockItem() Stmt {
	if p.declares() {
		d := p.decl()
		p.expect(Semicolon)
		return d
	}
	return p.stmt()
}

// decl reads a declaration without its semicolon.
func (p *parser) decl() *Decl {
	d := &Decl{at: p.here(), Type: TypeName{at: p.here(), Name: p.text()}}
	p.advance()
	if p.tok.kind == LBracket {
		p.advance()
		p.expect(RBracket)
		d.Type.Array = true
	}
	for {
		v := Var{at: p.here(), Name: p.ident("the name of a variable")}
		if p.tok.kind == Assign {
			p.advance()
			v.Init = p.expr()
		}
		d.Vars = append(d.Vars, v)
		if p.tok.kind != Comma {
			return d
		}
		p.advance()
	}
}

func (p *parser) stmt() Stmt {
	defer p.leave()
	if !p.enter() {
		return nil
	}
	pos := p.here()
	switch p.tok.kind {
	case LBrace:
		p.advance()
		b := &Block{at: pos}
		for p.tok.kind != RBrace && p.tok.kind != EOF {
			b.Body = append(b.Body, p.blockItem())
		}
		p.expect(RBrace)
		return b
	case If:
		p.advance()
		s := &IfStmt{at: pos}
		p.expect(LParen)
		s.Cond = p.expr()
		p.expect(RParen)
		s.Then = p.stmt()
		if p.tok.kind == Else {
			p.advance()
			s.Else = p.stmt()
		}
		return s
	case While:
		p.advance()
		s := &Loop{at: pos}
		p.expect(LParen)
		s.Cond = p.expr()
		p.expect(RParen)
		s.Body = p.stmt()
		return s
	case For:
		return p.forStmt()
	case Break, Continue:
		s := &Jump{at: pos, Break: p.tok.kind == Break}
		p.advance()
		p.expect(Semicolon)
		return s
	case Return, Throw:
		s := &ReturnStmt{at: pos, Throw: p.tok.kind == Throw}
		p.advance()
		s.X = p.expr()
		p.expect(Semicolon)
		return s
	}
	s := &ExprStmt{p.exprOr("a statement")}
	p.expect(Semicolon)
	return s
}

func (p *parser) forStmt() Stmt {
	s := &Loop{at: p.here()}
	p.advance()
	p.expect(LParen)
	if p.tok.kind != Semicolon {
		if p.declares() {
			s.Init = p.decl()
		} else {
			s.Init = &ExprStmt{p.simple()}
		}
	}
	p.expect(Semicolon)
	if p.tok.kind != Semicolon {
		s.Cond = p.expr()
	}
	p.expect(Semicolon)
	if p.tok.kind != RParen {
		s.Update = p.simple()
	}
	p.expect(RParen)
	s.Body = p.stmt()
	return s
}

// Length returns the number of UTF-16 units of a text.
func Length(text string) int {
	n := utf8.RuneCountInString(text)
	for i := range len(text) {
		if text[i] >= 0xF0 {
			n++
		}
	}
	return n
}
