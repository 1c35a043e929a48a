package sel

// dateClasses lists the classes of dates and times.
func dateClasses() []*Class {
	return []*Class{
		{Type: DateTime, Names: []string{"DateTime"}},
		{Type: Zone, Names: []string{"DateTimeZone"}},
		{Type: Formatter, Names: []string{"DateTimeFormatter", "DateTimeFormat"}},
		{Type: Property, Names: []string{"Property"}},
		{Type: Days, Names: []string{"Days"}},
	}
}

// dateUtilMethods lists the methods of Util that are about dates.
func dateUtilMethods() []Method { return nil }
