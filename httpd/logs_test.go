package httpd_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segue-run/segue/httpd"
)

// TestLogWhoseReaderLeaves: a client that does not want the rest of a log is no error of the server.
func TestLogWhoseReaderLeaves(t *testing.T) {
	var logged bytes.Buffer
	t.Cleanup(func() { // after the server is closed, and so has ended its requests
		if logged.Len() > 0 {
			t.Errorf("the server has logged %s", &logged)
		}
	})
	w := newWorld(t, func(d *httpd.Deps) { d.Log = slog.New(slog.NewTextHandler(&logged, nil)) })
	w.push("w", command).is(200)
	w.start("w")
	<-w.runtime.began
	text := strings.Repeat("x", 32<<20)
	w.runtime.log.text.Store(&text)
	for _, q := range []string{"", "?follow=true"} {
		res, err := http.Get(w.url + api + "/w/instances/1/runs/1/steps/a/attempts/1/logs" + q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 1000)); err != nil {
			t.Error(err)
		}
		res.Body.Close()
	}
}

// TestLogIsFollowedUntilTheServerStops: what a reader has then is not the whole, and HTTP says so.
func TestLogIsFollowedUntilTheServerStops(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", command).is(200)
	w.start("w")
	<-w.runtime.began
	text := "one\n"
	w.runtime.log.text.Store(&text)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	face := httptest.NewUnstartedServer(nil)
	face.Config = httpd.NewServer(ctx, httpd.New(w.deps), w.deps.Log)
	face.Start()
	defer face.Close()
	res, err := http.Get(face.URL + api + "/w/instances/1/runs/1/steps/a/attempts/1/logs?follow=true")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
	stop()
	if rest, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("after the server has stopped: %q, %v; want an unexpected end", rest, err)
	}
}

func TestLogs(t *testing.T) {
	w := newWorld(t, nil)
	w.push("w", command).is(200)
	w.start("w")
	<-w.runtime.began
	path := api + "/w/instances/1/runs/1/steps/a/attempts/1/logs"
	text := "one\ntwo\nthree\n"
	w.runtime.log.text.Store(&text)
	if a := w.do("GET", path, "", "Accept", "text/plain").is(200); a.body != text || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%q, %v", a.body, a.header)
	}
	for q, want := range map[string]string{"tail=2": "two\nthree\n", "tail=0": "", "tail=9": text, "tail=1": "three\n"} {
		if a := w.get(path + "?" + q).is(200); a.body != want {
			t.Errorf("%s: %q, want %q", q, a.body, want)
		}
	}
	w.get(path + "?stream=stderr").is(404)
	w.get(path + "?stream=x").is(400)
	w.get(path + "?tail=x").is(400)

	w.runtime.logNot.Store(true)
	began := make(chan *http.Response)
	go func() {
		res, err := http.Get(w.url + path + "?follow=true&tail=1")
		if err != nil {
			t.Error(err)
		}
		began <- res
	}()
	w.runtime.logNot.Store(false)
	res := <-began
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	next := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("%q, %v; want %q", lines.Text(), lines.Err(), want)
		}
	}
	next("three")
	more := text + "four\n"
	w.runtime.log.text.Store(&more)
	next("four")
	last := more + "five\n"
	w.runtime.log.text.Store(&last)
	w.runtime.log.ended.Store(true)
	next("five")
	if lines.Scan() {
		t.Errorf("after the end: %q", lines.Text())
	}
}
