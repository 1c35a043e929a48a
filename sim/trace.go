package sim

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io"
)

// trace is everything that has happened in a run, line by line; its hash is kept.
type trace struct {
	hash hash.Hash64
	out  io.Writer
	buf  []byte
}

func newTrace(out io.Writer) *trace { return &trace{hash: fnv.New64a(), out: out} }

func (t *trace) line(format string, args ...any) {
	t.buf = append(fmt.Appendf(t.buf[:0], format, args...), '\n')
	_, _ = t.hash.Write(t.buf) // never fails
	if t.out != nil {
		_, _ = t.out.Write(t.buf) // a trace that cannot be shown does not change the run
	}
}

// aside writes a line that need not be the same with every store.
func (t *trace) aside(format string, args ...any) {
	if t.out != nil {
		_, _ = fmt.Fprintf(t.out, format+"\n", args...)
	}
}

func (t *trace) sum() uint64 { return t.hash.Sum64() }
