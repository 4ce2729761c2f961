package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// OnChange tells of everything that becomes of an info, at each node, the writer included.
func TestOnChange(t *testing.T) {
	var got []string
	var stamps []time.Time
	opts := sim.Options{Nodes: 3, Seed: 1, OnChange: func(c sim.Change) {
		if c.Key == "k" {
			got = append(got, fmt.Sprintf("n%d: %v %q from %d", c.Node, c.Kind, c.Value, c.From))
			stamps = append(stamps, c.Stamp)
		}
	}}
	s := assembled(t, opts)
	want := func(kind, value string, from int) {
		t.Helper()
		s.RunFor(2 * second)
		var want []string
		for i := range 3 {
			want = append(want, fmt.Sprintf("n%d: %s %q from %d", i, kind, value, from))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("changes %q, want %q", got, want)
		}
		for _, at := range stamps {
			if !at.Equal(stamps[0]) || at.Year() != 2000 {
				t.Errorf("stamps %v, want the same time in 2000", stamps)
			}
		}
		got, stamps = nil, nil
	}
	add(t, s, 1, "k", "1")
	want("added", "1", 2)
	add(t, s, 2, "k", "2")
	want("updated", "2", 3)
	add(t, s, 0, "k", "2")
	want("refreshed", "2", 1)
	if err := s.Delete(1, "k"); err != nil {
		t.Fatal(err)
	}
	want("deleted", "", 2)
	if err := s.Add(2, "k", []byte("3"), second); err != nil {
		t.Fatal(err)
	}
	s.RunFor(500 * time.Millisecond)
	got, stamps = nil, nil
	want("expired", "", 3)

	plain := assembled(t, sim.Options{Nodes: 3, Seed: 1})
	again := assembled(t, sim.Options{Nodes: 3, Seed: 1, OnChange: func(sim.Change) {}})
	if plain.Trace() != again.Trace() {
		t.Errorf("the trace is %x watched and %x not, want them equal", again.Trace(), plain.Trace())
	}
}
