package main

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"slices"
	"testing"
)

// node runs the program and returns what it prints, line by line.
func node(t *testing.T, args ...string) *bufio.Scanner {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error)
	go func() { ended <- run(ctx, args, w) }()
	t.Cleanup(func() {
		cancel()
		r.Close() // whatever is being printed is not waited for
		if err := <-ended; err != nil {
			t.Errorf("run(%q): %v", args, err)
		}
	})
	return bufio.NewScanner(r)
}

// expect reads as many lines as are wanted, which may come in any order.
func expect(t *testing.T, lines *bufio.Scanner, want ...string) {
	t.Helper()
	var got []string
	for range want {
		if !lines.Scan() {
			t.Fatalf("output ends after %q (%v), want %q", got, lines.Err(), want)
		}
		got = append(got, lines.Text())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("got lines %q, want %q", got, want)
	}
}

func TestTwoNodes(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "1"), filepath.Join(dir, "2")

	one := node(t, "1", "unix:"+first)
	expect(t, one, "load:1 is 0.7")
	two := node(t, "2", "unix:"+second, "unix="+first)
	expect(t, two, "load:1 is 0.7", "load:2 is 0.7")
	expect(t, one, "load:2 is 0.7")
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"1"}, {"x", "127.0.0.1:0"}, {"1", "127.0.0.1:0", "carrier-pigeon=coop"}, {"1", "nowhere"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("run(%q) = nil, want an error", args)
		}
	}
}
