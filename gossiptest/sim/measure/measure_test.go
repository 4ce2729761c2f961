package measure_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/measure"
)

func run(t *testing.T, o measure.Options) measure.Result {
	t.Helper()
	r, err := measure.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bound is a figure and what it may be.
type bound struct {
	name             string
	got, least, most float64
}

func check(t *testing.T, r measure.Result, bounds []bound) {
	t.Helper()
	for _, b := range bounds {
		if b.got < b.least || b.got > b.most {
			t.Errorf("%s = %v, want %v to %v", b.name, b.got, b.least, b.most)
		}
	}
	if t.Failed() {
		t.Logf("%+v", r)
	}
}

// A settled network without faults, of ten nodes and of a hundred.
func TestSettled(t *testing.T) {
	tests := []struct {
		nodes, trials int
		last          float64
		hops          float64
		frames        float64 // of the cold start, a node: 2 log2 N
		cold          float64
	}{
		{nodes: 10, trials: 20, last: 2.35, hops: 4, frames: 6.6, cold: 20},
		{nodes: 100, trials: 1, last: 4.1, hops: 5, frames: 13.3, cold: 25},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("nodes=", tt.nodes), func(t *testing.T) {
			r := run(t, measure.Options{Nodes: tt.nodes, Trials: tt.trials, Seed: 1})
			check(t, r, []bound{
				{"copies_mean", r.CopiesMean, 1, 1.01},
				{"delivery_p50", r.DeliveryP50, 1, tt.last},
				{"last_mean", r.LastMean, 1.5, tt.last},
				{"hops_max", float64(r.HopsMax), 2, tt.hops},
				{"control_bytes_per_update_node", r.ControlBytesPerUpdateNode, 16, 150},
				{"idle_bytes_per_link_s", r.IdleBytesPerLinkS, 20, 44},
				{"bytes_over_floor", r.BytesOverFloor, 1, 3},
				{"hot_ratio", r.HotRatio, 1, 2},
				{"undelivered", float64(r.Undelivered), 0, 0},
				{"degree_max", float64(r.DegreeMax), 4, 20},
				{"cut_vertices", float64(r.CutVertices), 0, 0},
				{"cold_time", r.ColdTime, 3, tt.cold},
				{"cold_copies", r.ColdCopies, 1, 1.05},
				{"cold_frames_per_node", r.ColdFramesPerNode, 1, tt.frames},
			})
		})
	}
}

// A network that is placed has the links that the protocol wants, exactly, and grows the same trees.
func TestPlaced(t *testing.T) {
	r := run(t, measure.Options{Nodes: 300, Seed: 1, Updates: 10, Placed: true})
	if !r.Placed {
		t.Error("the figures do not say that it was placed")
	}
	check(t, r, []bound{
		{"copies_mean", r.CopiesMean, 1, 1.01},
		{"last_mean", r.LastMean, 1.5, 4.3},
		{"hops_max", float64(r.HopsMax), 2, 5},
		{"undelivered", float64(r.Undelivered), 0, 0},
		{"degree_max", float64(r.DegreeMax), 9, 9},
		{"cut_vertices", float64(r.CutVertices), 0, 0},
		{"cold_time", r.ColdTime, 0, 0},
	})
	again := run(t, measure.Options{Nodes: 300, Seed: 1, Updates: 10, Placed: true})
	if r.Trace != again.Trace {
		t.Errorf("traces are %v and %v, want them equal", r.Trace, again.Trace)
	}
	r = run(t, measure.Options{Nodes: 60, Seed: 1, Placed: true, Join: 3, Restart: true})
	check(t, r, []bound{{"join_copies", r.JoinCopies, 1, 1.2}, {"undelivered", float64(r.Undelivered), 0, 0}})
}

