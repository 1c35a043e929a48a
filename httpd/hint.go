package httpd

import (
	"strings"
	"sync"
)

// hints remember where things were found last, so that a request need not look for them again. They may be stale: a
// start is checked by the engine against the version that the alias names now, and refused only for what the store says
// of it; a read that finds nothing under a remembered row looks for the workflow anew.
type hints struct {
	mu        sync.RWMutex
	workflows map[string]place
	aliases   map[aliasOf]int64 // version rows
	runs      map[runOf]int64   // rows of first runs that were started lately
}

// place is where a workflow was found.
type place struct{ row, internal int64 }

type aliasOf struct{ workflow, alias string }

type runOf struct {
	workflow string
	instance int64
}

// hintsMost bounds each kind of hint.
const hintsMost = 16 << 10

func (h *hints) init() {
	h.workflows, h.aliases, h.runs = map[string]place{}, map[aliasOf]int64{}, map[runOf]int64{}
}

func (h *hints) workflow(id string) (place, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p, ok := h.workflows[id]
	return p, ok
}

func (h *hints) setWorkflow(id string, p place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.workflows) >= hintsMost {
		clear(h.workflows)
	}
	h.workflows[strings.Clone(id)] = p
}

// alias returns the row of the version that an alias named last; 0 = not known.
func (h *hints) alias(id, alias string) int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.aliases[aliasOf{id, alias}]
}

// setAlias remembers it; row 0 = forget it.
func (h *hints) setAlias(id, alias string, row int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if row == 0 {
		delete(h.aliases, aliasOf{id, alias})
		return
	}
	if len(h.aliases) >= hintsMost {
		clear(h.aliases)
	}
	h.aliases[aliasOf{strings.Clone(id), strings.Clone(alias)}] = row
}

// run returns the row of the first run of an instance; 0 = not known.
func (h *hints) run(id string, instance int64) int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.runs[runOf{id, instance}]
}

// setRun remembers it. The workflow id is kept.
func (h *hints) setRun(id string, instance, row int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.runs) >= hintsMost {
		clear(h.runs)
	}
	h.runs[runOf{id, instance}] = row
}
