package httpd

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/segue-run/segue/api"
	"github.com/segue-run/segue/fault"
	"github.com/segue-run/segue/workflow"
)

// call is one request under way. Handlers append their answer to out.
type call struct {
	s        *server
	w        http.ResponseWriter
	r        *http.Request
	id       uint64
	user     *workflow.User
	body     []byte
	out      []byte
	status   int
	answered bool // the answer has been begun
	values   url.Values
	began    time.Time
}

func (c *call) begin(s *server, w http.ResponseWriter, r *http.Request) {
	*c = call{s: s, w: w, r: r, id: s.requests.Add(1), body: c.body[:0], out: c.out[:0], status: http.StatusOK, began: time.Now()}
}

// keepMost is the size up to which buffers are used again.
const keepMost = 256 << 10

// end answers a panic, and gives the buffers back.
func (c *call) end() {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		c.s.Log.Error("panic", "request", c.requestID(), "method", c.r.Method, "path", c.r.URL.Path, "panic", p, "stack", string(debug.Stack()))
		if c.answered {
			panic(http.ErrAbortHandler) // the client must not take what it has for the whole
		}
		c.out = c.out[:0]
		c.fail(fault.New(fault.Internal, "the server has failed on this request; its log has more under request %s", c.requestID()))
	}
	if c.s.Log.Enabled(c.r.Context(), slog.LevelDebug) {
		c.s.Log.Debug("request", "request", c.requestID(), "method", c.r.Method, "path", c.r.URL.Path, "status", c.status, "took", time.Since(c.began))
	}
	if cap(c.out) > keepMost || cap(c.body) > keepMost {
		return
	}
	c.w, c.r, c.user, c.values = nil, nil, nil, nil
	calls.Put(c)
}

// requestID names the request in logs and to the client.
func (c *call) requestID() string { return c.s.process + "-" + strconv.FormatUint(c.id, 36) }

// workflow returns the workflow id of the path.
func (c *call) workflow() string { return c.r.PathValue("wf") }

// check refuses a request that a route does not take, and reads its body.
func (c *call) check(r *route) error {
	if !r.text && !accepts(c.r.Header["Accept"]) {
		return &refusal{http.StatusNotAcceptable, "NOT_ACCEPTABLE", "answers are application/json"}
	}
	if r.user {
		names, ok := c.r.Header["User"]
		if !ok {
			return fault.New(fault.BadRequest, "user name cannot be null: the header user must name who makes the request")
		}
		c.user = &workflow.User{Name: names[0]}
	}
	want := ""
	switch r.body {
	case anything:
		return nil
	case jsonBody:
		want = "application/json"
	case yamlBody:
		want = "application/yaml"
	}
	if kind := c.r.Header.Get("Content-Type"); !isType(kind, want) {
		return &refusal{http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", fmt.Sprintf("Content-Type %q is not supported here; send %s", kind, want)}
	}
	return c.read()
}

// isType reports whether a content type is the wanted one, whatever its parameters.
func isType(kind, want string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	return strings.EqualFold(strings.TrimSpace(kind), want)
}

// accepts reports whether a client that sends these Accept headers takes JSON.
func accepts(headers []string) bool {
	for _, h := range headers {
		for h != "" {
			var one string
			one, h, _ = strings.Cut(h, ",")
			one, quality, _ := strings.Cut(one, ";")
			one = strings.TrimSpace(one)
			q := strings.TrimSpace(quality)
			if (one == "*/*" || one == "application/*" || strings.HasPrefix(one, "application/json")) && q != "q=0" {
				return true
			}
		}
	}
	return len(headers) == 0
}

// read reads the body.
func (c *call) read() error {
	limit := c.s.Limits.Body
	control := http.NewResponseController(c.w)
	timed := control.SetReadDeadline(time.Now().Add(c.s.Limits.BodyTime)) == nil // a recorder in a test has no deadline
	if c.r.ContentLength > limit {
		return c.tooLarge()
	}
	body := io.LimitReader(c.r.Body, limit+1)
	for {
		if len(c.body) == cap(c.body) {
			c.body = append(c.body, make([]byte, max(512, int(c.r.ContentLength)+1-len(c.body), len(c.body)))...)[:len(c.body)]
		}
		n, err := body.Read(c.body[len(c.body):cap(c.body)])
		c.body = c.body[:len(c.body)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return fault.New(fault.BadRequest, "the body cannot be read: %w", err)
		}
	}
	if int64(len(c.body)) > limit {
		return c.tooLarge()
	}
	if timed {
		return control.SetReadDeadline(time.Time{})
	}
	return nil
}

// tooLarge refuses a body. What is left of it is dropped first, up to a bound, because a client that is still sending when
// the connection closes never sees the answer; one that has asked first (Expect: 100-continue) is not let send at all.
func (c *call) tooLarge() error {
	limit := c.s.Limits.Body
	if c.r.Header["Expect"] == nil {
		if _, err := io.CopyN(io.Discard, c.r.Body, 16*limit); err != nil && err != io.EOF {
			c.s.Log.Debug("body not dropped", "request", c.requestID(), "error", err)
		}
	}
	return &refusal{http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", fmt.Sprintf("the body is over the limit of %d bytes", limit)}
}

var (
	jsonType = []string{"application/json"}
	noSniff  = []string{"nosniff"}
)

// answer sends what the handler has appended.
func (c *call) answer() {
	h := c.w.Header()
	h["Content-Type"] = jsonType
	h["X-Content-Type-Options"] = noSniff
	h["Server"] = c.s.name
	h["Content-Length"] = []string{strconv.Itoa(len(c.out))}
	c.answered = true
	c.deadline()
	c.w.WriteHeader(c.status)
	if c.r.Method == http.MethodHead {
		return
	}
	if _, err := c.w.Write(c.out); err != nil {
		c.s.Log.Debug("answer not taken", "request", c.requestID(), "error", err)
	}
}

// deadline gives the client time to take the next piece of the answer.
func (c *call) deadline() {
	err := http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(c.s.Limits.WriteTime))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		c.s.Log.Debug("no write deadline", "request", c.requestID(), "error", err)
	}
}

