package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	got := strings.Split(strings.TrimSpace(address.ReplaceAllString(out.String(), "ADDRESS")), "\n")
	slices.Sort(got)
	want := []string{`node 1 hears "node 2 is at ADDRESS"`, `node 2 hears "node 1 is at ADDRESS"`}
	if !slices.Equal(got, want) {
		t.Errorf("run prints lines %q, want %q", got, want)
	}
}

func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("run with an ended context = %v, want an error that wraps %v", err, context.Canceled)
	}
}
