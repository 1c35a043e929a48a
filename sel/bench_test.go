package sel

import "testing"

// benchmark evaluates a text again and again. Its parameters are a = 4711, b = 42, s = "  Daily run  ".
func benchmark(b *testing.B, text string) {
	b.Helper()
	p, err := Compile(text)
	if err != nil {
		b.Fatal(err)
	}
	in := &Input{Lookup: func(name string) (Value, bool, error) {
		switch name {
		case "a":
			return LongOf(4711), true, nil
		case "b":
			return LongOf(42), true, nil
		case "s":
			return StringOf("  Daily run  "), true, nil
		}
		return Value{}, false, nil
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEval has the promises of docs/performance.md: "typical" stays under 1 us and 8 allocations, "loop" (10,000
// additions) under 1 ms.
func BenchmarkEval(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"constant", "1;"},
		{"typical", "s.trim() + (a + b * 2);"},
		{"condition", "a > 10 && s.contains('run') ? 'big' : 'small';"},
		{"format", "String.format('%s-%05d', s, a);"},
		{"split", "s.split(' ').length;"},
		{"replaceAll", "s.replaceAll('[a-z]+', '<$0>');"},
		{"map", "m = new Map(); m.put('k', a); m.get('k') + b;"},
		{"loop", "int x = 0; for (int i = 0; i < 10000; i += 1) { x += i; } return x;"},
		{"appends", "String x = ''; for (int i = 0; i < 10000; i += 1) { x += 'y'; } return x.length();"},
	} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, c.text) })
	}
}

// BenchmarkCompile compiles 200 characters; it stays under 20 us.
func BenchmarkCompile(b *testing.B) {
	text := "int total = 0; for (int i = 0; i < items.length; i += 1) { if (items[i] > limit && enabled) { total += items[i] * factor; } else { total -= 1; } } return String.valueOf(total) + '-' + suffix.trim() + x;"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCached(b *testing.B) {
	c := NewCache(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compile("s.trim() + (a + b * 2);"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	tpl := CompileTemplate("s3://bucket/$date/part-${n}")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tpl.Expand(func(name string) (string, error) { return name, nil }); err != nil {
			b.Fatal(err)
		}
	}
}
