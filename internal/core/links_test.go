package core_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// links counts the links between two nodes that one of them carries infos over.
func (w *world) links(a, b int) (n int, dialed bool) {
	for _, l := range w.nodes[a].core.Links() {
		if c, s := w.find(a, l.Link); l.Admitted && c != nil && c.ends[1-s].node == b {
			n++
			dialed = l.Dialed
		}
	}
	return n, dialed
}

// TestD15CrossingDials: of two links of a pair the one stays that the lower ID dialled; both ends agree without a message.
//
// Of two nodes that dial each other at once, exactly one link is left, which the lower ID dialled, in
// whatever order their frames arrive.
func TestD15CrossingDials(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(2, nil)
		w.handDials = true
		w.nodes[1].seeds, w.nodes[2].seeds = []wire.Addr{addrOf(2)}, []wire.Addr{addrOf(1)}
		w.start(1, 2)
		dials := []func(){
			func() { w.connect(1, w.nodes[1].dials[0]) },
			func() { w.connect(2, w.nodes[2].dials[0]) },
		}
		for busy := true; busy || len(dials) > 0; {
			if len(dials) > 0 && (rng.IntN(3) == 0 || !busy) {
				i := rng.IntN(len(dials))
				dials[i]()
				w.drain()
				dials = append(dials[:i], dials[i+1:]...)
			}
			busy = false
			for _, k := range rng.Perm(len(w.conns)) {
				if busy = w.deliver(k, rng.IntN(2)) || busy; rng.IntN(2) == 0 {
					break
				}
			}
			busy = busy || w.underway()
		}
		w.run(100 * ms)
		n, dialed := w.links(1, 2)
		m, _ := w.links(2, 1)
		if n != 1 || m != 1 {
			t.Errorf("seed %d: nodes have %d and %d links with each other, want 1", seed, n, m)
		}
		if crossed := len(w.conns) == 2 && w.saw(1, core.LinkUp)+w.saw(2, core.LinkUp) > 2; crossed && !dialed {
			t.Errorf("seed %d: the link left is the one that the higher ID dialled", seed)
		}
		for _, err := range w.check() {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// TestCrossingKnownDials: a node that is dialled by whom it is dialling refuses if its ID is the lower: its own dial stays.
func TestCrossingKnownDials(t *testing.T) {
	tests := []struct {
		name string
		id   uint64
		inc  uint64
		want wire.Verdict
	}{
		{"by the higher ID", 9, 100, wire.Refused},
		{"by the higher ID, in a newer life than it dials", 9, 101, wire.Admitted},
		{"by the lower ID", 3, 100, wire.Admitted},
	}
	for _, tt := range tests {
		for _, answered := range []bool{false, true} { // the dial, not yet the Hello
			w := newWorld(1, func(c *core.Config) { c.Node = 5 })
			w.handDials = true
			w.start(1)
			w.command(1, core.Command{Op: core.OpDescriptor, Node: 5, Key: "node:5", Value: descriptor(5)})
			p, o := w.admitted(t, 20, 1, wire.Join), core.Origin{Node: tt.id, Incarnation: 100}
			p.send(frame(info(o, 1, fmt.Sprint("node:", tt.id), descriptor(tt.id), 1, 0), claim(o, 0, 1)))
			w.run(100 * ms)
			if n := len(w.nodes[1].dials); n != 1 {
				t.Fatalf("%s: %d dials, want 1", tt.name, n)
			}
			if answered {
				w.answer(t, 1, w.nodes[1].dials[0], tt.id)
			}
			q := w.dialIn(t, tt.id, 1)
			q.hello(wire.Hello{ClusterID: "test", Reason: wire.Ring, Incarnation: tt.inc})
			if h := q.recv().Hello; h.Verdict != tt.want || tt.want == wire.Refused && h.Refusal != wire.DuplicateLink {
				t.Errorf("%s, answered %t: %+v, want verdict %d", tt.name, answered, h, tt.want)
			}
		}
	}
}

// TestSecondLink: the pair's first link stays, whoever dialled it, unless the lower ID dials the second.
func TestSecondLink(t *testing.T) {
	tests := []struct {
		name  string
		id    uint64 // of the peer of node 5
		first string // who dialled the first
		want  wire.Verdict
	}{
		{"the lower ID dials again", 3, "peer", wire.Admitted},
		{"the higher ID dials again", 9, "peer", wire.Admitted}, // it knows that the first is gone
		{"the lower ID dials after the higher", 3, "node", wire.Admitted},
		{"the higher ID dials after the lower", 9, "node", wire.Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, func(c *core.Config) { c.Node = 5 })
			w.handDials = true
			w.nodes[1].seeds = []wire.Addr{addrOf(tt.id)}
			w.start(1)
			var p *peer
			if tt.first == "peer" {
				p = w.admitted(t, tt.id, 1, wire.Join)
			} else {
				p = w.answer(t, 1, w.nodes[1].dials[0], tt.id)
				p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
			}
			q := w.dialIn(t, tt.id, 1)
			q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
			h := q.recv().Hello
			if h.Verdict != tt.want || tt.want == wire.Refused && h.Refusal != wire.DuplicateLink {
				t.Errorf("the second is answered %+v, want verdict %d", h, tt.want)
			}
			if p.up() == (tt.want == wire.Admitted) {
				t.Errorf("the first is up: %t", p.up())
			}
		})
	}
}

