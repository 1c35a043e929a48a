package chrono

// precision says up to which part an offset is printed.
type precision uint8

const (
	minuteOffset precision = iota // hours and minutes; the rest is dropped
	wholeOffset                   // seconds and milliseconds too, where they are not zero
)

// appendOffset prints an offset from UTC given in milliseconds: +05:30, or +0530 without separators.
func appendOffset(dst []byte, offset int64, separators bool, p precision) []byte {
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = append(dst, sign)
	dst = appendTwo(dst, int(offset/millisPerHour))
	if separators {
		dst = append(dst, ':')
	}
	dst = appendTwo(dst, int(offset/millisPerMinute%60))
	rest := offset % millisPerMinute
	if p == minuteOffset || rest == 0 {
		return dst
	}
	if separators {
		dst = append(dst, ':')
	}
	dst = appendTwo(dst, int(rest/millisPerSecond))
	if rest %= millisPerSecond; rest == 0 {
		return dst
	}
	if separators {
		dst = append(dst, '.')
	}
	dst = append(dst, byte('0'+rest/100))
	return appendTwo(dst, int(rest%100))
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// parseOffset reads an offset: a sign and two digits of hours, then minutes, seconds and a fraction as far as they
// are there, with or without separators. It returns milliseconds and where the offset ended, or where it went wrong.
func parseOffset(text string, at int) (offset int64, end int, ok bool) {
	if at >= len(text) || text[at] != '+' && text[at] != '-' {
		return 0, at, false
	}
	start := at
	negative := text[at] == '-'
	at++
	part := func(most int) (int64, bool) {
		if digitsAt(text, at, 2) < 2 {
			return 0, false
		}
		n := int(text[at]-'0')*10 + int(text[at+1]-'0')
		if n > most {
			return 0, false
		}
		at += 2
		return int64(n), true
	}
	hours, ok := part(23)
	if !ok {
		return 0, start, false
	}
	offset = hours * millisPerHour
	separated := at < len(text) && text[at] == ':'
	length := int64(millisPerMinute)
	for ; length >= millisPerSecond; length /= 60 {
		if separated {
			if at >= len(text) || text[at] != ':' {
				break
			}
			at++
		} else if digitsAt(text, at, 1) == 0 {
			break
		}
		n, ok := part(59)
		if !ok {
			return 0, start, false
		}
		offset += n * length
	}
	if length < millisPerSecond {
		fraction := !separated
		if separated && at < len(text) && (text[at] == '.' || text[at] == ',') {
			at++
			fraction = true
			if digitsAt(text, at, 1) == 0 {
				return 0, start, false
			}
		}
		if fraction {
			weight := int64(100)
			for n := digitsAt(text, at, 3); n > 0; n-- {
				offset += int64(text[at]-'0') * weight
				weight /= 10
				at++
			}
		}
	}
	if negative {
		offset = -offset
	}
	return offset, at, true
}

// digitsAt counts the digits at a place, up to a limit.
func digitsAt(text string, at, limit int) int {
	n := 0
	for n < limit && at+n < len(text) && isDigit(text[at+n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
