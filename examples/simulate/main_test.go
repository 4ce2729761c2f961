package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim/measure"
)

func TestSimulate(t *testing.T) {
	var out, errOut bytes.Buffer
	file := filepath.Join(t.TempDir(), "events")
	o, err := parse(strings.Fields("-nodes 5 -updates 3 -seed 9 -json -events "+file), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(o, &out, &errOut, false); err != nil {
		t.Fatal(err)
	}
	if errOut.Len() > 0 {
		t.Errorf("a progress bar without a terminal: %q", errOut.String())
	}
	var got measure.Result
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if got.Nodes != 5 || got.Seed != 9 || got.CopiesMean < 1 || got.Undelivered > 0 {
		t.Errorf("it reports %+v", got)
	}
	log, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(log, []byte("\n")), []byte("\n"))
	for _, line := range lines {
		if !json.Valid(line) {
			t.Fatalf("an event is %q", line)
		}
	}
	if len(lines) < 1000 {
		t.Errorf("%d events, want more", len(lines))
	}
}

// Words have a line for each figure, and a terminal sees how far it is.
func TestWordsAndProgress(t *testing.T) {
	var out, errOut bytes.Buffer
	o, err := parse(strings.Fields("-nodes 3 -updates 1 -trials 2"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(o, &out, &errOut, true); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(out.String(), "\n"), reflect.TypeFor[measure.Result]().NumField(); got != want {
		t.Errorf("%d lines, want %d:\n%s", got, want, out.String())
	}
	if !strings.Contains(out.String(), "last_mean ") {
		t.Errorf("no last_mean in\n%s", out.String())
	}
	if bar := errOut.String(); !strings.Contains(bar, "[##########..........] trial 2 of 2: settle") || !strings.HasSuffix(bar, "\r\x1b[K") {
		t.Errorf("the terminal saw %q", bar)
	}
}

// Pictures change no figure, and show the last trial's network.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	figures := func(args string) measure.Result {
		o, err := parse(strings.Fields("-nodes 6 -updates 2 -seed 7 -trials 2 -json "+args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := run(o, &out, io.Discard, false); err != nil {
			t.Fatal(err)
		}
		var r measure.Result
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		r.WallMS, r.HeapMB = 0, 0
		return r
	}
	svg, html := filepath.Join(dir, "o.svg"), filepath.Join(dir, "p.html")
	if got, want := figures("-svg "+svg+" -html "+html), figures(""); !reflect.DeepEqual(got, want) {
		t.Errorf("with pictures, the figures are %+v, want %+v", got, want)
	}
	for name, want := range map[string]string{svg: "seed 8, L = 10ms", html: "6 nodes, seed 7, L = 10ms"} {
		if b, err := os.ReadFile(name); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s is %.500q, %v, want %q in it", name, b, err, want)
		}
	}
}

func TestSimulateFails(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-placed -cold", "placed: nobody can start cold"},
		{"-eager 3", "eager: 3, want 1 or 2"},
		{"-events /nowhere/at/all", "no such file"},
		{"-svg /nowhere/at/all -nodes 3 -cold", "no such file"},
		{"-html /nowhere/at/all -nodes 5", "no such file"},
		{"-html page.html -nodes 101", "101 nodes, and a page shows 5 to 100"},
		{"-nodes 10 -kill 10", "kill: 10 of 10"},
	} {
		o, err := parse(strings.Fields(test.args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := run(o, &out, io.Discard, false); err == nil || !strings.Contains(err.Error(), test.want) || out.Len() > 0 {
			t.Errorf("simulate %s = %v, want an error with %q and no figures", test.args, err, test.want)
		}
	}
}

func TestParse(t *testing.T) {
	all := "-nodes 1 -seed 2 -updates 3 -latency 4ms -jitter 0.5 -loss 0.6 -datagram -kill 7 -silent -churn 0.8 -partition 9s -zones 10" +
		" -skew 11s -rate 12 -virtual 13s -cold -dial 14 -join 15 -restart -sponsor dead -placed -eager 16 -maxpeers 17 -trials 18 -json -events f -svg s -html h"
	want := options{json: true, events: "f", svg: "s", html: "h", Options: measure.Options{
		Nodes: 1, Seed: 2, Updates: 3, Latency: 4 * time.Millisecond, Jitter: 0.5, Loss: 0.6, Datagram: true, Kill: 7, Silent: true, Churn: 0.8,
		Partition: 9 * time.Second, Zones: 10, Skew: 11 * time.Second, Rate: 12, Virtual: 13 * time.Second, Cold: true, Dial: 14, Join: 15,
		Restart: true, Sponsor: "dead", Placed: true, Eager: 16, MaxPeers: 17, Trials: 18,
	}}
	got, err := parse(strings.Fields(all), io.Discard)
	if g, w := toJSON(t, got), toJSON(t, want); err != nil || g != w {
		t.Errorf("parse(%q) = %s, %v, want %s", all, g, err, w)
	}
	for _, args := range []string{"-nodes x", "-nosuch", "more"} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("parse(%q) = nil, want an error", args)
		}
	}
}

func toJSON(t *testing.T, o options) string {
	t.Helper()
	b, err := json.Marshal(struct {
		measure.Options
		JSON      bool
		EventFile string
		SVG, HTML string
		Progress  *int // shadows a function
		Done      *int
	}{Options: o.Options, JSON: o.json, EventFile: o.events, SVG: o.svg, HTML: o.html})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
