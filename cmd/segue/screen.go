package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// screen draws a picture again and again at the same place of a terminal.
type screen struct {
	out     io.Writer
	colored bool
	size    func() (columns, rows int)
	drawn   int  // lines that the next drawing replaces
	hidden  bool // the cursor is
}

// row is one line of a picture.
type row struct {
	mark  string
	color color // of the mark; a dim one makes the whole line dim
	text  string
	keep  int // from 0; rows with a lower number are left out first if the terminal is too low
}

func newScreen(out io.Writer) *screen {
	return &screen{out: out, colored: os.Getenv("NO_COLOR") == "", size: func() (int, int) { return terminalSize(out) }}
}

// begin hides the cursor, and end shows it again.
func (s *screen) begin() {
	s.hidden = true
	io.WriteString(s.out, "\x1b[?25l")
}

func (s *screen) end() {
	if s.hidden {
		s.hidden = false
		io.WriteString(s.out, "\x1b[?25h")
	}
}

// erase removes what the terminal has put below the picture, such as the ^C of an interrupt.
func (s *screen) erase() { io.WriteString(s.out, "\r\x1b[J") }

// draw replaces the picture. The first row is its title, which always stays.
func (s *screen) draw(rows []row) {
	columns, height := s.size()
	if most := height - 1; most > 2 && len(rows) > most {
		kept := fit(rows[1:], most-2)
		left := row{color: dim, text: fmt.Sprintf("  … %d more", len(rows)-1-len(kept))}
		rows = append(append([]row{rows[0]}, kept...), left)
	}
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, r := range rows {
		b.WriteString("\r\x1b[2K")
		b.WriteString(s.line(r, columns))
		b.WriteByte('\n')
	}
	b.WriteString("\x1b[J")
	s.drawn = len(rows)
	io.WriteString(s.out, b.String())
}

func (s *screen) line(r row, columns int) string {
	text := cut(r.text, columns-len([]rune(r.mark))-1)
	switch {
	case !s.colored:
		return r.mark + text
	case r.color == dim || r.color == bold:
		return r.color.paint(r.mark + text)
	}
	return r.color.paint(r.mark) + text
}

// fit chooses as many rows as there is place for, and returns them in their order. Of rows that matter equally the later
// ones stay, but of those that matter least the first.
func fit(rows []row, most int) []row {
	drop := len(rows) - most
	out := make([]bool, len(rows))
	for level := 0; drop > 0; level++ {
		for k := range rows {
			i := k
			if level == 0 {
				i = len(rows) - 1 - k
			}
			if drop > 0 && rows[i].keep == level {
				out[i] = true
				drop--
			}
		}
	}
	kept := make([]row, 0, most)
	for i, r := range rows {
		if !out[i] {
			kept = append(kept, r)
		}
	}
	return kept
}
