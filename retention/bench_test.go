package retention_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/httpd"
	"github.com/segue-run/segue/retention"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/store/sqlite"
)

// node is a node on SQLite with much history.
type node struct {
	*testing.B
	*server.Node
	store *sqlite.Store
	face  http.Handler
}

func newNode(b *testing.B) *node {
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	n := &node{B: b, Node: server.NewNode(server.NodeOptions{Name: "bench", Store: s}), store: s}
	if err := n.Claim(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Node.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	n.face = server.Face(n.Node, 0, httpd.Deps{})
	for id, steps := range map[string]int{"small": 5, "large": 40} {
		var list []string
		for i := range steps {
			list = append(list, fmt.Sprintf(`{"step":{"id":"s%d","type":"noop","params":{"x":{"value":"${p} and more","type":"STRING"}}}}`, i))
		}
		n.do("POST", workflows, `{"properties":{"owner":"x","run_strategy":"parallel"},"workflow":{"id":"`+id+`","params":{"p":{"value":"v","type":"STRING"}},"steps":[`+strings.Join(list, ",")+`]}}`)
	}
	return n
}

func (n *node) do(method, path, body string) {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("user", "tester")
	r.Header.Set("Content-Type", "application/json")
	a := httptest.NewRecorder()
	n.face.ServeHTTP(a, r)
	if a.Code != 200 {
		n.Errorf("%s %s: %d %s", method, path, a.Code, a.Body)
	}
}

func (n *node) start(id string) {
	n.do("POST", workflows+"/"+id+"/versions/active/actions/start", `{"initiator":{"type":"manual"}}`)
}

// fill starts runs, all at once.
func (n *node) fill(id string, runs int) {
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range runs / 16 {
				n.start(id)
			}
		})
	}
	all.Wait()
}

// clean removes all runs but the newest.
func (n *node) clean() retention.Report {
	j := retention.New(retention.Options{
		Store: n.store, Ask: n.Ask, Plans: n.Plans(), Clock: server.WallClock, Retention: engine.Retention{KeepRuns: 1},
	})
	report, err := j.Pass(n.Context())
	if err != nil {
		n.Fatal(err)
	}
	return report
}

// BenchmarkRemove removes history while nothing else happens.
func BenchmarkRemove(b *testing.B) {
	for _, id := range []string{"small", "large"} {
		b.Run(id, func(b *testing.B) {
			n := newNode(b)
			var took time.Duration
			rows, runs := 0, 0
			for b.Loop() {
				b.StopTimer()
				n.fill(id, 1600)
				b.StartTimer()
				began := time.Now()
				report := n.clean()
				took += time.Since(began)
				rows, runs = rows+report.Rows, runs+report.Runs
			}
			b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
			b.ReportMetric(float64(runs)/took.Seconds(), "runs/s")
		})
	}
}

// BenchmarkStart starts runs of five steps by 4 clients, while nothing else happens and beside the removal of history.
func BenchmarkStart(b *testing.B) {
	for _, beside := range []bool{false, true} {
		b.Run(fmt.Sprintf("beside=%t", beside), func(b *testing.B) {
			n := newNode(b)
			var took []time.Duration
			var elapsed time.Duration
			for b.Loop() {
				b.StopTimer()
				n.fill("large", 3200)
				b.StartTimer()
				over := make(chan struct{})
				if beside {
					go func() { n.clean(); close(over) }()
				} else {
					close(over)
				}
				began := time.Now()
				var mu sync.Mutex
				var all sync.WaitGroup
				for range 4 {
					all.Go(func() {
						for i := 0; i < 250; i++ {
							at := time.Now()
							n.start("small")
							mu.Lock()
							took = append(took, time.Since(at))
							mu.Unlock()
						}
					})
				}
				all.Wait()
				elapsed += time.Since(began)
				<-over
			}
			slices.Sort(took)
			b.ReportMetric(float64(len(took))/elapsed.Seconds(), "starts/s")
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
		})
	}
}
