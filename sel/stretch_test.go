package sel

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A stretch is what an evaluation does between two looks at Done. stretches are operations on inputs that are as large
// as the limits allow, each of which could run for long without looking up. big is n bytes of "a", words n bytes of
// "ab ", blank n blanks, digits n times "7", wide n bytes of "é", list and texts are arrays with n/13 elements, and
// table is a map with n/40 keys.
var stretches = []struct {
	name, text string
	is         kind
}{
	{"concat", "big + '';  '' + big;", copies},
	{"concat of numbers", "1 + big;", copies},
	{"+=", "String s = big; s += 'b'; s += 'c'; String u = ''; for (i = 0; i < 300; i += 1) u += words.substring(0, 80); u += words.substring(0, n/4*3);", copies},
	{"+= of an array", "String s = ''; s += list;", copies},
	{"== of equals", "x = big.substring(1) + 'a'; big == x; big != x;", copies},
	{"== of numbers", "1 == big;", brief},
	{"equals", "x = big.substring(1) + 'a'; big.equals(x);", copies},
	{"compareTo", "x = big.substring(1) + 'b'; big.compareTo(x);", copies},
	{"compareTo of wide", "x = wide.substring(1) + 'b'; wide.compareTo(x);", copies},
	{"startsWith, endsWith", "x = big.substring(1) + 'a'; big.startsWith(x); big.endsWith(x);", copies},
	{"contains a long text", "x = big.substring(n/2) + 'b'; big.contains(x);", copies},
	{"contains a short text", "big.contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab');", slow},
	{"lastIndexOf a long text", "x = 'b' + big.substring(n/2); big.lastIndexOf(x);", copies},
	{"lastIndexOf a short text", "big.lastIndexOf('baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');", slow},
	{"length", "big.length(); wide.length();", slow},
	{"substring", "big.substring(n/2); wide.substring(n/8, n/3);", copies},
	{"trim", "blank.trim(); (blank.substring(1) + 'x').trim(); ('x' + blank.substring(1)).trim();", copies},
	{"upper and lower case", "big.toUpperCase(); wide.toUpperCase(); wide.toLowerCase(); wide.substring(n/8*3).replace('é', 'ΐ').toUpperCase();", slow},
	{"replace", "words.replace('ab', 'cd'); words.replace('a', ''); big.replace('b', 'c'); ", slow},
	{"replace nothing", "words.substring(n/4*3).replace('', '-');", slow},
	{"replaceAll", "words.replaceAll('a', 'c');", slow},
	{"replaceAll by a long text", "'aaa'.replaceAll('a$', big.substring(1));", copies},
	{"replaceAll by escapes", "'aaa'.replaceAll('a$', words.replace(' ', '\\\\'));", slow},
	{"replaceAll with groups", "words.replaceAll('(a)(b)', '$2$1');", slow},
	{"split", "words.split('b');", slow},
	{"split to characters", "words.substring(n/4*3).split('');", slow},
	{"split at nothing", "big.split('b');", slow},
	{"join", "String.join('-', texts); String.join(words.substring(n/2), 'a', 'b', 'c');", copies},
	{"escape", "big.escape(); blank.substring(n/2 + 1).replace(' ', '\"').escape();", copies},
	{"format %s", "String.format('%s', big); String.format('%S', big); String.format('%' + n + 's', 'x');", slow},
	{"format %.s", "String.format('%.' + n/4*3 + 's', big); String.format('%.' + n/4*3 + 'S', words);", copies},
	{"format %f", "String.format('%.' + n/2 + 'f', 1.5); String.format('%,.' + n/2 + 'f', 1234.5); String.format('%.' + n/2 + 'e', 1.5);", slow},
	{"format %g %a", "String.format('%.' + n/2 + 'g', 1.5); String.format('%.' + n/2 + 'a', 1.5); String.format('%.' + n/2 + 'E', 1.5);", slow},
	{"format %f padded", "String.format('%0' + n/2 + '.2f', 1.5); String.format('%0' + n/2 + 'd', 1); String.format('%0' + n/2 + 'x', 1);", slow},
	{"format %A", "String.format('%.' + n/2 + 'A', 1.5); String.format('%0' + n/2 + 'a', 1.5);", slow},
	{"format %h", "String.format('%h', big); String.format('%h', table);", slow},
	{"format of a long format", "String.format(big); String.format('%' + digits + 'd', 1);", copies},
	{"format of a long index", "String.format('%' + digits + '$d', 1);", copies},
	{"format of a long precision", "String.format('%.' + digits + 'd', 1);", copies},
	{"format of a map", "String.format('%s', table);", slow},
	{"valueOf", "String.valueOf(big); String.valueOf(list); String.valueOf(texts); String.valueOf(table);", copies},
	{"toJson of texts", "Util.toJson(big); Util.toJson(texts); Util.toJson(list); Util.toJson(table);", slow},
	{"toJson of quotes", "Util.toJson(blank.substring(n/2 + 1).replace(' ', '\"'));", copies},
	{"Long.valueOf", "Long.valueOf(digits);", brief},
	{"Long.valueOf of zeros", "Long.valueOf(digits.replace('7', '0'));", slow},
	{"Long.valueOf of wide", "Long.valueOf(wide);", brief},
	{"Double.valueOf", "Double.valueOf(digits); Double.valueOf('0x.' + digits.substring(n/2) + 'p+' + digits.substring(n/2));", copies},
	{"Double.valueOf of zeros", "Double.valueOf('0.' + digits.substring(n/2).replace('7', '0') + 'e-' + digits.substring(n/2).replace('7', '0') + '1');", copies},
	{"Double.valueOf of blanks", "Double.valueOf(blank);", slow},
	{"Double.valueOf of signs", "Double.valueOf(digits.replace('7', '+'));", slow},
	{"new Boolean", "new Boolean(big);", brief},
	{"new int[]", "new int[25000]; new String[25000]; new double[25000]; new boolean[25000];", copies},
	{"intsBetween", "Util.intsBetween(0, n/2, 1);", slow},
	{"intsBetween of texts", "Util.intsBetween(digits, 1, 1);", brief},
	{"dateIntsBetween", "Util.dateIntsBetween(19000101, 25000101, 1); Util.dateIntsBetween(25000101, 19000101, -1);", slow},
	{"dates of long texts", "new DateTime(digits);", copies},
	{"dates with long fractions", "new DateTime('2019-01-01T00:00:00.' + digits);", copies},
	{"date ints of long texts", "Util.dateIntToTs(digits);", copies},
	{"date hours of long texts", "Util.dateIntHourToTs(digits.substring(n/2), digits.substring(n/2), 'UTC', 1, 1);", copies},
	{"durations of long texts", "Util.timeoutForDateIntDeadline(20200101, blank);", copies},
	{"durations of long numbers", "Util.timeoutForDateIntDeadline(20200101, digits + ' days');", copies},
	{"zones of long texts", "DateTimeZone.forID(big);", brief},
	{"offsets of long texts", "DateTimeZone.forID('+' + digits.substring(1));", copies},
	{"date patterns", "DateTimeFormat.forPattern(big.substring(n - 9999)).print(1);", copies},
	{"date patterns of text", "DateTimeFormat.forPattern(\"'\" + big.substring(n - 9900) + \"'\").print(1);", copies},
	{"date patterns of digits", "p = ''; for (i = 0; i < 9; i += 1) { for (j = 0; j < 900; j += 1) p += 'y'; p += '-'; } f = DateTimeFormat.forPattern(p); f.print(1); f.parseDateTime(digits);", copies},
	{"date patterns of zones", "p = ''; for (i = 0; i < 3000; i += 1) p += 'ZZZ '; f = DateTimeFormat.forPattern(p); DateTimeFormat.forPattern(p).print(1); f.parseDateTime('UTC UTC UTC x');", brief},
	{"a long pattern read", "DateTimeFormat.forPattern('yyyy').parseDateTime(digits);", copies},
	{"map put", "m = new Map(); for (i = 0; i < 24000; i += 1) { m.put('k' + i, i); } for (i = 0; i < 24000; i += 1) { m.put('l' + i, i); } for (i = 0; i < 24000; i += 1) { m.put('m' + i, i); }", slow},
	{"map with long keys", "m = new Map(); m.put(big, 1); m.put(words, 1); m.get(wide); m.put(digits, 1); '' + m.size(); Util.toJson(m);", copies},
	{"map with equal long keys", "m = new Map(); for (i = 0; i < 8; i += 1) { m.put(big.substring(100) + i, 1); } m.get(big.substring(100) + 'x');", copies},
	{"hash of a long key", "m = new Map(); m.put(big, 1); String.format('%h', m);", copies},
	{"map given", "table.size(); table.put('x', 1); table.get('k7');", slow},
	{"map looked up in params", "params.table.size(); params.big; params[big];", slow},
	{"array written", "list[5] = 7; texts[5] = 'x'; params.list[1];", brief},
	{"array looked up", "list[5]; texts[5];", brief},
	{"asList", "Arrays.asList(texts);", brief},
	{"thrown", "throw big;", brief},
	{"regular expressions", "big.substring(n/8*7).replaceAll('(a?){20}b', 'x');", slow},
	{"regular expression, folded", "wide.replaceAll('(?i)[x-z]', 'x');", slow},
	{"a large expression", "words.substring(n - 10000).split('((((((a{0,30}b){0,20}){0,2}x)))|(z{1,40}y{1,300}))');", slow},
	{"many groups", "words.substring(n - 100000).split('" + strings.Repeat("(a|b{1,60})", 90) + "');", slow},
	{"a pattern of classes", "'abc'.split('" + strings.Repeat(`\\p{L}`, 10) + strings.Repeat("[^a-z]", 300) + "');", brief},
	{"a pattern of folded", "'abc'.split('(?iu)" + strings.Repeat(`[^a-zA-Z0-9é]`, 130) + "');", brief},
	{"a pattern of repeats", "'abc'.split('((a{1,20}){1,20}){1,40}');", brief},
	{"a long replacement", "'abc'.replaceAll('b', words.replace(' ', '$0').substring(0, n/4*3));", copies},
	{"extension", "params.f(big);", brief},
}

