package chrono

import "math"

const (
	minMillis = math.MinInt64
	maxMillis = math.MaxInt64
)

// offsetAtLocal returns the offset by which a local time becomes an instant. Of a repeated local time it is the
// earlier one; of a skipped one it is the offset from before the gap, so that the instant lies after the gap by as
// much as the local time lay inside.
func (z *Zone) offsetAtLocal(local int64) int64 {
	if z.spans == nil {
		return z.constant
	}
	guess := clampedSub(local, z.Offset(local))
	here := z.Offset(guess)
	if before, ok := z.previous(guess); ok {
		// The instant by the span before counts if it still lies in that span (an overlap), ...
		offset := z.Offset(before)
		if clampedSub(local, offset) <= before {
			return offset
		}
		// ... or if the local time lies in the gap between the two.
		if clampedSub(local, here) <= before {
			return offset
		}
	}
	if after, ok := z.next(guess); ok && clampedSub(local, here) >= after {
		offset := z.Offset(after)
		if clampedSub(local, offset) >= after {
			return offset
		}
		return here
	}
	return here
}

// instantOf returns the instant of a local time that must exist. It fails with InGap.
func (z *Zone) instantOf(local int64) (int64, error) {
	offset := z.offsetAtLocal(local)
	instant, ok := add(local, -offset)
	if !ok {
		return 0, overflow("the local time %s in zone %s", localText(local), z.id)
	}
	if z.Offset(instant) != offset {
		return 0, inGap(local, z)
	}
	return instant, nil
}

// pushForward returns the instant of a local time; one in a gap is moved to behind the gap.
func (z *Zone) pushForward(local int64) (int64, error) {
	guess := z.Offset(local)
	offset := z.Offset(clampedSub(local, guess))
	// East of Greenwich the second look is right. West of it the first is, if a change lies between the two.
	if guess != offset && guess < 0 && !z.sameSpan(clampedSub(local, guess), clampedSub(local, offset)) {
		offset = guess
	}
	instant, ok := add(local, -offset)
	if !ok {
		return 0, overflow("the local time %s in zone %s", localText(local), z.id)
	}
	return instant, nil
}

// keepOffset returns the instant of a local time that was made from the local time of an instant: with that
// instant's offset if the zone has it then, too, else like pushForward.
func (z *Zone) keepOffset(local, from int64) (int64, error) {
	offset := z.Offset(from)
	if instant, ok := add(local, -offset); ok && z.Offset(instant) == offset {
		return instant, nil
	}
	return z.pushForward(local)
}

func (z *Zone) sameSpan(a, b int64) bool { return z.at(a).start == z.at(b).start }

// clampedSub is local minus offset, kept inside the range.
func clampedSub(local, offset int64) int64 {
	if instant, ok := add(local, -offset); ok {
		return instant
	}
	if local < 0 {
		return minMillis
	}
	return maxMillis
}
