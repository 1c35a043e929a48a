// Package api holds the documents of the v3 REST API that are not words of their own: requests, which it reads strictly,
// and answers, which it appends without reflection.
//
// Above it are the words; httpd, client and dsl use it, and engine never sees it. Definitions and properties are in
// workflow, params in param, signals in signal.
//
// The one thing to know before changing it: clients of Netflix Maestro read these documents. A field's name, its type
// and whether it is printed when it is empty are a contract; the order of runtime_dag and of the step ordinals is one.
package api

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// read parses a body and decodes it. Errors are bad requests with the text of the original's JSON reader in front.
func read[T any](body []byte, decode func(*wire.Node) (T, error)) (T, error) {
	var none T
	n, err := wire.Parse(body)
	if err != nil {
		return none, fault.New(fault.BadRequest, "JSON parse error: %w", err)
	}
	v, err := decode(n)
	if err != nil {
		return none, fault.New(fault.BadRequest, "JSON parse error: %w", err)
	}
	return v, nil
}

// Params makes params an Appender.
type Params struct{ *param.Params }

// AppendJSON appends the params.
func (p Params) AppendJSON(b []byte) []byte { return param.AppendParams(b, p.Params) }

// Definitions makes definitions an Appender.
type Definitions struct{ *param.Definitions }

// AppendJSON appends the definitions.
func (d Definitions) AppendJSON(b []byte) []byte { return param.AppendDefinitions(b, d.Definitions) }

// opt appends a field unless it is nil or an empty Raw.
func opt(b []byte, name string, v wire.Appender) []byte {
	if raw, ok := v.(wire.Raw); v == nil || ok && raw == "" {
		return b
	}
	return v.AppendJSON(wire.Key(b, name))
}

// isUUID reports whether s is a UUID in its usual form of 36 characters.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
