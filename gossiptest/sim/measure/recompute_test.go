package measure_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim/measure"
)

// line is one of an event log.
type line struct {
	At      int64  `json:"at"`
	Kind    string `json:"kind"`
	Node    int    `json:"node"`
	Peer    int    `json:"peer"`
	Link    int    `json:"link"`
	Bytes   int    `json:"bytes"`
	Control int    `json:"control"`
	Write   int    `json:"write"`
	Hops    int    `json:"hops"`
	Writes  []int  `json:"writes"`
	Key     string `json:"key"`
	Text    string `json:"text"`
}

// figures works figures of a trial out from nothing but its event log: as in Result, for a latency of 10 ms.
func figures(t *testing.T, log []byte, nodes int) measure.Result {
	t.Helper()
	const latency = 10e6
	type write struct {
		node   int
		at     int64
		copies map[int]int
		got    map[int]int64
	}
	type end struct{ node, link int }
	writes, all := map[int]*write{}, map[int]*write{}
	links := map[end]int{}
	up := map[int]bool{}
	group := map[int]int{} // union of nodes that links have connected
	find := func(i int) int {
		for group[i] != i {
			i = group[i]
		}
		return i
	}
	for i := range nodes {
		group[i] = i
	}
	parts, frames, framesConnected, held, heldAt := nodes, 0, 0, 0, int64(0)
	sent := make([]float64, nodes)
	phase, control, written, hops := "", 0, 0, 0
	bytesIdle, endsIdle, killed, outside, degree := 0, 0, false, 0, 0
	healed, healCopies, healMissing, healTimes := int64(-1), 0, 0, []float64{}
	split := map[int]*write{}
	neighbours := func() map[int]map[int]bool {
		g := map[int]map[int]bool{}
		for k, peer := range links {
			for l, back := range links {
				if l.link == k.link && l.node == peer && back == k.node && up[peer] && up[k.node] {
					if g[k.node] == nil {
						g[k.node] = map[int]bool{}
					}
					g[k.node][peer] = true
				}
			}
		}
		return g
	}
	largest := func(without int) int { // size of the largest part
		g, seen, most := neighbours(), map[int]bool{without: true}, 0
		for start := range nodes {
			size := 0
			for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
				if i := queue[0]; !seen[i] && up[i] {
					seen[i] = true
					size++
					for p := range g[i] {
						queue = append(queue, p)
					}
				}
			}
			most = max(most, size)
		}
		return most
	}
	scan := bufio.NewScanner(bytes.NewReader(log))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var e line
		if err := json.Unmarshal(scan.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", scan.Bytes(), err)
		}
		measuring := phase == "measure" || phase == "kill"
		if phase == "kill" && killed && e.Kind != "node down" && outside < 0 {
			alive := 0
			for _, is := range up {
				if is {
					alive++
				}
			}
			outside = alive - largest(-1)
		}
		switch e.Kind {
		case "phase":
			if phase == "idle" {
				endsIdle = len(links)
				for _, peers := range neighbours() {
					degree = max(degree, len(peers))
				}
			}
			if phase = e.Text; phase == "heal" {
				healed = e.At
				for _, w := range split {
					healMissing += nodes - 1 - len(w.got)
				}
			}
		case "node up":
			up[e.Node] = true
		case "node down":
			if !killed {
				killed, outside = true, -1
			}
			up[e.Node] = false
			for k := range links {
				if k.node == e.Node {
					delete(links, k)
				}
			}
		case "link up":
			links[end{e.Node, e.Link}] = e.Peer
			if a, b := find(e.Node), find(e.Peer); a != b {
				group[a] = b
				if parts--; parts == 1 {
					framesConnected = frames
				}
			}
		case "link down":
			delete(links, end{e.Node, e.Link})
		case "sent":
			frames++
			if measuring {
				sent[e.Node]++
			}
		case "received":
			if phase == "idle" {
				bytesIdle += e.Bytes + 16
			}
			if measuring && e.Text != "ping" {
				control += e.Control
			}
			for _, w := range e.Writes {
				all[w].copies[e.Node]++
				if split[w] != nil && healed >= 0 {
					healCopies++
				}
			}
		case "written":
			w := &write{node: e.Node, at: e.At, copies: map[int]int{}, got: map[int]int64{}}
			all[e.Write] = w
			if measuring {
				written++
				if strings.HasPrefix(e.Key, "update/") {
					writes[e.Write] = w
				}
			}
			if strings.HasPrefix(e.Key, "split/") {
				split[e.Write] = w
			}
			if phase == "cold start" {
				held++
			}
		case "learned":
			if w := writes[e.Write]; w != nil {
				hops = max(hops, e.Hops)
			}
			all[e.Write].got[e.Node] = e.At
			if split[e.Write] != nil && healed >= 0 {
				healTimes = append(healTimes, float64(e.At-healed)/latency)
			}
			if phase == "cold start" {
				if held++; held == nodes*nodes {
					heldAt = e.At
				}
			}
		}
	}

	var r measure.Result
	var times, last []float64
	copies, pairs := 0, 0
	for _, w := range writes {
		longest := 0.0
		for node := range nodes {
			if node == w.node || !up[node] {
				continue
			}
			pairs++
			copies += w.copies[node]
			at, ok := w.got[node]
			if !ok {
				r.Undelivered++
				continue
			}
			d := float64(at-w.at) / latency
			times, longest = append(times, d), max(longest, d)
		}
		last = append(last, longest)
	}
	slices.Sort(times)
	at := func(q float64) float64 { return times[max(int(math.Ceil(q*float64(len(times))))-1, 0)] }
	sum := 0.0
	for _, v := range last {
		sum += v
	}
	r.DeliveryP50, r.DeliveryP99, r.DeliveryP999 = at(0.5), at(0.99), at(0.999)
	r.LastMean, r.LastMax = sum/float64(len(last)), slices.Max(last)
	r.CopiesMean = float64(copies) / float64(pairs)
	r.HopsMax = hops
	r.ControlBytesPerUpdateNode = float64(control) / float64(written*nodes)
	total := 0.0
	for _, v := range sent {
		total += v
	}
	r.HotRatio = slices.Max(sent) / (total / float64(nodes))
	r.ColdTime = float64(heldAt) / latency
	r.ColdFramesPerNode = float64(framesConnected) / float64(nodes)
	r.Disconnected = outside
	r.IdleBytesPerLinkS = float64(bytesIdle) / float64(endsIdle) / 30
	if healMissing > 0 {
		slices.Sort(healTimes)
		r.HealP99 = healTimes[int(math.Ceil(0.99*float64(len(healTimes))))-1]
		r.HealCopies = float64(healCopies) / float64(healMissing)
	}
	r.DegreeMax = degree
	for i, peers := range neighbours() {
		r.DegreeMax = max(r.DegreeMax, len(peers))
		if whole := largest(-1); largest(i) < whole-1 {
			r.CutVertices++
		}
	}
	return r
}

