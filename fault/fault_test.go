package fault

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
)

// kinded is an error of another package that knows its kind.
type kinded struct{}

func (kinded) Error() string   { return "kinded" }
func (kinded) FaultKind() Kind { return Unavailable }

func TestTheOutermostKindCounts(t *testing.T) {
	notFound := New(NotFound, "no %s", "thing")
	for name, c := range map[string]struct {
		err  error
		want Kind
	}{
		"none":                         {io.EOF, Internal},
		"nil":                          {nil, Internal},
		"its own":                      {notFound, NotFound},
		"below a plain one":            {fmt.Errorf("read: %w", notFound), NotFound},
		"a place keeps the kind":       {In(notFound, "start run"), NotFound},
		"a new kind hides the old one": {New(BadRequest, "start run: %w", notFound), BadRequest},
		"a place around that":          {In(New(BadRequest, "start run: %w", notFound), "push"), BadRequest},
		"another package's":            {fmt.Errorf("commit: %w", kinded{}), Unavailable},
		"joined":                       {errors.Join(io.EOF, fmt.Errorf("x: %w", notFound)), NotFound},
		"joined without any":           {errors.Join(io.EOF, io.EOF), Internal},
	} {
		if got := KindOf(c.err); got != c.want || Is(c.err, c.want) != (c.err != nil) {
			t.Errorf("%s: kind %s, want %s", name, got, c.want)
		}
	}
}

func TestWhatWasWrappedStaysReachableAndIsSaidOnce(t *testing.T) {
	err := In(New(Unavailable, "read the head: %w", io.EOF), "start run: workflow %q", "etl")
	if got, want := err.Error(), `start run: workflow "etl": read the head: EOF`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is not reachable")
	}
	if err := In(nil, "start run"); err != nil {
		t.Errorf("an error was made of nothing: %v", err)
	}
}

func TestDetailsSurviveAPlace(t *testing.T) {
	err := WithDetails(BadRequest, "two problems", "a is missing", "b is too long")
	moved := In(fmt.Errorf("check: %w", err), "push")
	if got := DetailsOf(moved); !slices.Equal(got, []string{"a is missing", "b is too long"}) {
		t.Errorf("details %q", got)
	}
	if got, want := Lines(moved), "push: check: two problems\n  - a is missing\n  - b is too long"; got != want {
		t.Errorf("lines %q; want %q", got, want)
	}
	if got := Lines(io.EOF); got != "EOF" {
		t.Errorf("lines %q", got)
	}
}

// TestCodes: the codes of the v3 error body. A feature that is parsed and not run has the code of what cannot be processed.
func TestCodes(t *testing.T) {
	want := []string{
		"INTERNAL_ERROR", "BAD_REQUEST", "NOT_FOUND", "CONFLICT", "PRECONDITION_FAILED", "UNPROCESSABLE_ENTITY", "REQUEST_TIMEOUT",
		"FORBIDDEN", "SERVICE_UNAVAILABLE", "UNPROCESSABLE_ENTITY", "Kind(10)",
	}
	for i, code := range want {
		if got := Kind(i).String(); got != code {
			t.Errorf("kind %d: %s; want %s", i, got, code)
		}
	}
}
