package sel

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/sel/syntax"
)

// nested makes n a map of two maps of two maps …: small, but its text is not.
const nested = "Map n = new Map(); for (i = 0; i < 90; i += 1) { Map k = new Map(); k.put('a', n); k.put('b', n); n = k; }"

// codeOf returns the class of an error, "" for none.
func codeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return Code("no class: " + err.Error())
	}
	return ""
}

func TestEachLimitIsNamed(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limits     Limits
		want       Code
	}{
		{"visits", "for (i = 0; i < 100; i += 1) 1;", Limits{Visits: 50}, CodeLimitVisit},
		{"visits of a library method", "s.lastIndexOf('b');", Limits{Visits: 30}, CodeLimitVisit},
		{"visits of a regular expression", "s.split('[ab]');", Limits{Visits: 500}, CodeLimitVisit},
		{"loop", "while (true) 1;", Limits{Loop: 10}, CodeLimitLoop},
		{"loop with continue", "while (true) { if (true) continue; }", Limits{Loop: 10}, CodeLimitLoop},
		{"array", "new int[10];", Limits{Array: 10}, CodeLimitArray},
		{"array literal", "new int[]{1,2,3};", Limits{Array: 3}, CodeLimitArray},
		{"array of Integer.MAX_VALUE", "new int[2147483647];", Limits{}, CodeLimitArray},
		{"string by +", "'aaaaa' + 'aaaaaa';", Limits{String: 10}, CodeLimitString},
		{"string by +=", "String x = 'a'; while (true) x += x;", Limits{String: 100}, CodeLimitString},
		{"string by replace", "'aaa'.replace('a', 'aaaaaaaaa');", Limits{String: 20}, CodeLimitString},
		{"string by replaceAll", "'aaa'.replaceAll('a', '$0$0$0$0$0$0$0$0');", Limits{String: 20}, CodeLimitString},
		{"string by join", "String.join('aaaaaaaaaaaaaaaaaaa', 'b', 'c', 'd');", Limits{String: 20}, CodeLimitString},
		{"string by format width", "String.format('%2147483647d', 1);", Limits{}, CodeLimitString},
		{"string by format precision", "String.format('%.2147483640f', 1.0);", Limits{}, CodeLimitString},
		{"string by format exponent", "String.format('%.9000000e', 1.0);", Limits{}, CodeLimitString},
		{"string by toJson", "Util.toJson(new int[1000]);", Limits{Memory: 17_000}, CodeLimitMemory},
		{"memory by arrays", "while (true) new int[1000];", Limits{Memory: 100_000}, CodeLimitMemory},
		{"memory by maps", "m = new Map(); for (i = 0; i < 9999; i += 1) m.put('' + i, i);", Limits{Memory: 10_000}, CodeLimitMemory},
		{"memory by intsBetween", "Util.intsBetween(0, 2147483647, 1);", Limits{}, CodeLimitMemory},
		{"memory by split", "s.split('');", Limits{Memory: 50_000}, CodeLimitMemory},
		{"memory by a map that holds maps many times", nested + "'' + n;", Limits{Memory: 100_000}, CodeLimitMemory},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Compile(c.text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Eval(&Input{
				Limits: c.limits,
				Lookup: func(name string) (Value, bool, error) {
					return StringOf(strings.Repeat("a", 10_000)), name == "s", nil
				},
			})
			if codeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if !fault.Is(err, fault.BadRequest) {
				t.Errorf("kind %v", fault.KindOf(err))
			}
		})
	}
}

func TestLengthAndDepthAreLimitedWhenCompiling(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Code
	}{
		{"length", strings.Repeat(" ", 9_999) + ";", CodeLimitLength},
		{"length counts UTF-16", "'" + strings.Repeat("😀", 4_999) + "';", CodeLimitLength},
		{"short enough", "'" + strings.Repeat("😀", 4_998) + "';", ""},
		{"parentheses", strings.Repeat("(", 4_990) + "1" + strings.Repeat(")", 4_990) + ";", ""},
		{"a long sum", strings.Repeat("1+", 4_990) + "1;", ""},
		{"unary", strings.Repeat("!", 6_000) + "true;", CodeLimitDepth},
		{"blocks", strings.Repeat("{", 6_000), CodeLimitDepth},
		{"ifs", strings.Repeat("if(1)", 1_900) + "1;", ""},
		{"indexes", strings.Repeat("a[", 3_000) + "1" + strings.Repeat("]", 3_000) + ";", ""},
		{"calls", "a" + strings.Repeat(".b()", 2_400) + ";", ""},
		{"ternaries", strings.Repeat("a?b:", 2_400) + "1;", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Compile(c.text)
			if codeOf(err) != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if err == nil {
				if _, err := p.Eval(&Input{}); codeOf(err) == CodeDefect {
					t.Error(err)
				}
			}
		})
	}
	if _, err := CompileWithin(strings.Repeat("1+", 200_000)+"1;", Limits{Length: 1 << 20}); codeOf(err) != CodeLimitDepth {
		t.Errorf("a very long sum: %v", err)
	}
}

