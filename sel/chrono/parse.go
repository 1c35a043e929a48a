package chrono

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reader says how a text without a zone, or with an incomplete year, is meant.
type Reader struct {
	// Zone is what local times are in, and what the result is shown in. Nil leaves that to Default and to a zone
	// that the text names.
	Zone *Zone
	// Default is the zone of texts that name none; nil is UTC.
	Default *Zone
	// Now is the instant around which years of two digits are placed: from 80 years before to 19 years after.
	Now int64
}

// Parse reads a text in the form of the pattern, all of it. An offset or a zone in the text decides which instant is
// meant; the result is shown in the reader's zone, else in the zone named in the text, else in the default one. It
// fails with Malformed, OutOfField, InGap, BadNumber, Overflow, and with Unsupported for patterns that cannot read.
func (p *Pattern) Parse(text string, r Reader) (DateTime, error) {
	b := bucket{text: text}
	if err := p.read(&b, r); err != nil {
		return DateTime{}, err
	}
	millis, err := b.instant(r.local())
	if err != nil {
		return DateTime{}, err
	}
	switch {
	case r.Zone != nil:
		return At(millis, r.Zone), nil
	case b.zone != nil:
		return At(millis, b.zone), nil
	}
	return At(millis, r.Default), nil
}

// local is the zone of texts that name none.
func (r Reader) local() *Zone {
	switch {
	case r.Zone != nil:
		return r.Zone
	case r.Default != nil:
		return r.Default
	}
	return UTC
}

func (p *Pattern) read(b *bucket, r Reader) error {
	if err := p.Prints(); err != nil {
		return err
	}
	if !p.readable {
		return problem(Unsupported, "the date pattern %s can print but not read", excerpt(p.source))
	}
	if p.years {
		b.pivot = pivots{At(0, r.Default).zone, r.Now}
	}
	at := 0
	for i := range p.pieces {
		end, err := b.read(&p.pieces[i], at)
		if err != nil {
			return err
		}
		if end < 0 {
			return b.malformed(at, p.source)
		}
		at = end
	}
	if at < len(b.text) {
		return b.malformed(at, p.source)
	}
	return nil
}

// malformed says from where on a text does not fit its form.
func (b *bucket) malformed(at int, form string) error {
	switch {
	case b.text == "":
		return problem(Malformed, "an empty text is no date of the form %s", excerpt(form))
	case at >= len(b.text):
		return problem(Malformed, "the date %s is too short for the form %s", excerpt(b.text), excerpt(form))
	}
	return problem(Malformed, "the date %s does not have the form %s: it differs from %s on", excerpt(b.text), excerpt(form), excerpt(b.text[at:]))
}

// read reads one piece and returns where it ended, negative if the text does not fit.
func (b *bucket) read(one *piece, at int) (int, error) {
	switch one.kind {
	case literalPiece:
		return literalAt(b.text, at, one.literal), nil
	case numberPiece:
		return b.number(one.field, at, int(one.max), false)
	case signedPiece:
		return b.number(one.field, at, int(one.max), true)
	case twoDigitPiece:
		return b.twoDigits(one, at)
	case textPiece, shortTextPiece:
		return b.name(one.field, at), nil
	case fractionPiece:
		return b.fraction(MillisOfSecond, millisPerSecond, at, int(one.max)), nil
	case offsetPiece, colonOffsetPiece:
		return b.offsetAt(at), nil
	case zoneIDPiece:
		n := longestID(b.text[at:])
		if n == 0 {
			return -1, nil
		}
		zone, err := Lookup(b.text[at : at+n])
		b.zone = zone
		return at + n, err
	case zoneNamePiece, longZoneNamePiece:
		return b.zoneName(at)
	}
	return -1, nil
}

// literalAt compares without regard to case and returns where the literal ends.
func literalAt(text string, at int, literal string) int {
	for i := 0; i < len(literal); {
		want, n := utf8.DecodeRuneInString(literal[i:])
		have, m := utf8.DecodeRuneInString(text[min(at, len(text)):])
		if m == 0 || !sameLetter(want, have) || want == utf8.RuneError && literal[i:i+n] != text[at:at+m] {
			return -1
		}
		i += n
		at += m
	}
	return at
}

func sameLetter(a, b rune) bool {
	return a == b || unicode.ToLower(unicode.ToUpper(a)) == unicode.ToLower(unicode.ToUpper(b))
}

// number reads up to that many digits; a sign comes on top.
func (b *bucket) number(f Field, at, most int, signed bool) (int, error) {
	start := at
	negative := false
	if signed && at+1 < len(b.text) && most > 1 && (b.text[at] == '-' || b.text[at] == '+') && isDigit(b.text[at+1]) {
		negative = b.text[at] == '-'
		at++
	}
	n := digitsAt(b.text, at, most)
	if n == 0 {
		return -1, nil
	}
	value, err := b.value(start, at, at+n)
	if err != nil {
		return -1, err
	}
	if negative {
		value = -value
	}
	b.save(f, value)
	return at + n, nil
}

