package api

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/wire"
)

// Error is the body of every answer that is not a success.
type Error struct {
	Status    string // the code, such as NOT_FOUND
	Message   string
	Errors    []string
	Retryable bool
}

// ErrorOf returns the body for an error.
func ErrorOf(err error) Error {
	kind := fault.KindOf(err)
	return Error{Status: kind.String(), Message: err.Error(), Errors: fault.DetailsOf(err), Retryable: kind == fault.Unavailable}
}

// AppendJSON appends the body.
func (e Error) AppendJSON(b []byte) []byte {
	b = wire.Str(append(b, '{'), "status", e.Status)
	b = wire.OptStr(b, "message", e.Message)
	if len(e.Errors) > 0 {
		b = wire.StrList(b, "errors", e.Errors)
	}
	b = wire.OptBoolean(b, "retryable", e.Retryable)
	return append(b, '}')
}

// ReadError reads the body, as a client does.
func ReadError(body []byte) (Error, error) {
	return read(body, func(n *wire.Node) (Error, error) {
		var e Error
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "status":
				return f.Str(&e.Status)
			case "message":
				return f.Str(&e.Message)
			case "errors":
				return f.Strs(&e.Errors)
			case "retryable":
				return f.Boolean(&e.Retryable)
			}
			return nil // a newer server may say more
		})
		return e, err
	})
}
