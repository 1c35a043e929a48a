package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// The size of a terminal that does not tell it.
const (
	usualColumns = 80
	usualRows    = 24
)

// isTerminal reports whether w is a terminal on which something can be drawn again.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
}