// kind says how an operation may deal with an input of n bytes.
type kind int

const (
	slow   kind = iota // it looks at its input in blocks, and looks up between them
	copies             // the same, but it also copies, compares or hashes n bytes at once, at the speed of memory
	brief              // the same as copies, or it does not look at all of its input
)

type echo struct{}

func (echo) Call(_ string, args []string) (Value, error) { return StringOf(args[0]), nil }

// stretchInput returns the parameters of stretches.
func stretchInput(n int) *Input {
	texts, numbers := make([]string, n/13), make([]int64, n/13)
	for i := range texts {
		texts[i], numbers[i] = "text", int64(i)
	}
	keys := make(OrderedMap, n/40)
	for i := range keys {
		keys[i] = Entry{"k" + strconv.Itoa(i), int64(i)}
	}
	table, err := FromGo(keys)
	if err != nil {
		panic(err)
	}
	params := map[string]Value{
		"big": StringOf(strings.Repeat("a", n)), "words": StringOf(strings.Repeat("ab ", n/3+1)[:n]),
		"blank": StringOf(strings.Repeat(" ", n)), "digits": StringOf(strings.Repeat("7", n)),
		"wide": StringOf(strings.Repeat("é", n/2)), "list": LongsOf(numbers), "texts": StringsOf(texts), "table": table,
		"n": LongOf(int64(n)),
	}
	return &Input{
		Ext:    echo{},
		Limits: Limits{Visits: 1 << 60, Memory: 1 << 60},
		Lookup: func(name string) (Value, bool, error) {
			v, ok := params[name]
			return v, ok, nil
		},
	}
}

