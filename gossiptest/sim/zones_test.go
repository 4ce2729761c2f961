package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// zoned places nodes in zones: 1 ms within one, 30 ms between two.
func zoned(zone []int) func(from, to int) time.Duration {
	const near, far = time.Millisecond, 30 * time.Millisecond
	return sim.Zones(zone, [][]time.Duration{{near, far, far}, {far, near, far}, {far, far, near}})
}

// thirds returns the zones of n nodes, of which each has a third.
func thirds(n int) (zone []int) {
	for i := range n {
		zone = append(zone, i%3)
	}
	return zone
}

// far counts the links of a node to other zones.
func far(s *sim.Sim, node int, zone []int) (n int) {
	for _, l := range s.Links(node) {
		if zone[l] != zone[node] {
			n++
		}
	}
	return n
}

// TestZones: where some peers are much farther than others, links go to near ones, but for a few, and an update crosses
// between zones a few times, and on no detour.
func TestZones(t *testing.T) {
	const nodes = 75
	zone := thirds(nodes)
	across, copies := 0, 0
	s := assembled(t, sim.Options{Nodes: nodes, Seed: 1, Distance: zoned(zone), OnEvent: func(e sim.Event) {
		if e.Kind != sim.FrameReceived {
			return
		}
		copies += len(e.Writes)
		if zone[e.Node] != zone[e.Peer] {
			across += len(e.Writes)
		}
	}})
	links := 0
	for i := range nodes {
		links += far(s, i, zone)
	}
	s.RunFor(40 * second)
	after, most := 0, 0
	for i := range nodes {
		after += far(s, i, zone)
		most = max(most, len(s.Links(i)))
	}
	if most > 11 {
		t.Errorf("a node has %d links, want 11 at most", most)
	}
	if after > nodes*5/2 || after < nodes {
		t.Errorf("%d ends of links that go far, once %d, want 1 to 2.5 a node", after, links)
	}
	origins := []int{3, 16, 32, 67}
	var last time.Duration
	const warm, measured = 8, 4
	for round := range warm + measured {
		if round == warm {
			across, copies = 0, 0
		}
		for _, o := range origins {
			value := fmt.Sprint(round)
			add(t, s, o, fmt.Sprint("key/", o), value)
			begin := s.Now()
			within(t, s, second, holds(s, fmt.Sprint("key/", o), value, all(nodes)))
			if round >= warm {
				last = max(last, s.Now()-begin)
			}
			s.RunFor(begin + 300*time.Millisecond - s.Now())
		}
	}
	updates := measured * len(origins)
	if perUpdate := float64(copies) / float64(updates); perUpdate > 1.02*(nodes-1) {
		t.Errorf("%.2f copies an update, want %d", perUpdate, nodes-1)
	}
	if perUpdate := float64(across) / float64(updates); perUpdate > 0.1*nodes {
		t.Errorf("%.2f copies an update cross between zones, want at most %.2f", perUpdate, 0.1*nodes)
	}
	if last > 45*time.Millisecond {
		t.Errorf("the last node has an update after %v, want 45 ms at most: one way between zones takes 30", last)
	}
	t.Logf("%d links at most; %d ends of far links, then %d; %.2f copies of %d cross; the last after %v", most, links, after, float64(across)/float64(updates), nodes-1, last)
}

// TestManyZones: who by chance has no near link at all learns from the peers that there are some, and finds one.
func TestManyZones(t *testing.T) {
	const nodes, zones = 60, 6
	zone := make([]int, nodes)
	for i := range zone {
		zone[i] = i % zones
	}
	s := assembled(t, sim.Options{Nodes: nodes, Seed: 1, Distance: func(from, to int) time.Duration {
		if zone[from] == zone[to] {
			return time.Millisecond
		}
		return 30 * time.Millisecond
	}})
	alone := func() (n int) {
		for i := range nodes {
			if far(s, i, zone) == len(s.Links(i)) {
				n++
			}
		}
		return n
	}
	s.RunFor(second)
	before := alone()
	within(t, s, 20*second, func() bool { return alone() == 0 })
	t.Logf("%d nodes without a near link, after %v none", before, s.Now())
}

