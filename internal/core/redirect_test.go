package core_test

import (
	"maps"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestAlternatesTakeTurns: a full node names each neighbour first equally often.
func TestAlternatesTakeTurns(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 4 })
	w.start(1)
	for id := range uint64(4) {
		w.admitted(t, 10+id, 1, wire.Join)
	}
	first := map[uint64]int{}
	for range 40 {
		p := w.dialIn(t, 50, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		first[p.recv().Hello.Alternates[0].NodeID]++
		p.close()
	}
	for id := range uint64(4) {
		if got := first[10+id]; got != 10 {
			t.Errorf("%d was named first %d times of 40, want 10", 10+id, got)
		}
	}
}

// TestAlternatesLeadAway: while the network assembles, a full node names those who joined through it, and whom it joined through
// last; in a settled one all are equal.
func TestAlternatesLeadAway(t *testing.T) {
	for _, settled := range []bool{false, true} {
		w, up := dialer(t, 10, func(c *core.Config) { c.MaxPeers = 2 })
		up.recv()
		up.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
		w.handDials = true
		if settled {
			grown(w, up)
		}
		w.admitted(t, 11, 1, wire.Join)
		w.admitted(t, 12, 1, wire.Ring)
		first := map[uint64]int{}
		for range 12 {
			p := w.dialIn(t, 50, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
			first[p.recv().Hello.Alternates[0].NodeID]++
			p.close()
		}
		want := map[uint64]int{11: 12}
		if settled {
			want = map[uint64]int{10: 4, 11: 4, 12: 4}
		}
		if !maps.Equal(first, want) {
			t.Errorf("settled %v: first named are %v, want %v", settled, first, want)
		}
	}
}

// TestSeedsAreWelcome: a node that is full lets a seed in, whoever else has come first; but never beyond MaxPeers.
func TestSeedsAreWelcome(t *testing.T) {
	for _, tt := range []struct {
		id       uint64
		maxPeers int
		want     wire.Verdict
	}{{20, 10, wire.Admitted}, {50, 10, wire.Redirected}, {20, 7, wire.Redirected}} {
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = tt.maxPeers })
		w.handDials = true
		w.nodes[1].seeds = []wire.Addr{addrOf(20)}
		w.start(1)
		for id := range uint64(7) {
			w.admitted(t, 10+id, 1, wire.Join)
		}
		p := w.dialIn(t, tt.id, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if h := p.recv().Hello; h.Verdict != tt.want {
			t.Errorf("with MaxPeers %d, node %d is answered %+v, want verdict %v", tt.maxPeers, tt.id, h, tt.want)
		}
	}
}

// full returns a node that has all the links it takes, with peers of IDs 10 and up.
func full(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = n })
	w.start(1)
	for id := range uint64(n) {
		w.admitted(t, 10+id, 1, wire.Join)
	}
	return w
}

