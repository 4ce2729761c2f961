package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// TestIdle: what a network costs in which nothing happens, a second, link and direction, without a sentinel and with
// one that is kept by default. 16 B are counted for each frame.
func TestIdle(t *testing.T) {
	tests := []struct {
		nodes    int
		sentinel time.Duration
		limit    float64 // bytes
	}{
		{nodes: 2, limit: 40},
		{nodes: 10, limit: 40},
		{nodes: 100, limit: 40},
		{nodes: 2, sentinel: 10 * second, limit: 48},
		{nodes: 10, sentinel: 10 * second, limit: 44},
		{nodes: 100, sentinel: 10 * second, limit: 43},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("nodes=%d,sentinel=%v", tt.nodes, tt.sentinel), func(t *testing.T) {
			s := assembled(t, sim.Options{Nodes: tt.nodes, Seed: 1, Sentinel: tt.sentinel})
			s.RunFor(30 * second)
			before := s.Stats()
			s.RunFor(minute)
			after := s.Stats()
			ends := 0
			for i := range tt.nodes {
				ends += len(s.Links(i))
			}
			bytes := after.Bytes - before.Bytes + 16*(after.Frames-before.Frames)
			got := float64(bytes) / float64(ends) / minute.Seconds()
			if got > tt.limit {
				t.Errorf("%.1f B, want at most %.1f", got, tt.limit)
			}
			t.Logf("%.1f B", got)
		})
	}
}

// TestSentinelByDefault: the node with the lowest ID keeps it; when that and the next ones crash, another takes over
// before it expires, and few write it at once.
func TestSentinelByDefault(t *testing.T) {
	for _, dead := range []int{1, 5, 20} {
		t.Run(fmt.Sprint("dead=", dead), func(t *testing.T) {
			s := assembled(t, sim.Options{Nodes: 100, Seed: uint64(dead), Sentinel: 10 * second})
			s.RunFor(30 * second)
			u, ok := s.Update("sentinel")
			if !ok || u.Node != 0 {
				t.Fatalf("the sentinel is %+v, %t, want one of node 0", u, ok)
			}
			for i := range dead {
				s.Crash(i)
			}
			rest := all(100)[dead:]
			for range 30 {
				s.RunFor(second)
				for _, n := range rest {
					if _, ok := s.Get(n, "sentinel"); !ok {
						t.Fatalf("at %v, node %d has no sentinel", s.Now(), n)
					}
				}
			}
			if u, _ := s.Update("sentinel"); u.Node != dead {
				t.Errorf("node %d keeps it, want %d, the lowest alive", u.Node, dead)
			}
			writers := map[int]bool{}
			for _, u := range s.Updates() {
				if u.Key == "sentinel" && u.At > 30*second {
					writers[u.Node] = true
				}
			}
			if len(writers) > 4 {
				t.Errorf("%d nodes wrote it, want few", len(writers))
			}
			t.Log(len(writers), "wrote it")
		})
	}
}
