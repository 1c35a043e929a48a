package record

import "github.com/segue-run/segue/wire"

// Quarantine is the document of a quarantine row: why a run is set aside. It is never rewritten.
type Quarantine struct {
	Reason string
	Event  wire.Raw // what could not be decided or stored, as the engine describes it: a JSON object; "" = nobody knows
}

// AppendJSON appends the document.
func (q *Quarantine) AppendJSON(b []byte) []byte {
	b = wire.Str(begin(b), "v", q.Reason)
	return append(optRaw(b, "e", q.Event), '}')
}

// ParseQuarantine reads the document.
func ParseQuarantine(doc []byte) (*Quarantine, error) {
	q := &Quarantine{}
	_, err := parse("quarantine", doc, func(f *wire.Field) (bool, error) {
		switch f.Name {
		case "v":
			return true, f.Str(&q.Reason)
		case "e":
			q.Event = f.Raw()
			return true, nil
		}
		return false, nil
	})
	return q, err
}
