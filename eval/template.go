package eval

import (
	"sync"

	"github.com/segue-run/segue/sel"
)

// Templates keeps literals that have been taken apart, by their text, bounded in bytes. A nil *Templates keeps nothing. It
// can be used by any number of goroutines at once.
type Templates struct {
	mu    sync.RWMutex
	most  int
	bytes int
	texts map[string]*sel.Template
}

// NewTemplates returns a cache for templates of about the given number of bytes in memory.
func NewTemplates(bytes int) *Templates {
	return &Templates{most: bytes, texts: make(map[string]*sel.Template)}
}

// get returns the template of a text.
func (c *Templates) get(text string) *sel.Template {
	if c == nil {
		return sel.CompileTemplate(text)
	}
	c.mu.RLock()
	t := c.texts[text]
	c.mu.RUnlock()
	if t != nil {
		return t
	}
	t = sel.CompileTemplate(text)
	size := 256 + 4*len(text)
	if size > c.most/16 {
		return t // one long text must not cost all the others
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts[text] != nil {
		return t
	}
	if c.bytes += size; c.bytes > c.most {
		clear(c.texts) // rare; what is in use comes back at its next use
		c.bytes = size
	}
	c.texts[text] = t
	return t
}
