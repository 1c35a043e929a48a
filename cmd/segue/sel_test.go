package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-run/segue/fault"
)

// runSel runs "segue sel" with the given arguments.
func runSel(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := selCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestSelEvalPrintsValueAndType(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"n + 1", "-p", "n=41"}, "42 (LONG)\n"},
		{[]string{"s + 1", "-p", "s=x"}, "x1 (STRING)\n"},
		{[]string{"s + 1", "-p", `s="41"`}, "411 (STRING)\n"},
		{[]string{"ids[1] * 2.5", "-p", "ids=[1, 2]"}, "5.0 (DOUBLE)\n"},
		{[]string{"m.get('k')", "-p", `m={"k": true}`}, "true (BOOLEAN)\n"},
		{[]string{"System.currentTimeMillis()", "--now", "7"}, "7 (LONG)\n"},
		{[]string{"new String[]{'a', 'b'};"}, `["a","b"] (STRING_ARRAY)` + "\n"},
		{[]string{"missing"}, "null (NULL)\n"},
	} {
		got, err := runSel(t, "", append([]string{"eval"}, c.args...)...)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.args, got, err, c.want)
		}
	}
	if got, err := runSel(t, "", "eval", "-p", "n=41", "--", "-n + 1"); err != nil || got != "-40 (LONG)\n" {
		t.Errorf("after --: %q, %v", got, err)
	}
	for want, args := range map[string][]string{
		"unknown shorthand flag: '1' in -1; an expression that begins with a minus stands after two of them": {"eval", "-1"},
		"sel eval wants one expression, not 2: put quotes around it":                                         {"eval", "1", "+"},
		"sel eval wants one expression, not 0":                                                               {"eval"},
	} {
		if _, err := runSel(t, "", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", args, err, want)
		}
	}
	if got, err := runSel(t, "1 + 1", "eval", "-"); err != nil || got != "2 (LONG)\n" {
		t.Errorf("from standard input: %q, %v", got, err)
	}
}

func TestSelEvalShowsWhereTheMistakeIs(t *testing.T) {
	_, err := runSel(t, "", "eval", "1 +\n 'a'.size()")
	if !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), "2:6: unsupported: STRING has no method size") ||
		!strings.HasSuffix(err.Error(), "\n   'a'.size();\n       ^") {
		t.Errorf("got %v", err)
	}
	if _, err = runSel(t, "", "eval", "throw 'no ' + 1"); err == nil || err.Error() != "the expression throws: no 1" {
		t.Errorf("got %v", err)
	}
	if _, err = runSel(t, "", "eval", "1", "-p", "n"); err == nil || !strings.Contains(err.Error(), "want name=value") {
		t.Errorf("got %v", err)
	}
}

func TestSelTestNamesFailures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	cases := `{"name": "good", "expr": "1+1;", "want": 2, "want_type": "LONG"}
{"name": "bad", "expr": "1+1;", "want": 3, "want_type": "LONG"}
{"name": "error", "expr": "1/0;", "want_error": "arith"}
{"name": "text", "value": "a $x", "params": {"x": 1.5}, "want": "a 1.5", "refs": ["x"]}
`
	if err := os.WriteFile(file, []byte(cases), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := runSel(t, "", "test", file)
	want := "FAIL bad: 1+1;\n  want 3 of type LONG\n  got  2 of type LONG\n3 passed, 1 failed\n"
	if got != want || err == nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err = runSel(t, "", "test", "--json", file); !strings.HasPrefix(got, `{"name":"bad"`) || err == nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err = runSel(t, "", "test", file+".none"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(file, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = runSel(t, "", "test", file); !fault.Is(err, fault.BadRequest) {
		t.Errorf("a case without a name: %v", err)
	}
}

// TestSelSessionInTheDocs runs the commands that docs/language.md shows.
func TestSelSessionInTheDocs(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "language.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, session, _ := strings.Cut(string(page), "```console\n")
	session, _, _ = strings.Cut(session, "```")
	commands := strings.Split(session, "$ segue sel ")[1:]
	if len(commands) < 2 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, c := range commands {
		line, want, _ := strings.Cut(c, "\n")
		quote := "'"
		if strings.HasSuffix(line, `"`) {
			quote = `"`
		}
		words, quoted, _ := strings.Cut(strings.TrimSuffix(line, quote), quote)
		got, err := runSel(t, "", append(strings.Fields(words), quoted)...)
		if err != nil {
			got += "segue: " + err.Error() + "\n"
		}
		if got != want {
			t.Errorf("$ segue sel %s\n got  %q\n want %q", line, got, want)
		}
	}
}
