package sim_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// TestPlace: every node has as many links as the protocol wants, knows all, and has nothing to do.
func TestPlace(t *testing.T) {
	for _, nodes := range []int{2, 3, 4, 5, 6, 7, 10, 33, 100, 101, 300} {
		t.Run(fmt.Sprint("nodes=", nodes), func(t *testing.T) {
			ups, links := 0, 0
			s := sim.New(sim.Options{Nodes: nodes, Seed: 5, OnEvent: func(e sim.Event) {
				switch e.Kind {
				case sim.NodeUp:
					ups++
				case sim.LinkUp:
					links++
				case sim.LinkDown, sim.InfoWritten, sim.Remark:
					t.Errorf("%v: n%d has %q %q", e.At, e.Node, e.Kind, e.Text)
				}
			}})
			s.Place()
			degree := min(max(4, int(math.Ceil(2*math.Pow(float64(nodes), 0.25)))), nodes-1)
			look := func() {
				t.Helper()
				short := 0
				for i := range nodes {
					peers := s.Links(i)
					short += degree - len(peers)
					if len(slices.Compact(slices.Clone(peers))) != len(peers) || len(peers) > degree || slices.Contains(peers, i) {
						t.Fatalf("n%d has links to %v, want %d", i, peers, degree)
					}
					for _, p := range peers {
						if !slices.Contains(s.Links(p), i) {
							t.Fatalf("n%d has a link to n%d, which has none", i, p)
						}
					}
					if s.Count(i) != nodes {
						t.Fatalf("n%d knows %d nodes, want %d", i, s.Count(i), nodes)
					}
				}
				if short != degree*nodes%2 {
					t.Errorf("%d links are missing of %d", short, degree*nodes)
				}
			}
			look()
			if seen := distances(s, 0); len(seen) != nodes {
				t.Errorf("n0 can reach %d nodes, want %d", len(seen), nodes)
			}
			s.RunFor(3 * time.Second)
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
			if nodes*degree%2 == 0 { // else the one that lacks a link has dialled somebody
				look()
			}
			if st := s.Stats(); st.Dials > nodes*degree%2*2 || st.Infos != 0 || ups != nodes || links < nodes*degree-1 {
				t.Errorf("there were %d dials and %d infos, and OnEvent was told of %d nodes and %d links", st.Dials, st.Infos, ups, links)
			}
		})
	}
}

// distances returns how many links there are from a node to each that it can reach.
func distances(s *sim.Sim, from int) map[int]int {
	at := map[int]int{from: 0}
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for _, p := range s.Links(queue[0]) {
			if _, ok := at[p]; !ok {
				at[p] = at[queue[0]] + 1
				queue = append(queue, p)
			}
		}
	}
	return at
}

// placedStory has all kinds of things happen to what was there from the start.
func placedStory(t *testing.T, nodes int, seed uint64) *sim.Sim {
	t.Helper()
	s := sim.New(sim.Options{Nodes: nodes, Seed: seed, DescriptorTTL: 8 * time.Minute})
	s.SetClock(3, 200*time.Millisecond, 1e-6)
	s.Place()
	others := all(nodes)
	for round := range 10 {
		for i := range 5 {
			add(t, s, i, fmt.Sprint("u/", i), fmt.Sprint(round))
		}
		s.RunFor(300 * time.Millisecond)
	}
	add(t, s, 1, "u/1", "alone") // without company, its adverts may show a shorter way
	s.RunFor(300 * time.Millisecond)
	before := s.Stats()
	add(t, s, 1, "u/1", "last")
	within(t, s, time.Second, holds(s, "u/1", "last", others))
	s.RunFor(100 * time.Millisecond)
	if infos := s.Stats().Infos - before.Infos; infos != nodes-1 {
		t.Errorf("%d copies of an update came, want %d", infos, nodes-1)
	}
	if err := s.Delete(2, "node:8"); err != nil { // the node writes it again
		t.Fatal(err)
	}
	within(t, s, 10*time.Second, func() bool { return s.Converged() && s.Count(0) == nodes+5 })
	s.Crash(11)
	s.Silence(9)
	s.RunFor(10 * time.Second)
	s.Restart(9)
	within(t, s, 20*time.Second, s.Converged)
	if got, want := len(s.Keys(9)), s.Count(0); got != want {
		t.Errorf("a node that has started again holds %d infos, want %d", got, want)
	}
	return s
}

