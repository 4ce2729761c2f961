package sim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/gossiptest/sim"
)

// What OnEvent is told adds up to what a Sim says of itself.
func TestEvents(t *testing.T) {
	type end struct{ node, link int }
	kinds := map[sim.EventKind]int{}
	remarks, parts := map[string]int{}, map[sim.Parts]int{}
	links := map[end]int{} // to whom
	bytes, control, pings, quiet, inFlight := 0, 0, 0, 0, 0
	copies, learned, deletions := map[int]int{}, map[int]int{}, 0
	last := time.Duration(0)
	opts := sim.Options{Nodes: 20, Seed: 3, DatagramLoss: 0.01}
	opts.OnEvent = func(e sim.Event) {
		kinds[e.Kind]++
		if e.At < last {
			t.Fatalf("%+v comes after one of %v", e, last)
		}
		last = e.At
		switch e.Kind {
		case sim.NodeDown:
			for k := range links {
				if k.node == e.Node {
					delete(links, k)
				}
			}
		case sim.LinkUp:
			links[end{e.Node, e.Link}] = e.Peer
		case sim.LinkDown:
			if links[end{e.Node, e.Link}] != e.Peer {
				t.Errorf("%+v, want a link that is up", e)
			}
			delete(links, end{e.Node, e.Link})
		case sim.FrameSent:
			inFlight++
		case sim.FrameLost:
			inFlight--
		case sim.FrameReceived:
			inFlight--
			bytes, control = bytes+e.Bytes, control+e.Control
			for p := sim.Hello; p <= sim.Bye; p <<= 1 {
				if e.Parts&p != 0 {
					parts[p]++
				}
			}
			if (e.Text == "ping") != (e.Parts == sim.Ping) || (len(e.Writes) > 0) && e.Parts&sim.Infos == 0 {
				t.Errorf("%+v, want parts that fit", e)
			}
			if e.Text == "ping" {
				pings, quiet = pings+1, quiet+e.Control
			}
			for _, w := range e.Writes {
				copies[w]++
			}
		case sim.InfoWritten:
			if e.Text == "delete" {
				deletions++
			}
		case sim.InfoLearned:
			learned[e.Write]++
		case sim.Remark:
			remarks[e.Text]++
		}
	}
	s := sim.New(opts)
	s.StartAll(10 * time.Millisecond)
	s.RunFor(10 * second)
	add(t, s, 3, "color", "red")
	s.RunFor(second)
	if err := s.Delete(4, "color"); err != nil {
		t.Fatal(err)
	}
	s.Crash(5)
	s.Silence(6)
	s.RunFor(20 * second)
	s.Restart(5)
	s.RunFor(20*second + 5*time.Millisecond)
	if s.Err() != nil {
		t.Fatal(s.Err())
	}

	for p := sim.Hello; p <= sim.Bye; p <<= 1 {
		if parts[p] == 0 && p != sim.Bye || p.String() == "" {
			t.Errorf("no frame has %v", p)
		}
	}
	st := s.Stats()
	got := []int{kinds[sim.NodeUp], kinds[sim.NodeDown], kinds[sim.FrameReceived], kinds[sim.FrameLost], bytes, control, pings, quiet}
	want := []int{21, 2, st.Frames, st.Lost, st.Bytes, st.Control, st.Pings, st.Quiet}
	if !slices.Equal(got, want) {
		t.Errorf("starts, ends, frames received and lost, bytes, control bytes, pings, their bytes: %d, want %d", got, want)
	}
	if inFlight < 0 || inFlight > 30 {
		t.Errorf("%d frames are neither received nor lost", inFlight)
	}
	for _, u := range s.Updates() {
		if copies[u.N] != u.Copies || learned[u.N] != u.Nodes {
			t.Errorf("%d copies and %d nodes learned, want %+v", copies[u.N], learned[u.N], u)
		}
		delete(copies, u.N)
		delete(learned, u.N)
	}
	if len(copies) > 0 || len(learned) > 0 {
		t.Errorf("copies of %v and news of %v, which nobody wrote", copies, learned)
	}
	if got, want := kinds[sim.InfoWritten], len(s.Updates()); got != want || deletions != 1 {
		t.Errorf("%d writes, of which %d delete, want %d and 1", got, deletions, want)
	}
	for n := range s.Len() {
		var peers []int
		for k, p := range links {
			if k.node == n {
				peers = append(peers, p)
			}
		}
		slices.Sort(peers)
		if want := s.Links(n); !slices.Equal(peers, want) {
			t.Errorf("n%d is linked to %d, want %d", n, peers, want)
		}
	}
	if remarks["dial failed"] == 0 || remarks["suspecting"] == 0 {
		t.Errorf("remarks %v, want failed dials and suspicions among them", remarks)
	}
	for text := range remarks {
		if strings.HasPrefix(text, "event") {
			t.Errorf("a remark is %q", text)
		}
	}
}

