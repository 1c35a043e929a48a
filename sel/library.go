package sel

// library lists every type of the language, each a table in a file of its own. A class is added here and nowhere else.
func library() []*Class {
	return append([]*Class{
		longClass(),
		doubleClass(),
		booleanClass(),
		stringClass(),
		mapClass(),
		mathClass(),
		miscClass(),
		uuidClass(),
		utilClass(),
		paramsClass(),
	}, dateClasses()...)
}
