package sel

import (
	"strings"
	"testing"
)

// TestWhatFailsFirst has programs with more than one mistake, or with values that one part of the language takes and
// another does not.
func TestWhatFailsFirst(t *testing.T) {
	const holding = "m = new Map(); m.put('k', null); "
	for text, want := range map[string]Code{
		// The class is looked up before anything is evaluated, and the elements of an array before any is looked at.
		"new Foo(1 / 0);":            CodeUnsupported,
		"new Foo[1 / 0];":            CodeUnsupported,
		"new UUID(1 / 0);":           CodeArith,
		"new UUID(1);":               CodeUnsupported,
		"new Map[1 / 0];":            CodeArith,
		"new Map['x'];":              CodeCast,
		"new Map[99999];":            CodeLimitArray,
		"new Map[3];":                CodeUnsupported,
		"new Map[]{1 / 0};":          CodeArith,
		"new Map[]{};":               CodeUnsupported,
		"new int[]{'a', 1 / 0};":     CodeArith,
		"new int[]{'a', 1.5};":       CodeType,
		"Foo x = 1 / 0;":             CodeUnsupported,
		"Map[] x = 1 / 0;":           CodeArgument,
		"new DateTime(1 / 0, Math);": CodeArith,
		// What Java's own methods get has to be a value of Java.
		holding + "String.valueOf(m);":                                CodeCall,
		holding + "String.format('%s', m);":                           CodeUnsupported,
		holding + "Util.toJson(m);":                                   CodeUnsupported,
		holding + "'a'.equals(m);":                                    CodeCall,
		holding + "'' + m;":                                           "",
		holding + "m.size();":                                         "",
		"m = new Map(); m.put('k', new DateTime(0)); '' + m;":         "",
		"m = new Map(); m.put('k', new DateTime(0)); Util.toJson(m);": CodeUnsupported,
		"m = new Map(); n = new Map(); n.put('k', Math); m.put('n', n); String.valueOf(m);": CodeCall,
		"String s; m = new Map(); m.put('k', s); String.valueOf(m);":                        "",
		"Map n; m = new Map(); m.put('k', n); Util.toJson(m);":                              "",
		"'a'.equals(Math);":            CodeCall,
		"'a'.equals(UUID);":            CodeCall,
		"'a'.equals(null);":            "",
		"'a'.equals(new DateTime(0));": "",
		"String.format(String, Math);": CodeUnsupported,
		"String.format(String, 1);":    CodeNull,
		"String.format(1, Math);":      CodeCast,
		"String.format();":             CodeArgument,
		"String.join();":               CodeArgument,
		"Util.toJson();":               CodeArgument,
		"Util.toJson(1, Math);":        CodeUnsupported,
		// What is null fails as such where the original would meet Java's null.
		"Math.pow(String, 1);":                              CodeNull,
		"Math.pow(1, DateTime);":                            CodeNull,
		"Math.pow(UUID, 1);":                                CodeUnsupported,
		"Math.pow('1', 1);":                                 CodeCast,
		"Util.dateIntToTs(String);":                         CodeNull,
		"Util.incrementDateInt(String, 1);":                 CodeNull,
		"Util.timeoutForDateIntDeadline(String, '');":       CodeArgument,
		"Util.dateIntsBetween(String, 20190101, 1);":        CodeArgument,
		"new DateTime(DateTimeZone);":                       "",
		"Map m; new DateTime(m, DateTimeZone.UTC);":         "",
		"new DateTime(DateTimeZone.UTC);":                   CodeArgument,
		"new DateTime(true);":                               CodeArgument,
		"DateTimeFormat.withZone('x');":                     CodeCast,
		"DateTimeFormat.withZone(DateTimeZone.UTC);":        CodeNull,
		"DateTimeFormat.print('x');":                        CodeUnsupported,
		"DateTimeFormat.print(1);":                          CodeNull,
		"DateTimeFormat.parseMillis(1);":                    CodeCast,
		"DateTimeFormat.parseDateTime(1);":                  CodeNull,
		"Util.dateIntHourToTs(20199999, 1, 'UTC', 'x', 1);": CodeDateField,
		"Util.dateIntHourToTs(20199999, 1, 'x', 'x', 1);":   CodeArgument,
		// Digits beyond the first 65,536 characters are two units each, and none of them is a digit.
		"Long.valueOf('\\u0663\\uFF11');": "",
		"Long.valueOf('\\uD835\\uDFCF');": CodeNumber,
		"Long.valueOf('-');":              CodeNumber,
		"Long.valueOf('-+1');":            CodeNumber,
		"Long.valueOf('000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001');": "",
	} {
		p, err := Compile(text)
		if err == nil {
			_, err = p.Eval(nil)
		}
		if codeOf(err) != want {
			t.Errorf("%s\n  got %v, want %q", text, err, want)
		}
	}
}

