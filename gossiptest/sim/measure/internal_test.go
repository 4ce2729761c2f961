package measure

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// What a graph says of itself is what one finds by leaving nodes out, one after another.
func TestGraph(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 1 + r.IntN(12)
		adj := make([][]int, n)
		for range r.IntN(2 * n) {
			a, b := r.IntN(n), r.IntN(n)
			if a != b && !slices.Contains(adj[a], b) {
				adj[a], adj[b] = append(adj[a], b), append(adj[b], a)
			}
		}
		gone := r.IntN(2*n) - n // one node does not run, or none
		one := r.IntN(n)
		adj[one] = append(adj[one], (one+1)%n) // a link that perhaps only one end has
		g := newGraph(n, func(i int) bool { return i != gone }, func(i int) []int { return adj[i] })

		parts := func(without int) (count, nodes, largest int) {
			label := make([]int, n)
			for i := range label {
				label[i] = i
			}
			for range n {
				for a := range n {
					for _, b := range adj[a] {
						if a != without && b != without && a != gone && b != gone && slices.Contains(adj[b], a) {
							label[a], label[b] = min(label[a], label[b]), min(label[a], label[b])
						}
					}
				}
			}
			sizes := map[int]int{}
			for i := range n {
				if i != without && i != gone {
					sizes[label[i]]++
					nodes++
				}
			}
			for _, size := range sizes {
				largest = max(largest, size)
			}
			return len(sizes), nodes, largest
		}
		whole, nodes, largest := parts(-1)
		if got, want := g.outside(), nodes-largest; got != want {
			t.Fatalf("%v without %d: outside = %d, want %d", adj, gone, got, want)
		}
		want := 0
		for i := range n {
			if count, _, _ := parts(i); i != gone && count > whole {
				want++
			}
		}
		if got := g.cutVertices(); got != want {
			t.Fatalf("%v without %d: cutVertices = %d, want %d", adj, gone, got, want)
		}
	}
	g := graph{{1, 2, 3}, {0}, {0}, {0}, nil}
	if got := g.degree(); got != 3 {
		t.Errorf("degree = %d, want 3", got)
	}
}

func TestQuantile(t *testing.T) {
	values := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for q, want := range map[float64]float64{0: 1, 0.1: 1, 0.11: 2, 0.5: 5, 0.99: 10, 1: 10} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing = %v, want 0", got)
	}
}

// What a recorder makes of events: who counts, what is missing, what has crossed zones.
func TestRecorder(t *testing.T) {
	const ms = time.Millisecond
	r := newRecorder(4, 5, func(node int) int { return node % 2 })
	for node := range 4 {
		r.event(sim.Event{Kind: sim.NodeUp, Node: node})
	}
	write := func(n, node int, key string, at time.Duration) {
		r.event(sim.Event{Kind: sim.InfoWritten, Node: node, Key: key, Write: n, At: at})
	}
	learn := func(n, node int, at time.Duration) {
		r.event(sim.Event{Kind: sim.InfoLearned, Node: node, Write: n, Hops: node, At: at})
	}
	frame := func(from, to int, writes ...int) {
		r.event(sim.Event{Kind: sim.FrameSent, Node: from, Peer: to, Bytes: 100})
		r.event(sim.Event{Kind: sim.FrameReceived, Node: to, Peer: from, Bytes: 100, Writes: writes})
	}
	write(1, 0, "update/0", 900*ms) // not watched
	r.group, r.prefix = measured, updateKey
	write(2, 0, "other/0", 1000*ms) // another key
	write(3, 0, "update/0", 1000*ms)
	frame(0, 1, 1, 2, 3)
	frame(0, 2, 3, 3)
	learn(3, 1, 1010*ms)
	learn(3, 2, 1020*ms)
	u := r.updates[0]
	if copies, nodes := r.copies(u); copies != 3 || nodes != 3 || u.wan != 1 || u.hops != 2 || u.got[1] != 1010*ms || len(r.updates) != 1 {
		t.Errorf("it is %+v of %d, want 3 copies, 1 of them from another zone, 2 hops", u, len(r.updates))
	}
	if got, want := r.sent[0], 2; got != want {
		t.Errorf("n0 has sent %d frames, want %d", got, want)
	}
	if got, want := r.received[2], 116; got != want {
		t.Errorf("n2 has received %d bytes, want %d", got, want)
	}
	missing := func(want int, when string) {
		t.Helper()
		if got := r.missing(); got != want {
			t.Errorf("%s: %d are missing, want %d", when, got, want)
		}
	}
	missing(1, "n3 lacks it")
	r.event(sim.Event{Kind: sim.NodeDown, Node: 3, At: 1100 * ms})
	missing(0, "n3 is down")
	r.event(sim.Event{Kind: sim.NodeUp, Node: 3, At: 1200 * ms})
	missing(1, "n3 is back")
	for at, want := range map[time.Duration]bool{1000 * ms: false, 1600 * ms: false, 1700 * ms: true} {
		if got := r.counts(&update{at: at}, 3); got != want {
			t.Errorf("n3 counts for an update of %v: %t, want %t", at, got, want)
		}
	}
	if r.counts(u, 0) || r.counts(u, 4) {
		t.Error("the writer counts, or a node that never ran")
	}
	write(4, 0, "update/0", 2*time.Second)
	missing(3+0, "nobody has the newer one; n3 need not have the older one")
	for node := 1; node < 4; node++ {
		learn(4, node, 2010*ms)
	}
	missing(0, "all have the newer one")
	r.event(sim.Event{Kind: sim.NodeDown, Node: 1, At: 3 * time.Second})
	r.event(sim.Event{Kind: sim.NodeUp, Node: 1, At: 4 * time.Second})
	missing(1, "n1 is back and empty")

	r.reset()
	r.group, r.prefix, r.healing = split, splitKey, true
	write(5, 0, "split/0", 5*time.Second)
	frame(0, 1, 5)
	if r.healed != 1 {
		t.Errorf("%d copies after a partition, want 1", r.healed)
	}
	missing(3, "nobody has what was written last")
	r.event(sim.Event{Kind: sim.Remark, Text: "clock ahead"})
	r.event(sim.Event{Kind: sim.Remark, Text: "dial failed"})
	if r.remarks != 1 {
		t.Errorf("%d remarks about clocks, want 1", r.remarks)
	}
}

