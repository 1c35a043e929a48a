package workflow

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/wire"
)

// corpus returns the folder with the original's sample definitions, or skips the test.
func corpus(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SEGUE_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	dir = filepath.Join(dir, "conformance", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the sample definitions are not here (%v); set SEGUE_SHARED to the folder that holds conformance/data", err)
	}
	return dir
}

type document interface{ AppendJSON([]byte) []byte }

// definitionIn returns the part of a fixture that is a definition, and how it is read; nil if there is none.
func definitionIn(n *wire.Node) (*wire.Node, func(*wire.Node) (document, error)) {
	definition := func(n *wire.Node) (document, error) { return DecodeDefinition(n) }
	workflow := func(n *wire.Node) (document, error) { return Decode(n) }
	step := func(n *wire.Node) (document, error) { return DecodeStep(n) }
	if d := n.Get("workflow_definition"); d != nil {
		return d, definition
	}
	if w := n.Get("workflow"); w != nil && w.Get("steps") != nil {
		if n.Get("properties_snapshot") != nil {
			return n, definition
		}
		return w, workflow
	}
	if w := n.Get("runtime_workflow"); w != nil {
		return w, workflow
	}
	if d := n.Get("definition"); d != nil {
		n = d
	}
	if len(n.Fields) == 1 {
		switch n.Fields[0].Name {
		case "step", "foreach", "while", "subworkflow":
			return n, step
		}
	}
	return nil, nil
}

// Every sample definition of the original is read, written back as it was but for normal forms, and stays the same
// when it is read and written again. The ones whose name says that they cannot be read must not be.
func TestCorpusRoundTrips(t *testing.T) {
	unreadable := map[string]string{
		"sample-typed-step-invalid.json": "a signal dependency must have a name",
	}
	files := 0
	err := filepath.WalkDir(corpus(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		root, err := wire.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		n, decode := definitionIn(root)
		if n == nil {
			return nil
		}
		files++
		doc, err := decode(n)
		if want, ok := unreadable[entry.Name()]; ok {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", entry.Name(), err, want)
			}
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
			return nil
		}
		once := doc.AppendJSON(nil)
		var in, out any
		if err := json.Unmarshal([]byte(n.Raw()), &in); err != nil {
			return err
		}
		if err := json.Unmarshal(once, &out); err != nil {
			t.Errorf("%s: wrote bad JSON: %v", entry.Name(), err)
			return nil
		}
		for _, d := range differences("", in, out) {
			t.Errorf("%s: %s", entry.Name(), d)
		}
		again, err := wire.Parse(once)
		if err != nil {
			return err
		}
		if doc, err = decode(again); err != nil {
			t.Errorf("%s: does not read back: %v", entry.Name(), err)
		} else if twice := doc.AppendJSON(nil); string(twice) != string(once) {
			t.Errorf("%s: changes when read back:\n%s\n%s", entry.Name(), once, twice)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 60 {
		t.Errorf("only %d definitions found", files)
	}
}

// differences compares a document with what was made of it, allowing for normal forms.
func differences(path string, in, out any) []string {
	key := path[strings.LastIndexByte(path, '.')+1:]
	switch in := in.(type) {
	case map[string]any:
		o, ok := out.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s became %v", path, out)}
		}
		var all []string
		for k, v := range in {
			if v == nil || k == "name" && key != "step" && in["type"] != nil && in["value"] != nil {
				continue
			}
			if m, ok := v.(map[string]any); ok && len(m) == 0 && o[k] == nil && (k == "match_params" || k == "successors") {
				continue
			}
			all = append(all, differences(path+"."+k, v, o[k])...)
		}
		for k, v := range o {
			if _, ok := in[k]; ok {
				continue
			}
			switch text := fmt.Sprint(v); {
			case k == "transition" && text == "map[]", v == false, k == "workflow_concurrency",
				k == "metadata" && text == "map[]", k == "type" && text == "EXPONENTIAL_BACKOFF":
			default:
				all = append(all, fmt.Sprintf("%s.%s=%v was not there", path, k, v))
			}
		}
		return all
	case []any:
		o, ok := out.([]any)
		if !ok || len(o) != len(in) {
			return []string{fmt.Sprintf("%s became %v", path, out)}
		}
		var all []string
		for i := range in {
			all = append(all, differences(path, in[i], o[i])...)
		}
		return all
	case string:
		switch o := out.(type) {
		case string:
			if in == o || strings.EqualFold(in, o) && (key == "type" || key == "mode" || key == "namespace" || key == "rule" ||
				key == "criticality" || key == "failure_mode" || key == "severity" || key == "granularity") {
				return nil
			}
		case map[string]any:
			if key == "tags" && o["name"] == in || key == "run_strategy" && strings.EqualFold(fmt.Sprint(o["rule"]), in) {
				return nil
			}
		case float64:
			if fmt.Sprint(o) == in || key == "value" {
				return nil
			}
		}
	case float64:
		if o, ok := out.(map[string]any); ok && key == "run_strategy" && o["workflow_concurrency"] == in {
			return nil
		}
	}
	if strings.Contains(path, ".successors.") && fmt.Sprint(in) == out {
		return nil
	}
	if in != out {
		return []string{fmt.Sprintf("%s: %v became %v", path, in, out)}
	}
	return nil
}