// Networks that were placed live as others do, and the same way each time.
func TestPlacedStory(t *testing.T) {
	a, b := placedStory(t, 40, 1), placedStory(t, 40, 1)
	if a.Trace() != b.Trace() || a.Trace() == placedStory(t, 40, 2).Trace() {
		t.Errorf("traces are %x and %x, want them equal, and that of another seed to differ", a.Trace(), b.Trace())
	}
	// 8 minutes later all descriptors have been refreshed but that of the node which has crashed.
	a.RunFor(8 * time.Minute)
	for i := range 40 {
		if _, ok := a.Get(0, fmt.Sprint("node:", i+1)); ok != (i != 11) {
			t.Errorf("n0 knows n%d: %t", i, ok)
		}
	}
	first, last := a.Now(), time.Duration(0)
	for _, u := range a.Updates() {
		if u.Seq == 2 && u.Key == fmt.Sprint("node:", u.Node+1) && u.Node >= 20 {
			first, last = min(first, u.At), max(last, u.At)
		}
	}
	if first < 2*time.Minute || last > 4*time.Minute || last-first < time.Minute {
		t.Errorf("descriptors were refreshed after %v to %v, want 2 to 4 minutes, spread", first, last)
	}
	if !a.Converged() || a.Err() != nil {
		t.Error(a.Diverged(), a.Err())
	}
}

func TestPlaceAfterStart(t *testing.T) {
	s := sim.New(sim.Options{Nodes: 3})
	s.Start(1)
	defer func() {
		if got, want := fmt.Sprint(recover()), "sim: Place: n1 has been started"; got != want {
			t.Errorf("Place panics with %q, want %q", got, want)
		}
	}()
	s.Place()
}

func TestRing(t *testing.T) {
	s := sim.New(sim.Options{Nodes: 50, Seed: 1})
	ring := s.Ring()
	s.Place()
	for i, node := range ring {
		if next := ring[(i+1)%len(ring)]; !slices.Contains(s.Links(node), next) {
			t.Errorf("n%d has no link with n%d, which is next to it in %d", node, next, ring)
		}
	}
	slices.Sort(ring)
	for i, node := range ring {
		if i != node {
			t.Fatalf("the nodes of the ring are %d, want all", ring)
		}
	}
}

// A clock that is wrong from the start ages nothing.
func TestPlacedWrongClock(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		s := sim.New(sim.Options{Nodes: 10, Seed: 1, DescriptorTTL: 20 * time.Minute})
		s.SetClock(3, ahead, 0)
		s.Place()
		for minute := range 40 {
			if s.Count(3) != 10 || s.Count(4) != 10 {
				t.Fatalf("clock ahead by %v: after %d minutes there are %d infos, and %d at another node, want 10", ahead, minute, s.Count(3), s.Count(4))
			}
			s.RunFor(time.Minute)
		}
	}
}

// Observers are told of what is placed: who wrote it, and that all have it.
func TestObservePlaced(t *testing.T) {
	s := sim.New(sim.Options{Nodes: 10, Seed: 1})
	wrote, has := map[string]int{}, map[int]int{}
	s.Observe(func(st sim.Step) {
		if !st.Placed || st.Run != 1 {
			return
		}
		for _, e := range st.Wrote {
			wrote[e.Key] = st.Node
			if e.Version.Node != st.Node || !e.Live {
				t.Errorf("n%d writes %+v", st.Node, e)
			}
		}
		for _, e := range st.Changed {
			if wrote[e.Key] != e.Version.Node {
				t.Errorf("n%d has %+v before it was written", st.Node, e)
			}
		}
		has[st.Node] += len(st.Changed)
	})
	s.Place()
	s.RunFor(time.Minute)
	for i := range 10 {
		if got, ok := wrote[fmt.Sprint("node:", i+1)]; !ok || got != i || has[i] != 10 {
			t.Errorf("n%d wrote its descriptor: %v, and has %d, want 10", i, ok, has[i])
		}
	}
}
