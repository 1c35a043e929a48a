// Package client speaks to the v3 REST API of a server: it pushes definitions, starts runs, waits for their end, and reads
// what became of them.
//
// Above it are fault, whose kinds its errors carry, wire and the words; the command line, the benchmarks and tests of other
// packages use it. It knows the documents only as far as its answers go; the rest is in their Doc.
//
// The one thing to know before changing it: what is repeated must be safe to repeat. Reads and waits are; a start is,
// because it always has a request id; a push is not, because each one makes a version.
package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/wire"
)

// Client is a user of one server. It may be used by many goroutines at once.
type Client struct {
	base string
	user string
	// HTTP makes the requests. New sets it to a client with a pool of its own.
	HTTP *http.Client
	// Patience is how long a request that is safe to repeat is repeated while the server cannot be reached or is
	// overloaded. Default 10 s.
	Patience time.Duration
}

// New returns a client of the server at a base URL, such as http://127.0.0.1:8080, for a user.
func New(baseURL, user string) *Client {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     time.Minute,
		Proxy:               http.ProxyFromEnvironment,
	}
	return &Client{base: strings.TrimRight(baseURL, "/"), user: user, HTTP: &http.Client{Transport: transport}, Patience: 10 * time.Second}
}

const workflows = "/api/v3/workflows"

// path joins the parts of a path below that of all workflows, escaped.
func path(parts ...any) string {
	var b strings.Builder
	b.WriteString(workflows)
	for _, p := range parts {
		b.WriteByte('/')
		switch p := p.(type) {
		case string:
			b.WriteString(url.PathEscape(p))
		case int64:
			b.WriteString(strconv.FormatInt(p, 10))
		default:
			panic(fmt.Sprintf("client: a path of %T", p))
		}
	}
	return b.String()
}

// request is one request to be made, once or again.
type request struct {
	method string
	path   string
	kind   string // Content-Type
	body   []byte
	accept string
	repeat bool // it is safe to make it again
}

const (
	jsonType = "application/json"
	yamlType = "application/yaml"
)

// read makes a request and parses its answer.
func (c *Client) read(ctx context.Context, r request) (*wire.Node, []byte, error) {
	body, err := c.fetch(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	n, err := wire.Parse(body)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "%s %s: the answer is not JSON: %w", r.method, r.path, err)
	}
	return n, body, nil
}

// fetch makes a request and returns its answer.
func (c *Client) fetch(ctx context.Context, r request) ([]byte, error) {
	patience := time.Now().Add(c.Patience)
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		body, err := c.once(ctx, r)
		if err == nil || !r.repeat || !fault.Is(err, fault.Unavailable) || ctx.Err() != nil || time.Now().Add(wait).After(patience) {
			return body, err
		}
		if pause(ctx, wait) != nil {
			return nil, err
		}
	}
}

const (
	firstWait   = 50 * time.Millisecond
	longestWait = 2 * time.Second
)

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) once(ctx context.Context, r request) ([]byte, error) {
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return body(res)
}

// body reads an answer whole, so that its connection can be used again.
func body(res *http.Response) ([]byte, error) {
	if n := res.ContentLength; n >= 0 && n < 64<<20 {
		b := make([]byte, n)
		_, err := io.ReadFull(res.Body, b)
		return b, broken(err)
	}
	b, err := io.ReadAll(res.Body)
	return b, broken(err)
}

func broken(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "the answer has broken off: %w", err)
}

// send makes a request once. What is not a success is an error of the kind that the server says.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fault.New(fault.BadRequest, "%s %s: %w", r.method, c.base+r.path, err)
	}
	if c.user != "" {
		req.Header["User"] = []string{c.user}
	}
	if r.kind != "" {
		req.Header["Content-Type"] = []string{r.kind}
	}
	if r.accept != "" {
		req.Header["Accept"] = []string{r.accept}
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fault.New(fault.Timeout, "%s %s: %w", r.method, r.path, err)
		}
		return nil, fault.New(fault.Unavailable, "the server cannot be reached: %w", err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	text, err := body(res)
	if err != nil {
		return nil, err
	}
	return nil, failure(res.StatusCode, text)
}

// failure is the error that an answer stands for.
func failure(code int, body []byte) error {
	e, err := api.ReadError(body)
	if err != nil || e.Status == "" {
		return fault.New(kindOf(code), "the server has answered %d %s: %s", code, http.StatusText(code), clip(string(body)))
	}
	return fault.WithDetails(kindOf(code), e.Message, e.Errors...)
}

func clip(s string) string {
	const most = 500
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

var kinds = map[int]fault.Kind{
	http.StatusBadRequest: fault.BadRequest, http.StatusNotFound: fault.NotFound, http.StatusConflict: fault.Conflict,
	http.StatusPreconditionFailed: fault.Precondition, http.StatusUnprocessableEntity: fault.Unprocessable,
	http.StatusRequestTimeout: fault.Timeout, http.StatusGatewayTimeout: fault.Timeout,
	http.StatusUnauthorized: fault.Forbidden, http.StatusForbidden: fault.Forbidden, http.StatusMisdirectedRequest: fault.Forbidden,
	http.StatusServiceUnavailable: fault.Unavailable, http.StatusBadGateway: fault.Unavailable, http.StatusTooManyRequests: fault.Unavailable,
}

// kindOf returns the kind of an error by its HTTP status.
func kindOf(code int) fault.Kind {
	if k, ok := kinds[code]; ok {
		return k
	}
	if code < 500 {
		return fault.BadRequest
	}
	return fault.Internal
}