// Anyone can work the figures out again from the event log.
func TestFiguresFromEvents(t *testing.T) {
	tests := []struct {
		name string
		opts measure.Options
	}{
		{"settled", measure.Options{Nodes: 20, Seed: 3, Updates: 5}},
		{"losses", measure.Options{Nodes: 20, Seed: 4, Updates: 5, Loss: 0.2, Datagram: true}},
		{"crash", measure.Options{Nodes: 20, Seed: 5, Updates: 4, Kill: 6}},
		{"partition", measure.Options{Nodes: 20, Seed: 6, Updates: 4, Partition: 10 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			tt.opts.Events = &log
			got, err := measure.Run(tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			want := figures(t, log.Bytes(), tt.opts.Nodes)
			if tt.opts.Kill > 0 { // of a phase that these figures are not taken in
				want.ControlBytesPerUpdateNode, want.HotRatio = 0, 0
			}
			for _, f := range []struct {
				name      string
				got, want float64
				tolerance float64
			}{
				{"copies_mean", got.CopiesMean, want.CopiesMean, 1e-4},
				{"delivery_p50", got.DeliveryP50, want.DeliveryP50, 1e-3},
				{"delivery_p99", got.DeliveryP99, want.DeliveryP99, 1e-3},
				{"delivery_p999", got.DeliveryP999, want.DeliveryP999, 1e-3},
				{"last_mean", got.LastMean, want.LastMean, 1e-3},
				{"last_max", got.LastMax, want.LastMax, 1e-3},
				{"hops_max", float64(got.HopsMax), float64(want.HopsMax), 0},
				{"control_bytes_per_update_node", got.ControlBytesPerUpdateNode, want.ControlBytesPerUpdateNode, 1e-3},
				{"hot_ratio", got.HotRatio, want.HotRatio, 1e-3},
				{"idle_bytes_per_link_s", got.IdleBytesPerLinkS, want.IdleBytesPerLinkS, 1e-3},
				{"heal_p99", got.HealP99, want.HealP99, 1e-3},
				{"heal_copies", got.HealCopies, want.HealCopies, 1e-3},
				{"undelivered", float64(got.Undelivered), float64(want.Undelivered), 0},
				{"disconnected", float64(got.Disconnected), float64(want.Disconnected), 0},
				{"degree_max", float64(got.DegreeMax), float64(want.DegreeMax), 0},
				{"cut_vertices", float64(got.CutVertices), float64(want.CutVertices), 0},
				{"cold_time", got.ColdTime, want.ColdTime, 0.1},
				{"cold_frames_per_node", got.ColdFramesPerNode, want.ColdFramesPerNode, 1e-3},
			} {
				if math.Abs(f.got-f.want) > f.tolerance {
					t.Errorf("%s = %v, want %v", f.name, f.got, f.want)
				}
			}
		})
	}
}
