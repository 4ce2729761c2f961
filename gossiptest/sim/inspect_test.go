package sim_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

func TestObserve(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 5, Seed: 1})
	var wrote []sim.Entry
	changed, runs := map[int]sim.Entry{}, map[int]int{}
	s.Observe(func(st sim.Step) {
		wrote = append(wrote, st.Wrote...)
		runs[st.Node] = st.Run
		for _, e := range st.Changed {
			if e.Key == "k" {
				changed[st.Node] = e
			}
		}
	})
	steps := []struct {
		name string
		do   func() error
		want sim.Entry // but for its version
	}{
		{"add", func() error { return s.Add(1, "k", []byte("v"), second) }, sim.Entry{Key: "k", Value: "v", TTL: second, Live: true}},
		{"expire", func() error { s.RunFor(second); return nil }, sim.Entry{Key: "k", TTL: second}},
		{"delete what has expired", func() error { return errors.Join(s.Delete(2, "k"), s.Delete(2, "k")) }, sim.Entry{Key: "k", TTL: 24 * time.Hour, Deleted: true}},
		{"add again", func() error { return s.Add(3, "k", []byte("w"), 0) }, sim.Entry{Key: "k", Value: "w", Live: true}},
		{"delete twice", func() error { return errors.Join(s.Delete(3, "k"), s.Delete(3, "k")) }, sim.Entry{Key: "k", Deleted: true}}, // it keeps out what never expires
	}
	var last sim.Version
	for _, st := range steps {
		wrote = nil
		if err := st.do(); err != nil {
			t.Fatal(err)
		}
		s.RunFor(500 * time.Millisecond)
		if st.name != "expire" {
			if len(wrote) != 1 || wrote[0].Version.Compare(last) <= 0 {
				t.Fatalf("%s: written was %+v, want one entry above %+v", st.name, wrote, last)
			}
			last = wrote[0].Version
		}
		st.want.Version = last
		for i := range 5 {
			if got, ok := s.Entry(i, "k"); !ok || got != st.want {
				t.Errorf("%s: n%d has %+v, %v, want %+v", st.name, i, got, ok, st.want)
			}
			if got := changed[i]; got != st.want && st.name != "delete what has expired" {
				t.Errorf("%s: what has changed at n%d is %+v, want %+v", st.name, i, got, st.want)
			}
		}
	}
	s.Restart(4)
	s.RunFor(second)
	if runs[4] != 2 || runs[0] != 1 {
		t.Errorf("runs %d of n4 and %d of n0, want 2 and 1", runs[4], runs[0])
	}
	if _, ok := s.Entry(0, "nothing"); ok {
		t.Error("n0 has an entry that nobody wrote")
	}
}

// TestObserveDeletionBesideExpiry deletes what has expired at the instant at which something else of the node expires, or the same.
func TestObserveDeletionBesideExpiry(t *testing.T) {
	for _, key := range []string{"gone", "beside"} {
		s := sim.New(sim.Options{Nodes: 1, Seed: 1})
		var wrote []string
		s.Observe(func(st sim.Step) {
			for _, e := range st.Wrote {
				wrote = append(wrote, e.Key)
			}
		})
		s.Start(0)
		s.RunFor(second)
		wrote = nil
		for k, ttl := range map[string]time.Duration{"gone": second, "beside": 2 * second} {
			if err := s.Add(0, k, []byte("v"), ttl); err != nil {
				t.Fatal(err)
			}
		}
		s.After(2*second, func() {
			if err := s.Delete(0, key); err != nil {
				t.Error(err)
			}
		})
		s.RunFor(3 * second)
		if len(wrote) != 3 || wrote[2] != key {
			t.Errorf("the deletion of %s is missing from what the node wrote: %v", key, wrote)
		}
	}
}