// The frames until links have connected all nodes.
func TestConnected(t *testing.T) {
	r := newRecorder(3, 4, func(int) int { return 0 })
	for i, link := range [][2]int{{0, 1}, {1, 0}, {1, 2}, {2, 0}} {
		r.event(sim.Event{Kind: sim.FrameSent, Node: link[0]})
		r.event(sim.Event{Kind: sim.LinkUp, Node: link[0], Peer: link[1]})
		if want := []int{0, 0, 3, 3}[i]; r.connected != want {
			t.Errorf("after link %d: connected by %d frames, want %d", i, r.connected, want)
		}
	}
}

// One event, as it is written.
func TestAppendEvent(t *testing.T) {
	tests := []struct {
		event sim.Event
		want  string
	}{
		{sim.Event{Peer: -1}, `{"at":0,"kind":"node up","node":0}`},
		{sim.Event{At: time.Second, Kind: sim.NodeDown, Node: 3, Peer: -1, Text: "crash"}, `{"at":1000000000,"kind":"node down","node":3,"text":"crash"}`},
		{
			sim.Event{At: 1, Kind: sim.FrameReceived, Node: 1, Link: 7, Bytes: 100, Control: 20, Parts: sim.Infos | sim.Ping, Writes: []int{1, 0, 12}},
			`{"at":1,"kind":"received","node":1,"peer":0,"link":7,"bytes":100,"control":20,"parts":"infos ping","writes":[1,0,12]}`,
		},
		{
			sim.Event{At: 1, Kind: sim.InfoLearned, Node: 1, Peer: 2, Write: 5, Hops: 2, Key: "a\"b"},
			`{"at":1,"kind":"learned","node":1,"peer":2,"write":5,"hops":2,"key":"a\"b"}`,
		},
	}
	for _, tt := range tests {
		if got := string(AppendEvent(nil, tt.event)); got != tt.want {
			t.Errorf("AppendEvent(%+v) = %s, want %s", tt.event, got, tt.want)
		}
	}
}

// brokenWriter takes so many writes.
type brokenWriter int

func (w *brokenWriter) Write(b []byte) (int, error) {
	if *w--; *w < 0 {
		return 0, fmt.Errorf("no space left")
	}
	return len(b), nil
}

func TestEventsThatCannotBeWritten(t *testing.T) {
	for writes := range 3 {
		w := brokenWriter(writes)
		if _, err := Run(Options{Nodes: 5, Cold: true, Events: &w}); writes == 0 && err == nil {
			t.Errorf("Run = %v, want an error", err)
		}
	}
}
