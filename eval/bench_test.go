package eval

import (
	"testing"

	"github.com/segue-run/segue/sel"
)

// BenchmarkStep evaluates steps of several kinds as a server does, with caches.
func BenchmarkStep(b *testing.B) {
	env := Env{Now: 1_569_018_000_000, Seed: 7, Programs: sel.NewCache(1 << 20), Templates: NewTemplates(1 << 20)}
	wf, err := Workflow(env, "w", Declare(defs(b, `date LONG = 20200101`)))
	if err != nil {
		b.Fatal(err)
	}
	for name, lines := range map[string]string{
		"nothing":       "",
		"literals":      "a LONG = 1\nb STRING = \"x\"\nc STRING = \"y\"",
		"interpolation": "bucket STRING = \"b\"\nn LONG = 3\npath STRING = \"s3://${bucket}/${date}/x\"",
		"expression":    "day LONG = 20200101\nnext LONG : day + 1\npath STRING = \"s3://bucket/${day}/x\"",
	} {
		b.Run(name, func(b *testing.B) {
			d := defs(b, lines)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Step(env, "s", d, wf, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("condition", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if yes, err := Condition(env, "s", "date > 20190101", nil, wf, nil); err != nil || !yes {
				b.Fatal(yes, err)
			}
		}
	})
}

// BenchmarkWorkflow evaluates a long chain, last one first.
func BenchmarkWorkflow(b *testing.B) {
	d := Declare(chain(b, 300))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Workflow(env, "w", d); err != nil {
			b.Fatal(err)
		}
	}
}
