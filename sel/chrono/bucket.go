package chrono

import "slices"

// bucket collects what was read from a text until it can be made into a date.
type bucket struct {
	text  string
	saved []savedField
	few   [8]savedField // backs saved while there are few
	// An offset in the text says which instant is meant; a zone does so too if there is no offset, and is what the
	// date is shown in.
	hasOffset bool
	offset    int64
	zone      *Zone
	pivot     pivots
}

type savedField struct {
	field Field
	value int
}

func (b *bucket) save(f Field, value int) {
	if b.saved == nil {
		b.saved = b.few[:0]
	}
	b.saved = append(b.saved, savedField{f, value})
}

func (b *bucket) setOffset(offset int64) { b.hasOffset, b.offset = true, offset }

// order puts fields of longer units first: first by the unit within which they count, then by the unit they count.
func order(a, b savedField) int {
	fa, fb := &fields[a.field], &fields[b.field]
	if fa.wraps != fb.wraps {
		return int(fb.wraps) - int(fa.wraps)
	}
	return int(fb.counts) - int(fa.counts)
}

// defaultYear is the year of texts with a month, week or day, but no year: a leap year.
const defaultYear = 2000

// local returns the local time of what was read; what is missing is that of 1970-01-01T00:00. Fields are set twice:
// a day that the month then known lacks may exist in the month that comes later.
func (b *bucket) local() (int64, error) {
	slices.SortStableFunc(b.saved, order)
	if len(b.saved) > 0 {
		if first := fields[b.saved[0].field].counts; first <= aMonth && first >= aDay {
			b.save(Year, defaultYear)
			slices.SortStableFunc(b.saved, order)
		}
	}
	local := int64(0)
	set := func(s savedField) (err error) {
		if s.field == Year {
			local, err = s.field.withAnyYear(local, s.value)
		} else {
			local, err = s.field.with(local, s.value)
		}
		return err
	}
	for _, s := range b.saved {
		if err := set(s); err != nil {
			return 0, b.cannot(err)
		}
		local = s.field.floor(local)
	}
	for i, s := range b.saved {
		if err := set(s); err != nil {
			return 0, b.cannot(err)
		}
		if i == len(b.saved)-1 {
			local = s.field.floor(local)
		}
	}
	return local, nil
}

// cannot adds the text to the error of a field in it.
func (b *bucket) cannot(err error) error {
	return problem(err.(*Error).Problem, "the date %s cannot be: %s", excerpt(b.text), err)
}

// instant returns the instant of what was read; local is the zone of texts that name none.
func (b *bucket) instant(zone *Zone) (int64, error) {
	local, err := b.local()
	if err != nil {
		return 0, err
	}
	if b.hasOffset {
		millis, ok := add(local, -b.offset)
		if !ok {
			return 0, overflow("the date %s", excerpt(b.text))
		}
		return millis, nil
	}
	if b.zone != nil {
		zone = b.zone
	}
	millis, err := zone.instantOf(local)
	if err != nil {
		return 0, b.cannot(err)
	}
	return millis, nil
}