// TestD13Redirect: a full node names neighbours that live and are neither the caller nor itself, those least often named first.
//
// A full node names up to four of its neighbours, by ID and address, and neither the asking node nor itself.
func TestD13Redirect(t *testing.T) {
	for n := 1; n <= 6; n++ {
		w := full(t, n)
		p := w.dialIn(t, 50, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		h := p.recv().Hello
		if h.Verdict != wire.Redirected || len(h.Alternates) != min(n, 4) {
			t.Fatalf("with %d links it answers %+v", n, h)
		}
		seen := map[uint64]bool{}
		for _, m := range h.Alternates {
			if m.NodeID < 10 || m.NodeID >= 10+uint64(n) || m.Addr != addrOf(m.NodeID) || seen[m.NodeID] {
				t.Errorf("with %d links it names %+v", n, h.Alternates)
			}
			seen[m.NodeID] = true
		}
		if w.saw(1, core.PeerRedirected) != 1 {
			t.Errorf("events %+v, want one of a redirection", w.nodes[1].events)
		}
	}
	t.Run("whom it dials", func(t *testing.T) { // and may not have for long
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = 1 })
		w.handDials = true
		w.start(1)
		w.describe(1)
		p := w.admitted(t, 10, 1, wire.Join)
		o := core.Origin{Node: 30, Incarnation: 1}
		p.send(frame(info(o, 1, "node:30", descriptor(30), 1, 0), claim(o, 0, 1)))
		w.run(second)
		w.answer(t, 1, w.nodes[1].dials[0], 30).recv()
		q := w.dialIn(t, 50, 1)
		q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if h := q.recv().Hello; len(h.Alternates) != 1 || h.Alternates[0].NodeID != 10 {
			t.Errorf("it answers %+v, want node 10 named, which is linked, and no other", h)
		}
	})
	t.Run("by a young node", func(t *testing.T) { // which redirects on
		w := newWorld(1, nil)
		w.start(1)
		for id := range uint64(5) {
			w.admitted(t, 20+id, 1, wire.Join)
		}
		chord := w.admitted(t, 13, 1, wire.Chord)
		w.admitted(t, 14, 1, wire.Join)
		p := w.dialIn(t, 50, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if h := p.recv().Hello; h.Verdict != wire.Redirected || !chord.up() {
			t.Errorf("a young node answers %+v; its chord is up: %t", h, chord.up())
		}
	})
	t.Run("by a settled node", func(t *testing.T) { // which makes room: a chord goes, then who has joined long ago
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = 4 })
		w.start(1)
		w.describe(1)
		w.handDials = true
		p := w.admitted(t, 10, 1, wire.Ring)
		old := w.admitted(t, 11, 1, wire.Join)
		chord := w.admitted(t, 12, 1, wire.Chord)
		stay := []*peer{p, old, w.admitted(t, 13, 1, wire.Ring)}
		o := core.Origin{Node: 20, Incarnation: 1}
		p.send(frame(info(o, 1, "node:20", descriptor(o.Node), 1, 0), claim(o, 0, 1)))
		w.run(second)
		old.send(wire.AppendPing(nil, wire.Ping{}))
		join := func(id uint64) wire.Verdict {
			q := w.dialIn(t, id, 1)
			q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
			stay = append(stay, q)
			return q.recv().Hello.Verdict
		}
		if got := join(50); got != wire.Admitted || chord.admitted() || !old.admitted() {
			t.Errorf("answers a join with verdict %v; the chord is up: %t, the link of who joined: %t", got, chord.admitted(), old.admitted())
		}
		if got := join(51); got != wire.Redirected || !old.admitted() {
			t.Errorf("with nothing to end, answers a join with verdict %v; the link of who has just joined is up: %t", got, old.admitted())
		}
		for range 5 {
			for _, q := range stay {
				if q.up() {
					q.send(wire.AppendPing(nil, wire.Ping{}))
				}
			}
			w.run(second)
		}
		if got := join(52); got != wire.Admitted || stay[3].admitted() {
			t.Errorf("five seconds later, answers a join with verdict %v; the link of who joined last is up: %t", got, stay[3].admitted())
		}
	})
	t.Run("to a leaf, which has no other link", func(t *testing.T) {
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = 2 })
		w.start(1)
		w.describe(1)
		w.handDials = true
		p, leaf := w.admitted(t, 10, 1, wire.Ring), w.admitted(t, 0, 1, wire.Join)
		o := core.Origin{Node: 20, Incarnation: 1}
		p.send(frame(info(o, 1, "node:20", descriptor(o.Node), 1, 0), claim(o, 0, 1)))
		for range 7 {
			w.run(second)
			p.send(wire.AppendPing(nil, wire.Ping{}))
			leaf.send(wire.AppendPing(nil, wire.Ping{}))
		}
		q := w.dialIn(t, 50, 1)
		q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if h := q.recv().Hello; h.Verdict != wire.Redirected || !leaf.up() {
			t.Errorf("answers a join with %+v; the link of a leaf is up: %t", h, leaf.up())
		}
	})
	t.Run("while members come", func(t *testing.T) { // nobody is pushed out
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = 2 })
		w.start(1)
		w.describe(1)
		p := w.admitted(t, 10, 1, wire.Ring)
		chord := w.admitted(t, 12, 1, wire.Chord)
		o := core.Origin{Node: 20, Incarnation: 1}
		p.send(frame(info(o, 1, "node:20", descriptor(o.Node), 1, 0), claim(o, 0, 1)))
		w.run(400 * ms)
		q := w.dialIn(t, 50, 1)
		q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if h := q.recv().Hello; h.Verdict != wire.Redirected || !chord.up() {
			t.Errorf("answers %+v; the chord is up: %t", h, chord.up())
		}
	})
}

