package sel

import (
	"fmt"

	"github.com/segue-run/segue/sel/syntax"
)

// eval is a compiled expression, exec a compiled statement. Both are closures over slots, constants and other
// closures; nothing is looked up by name while a program runs.
type (
	eval func(t *Thread) (Value, error)
	exec func(t *Thread) (flow, error)
)

// flow says how a statement ended.
type flow uint8

const (
	none     flow = iota // nothing came of it
	data                 // it was an expression; its value is in Thread.result
	returned             // the program is over; the result is in Thread.result
	broke
	continued
)

// compiler turns the tree into closures.
type compiler struct {
	lib   *bindings
	slots map[string]int
	nodes int64 // expression nodes compiled so far, for the cost of statements
}

// pin gives an error its place, if it has none yet.
func pin(pos int, err error) error {
	e, ok := err.(*Error)
	if !ok {
		e = Errorf(CodeArgument, "%w", err)
	}
	if e.pos < 0 {
		e.pos = int32(pos)
	}
	return e
}

// failing is an expression that always fails, when it is reached.
func failing(pos int, code Code, format string, args ...any) eval {
	message := fmt.Sprintf(format, args...)
	return func(*Thread) (Value, error) { return Value{}, pin(pos, Errorf(code, "%s", message)) }
}

// program compiles the top level: unlike a block it goes on after a break or continue outside any loop, and ends with
// an error only if that was the last thing done.
func (c *compiler) program(body []syntax.Stmt) exec {
	list := make([]exec, len(body))
	for i, s := range body {
		list[i] = c.stmt(s, true)
	}
	return func(t *Thread) (flow, error) {
		last := none
		for _, s := range list {
			var err error
			if last, err = s(t); err != nil {
				return last, err
			}
			if last == returned {
				break
			}
		}
		if last == broke || last == continued {
			err := Errorf(CodeInternal, "break or continue outside of a loop")
			err.pos = int32(body[len(body)-1].Pos())
			return last, err
		}
		return last, nil
	}
}

// stmt compiles a statement; keep says whether the value of an expression statement can be the program's result.
func (c *compiler) stmt(s syntax.Stmt, keep bool) exec {
	switch s := s.(type) {
	case *syntax.Decl:
		return c.decl(s)
	case *syntax.Block:
		return c.block(s, keep)
	case *syntax.IfStmt:
		return c.ifStmt(s)
	case *syntax.Loop:
		return c.loop(s)
	case *syntax.Jump:
		kind := continued
		if s.Break {
			kind = broke
		}
		return func(t *Thread) (flow, error) { return kind, t.Visit(1) }
	case *syntax.ReturnStmt:
		return c.returnStmt(s)
	case *syntax.ExprStmt:
		x, cost := c.costed(s.X)
		pos := s.Pos()
		if keep {
			return func(t *Thread) (flow, error) {
				if t.visits += cost; t.visits >= t.poll {
					if err := t.look(); err != nil {
						return none, pin(pos, err)
					}
				}
				var err error
				t.result, err = x(t)
				return data, err
			}
		}
		return func(t *Thread) (flow, error) {
			if t.visits += cost; t.visits >= t.poll {
				if err := t.look(); err != nil {
					return none, pin(pos, err)
				}
			}
			_, err := x(t)
			return none, err
		}
	}
	panic(fmt.Sprintf("sel: no way to compile %T", s))
}

// costed compiles an expression and counts its nodes.
func (c *compiler) costed(x syntax.Expr) (eval, int64) {
	before := c.nodes
	e := c.expr(x)
	return e, c.nodes - before
}

func (c *compiler) block(s *syntax.Block, keep bool) exec {
	list := make([]exec, len(s.Body))
	for i, inner := range s.Body {
		list[i] = c.stmt(inner, keep)
	}
	if len(list) == 1 {
		return list[0]
	}
	return func(t *Thread) (flow, error) {
		last := none
		for _, s := range list {
			var err error
			if last, err = s(t); err != nil || last >= returned {
				return last, err
			}
		}
		return last, nil
	}
}

// condition compiles the condition of an if or a loop.
func (c *compiler) condition(x syntax.Expr, what string) func(t *Thread) (bool, error) {
	cond, cost := c.costed(x)
	pos := x.Pos()
	return func(t *Thread) (bool, error) {
		if t.visits += cost; t.visits >= t.poll {
			if err := t.look(); err != nil {
				return false, pin(pos, err)
			}
		}
		v, err := cond(t)
		if err != nil {
			return false, err
		}
		if v.typ != Boolean {
			return false, pin(pos, Errorf(CodeCast, "the condition of %s must be BOOLEAN, not %s", what, v.typ))
		}
		return v.num != 0, nil
	}
}

