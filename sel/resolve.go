package sel

import (
	"sort"

	"github.com/segue-run/segue/sel/syntax"
)

// bindings is the library by name, made once.
type bindings struct {
	bound    map[string]Value  // the names that every evaluation begins with
	classes  map[string]*Class // the names of types
	methods  map[string]*[numTypes][]Method
	calls    map[signature]*[numTypes]*Method // the method that a call means, by the type of its receiver
	variadic map[string]*[numTypes]*Method    // the same for numbers of arguments that only variadic methods take
	fields   map[string]*[numTypes]*Field
}

// signature is what a call says about the method that it means.
type signature struct {
	name  string
	arity int
}

func bind(classes []*Class) *bindings {
	b := &bindings{
		bound:    map[string]Value{"params": {typ: Params}},
		classes:  map[string]*Class{},
		methods:  map[string]*[numTypes][]Method{},
		calls:    map[signature]*[numTypes]*Method{},
		variadic: map[string]*[numTypes]*Method{},
		fields:   map[string]*[numTypes]*Field{},
	}
	for _, c := range classes {
		for _, name := range c.Names {
			b.bound[name], b.classes[name] = defaultOf(c.Type), c
		}
		for _, name := range c.Bound {
			b.bound[name] = Value{typ: c.Type}
		}
		for _, m := range c.Methods {
			if b.methods[m.Name] == nil {
				b.methods[m.Name] = &[numTypes][]Method{}
			}
			of := b.methods[m.Name]
			of[c.Type] = append(of[c.Type], m)
		}
		for i := range c.Fields {
			if b.fields[c.Fields[i].Name] == nil {
				b.fields[c.Fields[i].Name] = &[numTypes]*Field{}
			}
			b.fields[c.Fields[i].Name][c.Type] = &c.Fields[i]
		}
	}
	for name, of := range b.methods {
		for typ := range of {
			for i := range of[typ] {
				m := &of[typ][i]
				if m.Arity == Variadic {
					if b.variadic[name] == nil {
						b.variadic[name] = &[numTypes]*Method{}
					}
					b.variadic[name][typ] = m
					continue
				}
				key := signature{name, m.Arity}
				if b.calls[key] == nil {
					b.calls[key] = &[numTypes]*Method{}
				}
				b.calls[key][typ] = m
			}
		}
	}
	for key, of := range b.calls {
		if any := b.variadic[key.name]; any != nil {
			for typ, m := range any {
				if of[typ] == nil {
					of[typ] = m
				}
			}
		}
	}
	return b
}

// noMethods are the methods of a name that the library does not know.
var noMethods [numTypes]*Method

// candidates returns, by the type of the receiver, the method that a call with n arguments means.
func (b *bindings) candidates(name string, n int) *[numTypes]*Method {
	if of := b.calls[signature{name, n}]; of != nil {
		return of
	}
	if of := b.variadic[name]; of != nil {
		return of
	}
	return &noMethods
}

// resolver gives every name of a program a slot, finds the names that the program does not define before it uses them,
// and bounds the depth of the tree, so that the phases after it can recurse without care.
type resolver struct {
	lib   *bindings
	slots map[string]int
	names []string
	free  []bool // by slot: whether the first sighting of the name was a use
	depth int
	max   int
	err   *Error
}

func resolve(lib *bindings, body []syntax.Stmt, maxDepth int) (*resolver, *Error) {
	r := &resolver{lib: lib, slots: make(map[string]int, 8), max: maxDepth}
	for _, s := range body {
		r.stmt(s)
	}
	return r, r.err
}

// refs returns the free names, sorted.
func (r *resolver) refs() []string {
	refs := make([]string, 0, len(r.names))
	for slot, name := range r.names {
		if _, ok := r.lib.bound[name]; r.free[slot] && (!ok || name == "params") {
			refs = append(refs, name)
		}
	}
	sort.Strings(refs)
	return refs
}

// see notes a name; use is false for the target of a declaration or an assignment.
func (r *resolver) see(name string, use bool) {
	if _, ok := r.slots[name]; !ok {
		r.slots[name] = len(r.names)
		r.names = append(r.names, name)
		r.free = append(r.free, use)
	}
}

// enter goes one level deeper; the caller calls leave.
func (r *resolver) enter(n syntax.Node) bool {
	r.depth++
	if r.depth > r.max && r.err == nil {
		r.err = Errorf(CodeLimitDepth, "the program is nested more than %d deep", r.max)
		r.err.pos = int32(n.Pos())
	}
	return r.err == nil
}

func (r *resolver) leave() { r.depth-- }

func (r *resolver) stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.Decl:
		for _, v := range s.Vars {
			r.see(v.Name, false)
			if v.Init != nil {
				r.expr(v.Init)
			}
		}
	case *syntax.Block:
		if r.enter(s) {
			for _, inner := range s.Body {
				r.stmt(inner)
			}
		}
		r.leave()
	case *syntax.IfStmt:
		r.expr(s.Cond)
		if r.enter(s) {
			r.stmt(s.Then)
			if s.Else != nil {
				r.stmt(s.Else)
			}
		}
		r.leave()
	case *syntax.Loop:
		if r.enter(s) {
			if s.Init != nil {
				r.stmt(s.Init)
			}
			if s.Cond != nil {
				r.expr(s.Cond)
			}
			if s.Update != nil {
				r.expr(s.Update)
			}
			r.stmt(s.Body)
		}
		r.leave()
	case *syntax.ReturnStmt:
		r.expr(s.X)
	case *syntax.ExprStmt:
		r.expr(s.X)
	}
}

func (r *resolver) expr(x syntax.Expr) {
	if !r.enter(x) {
		r.leave()
		return
	}
	switch x := x.(type) {
	case *syntax.Name:
		r.see(x.Name, true)
	case *syntax.Unary:
		r.expr(x.X)
	case *syntax.Binary:
		r.expr(x.X)
		r.expr(x.Y)
	case *syntax.Cond:
		r.expr(x.C)
		r.expr(x.X)
		r.expr(x.Y)
	case *syntax.AssignExpr:
		r.see(x.Name.Name, false)
		if x.Index != nil {
			r.expr(x.Index)
		}
		r.expr(x.Y)
	case *syntax.Index:
		r.expr(x.X)
		r.expr(x.I)
	case *syntax.Field:
		r.expr(x.X)
	case *syntax.Call:
		r.expr(x.X)
		r.exprs(x.Args)
	case *syntax.NewObject:
		r.exprs(x.Args)
	case *syntax.NewArray:
		if x.N != nil {
			r.expr(x.N)
		}
		r.exprs(x.Elems)
	}
	r.leave()
}

func (r *resolver) exprs(list []syntax.Expr) {
	for _, x := range list {
		r.expr(x)
	}
}