// With two parents, infos come twice, over no more hops; where frames are lost, few of them are late.
func TestTwoParents(t *testing.T) {
	r := run(t, measure.Options{Nodes: 100, Seed: 1, Eager: 2})
	check(t, r, []bound{
		{"copies_mean", r.CopiesMean, 1.85, 2},
		{"last_mean", r.LastMean, 1.5, 4.1},
		{"hops_max", float64(r.HopsMax), 2, 5},
		{"control_bytes_per_update_node", r.ControlBytesPerUpdateNode, 16, 160},
		{"idle_bytes_per_link_s", r.IdleBytesPerLinkS, 20, 44},
		{"undelivered", float64(r.Undelivered), 0, 0},
	})
	one := run(t, measure.Options{Nodes: 100, Seed: 1, Loss: 0.05})
	r = run(t, measure.Options{Nodes: 100, Seed: 1, Loss: 0.05, Eager: 2})
	check(t, r, []bound{
		{"copies_mean", r.CopiesMean, 1.85, 2},
		{"delivery_p99", r.DeliveryP99, 4, min(6.2, one.DeliveryP99-1)},
		{"undelivered", float64(r.Undelivered), 0, 0},
	})
}

// What there is to measure of each fault, at a small size.
func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		opts   measure.Options
		bounds func(r measure.Result) []bound
	}{
		{"cold start", measure.Options{Nodes: 30, Cold: true}, func(r measure.Result) []bound {
			return []bound{{"cold_time", r.ColdTime, 3, 25}, {"cold_copies", r.ColdCopies, 1, 1.05}, {"delivery_p50", r.DeliveryP50, 0, 0}}
		}},
		{"cold start, dials cost", measure.Options{Nodes: 30, Cold: true, Dial: 2}, func(r measure.Result) []bound {
			return []bound{{"cold_time", r.ColdTime, 5, 35}, {"cold_copies", r.ColdCopies, 1, 1.1}}
		}},
		{"cold start, crashes", measure.Options{Nodes: 30, Cold: true, Kill: 3}, func(r measure.Result) []bound {
			return []bound{{"cold_time", r.ColdTime, 3, 100}, {"cold_copies", r.ColdCopies, 1, 1.5}}
		}},
		{"crash", measure.Options{Nodes: 10, Kill: 1, Updates: 2, Trials: 20}, func(r measure.Result) []bound {
			return []bound{{"stall_max", r.StallMax, 1.5, 15}, {"disconnected", float64(r.Disconnected), 0, 0}, {"last_mean", r.LastMean, 1.5, 5}}
		}},
		{"many crashes", measure.Options{Nodes: 30, Kill: 25, Updates: 2}, func(r measure.Result) []bound {
			return []bound{{"stall_max", r.StallMax, 1, 3000}, {"disconnected", float64(r.Disconnected), 1, 4}}
		}},
		{"silence", measure.Options{Nodes: 10, Kill: 1, Silent: true, Updates: 2, Trials: 20}, func(r measure.Result) []bound {
			return []bound{{"stall_max", r.StallMax, 5, 20}}
		}},
		{"crash and restart", measure.Options{Nodes: 10, Kill: 3, Updates: 2, Restart: true}, func(r measure.Result) []bound {
			return []bound{{"copies_mean", r.CopiesMean, 1, 1.5}}
		}},
		{"losses of streams", measure.Options{Nodes: 30, Loss: 0.05}, func(r measure.Result) []bound {
			return []bound{{"delivery_p99", r.DeliveryP99, 4, 12}}
		}},
		{"losses of datagrams", measure.Options{Nodes: 10, Loss: 0.05, Datagram: true, Trials: 3}, func(r measure.Result) []bound {
			return []bound{{"delivery_p99", r.DeliveryP99, 4, 100}}
		}},
		{"losses of many datagrams", measure.Options{Nodes: 60, Loss: 0.2, Datagram: true}, func(r measure.Result) []bound {
			return []bound{{"bytes_over_floor", r.BytesOverFloor, 1, 6}, {"delivery_p99", r.DeliveryP99, 4, 60}}
		}},
		{"churn", measure.Options{Nodes: 30, Churn: 0.05, Virtual: 10 * time.Second}, func(r measure.Result) []bound {
			return []bound{{"copies_mean", r.CopiesMean, 1, 3}, {"last_max", r.LastMax, 4, 200}}
		}},
		{"partition", measure.Options{Nodes: 10, Partition: 10 * time.Second, Updates: 5}, func(r measure.Result) []bound {
			return []bound{{"heal_p99", r.HealP99, 1, 150}, {"heal_copies", r.HealCopies, 1, 2}, {"cut_vertices", float64(r.CutVertices), 0, 0}}
		}},
		{"zones", measure.Options{Nodes: 30, Zones: 3, Updates: 5}, func(r measure.Result) []bound {
			return []bound{{"wan_copies", r.WANCopies, 2.0 / 30, 0.25}, {"last_mean", r.LastMean, 3, 5}}
		}},
		{"one zone", measure.Options{Nodes: 10, Updates: 2}, func(r measure.Result) []bound {
			return []bound{{"wan_copies", r.WANCopies, 0, 0}}
		}},
		{"clock", measure.Options{Nodes: 5, Skew: time.Hour}, func(r measure.Result) []bound {
			return []bound{
				{"expired_early", float64(r.ExpiredEarly), 0, 0}, {"immortal", float64(r.Immortal), 0, 0},
				{"pinned", float64(r.Pinned), 0, 0}, {"clock_remarks", float64(r.ClockRemarks), 1, 1000},
			}
		}},
		{"load", measure.Options{Nodes: 20, Rate: 1, Virtual: 3 * time.Second}, func(r measure.Result) []bound {
			return []bound{{"bytes_over_floor", r.BytesOverFloor, 1, 3}, {"copies_mean", r.CopiesMean, 1, 1.1}, {"hot_ratio", r.HotRatio, 1, 3}}
		}},
		{"join", measure.Options{Nodes: 20, Join: 2}, func(r measure.Result) []bound {
			return []bound{{"join_copies", r.JoinCopies, 1, 1.3}, {"join_state_time", r.JoinStateTime, 1.8, 20}, {"join_extra_bytes", r.JoinExtraBytes, 1000, 1600}}
		}},
		{"join again", measure.Options{Nodes: 20, Join: 2, Restart: true}, func(r measure.Result) []bound {
			return []bound{{"join_copies", r.JoinCopies, 1, 1.5}, {"join_state_time", r.JoinStateTime, 1.8, 20}}
		}},
		{"sponsor known", measure.Options{Nodes: 20, Sponsor: "known", Updates: 3}, func(r measure.Result) []bound {
			return []bound{{"copies_first", r.CopiesFirst, 1, 1.3}}
		}},
		{"sponsor dead", measure.Options{Nodes: 20, Sponsor: "dead", Updates: 3}, func(r measure.Result) []bound {
			return []bound{{"copies_first", r.CopiesFirst, 1, 2}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Seed = 1
			r := run(t, tt.opts)
			check(t, r, append(tt.bounds(r), bound{"undelivered", float64(r.Undelivered), 0, 0}))
		})
	}
}

