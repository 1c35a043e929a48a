package httpd_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/segue-run/segue/httpd"
)

// BenchmarkStartAndWait starts runs of five internal steps over keep-alive connections, and reads each when it has ended.
func BenchmarkStartAndWait(b *testing.B) {
	w := newWorld(b, nil)
	var steps []string
	for _, s := range []string{"a:b", "b:c", "c:d", "d:e"} {
		id, next, _ := strings.Cut(s, ":")
		steps = append(steps, `{"step":{"id":"`+id+`","type":"noop","transition":{"successors":{"`+next+`":"true"}}}}`)
	}
	steps = append(steps, `{"step":{"id":"e","type":"noop"}}`)
	w.do("POST", api, `{"properties":{"owner":"o","run_strategy":1000},"workflow":{"id":"w","steps":[`+strings.Join(steps, ",")+`]}}`).is(200)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var size atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if body := send(b, c, "POST", w.url+api+"/w/versions/active/actions/start", manual); !strings.Contains(body, `"CREATED"`) {
				b.Error(body)
			} else {
				_, rest, _ := strings.Cut(body, `"workflow_instance_id":`)
				id, _, _ := strings.Cut(rest, ",")
				body = send(b, c, "GET", w.url+api+"/w/instances/"+id+"?wait=terminal", "")
				if !strings.Contains(body, `"status":"SUCCEEDED"`) {
					b.Error(body)
				}
				size.Store(int64(len(body)))
			}
		}
	})
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(size.Load()), "bytes")
}

// BenchmarkRead reads one run.
func BenchmarkRead(b *testing.B) {
	w := newWorld(b, func(*httpd.Deps) {})
	w.push("w", chain).is(200)
	w.start("w")
	w.get(api + "/w/instances/1?wait=terminal").is(200)
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			send(b, c, "GET", w.url+api+"/w/instances/1", "")
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func send(b *testing.B, c *http.Client, method, url, body string) string {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header["User"] = []string{"bench"}
	if body != "" {
		req.Header["Content-Type"] = []string{"application/json"}
	}
	res, err := c.Do(req)
	if err != nil {
		b.Error(err)
		return ""
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.Error(err)
	}
	if err := res.Body.Close(); err != nil {
		b.Error(err)
	}
	return string(text)
}
