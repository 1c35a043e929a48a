package wire

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{` {"b":1,"a":[true,false,null,-0.5e+3,"x"]} `, `{"b":1,"a":[true,false,null,-0.5e+3,"x"]}`},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{`"\u00e9\n\"\\\/\ud83d\ude00"`, `"é\n\"\\/😀"`},
		{`"a\ud83dx"`, "\"a\uFFFDx\""},
		{`"a\u0000b"`, "\"a\uFFFDb\""},
		{"\"a\xffb\"", "\"a\uFFFDb\""},
		{`[]`, `[]`}, {`{}`, `{}`}, {`12345678901234567890`, `12345678901234567890`},
	} {
		n, err := Parse([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if got := string(n.Raw()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{``, "unexpected end of input, want a value (line 1, column 1)"},
		{`{"a": `, "a: unexpected end of input"},
		{"{\n \"a\": tru}", `a: unexpected character "t", want a value (line 2, column 7)`},
		{`{"a":[1,{"b":01}]}`, "a[1].b: a number cannot begin with 0"},
		{`[1 2]`, `unexpected character "2", want ',' or ']'`},
		{`{a:1}`, `want a field name in double quotes`},
		{`{"a" 1}`, `want ':' after field "a"`},
		{`1 2`, `after the end of the document`},
		{`"abc`, `unexpected end of input in a string`},
		{`"\q"`, `unknown escape \q`},
		{`"\u12"`, `four hexadecimal digits`},
		{"\"a\nb\"", `control character`},
		{`-`, `in a number`}, {`1.`, `in a number`}, {`1e`, `in a number`},
		{strings.Repeat("[", 1000), "nested deeper than 256"},
		{strings.Repeat(`{"a":`, 1000), "nested deeper than 256"},
		{strings.Repeat("1", 1001), "longer than 1000"},
	} {
		_, err := Parse([]byte(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: got %v, want %s", c.in, err, c.want)
		}
		var e *Error
		if !errors.As(err, &e) || e.Line == 0 || !fault.Is(err, fault.BadRequest) {
			t.Errorf("%.40s: %#v", c.in, err)
		}
	}
}

func TestAccessors(t *testing.T) {
	node := func(s string) *Node {
		n, err := Parse([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for in, want := range map[string]int64{`5`: 5, `"5"`: 5, `5.9`: 5, `-5.9`: -5, `1e3`: 1000} {
		if got, err := node(in).AsInt(); err != nil || got != want {
			t.Errorf("AsInt %s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{`"x"`, `true`, `1e30`, `9223372036854775808`, `{}`, `"1.5"`, `""`} {
		if got, err := node(in).AsInt(); err == nil {
			t.Errorf("AsInt %s: %d", in, got)
		}
	}
	for in, want := range map[string]bool{`true`: true, `"False"`: false, `1`: true, `0.0e5`: false, `-0`: false} {
		if got, err := node(in).AsBool(); err != nil || got != want {
			t.Errorf("AsBool %s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{`"x"`, `[]`, `""`} {
		if _, err := node(in).AsBool(); err == nil {
			t.Errorf("AsBool %s was accepted", in)
		}
	}
	for in, want := range map[string]string{`1.50`: "1.50", `true`: "true", `"x"`: "x"} {
		if got, err := node(in).AsText(); err != nil || got != want {
			t.Errorf("AsText %s: %q, %v", in, got, err)
		}
	}
}

func TestAppendFloat(t *testing.T) {
	for f, want := range map[float64]string{0: "0.0", 3: "3.0", -1.25: "-1.25", 1e15: "1E+15", 1e-5: "1E-05", 123456789012: "123456789012.0"} {
		if got := string(AppendFloat(nil, f)); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
	if got := string(AppendFloat(nil, math.NaN())); got != `"NaN"` {
		t.Error(got)
	}
}

func TestFields(t *testing.T) {
	yes, one := true, int64(1)
	b := []byte{'{'}
	b = OptStr(b, "none", "")
	b = Str(b, "s", "a\"\x01")
	b = OptInt(b, "none", 0)
	b = Int(b, "i", 0)
	b = IntPtr(IntPtr(b, "none", nil), "p", &one)
	b = OptBoolean(Boolean(b, "b", false), "none", false)
	b = BooleanPtr(BooleanPtr(b, "none", nil), "q", &yes)
	b = StrList(StrList(b, "none", nil), "l", []string{})
	b = List(b, "n", []Raw{"1", "[]"})
	b = append(b, '}')
	if want := `{"s":"a\"\u0001","i":0,"p":1,"b":false,"q":true,"l":[],"n":[1,[]]}`; string(b) != want {
		t.Errorf("got %s\nwant %s", b, want)
	}
}

// What this parser accepts, encoding/json accepts with the same meaning, and the other way round but for our limits.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5e3,"\ud83d\ude00",null,true],"b":{}}`))
	f.Add([]byte(`"\u0000\ud800"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := Parse(text)
		if err != nil {
			if json.Valid(text) && !strings.Contains(err.Error(), "nested deeper") && !strings.Contains(err.Error(), "longer than") {
				t.Fatalf("%q is valid JSON: %v", text, err)
			}
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is not valid JSON", text)
		}
		raw := []byte(n.Raw())
		again, err := Parse(raw)
		if err != nil || string(again.Raw()) != string(raw) {
			t.Fatalf("%s does not read back: %v", raw, err)
		}
		if strings.Contains(string(text), `\u0000`) {
			return
		}
		var want, got any
		if json.Unmarshal(text, &want) == nil {
			if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q became %s: %v", text, raw, err)
			}
		}
	})
}

// BenchmarkParse reads a document like those that a restart reads by the thousand.
func BenchmarkParse(b *testing.B) {
	text := []byte(`{"f":1,"u":"5c0f6f0e-7f1d-4a57-9d0e-0d4d5c8f1b11","v":1,"vr":77,"ct":1760000000100,"rt":1760000000090,"st":1760000000300,"et":1760000003000,"mt":1760000003050,"q":3,"ow":"amy","sn":1759999990000,"in":{"depth":0,"type":"MANUAL","user":"amy"},"tl":[{"t":1760000000100,"y":"LOG","l":"INFO","m":"Manually run a new workflow instance by a user [amy]"},{"t":1760000000300,"y":"STATUS","s":"IN_PROGRESS"}]}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// What Look lends is used again; what was cloned stays.
func TestWhatIsLookedAtIsOnlyLent(t *testing.T) {
	texts := []string{
		`{"a":[1,{"b":"x"},[]],"c":{"d":[true,null],"e":{}}}`,
		`{"z":[[9,9,9],{"y":"q","w":[7]}],"v":{"u":{"t":"s"}}}`,
		`[` + strings.Repeat(`{"k":[1,2,3]},`, 700) + `0]`,
	}
	var kept []Node
	for range 3 {
		for _, text := range texts {
			if err := Look([]byte(text), func(n *Node) error {
				if got := string(n.Raw()); got != text {
					t.Errorf("%.80s: looked like %.80s", text, got)
				}
				kept = append(kept, n.Clone())
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range kept {
		if want := texts[i%len(texts)]; string(kept[i].Raw()) != want {
			t.Errorf("clone %d of %.80s has become %.80s", i, want, kept[i].Raw())
		}
	}
	if err := Look([]byte(`{"a":`), func(*Node) error { t.Error("it was called for half a document"); return nil }); err == nil {
		t.Error("half a document was read")
	}
}
