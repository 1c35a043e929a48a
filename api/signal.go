package api

import (
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/signal"
	"github.com/segue-run/segue/wire"
)

// SignalCreateRequest announces a signal. Fields that it does not know are its payload.
type SignalCreateRequest struct {
	Name        string
	Params      *signal.Values
	RequestID   string
	RequestTime int64 // 0 = now
	Payload     *param.Bag
}

// ReadSignal reads the body that announces a signal.
func ReadSignal(body []byte) (*SignalCreateRequest, error) {
	return read(body, func(n *wire.Node) (*SignalCreateRequest, error) {
		r := new(SignalCreateRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "name":
				return f.Str(&r.Name)
			case "params":
				return param.DecodeObject(&f.Node, &r.Params, signal.DecodeValue)
			case "request_id":
				return f.Str(&r.RequestID)
			case "request_time":
				return f.Int(&r.RequestTime)
			case "payload":
				return param.DecodeBag(&f.Node, &r.Payload)
			}
			return param.Stow(&r.Payload, f)
		})
		return r, err
	})
}

// TagPermitRequest limits how many steps with a tag run at once.
type TagPermitRequest struct {
	Tag        string
	MaxAllowed *int64 // nil = missing
	Extra      *param.Bag
}

// ReadTagPermit reads the body that sets a tag permit.
func ReadTagPermit(body []byte) (*TagPermitRequest, error) {
	return read(body, func(n *wire.Node) (*TagPermitRequest, error) {
		r := new(TagPermitRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "tag":
				return f.Str(&r.Tag)
			case "max_allowed":
				return f.IntPtr(&r.MaxAllowed)
			case "extra_info":
				return param.DecodeBag(&f.Node, &r.Extra)
			}
			return param.Stow(&r.Extra, f)
		})
		return r, err
	})
}

// OutputDataRequest tells the outputs of a job that runs elsewhere.
type OutputDataRequest struct {
	JobType    string // external_job_type
	JobID      string // external_job_id
	WorkflowID string
	Params     *param.Params // all evaluated
	Artifacts  *param.Bag
	Extra      *param.Bag
}

// ReadOutputData reads the body that tells outputs.
func ReadOutputData(body []byte) (*OutputDataRequest, error) {
	return read(body, func(n *wire.Node) (*OutputDataRequest, error) {
		r := new(OutputDataRequest)
		err := n.Each(func(f *wire.Field) error {
			switch f.Name {
			case "external_job_type":
				return f.Str(&r.JobType)
			case "external_job_id":
				return f.Str(&r.JobID)
			case "workflow_id":
				return f.Str(&r.WorkflowID)
			case "params":
				return param.DecodeObject(&f.Node, &r.Params, func(n *wire.Node) (*param.Param, error) {
					p, err := param.DecodeParam(n)
					if err == nil && !p.Evaluated() {
						err = wire.Errorf(n, "an output must have evaluated_result and evaluated_time")
					}
					return p, err
				})
			case "artifacts":
				return param.DecodeBag(&f.Node, &r.Artifacts)
			}
			return param.Stow(&r.Extra, f)
		})
		return r, err
	})
}
