package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// everybodyWrites has each of the nodes write an info, and waits until all of them hold all of these.
func everybodyWrites(t *testing.T, s *sim.Sim, nodes []int, value string, limit time.Duration) {
	t.Helper()
	for _, n := range nodes {
		add(t, s, n, fmt.Sprint("written/", n), value)
	}
	within(t, s, limit, func() bool {
		for _, n := range nodes {
			if !holds(s, fmt.Sprint("written/", n), value, nodes)() {
				return false
			}
		}
		return true
	})
}

// linked reports whether one of the nodes has a link to one of the peers.
func linked(s *sim.Sim, nodes, peers []int) bool {
	for _, n := range nodes {
		for _, p := range s.Links(n) {
			if slices.Contains(peers, p) {
				return true
			}
		}
	}
	return false
}

func TestCrash(t *testing.T) {
	tests := []struct {
		name  string
		fault func(*sim.Sim, int)
		links time.Duration // until no link to the dead node is left
	}{
		{"crash", (*sim.Sim).Crash, 100 * time.Millisecond},
		{"silence", (*sim.Sim).Silence, 5 * time.Second},
	}
	for _, tt := range tests {
		for dead := range 10 {
			t.Run(fmt.Sprintf("%s=%d", tt.name, dead), func(t *testing.T) {
				s := assembled(t, sim.Options{Nodes: 10, Seed: uint64(dead)})
				s.RunFor(second)
				tt.fault(s, dead)
				rest := all(10, dead)
				everybodyWrites(t, s, rest, "after", 10*second)
				within(t, s, tt.links, func() bool { return !linked(s, rest, []int{dead}) })
				s.RunFor(10 * second)
				if linked(s, rest, []int{dead}) {
					t.Errorf("10 s later a node has a link to n%d, want none", dead)
				}
				within(t, s, second, s.Converged)
			})
		}
	}
}

func TestRestart(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			s := assembled(t, sim.Options{Nodes: 10, Seed: seed})
			node := int(seed) % 10
			everybodyWrites(t, s, all(10), "before", second)
			s.Crash(node)
			s.RunFor(500 * time.Millisecond)
			s.Restart(node)
			within(t, s, 5*second, func() bool { return s.Count(node) >= 20 && s.Converged() })
			everybodyWrites(t, s, all(10), "after", second)
			s.Restart(node) // at once: its peers have not noticed yet
			within(t, s, 5*second, func() bool { return s.Count(node) >= 20 && s.Converged() })
			everybodyWrites(t, s, all(10), "again", second)
		})
	}
}

func TestPartition(t *testing.T) {
	tests := []struct {
		nodes int
		left  []int
	}{
		{nodes: 3, left: []int{0}},
		{nodes: 10, left: []int{9}},
		{nodes: 10, left: []int{0, 1, 2, 3, 4}},
		{nodes: 10, left: []int{1, 3, 5, 7, 9}},
		{nodes: 50, left: all(25)},
	}
	for _, tt := range tests {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("nodes=%d,left=%d,seed=%d", tt.nodes, tt.left, seed), func(t *testing.T) {
				s := assembled(t, sim.Options{Nodes: tt.nodes, Seed: seed})
				right := all(tt.nodes, tt.left...)
				s.RunFor(second)
				s.Partition(tt.left)
				everybodyWrites(t, s, tt.left, "left", 10*second)
				everybodyWrites(t, s, right, "right", 10*second)
				add(t, s, tt.left[0], "both", "left")
				s.RunFor(5 * second)
				if _, ok := s.Get(right[0], "both"); ok {
					t.Error("an info crossed the partition")
				}
				add(t, s, right[0], "both", "right")
				s.RunFor(5 * second)
				if linked(s, tt.left, right) {
					t.Error("links across the partition are left after 10 s, want none")
				}
				s.Heal()
				within(t, s, 10*second, func() bool { return s.Converged() && holds(s, "both", "right", all(tt.nodes))() })
			})
		}
	}
}

// A minority of a hundred crashes at once, and the rest goes on.
func TestManyCrash(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 100, Seed: 4})
	s.RunFor(second)
	var dead []int
	for i := 0; i < 100; i += 4 {
		s.Crash(i)
		dead = append(dead, i)
	}
	everybodyWrites(t, s, all(100, dead...), "after", 20*second)
	within(t, s, 20*second, s.Converged)
}

