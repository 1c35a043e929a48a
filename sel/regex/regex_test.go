package regex

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func free(int) error { return nil }

// all returns the matches and groups of a pattern in a text.
func all(t testing.TB, pattern, text string) string {
	t.Helper()
	re, err := Compile(pattern)
	if err != nil {
		return "error: " + err.Error()
	}
	m := re.Find(text, free)
	var out []string
	for from := 0; from <= len(text); {
		caps, err := m.Next(from)
		if err != nil {
			t.Fatal(err)
		}
		if caps == nil {
			break
		}
		s := ""
		for i := 0; i < len(caps); i += 2 {
			if i > 0 {
				s += ":"
			}
			if caps[i] < 0 {
				s += "-"
			} else {
				s += text[caps[i]:caps[i+1]]
			}
		}
		out = append(out, s)
		if from = caps[1]; caps[0] == caps[1] {
			from++
		}
	}
	return strings.Join(out, "|")
}

func TestPatternsOfJava(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{
		{"a", "banana", "a|a|a"}, {"a*", "baac", "|aa||"}, {"(a)(b)?", "aab", "a:a:-|ab:a:b"}, {"a|ab", "ab", "a"},
		{"(a+)(a*)", "aaa", "aaa:aaa:"}, {"(a+?)(a*)", "aaa", "aaa:a:aa"}, {"(?<n>x)y", "xy", "xy:x"},
		{".", "a\n\r\u0085\u2028b", "a|b"}, {"(?s).", "a\n", "a|\n"}, {"\\s", "a \t\x0b\u00a0", " |\t|\x0b"}, {"\\h", " \u00a0", " |\u00a0"},
		{"\\w+", "añ_9", "a|_9"}, {"\\d", "1٣", "1"}, {"\\D\\S\\W", "ab!", "ab!"}, {"\\bfoo\\b", "foo food", "foo"},
		{"^a", "aa", "a"}, {"a$", "a\naa\n", "a"}, {"(?m)a$", "a\naa\n", "a|a"}, {"a\\z", "a\n", ""}, {"a\\Z", "a\n", "a"},
		{"(?m)^.", "ab\ncd", "a|c"}, {"[a-c]", "abcd", "a|b|c"}, {"[^a-c]", "abcd", "d"}, {"[a-]", "-a", "-|a"}, {"[]a]", "]a", "]|a"},
		{"[\\w.-]+", "a.b-c d", "a.b-c|d"}, {"[a[bc]]", "cba", "c|b|a"}, {"\\p{Alpha}\\p{Punct}", "a!b1", "a!"}, {"\\p{L}", "é1", "é"},
		{"\\p{IsGreek}", "aα", "α"}, {"[\\p{Lower}\\d]", "A1b", "1|b"}, {"\\P{Alpha}", "a1", "1"}, {"\\p{Lu}", "aB", "B"},
		{"\\Qa.b\\E.", "a.bc axb", "a.bc"}, {"a{2}", "aaa", "aa"}, {"a{1,2}", "aaa", "aa|a"}, {"a{2,}", "aaaa", "aaaa"}, {"\\x41\\u0042\\x{1F600}\\t\\0101", "AB😀\tA", "AB😀\tA"},
		{"(?i)ß|k", "K", "K"}, {"(?x) a b # c\n c", "abc", "abc"}, {"(?:a|b)c", "bc", "bc"}, {"a(?i)b(?-i)c", "aBc aBC", "aBc"},
		{"\\R", "\r\n\n", "\r\n|\n"}, {"", "ab", "||"}, {"(a|b)*", "ab", "ab:b|:-"}, {"\\.", "a.b", "."}, {"\\é", "é", "é"}, {"😀", "x😀", "😀"},
		{"&&", "a&&b", "&&"}, {"(?=a)", "a", "error: look-ahead and look-behind are not supported, in the pattern \"(?=a)\""},
		{"(?<!a)b", "b", "error: look-ahead and look-behind are not supported, in the pattern \"(?<!a)b\""},
		{"(a)\\1", "aa", "error: back-references (\\1) are not supported, in the pattern \"(a)\\\\1\""},
		{"a*+", "a", "error: possessive quantifiers are not supported, in the pattern \"a*+\""},
		{"(?>a)", "a", "error: atomic groups are not supported, in the pattern \"(?>a)\""},
		{"(", "", "error: a group is not closed, in the pattern \"(\""}, {")", "", "error: a ) closes nothing, in the pattern \")\""},
		{"[", "", "error: a [ is not closed, in the pattern \"[\""}, {"a{", "", "error: after { a count like 2 or 2,3 must follow; write \\{ for the brace itself, in the pattern \"a{\""},
		{"*", "", "error: missing argument to repetition operator, in the pattern \"*\""},
		{"[b-a]", "", "error: invalid character class range, in the pattern \"[b-a]\""},
		{"[a-f&&[^bc]]", "abcd", "a|d"}, {"[a-z&&c-e&&[^d]]", "abcdef", "c|e"}, {"[a&&b]", "ab", ""}, {"[^a&&b]", "ab", "a|b"},
		{"[\\W_]", "a_-", "_|-"}, {"[^\\S\\n]", " a\n", " "}, {"[a-c[^a-z]]", "ad1", "a|1"}, {"[\\P{L}b]", "ab1", "b|1"}, {"[\\Qa-c\\E]", "ab-c", "a|-|c"},
		{"(?i)[^a]", "aAb", "b"}, {"(?i)[b-c]", "ABC", "B|C"}, {"[a-\\x63]", "abc", "a|b|c"}, {"[+--]", "+,-", "+|,|-"}, {"[a\\-z]", "a-bz", "a|-|z"},
		{"[\\b]", "", "error: \\b is not supported inside of [ ], in the pattern \"[\\\\b]\""},
		{"((a{100}){100}){100}", "", "error: invalid repeat count, in the pattern \"((a{100}){100}){100}\""},
		{"\\", "", "error: a pattern cannot end with a backslash, in the pattern \"\\\\\""},
		{"\\y", "", "error: \\y is not supported, in the pattern \"\\\\y\""},
	} {
		if got := all(t, c.pattern, c.text); got != c.want {
			t.Errorf("%q in %q:\n got  %q\n want %q", c.pattern, c.text, got, c.want)
		}
	}
}

