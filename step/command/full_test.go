//go:build linux

package command

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/segue-run/segue/step"
)

// A full disk delays starts and ends; when there is room again, both happen, once.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs the right to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(disk, "filler")
	fill := func() {
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
	}
	g := rigged(t, func(c *Config) { c.Dir = filepath.Join(disk, "attempts") })
	params := map[string]any{"command": "exec 9<>" + g.world.fifo(uuid, ".begun") + "; echo x >>" + g.world.trace(uuid, ".runs") +
		"; echo ready >&9; read x <" + g.world.fifo(uuid, ".go") + "; head -c 3000000 /dev/zero; echo $? >&9; exit 6"}

	fill()
	for range 3 {
		if p, err := g.Start(t.Context(), attemptOf(params)); err == nil {
			t.Fatalf("start on a full disk: %v", p)
		}
	}
	if n := g.world.Runs(uuid); n != 0 {
		t.Fatalf("the command ran %d times on a full disk", n)
	}
	os.Remove(filler)
	p := g.start(params)
	if got := g.line(g.world.trace(uuid, ".begun")); got != "ready" {
		t.Fatalf("the command says %q", got)
	}
	fill()
	g.world.Release(uuid)
	if got := g.line(g.world.trace(uuid, ".begun")); got != "0" { // its output is dropped, and it does not notice
		t.Errorf("head ended with %q", got)
	}
	if q := g.observe(); q.State != step.Running {
		t.Errorf("an end that is not on disk: %v", q.State)
	}
	os.Remove(filler)
	p = g.settle(p)
	if p.State != step.UserError || p.Message != "exit code 6" {
		t.Errorf("%v: %q", p.State, p.Message)
	}
	if n := g.world.Runs(uuid); n != 1 {
		t.Errorf("the command ran %d times", n)
	}
}
