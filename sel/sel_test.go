package sel

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/segue-run/segue/fault"
)

// evaluate runs a text on Go values and shows what comes of it: "value (TYPE)" or the class of the error.
func evaluate(t testing.TB, text string, params map[string]any) string {
	t.Helper()
	p, err := Compile(Prepare(text))
	if err != nil {
		return string(codeOf(err))
	}
	res, err := p.Eval(&Input{Now: 1_700_000_000_000, Lookup: func(name string) (Value, bool, error) {
		v, ok := params[name]
		if !ok {
			return Value{}, false, nil
		}
		value, err := FromGo(v)
		return value, true, err
	}})
	if err != nil {
		return string(codeOf(err))
	}
	return TextOf(res.Value) + " (" + res.Value.Type().String() + ")"
}

// TestRules has a line for each rule in which the language follows Java where its original does not (D1 to D6), and for
// rules that have many cases elsewhere only one or two.
func TestRules(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// A declaration initialises each time it is reached; scalars are copied, maps and arrays shared.
		{"int r = 0; for (int i = 0; i < 2; i += 1) { for (int j = 0; j < 2; j += 1) r += 1; } r", "4 (LONG)"},
		{"String a = 'x'; String b = a; b = 'y'; a", "x (STRING)"},
		{"int x = 1; int y = x; y += 5; x", "1 (LONG)"},
		{"int[] a = new int[1]; int y = a[0]; y = 7; a[0]", "0 (LONG)"},
		{"int[] a = new int[1]; int[] b = a; b[0] = 7; a[0]", "7 (LONG)"},
		{"Map a = new Map(); Map b = a; b.put('k', 1); a.size()", "1 (LONG)"},
		{"Map a = new Map(); Map b = a; b = new Map(); b.put('k', 1); a.size()", "0 (LONG)"},
		{"m = new Map(); v = 1; m.put('k', v); v = 2; m.get('k')", "1 (LONG)"},
		{"String k = 'a'; m = new Map(); m.put(k, 1); k = 'b'; m.get('a')", "1 (LONG)"},
		{"int i = 0; while (i < 2) { String s = ''; s += i; i += 1; } s", "1 (STRING)"},
		// Operands are read when they are evaluated.
		{"a = 1; a + (a += 1)", "3 (LONG)"},
		{"i = 1; i += i += 1; i", "3 (LONG)"},
		{"int[] a = new int[]{1}; a[0] += (a[0] = 5); a[0]", "6 (LONG)"},
		{"s = 'a'; s += (s += 'b'); s", "aab (STRING)"},
		// No operand stack shows.
		{"for (int i = 0; i < 3;) { i += 1; int z = 1; } return i;", "3 (LONG)"},
		// && and || stop when the left side decides.
		{"p != null && p.length() > 0", "false (BOOLEAN)"},
		{"true || 1 / 0 == 1", "true (BOOLEAN)"},
		{"true && 1", "type"}, {"1 && true", "type"}, {"false && 1", "false (BOOLEAN)"}, {"null && true", "unsupported"},
		// Nothing is narrowed to 32 bits; an index, a width, a count out of range is an error.
		{"String.valueOf(-3000000000)", "-3000000000 (STRING)"},
		{"String.format('%x', -1)", "ffffffffffffffff (STRING)"},
		{"'abc'.substring(4294967297)", "call"}, {"'abc'.substring(-4294967295)", "call"},
		{"new int[1][4294967296]", "index"}, {"new int[4294967296]", "limit.array"},
		{"Util.toJson(-3000000000)", "-3000000000 (STRING)"},
		// Regular expressions are linear.
		{"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.replaceAll('(a+)+$', 'x')", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! (STRING)"},
		{"'ab'.split('(?=b)')", "call"}, {"'aa'.replaceAll('(a)\\\\1', '')", "call"}, {"'aa'.replaceAll('a++', '')", "call"},
		// No evaluation leaves anything for the next: see TestEvaluationsAreApart. Arrays print their elements.
		{"'' + new int[]{1, 2};", "[1, 2] (STRING)"},
		{"Util.intsBetween(1, 0, 0)", "argument"},
		// And what must not change.
		{"9223372036854775807 + 1", "-9223372036854775808 (LONG)"},
		{"(-9223372036854775807 - 1) / -1", "-9223372036854775808 (LONG)"},
		{"(-9223372036854775807 - 1) % -1", "0 (LONG)"},
		{"-7 / 2 * 10 + -7 % 2", "-31 (LONG)"},
		{"1 == '1'", "true (BOOLEAN)"}, {"'1' == 1", "type"}, {"null + 1", "null1 (STRING)"},
		{"null == new Map()", "false (BOOLEAN)"}, {"new Map() == null", "unsupported"},
		{"String s; null == s", "true (BOOLEAN)"}, {"1 < 'a'", "unsupported"}, {"null < 1", "false (BOOLEAN)"},
		{"0.1 + 0.2", "0.30000000000000004 (DOUBLE)"}, {"1 / 3.0", "0.3333333333333333 (DOUBLE)"}, {"-5.5 % 2", "-1.5 (DOUBLE)"},
		{"x = 1; x = 1.5", "type"}, {"double d = 1", "type"}, {"x += 1", "unsupported"}, {"x = null", "unsupported"},
		{"Foo f", "unsupported"}, {"Map[] m", "argument"}, {"if (false) Foo.bar(); 1", "1 (LONG)"},
		{"int Math = 3; Math + 1", "4 (LONG)"}, {"Util = 1", "unsupported"}, {"break; 1", "1 (LONG)"}, {"{ break; 1; }", "internal"},
		{"{ 1; { 2; } }", "2 (LONG)"}, {"{ 1; if (true) 2; }", "null (VOID)"},
		{"throw 1 + 'x'", "1x (ERROR)"}, {"throw 1", "argument"},
		{"'😀'.length()", "2 (LONG)"}, {"'a😀b'.substring(1, 2) + 'a😀b'.substring(2)", "😀b (STRING)"},
		{"'😀'.compareTo('\uFFFF')", "-10178 (LONG)"}, {"'\\uD83D' + '\\uDE00' == '😀'", "true (BOOLEAN)"},
		{"s = '\\uD83D'; s += '\\uDE00'; s.length() + s", "2😀 (STRING)"},
		{"s = '\\uDE00' + 'xxxxxxxx'.replaceAll('x', 'xxxxxxxx').replaceAll('x', 'xxxxxxxx').replaceAll('x', 'xxxxxxxxxxxxxxxx').replaceAll('x', 'xxxxxxxx'); ('\\uD83D' + s).substring(0, 9) == '😀xxxxxxx'", "true (BOOLEAN)"},
		{"'straße ΣΑΣ'.toUpperCase()", "STRASSE ΣΑΣ (STRING)"}, {"'ΣΑΣ ΑΣ.Α'.toLowerCase()", "σας ασ.α (STRING)"},
		{"'ᾳ ﬃ ŉ'.toUpperCase()", "ΑΙ FFI ʼN (STRING)"},
		{"String.join('-', 'a'.split(''))", "a (STRING)"}, {"'a1b22c'.split('\\\\d+', 2)[1]", "b22c (STRING)"},
		{"'xay'.replaceAll('(?<n>a)', '<${n}$0\\\\$>')", "x<aa$>y (STRING)"}, {"'a'.replaceAll('a', '$1')", "call"},
		{"'b'.replaceAll('a', '$1')", "b (STRING)"},
		{"String.format('%,.2f|%+d|%(d|%e', 1234567.005, 5, -5, 0.00012345)", "1,234,567.01|+5|(5)|1.234500e-04 (STRING)"},
		{"String.format('%08.2f|%-6s|%6.2s|', -3.14159, 'ab', 'xyz')", "-0003.14|ab    |    xy| (STRING)"},
		{"String.format('%tF %<tT', 0)", "1970-01-01 00:00:00 (STRING)"},
		{"String.format('%a|%A|%.2a', 1.0, 255.5, 3.14159)", "0x1.0p0|0X1.FFP7|0x1.92p1 (STRING)"},
		{"String.format('%g|%.3g|%g', 123456.789, 0.00001234, 1e10)", "123457|1.23e-05|1.00000e+10 (STRING)"},
		{"String.format('%b %c %h %n%%', 1, 65, true).length()", "13 (LONG)"},
	} {
		if got := evaluate(t, c.text, nil); got != c.want {
			t.Errorf("%s\n got  %s\n want %s", c.text, got, c.want)
		}
	}
}

