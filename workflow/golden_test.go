package workflow

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/segue-run/segue/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A definition that uses every field there is comes out in its normal form, and that form stays as it is.
func TestEverything(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := DecodeDefinition(parse(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compact := d.AppendJSON(nil)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, compact, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	const golden = "testdata/everything.golden.json"
	if *update {
		if err := os.WriteFile(golden, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Errorf("the definition has changed its form; go test ./workflow -update rewrites the file:\n%s", pretty.Bytes())
	}
	n, err := wire.Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeDefinition(n)
	if err != nil {
		t.Fatal(err)
	}
	if twice := again.AppendJSON(nil); !bytes.Equal(twice, compact) {
		t.Errorf("the normal form changes when it is read again:\n%s\n%s", compact, twice)
	}
}
