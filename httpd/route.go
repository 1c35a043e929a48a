package httpd

import (
	"net/http"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/instance"
)

// takes says which bodies a route takes.
type takes uint8

const (
	anything takes = iota // any content type; a body is not read
	jsonBody
	yamlBody
)

// route is one endpoint.
type route struct {
	pattern string
	body    takes
	user    bool // the header user must be there
	text    bool // the answer is not JSON
	serve   func(s *server, c *call) error
}

const (
	base        = "/api/v3"
	flows       = base + "/workflows"
	instances   = flows + "/{wf}/instances/{instance}"
	runs        = instances + "/runs/{run}"
	breakpoints = flows + "/steps/breakpoints"
)

// Features of the original that no endpoint here has.
const (
	noBreakpoints = "there are no breakpoints"
	noInline      = "there are no workflows inside foreach and while"
	noPermits     = "there are no tag permits"
	noTemplates   = "there are no job templates"
)

// routes is the API, in the order of its documentation.
func (s *server) routes() []route {
	return []route{
		// Definitions.
		{"POST " + flows, jsonBody, true, false, (*server).pushJSON},
		{"POST " + flows + "/yaml", yamlBody, true, false, (*server).pushYAML},
		{"GET " + flows, anything, false, false, (*server).listWorkflows},
		{"POST " + flows + "/{wf}/properties", jsonBody, true, false, (*server).updateProperties},
		{"POST " + flows + "/{wf}/properties/tag", jsonBody, true, false, (*server).addTag},
		{"DELETE " + flows + "/{wf}/properties/tag/{tag}", anything, true, false, onWorkflow("tags of properties cannot be changed")},
		{"DELETE " + flows + "/{wf}", anything, true, false, onWorkflow("workflows cannot be deleted")},
		{"GET " + flows + "/{wf}/versions/{version}", anything, false, false, (*server).definition},
		{"GET " + flows + "/{wf}/versions/pagination", anything, false, false, (*server).definitions},
		{"GET " + flows + "/{wf}/properties-snapshot/{snapshot}", anything, false, false, (*server).properties},
		{"GET " + flows + "/{wf}/overview", anything, false, false, (*server).overview},
		{"GET " + flows + "/{wf}/timeline", anything, false, false, (*server).timeline},

		// Actions on workflows.
		{"POST " + flows + "/{wf}/versions/{version}/actions/start", jsonBody, true, false, (*server).start},
		{"PUT " + flows + "/actions/validate", jsonBody, true, false, (*server).validateJSON},
		{"PUT " + flows + "/actions/validate/yaml", yamlBody, true, false, (*server).validateYAML},
		{"PUT " + flows + "/{wf}/actions/deactivate", anything, true, false, onWorkflow("workflows cannot be deactivated")},
		{"PUT " + flows + "/{wf}/versions/{version}/actions/activate", anything, true, false, onWorkflow("versions cannot be activated; push the version that shall be active")},
		{"PUT " + flows + "/{wf}/actions/stop", anything, true, false, actOnAll(instance.Stop)},
		{"PUT " + flows + "/{wf}/actions/kill", anything, true, false, actOnAll(instance.Kill)},
		{"PUT " + flows + "/{wf}/actions/unblock", anything, true, false, later("runs cannot be unblocked")},

		// Runs.
		{"GET " + flows + "/instances/action-map", anything, false, false, actionMap(api.AppendActionMap)},
		{"GET " + instances, anything, false, false, (*server).latestRun},
		{"GET " + runs, anything, false, false, (*server).run},
		{"GET " + instances + "/runs", anything, false, false, (*server).runs},
		{"GET " + flows + "/{wf}/instances", anything, false, false, (*server).instances},
		{"POST " + instances + "/actions/restart", jsonBody, true, false, (*server).restart},
		{"PUT " + instances + "/actions/stop", anything, true, false, actOnRun(instance.Stop)},
		{"PUT " + instances + "/actions/kill", anything, true, false, actOnRun(instance.Kill)},
		{"PUT " + instances + "/actions/release", anything, true, false, (*server).release},
		{"PUT " + instances + "/actions/unblock", anything, true, false, (*server).unblock},
		{"PUT " + runs + "/actions/stop", anything, true, false, actOnRun(instance.Stop)},
		{"PUT " + runs + "/actions/kill", anything, true, false, actOnRun(instance.Kill)},
		{"PUT " + runs + "/actions/release", anything, true, false, (*server).release},
		{"PUT " + runs + "/actions/unblock", anything, true, false, (*server).unblock},

		// Steps.
		{"GET " + flows + "/steps/instances/action-map", anything, false, false, actionMap(api.AppendStepActionMap)},
		{"GET " + instances + "/steps/{step}", anything, false, false, (*server).step},
		{"GET " + runs + "/steps/{step}/attempts", anything, false, false, (*server).attempts},
		{"GET " + runs + "/steps/{step}/attempts/{attempt}", anything, false, false, (*server).attempt},
		{"GET " + runs + "/steps/{step}/attempts/{attempt}/logs", anything, false, true, (*server).logs},
		{"GET " + instances + "/steps", anything, false, false, (*server).steps},
		{"GET " + runs + "/steps", anything, false, false, (*server).stepsOfRun},
		{"POST " + instances + "/steps/{step}/actions/restart", jsonBody, true, false, later("steps cannot be restarted")},
		{"PUT " + instances + "/steps/{step}/actions/{action}", anything, true, false, (*server).actOnStep},

		// What is still to come.
		{"POST " + breakpoints, jsonBody, true, false, later(noBreakpoints)},
		{"DELETE " + breakpoints, anything, true, false, later(noBreakpoints)},
		{"GET " + breakpoints, anything, false, false, later(noBreakpoints)},
		{"GET " + breakpoints + "/paused-step-attempts", anything, false, false, later(noBreakpoints)},
		{"PUT " + breakpoints + "/{wf}/instances/{instance}/runs/{run}/steps/{step}/attempts/{attempt}/actions/resume", jsonBody, true, false, later(noBreakpoints)},
		{"GET " + flows + "/instances/inline-workflow-id", jsonBody, false, false, later(noInline)},
		{"GET " + instances + "/inline-path", anything, false, false, later(noInline)},
		{"POST " + base + "/signals", jsonBody, false, false, later("signals cannot be announced")},
		{"GET " + base + "/signals/{signal}/instances/{seq}", anything, false, false, (*server).signal},
		{"POST " + base + "/tag-permits", jsonBody, true, false, later(noPermits)},
		{"GET " + base + "/tag-permits/{tag}", anything, false, false, later(noPermits)},
		{"DELETE " + base + "/tag-permits/{tag}", anything, true, false, later(noPermits)},
		{"POST " + base + "/job-templates", jsonBody, true, false, later(noTemplates)},
		{"POST " + base + "/job-templates/yaml", yamlBody, true, false, later(noTemplates)},
		{"GET " + base + "/job-templates", anything, false, false, later(noTemplates)},
		{"GET " + base + "/job-templates/{type}", anything, false, false, later(noTemplates)},
		{"DELETE " + base + "/job-templates/{type}", anything, true, false, later(noTemplates)},
		{"PUT " + base + "/output-data", jsonBody, false, false, later("jobs cannot send output data")},

		{"GET /healthz", anything, false, false, (*server).healthz},
		{"GET /actuator/health", anything, false, false, (*server).healthz},
	}
}