// value returns the number between two places; start is where its sign is.
func (b *bucket) value(start, from, to int) (int, error) {
	value := 0
	for _, c := range []byte(b.text[from:to]) {
		value = value*10 + int(c-'0')
		if value > 1<<31 {
			break
		}
	}
	if value > 1<<31-1 && !(value == 1<<31 && b.text[start] == '-') {
		return 0, problem(BadNumber, "the number %s in the date %s does not fit into 32 bits", excerpt(b.text[start:to]), excerpt(b.text))
	}
	return value, nil
}

// twoDigits reads a year of two digits, which is placed around now, or, where no number follows, one of any length,
// which is taken as it is.
func (b *bucket) twoDigits(one *piece, at int) (int, error) {
	if one.adjacent {
		if digitsAt(b.text, at, 2) < 2 {
			return -1, nil
		}
		b.save(one.field, b.pivot.place(one.field, int(b.text[at]-'0')*10+int(b.text[at+1]-'0')))
		return at + 2, nil
	}
	start := at
	if at < len(b.text) && (b.text[at] == '-' || b.text[at] == '+') {
		at++
	}
	n := digitsAt(b.text, at, len(b.text))
	if n == 0 {
		return -1, nil
	}
	value, err := b.value(start, at, at+n)
	if err != nil {
		return -1, err
	}
	switch {
	case start == at && n == 2:
		value = b.pivot.place(one.field, value)
	case b.text[start] == '-':
		value = -value
	}
	b.save(one.field, value)
	return at + n, nil
}

// pivots places years of two digits.
type pivots struct {
	zone *Zone
	now  int64
}

// place returns the year with these last two digits between 80 years before and 19 years after now.
func (p pivots) place(f Field, lastTwo int) int {
	now, ok := add(p.now, p.zone.Offset(p.now))
	if !ok {
		now = p.now
	}
	first := f.of(now) - 80
	return first + int(floorMod(int64(lastTwo-first), 100))
}

// name reads the name of a value, in full or its first three letters.
func (b *bucket) name(f Field, at int) int {
	least, most := 0, 1
	if f == MonthOfYear || f == DayOfWeek {
		least, most = f.bounds(0)
	}
	best, value := 0, 0
	match := func(name string, v int) {
		if len(name) > best && at+len(name) <= len(b.text) && sameName(b.text[at:at+len(name)], name) {
			best, value = len(name), v
		}
	}
	for v := least; v <= most; v++ {
		name := f.text(v)
		match(name, v)
		if len(name) > 3 {
			match(name[:3], v)
		}
		if f == Era {
			match(otherEraNames[v], v)
		}
	}
	if best == 0 {
		return -1
	}
	b.save(f, value)
	return at + best
}

var otherEraNames = [...]string{"BCE", "CE"}

// sameName compares a text with a name that begins with a capital: it may also be all capitals or all small.
func sameName(text, name string) bool {
	return text == name || strings.EqualFold(text, name) && (text == strings.ToUpper(name) || text == strings.ToLower(name))
}

// fraction reads up to that many digits of a fraction of a unit; what is finer than a millisecond is dropped.
func (b *bucket) fraction(f Field, length int64, at, most int) int {
	n := digitsAt(b.text, at, most)
	if n == 0 {
		return -1
	}
	tenth := length
	var tenths int64 // of milliseconds
	for _, c := range []byte(b.text[at : at+n]) {
		tenths += int64(c-'0') * tenth
		tenth /= 10
	}
	b.save(f, int(tenths/10))
	return at + n
}

// offsetAt reads Z or an offset.
func (b *bucket) offsetAt(at int) int {
	if at < len(b.text) && b.text[at]|0x20 == 'z' {
		b.setOffset(0)
		return at + 1
	}
	offset, end, ok := parseOffset(b.text, at)
	if !ok {
		return -1
	}
	b.setOffset(offset)
	return end
}

// spokenZones are the names of zones that can be read. Those of the United States mean the place, so that PST and PDT
// say the same.
var spokenZones = [...]struct{ name, id string }{
	{"UTC", "UTC"}, {"UT", "UTC"}, {"GMT", "UTC"},
	{"EST", "America/New_York"}, {"EDT", "America/New_York"},
	{"CST", "America/Chicago"}, {"CDT", "America/Chicago"},
	{"MST", "America/Denver"}, {"MDT", "America/Denver"},
	{"PST", "America/Los_Angeles"}, {"PDT", "America/Los_Angeles"},
}

func (b *bucket) zoneName(at int) (int, error) {
	for _, spoken := range spokenZones {
		if strings.HasPrefix(b.text[at:], spoken.name) {
			zone, err := Lookup(spoken.id)
			b.zone = zone
			return at + len(spoken.name), err
		}
	}
	return -1, nil
}
