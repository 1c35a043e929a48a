package flow

import "fmt"

// CheckHurried compares what the node has counted of groups that have something to launch with the groups.
func (n *Node) CheckHurried() error {
	var loops, bytes int64
	for g := range n.loops {
		if l := n.loops[g].Load(); l != nil && l.hurried.Load() {
			loops++
			bytes += l.dirty
		}
	}
	if got := n.hurried.loops.Load(); got != loops {
		return fmt.Errorf("%d groups are counted that have something to launch; there are %d", got, loops)
	}
	if got := n.hurried.bytes.Load(); got != bytes {
		return fmt.Errorf("%d bytes are counted of groups that have something to launch; there are %d", got, bytes)
	}
	return nil
}
