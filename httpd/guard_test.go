package httpd_test

import (
	"strings"
	"testing"

	"github.com/segue-run/segue/httpd"
)

func TestRoutes(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/api/v3/nothing").is(404).has("status", `"NOT_FOUND"`)
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

func TestGuard(t *testing.T) {
	w := newWorld(t, func(d *httpd.Deps) { d.Hosts = []string{"Segue.example:80"} })
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
