package core_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Traps of joins, of origins nobody has heard of, and of cold starts.

// TestTrapStrangerHangsOffItsSponsor: a stranger that others have its sponsor's updates from pushes its first own ones to these as well:
// the sponsor does not send back where its own tree leads.
func TestTrapStrangerHangsOffItsSponsor(t *testing.T) {
	w, sponsor := dialer(t, 10, nil)
	sponsor.recv()
	sponsor.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	child, other := w.admitted(t, 11, 1, wire.Chord), w.admitted(t, 12, 1, wire.Chord)
	o := core.Origin{Node: 10, Incarnation: sponsor.inc}
	sponsor.send(frame(info(o, 1, "node:10", descriptor(10), 1, 0), claim(o, 0, 1)))
	grown(w, sponsor) // it is not the links that nodes joined through
	child.send(frame(graft(o, 1)))
	for _, p := range []*peer{sponsor, child, other} {
		w.run(10 * ms)
		p.drop()
	}
	w.add(1, "k", "v", 0)
	for _, tt := range []struct {
		p    *peer
		want bool
	}{{sponsor, true}, {child, true}, {other, false}} {
		if s := tt.p.listen(); slices.Contains(s.infos, "k=v") != tt.want {
			t.Errorf("node %d hears %+v of the first update, want it pushed: %t", tt.p.id, s, tt.want)
		}
	}
}

// TestTrapSponsorDies: a node whose only link dies before anybody else has heard of it joins through another seed, and says again who it
// is: that it has said so before is known to nobody who lives.
func TestTrapSponsorDies(t *testing.T) {
	s := newStage(t)
	s.play("sponsor dies", 1, `
		nodes 4
		dials 1-2 1-3 2-3 2-4 3-4
		start 1
		start 2 3 seed=1
		run 3s
		partition 2 4 | 1 3
		cut 1 2
		cut 2 3
		start 4 seed=2,3
		run 200ms`)
	if live(s.nodes[2].core.Record("node:4")) == nil || s.nodes[1].core.Record("node:4") != nil {
		t.Fatal("it is not node 2 alone that has heard of node 4")
	}
	s.play("sponsor dies", 12, `
		crash 2
		heal
		run 2s`)
	for i := 1; i <= 3; i += 2 {
		if r := s.nodes[i].core.Record("node:4"); live(r) == nil {
			t.Errorf("two seconds later, node %d has not heard of node 4", i)
		}
	}
}

// TestTrapUplinkLost: while the network assembles, a node that loses the link it joined through joins again at once, although it has
// others: these may all be of nodes that hang off it.
func TestTrapUplinkLost(t *testing.T) {
	w, p := dialer(t, 10, nil)
	n := &w.nodes[1]
	p.recv()
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	w.admitted(t, 11, 1, wire.Join)
	n.seeds = []wire.Addr{addrOf(20)}
	w.do(1, core.Input{Kind: core.InResolved, Addrs: n.seeds})
	w.run(ms)
	if len(n.dials) != 1 {
		t.Fatalf("dials %+v, want the first seed only: it has joined", n.dials)
	}
	p.close()
	w.run(50 * ms)
	if len(n.dials) != 2 || n.dials[1].Addr != addrOf(20) {
		t.Fatalf("dials %+v, want another seed", n.dials)
	}
	h := w.answer(t, 1, n.dials[1], 20).recv().Hello
	if h.Reason != wire.Join {
		t.Errorf("greets it with %+v, want a join", h)
	}
}

// TestTrapSeedPairs: of four seeds, two pairs may have joined each other. A seed that is no member is greeted until it is one.
func TestTrapSeedPairs(t *testing.T) {
	s := newStage(t)
	s.play("seed pairs", 1, `
		nodes 4
		dials 1-2 3-4
		start 1 seed=2
		start 2 seed=1
		start 3 seed=4
		start 4 seed=3`)
	for i := range s.nodes {
		s.nodes[i].seeds = []wire.Addr{addrOf(1), addrOf(2), addrOf(3), addrOf(4)}
		if i > 0 {
			s.input(func() { s.do(i, core.Input{Kind: core.InResolved, Addrs: s.nodes[i].seeds}) })
		}
	}
	s.play("seed pairs", 2, "run 300ms")
	if s.differ(1, 3) == "" {
		t.Fatal("the pairs have met already")
	}
	s.dialable = nil
	for i := 1; i <= 4; i++ { // the dials of before time out, as those of a network do
		for _, d := range s.nodes[i].dials {
			s.input(func() { s.do(i, core.Input{Kind: core.InDialFailed, Dial: d.ID}) })
		}
	}
	s.play("seed pairs", 3, "run 10s")
	for i := 2; i <= 4; i++ {
		if d := s.differ(1, i); d != "" {
			t.Error(d)
		}
	}
}

