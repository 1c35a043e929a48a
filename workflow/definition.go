package workflow

import (
	"strconv"
	"strings"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/param"
	"github.com/segue-run/segue/wire"
)

// Definition is one version of a workflow with all that is known about it: the REST document WorkflowDefinition.
type Definition struct {
	Properties   *PropertiesSnapshot
	Workflow     *Workflow
	Metadata     Metadata
	Active       bool // this version is the active one
	ActivateTime int64
	ActivatedBy  *User
	Latest       bool
	Default      bool // what the alias "default" means: the active version, else the latest
	ModifyTime   int64
	InternalID   int64
	Extras       *Extras // only on request
}

// Metadata says where a version came from. Extra are the free-form fields of the create request.
type Metadata struct {
	WorkflowID string
	Version    int64
	CreateTime int64
	Author     *User
	GitInfo    *GitInfo
	Extra      *param.Bag
}

// GitInfo says which source a version was made from.
type GitInfo struct {
	Origin, Branch, SHA, Path, Author string
	Timestamp                         *int64
	UncommittedChanges                *bool
}

// Extras are what the server computes for an enriched definition. A nil time is one that cannot be known.
type Extras struct {
	WorkflowParams *param.Definitions
	StepParams     *param.Ordered[*param.Definitions]
	NextTime       int64 // 0 = none
	NextTimes      []*int64
}

// ReservedMetadata are the names that the free-form fields of a create request cannot have.
var ReservedMetadata = []string{"workflow_id", "workflow_version_id", "git_info", "version_author", "create_time"}

// DecodeDefinition reads a definition.
func DecodeDefinition(n *wire.Node) (*Definition, error) {
	d := new(Definition)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "properties_snapshot":
			return wire.Into(&f.Node, &d.Properties, DecodePropertiesSnapshot)
		case "workflow":
			return wire.Into(&f.Node, &d.Workflow, Decode)
		case "metadata":
			return wire.Into(&f.Node, &d.Metadata, DecodeMetadata)
		case "is_active":
			return f.Boolean(&d.Active)
		case "activate_time":
			return f.Int(&d.ActivateTime)
		case "activated_by":
			return wire.Into(&f.Node, &d.ActivatedBy, DecodeUser)
		case "is_latest":
			return f.Boolean(&d.Latest)
		case "is_default":
			return f.Boolean(&d.Default)
		case "modify_time":
			return f.Int(&d.ModifyTime)
		case "internal_id":
			return f.Int(&d.InternalID)
		case "enriched_extras":
			return wire.Into(&f.Node, &d.Extras, DecodeExtras)
		}
		return f.Unknown("properties_snapshot", "workflow", "metadata", "is_active", "activate_time", "activated_by", "is_latest",
			"is_default", "modify_time", "internal_id", "enriched_extras")
	})
	return d, err
}

// AppendJSON appends the definition.
func (d *Definition) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if d.Properties != nil {
		b = d.Properties.AppendJSON(wire.Key(b, "properties_snapshot"))
	}
	b = d.Metadata.AppendJSON(wire.Key(b, "metadata"))
	if d.Workflow != nil {
		b = d.Workflow.AppendJSON(wire.Key(b, "workflow"))
	}
	b = wire.Boolean(b, "is_active", d.Active)
	b = wire.OptInt(b, "activate_time", d.ActivateTime)
	b = appendUser(b, "activated_by", d.ActivatedBy)
	b = wire.Boolean(b, "is_latest", d.Latest)
	b = wire.Boolean(b, "is_default", d.Default)
	b = wire.OptInt(b, "modify_time", d.ModifyTime)
	b = wire.OptInt(b, "internal_id", d.InternalID)
	if d.Extras != nil {
		b = d.Extras.AppendJSON(wire.Key(b, "enriched_extras"))
	}
	return append(b, '}')
}

// DecodeMetadata reads metadata; fields that it does not know are kept.
func DecodeMetadata(n *wire.Node) (Metadata, error) {
	var m Metadata
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_id":
			return f.Str(&m.WorkflowID)
		case "workflow_version_id":
			return f.Int(&m.Version)
		case "create_time":
			return f.Int(&m.CreateTime)
		case "version_author":
			return wire.Into(&f.Node, &m.Author, DecodeUser)
		case "git_info":
			return wire.Into(&f.Node, &m.GitInfo, DecodeGitInfo)
		case "extra_info":
			return param.DecodeBag(&f.Node, &m.Extra)
		}
		return param.Stow(&m.Extra, f)
	})
	return m, err
}