// later is the endpoint of something that this version does not do.
func later(what string) func(*server, *call) error {
	return func(*server, *call) error {
		return fault.New(fault.Unsupported, "this version of segue does not do that yet: %s", what)
	}
}

// onWorkflow is later for a workflow and a version that must exist.
func onWorkflow(what string) func(*server, *call) error {
	return func(s *server, c *call) error {
		version := c.r.PathValue("version")
		if version == "" {
			version = "latest"
		}
		if _, err := s.readVersion(c, c.workflow(), version); err != nil {
			return err
		}
		return later(what)(s, c)
	}
}

// signal answers that a signal has not been announced, as none can be yet.
func (s *server) signal(c *call) error {
	if _, err := c.latestOr("seq", "signal sequence"); err != nil {
		return err
	}
	return fault.New(fault.NotFound, "signal [%s] has no instance [%s]: this version of segue takes no signals yet", c.r.PathValue("signal"), c.r.PathValue("seq"))
}

func actionMap(add func([]byte) []byte) func(*server, *call) error {
	return func(_ *server, c *call) error {
		c.out = add(c.out)
		return nil
	}
}

// handle makes a handler of a route.
func (s *server) handle(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if g, ok := w.(*guarded); ok {
			g.ours = true
			w = g.ResponseWriter
		}
		c := calls.Get().(*call)
		c.begin(s, w, req)
		defer c.end()
		if err := c.check(&r); err != nil {
			c.fail(err)
			return
		}
		if err := r.serve(s, c); err != nil {
			c.fail(err)
			return
		}
		if !c.answered {
			c.answer()
		}
	})
}