func TestFloatingPointTexts(t *testing.T) {
	many := func(digit string, n int) string { return strings.Repeat(digit, n) }
	for text, want := range map[string]string{
		"1": "1.0", "-0": "-0.0", "+1.5e3": "1500.0", " \t1d\n": "1.0", "1.f": "1.0", ".5D": "0.5", "1e400": "Infinity",
		"-1e400": "-Infinity", "1e-400": "0.0", "NaN": "NaN", "-NaN": "NaN", "+Infinity": "Infinity", "-Infinity": "-Infinity",
		"0x1p3": "8.0", "0X.8P1f": "1.0", "0x1.p-1": "0.5", "-0x1.8p1d": "-3.0", "0x1p99999999999999999999": "Infinity",
		"0x0p0": "0.0", "1e99999999999999999999": "Infinity", "0e99999999999999999999": "0.0", "1e-99999999999999999999": "0.0",
		"00000000000000000001.50000": "1.5",

		// Texts that are longer than the digits that count.
		many("9", 2000) + "e-2000":                     "1.0",
		"0." + many("0", 2000) + "123e2001":            "1.23",
		many("0", 2000) + "7":                          "7.0",
		"1" + many("0", 2000) + "e-2000":               "1.0",
		"1." + many("0", 2000) + "1":                   "1.0",
		"9007199254740993." + many("0", 2000):          "9.007199254740992E15", // half-way, to the even one
		"9007199254740993." + many("0", 2000) + "1":    "9.007199254740994E15", // a little more
		"0x1" + many("0", 2000) + "p-8000":             "1.0",
		"0x." + many("0", 2000) + "1p8004":             "1.0",
		"0x1.00000000000008" + many("0", 2000) + "p0":  "1.0",
		"0x1.00000000000008" + many("0", 2000) + "1p0": "1.0000000000000002",
		"0x1.00000000000018" + many("0", 2000) + "p0":  "1.0000000000000004",

		"": "", "+": "", ".": "", "e5": "", "1e": "", "1e+": "", "--1": "", "+-1": "", "1_0": "", "0x1": "", "0xp1": "", "0x.p1": "",
		"1ff": "", "1.2.3": "", "NaNf": "", "nan": "", "inf": "", "Infinityf": "", "0x1p": "", "1 2": "", "1p3": "", "f": "", "0xg": "",
	} {
		p, err := Compile("'' + Double.valueOf(s);")
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.Eval(&Input{Lookup: func(string) (Value, bool, error) { return StringOf(text), true, nil }})
		if want == "" && codeOf(err) != CodeNumber || want != "" && (err != nil || res.Value.Str() != want) {
			t.Errorf("%.60q: got %s, %v, want %s", text, TextOf(res.Value), err, want)
		}
	}
}