func TestDoublesPrintAsInJava(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0.0"}, {1, "1.0"}, {0.001, "0.001"}, {0.0009999, "9.999E-4"}, {9999999, "9999999.0"}, {1e7, "1.0E7"},
		{123456.75, "123456.75"}, {4.9e-324, "4.9E-324"}, {9.9e-324, "9.9E-324"}, {1e23, "1.0E23"}, {2e23, "2.0E23"},
		{1.7976931348623157e308, "1.7976931348623157E308"}, {-1.5, "-1.5"}, {100, "100.0"}, {12345678.9, "1.23456789E7"},
	} {
		if got := formatDouble(c.f); got != c.want {
			t.Errorf("%g: got %s, want %s", c.f, got, c.want)
		}
	}
}

func TestErrorsPointAtTheirPlace(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1 + ;", `1:5: parse: found ";" where an expression should be` + "\n  1 + ;\n      ^"},
		{"x = 'abc", "1:5: lex: the string has no end\n  x = 'abc\n      ^"},
		{"1;\n\n  a.b(;", `3:7: parse: found ";" where an expression should be` + "\n    a.b(;\n        ^"},
		{"int x = 1", `1:10: parse: found the end where ";" should be` + "\n  int x = 1\n           ^"},
		{"'é😀' + 1 / 0;", "1:10: arith: 1 / 0: division by zero\n  'é😀' + 1 / 0;\n           ^"},
		{`"\u0041" / 2;`, "1:10: unsupported: STRING / LONG is not supported\n  \"\\u0041\" / 2;\n           ^"},
		{"\tx.foo();", "1:4: unsupported: NULL has no method foo: the name before it has no value\n  \tx.foo();\n  \t  ^"},
		{"'a'.substring();", "1:5: unsupported: STRING.substring takes 1 or 2 arguments, not 0\n  'a'.substring();\n      ^"},
		{"0x1F;", "1:1: number: hexadecimal literals are not supported\n  0x1F;\n  ^"},
		{"f(1);", `1:2: parse: found "(" where ";" should be` + "\n  f(1);\n   ^"},
		{"a & b;", `1:3: parse: found an operator &, which the language does not have where ";" should be` + "\n  a & b;\n    ^"},
	} {
		p, err := Compile(c.text)
		if err == nil {
			_, err = p.Eval(&Input{})
		}
		var e *Error
		if !errors.As(err, &e) || e.Caret() != c.want {
			t.Errorf("%q:\n got  %v\n want %s", c.text, caret(err), c.want)
		}
		if !fault.Is(err, fault.BadRequest) {
			t.Errorf("%q: kind %v", c.text, fault.KindOf(err))
		}
	}
}

