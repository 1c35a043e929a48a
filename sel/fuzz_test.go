package sel

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// seeds adds the expressions of the shared cases to a fuzzing corpus, when they are here, and some of our own.
func seeds(f *testing.F, file, key string) {
	f.Helper()
	for _, text := range []string{
		"", "1 + 2 * 3;", "for (int i = 0; i < 3; i += 1) { s += i; } return s;", "String.format('%08.3f|%,d|%s', 1.5, 12345, 'x');",
		"'a1b2'.replaceAll('([a-z])(\\\\d)', '$2$1').split('[0-9]');", "m = new Map(); m.put('k', new int[]{1,2}); Util.toJson(m);",
		"new DateTime(0, DateTimeZone.UTC).plusDays(1).toString('yyyyMMdd');", "params['a'] + params.b + x[1];", "'\\u0041' + \"\\n\";",
		"throw 'x' + 1.0e10;", "$a ${b.c} $$d $$$e", "/* c */ a ? b : c ? d : e; // x", "!(-1 < +2.5) && null == x || true;",
	} {
		f.Add(text)
	}
	dir := os.Getenv("SEGUE_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	r, err := os.Open(filepath.Join(dir, "spec", "data", file))
	if err != nil {
		return // the seeds above must do
	}
	defer r.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var c map[string]json.RawMessage
		var text string
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			f.Fatal(err)
		}
		if err := json.Unmarshal(c[key], &text); err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// fuzzLimits keep one evaluation within a few milliseconds and megabytes.
var fuzzLimits = Limits{Visits: 50_000, Loop: 1_000, Array: 5_000, String: 1 << 16, Memory: 1 << 20}

// inputs are the parameters of fuzzed programs.
func inputs(name string) (Value, bool, error) {
	switch len(name) % 7 {
	case 0:
		return StringOf("text ☃ 😀 " + name), true, nil
	case 1:
		return LongOf(int64(len(name)) - 3), true, nil
	case 2:
		return DoubleOf(math.Pi), true, nil
	case 3:
		v, err := FromGo([]any{"a", nil, "b"})
		return v, true, err
	case 4:
		v, err := FromGo(map[string]any{"a": int64(1), "b": []int64{1, 2}, "c": map[string]any{"d": "e"}})
		return v, true, err
	case 5:
		return BooleanOf(true), true, nil
	}
	return Value{}, false, nil
}

func FuzzEval(f *testing.F) {
	seeds(f, "sel-cases.jsonl", "expr")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Compile(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		in := &Input{Lookup: inputs, Now: 1546300800123, Seed: 7, Limits: fuzzLimits}
		first, err := p.Eval(in)
		again, err2 := p.Eval(in)
		if (err == nil) != (err2 == nil) || err == nil && TextOf(first.Value) != TextOf(again.Value) {
			t.Fatalf("%q: evaluated twice: %v %v, %v %v", text, first, err, again, err2)
		}
		if first.Visits > fuzzLimits.Visits*2 || first.Bytes > fuzzLimits.Memory*8 && err == nil {
			t.Errorf("%q used %d steps and %d bytes", text, first.Visits, first.Bytes)
		}
		if err != nil {
			checkError(t, text, err)
			return
		}
		if g, err := ToGo(first.Value); err == nil && first.Value.Type().IsData() {
			if _, err := json.Marshal(g); err != nil && !strings.Contains(err.Error(), "unsupported value") { // NaN
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

// checkError fails unless err is an error of the language that can be shown.
func checkError(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok || e.Code == CodeDefect || e.Code == "" || e.Message == "" {
		t.Fatalf("%q: %#v", text, err)
	}
	if !utf8.ValidString(e.Caret()) && utf8.ValidString(text) {
		t.Errorf("%q: the error is no UTF-8: %q", text, e.Caret())
	}
	if len(e.Caret()) > 4_000 {
		t.Errorf("%q: the error is long: %q", text, e.Caret())
	}
}

func FuzzTemplate(f *testing.F) {
	seeds(f, "interp-cases.jsonl", "value")
	f.Fuzz(func(t *testing.T, text string) {
		tpl := CompileTemplate(text)
		known := map[string]bool{}
		for _, name := range tpl.Refs() {
			known[name] = true
		}
		out, err := tpl.Expand(func(name string) (string, error) {
			if !known[name] {
				t.Errorf("%q refers to %q, which Refs does not have", text, name)
			}
			return "<" + name + ">", nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if tpl.Literal() && len(known) == 0 && !strings.Contains(text, "$$") && out != text {
			t.Errorf("%q without references became %q", text, out)
		}
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{"%s", "%5d|%-5s|%05.1f", "%,.3e", "%1$s %<s", "%tY-%<tm", "%#x%o%h%b%c%n%%", "%(,020.5g", "%a", "%S"} {
		f.Add(s, int64(42), 1.5, "x")
	}
	p, err := Compile("String.format(f, a, b, c);")
	if err != nil {
		f.Fatal(err)
	}
	q, err := Compile("String.format(f, b, a, c);")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, format string, a int64, b float64, c string) {
		in := &Input{Limits: fuzzLimits, Lookup: func(name string) (Value, bool, error) {
			v, err := FromGo(map[string]any{"f": format, "a": a, "b": b, "c": c}[name])
			return v, true, err
		}}
		for _, p := range []*Program{p, q} {
			if _, err := p.Eval(in); err != nil {
				checkError(t, format, err)
			}
		}
	})
}

func FuzzRegex(f *testing.F) {
	for _, s := range []string{"a*", "(a|b)+?c", "[^x-z&&[y]]", "\\p{Alpha}\\b", "(?i)X", "(?<n>a)\\Q.\\E$", "^.|\\R{2,3}", "[]a-]", "(?s:.)(?x) a #"} {
		f.Add(s, "abc x\ny", "$0")
	}
	p, err := Compile("s.split(re).length + s.replaceAll(re, by);")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, re, s, by string) {
		in := &Input{Limits: fuzzLimits, Lookup: func(name string) (Value, bool, error) {
			v, err := FromGo(map[string]any{"s": s, "re": re, "by": by}[name])
			return v, true, err
		}}
		if _, err := p.Eval(in); err != nil {
			checkError(t, re, err)
		}
	})
}