// TestTrapLinksTooEarly: ring and chords are dialled only when no new member has come for three latencies, at the latest after twenty:
// until then the links that nodes joined through are a tree, and on a tree nothing comes twice.
func TestTrapLinksTooEarly(t *testing.T) {
	for _, tt := range []struct {
		name     string
		members  int
		min, max int64 // after the first member
	}{{"a member", 1, 30 * ms, 60 * ms}, {"six of them", 6, 130 * ms, 160 * ms}, {"one after another", 30, 200 * ms, 230 * ms}} {
		w, p := lone(t, nil)
		w.handDials = true
		w.describe(1)
		w.run(second)
		from, dialed := w.now, int64(0)
		for i := range 50 {
			if id := uint64(30 + i); i < tt.members {
				o := core.Origin{Node: id, Incarnation: 1}
				p.send(frame(info(o, 1, fmt.Sprint("node:", id), descriptor(id), 1, 0), claim(o, 0, 1)))
			}
			if w.run(20 * ms); dialed == 0 && len(w.nodes[1].dials) > 0 {
				dialed = w.now - from
			}
		}
		if dialed < tt.min || dialed > tt.max {
			t.Errorf("%s, one each 20 ms: dials after %d ms, want %d to %d", tt.name, dialed/ms, tt.min/ms, tt.max/ms)
		}
	}
}

// TestTrapPendingDialsCount: who accepts a chord counts the dials of its own that have no answer yet: they may all become links.
func TestTrapPendingDialsCount(t *testing.T) {
	w, p := lone(t, nil)
	w.handDials = true
	w.describe(1)
	for id := range uint64(6) {
		o := core.Origin{Node: 30 + id, Incarnation: 1}
		p.send(frame(info(o, 1, fmt.Sprint("node:", 30+id), descriptor(30+id), 1, 0), claim(o, 0, 1)))
	}
	w.run(2 * second)
	dials, admitted := len(w.nodes[1].dials), 1
	if dials == 0 {
		t.Fatal("it dials nobody")
	}
	for id := range uint64(10) {
		q := w.dialIn(t, 50+id, 1)
		q.hello(wire.Hello{ClusterID: "test", Reason: wire.Chord})
		if h := q.recv().Hello; h.Verdict == wire.Admitted {
			admitted++
		}
	}
	if admitted+dials != 6 { // a degree of four, and two more
		t.Errorf("with %d dials under way it has %d links, want 6 of both together", dials, admitted)
	}
}

// TestTrapMarksWhileThingsMove: where hashes differ because news is on its way, a new link compares them again, and sends no marks.
func TestTrapMarksWhileThingsMove(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	p, o := w.admitted(t, 10, 1, wire.Join), core.Origin{Node: 20, Incarnation: 100}
	p.send(frame(info(o, 1, "node:20", descriptor(20), 1, 0), claim(o, 0, 1)))
	w.run(second)
	q := w.answer(t, 1, w.nodes[1].dials[0], 20)
	reason := q.recv().Hello.Reason
	q.hello(wire.Hello{ClusterID: "test", Reason: reason, Verdict: wire.Admitted, Digest: 1})
	for k := uint64(1); k <= 2; k++ {
		w.run(30 * ms)
		p.send(frame(info(o, k+1, fmt.Sprint("k", k), "v", 1, 0), claim(o, k, k+1)))
		w.run(10 * ms)
		s := q.listen()
		if len(s.marks) != 0 || len(s.pings) != 1 || !s.pings[0].Ask {
			t.Fatalf("the %d. time it says %+v, want a question and no marks", k, s)
		}
		q.send(wire.AppendPing(nil, wire.Ping{ID: s.pings[0].ID, Digest: k}))
	}
	w.run(30 * ms)
	p.send(frame(info(o, 4, "k", "v", 1, 0), claim(o, 3, 4)))
	w.run(10 * ms)
	s := q.listen()
	if len(s.pings) != 1 || len(s.marks) != 0 {
		t.Fatalf("the third time it says %+v, want a question and no marks", s)
	}
	q.send(wire.AppendPing(nil, wire.Ping{ID: s.pings[0].ID, Same: true}))
	w.run(100 * ms)
	if s = q.listen(); len(s.marks) != 0 {
		t.Errorf("told that the hashes are the same it says %+v", s)
	}
}
