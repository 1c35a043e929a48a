package server

import (
	"context"
	"net/http"

	"github.com/segue-run/segue/eval"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/step"
)

// Face returns the REST API of a node. groups is the number of flow groups that it owns; 0 = all.
func Face(n *Node, groups int, d httpd.Deps) http.Handler {
	d.Store, d.Engine, d.Hub, d.Plans, d.Groups = n.Store(), n, n.Hub(), n.Plans(), groups
	d.Env = eval.Env{Programs: n.Programs(), Templates: n.kind.Templates()}
	d.Runs, d.Clock, d.Log = n.Runs, n.clock, n.log
	if d.Health == nil {
		d.Health = n.Health
	}
	return httpd.New(d)
}

func (s *Server) face() http.Handler {
	return Face(s.node, 0, httpd.Deps{Logs: s.Logs, Version: s.config.Version, Hosts: s.config.Hosts})
}

// Logs opens the log of an attempt at the runtime that ran it.
func (s *Server) Logs(ctx context.Context, stepType, attemptUUID string, stream step.LogStream) (step.Log, error) {
	r, ok := s.runtimes[stepType].(step.LogReader)
	if !ok {
		return nil, fault.New(fault.NotFound, "steps of type %q leave no logs on this server", stepType)
	}
	return r.Logs(ctx, attemptUUID, stream)
}
