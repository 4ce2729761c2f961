package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// A member whose neighbours are all gone with it is found by those who dial it, in the course of looking after their links.
// One that nobody can dial, and that answers, is asked once in its life.
func TestUnreachedIsSuspected(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	o, other := core.Origin{Node: 7, Incarnation: p.inc}, core.Origin{Node: 8, Incarnation: 100}
	p.send(frame(
		info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1),
		info(other, 1, "node:8", descriptor(8), 1, hour), claim(other, 0, 1)))
	fail := func(d int64) {
		for end := w.now + d; w.now < end; {
			had := len(w.nodes[1].dials)
			w.idle(p, 100*ms)
			for _, d := range w.nodes[1].dials[had:] {
				w.do(1, core.Input{Kind: core.InDialFailed, Dial: d.ID})
			}
		}
	}
	if fail(5 * second); len(suspicions(w, 1, 8)) != 1 || named(w, 1, core.Suspecting, 8) != 1 {
		t.Fatalf("suspicions %q, want one", suspicions(w, 1, 8))
	}
	p.send(frame(info(other, 2, "node:8", descriptor(8), 20*second, hour), claim(other, 1, 2)))
	if fail(30 * second); named(w, 1, core.Suspecting, 8) != 1 || dialsTo(w, 1, 8) < 4 {
		t.Errorf("after its answer and %d dials, suspected %d times, want once", dialsTo(w, 1, 8), named(w, 1, core.Suspecting, 8))
	}
	next := core.Origin{Node: 8, Incarnation: 101}
	p.send(frame(info(next, 1, "node:8", descriptor(8), 60*second, hour), claim(next, 0, 1)))
	if fail(30 * second); named(w, 1, core.Suspecting, 8) != 2 {
		t.Errorf("in its next life, suspected %d times in all, want twice", named(w, 1, core.Suspecting, 8))
	}
}

// beside has node 1 know so many members that are gone, and so many that are there, beside its peer 7, and answers its dials to the
// latter for a minute. It returns how many dials there were to the former in each ten seconds, and how many links it had.
func beside(t *testing.T, gone, alive uint64) (lost map[int]int, links int) {
	t.Helper()
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	o := core.Origin{Node: 7, Incarnation: p.inc}
	p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
	for id := uint64(100); id < 100+gone+alive; id++ {
		x := core.Origin{Node: id, Incarnation: 100}
		parts := []part{info(x, 1, fmt.Sprint("node:", id), descriptor(id), 2, hour), claim(x, 0, 1)}
		if id >= 100+alive {
			parts = append(parts, info(x, 2, fmt.Sprint("suspect:", id, ":", epoch+2), fmt.Sprint(5*second), 3, hour), claim(x, 1, 2))
		}
		p.send(frame(parts...))
	}
	lost = map[int]int{}
	peers := []*peer{p}
	for range 600 {
		had := len(w.nodes[1].dials)
		w.run(100 * ms)
		for _, p := range peers {
			p.send(wire.AppendPing(nil, wire.Ping{}))
		}
		for _, d := range w.nodes[1].dials[had:] {
			var id uint64
			fmt.Sscanf(d.Addr.Address, "n%d", &id)
			if id >= 100+alive {
				lost[int(w.now/second)/10]++
				w.do(1, core.Input{Kind: core.InDialFailed, Dial: d.ID})
				continue
			}
			q := w.answer(t, 1, d, id)
			q.hello(wire.Hello{ClusterID: "test", Reason: q.recv().Hello.Reason, Verdict: wire.Admitted})
			peers = append(peers, q)
		}
		if w.now >= 10*second && links == 0 {
			links = len(peers)
		}
		if w.now >= 10*second && len(peers) != links {
			t.Fatalf("after %d s, %d links, want %d", w.now/second, len(peers), links)
		}
	}
	return lost, links
}

// The ring is closed over however many members that are gone, which have no part in the degree either; they are dialled now
// and then, in case they are back.
func TestLostMembersHaveNoPlace(t *testing.T) {
	const alive = 3
	lost, links := beside(t, 200, alive)
	if links != 1+alive {
		t.Errorf("%d links, want %d", links, 1+alive)
	}
	for ten, n := range lost {
		if n > 15 {
			t.Errorf("in the %dth ten seconds, %d dials to lost members, want at most about one in a tick", ten, n)
		}
	}
	if len(lost) < 5 {
		t.Errorf("dials to lost members by ten seconds: %v, want some", lost)
	}
}

// Of a hundred nodes, one dials lost members as often as makes 12 in a tick by all of them, or up to 96 where many are lost.
func TestManyLostAreDialledMore(t *testing.T) {
	for _, tt := range []struct {
		gone      uint64
		low, high int
	}{{1, 1, 12}, {12, 1, 12}, {200, 36, 58}} { // about 48 ticks: 6, 6 and 46 are to be expected
		lost, _ := beside(t, tt.gone, 98)
		n := 0
		for _, dials := range lost {
			n += dials
		}
		if n < tt.low || n > tt.high {
			t.Errorf("with %d lost, %d dials to them in a minute, want %d to %d", tt.gone, n, tt.low, tt.high)
		}
	}
}

// A lost member that is deleted, or begins another life, is none any more; who is suspected anew is one again.
func TestLostAreCounted(t *testing.T) {
	w, p := lone(t, nil)
	x, next := core.Origin{Node: 8, Incarnation: 100}, core.Origin{Node: 8, Incarnation: 200}
	suspicion := func(o core.Origin, seq uint64, stamp int64) part {
		return info(o, seq, fmt.Sprint("suspect:8:", epoch+stamp), fmt.Sprint(5*second), stamp+1, hour)
	}
	for i, tt := range []struct {
		say  []part
		lost int
	}{
		{[]part{info(x, 1, "node:8", descriptor(8), 1, hour)}, 0},
		{[]part{suspicion(x, 2, 1)}, 1},
		{[]part{tombstone(x, 3, "node:8", 5, hour)}, 0},
		{[]part{info(next, 1, "node:8", descriptor(8), 7, hour)}, 0},
		{[]part{suspicion(x, 4, 7)}, 1},
		{[]part{info(next, 2, "node:8", descriptor(8), 9, hour)}, 0},
	} {
		p.send(frame(tt.say...))
		if _, got := w.nodes[1].core.Lost(); got != tt.lost {
			t.Errorf("after frame %d, %d members are lost, want %d", i, got, tt.lost)
		}
		if errs := w.check(); len(errs) > 0 {
			t.Error(errs)
		}
	}
}

// A node that is alone, and so cannot dial anybody, suspects those it had links to and nobody else.
func TestAloneSuspectsNobodyElse(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	for id := uint64(7); id < 20; id++ {
		x := core.Origin{Node: id, Incarnation: p.inc}
		p.send(frame(info(x, 1, fmt.Sprint("node:", id), descriptor(id), 1, hour), claim(x, 0, 1)))
	}
	p.close()
	for range 300 {
		had := len(w.nodes[1].dials)
		w.run(100 * ms)
		for _, d := range w.nodes[1].dials[had:] {
			w.do(1, core.Input{Kind: core.InDialFailed, Dial: d.ID})
		}
	}
	for id := 7; id < 20; id++ {
		if got := suspicions(w, 1, id); (len(got) > 0) != (id == 7) {
			t.Errorf("suspicions of node %d: %q", id, got)
		}
	}
}
