// Package dsl reads the short YAML form of definitions and turns it into the request that the JSON form gives.
//
// Above it are api and workflow; httpd and the command line call Decode, validate checks what comes out. It is pure.
// The grammar is small: structural keys, which are listed in workflow.go and job.go, params by any other key
// (param.go), and transitions (transition.go).
//
// The one thing to know before changing it: scalars follow YAML 1.1 as the original reads it, where yes, no, on and off
// are booleans and dates are texts; the YAML library's own idea of types is not used (see scalar.go).
package dsl

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/wire"
	"go.yaml.in/yaml/v3"
)

// Limits of a document.
const (
	MaxSize  = 256 << 10
	MaxDepth = 64
	// MaxNodes bounds what aliases can multiply.
	MaxNodes = 200_000
)

// node is a value of the document. For a boolean, text is "true" or "false" and source what was written; else they are
// the same.
type node struct {
	kind      wire.Kind
	text      string
	source    string
	items     []*node
	fields    []entry
	line, col int32
}

// entry is one key of a mapping with its value.
type entry struct {
	name string
	key  *node // where the key stands
	*node
}

func (n *node) errorf(format string, args ...any) error {
	return wire.Errorf(&wire.Node{Line: n.line, Col: n.col}, format, args...)
}

// get returns the value of a key, or nil.
func (n *node) get(name string) *node {
	for i := range n.fields {
		if n.fields[i].name == name {
			return n.fields[i].node
		}
	}
	return nil
}

// str returns a scalar as it was written.
func (n *node) str() (string, error) {
	switch n.kind {
	case wire.String, wire.Number, wire.Bool:
		return n.source, nil
	}
	return "", n.errorf("want a text, not %s", n.kind)
}

// wire returns the value as the JSON readers of other packages take it.
func (n *node) wire() *wire.Node {
	out := &wire.Node{Kind: n.kind, Text: n.text, Line: n.line, Col: n.col}
	for _, item := range n.items {
		out.Items = append(out.Items, *item.wire())
	}
	for _, f := range n.fields {
		out.Fields = append(out.Fields, wire.Field{Name: f.name, Node: *f.wire()})
	}
	return out
}

// parse reads a document.
func parse(text []byte) (n *node, err error) {
	if len(text) > MaxSize {
		return nil, fault.New(fault.BadRequest, "the YAML document has %d bytes, which is over the limit of %d", len(text), MaxSize)
	}
	defer func() {
		// The library promises not to panic; one that is broken must not take the server along.
		if r := recover(); r != nil {
			n, err = nil, fault.New(fault.BadRequest, "YAML parse error: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fault.New(fault.BadRequest, "YAML parse error: the document is empty")
		}
		return nil, fault.New(fault.BadRequest, "YAML parse error: %w", err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, fault.New(fault.BadRequest, "YAML parse error: %w", err)
		}
		return nil, fault.New(fault.BadRequest, "YAML parse error: line %d: want one document, not several", more.Line)
	}
	c := converter{left: MaxNodes}
	if len(doc.Content) != 1 {
		return nil, fault.New(fault.BadRequest, "YAML parse error: the document is empty")
	}
	return c.convert(doc.Content[0], 0)
}

type converter struct{ left int }

func (c *converter) convert(y *yaml.Node, depth int) (*node, error) {
	n := &node{line: int32(y.Line), col: int32(y.Column)}
	if c.left--; c.left < 0 {
		return nil, n.errorf("the document has more than %d values, aliases counted as often as they are used", MaxNodes)
	}
	if depth > MaxDepth {
		return nil, n.errorf("the document is nested deeper than %d", MaxDepth)
	}
	switch y.Kind {
	case yaml.AliasNode:
		if y.Alias == nil {
			return nil, n.errorf("unknown alias %q", y.Value)
		}
		return c.convert(y.Alias, depth+1)
	case yaml.ScalarNode:
		return n, n.scalar(y)
	case yaml.SequenceNode:
		if y.Style&yaml.TaggedStyle != 0 && y.Tag != "!!seq" && y.Tag != "!!python/tuple" {
			return nil, n.errorf("unknown tag %s", y.Tag)
		}
		n.kind = wire.Array
		for _, item := range y.Content {
			v, err := c.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
		}
		return n, nil
	case yaml.MappingNode:
		if y.Style&yaml.TaggedStyle != 0 && y.Tag != "!!map" {
			return nil, n.errorf("unknown tag %s", y.Tag)
		}
		return n, c.mapping(n, y, depth)
	}
	return nil, fmt.Errorf("dsl: YAML node of kind %d", y.Kind)
}

// mapping reads the keys of a mapping; one that comes twice keeps its first place and takes the last value.
func (c *converter) mapping(n *node, y *yaml.Node, depth int) error {
	n.kind = wire.Object
	places := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, err := c.convert(y.Content[i], depth+1)
		if err != nil {
			return err
		}
		if key.kind == wire.Array || key.kind == wire.Object {
			return key.errorf("a key must be a text, not %s", key.kind)
		}
		if y.Content[i].Tag == "!!merge" {
			return key.errorf("merge keys (<<) are not supported")
		}
		value, err := c.convert(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		e := entry{key.source, key, value}
		if at, ok := places[e.name]; ok {
			n.fields[at] = e
			continue
		}
		places[e.name] = len(n.fields)
		n.fields = append(n.fields, e)
	}
	return nil
}