// Equal Options have equal figures, and each trial has a seed of its own.
func TestSameFigures(t *testing.T) {
	o := measure.Options{Nodes: 10, Seed: 7, Trials: 2, Kill: 2, Updates: 2, Loss: 0.01}
	a, b := run(t, o), run(t, o)
	a.WallMS, a.HeapMB, b.WallMS, b.HeapMB = 0, 0, 0, 0
	if a != b {
		t.Errorf("two runs say\n%+v\n%+v", a, b)
	}
	o.Seed, o.Trials = 8, 1
	if c := run(t, o); c.Trace == a.Trace || c.LastMean == a.LastMean {
		t.Errorf("the second trial alone says what both say: %+v", c)
	}
}

// fields are what a program may rely on to be there.
const fields = `nodes seed trace placed copies_mean copies_first delivery_p50 delivery_p99 delivery_p999 last_mean last_max
	hops_max control_bytes_per_update_node idle_bytes_per_link_s bytes_over_floor hot_ratio undelivered stall_max disconnected
	degree_max cold_time cold_copies cold_frames_per_node join_copies join_state_time join_extra_bytes wan_copies cut_vertices
	heal_p99 heal_copies expired_early immortal pinned events wall_ms heap_mb`

func TestFieldsAreAlwaysThere(t *testing.T) {
	b, err := json.Marshal(measure.Result{})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(fields) {
		if _, ok := got[f]; !ok {
			t.Errorf("no field %s in %s", f, b)
		}
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		opts measure.Options
		want string
	}{
		{measure.Options{Nodes: -1}, "nodes: -1"},
		{measure.Options{Trials: -1}, "trials: -1"},
		{measure.Options{Updates: -1}, "updates: -1"},
		{measure.Options{Latency: -1}, "latency: -1ns"},
		{measure.Options{Jitter: 2}, "jitter: 2"},
		{measure.Options{Dial: -1}, "dial: -1"},
		{measure.Options{MaxPeers: -1}, "maxpeers: -1"},
		{measure.Options{Nodes: 3, Zones: 4}, "zones: 4 of 3 nodes"},
		{measure.Options{Loss: 1}, "loss: 1"},
		{measure.Options{Datagram: true}, "datagram: there is no loss"},
		{measure.Options{Virtual: -1}, "virtual: -1ns"},
		{measure.Options{Nodes: 10, Kill: 9}, "kill: 9 of 10 nodes, and 2 have to write"},
		{measure.Options{Virtual: 1}, "virtual: there is neither churn nor rate"},
		{measure.Options{Silent: true}, "silent: nobody is killed"},
		{measure.Options{Restart: true}, "restart: nobody is killed, and nobody joins"},
		{measure.Options{Nodes: 100, Cold: true, Kill: 1, Restart: true}, "restart: not in a cold start"},
		{measure.Options{Nodes: 2, Join: 3, Restart: true}, "restart: 3 of 2 nodes"},
		{measure.Options{Churn: 0.6}, "churn: 0.6"},
		{measure.Options{Partition: -1}, "partition: -1ns"},
		{measure.Options{Rate: -1}, "rate: -1"},
		{measure.Options{Join: -1}, "join: -1"},
		{measure.Options{Sponsor: "alive"}, `sponsor: "alive", want known or dead`},
		{measure.Options{Placed: true, Cold: true}, "placed: nobody can start cold"},
		{measure.Options{Placed: true, Join: 1}, "placed: nobody can start cold or join"},
		{measure.Options{Placed: true, Sponsor: "dead"}, "placed: nobody can start cold or join"},
		{measure.Options{Eager: -1}, "eager: -1"},
		{measure.Options{Eager: 3}, "eager: 3, want 1 or 2"},
		{measure.Options{Trials: 2, Events: &strings.Builder{}}, "events: of one trial only"},
		{measure.Options{Nodes: 1, Skew: 1}, "skew: one node alone"},
		{measure.Options{Nodes: 2, Churn: 0.1}, "nodes: 2, want at least 3"},
		{measure.Options{Rate: 1, Churn: 0.1}, "only cold and kill go together"},
	}
	for _, tt := range tests {
		_, err := measure.Run(tt.opts)
		if err == nil || !strings.HasPrefix(err.Error(), "measure: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Run(%+v) = %v, want an error with %q", tt.opts, err, tt.want)
		}
	}
	_, err := measure.Run(measure.Options{Nodes: -1, Trials: -1})
	if err == nil || !strings.Contains(err.Error(), "nodes: -1") || !strings.Contains(err.Error(), "trials: -1") {
		t.Errorf("two problems give %v, want both", err)
	}
}

func TestProgress(t *testing.T) {
	var got []string
	run(t, measure.Options{Nodes: 3, Updates: 1, Trials: 2, Progress: func(trial int, what string) {
		got = append(got, fmt.Sprint(trial, " ", what))
	}, Done: func(s *sim.Sim) {
		got = append(got, fmt.Sprint("done, seed ", s.Seed(), ": ", s.Converged()))
	}})
	want := []string{
		"0 cold start", "0 settle", "0 idle", "0 warm up", "0 measure", "0 arrive", "done, seed 0: true",
		"1 cold start", "1 settle", "1 idle", "1 warm up", "1 measure", "1 arrive", "done, seed 1: true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}
