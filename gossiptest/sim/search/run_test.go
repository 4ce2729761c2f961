package search_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
	"github.com/grapevine-go/grapevine/gossiptest/sim/search"
)

// run parses and runs a schedule; probe is given the Sim before it starts.
func run(t *testing.T, text string, probe func(*sim.Sim)) error {
	t.Helper()
	s, err := search.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	network := sim.New(s.Options())
	probe(network)
	_, err = search.RunOn(network, s)
	return err
}

// Faults of a kind that overlap are all there while they last, and none behind the end.
func TestOverlap(t *testing.T) {
	const text = `
seed 1
nodes 6
for 20s
partition at 2s for 4s nodes 0,1
partition at 4s for 4s nodes 1,2
oneway at 5s for 2s nodes 3 to 4
crash at 2s for 4s nodes 5
silence at 4s for 4s nodes 5
clock at 2s for 4s nodes 0 amount 2
clock at 4s for 4s nodes 0 amount -0.5
crash at 18s for 1h0m0s nodes 5
partition at 18s for 1h0m0s nodes 0
write at 5s node 5 key down ttl 0s
write at 17s node 5 key up ttl 0s
`
	parts := func(s *sim.Sim) string {
		text := ""
		for i := range 5 {
			for j := range 5 {
				if s.Reaches(i, j) {
					text += fmt.Sprint(j)
				}
			}
			text += " "
		}
		return fmt.Sprintf("%sup %v clock %v", text, s.Running(5), s.Clock(0))
	}
	want := map[time.Duration]string{
		1 * time.Second:         "01234 01234 01234 01234 01234 up true clock 0s",
		3 * time.Second:         "01 01 234 234 234 up false clock 2s",
		5500 * time.Millisecond: "0 1 2 3 34 up false clock 1.5s",
		6500 * time.Millisecond: "034 12 12 03 034 up false clock -500ms",
		7500 * time.Millisecond: "034 12 12 034 034 up false clock -500ms",
		9 * time.Second:         "01234 01234 01234 01234 01234 up true clock 0s",
		19 * time.Second:        "0 1234 1234 1234 1234 up false clock 0s",
		21 * time.Second:        "01234 01234 01234 01234 01234 up true clock 0s",
	}
	var network *sim.Sim
	err := run(t, text, func(s *sim.Sim) {
		network = s
		for at, w := range want {
			s.After(at, func() {
				if got := parts(s); got != w {
					t.Errorf("at %v: %s, want %s", at, got, w)
				}
			})
		}
	})
	if err != nil {
		t.Error(err)
	}
	if _, ok := network.Get(0, "down"); ok {
		t.Error("a node wrote that was down")
	}
	if _, ok := network.Get(0, "up"); !ok {
		t.Error("what a node wrote before it crashed is lost")
	}
}

// A node that was wiped does not know its incarnation, and one that crashed does.
func TestMemory(t *testing.T) {
	for _, kind := range []string{"wipe", "crash"} {
		var before, after uint64
		text := "seed 1\nnodes 1\nfor 5s\nclock at 500ms for 10s nodes 0 amount -10\n" + kind + " at 1s for 200ms nodes 0"
		err := run(t, text, func(s *sim.Sim) {
			s.After(900*time.Millisecond, func() { before = s.Incarnation(0) })
			s.After(2*time.Second, func() { after = s.Incarnation(0) })
		})
		if err != nil || before == 0 || after == 0 || (kind == "wipe") != (after < before) {
			t.Errorf("%s: incarnations %d and then %d, %v", kind, before, after, err)
		}
	}
}

// The weather of each kind comes and goes.
func TestWeather(t *testing.T) {
	tests := []struct {
		fault string
		bad   func(during, after sim.Stats, slowest time.Duration) bool // there is something, and later no more
	}{
		{"loss at 5s for 4s amount 0.2", func(during, after sim.Stats, _ time.Duration) bool {
			return during.Resent >= 20 && after.Resent == during.Resent
		}},
		{"datagrams at 5s for 4s amount 0.2", func(during, after sim.Stats, _ time.Duration) bool {
			return during.Lost >= 20 && after.Lost == during.Lost
		}},
		{"slow at 5s for 4s nodes 0,1,2 amount 20", func(_, _ sim.Stats, slowest time.Duration) bool { return slowest >= 190*time.Millisecond }},
	}
	for _, tt := range tests {
		for _, fault := range []string{tt.fault, ""} {
			var during, after sim.Stats
			var slow sim.Update
			err := run(t, "seed 3\nnodes 10\nfor 20s\nwrite at 6s node 1 key k ttl 0s\n"+fault, func(s *sim.Sim) {
				s.After(9500*time.Millisecond, func() {
					during = s.Stats()
					slow, _ = s.Update("k")
				})
				s.After(19*time.Second, func() { after = s.Stats() })
			})
			if err != nil {
				t.Errorf("%s: %v", fault, err)
			}
			if got, want := tt.bad(during, after, slow.Last-slow.At), fault != ""; got != want {
				t.Errorf("%q: %v: %+v, then %+v; the slowest took %v", fault, got, during, after, slow.Last-slow.At)
			}
		}
	}
}