// TestD16Redirected: a node follows redirects, never to itself or to a peer it has, and at most twelve; then it goes back to a seed.
//
// Who is redirected goes on to the first alternate that is worth it, not to one that has redirected it, twelve times, and then begins anew.
func TestD16Redirected(t *testing.T) {
	w, p := dialer(t, 10, nil)
	w.admitted(t, 30, 1, wire.Chord)
	n := &w.nodes[1]
	for hop := range 12 {
		p.recv()
		next := uint64(100 + hop)
		before := []uint64{10, 100, next - 1}[min(hop, 2)] // it has been there
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Redirected, Alternates: []wire.Member{
			{NodeID: 1, Addr: addrOf(1)}, {NodeID: 1, Addr: addrOf(99)}, {NodeID: 30, Addr: addrOf(30)}, {NodeID: 10, Addr: addrOf(10)},
			{NodeID: before, Addr: addrOf(before)}, {NodeID: next, Addr: addrOf(next)}, {NodeID: 40, Addr: addrOf(40)},
		}})
		if p.up() || len(n.dials) != hop+2 || n.dials[hop+1].Addr != addrOf(next) {
			t.Fatalf("redirected %d times, it dials %+v, want n%d last; the link is up: %t", hop+1, n.dials, next, p.up())
		}
		p = w.answer(t, 1, n.dials[hop+1], next)
	}
	p.recv()
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Redirected, Alternates: []wire.Member{{NodeID: 41, Addr: addrOf(41)}}})
	if len(n.dials) != 13 {
		t.Errorf("follows a thirteenth redirection, to %+v", n.dials[13:])
	}
	if w.saw(1, core.RedirectedUs) != 13 {
		t.Errorf("%d events of redirections, want 13", w.saw(1, core.RedirectedUs))
	}
}

// TestChordsLeavePlaces: of eight places for links that peers dial, chords get seven, and the last is for who joins.
func TestChordsLeavePlaces(t *testing.T) {
	for _, tt := range []struct {
		maxPeers, chords int
		joins            wire.Verdict
	}{{7, 7, wire.Redirected}, {8, 7, wire.Admitted}} {
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = tt.maxPeers })
		w.start(1)
		p := w.admitted(t, 10, 1, wire.Chord)
		crowd(w, p, 110)
		for _, d := range w.nodes[1].dials { // which would count
			w.do(1, core.Input{Kind: core.InDialFailed, Dial: d.ID})
		}
		chords := 1
		for id := uint64(11); id < 20; id++ {
			p := w.dialIn(t, id, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Chord})
			if p.recv().Hello.Verdict == wire.Admitted {
				chords++
			}
		}
		if chords != tt.chords {
			t.Errorf("with MaxPeers %d, %d chords are admitted, want %d", tt.maxPeers, chords, tt.chords)
		}
		q := w.dialIn(t, 50, 1)
		q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		if got := q.recv().Hello.Verdict; got != tt.joins {
			t.Errorf("with MaxPeers %d, a join is answered with verdict %v, want %v", tt.maxPeers, got, tt.joins)
		}
	}
}