func caret(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Caret()
	}
	return fmt.Sprint(err)
}

func TestCaretOfALongLineIsCut(t *testing.T) {
	_, err := Compile(strings.Repeat("a + ", 500) + ") + " + strings.Repeat("b", 500) + ";")
	lines := strings.Split(caret(err), "\n")
	if len(lines) != 3 || len([]rune(lines[1])) > widest+2 {
		t.Fatalf("%q", lines)
	}
	if at := len([]rune(lines[2])) - 1; []rune(lines[1])[at] != ')' {
		t.Errorf("the caret is at %d:\n%s\n%s", at, lines[1], lines[2])
	}
}

func TestRefsAreTheNamesUsedFirst(t *testing.T) {
	for text, want := range map[string][]string{
		"x = x + 1;":                             {},
		"y = x; x = 1;":                          {"x"},
		"a[b] = c;":                              {"b", "c"},
		"params['a'] + step1__x;":                {"params", "step1__x"},
		"for (int i = n; i < m; i += k) s += i;": {"k", "m", "n"},
		"Math.max(a, Util.x) + new Foo(b).c.d(e) + DateTime.f + int_;": {"a", "b", "e", "int_"},
		"c ? b : a;":                         {"a", "b", "c"},
		"String s = t; s + System + Arrays;": {"t"},
	} {
		p, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Refs(); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestEvaluationsAreApart(t *testing.T) {
	p, err := Compile("Integer += 5; String = 'q'; m.put('n', 1); a[0] = 9; return Integer + m.size() + a[0];")
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int64{1, 2}
	a, err := FromGo(numbers)
	if err != nil {
		t.Fatal(err)
	}
	m, err := FromGo(map[string]any{"k": map[string]any{"inner": "v"}})
	if err != nil {
		t.Fatal(err)
	}
	in := &Input{Lookup: func(name string) (Value, bool, error) {
		if name == "a" {
			return a, true, nil
		}
		return m, name == "m", nil
	}}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if res, err := p.Eval(in); err != nil || res.Value.Long() != 16 {
					t.Errorf("got %v, %v", TextOf(res.Value), err)
					return
				}
			}
		})
	}
	all.Wait()
	if numbers[0] != 1 || TextOf(a) != "[1,2]" || TextOf(m) != `{"k":{"inner":"v"}}` {
		t.Errorf("an evaluation changed its inputs: %v %s %s", numbers, TextOf(a), TextOf(m))
	}
}

