package syntax

import (
	"strconv"
	"strings"
)

// simple reads what may stand in the head of a for: an assignment or a primary expression.
func (p *parser) simple() Expr {
	first := p.tok.kind
	return p.assignment(first, p.primary("an assignment"))
}

func (p *parser) expr() Expr { return p.exprOr("an expression") }

// exprOr reads an expression; want is what a message calls it.
func (p *parser) exprOr(want string) Expr {
	defer p.leave()
	if !p.enter() {
		return nil
	}
	first := p.tok.kind
	x := p.binary(1, want)
	if p.tok.kind == Question {
		c := &Cond{at: p.here(), C: x}
		p.advance()
		c.X = p.expr()
		p.expect(Colon)
		c.Y = p.expr()
		return c
	}
	return p.assignment(first, x)
}

// assignment goes on after x, which began with a token of kind first: only a name, or a name with one index, can be
// assigned to.
func (p *parser) assignment(first Kind, x Expr) Expr {
	if first != Ident || p.tok.kind < Assign || p.tok.kind > RemAssign {
		return x
	}
	a := &AssignExpr{at: p.here(), Op: p.tok.kind}
	switch x := x.(type) {
	case *Name:
		a.Name = x
	case *Index:
		a.Name, _ = x.X.(*Name)
		a.Index = x.I
	}
	if a.Name == nil {
		return x
	}
	p.advance()
	a.Y = p.expr()
	return a
}

// levels gives the binary operators their precedence; 0 is none.
var levels = [Unused + 1]int{
	Or: 1, And: 2, Eq: 3, Ne: 3, Lt: 4, Gt: 4, Le: 4, Ge: 4, Add: 5, Sub: 5, Mul: 6, Div: 6, Rem: 6,
}

// binary reads operators of at least the given level, all left associative.
func (p *parser) binary(level int, want string) Expr {
	x := p.unary(want)
	for {
		op := p.tok.kind
		if levels[op] < level || levels[op] == 0 {
			return x
		}
		b := &Binary{at: p.here(), Op: op, X: x}
		p.advance()
		b.Y = p.binary(levels[op]+1, "an expression")
		x = b
	}
}

func (p *parser) unary(want string) Expr {
	switch p.tok.kind {
	case Add, Sub, Not:
		defer p.leave()
		if !p.enter() {
			return nil
		}
		u := &Unary{at: p.here(), Op: p.tok.kind}
		p.advance()
		u.X = p.unary("an expression")
		return u
	}
	return p.primary(want)
}

// primary reads a prefix and its suffixes.
func (p *parser) primary(want string) Expr {
	x := p.prefix(want)
	for {
		switch p.tok.kind {
		case LBracket:
			i := &Index{at: p.here(), X: x}
			p.advance()
			i.I = p.expr()
			p.expect(RBracket)
			x = i
		case Dot:
			p.advance()
			pos, name := p.here(), p.ident("the name of a method or field")
			if p.tok.kind == LParen {
				x = &Call{at: pos, X: x, Name: name, Args: p.args()}
			} else {
				x = &Field{at: pos, X: x, Name: name}
			}
		default:
			return x
		}
	}
}

// args reads arguments with their parentheses.
func (p *parser) args() []Expr {
	p.expect(LParen)
	if p.tok.kind == RParen {
		p.advance()
		return nil
	}
	var list []Expr
	for {
		list = append(list, p.expr())
		if p.tok.kind != Comma {
			p.expect(RParen)
			return list
		}
		p.advance()
	}
}

func (p *parser) prefix(want string) Expr {
	pos, kind := p.here(), p.tok.kind
	switch kind {
	case Ident:
		x := &Name{pos, p.text()}
		p.advance()
		return x
	case LParen:
		p.advance()
		x := p.expr()
		p.expect(RParen)
		return x
	case New:
		return p.alloc()
	case True, False:
		p.advance()
		return &Literal{pos, kind == True}
	case NullWord:
		p.advance()
		return &Literal{pos, nil}
	case Int, Float, Str:
		x := &Literal{pos, p.constant()}
		p.advance()
		return x
	}
	p.unexpected(want)
	return nil
}

// constant returns the value of a numeric or string literal.
func (p *parser) constant() any {
	text := p.text()
	switch p.tok.kind {
	case Int:
		n, err := strconv.ParseInt(strings.TrimRight(text, "lL"), 10, 64)
		if err != nil {
			if len(text) > 1 && text[1]|0x20 == 'x' {
				p.fail(BadNumber, p.tok.pos, "hexadecimal literals are not supported")
			} else {
				p.fail(BadNumber, p.tok.pos, "the integer is larger than 9223372036854775807")
			}
		}
		return n
	case Float:
		f, ok, _ := ParseFloat(text, func(int) error { return nil })
		if !ok {
			p.fail(BadNumber, p.tok.pos, "%s is no number", text)
		}
		return f
	}
	s, err := unquote(text, p.tok.pos)
	if err != nil {
		p.fail(err.Problem, err.Pos, "%s", err.Message)
	}
	return s
}

// alloc reads what follows new.
func (p *parser) alloc() Expr {
	pos := p.here()
	p.advance()
	class := p.text()
	primitive := p.tok.kind >= BooleanWord && p.tok.kind <= DoubleWord
	if p.tok.kind != Ident && !primitive {
		p.unexpected("the name of a class")
		return nil
	}
	p.advance()
	switch {
	case p.tok.kind == LParen && !primitive:
		return &NewObject{at: pos, Class: class, Args: p.args()}
	case p.tok.kind != LBracket:
		if primitive {
			p.unexpected(`"["`)
		} else {
			p.unexpected(`"(" or "["`)
		}
		return nil
	}
	p.advance()
	a := &NewArray{at: pos, Class: class}
	if p.tok.kind != RBracket {
		a.N = p.expr()
		p.expect(RBracket)
		return a
	}
	p.advance()
	p.expect(LBrace)
	if p.tok.kind != RBrace && p.tok.kind != Comma {
		for {
			a.Elems = append(a.Elems, p.expr())
			if p.tok.kind != Comma || p.peek(1) == RBrace {
				break
			}
			p.advance()
		}
	}
	if p.tok.kind == Comma {
		p.advance()
	}
	p.expect(RBrace)
	return a
}
