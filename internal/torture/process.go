package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	address, err := freeAddress(rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)))
	if err != nil {
		return nil, err
	}
	return &process{o: o, address: address, log: filepath.Join(o.dir, "server.log")}, nil
}

// The ports that freeAddress chooses from. They are below those that systems give to outgoing connections: a client that
// connects to such a port again and again while nobody listens is in the end given the same port for itself, and is
// connected to itself, and then the server cannot have it.
const firstPort, lastPort = 12000, 30000

// freeAddress returns an address that is free now. The server is given the same one each time, as clients know it.
func freeAddress(rng *rand.Rand) (string, error) {
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rng.IntN(lastPort-firstPort))
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", fmt.Errorf("no free port between %d and %d: %w", firstPort, lastPort, err)
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

// freeze stops the server for a while, as a machine that swaps or a debugger does.
func (p *process) freeze(ctx context.Context, d time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	err := sleep(ctx, d)
	return errors.Join(err, p.cmd.Process.Signal(syscall.SIGCONT))
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
