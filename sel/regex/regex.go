// Package regex runs regular expressions of Java's syntax in linear time, under a budget: a pattern becomes a program
// of package regexp/syntax, which is Go's RE2, and a simulation of all its threads at once walks the text, paying as
// it goes. What cannot be done in linear time (look-around, back-references, possessive and atomic groups) is a clear
// error. Package sel, below it, uses it for split and replaceAll.
//
// The one thing to know before changing it: Match must pay for every character it looks at, for every instruction
// that it tries there; that is what lets an expression be stopped in the middle of a match.
package regex

import (
	"fmt"
	"regexp/syntax"
	"sync"
)

// Regex is a compiled pattern. It never changes.
type Regex struct {
	prog     *syntax.Prog
	names    []string // of the groups; "" for those without
	prefix   string   // what every match begins with
	literal  bool     // the prefix is the whole pattern
	lineEnds bool     // $ also matches before a line end
}

// What a pattern may cost. Compiling one cannot be stopped, so that it must end within a millisecond by itself.
const (
	mostPattern    = 2_000  // bytes
	mostProperties = 10     // \p{…}, which are hundreds of ranges each
	mostGroups     = 100    // each thread of a match has offsets for all of them
	mostProgram    = 20_000 // instructions
)

// Compile translates a pattern of java.util.regex.
func Compile(pattern string) (*Regex, error) {
	if len(pattern) > mostPattern {
		return nil, fmt.Errorf("the pattern has %d bytes; it may have %d", len(pattern), mostPattern)
	}
	text, lineEnds, err := translate(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w, in the pattern %.60q", err, pattern)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		if e, ok := err.(*syntax.Error); ok {
			return nil, fmt.Errorf("%s, in the pattern %.60q", e.Code, pattern)
		}
		return nil, err
	}
	if size(tree) > mostProgram {
		return nil, fmt.Errorf("the pattern %.60q repeats too much", pattern)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	re := &Regex{prog: prog, names: tree.CapNames(), lineEnds: lineEnds}
	for i, name := range re.names {
		if first, _ := re.Group(name); name != "" && first != i {
			return nil, fmt.Errorf("two groups have the name %s, in the pattern %.60q", name, pattern)
		}
	}
	re.prefix, re.literal = prog.Prefix()
	re.literal = re.literal && prog.NumCap == 2
	return re, nil
}

// size estimates the instructions that a tree compiles to, with its repetitions written out.
func size(re *syntax.Regexp) int {
	n := 2 + len(re.Rune)/16
	if re.Op == syntax.OpLiteral {
		n += len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += size(sub)
	}
	if re.Op == syntax.OpRepeat {
		times := re.Max
		if times < 0 {
			times = re.Min + 1
		}
		n *= max(times, 1)
	}
	return min(n, 1<<30)
}

// Literal returns the only text that re matches, if there is just one and it is not empty.
func (re *Regex) Literal() (string, bool) { return re.prefix, re.literal && re.prefix != "" }

// Groups returns the number of groups, without the whole match.
func (re *Regex) Groups() int { return re.prog.NumCap/2 - 1 }

// Group returns the number of the group of a name.
func (re *Regex) Group(name string) (int, bool) {
	for i, n := range re.names {
		if n == name && i > 0 {
			return i, true
		}
	}
	return 0, false
}

// mostCached is how many patterns Cached keeps.
const mostCached = 128

var (
	cacheMu sync.Mutex
	cache   = make(map[string]*Regex)
)

// Cached is Compile, for patterns that are used again.
func Cached(pattern string) (*Regex, error) {
	cacheMu.Lock()
	re := cache[pattern]
	cacheMu.Unlock()
	if re != nil {
		return re, nil
	}
	re, err := Compile(pattern)
	if err != nil || len(re.prog.Inst) > 500 {
		return re, err
	}
	cacheMu.Lock()
	defer cacheMu.Unlock()
	if len(cache) >= mostCached {
		clear(cache)
	}
	cache[pattern] = re
	return re, nil
}