func (c *compiler) ifStmt(s *syntax.IfStmt) exec {
	cond := c.condition(s.Cond, "an if")
	then := c.stmt(s.Then, false)
	var other exec
	if s.Else != nil {
		other = c.stmt(s.Else, false)
	}
	return func(t *Thread) (flow, error) {
		yes, err := cond(t)
		if err != nil {
			return none, err
		}
		branch := then
		if !yes {
			if branch = other; branch == nil {
				return none, nil
			}
		}
		f, err := branch(t)
		if f == data {
			f = none
		}
		return f, err
	}
}

func (c *compiler) loop(s *syntax.Loop) exec {
	var init exec
	if s.Init != nil {
		init = c.stmt(s.Init, false)
	}
	cond := func(*Thread) (bool, error) { return true, nil }
	if s.Cond != nil {
		cond = c.condition(s.Cond, "a loop")
	}
	var update eval
	cost := int64(1)
	if s.Update != nil {
		update, cost = c.costed(s.Update)
	}
	body := c.stmt(s.Body, false)
	pos := s.Pos()
	return func(t *Thread) (flow, error) {
		if init != nil {
			if _, err := init(t); err != nil {
				return none, err
			}
		}
		for count := int64(1); ; count++ {
			yes, err := cond(t)
			if err != nil || !yes {
				return none, err
			}
			switch f, err := body(t); {
			case err != nil:
				return none, err
			case f == broke:
				return none, nil
			case f == returned:
				return returned, nil
			}
			if t.visits += cost; t.visits >= t.poll {
				if err := t.look(); err != nil {
					return none, pin(pos, err)
				}
			}
			if update != nil {
				if _, err := update(t); err != nil {
					return none, err
				}
			}
			if count >= t.limits.Loop {
				return none, pin(pos, Errorf(CodeLimitLoop, "the loop went round %d times", t.limits.Loop))
			}
		}
	}
}

func (c *compiler) returnStmt(s *syntax.ReturnStmt) exec {
	x, cost := c.costed(s.X)
	pos, throw := s.Pos(), s.Throw
	return func(t *Thread) (flow, error) {
		if err := t.Visit(cost); err != nil {
			return none, pin(pos, err)
		}
		v, err := x(t)
		if err != nil {
			return none, err
		}
		if throw {
			if v.typ != String {
				return none, pin(pos, Errorf(CodeArgument, "throw takes a STRING, not %s", v.typ))
			}
			v = StringOf(text(v))
			v.typ = Thrown
		}
		t.result = v
		return returned, nil
	}
}

func (c *compiler) decl(s *syntax.Decl) exec {
	typ, bad := c.declared(&s.Type)
	if bad != nil {
		return func(t *Thread) (flow, error) {
			_, err := bad(t)
			return none, err
		}
	}
	list := make([]exec, len(s.Vars))
	for i := range s.Vars {
		v := &s.Vars[i]
		slot, pos := c.slots[v.Name], v.Pos()
		if v.Init == nil {
			list[i] = func(t *Thread) (flow, error) {
				t.vars[slot] = defaultOf(typ)
				return none, t.Visit(1)
			}
			continue
		}
		init, cost := c.costed(v.Init)
		name := v.Name
		list[i] = func(t *Thread) (flow, error) {
			if t.visits += cost; t.visits >= t.poll {
				if err := t.look(); err != nil {
					return none, pin(pos, err)
				}
			}
			v, err := init(t)
			if err != nil {
				return none, err
			}
			if v.typ != typ {
				return none, pin(pos, Errorf(CodeType, "%s is declared %s; %s cannot be assigned to it", name, typ, v.typ))
			}
			t.vars[slot] = v
			return none, nil
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return func(t *Thread) (flow, error) {
		for _, one := range list {
			if _, err := one(t); err != nil {
				return none, err
			}
		}
		return none, nil
	}
}

// declared returns the type that a declaration names, or what fails instead.
func (c *compiler) declared(n *syntax.TypeName) (Type, eval) {
	class := c.lib.classes[n.Name]
	if class == nil {
		return 0, failing(n.Pos(), CodeUnsupported, "there is no class %s", n.Name)
	}
	if !n.Array {
		return class.Type, nil
	}
	typ, ok := class.Type.array()
	if !ok {
		return 0, failing(n.Pos(), CodeArgument, "there are no arrays of %s, only of String, long, double and boolean", n.Name)
	}
	return typ, nil
}
