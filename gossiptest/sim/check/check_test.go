package check_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/check"
)

// settled returns a watched network of n nodes, in which node 3 has written so often that its tree is its own.
func settled(t *testing.T, opts sim.Options) (*sim.Sim, *check.Checker) {
	t.Helper()
	s := sim.New(opts)
	c := check.Watch(s)
	s.StartAll(10 * time.Millisecond)
	s.RunFor(10 * time.Second)
	for range 8 {
		write(t, s)
	}
	if err := c.Quiet(); err != nil {
		t.Fatal(err)
	}
	return s, c
}

func write(t *testing.T, s *sim.Sim) {
	t.Helper()
	if err := s.Add(3, "k", fmt.Append(nil, s.Now()), 0); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Second)
}

// On settled trees an update takes little longer than over the shortest ways there are: up to 1.12 times as long, measured.
func TestStretch(t *testing.T) {
	for seed := range uint64(5) {
		s, c := settled(t, sim.Options{Nodes: 20, Seed: seed, Jitter: -1})
		write(t, s)
		got := check.Stretch(s, "k")
		if got < 1 || got > 1.3 {
			t.Errorf("seed %d: Stretch = %.2f, want 1 to 1.3", seed, got)
		}
		if err := errors.Join(c.Once("k"), c.Trees(3)); err != nil {
			t.Error(err)
		}
		s.SetLoss(0.5, 0)
		write(t, s)
		if slow := check.Stretch(s, "k"); slow < 1.5*got {
			t.Errorf("seed %d: Stretch = %.2f while half of all frames is sent again, %.2f before", seed, slow, got)
		}
		s.Crash(3)
		s.Partition([]int{5})
		if got := check.Stretch(s, "nothing"); got != 0 {
			t.Errorf("Stretch of what nobody wrote = %v, want 0", got)
		}
	}
}

func TestOnce(t *testing.T) {
	tests := []struct {
		name  string
		fault func(*sim.Sim)
		key   string
		want  string
	}{
		{name: "a node does not get it", fault: func(s *sim.Sim) { s.Partition([]int{5}) }, key: "k", want: "to 8 of 9 nodes"},
		{name: "not written", fault: func(*sim.Sim) {}, key: "other", want: `"other"`},
		{name: "a node that is gone", fault: func(s *sim.Sim) { s.Crash(5); s.RunFor(10 * time.Second) }, key: "k"},
	}
	for _, tt := range tests {
		s, c := settled(t, sim.Options{Nodes: 10, Seed: 1})
		tt.fault(s)
		write(t, s)
		err := c.Once(tt.key)
		var v *check.Violation
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.As(err, &v) || v.Rule != check.Copies || !strings.Contains(v.Text, tt.want)):
			t.Errorf("%s: %v, want a violation that says %q", tt.name, err, tt.want)
		}
	}
}

// Where some nodes have two parents, what they have from both is no copy too many.
func TestOnceOfTwoParents(t *testing.T) {
	for seed := range uint64(5) {
		s, c := settled(t, sim.Options{Nodes: 20, Seed: seed, Parents: func(node int) int { return 1 + node%2 }})
		write(t, s)
		if err := errors.Join(c.Once("k"), c.Trees(3)); err != nil {
			t.Error(err)
		}
		two := 0
		for i := range s.Len() {
			s.Origins(i, func(o sim.Origin) bool {
				if o.Node == 3 && o.Second >= 0 {
					two++
				}
				return true
			})
		}
		u, _ := s.Update("k")
		if two < 7 || u.Copies < 19+two-1 {
			t.Errorf("seed %d: of 9 nodes that may have two parents, %d have, and %d copies have come to 19 nodes", seed, two, u.Copies)
		}
	}
}

// What came from two parents is no copy too many either once one of them is lost.
func TestOnceOfLostParents(t *testing.T) {
	s, c := settled(t, sim.Options{Nodes: 10, Seed: 1, Parents: func(int) int { return 2 }})
	write(t, s)
	s.Partition([]int{5})
	s.RunFor(10 * time.Second)
	s.Origins(5, func(o sim.Origin) bool {
		if o.Node == 3 && o.Second >= 0 {
			t.Errorf("n5, which is cut off, has a second parent: n%d", o.Second)
		}
		return true
	})
	if err := c.Once("k"); err != nil {
		t.Error(err)
	}
}

