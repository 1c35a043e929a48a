package api

import (
	"slices"

	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
	"github.com/segue-run/segue/workflow"
)

// JobTemplate gives a sub type of steps their params.
type JobTemplate struct {
	Metadata   JobTemplateMetadata
	Definition JobTemplateDefinition
}

// JobTemplateMetadata says who keeps a template.
type JobTemplateMetadata struct {
	Owner         *workflow.User
	VersionAuthor *workflow.User
	Status        string
	Support       string
	TestWorkflows []string
	GitInfo       *workflow.GitInfo
	CreateTime    int64
	Extra         *param.Bag
}

// JobTemplateDefinition is what a template gives.
type JobTemplateDefinition struct {
	JobType     string
	StepType    workflow.Type
	Version     string
	Description string
	Tags        []workflow.Tag
	InheritFrom *param.Ordered[string] // version by job type
	Params      *param.Definitions
}

var jobTemplateFields = []string{"owner", "version_author", "status", "support", "test_workflows", "git_info", "create_time"}

// ReadJobTemplate reads the body that sets a job template. Owner, status, support and definition must be there.
func ReadJobTemplate(body []byte) (*JobTemplate, error) { return read(body, DecodeJobTemplateRequest) }

// DecodeJobTemplateRequest reads the request, which has the metadata beside the definition.
func DecodeJobTemplateRequest(n *wire.Node) (*JobTemplate, error) {
	t := new(JobTemplate)
	err := n.Each(func(f *wire.Field) error {
		if f.Name == "definition" {
			return wire.Into(&f.Node, &t.Definition, DecodeJobTemplateDefinition)
		}
		return t.Metadata.decodeField(f)
	})
	return t, err
}

func (m *JobTemplateMetadata) decodeField(f *wire.Field) error {
	switch f.Name {
	case "owner":
		return wire.Into(&f.Node, &m.Owner, workflow.DecodeUser)
	case "status":
		return f.Str(&m.Status)
	case "support":
		return f.Str(&m.Support)
	case "test_workflows":
		return f.Strs(&m.TestWorkflows)
	case "git_info":
		return wire.Into(&f.Node, &m.GitInfo, workflow.DecodeGitInfo)
	case "extra_info":
		return param.DecodeBag(&f.Node, &m.Extra)
	}
	if slices.Contains(jobTemplateFields, f.Name) {
		return wire.Errorf(&f.Node, "the server sets %s itself; leave it out", f.Name)
	}
	return param.Stow(&m.Extra, f)
}

// DecodeJobTemplateDefinition reads what a template gives.
func DecodeJobTemplateDefinition(n *wire.Node) (JobTemplateDefinition, error) {
	var d JobTemplateDefinition
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "job_type":
			return f.Str(&d.JobType)
		case "step_type":
			return wire.Enum(&f.Node, &d.StepType, workflow.Types()...)
		case "version":
			return f.Str(&d.Version)
		case "description":
			return f.Str(&d.Description)
		case "tags":
			return wire.ListOf(&f.Node, &d.Tags, param.DecodeTag)
		case "inherit_from":
			return param.DecodeObject(&f.Node, &d.InheritFrom, (*wire.Node).AsText)
		case "params":
			return param.DecodeDefinitions(&f.Node, &d.Params)
		}
		return f.Unknown("job_type", "step_type", "version", "description", "tags", "inherit_from", "params")
	})
	return d, err
}

// AppendJSON appends the template.
func (t *JobTemplate) AppendJSON(b []byte) []byte {
	m, d := &t.Metadata, &t.Definition
	b = append(wire.Key(append(b, '{'), "metadata"), '{')
	if m.Owner != nil {
		b = m.Owner.AppendJSON(wire.Key(b, "owner"))
	}
	if m.VersionAuthor != nil {
		b = m.VersionAuthor.AppendJSON(wire.Key(b, "version_author"))
	}
	b = wire.OptStr(b, "status", m.Status)
	b = wire.OptStr(b, "support", m.Support)
	b = wire.StrList(b, "test_workflows", m.TestWorkflows)
	if m.GitInfo != nil {
		b = m.GitInfo.AppendJSON(wire.Key(b, "git_info"))
	}
	b = wire.OptInt(b, "create_time", m.CreateTime)
	b = param.AppendBag(b, m.Extra)
	b = append(wire.Key(append(b, '}'), "definition"), '{')
	b = wire.OptStr(b, "job_type", d.JobType)
	b = wire.OptStr(b, "step_type", string(d.StepType))
	b = wire.OptStr(b, "version", d.Version)
	b = wire.OptStr(b, "description", d.Description)
	b = wire.List(b, "tags", d.Tags)
	if d.InheritFrom != nil {
		b = param.AppendObject(wire.Key(b, "inherit_from"), d.InheritFrom, wire.AppendString)
	}
	if d.Params != nil {
		b = param.AppendDefinitions(wire.Key(b, "params"), d.Params)
	}
	return append(b, '}', '}')
}
