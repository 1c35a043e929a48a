package chrono

import "strconv"

// moment is a date taken apart for printing, each part when it is first needed.
type moment struct {
	millis, local int64
	offset        int64
	zone          *Zone
	days          int64
	timeOfDay     int64
	split         bool // whether year, month and day are known
	year          int
	month         int
	day           int
}

func momentOf(t DateTime) moment {
	m := moment{millis: t.millis, zone: t.Zone()}
	m.offset = m.zone.Offset(t.millis)
	local, ok := add(t.millis, m.offset)
	if !ok {
		// Too close to the ends of time for the zone: printed as in UTC.
		local, m.offset, m.zone = t.millis, 0, UTC
	}
	m.local = local
	m.days = floorDiv(local, millisPerDay)
	m.timeOfDay = local - m.days*millisPerDay
	return m
}

// get is Field.of with what was already found out.
func (m *moment) get(f Field) int {
	switch f {
	case Year, MonthOfYear, DayOfMonth, YearOfEra, CenturyOfEra:
		if !m.split {
			m.year, m.month, m.day = dateOf(m.days)
			m.split = true
		}
		switch f {
		case Year:
			return m.year
		case MonthOfYear:
			return m.month
		case DayOfMonth:
			return m.day
		case YearOfEra:
			return yearOfEra(m.year)
		}
		return abs(m.year) / 100
	}
	if fields[f].length != 0 {
		return f.ofTime(m.timeOfDay)
	}
	return f.of(m.local)
}

// Append prints a date in its own zone.
func (p *Pattern) Append(dst []byte, t DateTime) []byte {
	m := momentOf(t)
	if p == isoPattern {
		return m.appendISO(dst)
	}
	for i := range p.pieces {
		dst = m.append(dst, &p.pieces[i])
	}
	return dst
}

func (m *moment) append(dst []byte, one *piece) []byte {
	switch one.kind {
	case literalPiece:
		return append(dst, one.literal...)
	case numberPiece, signedPiece:
		return appendPadded(dst, m.get(one.field), int(one.min))
	case twoDigitPiece:
		return appendTwo(dst, abs(m.get(one.field))%100)
	case textPiece:
		return append(dst, one.field.text(m.get(one.field))...)
	case shortTextPiece:
		return append(dst, one.field.text(m.get(one.field))[:3]...)
	case fractionPiece:
		return appendFraction(dst, m.get(MillisOfSecond), int(one.min))
	case offsetPiece:
		return appendOffset(dst, m.offset, false, minuteOffset)
	case colonOffsetPiece:
		return appendOffset(dst, m.offset, true, minuteOffset)
	case zoneIDPiece:
		return append(dst, m.zone.id...)
	case zoneNamePiece:
		return append(dst, m.zone.shortName(m.millis)...)
	case longZoneNamePiece:
		return append(dst, m.zone.longName(m.millis)...)
	}
	panic("chrono: a pattern has a piece of unknown kind " + strconv.Itoa(int(one.kind)))
}

func (m *moment) appendISO(dst []byte) []byte {
	dst = appendPadded(dst, m.get(Year), 4)
	dst = appendTwo(append(dst, '-'), m.month)
	dst = appendTwo(append(dst, '-'), m.day)
	dst = appendTwo(append(dst, 'T'), m.get(HourOfDay))
	dst = appendTwo(append(dst, ':'), m.get(MinuteOfHour))
	dst = appendTwo(append(dst, ':'), m.get(SecondOfMinute))
	dst = appendPadded(append(dst, '.'), m.get(MillisOfSecond), 3)
	if m.offset == 0 {
		return append(dst, 'Z')
	}
	return appendOffset(dst, m.offset, true, wholeOffset)
}

// appendPadded prints a number with at least that many digits; a sign comes on top.
func appendPadded(dst []byte, n, digits int) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	width := 1
	for rest := n; rest >= 10; rest /= 10 {
		width++
	}
	for ; width < digits; width++ {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// appendFraction prints that many digits of a fraction of a second given in milliseconds.
func appendFraction(dst []byte, millis, digits int) []byte {
	for divisor := 100; digits > 0; digits-- {
		if divisor == 0 {
			dst = append(dst, '0')
			continue
		}
		dst = append(dst, byte('0'+millis/divisor%10))
		divisor /= 10
	}
	return dst
}

// localText shows a local time in errors.
func localText(local int64) string {
	m := momentOf(At(local, UTC))
	text := m.appendISO(make([]byte, 0, 32))
	return string(text[:len(text)-1])
}
