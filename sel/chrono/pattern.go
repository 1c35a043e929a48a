package chrono

import (
	"strings"
	"sync"
	"unsafe"
)

// Limits of patterns. The text of an expression is shorter than maxPattern, so only patterns put together at run
// time meet it; nobody meets maxRun by accident.
const (
	maxPattern = 10_000 // bytes
	maxRun     = 1_000  // repetitions of one letter
)

// piece is one part of a pattern.
type piece struct {
	kind     pieceKind
	field    Field
	adjacent bool   // two-digit years: whether another number follows at once
	min, max uint16 // digits printed at least, and read at most; neither exceeds maxRun
	literal  string // of literals
}

type pieceKind uint8

const (
	literalPiece   pieceKind = iota
	numberPiece              // digits
	signedPiece              // digits that may have a sign: years
	twoDigitPiece            // a year by its last two digits
	textPiece                // a name in full
	shortTextPiece           // a name in three letters
	fractionPiece            // of the second
	offsetPiece              // +0000
	colonOffsetPiece
	zoneIDPiece
	zoneNamePiece
	longZoneNamePiece
)

// Pattern prints and reads dates in a form given by letters, such as yyyy-MM-dd'T'HH:mm:ss.SSSZZ. Patterns are
// immutable.
type Pattern struct {
	source   string
	pieces   []piece
	readable bool // false for the long names of zones, which have too many meanings
	years    bool // whether it has a two-digit year
}

// Size returns about how many bytes the pattern takes, the text that it was compiled from not counted.
func (p *Pattern) Size() int {
	return int(unsafe.Sizeof(*p)) + cap(p.pieces)*int(unsafe.Sizeof(piece{}))
}

// String returns the text that the pattern was compiled from.
func (p *Pattern) String() string { return p.source }

// Prints returns an error, Unsupported, if the pattern has nothing in it to print: a lone quote has not.
func (p *Pattern) Prints() error {
	if len(p.pieces) == 0 {
		return problem(Unsupported, "the date pattern %s has nothing in it: a quote is written ''", excerpt(p.source))
	}
	return nil
}

// isoPattern is the form in which dates print themselves. Unlike ZZ it shows the seconds of an offset and Z for zero,
// which Append knows.
var isoPattern = &Pattern{source: "ISO 8601"}

// Compile returns the pattern of a text. The letters are
//
//	G era            C century        Y year of era    y year           x week-based year
//	w week           e day of week    E its name       D day of year    M month, or its name
//	d day of month   a AM or PM       K hour 0-11      h hour 1-12      H hour 0-23
//	k hour 1-24      m minute         s second         S fraction       z name of the zone
//	Z offset or id   '' a quote       '...' text
//
// and everything that is not a letter stands for itself. It fails with Malformed for an empty or overlong pattern
// and for any other letter. Recently used patterns are kept compiled.
func Compile(source string) (*Pattern, error) {
	if p := recent.get(source); p != nil {
		return p, nil
	}
	p, err := compile(source)
	if err != nil {
		return nil, err
	}
	recent.put(source, p)
	return p, nil
}

func compile(source string) (*Pattern, error) {
	if source == "" {
		return nil, problem(Malformed, "the date pattern is empty")
	}
	if len(source) > maxPattern {
		return nil, problem(Malformed, "the date pattern %s has %d bytes: at most %d are allowed", excerpt(source), len(source), maxPattern)
	}
	p := &Pattern{source: source, readable: true}
	for at := 0; at < len(source); {
		letters := run(source, at)
		if letters == 0 {
			literal, end := quoted(source, at)
			if literal != "" {
				p.pieces = append(p.pieces, piece{kind: literalPiece, literal: literal})
			}
			at = end
			continue
		}
		if letters > maxRun {
			return nil, problem(Malformed, "the letter %q is repeated %d times in the date pattern %s: at most %d are allowed",
				source[at], letters, excerpt(source), maxRun)
		}
		one, ok := letterPiece(source[at], letters, numberFollows(source, at+letters))
		if !ok {
			return nil, problem(Malformed,
				"the date pattern %s has the letter %q, which stands for nothing: put text in 'quotes'; the letters are GCYyxweEDMdaKhHkmsSzZ",
				excerpt(source), source[at])
		}
		p.readable = p.readable && one.kind != longZoneNamePiece
		p.years = p.years || one.kind == twoDigitPiece
		p.pieces = append(p.pieces, one)
		at += letters
	}
	switch len(p.pieces) {
	case 0: // a lone quote
		p.readable = false
	case 1: // the long name alone reads as the short one does
		p.readable = true
	}
	return p, nil
}

