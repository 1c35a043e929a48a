package command

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/segue-run/segue/step"
)

func TestDecodeOutputs(t *testing.T) {
	for text, want := range map[string]map[string]any{
		"":                             nil,
		" \n":                          nil,
		"{}":                           {},
		`{"a":"x","b":true}`:           {"a": "x", "b": true},
		`{"a":1,"b":1.0,"c":1e2}`:      {"a": int64(1), "b": 1.0, "c": 100.0},
		`{"a":9223372036854775807}`:    {"a": int64(9223372036854775807)},
		`{"a":[]}`:                     {"a": []string{}},
		`{"a":["x","y"]}`:              {"a": []string{"x", "y"}},
		`{"a":[1,2]}`:                  {"a": []int64{1, 2}},
		`{"a":[1,2.5,3]}`:              {"a": []float64{1, 2.5, 3}},
		`{"a":[true,false]}`:           {"a": []bool{true, false}},
		`{"a":{"b":{"c":[1]},"d":""}}`: {"a": map[string]any{"b": map[string]any{"c": []int64{1}}, "d": ""}},
		" {\"a\" : 1}\n\n":             {"a": int64(1)},
	} {
		got, err := decodeOutputs([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v; want %#v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		`{"a":1`:                    "it ends too early at line 1, column 7",
		"{\n \"a\": 1,\n}":          "invalid character '}' looking for beginning of object key string at line 3, column 1",
		"{\"a\":1}\n x":             "more text follows the object at line 2, column 2",
		`{"a":1}{"b":2}`:            "more text follows the object at line 1, column 8",
		`null`:                      "must be a JSON object of outputs by name, and is null",
		`"x"`:                       "and is a string",
		`{"a":null}`:                `has null at "a"`,
		`{"a":{"b":null}}`:          `has null at "a.b"`,
		`{"a":[1,"x"]}`:             `has a string at "a[1]" in an array that begins with a number`,
		`{"a":["x",1]}`:             `has a number at "a[1]" in an array that begins with a string`,
		`{"a":[1.5,true]}`:          `has a boolean at "a[1]"`,
		`{"a":[[1]]}`:               `has an array at "a[0]"`,
		`{"a":[{"b":1}]}`:           `has an object at "a[0]"`,
		`{"a":9223372036854775808}`: `the number 9223372036854775808 at "a", which 64 bits cannot hold`,
		`{"a":1e999}`:               `the number 1e999 at "a", which a double cannot hold`,
	} {
		got, err := decodeOutputs([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %#v, %v; want %q", text, got, err, want)
		}
	}
}

// What is decoded holds only the types of params, and an exit record carries it unchanged.
func FuzzDecodeOutputs(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5]}`, `{"a":{"b":["x"]}}`, "{", `{"\u0000":"\ud800"}`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		outputs, err := decodeOutputs(data)
		if err != nil || outputs == nil {
			return
		}
		var sound func(v any) bool
		sound = func(v any) bool {
			switch x := v.(type) {
			case string, bool, int64, float64, []string, []bool, []int64, []float64:
				return true
			case map[string]any:
				for _, one := range x {
					if !sound(one) {
						return false
					}
				}
				return true
			}
			return false
		}
		if !sound(outputs) {
			t.Fatalf("outputs %#v", outputs)
		}
		text, err := json.Marshal(&exitRecord{Outputs: data})
		if err != nil {
			t.Fatal(err)
		}
		var record exitRecord
		if err := json.Unmarshal(text, &record); err != nil {
			t.Fatal(err)
		}
		if p := record.progress(); p.State != step.Done || !reflect.DeepEqual(p.Outputs, outputs) {
			t.Fatalf("%v %q: %#v, want %#v", p.State, p.Message, p.Outputs, outputs)
		}
	})
}

func TestLastLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"\n\n \r\n":                       "",
		"one":                             "one",
		"one\ntwo\n":                      "two",
		"one\r\n  two\t2  \r\n \n":        "two 2",
		"\xffbad\x00\x1b[31m\n":           "\uFFFDbad[31m",
		"a\u009bb \u202ec\n":              "ab c",
		"x\n" + strings.Repeat("é", 300):  strings.Repeat("é", 200) + "…",
		"x\n" + strings.Repeat("a€", 200): strings.Repeat("a€", 100) + "…",
	} {
		if got := lastLine([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAllowed(t *testing.T) {
	environ := []string{"PATH=/bin", "LC_ALL=C", "LC=1", "LANGUAGE=x", "LANG=de", "TOKEN=secret", "=C:=x", "HOME"}
	got := allowed(environ, DefaultEnv)
	if want := []string{"PATH=/bin", "LC_ALL=C", "LANG=de"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := allowed(environ, []string{}); got != nil {
		t.Errorf("an empty list allows %q", got)
	}
	got = environment([]string{"LANG=de"}, [][2]string{{"A", "1"}, {"LANG", "en"}}, [][2]string{{"A", "2"}})
	if want := []string{"LANG=en", "PATH=" + defaultPath, "A=2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
