// Package syntax reads the text of a SEL program: scanner, parser and tree. It knows the grammar and nothing of
// meaning; package sel, below it, gives the tree one. Phases go one way: text, tokens, tree.
//
// The one thing to know before changing it: parsing is linear. No production tries twice; what the grammar leaves open
// is decided by at most four tokens of lookahead, and assignments are recognised after their left side was read.
package syntax

import "strconv"

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens.
const (
	EOF Kind = iota
	Ident
	Int
	Float
	Str
	Reserved // a reserved word that no production uses

	// Words.
	True
	False
	NullWord
	New
	If
	Else
	While
	For
	Break
	Continue
	Return
	Throw
	Import
	Static
	BooleanWord
	IntWord
	LongWord
	FloatWord
	DoubleWord

	// Separators and operators.
	LParen
	RParen
	LBrace
	RBrace
	LBracket
	RBracket
	Semicolon
	Comma
	Dot
	Question
	Colon
	Assign
	AddAssign
	SubAssign
	MulAssign
	DivAssign
	RemAssign
	Or
	And
	Eq
	Ne
	Lt
	Gt
	Le
	Ge
	Add
	Sub
	Mul
	Div
	Rem
	Not
	Unused // an operator of Java that the language does not have
)

var kindTexts = [...]string{
	EOF: "the end", Ident: "a name", Int: "an integer", Float: "a number", Str: "a string", Reserved: "a reserved word",
	True: "true", False: "false", NullWord: "null", New: "new", If: "if", Else: "else", While: "while", For: "for",
	Break: "break", Continue: "continue", Return: "return", Throw: "throw", Import: "import", Static: "static",
	BooleanWord: "boolean", IntWord: "int", LongWord: "long", FloatWord: "float", DoubleWord: "double",
	LParen: "(", RParen: ")", LBrace: "{", RBrace: "}", LBracket: "[", RBracket: "]", Semicolon: ";", Comma: ",", Dot: ".",
	Question: "?", Colon: ":", Assign: "=", AddAssign: "+=", SubAssign: "-=", MulAssign: "*=", DivAssign: "/=",
	RemAssign: "%=", Or: "||", And: "&&", Eq: "==", Ne: "!=", Lt: "<", Gt: ">", Le: "<=", Ge: ">=", Add: "+", Sub: "-",
	Mul: "*", Div: "/", Rem: "%", Not: "!", Unused: "an operator",
}

// String returns the text of words and operators, and a description of the other kinds.
func (k Kind) String() string {
	if int(k) < len(kindTexts) {
		return kindTexts[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// named returns the kind as messages show it.
func (k Kind) named() string {
	if k >= True && k != Unused {
		return "\"" + k.String() + "\""
	}
	return k.String()
}

// words maps reserved words to their kinds.
var words = map[string]Kind{
	"true": True, "false": False, "null": NullWord, "new": New, "if": If, "else": Else, "while": While, "for": For,
	"break": Break, "continue": Continue, "return": Return, "throw": Throw, "import": Import, "static": Static,
	"boolean": BooleanWord, "int": IntWord, "long": LongWord, "float": FloatWord, "double": DoubleWord,
	"abstract": Reserved, "byte": Reserved, "case": Reserved, "catch": Reserved, "char": Reserved, "class": Reserved,
	"const": Reserved, "default": Reserved, "do": Reserved, "extends": Reserved, "final": Reserved, "finally": Reserved,
	"goto": Reserved, "implements": Reserved, "instanceof": Reserved, "interface": Reserved, "native": Reserved,
	"package": Reserved, "private": Reserved, "protected": Reserved, "public": Reserved, "short": Reserved,
	"super": Reserved, "switch": Reserved, "synchronized": Reserved, "this": Reserved, "throws": Reserved,
	"transient": Reserved, "try": Reserved, "void": Reserved, "volatile": Reserved,
}

// operator is a separator or operator.
type operator struct {
	text string
	kind Kind
}

// byFirst holds the operators by their first byte, longer ones before their beginnings.
var byFirst = func() (by [128][]operator) {
	for _, op := range operators {
		by[op.text[0]] = append(by[op.text[0]], op)
	}
	return by
}()

// operators lists separators and operators, longer ones before their beginnings.
var operators = []operator{
	{">>>=", Unused}, {">>>", Unused}, {"<<=", Unused}, {">>=", Unused}, {"==", Eq}, {"<=", Le}, {">=", Ge}, {"!=", Ne},
	{"||", Or}, {"&&", And}, {"++", Unused}, {"--", Unused}, {"+=", AddAssign}, {"-=", SubAssign}, {"*=", MulAssign},
	{"/=", DivAssign}, {"&=", Unused}, {"|=", Unused}, {"^=", Unused}, {"%=", RemAssign}, {"<<", Unused}, {">>", Unused},
	{"(", LParen}, {")", RParen}, {"{", LBrace}, {"}", RBrace}, {"[", LBracket}, {"]", RBracket}, {";", Semicolon},
	{",", Comma}, {".", Dot}, {"=", Assign}, {">", Gt}, {"<", Lt}, {"!", Not}, {"~", Unused}, {"?", Question}, {":", Colon},
	{"+", Add}, {"-", Sub}, {"*", Mul}, {"/", Div}, {"&", Unused}, {"|", Unused}, {"^", Unused}, {"%", Rem},
}
