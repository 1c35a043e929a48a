package sel

import (
	"os"
	"strings"
	"testing"
)

// docsParams are the parameters that the examples of the pages have.
var docsParams = map[string]any{
	"date": int64(20260131), "name": "Daily run", "ids": []int64{3, 4, 5},
	"range": OrderedMap{{"low", int64(1)}, {"high", int64(9)}},
}

// TestExamplesInTheDocs runs each example of the language's pages: a paragraph in a block of Java that ends with an arrow
// and what comes out, and the lines of templates.
func TestExamplesInTheDocs(t *testing.T) {
	for _, c := range []struct {
		page                string
		programs, templates int // at least
	}{{"language.md", 40, 4}, {"language-dates.md", 25, 0}} {
		page, err := os.ReadFile("../docs/" + c.page)
		if err != nil {
			t.Fatal(err)
		}
		programs, templates := 0, 0
		for i, block := range strings.Split(string(page), "```") {
			if i%2 == 0 {
				continue
			}
			switch kind, body, _ := strings.Cut(block, "\n"); kind {
			case "java":
				for _, example := range strings.Split(body, "\n\n") {
					runExample(t, example)
					programs++
				}
			case "text":
				for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
					runTemplate(t, line)
					templates++
				}
			}
		}
		if programs < c.programs || templates < c.templates {
			t.Errorf("%s has only %d programs and %d templates", c.page, programs, templates)
		}
	}
}

// runExample runs a program that ends with an arrow and what comes out.
func runExample(t *testing.T, example string) {
	text, want, ok := strings.Cut(example, "// → ")
	if !ok {
		t.Errorf("no arrow in %q", example)
		return
	}
	got := evaluate(t, text, docsParams)
	if !strings.Contains(got, "(") {
		got = "error " + got
	}
	if want = strings.TrimSpace(want); got != want {
		t.Errorf("%s\n got  %s\n want %s", text, got, want)
	}
}

// runTemplate expands a template, which stands before an arrow.
func runTemplate(t *testing.T, line string) {
	text, want, _ := strings.Cut(line, "→")
	got, err := CompileTemplate(strings.TrimSpace(text)).Expand(func(name string) (string, error) {
		v, err := FromGo(docsParams[name])
		return TextOf(v), err
	})
	if err != nil || got != strings.TrimSpace(want) {
		t.Errorf("%s: got %q, %v", text, got, err)
	}
}

// TestDocsNameEveryMethod finds methods and classes that the pages do not mention.
func TestDocsNameEveryMethod(t *testing.T) {
	var pages string
	for _, name := range []string{"language.md", "language-dates.md"} {
		page, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		pages += string(page)
	}
	for _, class := range library() {
		for _, name := range append(class.Names, class.Bound...) {
			if !strings.Contains(pages, name) {
				t.Errorf("the class %s is not in the docs", name)
			}
		}
		for _, m := range class.Methods {
			if !strings.Contains(strings.ToLower(pages), strings.ToLower(m.Name)) && !strings.HasPrefix(m.Name, "minus") {
				t.Errorf("%s.%s is not in the docs", class.Type, m.Name)
			}
		}
	}
	for _, code := range []Code{
		CodeLex, CodeParse, CodeEscape, CodeNumber, CodeType, CodeArgument, CodeCall, CodeUnsupported, CodeCast, CodeIndex,
		CodeNegativeSize, CodeArith, CodeNull, CodeFormat, CodeDateField, CodeDateGap, CodeInternal, CodeExtension, CodeCancelled,
		CodeLimitVisit, CodeLimitLoop, CodeLimitArray, CodeLimitString, CodeLimitMemory, CodeLimitLength, CodeLimitDepth,
		CodeLimitDeadline,
	} {
		if !strings.Contains(pages, "`"+string(code)+"`") {
			t.Errorf("the class of errors %s is not in the docs", code)
		}
	}
}
