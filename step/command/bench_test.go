//go:build linux

package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segue-run/segue/step"
)

// BenchmarkStart measures from the call of Start to its answer (the command has been executed and its start is on disk)
// and to the end of a command that ends at once, as Observe says it; and the memory of a supervisor.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	r, err := New(Config{Dir: filepath.Join(dir, "attempts"), Self: []string{os.Args[0], superviseArg}, WorkDir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	pushes := make(chan string, 10)
	r.SetPush(func(uuid string) { pushes <- uuid })
	var toAnswer, toEnd time.Duration
	n := 0
	for b.Loop() {
		n++
		a := &step.Attempt{UUID: fmt.Sprintf("00-%d", n), Params: map[string]any{"command": []string{"cat", "/proc/self/stat"}}}
		before := time.Now()
		if _, err := r.Start(b.Context(), a); err != nil {
			b.Fatal(err)
		}
		toAnswer += time.Since(before)
		<-pushes
		p, err := r.Observe(b.Context(), a, "")
		if err != nil || p.State != step.Done {
			b.Fatal(p, err)
		}
		toEnd += time.Since(before)
		r.Forget(b.Context(), a.UUID)
	}
	b.ReportMetric(float64(toAnswer.Microseconds())/float64(n), "us/answer")
	b.ReportMetric(float64(toEnd.Microseconds())/float64(n), "us/end")

	held := &step.Attempt{UUID: "ff-held", Params: map[string]any{"command": []string{"sleep", "1000"}}}
	p, err := r.Start(b.Context(), held)
	if err != nil {
		b.Fatal(err)
	}
	_, pid, _ := strings.Cut(p.Handle, "pid=")
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		for name, unit := range map[string]string{"VmRSS:": "kB-rss", "RssAnon:": "kB-anon", "Threads:": "threads"} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(v, unit)
			}
		}
	}
	if _, err := r.Terminate(b.Context(), held, "", step.ByStop); err != nil {
		b.Fatal(err)
	}
	<-pushes
}
