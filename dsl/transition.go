package dsl

import (
	"regexp"
	"strings"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

var (
	jobID     = `[_a-zA-Z][.\-_a-zA-Z0-9]*`
	plainTo   = regexp.MustCompile(`^` + jobID + `$`)
	ifThen    = regexp.MustCompile(`(?is)^IF\s+(.+)\s+THEN\s+(` + jobID + `)$`)
	otherwise = regexp.MustCompile(`(?i)^OTHERWISE\s+(` + jobID + `)$`)
)

// transition reads where a job leads to: a list of "job", "IF condition THEN job" and, as the last one, "OTHERWISE job".
// A single text is a list of one.
func transition(n *node) (workflow.Transition, error) {
	t := workflow.Transition{}
	entries := n.items
	switch n.kind {
	case wire.Array:
	case wire.Null:
		return t, nil
	default:
		entries = []*node{n}
	}
	add := func(at *node, id, condition string) error {
		if t.Successors == nil {
			t.Successors = new(param.Ordered[string])
		}
		if t.Successors.Has(id) {
			return at.errorf("two transitions lead to job %q; join their conditions with ||", id)
		}
		t.Successors.Set(id, condition)
		return nil
	}
	var conditions []string
	var last *node // the OTHERWISE
	for _, e := range entries {
		if e.kind == wire.Null {
			continue
		}
		text, err := e.str()
		if err != nil {
			return t, err
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if last != nil {
			return t, last.errorf("OTHERWISE must be the last transition")
		}
		if m := ifThen.FindStringSubmatch(text); m != nil {
			condition := strings.TrimSpace(m[1])
			conditions = append(conditions, "("+condition+")")
			err = add(e, m[2], condition)
		} else if m := otherwise.FindStringSubmatch(text); m != nil {
			last = e
			condition := "true"
			if len(conditions) > 0 {
				condition = "!(" + strings.Join(conditions, " || ") + ")"
			}
			err = add(e, m[1], condition)
		} else if plainTo.MatchString(text) {
			err = add(e, text, "true")
		} else {
			err = e.errorf("%q is no transition; want a job id, IF condition THEN job, or OTHERWISE job", text)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// order applies a dag key: "sequential", "parallel", or transitions by job id. It never changes a job that has
// transitions of its own.
func order(n *node, steps []*workflow.Step) error {
	if n == nil || n.kind == wire.Null {
		return nil
	}
	if n.kind == wire.Object {
		return orderByJob(n, steps)
	}
	word, err := n.str()
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "parallel":
		return nil
	case "sequential":
		for i := 0; i+1 < len(steps); i++ {
			if steps[i].Transition.Successors.Len() == 0 {
				steps[i].Transition.Successors = new(param.Ordered[string])
				steps[i].Transition.Successors.Set(steps[i+1].ID, "true")
			}
		}
		return nil
	}
	return n.errorf("unknown order %q; want sequential, parallel, or a mapping from job ids to transitions", word)
}

func orderByJob(n *node, steps []*workflow.Step) error {
	byID := make(map[string]*workflow.Step, len(steps))
	for _, s := range steps {
		byID[s.ID] = s
	}
	for _, e := range n.fields {
		s, ok := byID[e.name]
		if !ok {
			return e.key.errorf("there is no job %q on this level", e.name)
		}
		t, err := transition(e.node)
		if err != nil {
			return wire.In(err, e.name)
		}
		if s.Transition.Successors.Len() == 0 {
			s.Transition = t
		}
	}
	return nil
}
