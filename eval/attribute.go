package eval

import (
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/sel"
)

// Attribute fills ${names} into an attribute of a definition (a timeout, a limit of retries). It sees evaluated
// workflow params only. The error is fault.Unprocessable, as in the original.
func Attribute(text string, params *param.Params) (string, error) {
	if !refers(text) {
		return text, nil
	}
	return sel.CompileTemplate(text).Expand(func(name string) (string, error) {
		p, ok := params.Get(name)
		if !ok || !p.Evaluated() {
			return "", fault.New(fault.Unprocessable, "Cannot interpolate [%s] as param [%s] is not found", text, name)
		}
		return textOf(p.Result)
	})
}
