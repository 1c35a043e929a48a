package httpd

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewServer returns a server for a handler of New. Requests that wait for something are let go when ctx ends, so that
// Shutdown need not wait for them.
func NewServer(ctx context.Context, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