// AppendJSON appends the metadata.
func (m *Metadata) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "workflow_id", m.WorkflowID)
	b = wire.OptInt(b, "workflow_version_id", m.Version)
	b = wire.OptInt(b, "create_time", m.CreateTime)
	b = appendUser(b, "version_author", m.Author)
	if m.GitInfo != nil {
		b = m.GitInfo.AppendJSON(wire.Key(b, "git_info"))
	}
	b = param.AppendBag(b, m.Extra)
	return append(b, '}')
}

// DecodeGitInfo reads git information.
func DecodeGitInfo(n *wire.Node) (*GitInfo, error) {
	g := new(GitInfo)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "origin":
			return f.Str(&g.Origin)
		case "branch":
			return f.Str(&g.Branch)
		case "sha":
			return f.Str(&g.SHA)
		case "path":
			return f.Str(&g.Path)
		case "author":
			return f.Str(&g.Author)
		case "timestamp":
			return f.IntPtr(&g.Timestamp)
		case "uncommitted_changes":
			return f.BooleanPtr(&g.UncommittedChanges)
		}
		return f.Unknown("origin", "branch", "sha", "path", "author", "timestamp", "uncommitted_changes")
	})
	return g, err
}

// AppendJSON appends the git information.
func (g *GitInfo) AppendJSON(b []byte) []byte {
	b = wire.OptStr(append(b, '{'), "origin", g.Origin)
	b = wire.OptStr(b, "branch", g.Branch)
	b = wire.OptStr(b, "sha", g.SHA)
	b = wire.OptStr(b, "path", g.Path)
	b = wire.OptStr(b, "author", g.Author)
	b = wire.IntPtr(b, "timestamp", g.Timestamp)
	b = wire.BooleanPtr(b, "uncommitted_changes", g.UncommittedChanges)
	return append(b, '}')
}

// DecodeExtras reads the computed part of an enriched definition.
func DecodeExtras(n *wire.Node) (*Extras, error) {
	e := new(Extras)
	err := n.Each(func(f *wire.Field) error {
		switch f.Name {
		case "workflow_params":
			return param.DecodeDefinitions(&f.Node, &e.WorkflowParams)
		case "step_params":
			return param.DecodeObject(&f.Node, &e.StepParams, func(n *wire.Node) (defs *param.Definitions, err error) {
				return defs, param.DecodeDefinitions(n, &defs)
			})
		case "next_execution_time":
			return f.Int(&e.NextTime)
		case "next_execution_times":
			if f.Kind != wire.Array {
				return wire.Errorf(&f.Node, "want an array, not %s", f.Kind)
			}
			e.NextTimes = make([]*int64, len(f.Items))
			for i := range f.Items {
				if f.Items[i].Kind == wire.Null {
					continue
				}
				if err := f.Items[i].IntPtr(&e.NextTimes[i]); err != nil {
					return wire.InItem(err, i)
				}
			}
			return nil
		}
		return f.Unknown("workflow_params", "step_params", "next_execution_time", "next_execution_times")
	})
	return e, err
}

// AppendJSON appends the extras.
func (e *Extras) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if e.WorkflowParams != nil {
		b = param.AppendDefinitions(wire.Key(b, "workflow_params"), e.WorkflowParams)
	}
	if e.StepParams != nil {
		b = param.AppendObject(wire.Key(b, "step_params"), e.StepParams, param.AppendDefinitions)
	}
	b = wire.OptInt(b, "next_execution_time", e.NextTime)
	if e.NextTimes != nil {
		b = append(wire.Key(b, "next_execution_times"), '[')
		for _, t := range e.NextTimes {
			b = wire.Comma(b)
			if t == nil {
				b = append(b, "null"...)
			} else {
				b = strconv.AppendInt(b, *t, 10)
			}
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// Version names a version of a workflow: a number from 1, or one of the aliases, which are below 1.
type Version int64

// The aliases.
const (
	ActiveVersion  Version = -1
	LatestVersion  Version = -2
	DefaultVersion Version = -3
)

// ParseVersion reads a version number or an alias in any letter case.
func ParseVersion(workflowID, text string) (Version, error) {
	switch strings.ToLower(text) {
	case "active":
		return ActiveVersion, nil
	case "latest":
		return LatestVersion, nil
	case "default":
		return DefaultVersion, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 1 {
		detail := "version [" + text + "] is not one of active, latest, default, or a number of 1 or more"
		return 0, fault.WithDetails(fault.BadRequest, "Invalid version ["+text+"] for workflow ["+workflowID+"]", detail)
	}
	return Version(v), nil
}

// String returns the alias or the number.
func (v Version) String() string {
	switch v {
	case ActiveVersion:
		return "active"
	case LatestVersion:
		return "latest"
	case DefaultVersion:
		return "default"
	}
	return strconv.FormatInt(int64(v), 10)
}
