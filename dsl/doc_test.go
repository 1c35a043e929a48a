package dsl

import (
	"os"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/validate"
)

// Every example in docs/yaml.md is a valid definition.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../docs/yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) < 3 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		r, err := Decode([]byte(example))
		if err != nil {
			t.Errorf("%s\n%v", example, err)
			continue
		}
		if err := validate.Create(r); err != nil {
			t.Errorf("%s\n%v", example, fault.Lines(err))
		}
	}
}
