package httpd_test

import (
	"strings"
	"testing"

	"github.com/segue-run/segue/httpd"
)

func TestRoutes(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/api/v3/nothing").is(404).has("status", `"NOT_FOUND"`)
	w.get("/api//v3/workflows").is(404).has("status", `"NOT_FOUND"`).says("there is no /api//v3/workflows; perhaps /api/v3/workflows is meant")
	w.get(api + "/w/overview/").is(404)
	a := w.do("DELETE", api+"/w/overview", "").is(405).has("status", `"METHOD_NOT_ALLOWED"`)
	if !strings.Contains(a.header.Get("Allow"), "GET") || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", a.header)
	}
	w.get("/healthz").is(200).has("status", `"UP"`)
	w.get("/actuator/health").is(200)
	w.get(api+"/instances/action-map").is(200).has("CREATED/0", `"STOP"`, "FAILED/#", "2")
	w.get(api+"/steps/instances/action-map").is(200).has("NOT_CREATED", "-", "UNSATISFIED/#", "1")
	w.do("GET", api+"/instances/action-map", "", "Accept", "text/html").is(406)
	w.do("GET", api+"/instances/action-map", "", "Accept", "text/html, */*;q=0.1").is(200)
	w.do("DELETE", api+"/w", "").is(404)
	w.do("POST", api+"/w/properties", `{"step_concurrency":5}`).is(400).says("has not been created yet")
	w.push("w", noop).is(200)
	w.do("POST", api+"/w/properties", `{"step_concurrency":0}`).is(400).says("step_concurrency should be positive")
	for _, later := range []string{"POST /w/properties", "POST /w/properties/tag", "DELETE /w/properties/tag/t", "DELETE /w", "PUT /w/actions/unblock"} {
		method, path, _ := strings.Cut(later, " ")
		body := ""
		if method == "POST" {
			body = `{"name":"t"}`
		}
		if path == "/w/properties" {
			body = `{"owner":"b"}`
		}
		w.do(method, api+path, body).is(422).says("does not do that yet")
	}
}

// Whatever the original has and this version has not says so.
func TestStillToCome(t *testing.T) {
	w := newWorld(t, nil)
	for _, call := range []string{
		"POST " + api + "/steps/breakpoints", "GET " + api + "/steps/breakpoints", "DELETE " + api + "/steps/breakpoints?workflowId=w&stepId=a",
		"GET " + api + "/steps/breakpoints/paused-step-attempts", "PUT " + api + "/steps/breakpoints/w/instances/1/runs/latest/steps/a/attempts/1/actions/resume",
		"GET " + api + "/instances/inline-workflow-id", "GET " + api + "/w/instances/1/inline-path", "POST /api/v3/signals",
		"POST /api/v3/tag-permits", "GET /api/v3/tag-permits/t", "DELETE /api/v3/tag-permits/t", "POST /api/v3/job-templates",
		"GET /api/v3/job-templates", "GET /api/v3/job-templates/t", "DELETE /api/v3/job-templates/t", "PUT /api/v3/output-data",
	} {
		method, path, _ := strings.Cut(call, " ")
		w.do(method, path, `{}`).is(422).has("status", `"UNPROCESSABLE_ENTITY"`).says("this version of segue does not do that yet")
	}
	w.do("POST", "/api/v3/job-templates/yaml", "{}", "Content-Type", "application/yaml").is(422)
	w.do("POST", "/api/v3/tag-permits", `{}`, "user", "").is(400)
	w.get("/api/v3/signals/db%2Ft/instances/latest").is(404).has("status", `"NOT_FOUND"`).says("signal [db/t]")
	w.get("/api/v3/signals/s/instances/x").is(400)
}

func TestGuard(t *testing.T) {
	w := newWorld(t, func(d *httpd.Deps) { d.Hosts = []string{"Segue.example:80"} })
	w.do("GET", "/healthz", "", "Host", "evil.example:8080").is(421).says(`\"evil.example:8080\"`, "--host evil.example ")
	host := strings.TrimPrefix(w.url, "http://")
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"Host", "evil.example", 421},
		{"Host", "evil.example:8080", 421},
		{"Host", "10.1.2.3", 421},
		{"Host", "localhost.evil.example", 421},
		{"Host", "localhost:1234", 200},
		{"Host", "app.localhost", 200},
		{"Host", "[::1]:80", 200},
		{"Host", "127.0.0.1", 200},
		{"Host", "segue.EXAMPLE.", 200},
		{"Origin", "https://evil.example", 403},
		{"Origin", "null", 403},
		{"Origin", "http://" + host, 200},
		{"Sec-Fetch-Site", "cross-site", 403},
		{"Sec-Fetch-Site", "same-site", 403},
		{"Sec-Fetch-Site", "same-origin", 200},
		{"Sec-Fetch-Site", "none", 200},
	} {
		a := w.do("GET", "/healthz", "", c.name, c.value)
		if a.status != c.status {
			t.Errorf("%s: %s gets %d, want %d", c.name, c.value, a.status, c.status)
		}
	}
}
