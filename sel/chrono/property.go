package chrono

// Property is one field of one date.
type Property struct {
	Date  DateTime
	Field Field
}

// Value returns the value of the field.
func (p Property) Value() (int, error) { return p.Date.Get(p.Field) }

// Text returns the value as people write it in English: the names of months and weekdays, digits otherwise.
func (p Property) Text() (string, error) {
	value, err := p.Value()
	if err != nil {
		return "", err
	}
	return p.Field.text(value), nil
}

// WithMinimum returns the date with the field at its least value there. If the zone skips that local time it is the
// first instant after the gap.
func (p Property) WithMinimum() (DateTime, error) {
	local, err := p.Date.local()
	if err != nil {
		return DateTime{}, err
	}
	least, _ := p.Field.bounds(local)
	t, err := p.Date.With(p.Field, least)
	if isGap(err) {
		if change, ok := p.Date.Zone().next(p.Date.millis - millisPerDay); ok {
			return At(change, p.Date.zone), nil
		}
	}
	return t, err
}

// WithMaximum returns the date with the field at its greatest value there. If the zone skips that local time it is
// the last instant before the gap.
func (p Property) WithMaximum() (DateTime, error) {
	local, err := p.Date.local()
	if err != nil {
		return DateTime{}, err
	}
	_, most := p.Field.bounds(local)
	t, err := p.Date.With(p.Field, most)
	if isGap(err) {
		if before, ok := p.Date.Zone().previous(p.Date.millis + millisPerDay); ok {
			return At(before, p.Date.zone), nil
		}
	}
	return t, err
}

// String returns Property[dayOfWeek].
func (p Property) String() string { return "Property[" + p.Field.String() + "]" }

func isGap(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Problem == InGap
}