// Nothing is quiet that is not the same everywhere.
func TestQuiet(t *testing.T) {
	s, c := settled(t, sim.Options{Nodes: 10, Seed: 4})
	s.Partition([]int{5})
	write(t, s)
	err := c.Quiet()
	want := "check: seed 4, at 19s: equal: n0 and n5 do not claim the same: 10 and 9 writes of n3"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Quiet: %v, want %s ...", err, want)
	}
	s.Heal()
	s.RunFor(10 * time.Second)
	if again := c.Quiet(); again != err || c.Err() != err {
		t.Errorf("Quiet: %v, and Err: %v, want the first violation again", again, c.Err())
	}
}

// A flood has what the nodes have, and keeps what they lose.
func TestFlood(t *testing.T) {
	for _, told := range []bool{true, false} {
		s := sim.New(sim.Options{Nodes: 5, Seed: 1})
		c := check.Watch(s)
		f := c.Flood()
		s.StartAll(10 * time.Millisecond)
		s.RunFor(5 * time.Second)
		write(t, s)
		if err := f.Compare(); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if told {
				f.Down(i)
			}
			s.Crash(i)
		}
		for i := range 5 {
			s.Start(i)
		}
		s.RunFor(10 * time.Second)
		err := f.Compare()
		if told && err != nil || !told && (err == nil || !strings.Contains(err.Error(), "survival: n0 has nothing of")) {
			t.Errorf("after all nodes have crashed, the flood was told: %v: %v", told, err)
		}
	}
}

// A write that is lost with its node excuses nobody who loses the one before, which others had.
func TestFloodKeepsWhatWasLeft(t *testing.T) {
	for _, tt := range []struct{ told, cut bool }{{true, true}, {true, false}, {false, true}, {false, false}} { // told of the loss of that one; cut off, so that no flood brings the newer one
		s := sim.New(sim.Options{Nodes: 5, Seed: 1})
		c := check.Watch(s)
		f := c.Flood()
		s.StartAll(10 * time.Millisecond)
		s.RunFor(5 * time.Second)
		write(t, s)
		f.Spread()
		if tt.cut {
			s.Partition([]int{0})
		}
		if err := s.Add(0, "k", []byte("newer"), 0); err != nil {
			t.Fatal(err)
		}
		f.Down(0)
		s.Crash(0)
		for _, i := range []int{1, 2, 3, 4} {
			if tt.told {
				f.Down(i)
			}
			s.Crash(i)
		}
		s.Heal()
		for i := range 5 {
			s.Start(i)
		}
		s.RunFor(10 * time.Second)
		err := f.Compare()
		if tt.told && err != nil || !tt.told && (err == nil || !strings.Contains(err.Error(), `survival: n0 has nothing of "5s" as "k"`)) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestRuleNames(t *testing.T) {
	seen := map[string]bool{}
	for r := check.Merge; r <= check.Survival; r++ {
		if seen[r.String()] || r.String() == "" || strings.Contains(r.String(), "Rule") {
			t.Errorf("rule %d is called %q", r, r)
		}
		seen[r.String()] = true
	}
	for _, r := range []check.Rule{0, check.Survival + 1} {
		if got, want := r.String(), fmt.Sprintf("Rule(%d)", uint8(r)); got != want {
			t.Errorf("the name is %q, want %q", got, want)
		}
	}
}

// A placed network is checked like any other: what was there before counts as written, when its version says.
func TestPlaced(t *testing.T) {
	s := sim.New(sim.Options{Nodes: 20, Seed: 1, DescriptorTTL: 20 * time.Second})
	c := check.Watch(s)
	f := c.Flood()
	s.SetClock(7, 5*time.Second, 0)
	s.Place()
	s.RunFor(5 * time.Second)
	write(t, s)
	for _, i := range []int{4, 5, 6} { // the descriptors of two of them expire
		s.Crash(i)
		f.Down(i)
	}
	s.RunFor(5 * time.Second)
	s.Start(6)
	s.Partition([]int{0, 1, 2, 3, 4})
	s.RunFor(20 * time.Second)
	s.Heal()
	s.RunFor(30 * time.Second)
	if err := errors.Join(s.Err(), c.Err(), c.Quiet(), f.Compare()); err != nil {
		t.Error(err)
	}
	for node := range 20 {
		if _, ok := s.Get(0, fmt.Sprint("node:", node+1)); ok != s.Running(node) {
			t.Errorf("n0 has the descriptor of n%d: %v, want %v", node, ok, s.Running(node))
		}
	}
}

func TestWatchTooLate(t *testing.T) {
	defer func() {
		if p := recover(); p != "check: Watch: n0 runs already" {
			t.Errorf("Watch panics with %v, want that a node runs", p)
		}
	}()
	s := sim.New(sim.Options{Nodes: 2})
	s.Place()
	check.Watch(s)
}
