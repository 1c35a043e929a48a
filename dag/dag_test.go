package dag

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/workflow"
	"pgregory.net/rapid"
)

// steps makes steps from a text such as "a>b,c b>d c>d d"; "a<x" gives explicit predecessors, "f(x>y y)" a loop.
func steps(t testing.TB, text string) []*workflow.Step {
	t.Helper()
	var list []*workflow.Step
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, " (")
		if end < 0 {
			end = len(text)
		}
		word, rest := text[:end], text[end:]
		s := &workflow.Step{Kind: workflow.Typed, Type: workflow.TypeNoOp}
		if strings.HasPrefix(rest, "(") {
			depth, i := 0, 0
			for i = range rest {
				if rest[i] == '(' {
					depth++
				} else if rest[i] == ')' {
					depth--
				}
				if depth == 0 {
					break
				}
			}
			s.Kind, s.Steps = workflow.Foreach, steps(t, rest[1:i])
			rest = rest[i+1:]
		}
		word, after, found := strings.Cut(word, ">")
		if found {
			s.Transition.Successors = new(param.Ordered[string])
			for _, to := range strings.Split(after, ",") {
				to, condition, ok := strings.Cut(to, "?")
				if !ok {
					condition = "true"
				}
				s.Transition.Successors.Set(to, condition)
			}
		}
		word, before, found := strings.Cut(word, "<")
		if found {
			s.Transition.Predecessors = strings.Split(before, ",")
		}
		s.ID = word
		list = append(list, s)
		text = rest
	}
	return list
}

func TestBuild(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a>b,c b>d c>d d", `{"a":{"successors":{"b":"true","c":"true"}},"b":{"predecessors":["a"],"successors":{"d":"true"}},"c":{"predecessors":["a"],"successors":{"d":"true"}},"d":{"predecessors":["b","c"]}}`},
		{"z a>z b", `{"a":{"successors":{"z":"true"}},"b":{},"z":{"predecessors":["a"]}}`},
		{"b<a a>b", `{"a":{"successors":{"b":"true"}},"b":{"predecessors":["a"]}}`},
		{"a>c,b c b>c", `{"a":{"successors":{"c":"true","b":"true"}},"c":{"predecessors":["a","b"]},"b":{"predecessors":["a"],"successors":{"c":"true"}}}`},
		{"", `{}`},
	} {
		g, err := Build(steps(t, c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := string(g.AppendJSON(nil)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"foo>bar", []string{"[workflow step transition] is invalid for step [foo]'s successor step id [bar], which does not exist in steps"}},
		{"a>x b>y", []string{"step [a]'s successor step id [x]", "step [b]'s successor step id [y]"}},
		{"foo<bar", []string{"[workflow step transition] is invalid for step [foo]'s predecessors list [bar]"}},
		{"a>b b<a,c c", []string{"step [b]'s predecessors list [a, c], the successors of the other steps make it [a]"}},
		{"a>b b>c c>b", []string{"where DAG contains cycle: b -> c -> b"}},
		{"a>a", []string{"where DAG contains cycle: a -> a"}},
		{"d>a c>d,e a>b b>c e", []string{"where DAG contains cycle: d -> a -> b -> c -> d"}},
		{"a a", []string{"two steps have the same id [a]"}},
		{"f(x>y y>x) g(h(i>j))", []string{"where DAG contains cycle: x -> y -> x (inside step [f])", "successor step id [j], which does not exist in steps (inside step [g/h])"}},
		{"a>b b<a f(x>y y<x)", nil},
	} {
		got := Problems(steps(t, c.in))
		if len(got) != len(c.want) {
			t.Errorf("%s: got %q", c.in, got)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], c.want[i]) {
				t.Errorf("%s: got %q, want %q", c.in, got[i], c.want[i])
			}
		}
		_, err := Build(steps(t, c.in))
		if len(c.want) == 0 {
			if err != nil {
				t.Errorf("%s: %v", c.in, err)
			}
		} else if !fault.Is(err, fault.BadRequest) || !slices.Equal(fault.DetailsOf(err), got) || err.Error() != got[0] {
			t.Errorf("%s: %v with %q", c.in, err, fault.DetailsOf(err))
		}
	}
}

