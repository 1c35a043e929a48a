package sel

import (
	"container/list"
	"sync"
)

// Cache keeps compiled programs by their text, the most recently used ones, bounded in bytes. The zero Cache keeps
// nothing. It can be used by any number of goroutines at once.
type Cache struct {
	mu     sync.Mutex
	most   int64
	bytes  int64
	byText map[string]*list.Element
	recent *list.List // of *Program, the last used one in front
}

// NewCache returns a cache that keeps programs of about the given number of bytes in memory.
func NewCache(bytes int64) *Cache {
	return &Cache{most: bytes, byText: make(map[string]*list.Element), recent: list.New()}
}

// size estimates the memory of a program: its closures are some forty times its text.
func (p *Program) size() int64 { return 1024 + 40*int64(len(p.text)) }

// Compile returns the program of a text, from the cache if it is there. Texts that do not compile are not kept.
func (c *Cache) Compile(text string) (*Program, error) {
	c.mu.Lock()
	if e, ok := c.byText[text]; ok {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*Program), nil
	}
	c.mu.Unlock()
	p, err := Compile(text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byText[text]; ok || text != p.text || p.size() > c.most {
		return p, nil
	}
	c.byText[text] = c.recent.PushFront(p)
	for c.bytes += p.size(); c.bytes > c.most; {
		oldest := c.recent.Remove(c.recent.Back()).(*Program)
		delete(c.byText, oldest.text)
		c.bytes -= oldest.size()
	}
	return p, nil
}

// Size returns the number of programs kept and their bytes, as estimated.
func (c *Cache) Size() (programs int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.byText), c.bytes
}
