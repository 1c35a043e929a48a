package engine

// Unfolded returns how many runs are unfolded, and about how many bytes they take.
func (m *Machine) Unfolded() (n, bytes int) {
	for _, r := range m.runs {
		if r.body != nil {
			n++
			bytes += r.weight
		}
	}
	if bytes != m.weight {
		panic("engine: the weights of the runs do not add up")
	}
	return n, bytes
}

// Output returns a param with the value that an attempt has put out.
var Output = output