func TestReadsAndBudgetsAreReported(t *testing.T) {
	p, err := Compile("a + params['b'] + a + params.c + (params.containsKey('d') ? 1 : 2);")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	res, err := p.Eval(&Input{Lookup: func(string) (Value, bool, error) { asked++; return LongOf(1), true, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c", "d"}; !reflect.DeepEqual(res.Reads, want) || asked != 4 {
		t.Errorf("reads %q, asked %d times", res.Reads, asked)
	}
	if res.Visits < 10 || res.Visits > 100 {
		t.Errorf("%d steps", res.Visits)
	}
	p, err = Compile("'0123456789' + '0123456789';")
	if err != nil {
		t.Fatal(err)
	}
	if res, err = p.Eval(&Input{}); err != nil || res.Bytes < 20 || res.Bytes > 100 {
		t.Errorf("%d bytes, %v", res.Bytes, err)
	}
}

// steps is an extension that has only what was fetched.
type steps map[string]Value

func (s steps) Call(name string, args []string) (Value, error) {
	if name != "getFromStep" {
		return Value{}, ErrNoFunction
	}
	v, ok := s[strings.Join(args, ".")]
	if !ok {
		return Value{}, fmt.Errorf("step %q: %w", args, ErrNotHere)
	}
	return v, nil
}

func TestNotHereStopsTheEvaluationUntilItIs(t *testing.T) {
	p, err := Compile("x + params.getFromStep('s', 'p');")
	if err != nil {
		t.Fatal(err)
	}
	fetched := steps{}
	in := &Input{Ext: fetched, Lookup: func(string) (Value, bool, error) { return Value{}, false, ErrNotHere }}
	res, err := p.Eval(in)
	if !errors.Is(err, ErrNotHere) || !reflect.DeepEqual(res.Reads, []string{"x"}) {
		t.Fatalf("got %v, reads %q", err, res.Reads)
	}
	in.Lookup = func(string) (Value, bool, error) { return LongOf(40), true, nil }
	if _, err = p.Eval(in); !errors.Is(err, ErrNotHere) || codeOf(err) != CodeExtension {
		t.Fatalf("got %v", err)
	}
	fetched["s.p"] = LongOf(2)
	if res, err = p.Eval(in); err != nil || res.Value.Long() != 42 {
		t.Fatalf("got %v, %v", TextOf(res.Value), err)
	}
	for _, text := range []string{"params.nextUniqueId();", "params.getFromStep(1);", "params.getFromStep('a','b','c','d');"} {
		p, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = p.Eval(in); codeOf(err) != CodeUnsupported {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestFailuresOfTheCallerKeepTheirKind(t *testing.T) {
	p, err := Compile("x;")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Eval(&Input{Lookup: func(string) (Value, bool, error) {
		return Value{}, false, fault.New(fault.Unavailable, "the store is away")
	}})
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "the value of x: the store is away") {
		t.Errorf("got %v", err)
	}
}

// TestADefectIsAnError has an extension panic; nothing of it may leave Eval but an error, and the thread is clean.
func TestADefectIsAnError(t *testing.T) {
	p, err := Compile("y = 1; x;")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Eval(&Input{Lookup: func(string) (Value, bool, error) { panic("broken") }})
	if codeOf(err) != CodeDefect || !fault.Is(err, fault.Internal) {
		t.Errorf("got %v", err)
	}
	if got := evaluate(t, "y", nil); got != "null (NULL)" {
		t.Errorf("after a defect y is %s", got)
	}
}

func TestGoValuesComeBackAsTheyWent(t *testing.T) {
	for _, v := range []any{
		nil, "text", "", int64(-5), 2.5, true, []string{"a", ""}, []int64{1, 2}, []float64{0.5}, []bool{true, false},
		[]string{}, OrderedMap{{"a", int64(1)}, {"b", OrderedMap{{"c", []string{"d"}}}}},
	} {
		value, err := FromGo(v)
		if err != nil {
			t.Fatalf("%#v: %v", v, err)
		}
		back, err := ToGo(value)
		if err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%#v came back as %#v, %v", v, back, err)
		}
	}
	for _, bad := range []any{struct{}{}, []any{"a", int64(1)}, []any{}, map[string]any{"a": nil}, map[string]any{"a": make(chan int)}} {
		if v, err := FromGo(bad); err == nil {
			t.Errorf("%#v became %s", bad, TextOf(v))
		}
	}
	v, err := FromGo("a\xff\xfeb")
	if err != nil || v.Str() != "a\uFFFDb" {
		t.Errorf("text that is not UTF-8: %q, %v", v.Str(), err)
	}
	loop := &Table{}
	if _, err := loop.put(nil, "self", Value{typ: Map, ref: loop}); err != nil {
		t.Fatal(err)
	}
	if _, err := ToGo(Value{typ: Map, ref: loop}); err == nil {
		t.Error("a map that holds itself became a Go value")
	}
	if TextOf(Value{typ: Map, ref: loop}) == "" {
		t.Error("a map that holds itself has no text")
	}
}

func TestPrepare(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " 1 ": "1;", "1;": "1;", "if (a) { b; }": "if (a) { b; }", `{"a"}`: `{"a"};`, "new int[]{1}": "new int[]{1}",
		"\x00\t1\n": "1;", "'}'": "'}';",
	} {
		if got := Prepare(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		text, want string
		literal    bool
	}{
		{"", "", true}, {"plain $ 5 $_x ${ a} ${1} ${a", "plain $ 5 $_x ${ a} ${1} ${a", true},
		{"$a", "<a>", false}, {"${a}b$c_1-", "<a>b<c_1>-", false}, {"${a-b./c}", "<a-b./c>", false},
		{"$$", "$", true}, {"$$a", "$a", true}, {"$$$a", "$<a>", false}, {"$$$$a", "$$a", true}, {"$${a}$", "${a}$", true},
	} {
		tpl := CompileTemplate(c.text)
		got, err := tpl.Expand(func(name string) (string, error) { return "<" + name + ">", nil })
		if err != nil || got != c.want || tpl.Literal() != c.literal {
			t.Errorf("%q: got %q, %v, literal %v", c.text, got, err, tpl.Literal())
		}
	}
	broken := errors.New("broken")
	if _, err := CompileTemplate("$a").Expand(func(string) (string, error) { return "", broken }); err != broken {
		t.Errorf("got %v", err)
	}
	large := CompileTemplate(strings.Repeat("$a", 1000))
	if _, err := large.Expand(func(string) (string, error) { return strings.Repeat("x", 1<<20), nil }); codeOf(err) != CodeLimitString {
		t.Errorf("got %v", err)
	}
}

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	first, err := Compile("1 + 0;")
	if err != nil {
		t.Fatal(err)
	}
	c := NewCache(10 * first.size())
	for i := range 100 {
		if _, err := c.Compile(fmt.Sprintf("1 + %d;", i%10)); err != nil {
			t.Fatal(err)
		}
		if n, bytes := c.Size(); n > 10 || bytes > 10*first.size() {
			t.Fatalf("%d programs, %d bytes", n, bytes)
		}
	}
	a, err := c.Compile("1 + 0;")
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := c.Compile("1 + 0;"); a != b {
		t.Error("the same text was compiled twice")
	}
	if _, err := c.Compile("1 +"); codeOf(err) != CodeParse {
		t.Errorf("got %v", err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 200 {
				if _, err := c.Compile(fmt.Sprintf("%d;", i%20)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// TestEveryMethodIsReached calls every method of every class with NULLs, LONGs and STRINGs: none may break.
func TestEveryMethodIsReached(t *testing.T) {
	called := 0
	for _, class := range library() {
		names := append(append([]string(nil), class.Names...), class.Bound...)
		if len(names) == 0 {
			names = []string{"params"}
		}
		for _, m := range class.Methods {
			for arity := range 10 {
				if m.Arity != arity && m.Arity != Variadic {
					continue
				}
				for _, arg := range []string{"null", "5", "'text'", "1.5", "String", "new Map()", "new String[2]", "DateTime", "Math"} {
					args := strings.TrimSuffix(strings.Repeat(arg+",", arity), ",")
					got := evaluate(t, names[0]+"."+m.Name+"("+args+")", nil)
					if strings.HasPrefix(got, "defect") || strings.HasPrefix(got, "no class") {
						t.Errorf("%s.%s(%s): %s", names[0], m.Name, args, got)
					}
					called++
				}
			}
		}
	}
	if called < 500 {
		t.Errorf("only %d calls", called)
	}
}
