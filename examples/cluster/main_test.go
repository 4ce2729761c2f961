package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

// stopAt is a writer that calls stop once text has gone through it.
type stopAt struct {
	bytes.Buffer
	text string
	stop func()
}

func (w *stopAt) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.stop()
	}
	return n, err
}

func TestCluster(t *testing.T) {
	for _, test := range []struct {
		name        string
		nodes, kill int
	}{
		{name: "one", nodes: 1},
		{name: "five", nodes: 5},
		{name: "seven, two killed", nodes: 7, kill: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			words := &stopAt{text: "running until interrupted", stop: stop}
			var out bytes.Buffer
			o := options{nodes: test.nodes, kill: test.kill, json: true, still: time.Millisecond}
			if err := run(ctx, o, &out, words); err != nil {
				t.Fatalf("run(%+v) = %v\n%s", o, err, words)
			}
			var rep report
			if err := json.Unmarshal(lastLine(out.Bytes()), &rep); err != nil {
				t.Fatalf("last line of %q: %v", out.String(), err)
			}
			if !rep.Converged || !rep.Recovered || rep.Nodes != test.nodes || rep.Killed != test.kill {
				t.Errorf("run(%+v) reports %+v", o, rep)
			}
			if test.nodes > 1 && (rep.UpdateCopies < 1 || rep.UpdateHopsMax < 1 || rep.Links < test.nodes-1) {
				t.Errorf("run(%+v) reports %+v: an update needs a copy and a hop to each node, and links to go over", o, rep)
			}
		})
	}
}

// TestClusterFails proves that a cluster that had no time to converge says so, with an error and in its figures.
func TestClusterFails(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	if err := run(ctx, options{nodes: 3, json: true}, &out, io.Discard); err == nil {
		t.Error("run of a cluster without time = nil, want an error")
	}
	var rep report
	if err := json.Unmarshal(lastLine(out.Bytes()), &rep); err != nil || rep.Converged || rep.Recovered {
		t.Errorf("it reports %s (%v), want neither converged nor recovered", out.String(), err)
	}
}

func lastLine(b []byte) []byte {
	b = bytes.TrimRight(b, "\n")
	return b[bytes.LastIndexByte(b, '\n')+1:]
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args string
		want options // the zero value: an error
	}{
		{args: "", want: options{nodes: 5}},
		{args: "-nodes 10 -for 20s -kill 2 -json", want: options{nodes: 10, kill: 2, life: 20 * time.Second, json: true}},
		{args: "-nodes 0"},
		{args: "-nodes 3 -kill 3"},
		{args: "-for -1s"},
		{args: "more"},
	} {
		got, err := parse(strings.Fields(test.args), io.Discard)
		got.still = 0
		if ok := test.want != (options{}); ok != (err == nil) || ok && got != test.want {
			t.Errorf("parse(%q) = %+v, %v, want %+v", test.args, got, err, test.want)
		}
	}
}