// A clock that is corrected is a remark.
func TestClockRemark(t *testing.T) {
	remarks := map[string]int{}
	opts := sim.Options{Nodes: 2, Seed: 1}
	opts.OnEvent = func(e sim.Event) {
		if e.Kind == sim.Remark {
			remarks[e.Text]++
		}
	}
	s := sim.New(opts)
	s.SetClock(1, time.Hour, 0)
	s.StartAll(0)
	s.RunFor(5 * time.Second)
	if remarks["clock corrected"] != 1 {
		t.Errorf("remarks %v, want one that the clock is corrected", remarks)
	}
}

// The frames and infos of one write of two nodes, line by line.
func TestEventLines(t *testing.T) {
	var lines []string
	opts := sim.Options{Nodes: 2, Seed: 1, Jitter: -1}
	opts.OnEvent = func(e sim.Event) {
		back := e.Kind == sim.FrameSent && e.Node == 1 || e.Kind == sim.FrameReceived && e.Node == 0
		if e.At < second || back {
			return
		}
		lines = append(lines, fmt.Sprintf("%v n%d %d %v link=%d parts=[%v] writes=%d write=%d hops=%d %q %q",
			e.At-second, e.Node, e.Peer, e.Kind, e.Link, e.Parts, e.Writes, e.Write, e.Hops, e.Key, e.Text))
	}
	s := sim.New(opts)
	s.StartAll(0)
	s.RunFor(second)
	add(t, s, 0, "color", "red")
	s.RunFor(15 * time.Millisecond)
	s.Crash(1)
	s.RunFor(10 * time.Millisecond)
	want := []string{
		`0s n0 -1 written link=0 parts=[] writes=[] write=3 hops=0 "color" ""`,
		`0s n0 1 sent link=1 parts=[] writes=[] write=0 hops=0 "" ""`,
		`10ms n1 0 received link=1 parts=[infos] writes=[3] write=0 hops=0 "" ""`,
		`10ms n1 0 learned link=0 parts=[] writes=[] write=3 hops=1 "color" ""`,
		`15ms n1 -1 node down link=0 parts=[] writes=[] write=0 hops=0 "" "crash"`,
		`25ms n0 1 link down link=1 parts=[] writes=[] write=0 hops=0 "" ""`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// Being told of events changes nothing, and needs no memory of its own.
func TestEventsCostNothing(t *testing.T) {
	kinds := map[sim.EventKind]bool{}
	run := func(f func(sim.Event)) (uint64, float64) {
		var trace uint64
		allocs := testing.AllocsPerRun(1, func() {
			s := sim.New(sim.Options{Nodes: 10, Seed: 1, OnEvent: f})
			s.StartAll(0)
			s.RunFor(10 * second)
			trace = s.Trace()
		})
		return trace, allocs
	}
	plain, without := run(nil)
	told, with := run(func(e sim.Event) { kinds[e.Kind] = true })
	if plain != told {
		t.Errorf("the trace is %x told and %x not, want them equal", told, plain)
	}
	if with > without+10 {
		t.Errorf("%v allocations told and %v not", with, without)
	}
	for _, k := range []sim.EventKind{sim.NodeUp, sim.LinkUp, sim.FrameSent, sim.FrameReceived, sim.InfoWritten, sim.InfoLearned} {
		if !kinds[k] {
			t.Errorf("not told of %v: %v", k, slices.Collect(maps.Keys(kinds)))
		}
	}
}
