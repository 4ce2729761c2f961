package sim_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// story is a run with a bit of everything. What it does not get through, a node that is down for instance, is no matter.
func story(seed uint64, nodes int) *sim.Sim {
	s := sim.New(sim.Options{Nodes: nodes, Seed: seed, Spread: sim.LogNormal, Jitter: 0.3, Loss: 0.01})
	s.StartAll(10 * time.Millisecond)
	s.RunFor(second)
	half := all(nodes / 2)
	s.SetClock(0, -time.Second, 1e-4)
	for i := range nodes {
		s.Add(i, fmt.Sprint("key/", i%7), []byte{byte(i)}, 0)
		s.RunFor(time.Millisecond)
	}
	s.Crash(nodes - 1)
	s.RunFor(100 * time.Millisecond)
	s.Silence(nodes - 2)
	s.Partition(half)
	s.OneWay(half[:1], half[1:2])
	s.Add(0, "left", []byte("left"), second)
	s.RunFor(4 * second)
	s.Heal()
	s.Delete(1, "key/3")
	s.SetLoss(0, 0)
	s.Churn(0.1, 300*time.Millisecond, second)
	s.Wipe(nodes - 1)
	s.Restart(nodes - 1)
	s.Restart(nodes - 2)
	s.RunFor(5 * second)
	return s
}

func TestSameSeedSameTrace(t *testing.T) {
	for _, nodes := range []int{5, 20, 60} {
		a, b, other := story(1, nodes), story(1, nodes), story(2, nodes)
		if a.Err() != nil {
			t.Fatal(a.Err())
		}
		if a.Trace() != b.Trace() || a.Stats() != b.Stats() {
			t.Errorf("%d nodes: traces are %x and %x, want them equal", nodes, a.Trace(), b.Trace())
		}
		if a.Trace() == other.Trace() {
			t.Errorf("%d nodes: traces of seeds 1 and 2 are both %x, want them to differ", nodes, a.Trace())
		}
		if !a.Converged() {
			t.Errorf("%d nodes: %s", nodes, a.Diverged())
		}
		t.Logf("%d nodes: trace %x, %+v", nodes, a.Trace(), a.Stats())
	}
}

// A cold start is the same twice, too, and so is a large one.
func TestColdStartTwice(t *testing.T) {
	if a, b := coldStart(t, 250, 9).Trace(), coldStart(t, 250, 9).Trace(); a != b {
		t.Errorf("traces are %x and %x, want them equal", a, b)
	}
}

// What an onlooker does is no part of what happens.
func TestLookingChangesNothing(t *testing.T) {
	run := func(opts sim.Options, look func(*sim.Sim)) uint64 {
		s := sim.New(opts)
		s.StartAll(10 * time.Millisecond)
		for range 100 {
			s.RunFor(10 * time.Millisecond)
			look(s)
		}
		return s.Trace()
	}
	plain := run(sim.Options{Nodes: 20, Seed: 1}, func(*sim.Sim) {})
	learned := 0
	watched := run(sim.Options{Nodes: 20, Seed: 1, OnLearn: func(sim.Learned) { learned++ }}, func(s *sim.Sim) {
		s.Links(3)
		s.Keys(4)
		s.Diverged()
		s.Updates()
	})
	if plain != watched {
		t.Errorf("the trace is %x watched and %x not, want them equal", watched, plain)
	}
	if want := 20 * 19; learned != want {
		t.Errorf("OnLearn was called %d times, want %d", learned, want)
	}
}

// coldStart runs a cold start until all know all.
func coldStart(t testing.TB, nodes int, seed uint64) *sim.Sim {
	s := sim.New(sim.Options{Nodes: nodes, Seed: seed})
	s.Start(0, 1, 2)
	s.StartAll(10 * time.Millisecond)
	within(t, s, minute, allKnowAll(s))
	return s
}

// A thousand nodes learn of each other. With the race detector it takes a minute: only if GRAPEVINE_FULL is set.
func TestThousandNodes(t *testing.T) {
	nodes := 1000
	if (testing.Short() || raceEnabled) && os.Getenv("GRAPEVINE_FULL") == "" {
		nodes = 250
	}
	begin := time.Now()
	s := coldStart(t, nodes, 1)
	took := time.Since(begin)
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	st := s.Stats()
	copies := float64(st.Infos) / float64(nodes*(nodes-1))
	if copies > 1.05 {
		t.Errorf("%.3f copies of a descriptor came to a node, want at most 1.05", copies)
	}
	if limit := 350 * time.Millisecond; s.Now() > limit {
		t.Errorf("all know all after %v, want at most %v", s.Now(), limit)
	}
	t.Logf("all know all after %v; %.3f copies, %.1f frames and %d control bytes a node, %d hops", s.Now(), copies,
		float64(st.Frames)/float64(nodes), st.Control/nodes, st.Hops)
	t.Logf("%v of real time, %d inputs of cores, heap %d MB, trace %x", took, st.Steps, m.HeapAlloc>>20, s.Trace())
}

// In a settled network an update crosses each node's way once.
func TestUpdates(t *testing.T) {
	tests := []struct {
		nodes  int
		copies float64
		last   time.Duration
	}{
		{nodes: 10, copies: 1.01, last: 35 * time.Millisecond},
		{nodes: 100, copies: 1.01, last: 55 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("nodes=", tt.nodes), func(t *testing.T) {
			s := assembled(t, sim.Options{Nodes: tt.nodes, Seed: 3})
			s.RunFor(10 * second)
			for round := range 10 {
				for i := range 10 {
					add(t, s, i, fmt.Sprint("update/", i), fmt.Sprint(round))
					s.RunFor(time.Second)
				}
			}
			before := s.Stats()
			copies, last, updates := 0, time.Duration(0), 0
			for i := range 10 {
				add(t, s, i, fmt.Sprint("update/", i), "measured")
				s.RunFor(200 * time.Millisecond)
				u, _ := s.Update(fmt.Sprint("update/", i))
				if u.Nodes != tt.nodes-1 {
					t.Fatalf("%d nodes took the update of n%d in, want %d", u.Nodes, i, tt.nodes-1)
				}
				copies, last, updates = copies+u.Copies, max(last, u.Last-u.At), updates+1
			}
			got := float64(copies) / float64(updates*(tt.nodes-1))
			if got > tt.copies {
				t.Errorf("%.3f copies of an update came to a node, want at most %.3f", got, tt.copies)
			}
			if last > tt.last {
				t.Errorf("the last node had an update after %v, want at most %v", last, tt.last)
			}
			control := float64(s.Stats().Control-before.Control) / float64(updates*tt.nodes)
			t.Logf("%.3f copies, last %v, %.1f control bytes a node and update, pings included", got, last, control)
		})
	}
}

func BenchmarkColdStart(b *testing.B) {
	for _, nodes := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("nodes=", nodes), func(b *testing.B) {
			b.ReportAllocs()
			var st sim.Stats
			var now time.Duration
			seed := uint64(0)
			for b.Loop() {
				s := coldStart(b, nodes, seed)
				seed++
				st, now = s.Stats(), s.Now()
			}
			b.ReportMetric(float64(st.Infos)/float64(nodes*(nodes-1)), "copies")
			b.ReportMetric(float64(st.Frames)/float64(nodes), "frames/node")
			b.ReportMetric(float64(now.Microseconds())/1000, "virtual-ms")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(st.Steps), "ns/step")
		})
	}
}