// letterPiece returns what a letter, repeated n times, stands for.
func letterPiece(letter byte, n int, numberFollows bool) (piece, bool) {
	digits := uint16(n)
	number := func(f Field, most uint16) piece {
		return piece{kind: numberPiece, field: f, min: digits, max: max(digits, most)}
	}
	name := func(f Field, full int) piece {
		if n >= full {
			return piece{kind: textPiece, field: f}
		}
		return piece{kind: shortTextPiece, field: f}
	}
	switch letter {
	case 'G':
		return name(Era, 1), true
	case 'C':
		return piece{kind: signedPiece, field: CenturyOfEra, min: digits, max: digits}, true
	case 'y', 'Y', 'x':
		field := map[byte]Field{'y': Year, 'Y': YearOfEra, 'x': Weekyear}[letter]
		if n == 2 {
			if field == YearOfEra {
				field = Year
			}
			return piece{kind: twoDigitPiece, field: field, min: 2, adjacent: numberFollows}, true
		}
		year := piece{kind: signedPiece, field: field, min: digits, max: max(digits, 9)}
		if numberFollows {
			year.max = digits
		}
		if field == YearOfEra {
			year.kind = numberPiece
		}
		return year, true
	case 'w':
		return number(WeekOfWeekyear, 2), true
	case 'e':
		return number(DayOfWeek, 1), true
	case 'E':
		return name(DayOfWeek, 4), true
	case 'D':
		return number(DayOfYear, 3), true
	case 'M':
		if n >= 3 {
			return name(MonthOfYear, 4), true
		}
		return number(MonthOfYear, 2), true
	case 'd':
		return number(DayOfMonth, 2), true
	case 'a':
		return name(HalfdayOfDay, 1), true
	case 'K':
		return number(HourOfHalfday, 2), true
	case 'h':
		return number(ClockhourOfHalfday, 2), true
	case 'H':
		return number(HourOfDay, 2), true
	case 'k':
		return number(ClockhourOfDay, 2), true
	case 'm':
		return number(MinuteOfHour, 2), true
	case 's':
		return number(SecondOfMinute, 2), true
	case 'S':
		return piece{kind: fractionPiece, field: MillisOfSecond, min: digits, max: digits}, true
	case 'z':
		if n >= 4 {
			return piece{kind: longZoneNamePiece}, true
		}
		return piece{kind: zoneNamePiece}, true
	case 'Z':
		return piece{kind: [...]pieceKind{offsetPiece, colonOffsetPiece, zoneIDPiece}[min(n, 3)-1]}, true
	}
	return piece{}, false
}

// run returns how often the letter at a place is repeated; 0 if there is no letter.
func run(source string, at int) int {
	if at >= len(source) || !isLetter(source[at]) {
		return 0
	}
	n := 1
	for at+n < len(source) && source[at+n] == source[at] {
		n++
	}
	return n
}

// numberFollows reports whether a number stands at a place of the pattern, with nothing in between.
func numberFollows(source string, at int) bool {
	n := run(source, at)
	if n == 0 {
		return false
	}
	if source[at] == 'M' {
		return n <= 2
	}
	return strings.IndexByte("CxyYdhHmsSeDwkK", source[at]) >= 0
}

// quoted reads text up to the next letter outside quotes.
func quoted(source string, at int) (literal string, end int) {
	var b strings.Builder
	inQuotes := false
	for ; at < len(source); at++ {
		switch c := source[at]; {
		case c == '\'' && at+1 < len(source) && source[at+1] == '\'':
			b.WriteByte('\'')
			at++
		case c == '\'':
			inQuotes = !inQuotes
		case !inQuotes && isLetter(c):
			return b.String(), at
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), at
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// recent keeps compiled patterns. Patterns of expressions are few and used again and again; ones put together at run
// time may be many, so the number of kept ones is bounded: what was not used for a while goes.
var recent = &patternCache{young: map[string]*Pattern{}}

// generation is how many patterns are kept at least; twice as many at most. Long patterns are not kept.
const (
	generation  = 256
	longestKept = 200
)

type patternCache struct {
	mu         sync.RWMutex
	young, old map[string]*Pattern
}

func (c *patternCache) get(source string) *Pattern {
	c.mu.RLock()
	p := c.young[source]
	aged := p == nil && c.old[source] != nil
	c.mu.RUnlock()
	if aged {
		c.mu.Lock()
		if p = c.old[source]; p != nil {
			c.keep(source, p)
		} else {
			p = c.young[source]
		}
		c.mu.Unlock()
	}
	return p
}

func (c *patternCache) put(source string, p *Pattern) {
	if len(source) > longestKept {
		return
	}
	c.mu.Lock()
	c.keep(source, p)
	c.mu.Unlock()
}

func (c *patternCache) keep(source string, p *Pattern) {
	if len(c.young) >= generation {
		c.old, c.young = c.young, make(map[string]*Pattern, generation)
	}
	c.young[strings.Clone(source)] = p
}