// Whatever happens to a few nodes: once the faults are over, they agree, and new infos reach all of them.
func TestRandomFaults(t *testing.T) {
	seeds := 200
	if testing.Short() || raceEnabled {
		seeds = 20
	}
	for seed := range uint64(seeds) {
		if story, problem := randomFaults(seed); problem != "" {
			t.Fatalf("%s, after\n%s", problem, story)
		}
	}
}

// randomFaults does what the seed says, and returns a log of it and what was wrong in the end.
func randomFaults(seed uint64) (story, problem string) {
	r := rand.New(rand.NewPCG(seed, 0))
	n := 2 + r.IntN(1+r.IntN(20))
	opts := sim.Options{
		Nodes: n, Seed: seed,
		DialLatency: []time.Duration{0, 3 * time.Millisecond, 20 * time.Millisecond}[r.IntN(3)],
		Jitter:      []float64{-1, 0.1, 0.9}[r.IntN(3)],
		Spread:      sim.Spread(r.IntN(3)),
	}
	s := sim.New(opts)
	s.StartAll(time.Duration(r.IntN(50)) * time.Millisecond)
	var log strings.Builder
	fmt.Fprintf(&log, "%d nodes, dial latency %v, %v jitter %v\n", n, opts.DialLatency, opts.Spread, opts.Jitter)
	for range 5 + r.IntN(20) {
		s.RunFor(time.Duration(r.IntN(1<<r.IntN(13))) * time.Millisecond)
		fmt.Fprintf(&log, "%v: %s\n", s.Now(), randomAct(s, r))
	}
	s.Heal()
	s.SetLoss(0, 0)
	for i := range n {
		if !s.Running(i) {
			s.Restart(i)
		}
	}
	fmt.Fprintf(&log, "%v: all is well again\n", s.Now())
	s.RunFor(20 * second)
	for i := range n {
		if links := s.Links(i); len(links) > 20 {
			return log.String(), fmt.Sprintf("seed %d: n%d has links with %d, want at most 20", seed, i, links)
		}
		s.Add(i, fmt.Sprint("final/", i), nil, 0)
	}
	s.RunFor(2 * second)
	switch {
	case s.Err() != nil:
		return log.String(), s.Err().Error()
	case !s.Converged():
		return log.String(), fmt.Sprintf("seed %d: %s", seed, s.Diverged())
	case s.Count(0) < 2*n:
		return log.String(), fmt.Sprintf("seed %d: all nodes hold %d infos, want at least %d", seed, s.Count(0), 2*n)
	}
	return log.String(), ""
}

func randomAct(s *sim.Sim, r *rand.Rand) string {
	node, key := r.IntN(s.Len()), fmt.Sprint("k", r.IntN(4))
	switch r.IntN(13) {
	case 0:
		s.Crash(node)
		return fmt.Sprintf("n%d crashes", node)
	case 1:
		s.Silence(node)
		return fmt.Sprintf("n%d falls silent", node)
	case 2, 3:
		s.Restart(node)
		return fmt.Sprintf("n%d starts anew", node)
	case 4:
		var group []int
		for i := range s.Len() {
			if r.IntN(2) == 0 {
				group = append(group, i)
			}
		}
		s.Partition(group)
		return fmt.Sprintf("%d are cut off", group)
	case 5:
		s.Heal()
		return "healed"
	case 9:
		to := []int{r.IntN(s.Len()), r.IntN(s.Len())}
		s.OneWay([]int{node}, to)
		return fmt.Sprintf("nothing comes from n%d to n%d", node, to)
	case 10:
		loss, datagram := r.Float64()/4, r.Float64()/8
		s.SetLoss(loss, datagram)
		return fmt.Sprintf("losses of %.2f and %.2f", loss, datagram)
	case 11:
		offset, drift := time.Duration(r.IntN(4000)-2000)*time.Millisecond, (r.Float64()-0.5)/1000
		s.SetClock(node, offset, drift)
		return fmt.Sprintf("the clock of n%d is off by %v and %.6f", node, offset, drift)
	case 12:
		s.Wipe(node)
		s.Restart(node)
		return fmt.Sprintf("n%d starts anew without memory", node)
	case 6:
		err := s.Delete(node, key)
		return fmt.Sprintf("n%d deletes %s: %v", node, key, err)
	}
	ttl := time.Duration(0)
	if r.IntN(4) == 0 {
		ttl = time.Duration(1+r.IntN(5000)) * time.Millisecond
	}
	err := s.Add(node, key, []byte(fmt.Sprint(s.Now())), ttl)
	return fmt.Sprintf("n%d adds %s for %v: %v", node, key, ttl, err)
}