// TestNearParent: of nodes that are near each other, all with a link to the one that writes, one has updates from
// there, and the others by way of it.
func TestNearParent(t *testing.T) {
	for seed := range uint64(5) {
		zone := []int{0, 1, 1, 1, 1}
		across := 0
		s := assembled(t, sim.Options{Nodes: len(zone), Seed: seed, Distance: zoned(zone), OnEvent: func(e sim.Event) {
			if e.Kind == sim.FrameReceived && e.Peer == 0 {
				across += len(e.Writes)
			}
		}})
		s.RunFor(10 * second)
		const warm, measured = 8, 4
		for round := range warm + measured {
			if round == warm {
				across = 0
			}
			add(t, s, 0, "key", fmt.Sprint(round))
			s.RunFor(300 * time.Millisecond)
			within(t, s, second, holds(s, "key", fmt.Sprint(round), all(len(zone))))
		}
		if n := len(s.Links(0)); n != len(zone)-1 || across != measured {
			t.Errorf("seed %d: %d copies of %d updates from afar, over %d links, want one each, over %d", seed, across, measured, n, len(zone)-1)
		}
	}
}

// TestFarAlone: a node that has nobody near keeps its links, and neither it nor the others look for better ones for ever.
func TestFarAlone(t *testing.T) {
	const nodes = 25
	zone := make([]int, nodes)
	zone[7] = 1
	changes, refused := 0, 0
	s := assembled(t, sim.Options{Nodes: nodes, Seed: 1, Distance: zoned(zone), OnEvent: func(e sim.Event) {
		switch e.Kind {
		case sim.LinkUp, sim.LinkDown:
			changes++
		case sim.Remark:
			refused++
		}
	}})
	s.RunFor(minute)
	changes, refused = 0, 0
	before := s.Stats().Frames
	s.RunFor(minute)
	if n := len(s.Links(7)); n < 4 {
		t.Errorf("the node that is far has %d links, want 4 or more", n)
	}
	if changes > 0 || refused > 0 {
		t.Errorf("in the second minute, %d links come or go, and there are %d remarks, want none", changes, refused)
	}
	ends := 0
	for i := range nodes {
		ends += len(s.Links(i))
	}
	if got, want := s.Stats().Frames-before, ends*60*11/10; got > want {
		t.Errorf("%d frames in a minute of idleness, want %d at most", got, want)
	}
}

// TestHeavyJitter: frames that take ten times as long as others make nobody far. Nothing is changed then.
func TestHeavyJitter(t *testing.T) {
	for _, spread := range []sim.Spread{sim.Uniform, sim.LogNormal} {
		changes := 0
		s := assembled(t, sim.Options{Nodes: 100, Seed: 1, Jitter: 0.95, Spread: spread, OnEvent: func(e sim.Event) {
			if e.Kind == sim.LinkUp || e.Kind == sim.LinkDown {
				changes++
			}
		}})
		s.RunFor(2 * minute) // nodes that have too many links end them
		changes = 0
		s.RunFor(30 * second)
		if changes > 0 {
			t.Errorf("%v: %d times, an end of a link comes or goes, want none", spread, changes)
		}
	}
}

// TestZoneCutOff: a zone that nobody can reach for a while goes on by itself, and is one with the others again afterwards.
func TestZoneCutOff(t *testing.T) {
	const nodes = 45
	zone := thirds(nodes)
	s := assembled(t, sim.Options{Nodes: nodes, Seed: 1, Distance: zoned(zone)})
	s.RunFor(40 * second)
	var cut []int
	for i := range nodes {
		if zone[i] == 1 {
			cut = append(cut, i)
		}
	}
	rest := slices.DeleteFunc(all(nodes), func(i int) bool { return zone[i] == 1 })
	s.Partition(cut)
	s.RunFor(10 * second)
	add(t, s, 1, "in", "1")
	within(t, s, second, holds(s, "in", "1", cut))
	add(t, s, 0, "out", "1")
	within(t, s, second, holds(s, "out", "1", rest))
	s.RunFor(10 * second)
	s.Heal()
	within(t, s, 5*second, s.Converged)
	s.RunFor(30 * second)
	add(t, s, 1, "in", "2")
	within(t, s, second, holds(s, "in", "2", all(nodes)))
}
