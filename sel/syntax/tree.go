package syntax

// Node is a part of the tree. Pos is the byte offset, in the text, of the token that an error about it points at.
type Node interface{ Pos() int }

type at int

// Pos returns the byte offset in the text.
func (a at) Pos() int { return int(a) }

// Stmt is a statement or a declaration.
type Stmt interface {
	Node
	stmt()
}

// Expr is an expression.
type Expr interface {
	Node
	expr()
}

// TypeName is a type as written.
type TypeName struct {
	at
	Name  string
	Array bool
}

// The statements.
type (
	// Decl is "T a = x, b;".
	Decl struct {
		at
		Type TypeName
		Vars []Var
	}
	// Block is "{ … }".
	Block struct {
		at
		Body []Stmt
	}
	// IfStmt is "if (c) s else s"; Else may be nil.
	IfStmt struct {
		at
		Cond Expr
		Then Stmt
		Else Stmt
	}
	// Loop is "while (c) s" or "for (init; c; update) s". Init, Cond and Update may be nil.
	Loop struct {
		at
		Init   Stmt // Decl or ExprStmt
		Cond   Expr
		Update Expr
		Body   Stmt
	}
	// Jump is break or continue.
	Jump struct {
		at
		Break bool
	}
	// ReturnStmt is "return x;" or "throw x;".
	ReturnStmt struct {
		at
		Throw bool
		X     Expr
	}
	// ExprStmt is "x;".
	ExprStmt struct{ X Expr }
)

// Var is one variable of a declaration; Init may be nil.
type Var struct {
	at
	Name string
	Init Expr
}

// Pos returns the position of the expression.
func (s *ExprStmt) Pos() int { return s.X.Pos() }

func (*Decl) stmt()       {}
func (*Block) stmt()      {}
func (*IfStmt) stmt()     {}
func (*Loop) stmt()       {}
func (*Jump) stmt()       {}
func (*ReturnStmt) stmt() {}
func (*ExprStmt) stmt()   {}

// The expressions.
type (
	// Literal is a constant: nil, bool, int64, float64 or string.
	Literal struct {
		at
		Value any
	}
	// Name is a variable.
	Name struct {
		at
		Name string
	}
	// Unary is "-x", "+x" or "!x".
	Unary struct {
		at
		Op Kind
		X  Expr
	}
	// Binary is "x op y".
	Binary struct {
		at
		Op   Kind
		X, Y Expr
	}
	// Cond is "c ? x : y".
	Cond struct {
		at
		C, X, Y Expr
	}
	// AssignExpr is "name op y" or "name[i] op y".
	AssignExpr struct {
		at
		Op    Kind
		Name  *Name
		Index Expr // nil without brackets
		Y     Expr
	}
	// Index is "x[i]".
	Index struct {
		at
		X, I Expr
	}
	// Field is "x.name".
	Field struct {
		at
		X    Expr
		Name string
	}
	// Call is "x.name(args)".
	Call struct {
		at
		X    Expr
		Name string
		Args []Expr
	}
	// NewObject is "new T(args)".
	NewObject struct {
		at
		Class string
		Args  []Expr
	}
	// NewArray is "new T[n]", or "new T[]{…}" when N is nil.
	NewArray struct {
		at
		Class string
		N     Expr
		Elems []Expr
	}
)

func (*Literal) expr()    {}
func (*Name) expr()       {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}
func (*Cond) expr()       {}
func (*AssignExpr) expr() {}
func (*Index) expr()      {}
func (*Field) expr()      {}
func (*Call) expr()       {}
func (*NewObject) expr()  {}
func (*NewArray) expr()   {}
