package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// tablePath is the list of all mutants.
const tablePath = "sim/mutants/MUTANTS.md"

const tableHead = `# The deliberate bugs

The simulation is proved by these, not by the number of its green seeds: each must be found within 1,000 seeds. The sentence says what
is true of the product without the bug. The seed is the first that found it when the list was last written
(` + "`go run ./sim/mutants -write`" + `); it moves with every change of the product or of the simulation.

| bug | world | what it breaks | seed |
|---|---|---|---|
`

var firstSeed = regexp.MustCompile(`seed (\d+):`)

// writeTable writes the list anew. Mutants that were not run keep their seeds.
func writeTable(root string, found map[string]string) error {
	path := filepath.Join(root, tablePath)
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	seeds := seedsOf(string(old))
	for name, how := range found {
		delete(seeds, name)
		if s := firstSeed.FindStringSubmatch(how); s != nil {
			seeds[name] = s[1]
		}
	}
	var b strings.Builder
	b.WriteString(tableHead)
	for _, m := range all() {
		seed := seeds[m.name]
		if seed == "" {
			seed = "none"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.name, m.world, m.why, seed)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// seedsOf returns the seeds in a list by the names of their mutants.
func seedsOf(table string) map[string]string {
	seeds := map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) == 4 {
			seeds[strings.TrimPrefix(cells[0], "| ")] = strings.TrimSuffix(cells[3], " |")
		}
	}
	return seeds
}