func TestBuildPart(t *testing.T) {
	const diamond = "a>b,c b>d c>d d>e e f"
	for _, c := range []struct {
		in, start, end, want string // want: order with predecessors
	}{
		{diamond, "", "", "a() f() b(a) c(a) d(b,c) e(d)"},
		{diamond, "c", "", "c() d(c) e(d)"},
		{diamond, "c b", "", "b() c() d(b,c) e(d)"},
		{diamond, "c d", "", "c() d(c) e(d)"},
		{diamond, "b f", "d", "b() f() d(b)"},
		{diamond, "", "b c", "a() f() b(a) c(a)"},
		{diamond, "e", "e", "e()"},
	} {
		g, err := BuildPart(steps(t, c.in), strings.Fields(c.start), strings.Fields(c.end))
		if c.start == "" {
			g, err = BuildPart(steps(t, c.in), nil, strings.Fields(c.end))
		}
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		var got []string
		for i, n := range g.Order {
			if g.Nodes[n].Ordinal != i+1 {
				t.Errorf("ordinal of %s is %d", g.Nodes[n].Step.ID, g.Nodes[n].Ordinal)
			}
			got = append(got, g.Nodes[n].Step.ID+"("+strings.Join(g.Transition(n).Predecessors, ",")+")")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s from %q to %q: got %s, want %s", c.in, c.start, c.end, got, c.want)
		}
	}
	if _, err := BuildPart(steps(t, diamond), []string{"zzz"}, nil); !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), "[zzz]") {
		t.Error(err)
	}
	if _, err := BuildPart(steps(t, "a>b b>a"), []string{"a"}, nil); err == nil || !strings.Contains(err.Error(), "cycle: a -> b -> a") {
		t.Error(err)
	}
}

// In every graph that is built, predecessors mirror successors, and both orders hold each node once; a random graph is
// refused if and only if it has a cycle.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "n")
		edges := rapid.SliceOfN(rapid.IntRange(0, n*n-1), 0, 30).Draw(rt, "edges")
		var list []*workflow.Step
		reach := make([][]bool, n)
		for i := range n {
			list = append(list, &workflow.Step{ID: fmt.Sprint("s", i), Transition: workflow.Transition{Successors: new(param.Ordered[string])}})
			reach[i] = make([]bool, n)
		}
		for _, e := range edges {
			list[e/n].Transition.Successors.Set(fmt.Sprint("s", e%n), "true")
			reach[e/n][e%n] = true
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		cyclic := false
		for i := range n {
			cyclic = cyclic || reach[i][i]
		}
		g, err := Build(list)
		if (err != nil) != cyclic {
			rt.Fatalf("cyclic is %v, but Build says %v", cyclic, err)
		}
		if err != nil {
			return
		}
		place := make([]int, n)
		for i, x := range g.Topo {
			place[x] = i
		}
		if len(g.Topo) != n || len(g.Order) != n {
			rt.Fatalf("%d in Topo, %d in Order, want %d", len(g.Topo), len(g.Order), n)
		}
		for i := range g.Nodes {
			for _, e := range g.Nodes[i].Succs {
				if place[i] >= place[e.To] || !slices.Contains(g.Nodes[e.To].Preds, i) {
					rt.Fatalf("edge %d -> %d", i, e.To)
				}
			}
		}
	})
}

// 300 steps with some 10,000 edges take milliseconds; half a second is a defect on any machine.
func TestLargeGraph(t *testing.T) {
	list := large(300, 36)
	begin := time.Now()
	g, err := Build(list)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if len(g.Order) != 300 {
		t.Errorf("%d nodes", len(g.Order))
	}
}

func large(n, fan int) []*workflow.Step {
	var list []*workflow.Step
	for i := range n {
		s := &workflow.Step{ID: fmt.Sprint("s", i), Transition: workflow.Transition{Successors: new(param.Ordered[string])}}
		for j := i + 1; j <= min(i+fan, n-1); j++ {
			s.Transition.Successors.Set(fmt.Sprint("s", j), "true")
		}
		list = append(list, s)
	}
	return list
}

func BenchmarkBuild(b *testing.B) {
	list := large(300, 36)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(list); err != nil {
			b.Fatal(err)
		}
	}
}
