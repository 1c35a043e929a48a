package command

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/segue-run/segue/step"
)

// order is what the server tells a supervisor, over its standard input. It is never on disk: it may hold secrets, and
// nobody needs it after the start.
type order struct {
	UUID      string   `json:"uuid"`
	Host      string   `json:"host"`
	Boot      string   `json:"boot"`
	Argv      []string `json:"argv"`
	Env       []string `json:"env"` // without SEGUE_OUTPUT, which depends on the attempt's directory
	WorkDir   string   `json:"work_dir"`
	Stdin     *string  `json:"stdin,omitempty"`
	MaxLog    int64    `json:"max_log"`
	MaxOutput int64    `json:"max_output"`
	GraceMS   int64    `json:"grace_ms"`
	LingerMS  int64    `json:"linger_ms"`
}

// outputVar names the file in which a command may leave its outputs. As it is different for every attempt, it also marks
// all processes of an attempt, so that those which a lost supervisor leaves behind can be found.
const outputVar = "SEGUE_OUTPUT"

// identity lists the variables that tell a command who it is. No step may set them.
func identity(a *step.Attempt) [][2]string {
	return [][2]string{
		{"SEGUE_WORKFLOW_ID", a.WorkflowID},
		{"SEGUE_INSTANCE_ID", strconv.FormatInt(a.Instance, 10)},
		{"SEGUE_RUN_ID", strconv.FormatInt(a.Run, 10)},
		{"SEGUE_STEP_ID", a.StepID},
		{"SEGUE_ATTEMPT", strconv.FormatInt(a.Attempt, 10)},
		{"SEGUE_ATTEMPT_UUID", a.UUID},
	}
}

// argvOf reads the param command.
func argvOf(params map[string]any) ([]string, error) {
	v, ok := params["command"]
	if !ok || v == nil {
		return nil, fmt.Errorf("param command is missing: give a STRING for /bin/sh or a STRING_ARRAY of program and arguments")
	}
	switch c := v.(type) {
	case string:
		if strings.TrimSpace(c) == "" {
			return nil, fmt.Errorf("param command is empty")
		}
		if i := strings.IndexByte(c, 0); i >= 0 {
			return nil, fmt.Errorf("param command has a NUL byte at offset %d", i)
		}
		return []string{"/bin/sh", "-c", c}, nil
	case []string:
		if len(c) == 0 {
			return nil, fmt.Errorf("param command is an empty array: its first element must name a program")
		}
		if c[0] == "" {
			return nil, fmt.Errorf("param command[0] is empty: it must name a program")
		}
		for i, arg := range c {
			if j := strings.IndexByte(arg, 0); j >= 0 {
				return nil, fmt.Errorf("param command[%d] has a NUL byte at offset %d", i, j)
			}
		}
		return c, nil
	}
	return nil, fmt.Errorf("param command is a %s: it must be a STRING or a STRING_ARRAY", typeName(v))
}

// textOf reads an optional STRING param; present says whether it is there.
func textOf(params map[string]any, name string) (text string, present bool, err error) {
	v, ok := params[name]
	if !ok || v == nil {
		return "", false, nil
	}
	s, ok := v.(string)
	if !ok {
		return "", false, fmt.Errorf("param %s is a %s: it must be a STRING", name, typeName(v))
	}
	return s, true, nil
}

// envOf reads the param env, sorted by name.
func envOf(a *step.Attempt) ([][2]string, error) {
	v, ok := a.Params["env"]
	if !ok || v == nil {
		return nil, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("param env is a %s: it must be a STRING_MAP", typeName(v))
	}
	var vars [][2]string
	for name, value := range m {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return nil, fmt.Errorf("param env has the name %q: a name must not be empty nor contain = or NUL", name)
		}
		if name == outputVar {
			return nil, fmt.Errorf("param env sets %s, which Segue sets itself", name)
		}
		for _, own := range identity(a) {
			if name == own[0] {
				return nil, fmt.Errorf("param env sets %s, which Segue sets itself", name)
			}
		}
		var text string
		switch x := value.(type) {
		case string:
			text = x
		case int64:
			text = strconv.FormatInt(x, 10)
		case float64:
			text = strconv.FormatFloat(x, 'g', -1, 64)
		case bool:
			text = strconv.FormatBool(x)
		default:
			return nil, fmt.Errorf("param env[%q] is a %s: it must be a STRING, LONG, DOUBLE or BOOLEAN", name, typeName(value))
		}
		if strings.IndexByte(text, 0) >= 0 {
			return nil, fmt.Errorf("param env[%q] has a NUL byte", name)
		}
		vars = append(vars, [2]string{name, text})
	}
	sort.Slice(vars, func(i, j int) bool { return vars[i][0] < vars[j][0] })
	return vars, nil
}

// environment joins what commands inherit, what the step sets and what Segue sets; later entries replace earlier ones.
func environment(inherited []string, layers ...[][2]string) []string {
	var names []string
	values := map[string]string{}
	set := func(name, value string) {
		if _, ok := values[name]; !ok {
			names = append(names, name)
		}
		values[name] = value
	}
	for _, pair := range inherited {
		name, value, _ := strings.Cut(pair, "=")
		set(name, value)
	}
	if _, ok := values["PATH"]; !ok {
		set("PATH", defaultPath)
	}
	for _, layer := range layers {
		for _, pair := range layer {
			set(pair[0], pair[1])
		}
	}
	env := make([]string, len(names))
	for i, name := range names {
		env[i] = name + "=" + values[name]
	}
	return env
}

// allowed picks from an environment what the allow-list names.
func allowed(environ, list []string) []string {
	var env []string
	for _, pair := range environ {
		name, _, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			continue
		}
		for _, pattern := range list {
			prefix, wild := strings.CutSuffix(pattern, "*")
			if name == pattern || wild && strings.HasPrefix(name, prefix) {
				env = append(env, pair)
				break
			}
		}
	}
	return env
}

// lookupEnv returns the last value of a variable in an environment.
func lookupEnv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// typeName names the type of a param as its author knows it.
func typeName(v any) string {
	switch v.(type) {
	case string:
		return "STRING"
	case int64:
		return "LONG"
	case float64:
		return "DOUBLE"
	case bool:
		return "BOOLEAN"
	case []string:
		return "STRING_ARRAY"
	case []int64:
		return "LONG_ARRAY"
	case []float64:
		return "DOUBLE_ARRAY"
	case []bool:
		return "BOOLEAN_ARRAY"
	case map[string]any:
		return "MAP"
	}
	return fmt.Sprintf("%T", v)
}