func TestInspect(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 20, Seed: 1})
	s.RunFor(2 * second) // links that are too many are not ended yet
	add(t, s, 7, "k", "v")
	s.RunFor(second)
	all := [2]int{}
	for i := range 20 {
		peers := s.Links(i)
		if dialed, accepted := s.Degree(i); dialed+accepted != len(peers) || max(dialed, accepted) > s.MaxPeers() {
			t.Errorf("n%d has %d and %d links, want %d in all", i, dialed, accepted, len(peers))
		} else {
			all[0] += dialed
			all[1] += accepted
		}
		if s.Digest(i) != s.Digest(0) || s.Backlog(i) != 0 {
			t.Errorf("n%d has the digest %x and a backlog of %d, want %x and none", i, s.Digest(i), s.Backlog(i), s.Digest(0))
		}
		origins := 0
		s.Origins(i, func(o sim.Origin) bool {
			origins++
			want := uint64(1)
			if o.Node == 7 {
				want = 2
			}
			if o.Covered != want || o.Incarnation != s.Incarnation(o.Node) {
				t.Errorf("n%d knows %+v, want %d writes of incarnation %d", i, o, want, s.Incarnation(o.Node))
			}
			if i != o.Node && !slices.Contains(peers, o.Parent) || i == o.Node && o.Parent != -1 {
				t.Errorf("n%d hears of n%d over n%d, and is linked to %v", i, o.Node, o.Parent, peers)
			}
			return true
		})
		if origins != 20 {
			t.Errorf("n%d knows %d origins, want 20", i, origins)
		}
	}
	if all[0] != all[1] || all[0] == 0 {
		t.Errorf("%d links are dialled and %d accepted, want as many", all[0], all[1])
	}
	s.OneWay([]int{1}, []int{2})
	s.Crash(3)
	for _, tt := range []struct {
		from, to int
		want     bool
	}{{1, 2, false}, {2, 1, true}, {1, 3, false}, {3, 1, false}, {0, 1, true}} {
		if got := s.Reaches(tt.from, tt.to); got != tt.want {
			t.Errorf("Reaches(%d, %d) = %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
	if s.Digest(3) != 0 || s.Incarnation(3) != 0 || s.Backlog(3) != 0 {
		t.Error("a node that has crashed shows something")
	}
}

func TestInspectPlaced(t *testing.T) {
	s := sim.New(sim.Options{Nodes: 10, Seed: 1})
	s.Place()
	if e, ok := s.Entry(3, "node:5"); !ok || !e.Live || e.Version.Node != 4 || s.Digest(3) == 0 || s.Incarnation(3) == 0 {
		t.Errorf("n3 has %+v, %v, with digest %x and incarnation %d", e, ok, s.Digest(3), s.Incarnation(3))
	}
}

func TestBacklog(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 4, Seed: 1, Timers: sim.Timers{Pace: second}})
	for i := range 20 {
		add(t, s, 0, "k", string(rune('a'+i)))
		s.RunFor(time.Millisecond)
	}
	if got := s.Backlog(0); got != 1 {
		t.Errorf("Backlog = %d while a link waits for its turn, want the one origin that has news", got)
	}
}

// Latencies from and to a slow node are longer, whoever dialled, and those of two slow ones longer still.
func TestSlow(t *testing.T) {
	s := assembled(t, sim.Options{Nodes: 2, Seed: 1, Jitter: -1})
	s.RunFor(second)
	for _, tt := range []struct {
		factors [2]float64
		want    time.Duration
	}{
		{[2]float64{1, 1}, 10 * time.Millisecond},
		{[2]float64{3, 1}, 30 * time.Millisecond},
		{[2]float64{1, 4}, 40 * time.Millisecond},
		{[2]float64{3, 4}, 120 * time.Millisecond},
		{[2]float64{1, 1}, 10 * time.Millisecond},
	} {
		for i, f := range tt.factors {
			s.Slow(i, f)
		}
		for i := range 2 {
			s.RunFor(second)
			add(t, s, i, "k", "v")
			s.RunFor(second)
			if u, _ := s.Update("k"); u.Total != tt.want {
				t.Errorf("factors %v: from n%d it took %v, want %v", tt.factors, i, u.Total, tt.want)
			}
		}
	}
}

func TestSlowPanics(t *testing.T) {
	for _, factor := range []float64{0.5, 1001} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Slow by a factor of %v does not panic", factor)
				}
			}()
			sim.New(sim.Options{Nodes: 1}).Slow(0, factor)
		}()
	}
}
