package eval

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// TestConformanceCases evaluates the workflow params of the black-box cases about params, with the run_params of their
// starts, and compares what the cases say about them.
func TestConformanceCases(t *testing.T) {
	later := map[string]string{
		"param-024-default-workflow-params": "default params", "param-026-system-params": "default params",
		"param-033-execution-environment": "functions that ask the engine",
	}
	dir := os.Getenv("SEGUE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(dir, "conformance", "cases", "param-*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("no conformance cases in %s (set SEGUE_SHARED)", dir)
	}
	compared := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			if why := later[name]; why != "" {
				t.Skip("needs " + why)
			}
			compared += evaluateCase(t, file)
		})
	}
	if compared < 40 {
		t.Errorf("only %d values have been compared", compared)
	}
}

type conformanceCase struct {
	Workflows map[string]struct {
		Workflow struct{ Params json.RawMessage }
	}
	Script []struct {
		Op, Workflow string
		Request      struct {
			RunParams json.RawMessage `json:"run_params"`
		}
		Expect struct {
			Status   int
			JSON     map[string]json.RawMessage
			Contains []string
		}
	}
}

// evaluateCase returns how many values it has compared.
func evaluateCase(t *testing.T, file string) (compared int) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c conformanceCase
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	var shown map[string]map[string]json.RawMessage
	for _, op := range c.Script {
		switch op.Op {
		case "start":
			merged, err := Override(decode(t, c.Workflows[op.Workflow].Workflow.Params), decode(t, op.Request.RunParams))
			if op.Expect.Status == 400 {
				if reserved := strings.Contains(op.Expect.Contains[0], "param source") || strings.Contains(op.Expect.Contains[0], "reserved"); reserved {
					continue // for package validate
				}
				if err == nil || !strings.Contains(err.Error(), op.Expect.Contains[0]) {
					t.Errorf("start: %v, want %q", err, op.Expect.Contains)
				}
				compared++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := Workflow(env, "w", merged)
			if err != nil {
				t.Fatal(err)
			}
			shown = nil
			if err := json.Unmarshal(param.AppendParams(nil, p), &shown); err != nil {
				t.Fatal(err)
			}
		case "wait":
			for path, want := range op.Expect.JSON {
				parts := strings.Split(path, "/")
				if len(parts) != 4 || parts[1] != "params" || strings.Contains(string(want), "$gt") {
					continue
				}
				got := value(t, shown[parts[2]][parts[3]])
				if m, ok := value(t, want).(map[string]any); ok && m["$contains"] != nil {
					if text, _ := got.(string); !strings.Contains(text, m["$contains"].(string)) {
						t.Errorf("%s: got %v, want %s", path, got, want)
					}
				} else if !reflect.DeepEqual(got, value(t, want)) {
					t.Errorf("%s: got %v, want %s", path, got, want)
				}
				compared++
			}
		}
	}
	return compared
}

func decode(t *testing.T, doc json.RawMessage) *param.Definitions {
	if len(doc) == 0 {
		return nil
	}
	n, err := wire.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	var out *param.Definitions
	if err := param.DecodeObject(n, &out, param.DecodeDefinition); err != nil {
		t.Fatal(err)
	}
	return out
}

// value decodes a document with its numbers as they are written.
func value(t *testing.T, doc json.RawMessage) (v any) {
	if doc == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
