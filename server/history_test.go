//go:build unix

package server_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segue-run/segue/engine"
	"github.com/segue-run/segue/retention"
	"github.com/segue-run/segue/server"
	"github.com/segue-run/segue/step"
	"github.com/segue-run/segue/step/command"
)

// cutter is a runtime that is interrupted after it has discarded some attempts.
type cutter struct {
	step.Runtime
	left int
	cut  context.CancelFunc
}

func (c *cutter) Discard(ctx context.Context, uuid string) error {
	err := c.Runtime.(step.Discarder).Discard(ctx, uuid)
	if c.left--; c.left == 0 {
		c.cut()
	}
	return err
}

// Old runs go with their logs; the newest one stays. What a server that ends in the middle has left, the next one removes.
func TestHistory(t *testing.T) {
	dir := t.TempDir()
	var later atomic.Int64
	open := func() *up {
		return run(t, dir, func(c *server.Config) {
			keep := engine.DefaultRetention()
			c.Retention = &keep
			c.Clock = func() int64 { return server.WallClock() + later.Load() }
		})
	}
	u := open()
	u.commands("echo hello")
	const runs = 5
	instance := func(n int) string { return fmt.Sprintf("%s/c/instances/%d", workflows, n) }
	log := func(n int) string { return instance(n) + "/runs/1/steps/a/attempts/1/logs" }
	for n := 1; n <= runs; n++ {
		u.do("POST", startC, manual)
		u.do("GET", instance(n)+"?wait=terminal", "")
		if a := u.do("GET", log(n), ""); a != "hello\n" {
			t.Fatalf("log %d is %q", n, a)
		}
	}
	clean := func(want retention.Report) {
		t.Helper()
		if got, err := u.Clean(t.Context()); got != want || err != nil {
			t.Errorf("removed %+v, %v; want %+v", got, err, want)
		}
	}
	clean(retention.Report{})
	later.Store((91 * 24 * time.Hour).Milliseconds())
	runtime, err := command.New(command.Config{Dir: filepath.Join(dir, "command"), Self: []string{os.Args[0], superviseArg}})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.Close()
	ctx, cut := context.WithCancel(t.Context())
	interrupted := retention.New(retention.Options{
		Store: u.Node().Store(), Ask: u.Node().Ask, Plans: u.Node().Plans(), Retention: engine.DefaultRetention(),
		Runtimes: map[string]step.Runtime{"command": &cutter{runtime, 2, cut}},
		Clock:    func() int64 { return server.WallClock() + later.Load() },
	})
	if report, err := interrupted.Pass(ctx); err == nil || report != (retention.Report{Attempts: 2}) {
		t.Errorf("interrupted: %+v, %v", report, err)
	}
	u.end()
	u = open()
	defer u.end()
	u.do("GET", instance(1), "")
	if a := serve(u.face, "GET", log(1), ""); a.Code != 404 {
		t.Errorf("a log that was discarded: %d %s", a.Code, a.Body)
	}
	clean(retention.Report{Runs: runs - 1, Rows: runs - 1, Attempts: runs - 1})
	clean(retention.Report{})
	for n := 1; n < runs; n++ {
		for _, path := range []string{instance(n), instance(n) + "/runs/1", instance(n) + "/steps/a", log(n)} {
			if a := serve(u.face, "GET", path, ""); a.Code != 404 || !strings.Contains(a.Body.String(), "its history has been removed") {
				t.Errorf("%s: %d %s", path, a.Code, a.Body)
			}
		}
		if a := serve(u.face, "PUT", instance(n)+"/actions/stop", ""); a.Code != 404 {
			t.Errorf("stop %d: %d %s", n, a.Code, a.Body)
		}
	}
	if a := u.do("GET", log(runs), ""); a != "hello\n" {
		t.Errorf("the newest log is %q", a)
	}
	if a := u.do("GET", workflows+"/c/instances?first=10", ""); !strings.Contains(a, `"total_count":1`) {
		t.Errorf("instances: %s", a)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "command", "??", "*")); len(left) != 1 || err != nil {
		t.Errorf("left are %v, %v", left, err)
	}
	if a := u.do("POST", startC, manual); !strings.Contains(a, fmt.Sprintf(`"workflow_instance_id":%d`, runs+1)) {
		t.Errorf("the next one: %s", a)
	}
	u.do("GET", instance(runs+1)+"?wait=terminal", "")
}
