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

// The ring is closed over however many members that are gone, which have no part in the degree either; they are dialled now
// and then, in case they are back.
func TestLostMembersHaveNoPlace(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 7, 1, wire.Chord)
	o := core.Origin{Node: 7, Incarnation: p.inc}
	p.send(frame(info(o, 1, "node:7", descriptor(7), 1, hour), claim(o, 0, 1)))
	const gone, alive = 200, 3
	for id := uint64(100); id < 100+gone+alive; id++ {
		x := core.Origin{Node: id, Incarnation: 100}
		parts := []part{info(x, 1, fmt.Sprint("node:", id), descriptor(id), 2, hour), claim(x, 0, 1)}
		if id >= 100+alive {
			parts = append(parts, info(x, 2, fmt.Sprint("suspect:", id, ":", epoch+2), fmt.Sprint(5*second), 3, hour), claim(x, 1, 2))
		}
		p.send(frame(parts...))
	}
	lost := map[int]int{}
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
		if w.now < 10*second && len(peers) < 1+alive {
			continue
		}
		if len(peers) != 1+alive {
			t.Fatalf("after %d s, %d links, want %d", w.now/second, len(peers), 1+alive)
		}
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
