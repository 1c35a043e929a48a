package syntax

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// show writes a tree as nested lists.
func show(n any) string {
	list := func(parts ...any) string {
		texts := make([]string, len(parts))
		for i, p := range parts {
			texts[i] = show(p)
		}
		return "(" + strings.Join(texts, " ") + ")"
	}
	exprs := func(head string, list []Expr) []any {
		out := []any{head}
		for _, x := range list {
			out = append(out, x)
		}
		return out
	}
	switch n := n.(type) {
	case string:
		return n
	case []Stmt:
		out := make([]any, len(n))
		for i, s := range n {
			out[i] = s
		}
		return list(out...)
	case *Decl:
		typ := n.Type.Name
		if n.Type.Array {
			typ += "[]"
		}
		out := []any{"decl", typ}
		for _, v := range n.Vars {
			out = append(out, v.Name)
			if v.Init != nil {
				out = append(out, "=", v.Init)
			}
		}
		return list(out...)
	case *Block:
		return list("block", n.Body)
	case *IfStmt:
		if n.Else == nil {
			return list("if", n.Cond, n.Then)
		}
		return list("if", n.Cond, n.Then, "else", n.Else)
	case *Loop:
		out := []any{"loop"}
		for _, part := range []any{n.Init, n.Cond, n.Update, n.Body} {
			if s := fmt.Sprint(part); s == "<nil>" {
				out = append(out, "_")
			} else {
				out = append(out, part)
			}
		}
		return list(out...)
	case *Jump:
		return fmt.Sprint("break:", n.Break)
	case *ReturnStmt:
		if n.Throw {
			return list("throw", n.X)
		}
		return list("return", n.X)
	case *ExprStmt:
		return show(n.X)
	case *Literal:
		return fmt.Sprintf("%#v", n.Value)
	case *Name:
		return n.Name
	case *Unary:
		return list(n.Op.String(), n.X)
	case *Binary:
		return list(n.Op.String(), n.X, n.Y)
	case *Cond:
		return list("?", n.C, n.X, n.Y)
	case *AssignExpr:
		if n.Index != nil {
			return list(n.Op.String(), n.Name, "at", n.Index, n.Y)
		}
		return list(n.Op.String(), n.Name, n.Y)
	case *Index:
		return list("at", n.X, n.I)
	case *Field:
		return list("field", n.X, n.Name)
	case *Call:
		return list(append([]any{"call", n.X, n.Name}, exprs("", n.Args)[1:]...)...)
	case *NewObject:
		return list(exprs("new "+n.Class, n.Args)...)
	case *NewArray:
		if n.N != nil {
			return list("array "+n.Class, n.N)
		}
		return list(exprs("array "+n.Class+" of", n.Elems)...)
	}
	return fmt.Sprintf("%T", n)
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "()"}, {"1;", "(1)"}, {"1 + 2 * 3 - 4;", "((- (+ 1 (* 2 3)) 4))"}, {"a || b && c == d < e;", "((|| a (&& b (== c (< d e)))))"},
		{"!-+a * b;", "((* (! (- (+ a))) b))"}, {"a ? b : c ? d : e;", "((? a b (? c d e)))"}, {"a = b += c;", "((= a (+= b c)))"},
		{"a ? b : c = d;", "((? a b (= c d)))"}, {"a[1 + 2] *= 3;", "((*= a at (+ 1 2) 3))"}, {"a.b(1, c)[2].d;", "((field (at (call a b 1 c) 2) d))"},
		{"new int[2][0];", "((at (array int 2) 0))"}, {"new int[]{1,2,};", "((array int of 1 2))"}, {"new int[]{,};", "((array int of))"},
		{"new Foo(1).x;", "((field (new Foo 1) x))"}, {"(a)[0];", "((at a 0))"},
		{"int a = 1, b;", "((decl int a = 1 b))"}, {"Foo[] a;", "((decl Foo[] a))"}, {"a[0];", "((at a 0))"}, {"String s = 'x';", `((decl String s = "x"))`},
		{"import a.b.*; import static c; 1;", "(1)"}, {"{1; {2;} int x;}", "((block (1 (block (2)) (decl int x))))"},
		{"if (a) b; else if (c) d; else e;", "((if a b else (if c d else e)))"}, {"if (a) if (b) c; else d;", "((if a (if b c else d)))"},
		{"while (a) break;", "((loop _ a _ break:true))"}, {"for (;;) continue;", "((loop _ _ _ break:false))"},
		{"for (int i = 0; i < 3; i += 1) {}", "((loop (decl int i = 0) (< i 3) (+= i 1) (block ())))"},
		{"for (i = 0; ; f.g()) 1;", "((loop (= i 0) _ (call f g) 1))"}, {"return 1; throw 'x';", `((return 1) (throw "x"))`},
		{"/**/1/* * / */+//\n2;", "((+ 1 2))"}, {"1. + .5 + 1e3f + 09.5 + 07f + 1e400;", "((+ (+ (+ (+ (+ 1 0.5) 1000) 9.5) 7) +Inf))"},
		{"010 + 0 + 5L;", "((+ (+ 10 0) 5))"}, {"null == true != false;", "((!= (== <nil> true) false))"},
		{`'\n\t\b\r\f\\\'\"' + "it's";`, `((+ "\n\t\b\r\f\\'\"" "it's"))`}, {`'\uu0041\\u0041'`[0:15] + "';", `("A\\u0041")`},
		{`\u0031\u002B\u0031;`, "((+ 1 1))"}, {`'\uD83D\uDE00';`, `("😀")`}, {"größe + $_x9 + 名;", "((+ (+ größe $_x9) 名))"},
		{"assert + enum + var;", "((+ (+ assert enum) var))"}, {"a - -1;", "((- a (- 1)))"}, {"a<b;", "((< a b))"},
	} {
		body, err := Parse(c.text, 100)
		got := show(body)
		if err != nil {
			got = err.Message
		}
		if got != c.want {
			t.Errorf("%s\n got  %s\n want %s", c.text, got, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		text    string
		problem Problem
		pos     int
	}{
		{"1", BadSyntax, 1}, {";", BadSyntax, 0}, {"x=1;;", BadSyntax, 4}, {"--5;", BadSyntax, 0}, {"1--1;", BadSyntax, 1}, {"f(x);", BadSyntax, 1},
		{"x.y = 1;", BadSyntax, 4}, {"a[0][0] = 1;", BadSyntax, 8}, {"(x) = 1;", BadSyntax, 4}, {"a + b = 1;", BadSyntax, 6}, {"-a = 1;", BadSyntax, 3},
		{"if (c) int x = 1;", BadSyntax, 7}, {"return;", BadSyntax, 6}, {"1.toString();", BadSyntax, 2}, {"08;", BadSyntax, 1}, {"1_000;", BadSyntax, 1},
		{"for (1 + 1; ; ) 1;", BadSyntax, 7}, {"for (i = 0, j = 0; ; ) 1;", BadSyntax, 10}, {"for (int x : a) 1;", BadSyntax, 11},
		{"new int(5);", BadSyntax, 7}, {"new String;", BadSyntax, 10}, {"new int[][]{};", BadSyntax, 9}, {"new int[2]{1};", BadSyntax, 10}, {"new int[]{1,,};", BadSyntax, 12},
		{"1; import a;", BadSyntax, 3}, {"import;", BadSyntax, 6}, {"class x;", BadSyntax, 0}, {"a ~ b;", BadSyntax, 2}, {"a >>> b;", BadSyntax, 2}, {"{ 1;", BadSyntax, 4},
		{"int[5] x;", BadSyntax, 4}, {"int x = ;", BadSyntax, 8}, {"a ? b;", BadSyntax, 5}, {"a.;", BadSyntax, 2}, {"a[;", BadSyntax, 2}, {"do 1; while (a);", BadSyntax, 0},
		{"1 # 2;", BadToken, 2}, {"'a", BadToken, 0}, {"'a\n';", BadToken, 0}, {`'\q';`, BadToken, 1}, {"/* x", BadToken, 0}, {"1;\u00a0", BadToken, 2},
		{`'\u00zz';`, BadToken, 1}, {`'\u0027';`, BadToken, 7}, {`\`, BadToken, 0}, {"@a;", BadToken, 0},
		// Of two mistakes the first is reported, also when the second is no character at all.
		{`); '\uzz';`, BadSyntax, 0}, {`1 b\uzz`, BadToken, 3}, {`1; // \u00`, BadToken, 6}, {`1; /* \u00`, BadToken, 6}, {`x\u0031 y\u00`, BadToken, 9}, {`0x1 \u00`, BadNumber, 0},
		{`'\101';`, BadEscape, 1}, {`'\0';`, BadEscape, 1}, {"0x1F;", BadNumber, 0}, {"9223372036854775808;", BadNumber, 0}, {"-9223372036854775808;", BadNumber, 1},
		{strings.Repeat("(", 200), TooDeep, 98}, {strings.Repeat("{", 200), TooDeep, 100}, {strings.Repeat("-", 1) + strings.Repeat(" -", 200) + "1;", TooDeep, 0},
	} {
		_, err := Parse(c.text, 100)
		switch {
		case err == nil:
			t.Errorf("%q is no error", c.text)
		case err.Problem != c.problem || err.Pos != c.pos && c.problem != TooDeep:
			t.Errorf("%q: got %d at %d (%s), want %d at %d", c.text, err.Problem, err.Pos, err.Message, c.problem, c.pos)
		}
	}
}

func TestPositionsAreThoseOfTheOriginalText(t *testing.T) {
	body, err := Parse(`'\u0041' + \u0061.b();`, 100)
	if err != nil {
		t.Fatal(err)
	}
	sum := body[0].(*ExprStmt).X.(*Binary)
	if sum.Pos() != 9 || sum.Y.Pos() != 18 || sum.Y.(*Call).X.Pos() != 11 {
		t.Errorf("positions %d %d %d", sum.Pos(), sum.Y.Pos(), sum.Y.(*Call).X.Pos())
	}
}

func TestSurrogatesHaveOneForm(t *testing.T) {
	var b []byte
	for _, unit := range []rune{0xD83D, 0xD83D, 0xDE00, 0xDE00, 'x'} {
		b = AppendUnit(b, unit)
	}
	if s := string(b); s != "\xed\xa0\xbd😀\xed\xb8\x80x" {
		t.Fatalf("got %q", s)
	}
	var got []rune
	for s := string(b); s != ""; {
		r, n := Decode(s)
		got = append(got, r)
		s = s[n:]
	}
	if fmt.Sprint(got) != fmt.Sprint([]rune{0xD83D, 0x1F600, 0xDE00, 'x'}) {
		t.Errorf("got %x", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1 + a.b(c)[0];", "for (int i = 0;;) { break; }", "'\\u0041' + \"x\\n\";", "new int[]{1,};", "a ? b : c = d;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		if _, err := Parse(text, 500); err != nil {
			if err.Pos < 0 || err.Pos > len(text) || err.Message == "" {
				t.Errorf("%q: %q at %d", text, err.Message, err.Pos)
			}
		}
	})
}
