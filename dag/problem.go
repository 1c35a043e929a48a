package dag

import (
	"slices"
	"strings"

	"github.com/segue-run/segue/workflow"
)

// Problems returns everything that is wrong with the transitions of steps, on this level and in the loops below: a
// dangling successor, predecessors that are not the computed ones, a cycle. A problem below the first level ends with
// the loop that it is in. Steps with the same id are a problem that hides the others of their level.
func Problems(steps []*workflow.Step) []string { return collect(nil, steps, nil) }

func collect(all []string, steps []*workflow.Step, path []string) []string {
	where := ""
	if len(path) > 0 {
		where = " (inside step [" + strings.Join(path, "/") + "])"
	}
	for _, p := range problems(steps) {
		all = append(all, p+where)
	}
	for _, s := range steps {
		if len(s.Steps) > 0 {
			all = collect(all, s.Steps, append(path, s.ID))
		}
	}
	return all
}

// problems are those of one level.
func problems(steps []*workflow.Step) (all []string) {
	ids := make(map[string]bool, len(steps))
	for _, s := range steps {
		if ids[s.ID] {
			return []string{"two steps have the same id [" + s.ID + "]"}
		}
		ids[s.ID] = true
	}
	for _, s := range steps {
		for id := range s.Transition.Successors.All() {
			if !ids[id] {
				all = append(all, dangling(s.ID, id))
			}
		}
	}
	if all != nil {
		return all
	}
	g, _ := connect(steps)
	for i := range g.Nodes {
		given := g.Nodes[i].Step.Transition.Predecessors
		if len(given) == 0 {
			continue
		}
		if computed := g.Transition(i).Predecessors; !sameSet(given, computed) {
			all = append(all, "[workflow step transition] is invalid for step ["+g.Nodes[i].Step.ID+"]'s predecessors list ["+
				strings.Join(given, ", ")+"], the successors of the other steps make it ["+strings.Join(computed, ", ")+"]")
		}
	}
	g.arrange(g.Roots)
	if len(g.Topo) < len(g.Nodes) {
		all = append(all, g.cycle())
	}
	return all
}

func dangling(step, successor string) string {
	return "[workflow step transition] is invalid for step [" + step + "]'s successor step id [" + successor +
		"], which does not exist in steps"
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