// TestLooksUpInTime counts, for each operation, the steps between two looks at Done: a look every 512 or soon after is what the promise of a millisecond rests on (see BenchmarkStretch). That the steps are counted at all is
// the other half of it: an input of n bytes costs n/256 steps or more.
func TestLooksUpInTime(t *testing.T) {
	const n = 1 << 19
	for _, s := range stretches {
		t.Run(s.name, func(t *testing.T) {
			p, err := Compile(s.text)
			if err != nil {
				t.Fatal(err)
			}
			in := stretchInput(n)
			last, longest := int64(0), int64(0)
			in.onLook = func(visits int64) { last, longest = visits, max(longest, visits-last) }
			res, err := p.Eval(in)
			if codeOf(err) == CodeDefect || codeOf(err) == CodeNull || codeOf(err) == CodeUnsupported {
				t.Fatal(err)
			}
			longest = max(longest, res.Visits-last)
			most := int64(3 * pollEvery)
			if s.is != slow {
				most += n / stepBytes
			}
			if longest > most {
				t.Errorf("%d steps between two looks, instead of %d", longest, most)
			}
			if s.is != brief && res.Visits < n/2/stepBytes {
				t.Errorf("%d steps for inputs of %d bytes", res.Visits, n)
			}
		})
	}
}

// BenchmarkStretch reports the longest stretch of each operation on the largest inputs, in microseconds: of all times
// that it took the shortest, for what else the machine does only makes it longer.
func BenchmarkStretch(b *testing.B) {
	for _, s := range stretches {
		b.Run(s.name, func(b *testing.B) {
			p, err := Compile(s.text)
			if err != nil {
				b.Fatal(err)
			}
			in := stretchInput(4_000_000)
			var shortest []time.Duration
			for b.Loop() {
				i, begun := 0, time.Now()
				ends := func(int64) {
					took := time.Since(begun)
					if i == len(shortest) {
						shortest = append(shortest, took)
					}
					shortest[i] = min(shortest[i], took)
					i++
					begun = time.Now()
				}
				in.onLook = ends
				if _, err := p.Eval(in); codeOf(err) == CodeDefect {
					b.Fatal(err)
				}
				ends(0)
				runtime.GC() // between the runs, not during them
			}
			longest := time.Duration(0)
			for _, d := range shortest {
				longest = max(longest, d)
			}
			b.ReportMetric(float64(longest.Nanoseconds())/1e3, "longest-us")
		})
	}
}
