package param

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
)

// TestPlainOfJSON decodes documents as runtimes do.
func TestPlainOfJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":{"y":[1,2],"x":1.50},"a":"t","n":null}`: `{"a":"t","b":{"x":1.5,"y":[1,2]}}`,
		`[1,2.5]`:             `[1.0,2.5]`,
		`[2.5,1]`:             `[2.5,1.0]`,
		`9223372036854775807`: `9223372036854775807`,
		`-0`:                  `0`,
		`1e3`:                 `1000.0`,
		`[true,false]`:        `[true,false]`,
		`["1","2"]`:           `["1","2"]`,
		`[]`:                  `[]`,
		`null`:                "ERROR a param cannot hold null",
		`[1,null]`:            "ERROR element 1: a param cannot hold null",
		`{"a":[[1]]}`:         "ERROR a: the elements of an array must all be strings, all numbers or all booleans",
		`[1,"x"]`:             "ERROR the elements of an array must all be strings, all numbers or all booleans",
		`["x",1]`:             "ERROR the elements of an array must all be strings, all numbers or all booleans",
		`[{"a":1}]`:           "ERROR the elements of an array must all be strings, all numbers or all booleans",
		`9223372036854775808`: "ERROR a param cannot hold 9223372036854775808: integers have 64 bits",
		`{"a":{"b":1e999}}`:   "ERROR a: b: a param cannot hold 1e999: it is no number that fits a double",
	} {
		d := json.NewDecoder(strings.NewReader(in))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		got, err := Plain(v)
		if text, bad := strings.CutPrefix(want, "ERROR "); bad {
			if !fault.Is(err, fault.BadRequest) || err.Error() != text {
				t.Errorf("%s: got %v, %v, want %s", in, got, err, text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if in != "[]" && string(AppendValue(nil, got)) != want {
			t.Errorf("%s: got %s, want %s", in, AppendValue(nil, got), want)
		} else if in == "[]" && !reflect.DeepEqual(got, []any{}) {
			t.Errorf("%s: got %#v", in, got)
		}
	}
}