// fail sends an error.
func (c *call) fail(err error) {
	code, body := problem(err)
	if code >= http.StatusInternalServerError && code != http.StatusServiceUnavailable && !errors.Is(err, errGone) {
		c.s.Log.Error("request failed", "request", c.requestID(), "method", c.r.Method, "path", c.r.URL.Path, "error", err)
	}
	if c.answered { // a stream breaks off
		panic(http.ErrAbortHandler)
	}
	h := c.w.Header()
	h["X-Request-Id"] = []string{c.requestID()}
	if code == http.StatusServiceUnavailable {
		h["Retry-After"] = []string{"1"}
	}
	c.status = code
	c.out = body.AppendJSON(c.out[:0])
	c.answer()
}

// reply is the answer of a document.
func (c *call) reply(d interface{ AppendJSON([]byte) []byte }) error {
	c.out = d.AppendJSON(c.out)
	return nil
}

// number returns a number of the path.
func (c *call) number(name, what string) (int64, error) {
	text := c.r.PathValue(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.BadRequest, "%s %q is not a number", what, text)
	}
	return n, nil
}

// latestOr returns a number of the path that may also be "latest", which is 0.
func (c *call) latestOr(name, what string) (int64, error) {
	if strings.EqualFold(c.r.PathValue(name), "latest") {
		return 0, nil
	}
	n, err := c.number(name, what)
	if err == nil && n < 0 {
		err = fault.New(fault.BadRequest, "%s %d is not a number from 1, or latest", what, n)
	}
	return n, err
}

// query returns a parameter of the query; "" = it is not there.
func (c *call) query(name string) string {
	if c.values == nil {
		if c.r.URL.RawQuery == "" {
			return ""
		}
		c.values = c.r.URL.Query()
	}
	return c.values.Get(name)
}

// flag returns a boolean of the query.
func (c *call) flag(name string, byDefault bool) (bool, error) {
	text := c.query(name)
	switch strings.ToLower(text) {
	case "":
		return byDefault, nil
	case "true", "on", "yes", "1":
		return true, nil
	case "false", "off", "no", "0":
		return false, nil
	}
	return false, fault.New(fault.BadRequest, "query parameter %s is %q; it must be true or false", name, text)
}

// problem returns status and body for an error.
func problem(err error) (int, api.Error) {
	var r *refusal
	if errors.As(err, &r) {
		return r.code, api.Error{Status: r.status, Message: r.message}
	}
	body := api.ErrorOf(err)
	return codes[fault.KindOf(err)], body
}

var codes = [...]int{
	fault.Internal: http.StatusInternalServerError, fault.BadRequest: http.StatusBadRequest, fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict, fault.Precondition: http.StatusPreconditionFailed,
	fault.Unprocessable: http.StatusUnprocessableEntity, fault.Timeout: http.StatusRequestTimeout,
	fault.Forbidden: http.StatusForbidden, fault.Unavailable: http.StatusServiceUnavailable,
	fault.Unsupported: http.StatusUnprocessableEntity,
}

// refusal is a request that HTTP itself has words for.
type refusal struct {
	code    int
	status  string
	message string
}

func (r *refusal) Error() string { return r.message }
