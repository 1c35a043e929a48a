package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Whoever changes a line that a mutant breaks has to change the mutant, too.
func TestMutantsApply(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range all() {
		if seen[m.name] {
			t.Errorf("two mutants are called %s", m.name)
		}
		seen[m.name] = true
		if _, err := m.overlay(root, t.TempDir()); err != nil {
			t.Errorf("mutant %s: %v", m.name, err)
		}
	}
	for _, name := range fixedPart {
		if !seen[name] {
			t.Errorf("the fixed part has %s, and no mutant is called so", name)
		}
	}
}

func TestListIsComplete(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(root, tablePath))
	if err != nil {
		t.Fatal(err)
	}
	listed := seedsOf(string(table))
	for _, m := range all() {
		if listed[m.name] == "" {
			t.Errorf("%s does not list %s; go run ./sim/mutants -write %s", tablePath, m.name, m.name)
		}
	}
}
