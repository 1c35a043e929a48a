package httpd

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guard lets through what comes from programs and from pages of this server itself, and refuses what a page of another
// site makes a browser send: by its origin, or by the name under which that site has itself resolved to this machine. It
// also answers for routes that do not exist.
func (s *server) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.admit(r); err != nil {
			s.refuse(w, r, err)
			return
		}
		mux.ServeHTTP(&guarded{ResponseWriter: w, s: s, r: r}, r)
	})
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, err *refusal) {
	c := calls.Get().(*call)
	c.begin(s, w, r)
	defer c.end()
	c.fail(err)
}

// admit says what is wrong with where a request comes from, or nil.
func (s *server) admit(r *http.Request) *refusal {
	if !s.hosts["*"] && !s.knows(r) {
		return &refusal{http.StatusMisdirectedRequest, "MISDIRECTED_REQUEST",
			fmt.Sprintf("this server is not known as %q; start it with --host %s if it shall be", r.Host, hostOf(r.Host))}
	}
	if sites := r.Header["Sec-Fetch-Site"]; len(sites) > 0 && sites[0] != "same-origin" && sites[0] != "none" {
		return &refusal{http.StatusForbidden, "FORBIDDEN", "requests of pages of other sites are refused (Sec-Fetch-Site: " + sites[0] + ")"}
	}
	if origins := r.Header["Origin"]; len(origins) > 0 {
		if u, err := url.Parse(origins[0]); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return &refusal{http.StatusForbidden, "FORBIDDEN", "requests of pages of other sites are refused (Origin: " + origins[0] + ")"}
		}
	}
	return nil
}

// knows reports whether the Host of a request is a name of this server: a loopback name, the very address that the
// client has connected to, or a configured name.
func (s *server) knows(r *http.Request) bool {
	host := hostOf(r.Host)
	if s.hosts[host] {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return strings.HasSuffix(host, ".localhost")
	}
	if ip.IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.AddrPort().Addr().Unmap() == ip.Unmap()
}

// hostOf returns the name of a host without its port, in lower case.
func hostOf(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 && strings.Count(host, ":") == 1 || strings.Contains(host, "]:") {
		host = host[:i]
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func allowedHosts(names []string) map[string]bool {
	m := map[string]bool{"localhost": true}
	for _, n := range names {
		if n == "*" {
			m[n] = true
			continue
		}
		m[hostOf(n)] = true
	}
	return m
}

// guarded turns the mux's own answers (there is no such route, or not with this method, or under a cleaner path) into ours.
type guarded struct {
	http.ResponseWriter
	s     *server
	r     *http.Request
	ours  bool // a handler of this package answers
	muted bool // the mux's text is not sent
}

// WriteHeader is called by the mux alone.
func (g *guarded) WriteHeader(code int) {
	if g.ours {
		g.ResponseWriter.WriteHeader(code)
		return
	}
	g.muted = true
	err := &refusal{code, "NOT_FOUND", fmt.Sprintf("there is no %s", g.r.URL.Path)}
	if cleaner := g.Header().Get("Location"); cleaner != "" {
		g.Header().Del("Location")
		err = &refusal{http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("there is no %s; perhaps %s is meant", g.r.URL.Path, cleaner)}
	} else if code == http.StatusMethodNotAllowed {
		err = &refusal{code, "METHOD_NOT_ALLOWED", fmt.Sprintf("%s does not take %s; it takes %s", g.r.URL.Path, g.r.Method, g.Header().Get("Allow"))}
	} else if code != http.StatusNotFound {
		err = &refusal{code, "BAD_REQUEST", http.StatusText(code)}
	}
	g.s.refuse(g.ResponseWriter, g.r, err)
}

// Write drops the mux's text.
func (g *guarded) Write(b []byte) (int, error) {
	if g.muted {
		return len(b), nil
	}
	return g.ResponseWriter.Write(b)
}

// Unwrap gives the deadlines of the connection to http.ResponseController.
func (g *guarded) Unwrap() http.ResponseWriter { return g.ResponseWriter }