// TestMatchesAsGoDoes compares the matcher with package regexp on random patterns and texts that mean the same in both.
func TestMatchesAsGoDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	atoms := []string{"a", "b", "c", "[ab]", "[^a]", "\\b", "\\B", "\\w", "é", "^", "\\z"}
	var pattern func(depth int) string
	pattern = func(depth int) string {
		if depth == 0 {
			return atoms[random.IntN(len(atoms))]
		}
		switch random.IntN(6) {
		case 0:
			return "(" + pattern(depth-1) + ")"
		case 1:
			return "(?:" + pattern(depth-1) + ")" + []string{"*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}"}[random.IntN(8)]
		case 2:
			return "(?:" + pattern(depth-1) + "|" + pattern(depth-1) + ")"
		}
		return pattern(depth-1) + pattern(depth-1)
	}
	compared := 0
	for range 3_000 {
		p := pattern(1 + random.IntN(4))
		std, err := regexp.Compile(p)
		if err != nil {
			continue
		}
		re, err := Compile(p)
		if err != nil {
			t.Fatalf("%q: %v", p, err)
		}
		var text strings.Builder
		for range random.IntN(12) {
			text.WriteString([]string{"a", "b", "c", " ", "é"}[random.IntN(5)])
		}
		s := text.String()
		caps, err := re.Find(s, free).Next(0)
		if err != nil {
			t.Fatal(err)
		}
		if want := std.FindStringSubmatchIndex(s); fmt.Sprint(caps) != fmt.Sprint(want) {
			t.Fatalf("%q in %q: got %v, want %v", p, s, caps, want)
		}
		compared++
	}
	if compared < 2_000 {
		t.Errorf("only %d comparisons", compared)
	}
}

func TestMatchingPaysAndStops(t *testing.T) {
	text := strings.Repeat("a", 100_000)
	stop := errors.New("stop")
	for _, p := range []string{"(a+)+b", "b", "(a|aa)+$", "[^a]", "(x+x+)+y"} {
		re, err := Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		if _, err := re.Find(text, func(n int) error { total += n; return nil }).Next(0); err != nil {
			t.Fatal(err)
		}
		if total < len(text)/2 || total > 1000*len(text) {
			t.Errorf("%q paid %d for %d characters", p, total, len(text))
		}
		left := 10_000
		_, err = re.Find(text, func(n int) error {
			if left -= n; left < 0 {
				return stop
			}
			return nil
		}).Next(0)
		if err != stop {
			t.Errorf("%q: got %v", p, err)
		}
	}
}

func TestCompilingIsBounded(t *testing.T) {
	for _, p := range []string{
		strings.Repeat("a", 2_001), strings.Repeat(`\pL`, 11), "[" + strings.Repeat(`\PL`, 11) + "]", strings.Repeat("[a-z]{1000}", 30),
		strings.Repeat("(a)", 101), "(?i)" + strings.Repeat("[\u0100-\u1400]", 4),
	} {
		if _, err := Compile(p); err == nil {
			t.Errorf("%.20q compiles", p)
		}
	}
}

func TestCachedIsBounded(t *testing.T) {
	for i := range 3 * mostCached {
		if _, err := Cached(fmt.Sprintf("a{%d}", i%900)); err != nil {
			t.Fatal(err)
		}
		if len(cache) > mostCached {
			t.Fatalf("%d patterns kept", len(cache))
		}
	}
	a, err := Cached("same")
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := Cached("same"); a != b {
		t.Error("the same pattern was compiled twice")
	}
	if !reflect.DeepEqual(a.names, []string{""}) || a.Groups() != 0 {
		t.Errorf("groups %q", a.names)
	}
}

func BenchmarkNext(b *testing.B) {
	text := strings.Repeat("lorem ipsum 42 ", 64)
	re, err := Compile(`([a-z]+) ([0-9]+)`)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		m := re.Find(text, free)
		for from := 0; ; {
			caps, err := m.Next(from)
			if err != nil {
				b.Fatal(err)
			}
			if caps == nil {
				break
			}
			from = caps[1]
		}
	}
}
