package measure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim/measure"
)

// What is done to the network is what was asked for: as the event log has it.
func TestFaultsAreThere(t *testing.T) {
	tests := []struct {
		name     string
		opts     measure.Options
		want     map[string]int // lines by phase, kind and text
		lost     float64        // share of the frames sent while measuring, give or take a third
		measured string         // phase
	}{
		{name: "none", opts: measure.Options{}, measured: "measure"},
		{name: "stream", opts: measure.Options{Loss: 0.2}, measured: "measure"},
		{name: "datagram", opts: measure.Options{Loss: 0.2, Datagram: true}, measured: "measure", lost: 0.2},
		{name: "cold datagram", opts: measure.Options{Loss: 0.1, Datagram: true, Cold: true}, measured: "cold start", lost: 0.1},
		{name: "load datagram", opts: measure.Options{Loss: 0.1, Datagram: true, Rate: 1, Virtual: 2 * time.Second}, measured: "load", lost: 0.1},
		{name: "join datagram", opts: measure.Options{Loss: 0.1, Datagram: true, Join: 1}, measured: "join", lost: 0.1},
		{name: "crash", opts: measure.Options{Kill: 3}, want: map[string]int{"kill/node down/crash": 3}},
		{name: "silence", opts: measure.Options{Kill: 3, Silent: true}, want: map[string]int{"kill/node down/silence": 3}},
		{name: "restart", opts: measure.Options{Kill: 3, Restart: true}, want: map[string]int{"kill/node down/crash": 3, "kill/node up/": 3}},
		{name: "cold crash", opts: measure.Options{Kill: 3, Cold: true}, want: map[string]int{"cold start/node down/crash": 3, "cold start/node up/": 20}},
		{
			name: "churn", opts: measure.Options{Churn: 0.05, Virtual: 10 * time.Second},
			want: map[string]int{"churn/node down/crash": 10, "churn/node up/": 10},
		},
		{name: "join", opts: measure.Options{Join: 2}, want: map[string]int{"join/node up/": 2}},
		{
			name: "join again", opts: measure.Options{Join: 2, Restart: true},
			want: map[string]int{"join/node down/crash": 1, "idle/node down/crash": 1, "join/node up/": 2},
		},
		{
			name: "sponsor known", opts: measure.Options{Sponsor: "known", Updates: 2},
			want: map[string]int{"join/node up/": 2},
		},
		{
			name: "sponsor dead", opts: measure.Options{Sponsor: "dead", Updates: 2},
			want: map[string]int{"join/node up/": 2, "join/node down/silence": 2, "first info/node up/": 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			tt.opts.Nodes, tt.opts.Seed, tt.opts.Events = 20, 1, &log
			if tt.opts.Updates == 0 && tt.opts.Kill == 0 {
				tt.opts.Updates = 5
			}
			run(t, tt.opts)
			got, phase := map[string]int{}, ""
			sent, lost := 0, 0
			for _, text := range bytes.Split(bytes.TrimSpace(log.Bytes()), []byte("\n")) {
				switch {
				case bytes.Contains(text, []byte(`"kind":"sent"`)):
					if phase == tt.measured {
						sent++
					}
					continue
				case bytes.Contains(text, []byte(`"kind":"lost"`)):
					if phase == tt.measured {
						lost++
					}
					continue
				case !bytes.Contains(text, []byte(`"kind":"phase"`)) && !bytes.Contains(text, []byte(`"kind":"node`)):
					continue
				}
				var e line
				if err := json.Unmarshal(text, &e); err != nil {
					t.Fatal(err)
				}
				if e.Kind == "phase" {
					phase = e.Text
				} else if phase != "cold start" || tt.opts.Cold {
					got[fmt.Sprint(phase, "/", e.Kind, "/", e.Text)]++
				}
			}
			if tt.measured != "" {
				if share := float64(lost) / float64(sent); share < tt.lost*2/3 || share > tt.lost*4/3 {
					t.Errorf("%d of %d frames were lost, want a share of %v", lost, sent, tt.lost)
				}
			}
			for what, want := range tt.want {
				if got[what] != want {
					t.Errorf("%s: %d, want %d", what, got[what], want)
				}
			}
			if tt.want != nil && len(got) != len(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Each origin writes its warm updates before one is measured, and the two halves know each other's writes in the end.
func TestPhases(t *testing.T) {
	var log bytes.Buffer
	run(t, measure.Options{Nodes: 6, Seed: 1, Updates: 4, Partition: 4 * time.Second, Events: &log})
	writes, phase := map[string]int{}, ""
	var phases []string
	for _, text := range bytes.Split(bytes.TrimSpace(log.Bytes()), []byte("\n")) {
		var e line
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Kind == "phase":
			phase = e.Text
			phases = append(phases, fmt.Sprint(phase, " ", time.Duration(e.At).Round(time.Second)))
		case e.Kind == "written" && (strings.HasPrefix(e.Key, "update/") || strings.HasPrefix(e.Key, "split/")):
			writes[phase]++
		}
	}
	want := []string{
		"cold start 0s", "settle 0s", "idle 30s", "warm up 1m0s", "partition 1m10s", "heal 1m14s", "settle again 1m15s",
		"measure 2m23s", "arrive 2m24s",
	}
	if !slices.Equal(phases, want) {
		t.Errorf("phases are %q, want %q", phases, want)
	}
	if got, want := fmt.Sprint(writes), "map[measure:4 partition:20 settle again:32 warm up:32]"; got != want {
		t.Errorf("writes are %s, want %s", got, want)
	}
}