// TestParsingIsLinear counts what parsing allocates: a parser that tries twice makes its nodes twice.
func TestParsingIsLinear(t *testing.T) {
	for name, text := range map[string]func(n int) string{
		"indexes":     func(n int) string { return strings.Repeat("a[", n) + "1" + strings.Repeat("]", n) + ";" },
		"parentheses": func(n int) string { return strings.Repeat("(", n) + "a" + strings.Repeat(")", n) + " + 1;" },
		"assignments": func(n int) string { return strings.Repeat("a = ", n) + "1;" },
		"calls":       func(n int) string { return strings.Repeat("a.b(", n) + "1" + strings.Repeat(")", n) + ";" },
		"ternaries":   func(n int) string { return strings.Repeat("a[0] ? b : ", n) + "c;" },
		"blocks":      func(n int) string { return strings.Repeat("{ int[] x; a[0] = 1; ", n) + strings.Repeat("}", n) },
	} {
		measure := func(n int) float64 {
			return testing.AllocsPerRun(3, func() {
				if _, err := syntax.Parse(text(n), DefaultDepth); err != nil {
					t.Fatal(name, err)
				}
			})
		}
		if small, large := measure(150), measure(2_400); large > 17*small {
			t.Errorf("%s: 16 times the text allocates %v times instead of %v", name, large, small)
		}
	}
}

// long are expressions that run for long unless they are stopped; big is a string of 750,000 characters.
var long = map[string]string{
	"loop":                  "for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) 1;",
	"appends":               "String s = ''; for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) s += 'x';",
	"regular expression":    "for (i = 0; i < 25000; i += 1) big.replaceAll('(a+)+b|(a?){20}c', 'x');",
	"split":                 "for (i = 0; i < 25000; i += 1) big.split('x|y');",
	"contains":              "for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) big.contains('aaab');",
	"lastIndexOf":           "for (i = 0; i < 25000; i += 1) big.lastIndexOf('baaa');",
	"upper case":            "for (i = 0; i < 25000; i += 1) big.toUpperCase();",
	"substring":             "for (i = 0; i < 25000; i += 1) big.substring(700000);",
	"compare":               "other = big + 'x'; for (i = 0; i < 25000; i += 1) big.compareTo(other);",
	"equality":              "other = big + ''; for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) big == other;",
	"format":                "for (i = 0; i < 25000; i += 1) String.format('%700000s', 'x');",
	"zeros":                 "for (i = 0; i < 25000; i += 1) String.format('%.70000f', 1.5);",
	"trim":                  "for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) big.trim();",
	"escape":                "for (i = 0; i < 25000; i += 1) big.escape();",
	"concatenation":         "for (i = 0; i < 25000; i += 1) big + big;",
	"text of a map of maps": nested + "'' + n;",
	"hash of a map of maps": nested + "String.format('%h', n);",
	"params":                "for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) params.big;",
	"JSON":                  "a = big.split(''); for (i = 0; i < 25000; i += 1) Util.toJson(a);",
	"join":                  "a = big.split(''); for (i = 0; i < 25000; i += 1) String.join(',', a);",
	"arrays":                "for (i = 0; i < 25000; i += 1) for (j = 0; j < 25000; j += 1) new int[25000];",
}

// TestCancelledInTheMiddle stops each expression while it runs: when it looks at Done for the 300th time, Done is closed,
// and it never looks again.
func TestCancelledInTheMiddle(t *testing.T) {
	big := StringOf(strings.Repeat("a", 750_000))
	for name, text := range long {
		t.Run(name, func(t *testing.T) {
			p, err := Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			done, looks := make(chan struct{}), 0
			res, err := p.Eval(&Input{
				Done:   done,
				Limits: Limits{Visits: 1 << 60, Memory: 1 << 60},
				Lookup: func(name string) (Value, bool, error) { return big, name == "big", nil },
				onLook: func(int64) {
					if looks++; looks == 300 {
						close(done)
					}
				},
			})
			if codeOf(err) != CodeCancelled || looks != 300 {
				t.Errorf("got %v after %d looks, %d steps and %d bytes", err, looks, res.Visits, res.Bytes)
			}
		})
	}
}

func TestDeadlineIsALimit(t *testing.T) {
	p, err := Compile(long["loop"])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	_, err = p.Eval((&Input{}).Within(ctx))
	if codeOf(err) != CodeLimitDeadline || !fault.Is(err, fault.Timeout) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	if _, err = p.Eval((&Input{}).Within(ctx)); codeOf(err) != CodeCancelled || !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkStop reports how long the expressions of TestCancelledInTheMiddle go on after they are told to stop.
func BenchmarkStop(b *testing.B) {
	big := StringOf(strings.Repeat("a", 750_000))
	for name, text := range long {
		b.Run(name, func(b *testing.B) {
			p, err := Compile("begin; " + text)
			if err != nil {
				b.Fatal(err)
			}
			var worst time.Duration
			for b.Loop() {
				done, begun := make(chan struct{}), make(chan struct{})
				var cancelled time.Time
				go func() {
					<-begun
					for range 200 {
						runtime.Gosched()
					}
					cancelled = time.Now()
					close(done)
				}()
				_, err := p.Eval(&Input{
					Done:   done,
					Limits: Limits{Visits: 1 << 60, Memory: 1 << 60},
					Lookup: func(name string) (Value, bool, error) {
						if name == "begin" {
							close(begun)
						}
						return big, name == "big", nil
					},
				})
				took := time.Since(cancelled)
				if codeOf(err) != CodeCancelled {
					b.Fatal(err)
				}
				worst = max(worst, took)
			}
			b.ReportMetric(float64(worst.Microseconds()), "worst-us")
		})
	}
}
