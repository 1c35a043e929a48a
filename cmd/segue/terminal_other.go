//go:build !unix

package main

import "io"

// terminalSize returns how many characters and lines a terminal has.
func terminalSize(io.Writer) (columns, rows int) { return usualColumns, usualRows }
