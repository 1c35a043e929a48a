// Package archtest holds the code to the table of packages in ARCHITECTURE.md.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/segue-run/segue"
	root   = "../.."
)

// place is where a package stands in the table.
type place struct{ layer, order int }

func table(t *testing.T) (places map[string]place, layers []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- archtest:begin -->")
	body, _, ok2 := strings.Cut(rest, "<!-- archtest:end -->")
	if !ok || !ok2 {
		t.Fatal("ARCHITECTURE.md has no table between archtest:begin and archtest:end")
	}
	places = map[string]place{}
	for _, line := range strings.Split(body, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.Contains(line, "---") || strings.TrimSpace(cells[1]) == "layer" {
			continue
		}
		layers = append(layers, strings.TrimSpace(cells[1]))
		for i, name := range strings.Fields(cells[2]) {
			if _, twice := places[name]; twice {
				t.Errorf("package %s stands twice in the table", name)
			}
			places[name] = place{len(layers) - 1, i}
		}
	}
	return places, layers
}

// pkg is a package of the module with what its files import (tests apart).
type pkg struct {
	path    string
	imports map[string]string // import path to the file that has it
	tests   map[string]string
	doc     bool
}

func packages(t *testing.T) []*pkg {
	t.Helper()
	found := map[string]*pkg{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		if text, err := os.ReadFile(path); err != nil || strings.HasPrefix(string(text), "//go:build ignore\n") {
			return err // a program of its own, for go generate
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		p := found[rel]
		if p == nil {
			p = &pkg{path: rel, imports: map[string]string{}, tests: map[string]string{}}
			found[rel] = p
		}
		p.doc = p.doc || file.Doc != nil
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasSuffix(name, "_test.go") {
				p.tests[imported] = path
			} else {
				p.imports[imported] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []*pkg
	for _, p := range found {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return list
}

func TestImportsPointUpwards(t *testing.T) {
	places, layers := table(t)
	for _, p := range packages(t) {
		from, ok := places[p.path]
		if !ok {
			t.Errorf("package %s is not in the table of ARCHITECTURE.md", p.path)
			continue
		}
		for imported, file := range p.imports {
			name, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			to, ok := places[name]
			if !ok || to.layer < from.layer || to.layer == from.layer && to.order < from.order {
				continue
			}
			t.Errorf("%s: %s (%s) may not import %s (%s)", file, p.path, layers[from.layer], name, layers[to.layer])
		}
	}
}

func TestWordsImportOnlyTheStandardLibrary(t *testing.T) {
	places, layers := table(t)
	for _, p := range packages(t) {
		if at, ok := places[p.path]; !ok || layers[at.layer] != "words" {
			continue
		}
		for imported, file := range p.imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") && !strings.HasPrefix(imported, module+"/") {
				t.Errorf("%s: package %s is words and may not import %s", file, p.path, imported)
			}
		}
	}
}

// impure are the packages of the standard library that a pure package has no use for. time is allowed for its types; its
// clock is not, which TestPurePackagesReadNoClock checks. math/rand/v2 is allowed for its seeded generators.
var impure = []string{"os", "net", "net/http", "io/fs", "math/rand", "crypto/rand", "os/exec", "log", "log/slog", "syscall"}

func pure(p string, layer string) bool {
	return layer == "words" || layer == "rules" || layer == "language" && p != "sel/seltest" || p == "engine"
}

func TestPurePackagesDoNothing(t *testing.T) {
	places, layers := table(t)
	for _, p := range packages(t) {
		at, ok := places[p.path]
		if !ok || !pure(p.path, layers[at.layer]) {
			continue
		}
		for imported, file := range p.imports {
			if slices.Contains(impure, imported) {
				t.Errorf("%s: package %s is pure and may not import %s", file, p.path, imported)
			}
		}
	}
}

func TestPurePackagesReadNoClock(t *testing.T) {
	places, layers := table(t)
	for _, p := range packages(t) {
		at, ok := places[p.path]
		if !ok || !pure(p.path, layers[at.layer]) {
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, p.path, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(string(text), "//go:build ignore\n") {
				continue
			}
			for _, call := range []string{"time.Now(", "time.Since(", "time.Sleep(", "time.After(", "time.NewTimer(", "\tgo func", "\tgo "} {
				if strings.Contains(string(text), call) {
					t.Errorf("%s: package %s is pure and may not say %q", file, p.path, strings.TrimSpace(call))
				}
			}
		}
	}
}

func TestEveryPackageExplainsItself(t *testing.T) {
	for _, p := range packages(t) {
		if !p.doc {
			t.Errorf("package %s has no package comment", p.path)
		}
	}
}

func TestOnlyServerNamesAStoreOrARuntime(t *testing.T) {
	concrete := []string{module + "/store/sqlite", module + "/store/postgres", module + "/step/command"}
	allowed := []string{"server", "cmd/segue", "bench", "sim", "internal/torture"}
	for _, p := range packages(t) {
		if slices.Contains(allowed, p.path) || strings.HasPrefix(p.path, "store/") || strings.HasPrefix(p.path, "step/") {
			continue
		}
		for _, c := range concrete {
			if file, ok := p.imports[c]; ok {
				t.Errorf("%s: package %s may not import %s", file, p.path, c)
			}
		}
	}
}
