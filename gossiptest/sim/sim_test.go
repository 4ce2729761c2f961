package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

const (
	second = time.Second
	minute = time.Minute
)

// assembled returns a Sim whose nodes have started, and know each other.
func assembled(t testing.TB, opts sim.Options) *sim.Sim {
	t.Helper()
	s := sim.New(opts)
	s.StartAll(10 * time.Millisecond)
	within(t, s, minute, allKnowAll(s))
	return s
}

// allKnowAll is true once every node runs and holds as many infos as there are nodes, the same everywhere.
func allKnowAll(s *sim.Sim) func() bool {
	return func() bool {
		for i := range s.Len() {
			if s.Count(i) < s.Len() {
				return false
			}
		}
		return s.Converged()
	}
}

func within(t testing.TB, s *sim.Sim, limit time.Duration, cond func() bool) {
	t.Helper()
	if err := s.RunUntil(cond, limit); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, s *sim.Sim, node int, key, value string) {
	t.Helper()
	if err := s.Add(node, key, []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// holds is true once the key has the value at all the nodes; "" is no info.
func holds(s *sim.Sim, key, value string, nodes []int) func() bool {
	return func() bool {
		for _, n := range nodes {
			if got, ok := s.Get(n, key); string(got) != value || ok != (value != "") {
				return false
			}
		}
		return true
	}
}

// all returns the numbers of n nodes but the given ones.
func all(n int, but ...int) (nodes []int) {
	for i := range n {
		if !slices.Contains(but, i) {
			nodes = append(nodes, i)
		}
	}
	return nodes
}

func TestParentsOutOfRange(t *testing.T) {
	for _, n := range []int{0, 3} {
		func() {
			want := fmt.Sprintf("sim: Options.Parents(1) is %d, want 1 or 2", n)
			defer func() {
				if got := recover(); got != want {
					t.Errorf("with %d parents, a node starts and %v, want a panic %q", n, got, want)
				}
			}()
			sim.New(sim.Options{Nodes: 2, Parents: func(int) int { return n }}).Start(1)
		}()
	}
}

func TestInfoSpreads(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 3, Seed: 1})
	add(t, s, 1, "color", "red")
	within(t, s, second, holds(s, "color", "red", all(3)))
	if got, want := s.Keys(2), []string{"color", "node:1", "node:2", "node:3"}; !slices.Equal(got, want) {
		t.Errorf("Keys(2) = %q, want %q", got, want)
	}
	add(t, s, 2, "color", "blue")
	within(t, s, second, holds(s, "color", "blue", all(3)))
	if err := s.Delete(0, "color"); err != nil {
		t.Fatal(err)
	}
	within(t, s, second, holds(s, "color", "", all(3)))
	u, ok := s.Update("color")
	if !ok || u.Node != 0 || u.Nodes != 2 || u.Copies != 2 || u.Hops > 2 || !u.Deleted {
		t.Errorf("Update(color) = %+v, %v, want a deletion by node 0 that 2 nodes took in, in 2 copies", u, ok)
	}
	within(t, s, second, s.Converged)
}

func TestInfoExpires(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 5, Seed: 1})
	if err := s.Add(3, "lease", []byte("mine"), 2*second); err != nil {
		t.Fatal(err)
	}
	within(t, s, second, holds(s, "lease", "mine", all(5)))
	s.RunFor(second + 900*time.Millisecond)
	within(t, s, 200*time.Millisecond, holds(s, "lease", "", all(5)))
}

// All nodes learn of all others from nothing but the addresses of three.
func TestColdStart(t *testing.T) {
	tests := []struct {
		nodes  int
		dial   time.Duration
		late   bool          // the seeds start among the others, and not before
		limit  time.Duration // of the slowest run
		copies float64       // of a descriptor, at a node, in the mean
	}{
		{nodes: 2, limit: 40 * time.Millisecond, copies: 1},
		{nodes: 10, limit: 100 * time.Millisecond, copies: 1.1},
		{nodes: 10, dial: 20 * time.Millisecond, limit: 150 * time.Millisecond, copies: 1.1},
		{nodes: 10, late: true, limit: 200 * time.Millisecond, copies: 1.1},
		{nodes: 100, limit: 200 * time.Millisecond, copies: 1.05},
		{nodes: 100, dial: 20 * time.Millisecond, limit: 300 * time.Millisecond, copies: 1.05},
		{nodes: 100, late: true, limit: 300 * time.Millisecond, copies: 1.05},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("nodes=%d,dial=%v,late=%t", tt.nodes, tt.dial, tt.late), func(t *testing.T) {
			const seeds = 8
			var slowest time.Duration
			infos := 0
			for seed := range uint64(seeds) {
				s := sim.New(sim.Options{Nodes: tt.nodes, Seed: seed, DialLatency: tt.dial})
				if !tt.late {
					s.Start(all(min(3, tt.nodes))...)
				}
				s.StartAll(10 * time.Millisecond)
				within(t, s, tt.limit, allKnowAll(s))
				slowest = max(slowest, s.Now())
				infos += s.Stats().Infos
			}
			copies := float64(infos) / float64(seeds*tt.nodes*(tt.nodes-1))
			if copies > tt.copies {
				t.Errorf("%.3f copies of a descriptor came to a node, want at most %.3f", copies, tt.copies)
			}
			t.Logf("%v at most, %.3f copies", slowest, copies)
		})
	}
}