// TestPing: a link without anything to say is pinged each second, and ended when nothing has come for three.
func TestPing(t *testing.T) {
	w, p := lone(t, nil)
	for i := range 2 {
		w.run(second - ms)
		if b := p.bytes(); b != nil {
			t.Errorf("says %x within second %d", b, i+1)
		}
		w.run(ms)
		if f := p.recv(); f == nil || f.Ping == nil || f.Ping.Wall != (epoch+w.now)/1e6 {
			t.Errorf("says %+v at the end of second %d, want a Ping", f, i+1)
		}
		if f := p.recv(); f != nil {
			t.Errorf("says %+v as well", f)
		}
	}
	w.run(second - ms)
	if !p.up() {
		t.Error("the link has ended before three seconds of silence")
	}
	w.run(ms)
	if p.up() || w.saw(1, core.LinkDown) != 1 {
		t.Errorf("the link is up: %t after three seconds of silence, events %+v", p.up(), w.nodes[1].events)
	}
	w, p = lone(t, nil)
	for range 5 {
		w.run(3*second - ms)
		p.send(wire.AppendPing(nil, wire.Ping{}))
	}
	if !p.up() {
		t.Error("the link has ended although there was a frame every 2.999 s")
	}
}

// TestMaxPeers: no more links than that each way, whatever for.
func TestMaxPeers(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 3 })
	w.start(1)
	n := 0
	for i, reason := range []wire.Reason{wire.Join, wire.Ring, wire.Heal, wire.Join, wire.Ring, wire.Heal, wire.Chord} {
		p := w.dialIn(t, 10+uint64(i), 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: reason})
		if p.recv().Hello.Verdict == wire.Admitted {
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d links are admitted, want 3", n)
	}

	w = newWorld(1, func(c *core.Config) { c.MaxPeers = 3 })
	w.handDials = true
	w.start(1)
	w.describe(1)
	p := w.admitted(t, 10, 1, wire.Join)
	for id := range uint64(50) {
		o := core.Origin{Node: 20 + id, Incarnation: 100}
		p.send(frame(info(o, 1, fmt.Sprint("node:", o.Node), descriptor(o.Node), 1, 0), claim(o, 0, 1)))
	}
	for range 20 {
		w.run(500 * ms)
		p.send(wire.AppendPing(nil, wire.Ping{}))
	}
	if got := len(w.nodes[1].dials); got != 3 {
		t.Errorf("%d dials are under way, want 3", got)
	}
}

// TestEviction: a ring link takes the place of the newest chord that a peer dialled, and of nothing else.
func TestEviction(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 4 })
	w.start(1)
	join := w.admitted(t, 10, 1, wire.Join)
	ring := w.admitted(t, 11, 1, wire.Ring)
	old, young := w.admitted(t, 12, 1, wire.Chord), w.admitted(t, 13, 1, wire.Chord)
	w.admitted(t, 14, 1, wire.Ring)
	if !join.admitted() || !ring.admitted() || !old.admitted() || young.admitted() {
		t.Errorf("join %t, ring %t, chords %t and %t are up, want all but the newest chord", join.admitted(), ring.admitted(), old.admitted(), young.admitted())
	}
	p := w.dialIn(t, 15, 1)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Chord})
	if h := p.recv().Hello; h.Verdict != wire.Refused || h.Refusal != wire.Busy || !old.admitted() {
		t.Errorf("a chord beyond the last is answered %+v", h)
	}
}

// TestEvictionSparesTrees: of the links that may go, it is the one by which the fewest origins come, not the newest. Its peer is told
// that this is nobody's fault, and what came from it is asked for on the other side.
func TestEvictionSparesTrees(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 3 })
	w.start(1)
	old, idle, trunk := w.admitted(t, 11, 1, wire.Chord), w.admitted(t, 12, 1, wire.Chord), w.admitted(t, 13, 1, wire.Chord)
	for i, p := range []*peer{old, trunk, trunk, trunk} {
		p.send(update(core.Origin{Node: 20 + uint64(i), Incarnation: 100}, 1, 3))
	}
	old.send(update(core.Origin{Node: trunk.id, Incarnation: trunk.inc}, 1, 3))
	for _, want := range [][3]bool{{true, false, true}, {false, false, true}} {
		goes := old
		if idle.admitted() {
			goes = idle
		}
		goes.drop()
		w.admitted(t, 14+uint64(w.saw(1, core.LinkDown)), 1, wire.Ring)
		if f := goes.recv(); f == nil || f.Bye == nil || f.Bye.Reason != wire.NoRefusal {
			t.Errorf("whose link ends is told %+v, want a goodbye without a reason", f)
		}
		if got := [3]bool{old.admitted(), idle.admitted(), trunk.admitted()}; got != want {
			t.Errorf("by which two, none and three origins come, the links are up: %v, want %v", got, want)
		}
	}
	if s := trunk.listen(); !slices.ContainsFunc(s.grafts, func(g wire.Graft) bool { return g.NodeID == 20 }) {
		t.Errorf("the peer whose own infos came over the link that ended hears %+v, want a graft", s)
	}
}

// TestPartedFromSponsor: while the network assembles, a node whose link to its sponsor is lost joins again at once; not so where the sponsor
// could do without that link.
func TestPartedFromSponsor(t *testing.T) {
	for _, parted := range []bool{false, true} {
		w, sponsor := dialer(t, 10, nil)
		sponsor.recv()
		sponsor.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
		w.admitted(t, 11, 1, wire.Join)
		w.run(1500 * ms) // a link that ends sooner is not dialled again for a while
		if parted {
			sponsor.send(wire.AppendBye(nil, wire.Bye{}))
		}
		sponsor.close()
		w.run(15 * ms)
		if again := len(w.nodes[1].dials) > 1; again == parted {
			t.Errorf("parted: %v; it joins again: %v", parted, again)
		}
	}
}
