package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/server"
)

// runFlags are the flags of `segue run`.
type runFlags struct {
	file   string
	params []string
	data   string
	output string
	user   string
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE",
		Short: "Run a workflow on this machine and show how it goes",
		Long: "Run a workflow on this machine, with its own database, and show how it goes. FILE is YAML, or JSON if it ends in .json.\n\n" +
			"The exit code is 0 if the run succeeded, 1 if it failed or was stopped, 2 if the definition or the command line is wrong,\n" +
			"3 if it timed out. An interrupt (Ctrl-C) stops the run: its commands get SIGTERM and, 10 seconds later, SIGKILL, and the exit\n" +
			"code is 1. A second one leaves at once, and commands are ended in the same way without it. The end of the terminal\n" +
			"(SIGHUP), SIGTERM, and an output that nobody reads any more (SIGPIPE) are interrupts.",
		Example: "  segue run examples/pipeline.yaml -p top=3\n" +
			"  segue run -o json --data ./kept hello.yaml\n" +
			"  segue run backfill.yaml -p 'days=[20240101, 20240102]'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("run takes one file with a workflow, for example: segue run examples/pipeline.yaml")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f.file = args[0]
			if c.Flags().Changed("data") && f.data == "" { // an unset variable in a script, which wants something kept
				return usage("--data is empty: name a directory, or leave the flag out for a temporary one")
			}
			ctx, stop := withInterrupts(c.Context())
			defer stop()
			return run(ctx, f, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringArrayVarP(&f.params, "param", "p", nil, "set a workflow param, `name=value`; a value that is no text is JSON (repeatable)")
	c.Flags().StringVar(&f.data, "data", "", "data `directory` to keep (default: a temporary one, kept only if the run does not succeed)")
	c.Flags().StringVarP(&f.output, "output", "o", "text", "`form` of the output: text, or json when the run has ended")
	c.Flags().StringVar(&f.user, "user", "", "`name` of the user who starts the run (default: the one of the system)")
	return c
}

// withInterrupts adds to a context that ends with SIGINT or SIGTERM what else leaves a run without anybody who watches it.
func withInterrupts(ctx context.Context) (context.Context, context.CancelFunc) {
	more := []os.Signal{syscall.SIGPIPE}
	if !signal.Ignored(syscall.SIGHUP) { // as by nohup
		more = append(more, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, more...)
}

// run pushes the definition to a server of its own, starts it, and follows the run to its end.
func run(ctx context.Context, f runFlags, stdout, stderr io.Writer) (err error) {
	if f.output != "text" && f.output != "json" {
		return usage("--output %q is not text or json", f.output)
	}
	definition, err := os.ReadFile(f.file)
	if err != nil {
		return usage("%v", err)
	}
	if f.user == "" {
		f.user = "local"
		if u := os.Getenv("USER"); u != "" {
			f.user = u
		}
	}
	temporary := f.data == ""
	if temporary {
		if f.data, err = os.MkdirTemp("", "segue-run-"); err != nil {
			return fmt.Errorf("make a temporary data directory (TMPDIR, or --data, says where): %w", err)
		}
	}
	if f.data, err = filepath.Abs(f.data); err != nil {
		return err
	}
	defer func() {
		switch code := exitStatus(err); {
		case !temporary:
		case code == exitOK || code == exitUsage:
			if e := os.RemoveAll(f.data); err == nil {
				err = e
			}
		case f.output == "text":
			fmt.Fprintf(stderr, "Logs and database are kept in %s\n", f.data)
		}
	}()
	l, err := launch(ctx, f, stderr)
	if err != nil {
		return err
	}
	defer func() {
		if e := l.close(); err == nil {
			err = e
		}
	}()
	l.temporary = temporary
	end, err := l.follow(ctx, definition, stdout, stderr)
	if err == nil && end != exitOK {
		err = exitCode(end)
	}
	return err
}

func exitStatus(err error) int {
	var code exitCode
	if err == nil || errors.As(err, &code) {
		return int(code)
	}
	return codeOf(err)
}

// local is a server in this process and the run that it is there for.
type local struct {
	flags     runFlags
	temporary bool // the data directory goes with a run that succeeds
	ended     bool // the run has ended, and so have its commands
	server    *server.Server
	http      http.Client
	stop      context.CancelFunc
	done      chan error
}

func launch(ctx context.Context, f runFlags, stderr io.Writer) (*local, error) {
	self, err := superviseSelf()
	if err != nil {
		return nil, err
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	s, err := server.Open(ctx, server.Config{
		Data: f.data, EnableCommand: true, Supervise: self, WorkDir: here, Version: version(),
		Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return nil, err
	}
	l := &local{flags: f, server: s, http: http.Client{Transport: inProcess{s.Handler()}}, done: make(chan error, 1)}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	ready := make(chan struct{})
	go func() { l.done <- s.Run(running, func() { close(ready) }) }()
	select {
	case <-ready:
		return l, nil
	case err := <-l.done:
		stop()
		return nil, err
	}
}

// close stops the server. Nobody may ever start another one on its directory, so commands do not go on without it.
func (l *local) close() error {
	if !l.ended {
		l.server.EndCommands()
	}
	l.stop()
	return <-l.done
}

// call makes one request of the REST API and decodes the answer into result, unless that is nil.
func (l *local) call(ctx context.Context, method, path, contentType string, body []byte, result any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("user", l.flags.user)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := l.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return refusal(resp.StatusCode, answer)
	}
	switch result := result.(type) {
	case nil:
		return nil
	case *rawText:
		*result = rawText(answer)
		return nil
	}
	return json.Unmarshal(answer, result)
}

// notValid is the message of the API for a document that breaks rules, which its details name.
const notValid = `400 BAD_REQUEST "Validation failure"`

// refusal turns the error body of the API into an error.
func refusal(status int, body []byte) error {
	var e struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	if json.Unmarshal(body, &e) != nil || e.Message == "" {
		e.Message = strings.TrimSpace(string(body))
	}
	if e.Message == notValid {
		e.Message = "the definition is not valid"
	} else if _, why, ok := strings.Cut(e.Message, " Error=["); ok {
		e.Message = "the workflow cannot be run as it is defined: " + strings.TrimSuffix(why, "]")
		e.Errors = slices.DeleteFunc(e.Errors, func(detail string) bool { return strings.Contains(why, detail) })
	}
	kind := fault.Internal
	switch {
	case status == http.StatusServiceUnavailable:
		kind = fault.Unavailable
	case status/100 == 4:
		kind = fault.BadRequest
	}
	return fault.WithDetails(kind, e.Message, e.Errors...)
}

// workflowPath returns the path of a workflow in the API.
func workflowPath(id string) string { return "/api/v3/workflows/" + url.PathEscape(id) }

// pushed is what `segue run` needs of a pushed definition.
type pushed struct {
	Definition struct {
		Workflow struct {
			ID     string `json:"id"`
			Name   string `json:"name"`
			Params map[string]struct {
				Type string `json:"type"`
			} `json:"params"`
		} `json:"workflow"`
	} `json:"workflow_definition"`
}

// follow pushes, starts and shows the run. It returns the exit code that its end stands for.
func (l *local) follow(ctx context.Context, definition []byte, stdout, stderr io.Writer) (int, error) {
	var p pushed
	path, contentType := "/api/v3/workflows/yaml", "application/yaml"
	if strings.EqualFold(filepath.Ext(l.flags.file), ".json") {
		path, contentType = "/api/v3/workflows", "application/json"
	}
	if err := l.call(ctx, http.MethodPost, path, contentType, definition, &p); err != nil {
		return 0, fault.In(err, "%s", l.flags.file)
	}
	request, err := l.startRequest(&p)
	if err != nil {
		return 0, err
	}
	id := p.Definition.Workflow.ID
	changes, unsubscribe := l.server.Node().Hub().SubscribeAll()
	defer unsubscribe()
	var started struct {
		Instance int64 `json:"workflow_instance_id"`
	}
	if err := l.call(ctx, http.MethodPost, workflowPath(id)+"/versions/latest/actions/start", "application/json", request, &started); err != nil {
		return 0, fault.In(err, "%s", l.flags.file)
	}
	v := newViewer(l, id, started.Instance, stdout, stderr)
	return v.watch(ctx, changes)
}

// listed names the keys of a map.
func listed[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// isLong tells whether a decoded JSON value is an integer of 64 bits. The API takes 1.5 for a LONG, as 1; somebody who
// types it has made a mistake.
func isLong(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	_, err := n.Int64()
	return err == nil
}

// startRequest returns the body of the start: the params of the command line, each with the type that the workflow gives
// it.
func (l *local) startRequest(p *pushed) ([]byte, error) {
	type definition struct {
		Value any    `json:"value"`
		Type  string `json:"type"`
	}
	params := map[string]definition{}
	for _, text := range l.flags.params {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usage("--param %q is not name=value", text)
		}
		d, ok := p.Definition.Workflow.Params[name]
		if !ok {
			return nil, usage("--param %s: workflow %s has no such param; it has %s", name, p.Definition.Workflow.ID, listed(p.Definition.Workflow.Params))
		}
		t := d.Type
		var v any = value
		if t != "STRING" {
			d := json.NewDecoder(strings.NewReader(value))
			d.UseNumber()
			if err := d.Decode(&v); err != nil || d.More() || t == "LONG" && !isLong(v) {
				return nil, usage("--param %s: %q is not a value of type %s", name, value, t)
			}
		}
		if t == "MAP" {
			return nil, usage("--param %s: a param of type MAP cannot be set on the command line", name)
		}
		params[name] = definition{v, t}
	}
	return json.Marshal(map[string]any{"initiator": map[string]string{"type": "manual"}, "run_params": params})
}
