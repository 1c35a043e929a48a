package client

import (
	"context"

	"github.com/google/uuid"

	"github.com/segue-run/segue/instance"
	"github.com/segue-run/segue/wire"
)

// Pushed is a version that has been stored.
type Pushed struct {
	Workflow string
	Version  int64
	Doc      []byte // the answer, whole
}

// Push stores a version of a workflow: the JSON of a create request.
func (c *Client) Push(ctx context.Context, definition []byte) (Pushed, error) {
	return c.push(ctx, request{method: "POST", path: workflows, kind: jsonType, body: definition})
}

// PushYAML stores a version of a workflow that is written in YAML.
func (c *Client) PushYAML(ctx context.Context, text []byte) (Pushed, error) {
	return c.push(ctx, request{method: "POST", path: workflows + "/yaml", kind: yamlType, body: text})
}

func (c *Client) push(ctx context.Context, r request) (p Pushed, err error) {
	n, doc, err := c.read(ctx, r)
	if err != nil {
		return p, err
	}
	p.Doc = doc
	err = each(n, "workflow_definition", func(f *wire.Field) error {
		if f.Name != "metadata" {
			return nil
		}
		return f.Each(func(f *wire.Field) error {
			switch f.Name {
			case "workflow_id":
				return f.Str(&p.Workflow)
			case "workflow_version_id":
				return f.Int(&p.Version)
			}
			return nil
		})
	})
	return p, err
}

// each visits the fields of the object under a name.
func each(n *wire.Node, name string, visit func(*wire.Field) error) error {
	inner := n.Get(name)
	if inner == nil {
		return wire.Errorf(n, "the answer has no %s", name)
	}
	return inner.Each(visit)
}

// Validate checks a definition without storing it.
func (c *Client) Validate(ctx context.Context, definition []byte) error {
	_, err := c.fetch(ctx, request{method: "PUT", path: workflows + "/actions/validate", kind: jsonType, body: definition, repeat: true})
	return err
}

// ValidateYAML checks a definition in YAML without storing it.
func (c *Client) ValidateYAML(ctx context.Context, text []byte) error {
	_, err := c.fetch(ctx, request{method: "PUT", path: workflows + "/actions/validate/yaml", kind: yamlType, body: text, repeat: true})
	return err
}

// StartOptions is what a start may say besides what to start. The zero value is a plain start of the default version.
type StartOptions struct {
	Version   string   // active, latest, default or a number
	RequestID string   // a UUID; two starts with the same one make one run. "" = one is made
	RunParams wire.Raw // definitions of params, a JSON object
}

// Started is a run that has been started.
type Started struct {
	Workflow  string
	Version   int64
	Instance  int64
	Run       int64
	UUID      string
	Duplicate bool // the run was there before, by its request id
	Doc       []byte
}

// Start begins a run. It is repeated if the server is away for a moment, and makes one run all the same.
func (c *Client) Start(ctx context.Context, workflowID string, o StartOptions) (s Started, err error) {
	if o.Version == "" {
		o.Version = "default"
	}
	id := o.RequestID
	if id == "" {
		id = uuid.NewString()
	}
	b := wire.Str([]byte(`{"initiator":{"type":"MANUAL"}`), "request_id", id)
	if o.RunParams != "" {
		b = o.RunParams.AppendJSON(wire.Key(b, "run_params"))
	}
	b = append(b, '}')
	n, doc, err := c.read(ctx, request{
		method: "POST", path: path(workflowID, "versions", o.Version, "actions", "start"), kind: jsonType, body: b, repeat: true,
	})
	if err != nil {
		return s, err
	}
	s.Doc = doc
	err = n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_id":
			return f.Str(&s.Workflow)
		case "workflow_version_id":
			return f.Int(&s.Version)
		case "workflow_instance_id":
			return f.Int(&s.Instance)
		case "workflow_run_id":
			return f.Int(&s.Run)
		case "workflow_uuid":
			return f.Str(&s.UUID)
		case "status":
			s.Duplicate = f.Text == "DUPLICATED" && o.RequestID != "" // one made here is a repetition of ours
		}
		return nil
	})
	return s, err
}

// Acted is what became of a stop or a kill.
type Acted struct {
	Run       int64
	Status    instance.Status
	Completed bool // nothing is left to do
	Info      string
}

// Stop ends the latest run of an instance as STOPPED. It does not wait for the end.
func (c *Client) Stop(ctx context.Context, workflowID string, instanceID int64) (Acted, error) {
	return c.act(ctx, workflowID, instanceID, "stop")
}

// Kill ends the latest run of an instance as FAILED. It does not wait for the end.
func (c *Client) Kill(ctx context.Context, workflowID string, instanceID int64) (Acted, error) {
	return c.act(ctx, workflowID, instanceID, "kill")
}

func (c *Client) act(ctx context.Context, workflowID string, instanceID int64, action string) (a Acted, err error) {
	n, _, err := c.read(ctx, request{method: "PUT", path: path(workflowID, "instances", instanceID, "actions", action), repeat: true})
	if err != nil {
		return a, err
	}
	err = n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_run_id":
			return f.Int(&a.Run)
		case "workflow_instance_status":
			return wire.Set(&a.Status, func() (instance.Status, error) { return instance.ParseStatus(f.Text) })
		case "completed":
			return f.Boolean(&a.Completed)
		case "info":
			return f.Str(&a.Info)
		}
		return nil
	})
	return a, err
}
