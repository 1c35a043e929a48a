// Package compare measures SEL beside two other expression languages for Go, on work that all three can do: cel-go and
// expr-lang. It is a module of its own so that neither becomes a dependency of Segue. Run it with
//
//	go test -bench . -benchmem
package compare

import (
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/segue-run/segue/sel"
)

// task is one expression in the three languages and what it comes to.
type task struct {
	name           string
	sel, cel, expr string
	want           any
}

var tasks = []task{
	{"arithmetic", "(a + b * 2) % 1000 - a / 3;", "(a + b * 2) % 1000 - a / 3", "int((a + b * 2) % 1000) - int(a / 3)", int64(-775)},
	{"concatenation", "s + '-' + a + '-' + b;", `s + "-" + string(a) + "-" + string(b)`, `s + "-" + string(a) + "-" + string(b)`, "  Daily run  -4711-42"},
	{"methods", "s.trim().toUpperCase() + a;", `s.trim().upperAscii() + string(a)`, `upper(trim(s)) + string(a)`, "DAILY RUN4711"},
	{"condition", "a > 10 && s.contains('run') ? 'big' : 'small';", `a > 10 && s.contains("run") ? "big" : "small"`, `a > 10 && s contains "run" ? "big" : "small"`, "big"},
	{"split", "s.split(' ').length + a;", `s.split(" ").size() + a`, `len(split(s, " ")) + a`, nil},
}

var params = map[string]any{"a": int64(4711), "b": int64(42), "s": "  Daily run  "}

func check(b *testing.B, t task, got any) {
	b.Helper()
	if n, ok := got.(int); ok {
		got = int64(n)
	}
	if t.want != nil && got != t.want {
		b.Fatalf("got %#v, want %#v", got, t.want)
	}
}

func BenchmarkEval(b *testing.B) {
	for _, t := range tasks {
		b.Run(t.name+"/sel", func(b *testing.B) {
			p, err := sel.Compile(t.sel)
			if err != nil {
				b.Fatal(err)
			}
			values := make(map[string]sel.Value)
			for name, v := range params {
				if values[name], err = sel.FromGo(v); err != nil {
					b.Fatal(err)
				}
			}
			in := &sel.Input{Lookup: func(name string) (sel.Value, bool, error) {
				v, ok := values[name]
				return v, ok, nil
			}}
			res, err := p.Eval(in)
			if err != nil {
				b.Fatal(err)
			}
			got, err := sel.ToGo(res.Value)
			if err != nil {
				b.Fatal(err)
			}
			check(b, t, got)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(t.name+"/cel", func(b *testing.B) {
			p := celProgram(b, t.cel)
			out, _, err := p.Eval(params)
			if err != nil {
				b.Fatal(err)
			}
			check(b, t, out.Value())
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Eval(params); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(t.name+"/expr", func(b *testing.B) {
			p, err := expr.Compile(t.expr, expr.Env(params))
			if err != nil {
				b.Fatal(err)
			}
			var machine vm.VM
			out, err := machine.Run(p, params)
			if err != nil {
				b.Fatal(err)
			}
			if t.name != "arithmetic" { // its division gives floats, so that the sum is another one
				check(b, t, out)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := machine.Run(p, params); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func celProgram(b *testing.B, text string) cel.Program {
	b.Helper()
	env, err := cel.NewEnv(cel.Variable("a", cel.IntType), cel.Variable("b", cel.IntType), cel.Variable("s", cel.StringType), ext.Strings())
	if err != nil {
		b.Fatal(err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		b.Fatal(issues.Err())
	}
	p, err := env.Program(ast)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkCompile(b *testing.B) {
	t := tasks[3]
	b.Run("sel", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sel.Compile(t.sel); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cel", func(b *testing.B) {
		env, err := cel.NewEnv(cel.Variable("a", cel.IntType), cel.Variable("b", cel.IntType), cel.Variable("s", cel.StringType), ext.Strings())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			ast, issues := env.Compile(t.cel)
			if issues.Err() != nil {
				b.Fatal(issues.Err())
			}
			if _, err := env.Program(ast); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("expr", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := expr.Compile(t.expr, expr.Env(params)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
