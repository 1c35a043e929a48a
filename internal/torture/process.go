package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is the server under torture.
type process struct {
	o       options
	address string
	log     string
	cmd     *exec.Cmd
	ended   chan error // gets how it ended, once
}

func newProcess(o options) (*process, error) {
	// A port that is free now; the server is given the same one each time, as clients know it.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return &process{o: o, address: l.Addr().String(), log: filepath.Join(o.dir, "server.log")}, nil
}

// start starts the server and waits until it answers.
func (p *process) start(ctx context.Context) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"server", "--data", filepath.Join(p.o.dir, "data"), "--listen", p.address, "--enable-command"}
	p.cmd = exec.Command(p.o.segue, append(args, strings.Fields(p.o.flags)...)...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.ended = make(chan error, 1)
	go func(cmd *exec.Cmd, ended chan error) { ended <- cmd.Wait() }(p.cmd, p.ended)
	deadline := time.Now().Add(time.Minute)
	for {
		if err := p.alive(); err != nil {
			return err
		}
		resp, err := http.Get("http://" + p.address + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server does not answer a minute after its start; see %s", p.log)
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// alive returns an error if the server has ended by itself.
func (p *process) alive() error {
	select {
	case err := <-p.ended:
		p.ended <- err
		return fmt.Errorf("the server ended by itself (%v); see %s", err, p.log)
	default:
		return nil
	}
}

// kill kills the server, and only it: its commands go on.
func (p *process) kill() error {
	if p.cmd == nil {
		return nil
	}
	p.cmd.Process.Kill() // an error means that it has ended
	<-p.ended
	p.cmd = nil
	return nil
}

// stop asks the server to end.
func (p *process) stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.ended:
		p.cmd = nil
		if err != nil {
			return fmt.Errorf("the server was asked to end, and: %w; see %s", err, p.log)
		}
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("the server was asked to end and did not within a minute; see %s", p.log)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
