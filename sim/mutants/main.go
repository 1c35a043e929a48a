// Command mutants proves the simulation: it puts one deliberate bug after the other into flow, engine and store, by an
// overlay of the compiler, and runs the seeds until one of them fails. A bug that no seed finds is an error, and so is one
// whose text is not found exactly once.
//
//	go run ./sim/mutants [-seeds 1000] [-world ledger] [-fixed] [-every] [-write] [-list] [name …]
//
// With -fixed it takes only some of them, which are found soon; that is what CI runs with every change. With -every it runs
// all the seeds and says how many of them find the bug: few, and the simulation asks a question too seldom. With -write it
// notes what it has found in MUTANTS.md, which lists all of them.
//
// Above it is sim; nothing is below it. The one thing to know before changing it: production code holds no switch for
// any of this; what is changed is text, so a mutant has to follow the code that it breaks, and a test says when one does not.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mutant is one deliberate bug.
type mutant struct {
	name  string
	world string // whose seeds find it
	file  string // relative to the root of the module
	old   string // found exactly once in the file
	text  string // put in its place
	why   string // what the line is for
}

func all() []mutant { return slices.Concat(flowMutants, engineMutants) }

// fixedPart is what -fixed runs: at least one mutant for each kind of promise, of those that the first seeds find.
var fixedPart = []string{
	"skip-seal", "partial-seal", "deliver-void", "drop-message-row", "no-dedup", "release-early", "keep-active",
	"unknown-is-landed", "replace-loop", "remove-fence", "one-too-many", "orders-forgotten",
}

// options say what is run.
type options struct {
	root  string // of the module
	seeds int
	world string // only the mutants for this world; "" = all
	every bool
	write bool
	list  bool
	names []string // only these; none = all
}

func main() {
	var o options
	flag.IntVar(&o.seeds, "seeds", 1000, "seeds to try for each mutant")
	flag.StringVar(&o.world, "world", "", "only the mutants for this world")
	flag.BoolVar(&o.every, "every", false, "run every seed, and say how many find the mutant")
	flag.BoolVar(&o.write, "write", false, "note in MUTANTS.md what has been found")
	flag.BoolVar(&o.list, "list", false, "list the mutants")
	fixed := flag.Bool("fixed", false, "only a fixed part of the mutants")
	flag.Parse()
	o.names = flag.Args()
	if *fixed {
		o.names = append(o.names, fixedPart...)
	}
	var err error
	if o.root, err = moduleRoot(); err == nil {
		err = o.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

func (o *options) run() error {
	for _, name := range o.names {
		if !slices.ContainsFunc(all(), func(m mutant) bool { return m.name == name }) {
			return fmt.Errorf("no mutant is called %q; -list shows them", name)
		}
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	found := map[string]string{}
	var bad []error
	for _, m := range all() {
		if len(o.names) > 0 && !slices.Contains(o.names, m.name) || o.world != "" && m.world != o.world {
			continue
		}
		if o.list {
			fmt.Printf("%-28s %-8s %s\n", m.name, m.world, m.why)
			continue
		}
		began := time.Now()
		how, err := m.try(o, dir)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", m.name, err))
			how = "SURVIVES: " + err.Error()
		}
		found[m.name] = how
		fmt.Printf("%-28s %5.1fs  %s\n", m.name, time.Since(began).Seconds(), how)
	}
	if o.write {
		bad = append(bad, writeTable(o.root, found))
	}
	return errors.Join(bad...)
}

// caught is how TestSeeds reports a seed that fails.
var caught = regexp.MustCompile(`seed \d+: .*`)

// try builds the tests of sim with the mutant in them and runs the seeds. It returns what the first one that fails says.
func (m *mutant) try(o *options, dir string) (string, error) {
	overlay, err := m.overlay(o.root, dir)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "sim.test")
	build := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-o", binary, "-overlay", overlay, "./sim")
	build.Dir = o.root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not build: %w\n%s", err, out)
	}
	test := exec.Command(binary, "-test.run", "TestSeeds/"+m.world, fmt.Sprintf("-seeds=%d", o.seeds), "-once",
		fmt.Sprintf("-all=%v", o.every), "-test.timeout=1h")
	test.Dir = filepath.Join(o.root, "sim")
	out, err := test.CombinedOutput()
	if err == nil {
		return "", fmt.Errorf("%d seeds have not found it", o.seeds)
	}
	found := caught.FindAll(out, -1)
	if len(found) == 0 {
		return "", fmt.Errorf("the test fails without a seed: %w\n%.2000s", err, out)
	}
	const most = 150
	how := string(found[0][:min(most, len(found[0]))])
	if o.every {
		how = fmt.Sprintf("%d of %d seeds; %s", len(found), o.seeds, how)
	}
	return how, nil
}

// overlay writes the changed file, and the file that has the compiler use it.
func (m *mutant) overlay(root, dir string) (string, error) {
	path := filepath.Join(root, m.file)
	src, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(src), m.old); n != 1 {
		return "", fmt.Errorf("its text is in %s %d times, not once: %q", m.file, n, m.old)
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(src), m.old, m.text, 1)), 0o600); err != nil {
		return "", err
	}
	doc, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, doc, 0o600)
}