// A run is the same each time, and without one of its faults it is the same until that would have begun.
func TestReplay(t *testing.T) {
	events := func(s search.Schedule) (log []sim.Event, trace uint64) {
		opts := s.Options()
		opts.OnEvent = func(e sim.Event) {
			e.Writes = nil
			log = append(log, e)
		}
		res, err := search.RunOn(sim.New(opts), s)
		if err != nil {
			t.Error(err)
		}
		return log, res.Trace
	}
	s := search.Generate(5)
	all, trace := events(s)
	if _, again := events(s); trace != again || trace == 0 {
		t.Errorf("the traces are %x and %x, want the same", trace, again)
	}
	last := s.Faults[len(s.Faults)-1]
	less := s
	less.Faults = slices.Clone(s.Faults[:len(s.Faults)-1])
	fewer, other := events(less)
	if other == trace {
		t.Error("a fault less makes no difference")
	}
	for i := range all {
		switch {
		case all[i].At >= last.At:
			return
		case i == len(fewer) || !reflect.DeepEqual(all[i], fewer[i]):
			t.Fatalf("without a fault at %v, event %d is another: %+v", last.At, i, all[i])
		}
	}
}

// What nobody could have got is not missed.
func TestExcuses(t *testing.T) {
	tests := []struct{ name, text string }{
		{"nobody can reach the writer", "partition at 5s for 10s nodes 0\nwrite at 6s node 0 key k ttl 0s\nwipe at 14s for 1s nodes 0"},
		{"the writer can reach nobody", "oneway at 5s for 30s nodes 0 to 1,2,3,4\nwrite at 6s node 0 key k ttl 0s\nwipe at 34s for 1s nodes 0"},
		{"there was no time", "slow at 5s for 2s nodes 0 amount 1000\nwrite at 6s node 0 key k ttl 0s\nsilence at 6.5s for 1s nodes 0"},
	}
	for _, tt := range tests {
		var network *sim.Sim
		err := run(t, "nodes 5\nfor 40s\n"+tt.text, func(s *sim.Sim) { network = s })
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, ok := network.Get(1, "k"); ok {
			t.Errorf("%s: it was not lost", tt.name)
		}
	}
}

// In this schedule, two adverts cross for eight updates; by the ninth, a node finds that it is next to the writer. The tenth comes twice to one that has
// heard of that meanwhile, and is not the one to count.
func TestLateShortcut(t *testing.T) {
	if res, err := search.Run(search.Generate(130000003299)); err != nil || res.Restless != 0 {
		t.Errorf("%d nodes found no rest, error %v; want none", res.Restless, err)
	}
}

// What is lost once all has healed is found, where datagrams are lost before, too: here half of the network, or one node while another one comes and goes.
func TestSplitAfterwards(t *testing.T) {
	for _, tt := range []struct {
		seed  uint64
		away  []int
		again bool
	}{
		{seed: 1, away: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{seed: 2, away: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{seed: 1, away: []int{1}, again: true},
		{seed: 2, away: []int{1}, again: true},
	} {
		s := search.Generate(tt.seed)
		network := sim.New(s.Options())
		at := s.For + 10*time.Second
		network.After(at, func() { network.Partition(tt.away) })
		var again func()
		again = func() {
			network.Crash(19)
			network.Start(19)
			network.After(200*time.Millisecond, again)
		}
		if tt.again {
			network.After(at, again)
		}
		if _, err := search.RunOn(network, s); err == nil {
			t.Errorf("seed %d, %v away from %v on, n19 starts again and again: %v; no error", tt.seed, tt.away, at, tt.again)
		} else {
			t.Log(err)
		}
	}
}
