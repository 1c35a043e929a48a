package httpd_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/segue-run/segue/httpd"
)

// Whatever is asked, the server answers with JSON and does not fail.
func FuzzRequest(f *testing.F) {
	w := newWorld(f, nil)
	w.push("w", chain).is(200)
	w.start("w")
	w.get(api + "/w/instances/1?wait=terminal").is(200)
	for _, seed := range [][4]string{
		{"GET", "/w/instances/1", "enriched=false", ""},
		{"GET", "/w/instances/1/runs/latest/steps/a/attempts/1", "", ""},
		{"GET", "/w/instances/1/runs/1/steps/a/attempts/1/logs", "tail=1&stream=stderr", ""},
		{"GET", "/w/instances", "first=3&cursor=2", ""},
		{"GET", "/w/versions/pagination", "last=200", ""},
		{"GET", "/w\x00\xff/overview", "", ""},
		{"GET", "", "first=1&cursor=9223372036854775807", ""},
		{"GET", "/w/instances/-9223372036854775808/runs", "last=1&cursor=9223372036854775807", ""},
		{"POST", "", "", `{"properties":{"owner":"o"},"workflow":{"id":"v","steps":[` + noop + `]}}`},
		{"POST", "/w/versions/default/actions/start", "", `{"initiator":{"type":"manual"},"run_params":{"x":{"value":{"y":{"expression":"1+1","type":"LONG"}},"type":"MAP"}}}`},
		{"POST", "/w/versions/1/actions/start", "", `{"initiator":{"type":"TIME","trigger_uuid":"x"},"request_id":"7c8b14c4-1b2a-4c3d-9e4f-5a6b7c8d9e0f"}`},
		{"PUT", "/actions/validate", "", `{"workflow":{"id":"v","steps":[` + chain + `]}}`},
		{"PUT", "/w/instances/1/actions/stop", "", ""},
		{"PUT", "/w/actions/kill", "", ""},
		{"POST", "/w/instances/1/actions/restart", "", `{"restart_policy":"RESTART_FROM_BEGINNING"}`},
		{"DELETE", "/w", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	handler := httpd.New(w.deps)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		if strings.Contains(query, "wait") || strings.Contains(query, "follow") {
			t.Skip("it may wait")
		}
		r, err := http.NewRequest(method, "http://localhost"+api, strings.NewReader(body))
		if err != nil {
			t.Skip(err)
		}
		r.URL = &url.URL{Path: api + path, RawQuery: query}
		r.Header.Set("User", "u")
		r.Header.Set("Content-Type", "application/json")
		a := httptest.NewRecorder()
		handler.ServeHTTP(a, r)
		if a.Code >= 500 {
			t.Fatalf("%s %q?%q %q: %d %s", method, path, query, body, a.Code, a.Body)
		}
		if a.Code >= 300 && a.Code < 400 || method == http.MethodHead || strings.HasPrefix(a.Header().Get("Content-Type"), "text/plain") {
			return
		}
		if !json.Valid(a.Body.Bytes()) {
			t.Fatalf("%s %q?%q %q: %d %q", method, path, query, body, a.Code, a.Body)
		}
	})
}