// TestLongFloatLiterals has literals with more digits than strconv.ParseFloat keeps.
func TestLongFloatLiterals(t *testing.T) {
	many := func(digit string, n int) string { return strings.Repeat(digit, n) }
	for text, want := range map[string]string{
		many("9", 2000) + "e-2000":                       "1.0",
		"1" + many("0", 2000) + "e-2000":                 "1.0",
		"1" + many("0", 2000) + ".0e-2000":               "1.0",
		many("1", 200) + many("0", 1000) + "d":           "Infinity",
		many("0", 2000) + "7d":                           "7.0",
		"0." + many("0", 2000) + "123e2001":              "1.23",
		"9007199254740993." + many("0", 2000):            "9.007199254740992E15",
		"9007199254740993." + many("0", 2000) + "1":      "9.007199254740994E15",
		"9007199254740993" + many("0", 2000) + "e-2000":  "9.007199254740992E15",
		"9007199254740993" + many("0", 2000) + "1e-2001": "9.007199254740994E15",
		"0." + many("0", 9000) + "1e100001":              "Infinity",
	} {
		p, err := Compile("'' + " + text + ";")
		if err != nil {
			t.Fatal(err)
		}
		if res, err := p.Eval(&Input{}); err != nil || res.Value.Str() != want {
			t.Errorf("%.60s: got %s, %v, want %s", text, TextOf(res.Value), err, want)
		}
	}
}

// TestJavasOwnMethods has what java.lang and java.util answered.
func TestJavasOwnMethods(t *testing.T) {
	for text, want := range map[string]string{
		"Math.pow(100.0, 6.5)": "1.0E13", "Math.pow(20.8, 37)": "5.866018031522907E48", "Math.pow(19.654, 13)": "6.529236087122515E16",
		"Math.pow(27.575, -9)": "1.0848265610700904E-13", "Math.pow(14.4, 1.48)": "51.80557379730443", "Math.pow(193, 7)": "9.974730326005056E15",
		"Math.pow(24, 34)": "8.456335756679027E46", "Math.pow(8.3, -3.91)": "2.5492043964565913E-4", "Math.pow(-2, 63)": "-9.223372036854776E18",
		"Math.pow(2, -1074)": "4.9E-324", "Math.pow(2, 1024)": "Infinity", "Math.pow(-2, 1025)": "-Infinity", "Math.pow(-8, 1.5)": "NaN",
		"Math.pow(2, -1080)": "0.0", "Math.pow(-2, -1081)": "-0.0", "Math.pow(0.1, 3)": "0.0010000000000000002", "Math.pow(-1, 1.0E300)": "1.0",
		"Math.pow(1, 0.0 / 0.0)": "NaN", "Math.pow(0.0 / 0.0, 0)": "1.0", "Math.pow(-1, 1 / 0.0)": "NaN", "Math.pow(0, -3)": "Infinity",

		"String.format('%+x|%(o|% x', null, null, null)": "null|null|null", "String.format('%012.11A', -998.0)": "-0X0001.F3000000000P9",
		"String.format('%012a|%08.3a', 0.0, 1.5)": "0x000000.0p0|0x01.800p0", "String.format('%ts', -1)": "0",

		"'a\\uD83D\\uDE00'.replace('', '-').length()": "7", "'a\\uD83D\\uDE00'.replace('', '').equals('a\\uD83D\\uDE00')": "true",
		"'a\\uD83D\\uDE00b'.split('').length": "4", "'a\\uD83D\\uDE00b'.split('')[1].equals('\\uD83D')": "true", "'a\\uD83D\\uDE00b'.split('', 3)[2].length()": "2",
		"String.join('|', 'ab'.split('', -1))": "a|b|", "String.join('|', 'ab'.split('', 5))": "a|b|", "String.join('|', 'ab'.split('', 1))": "ab",
		"''.split('').length": "1", "','.split(',').length": "0",

		"'a\\nb\\n'.replaceAll('(?m)^', '>')": ">a\n>b\n", "'a\\r\\nb\\u0085c'.replaceAll('(?m)^', '>')": ">a\r\n>b\u0085>c", "''.replaceAll('(?m)^', '>')": "",
		"'ab'.replaceAll('(?<x>a)', '[${x}\\\\$]')": "[a$]b",
	} {
		p, err := Compile("'' + (" + text + ");")
		if err != nil {
			t.Fatal(err)
		}
		if res, err := p.Eval(nil); err != nil || res.Value.Str() != want {
			t.Errorf("%s\n  got %q, %v, want %q", text, TextOf(res.Value), err, want)
		}
	}
	p, err := Compile("'a'.split('(?<x>a)(?<x>b)');")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Eval(nil); codeOf(err) != CodeCall {
		t.Errorf("two groups of one name: %v", err)
	}
}
