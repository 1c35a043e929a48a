package sel

import (
	"strings"

	"github.com/segue-run/segue/sel/regex"
	"github.com/segue-run/segue/sel/syntax"
)

// finder finds the matches of a regular expression in a text.
type finder struct {
	t       *Thread
	s       string
	re      *regex.Regex
	matcher *regex.Matcher // nil for a literal
	literal string
	caps    [2]int // of a literal
}

// find compiles the regular expression v and prepares to find it in s.
func (t *Thread) find(method, s string, v Value) (finder, error) {
	pattern, err := stringArg(method, []Value{v}, 0)
	if err != nil {
		return finder{}, err
	}
	if err := t.Work(len(pattern)); err != nil {
		return finder{}, err
	}
	re, err := regex.Cached(pattern)
	if err != nil {
		return finder{}, Errorf(CodeArgument, "%s: %w", method, err)
	}
	f := finder{t: t, s: s, re: re}
	var ok bool
	if f.literal, ok = re.Literal(); !ok {
		f.matcher = re.Find(s, t.Work)
	}
	return f, nil
}

// next returns the offsets of the first match at or after from, and of its groups; nil when there is none.
func (f *finder) next(from int) ([]int, error) {
	if f.matcher != nil {
		return f.matcher.Next(from)
	}
	at, err := f.t.index(f.s, f.literal, from)
	if at < 0 || err != nil {
		return nil, err
	}
	f.caps = [2]int{at, at + len(f.literal)}
	return f.caps[:], nil
}

// nextStart returns where to look for the match after one from start to end: an empty match moves on by a character.
func nextStart(s string, start, end int) int {
	if end > start {
		return end
	}
	for end++; end < len(s) && s[end]&0xC0 == 0x80; end++ {
	}
	return end
}

// split is s.split(regex, limit).
func split(t *Thread, s string, pattern Value, limit int) (Value, error) {
	f, err := t.find("split", s, pattern)
	if err != nil {
		return Value{}, err
	}
	parts := &Array{elem: String}
	done := 0   // what comes before is in parts
	filled := 0 // the number of parts up to the last one that is not empty
	add := func(part string) error {
		parts.strs = push(parts.strs, StringOf(part))
		parts.n++
		if part != "" {
			filled = parts.n
		}
		return t.Alloc(32)
	}
	more := func() bool { return limit <= 0 || parts.n < limit-1 }
	if pattern.num == 0 && s != "" { // between all UTF-16 units, also those of one character
		for done < len(s) && more() {
			r, width := syntax.Decode(s[done:])
			if first, second := units(r); second != 0 {
				if err := add(string(syntax.AppendUnit(nil, first))); err != nil {
					return Value{}, err
				}
				if second := string(syntax.AppendUnit(nil, second)); !more() {
					s, width = second+s[done+width:], 0
					done = 0
				} else if err := add(second); err != nil {
					return Value{}, err
				}
			} else if err := add(s[done : done+width]); err != nil {
				return Value{}, err
			}
			done += width
			if err := t.Visit(1); err != nil {
				return Value{}, err
			}
		}
	}
	for from := 0; pattern.num > 0 && from <= len(s) && more(); {
		caps, err := f.next(from)
		if err != nil {
			return Value{}, err
		}
		if caps == nil {
			break
		}
		start, end := caps[0], caps[1]
		if end > 0 { // an empty match at the beginning splits nothing off
			if err := add(s[done:start]); err != nil {
				return Value{}, err
			}
			done = end
		}
		from = nextStart(s, start, end)
	}
	if err := add(s[done:]); err != nil {
		return Value{}, err
	}
	if limit == 0 && parts.n > 1 {
		parts.n = filled
	}
	return Value{typ: StringArray, ref: parts}, nil
}

// replaceAll is s.replaceAll(regex, replacement).
func replaceAll(t *Thread, s string, args []Value) (Value, error) {
	f, err := t.find("replaceAll", s, args[0])
	if err != nil {
		return Value{}, err
	}
	replacement, err := stringArg("replaceAll", args, 1)
	if err != nil {
		return Value{}, err
	}
	var pieces [][]piece // of the replacement; read when there is a match, as its mistakes count only then
	b := builder{t: t}
	done := 0
	for from := 0; from <= len(s) && b.err == nil; {
		caps, err := f.next(from)
		if err != nil {
			return Value{}, err
		}
		if caps == nil {
			break
		}
		if pieces == nil {
			if pieces, err = piecesOf(t, replacement, f.re); err != nil {
				return Value{}, err
			}
		}
		b.add(s[done:caps[0]])
		for _, block := range pieces {
			for _, p := range block {
				if p.group < 0 {
					b.add(replacement[p.from:p.to])
				} else if at := caps[2*p.group]; at >= 0 {
					b.add(s[at:caps[2*p.group+1]])
				}
			}
		}
		done = caps[1]
		from = nextStart(s, caps[0], caps[1])
	}
	b.add(s[done:])
	return b.value()
}

// piece is a part of a replacement: a group if group >= 0, otherwise its bytes from from to to. There can be millions of them,
// so they hold nothing that the garbage collector would have to look at.
type piece struct {
	from, to, group int
}

// piecesOf reads a replacement: $1, ${name}, and a backslash before a character that means itself.
func piecesOf(t *Thread, s string, re *regex.Regex) ([][]piece, error) {
	pieces := [][]piece{}
	add := func(p piece) error {
		if p.group < 0 && p.from == p.to {
			return nil
		}
		pieces = push(pieces, p)
		return t.Alloc(32)
	}
	from := 0 // where the text that is no piece yet begins
	for i := 0; i < len(s); {
		block := s[i:min(len(s), i+blockSize)]
		at := strings.IndexAny(block, `\$`)
		plain := at
		if at < 0 {
			plain = len(block)
		}
		if err := t.Work(plain); err != nil {
			return nil, err
		}
		if i += plain; at < 0 {
			continue
		}
		if err := add(piece{from, i, -1}); err != nil {
			return nil, err
		}
		special := s[i]
		if i++; special == '\\' {
			if i == len(s) {
				return nil, Errorf(CodeArgument, "a replacement cannot end with a backslash")
			}
			from = i
			i++
			continue
		}
		group, n, err := groupOf(s[i:], re)
		if err != nil {
			return nil, err
		}
		if err := add(piece{group: group}); err != nil {
			return nil, err
		}
		i += n
		from = i
	}
	err := add(piece{from, len(s), -1})
	return pieces, err
}

// groupOf reads the group that follows a dollar, and returns how many bytes of s say so.
func groupOf(s string, re *regex.Regex) (group, n int, err error) {
	switch {
	case s != "" && s[0] == '{':
		name, _, ok := strings.Cut(s[1:], "}")
		group, known := re.Group(name)
		if !ok || !known {
			return 0, 0, Errorf(CodeArgument, "the replacement refers to the group %s, which the pattern does not have", quoted(name))
		}
		return group, len(name) + 2, nil
	case s == "" || !isDecimal(s[0]):
		return 0, 0, Errorf(CodeArgument, "after $ the replacement must have the number of a group, or its name in braces; write \\$ for a dollar")
	}
	group = int(s[0] - '0')
	if group > re.Groups() {
		return 0, 0, Errorf(CodeIndex, "the replacement refers to group %d; the pattern has %d", group, re.Groups())
	}
	for n = 1; n < len(s) && isDecimal(s[n]) && 10*group+int(s[n]-'0') <= re.Groups(); n++ {
		group = 10*group + int(s[n]-'0')
	}
	return group, n, nil
}
