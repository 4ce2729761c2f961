package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// said is what a node sent to a peer, section by section.
type said struct {
	infos   []string
	ranges  []wire.Range
	adverts []wire.Advert
	prunes  []wire.Prune
	grafts  []wire.Graft
	marks   []wire.Mark
	pings   []wire.Ping
	frames  int
}

// listen returns what the node has sent so far.
func (p *peer) listen() said {
	p.t.Helper()
	var s said
	for f := p.recv(); f != nil; f = p.recv() {
		s.frames++
		for _, in := range f.Infos {
			s.infos = append(s.infos, in.Key+"="+in.Value)
			if r, ok := in.Claim(); ok {
				s.ranges = append(s.ranges, r)
			}
		}
		s.ranges, s.adverts, s.prunes = append(s.ranges, f.Ranges...), append(s.adverts, f.Adverts...), append(s.prunes, f.Prunes...)
		s.grafts, s.marks = append(s.grafts, f.Grafts...), append(s.marks, f.Marks...)
		if f.Ping != nil {
			s.pings = append(s.pings, *f.Ping)
		}
	}
	return s
}

// hub returns a node with three peers, and an origin whose tree has settled: it comes from the first, and goes to nobody
// yet.
func hub(t *testing.T) (w *world, from, q, r *peer, o core.Origin, seq uint64) {
	t.Helper()
	return hubWith(t, nil)
}

// hubWith is hub for a node whose configuration set changes.
func hubWith(t *testing.T, set func(*core.Config)) (w *world, from, q, r *peer, o core.Origin, seq uint64) {
	t.Helper()
	w = newWorld(1, set)
	w.start(1)
	from, q, r = w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord), w.admitted(t, 12, 1, wire.Chord)
	o = core.Origin{Node: 20, Incarnation: 100}
	for seq < 6 {
		seq++
		from.send(frame(info(o, seq, "k", "v", int64(seq), 0), claim(o, seq-1, seq)))
		w.run(100 * ms)
	}
	for _, p := range []*peer{from, q, r} {
		p.drop()
	}
	if got := w.nodes[1].core.Parent(o); got != from.link() {
		t.Fatalf("the origin's parent is link %d, want %d", got, from.link())
	}
	return w, from, q, r, o, seq
}

// TestPush: what arrives goes at once to those who asked for it, and later as an advert to the others.
func TestPush(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	q.send(frame(graft(o, seq)))
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	if s := q.listen(); len(s.infos) != 1 || s.infos[0] != "k=w" || len(s.ranges) != 1 || s.ranges[0].From != seq || s.ranges[0].To != seq+1 || s.ranges[0].Repair {
		t.Errorf("the peer that asked hears %+v, want the info and its range", s)
	}
	if s := r.listen(); s.frames != 0 {
		t.Errorf("the peer that did not ask hears %+v at once", s)
	}
	w.run(45 * ms)
	if s := r.listen(); len(s.infos) != 0 || len(s.adverts) != 1 || s.adverts[0].To != seq+1 || s.adverts[0].Pull || s.adverts[0].Hops != 1 {
		t.Errorf("the peer that did not ask hears %+v, want an advert", s)
	}
	w.run(100 * ms)
	if s := r.listen(); s.frames != 0 {
		t.Errorf("it hears %+v, once more", s)
	}
	if s := from.listen(); s.frames != 0 {
		t.Errorf("the parent hears %+v", s)
	}
}

// TestAdvertRides: an advert that waits goes with the next frame there is.
func TestAdvertRides(t *testing.T) {
	w, from, _, r, o, seq := hub(t)
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	r.send(wire.AppendPing(nil, wire.Ping{Ask: true, ID: 7}))
	if s := r.listen(); s.frames != 1 || len(s.adverts) != 1 || len(s.pings) != 1 || s.pings[0].ID != 7 {
		t.Errorf("in answer to a ping it says %+v, want the answer and the advert in one frame", s)
	}
	w.run(100 * ms)
	if s := r.listen(); s.frames != 0 {
		t.Errorf("it says %+v again", s)
	}
}

// TestAdvertTurns: of the two ends of a link the one goes first that has sent fewer infos and adverts over it; the dialling one where both
// have sent as many, or a node joined by the link. Adverts that cross show that the ends may disagree: they begin anew.
func TestAdvertTurns(t *testing.T) {
	const early, late = 20 * ms, 45 * ms
	for _, tt := range []struct {
		what   string
		reason wire.Reason
		heard  uint64 // how many updates the peer has pushed
		cross  bool   // the peer's advert crosses that of the first update
		want   [3]int64
	}{
		{"as many", wire.Chord, 1, false, [3]int64{late, late, late}},
		{"fewer", wire.Chord, 3, false, [3]int64{early, early, late}},
		{"by which a node joined", wire.Join, 3, false, [3]int64{late, late, late}},
		{"crossing", wire.Chord, 4, true, [3]int64{early, late, late}},
	} {
		w := newWorld(1, nil)
		w.start(1)
		from, p := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, tt.reason)
		o, other := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
		from.send(update(o, 1, 3)) // the peer hears an advert, or is pushed to
		p.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Lazy}))
		for seq := uint64(1); seq <= tt.heard; seq++ {
			p.send(update(other, seq, 3))
		}
		w.run(200 * ms)
		p.drop()
		for i, want := range tt.want {
			seq := uint64(i) + 2
			from.send(update(o, seq, 3))
			if w.run(want - 1*ms); len(p.listen().adverts) != 0 {
				t.Errorf("%s: update %d is advertised earlier than after %d ms", tt.what, i, want/ms)
			}
			if w.run(2 * ms); len(p.listen().adverts) != 1 {
				t.Errorf("%s: update %d is not advertised after %d ms", tt.what, i, want/ms)
			}
			if tt.cross && i == 0 {
				p.send(advertOver(o, seq, 5))
			}
			w.run(100 * ms)
			p.drop()
		}
	}
}

// TestAdvertNotNeeded: who has said that it has something is not told of it.
func TestAdvertNotNeeded(t *testing.T) {
	w, from, _, r, o, seq := hub(t)
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	r.send(frame(advert(o, seq+1)))
	w.run(100 * ms)
	if s := r.listen(); len(s.adverts) != 0 {
		t.Errorf("it says %+v", s)
	}
}

// TestPruneAfterDuplicate: who pushes what is here already is asked not to, and is not pushed to either; the parent never is.
func TestPruneAfterDuplicate(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	q.send(frame(graft(o, seq)))
	again := frame(info(o, seq, "k", "v", int64(seq), 0), claim(o, seq-1, seq))
	q.send(again)
	if s := q.listen(); len(s.prunes) != 1 || s.prunes[0].Mode != wire.Lazy {
		t.Errorf("after a duplicate it says %+v, want a prune", s)
	}
	if w.nodes[1].core.Mode(q.link(), o) == wire.Eager {
		t.Error("it still pushes to who pushed a duplicate")
	}
	from.send(again)
	if s := from.listen(); len(s.prunes) != 0 {
		t.Errorf("the parent hears %+v after a duplicate", s)
	}
	q.send(frame(info(o, seq, "k", "v", int64(seq), 0), func(b []byte) []byte {
		return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: seq - 1, To: seq, Repair: true})
	}))
	if s := q.listen(); len(s.prunes) != 0 {
		t.Errorf("who was asked hears %+v after a duplicate", s)
	}
}

// TestPrune: a prune turns pushing into adverts, and stops what is being pushed.
func TestPrune(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	q.send(frame(graft(o, seq)))
	w.slowSends = true
	q.send(wire.AppendPing(nil, wire.Ping{Ask: true, ID: 7})) // the link is busy with the answer
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	q.send(wire.AppendPrune(nil, wire.Prune{NodeID: o.Node, Incarnation: o.Incarnation, Mode: wire.Lazy}))
	if s := q.listen(); len(s.infos) != 0 {
		t.Errorf("after a prune it still sends %+v", s)
	}
	w.run(100 * ms)
	if s := q.listen(); len(s.infos) != 0 || len(s.adverts) != 1 {
		t.Errorf("after a prune it says %+v, want an advert", s)
	}
	w.admitted(t, 13, 1, wire.Chord) // beside r, one more that advertises
	q.send(wire.AppendPrune(nil, wire.Prune{NodeID: o.Node, Incarnation: o.Incarnation, Mode: wire.Mute}))
	from.send(frame(info(o, seq+2, "k", "x", 101, 0), claim(o, seq+1, seq+2)))
	w.run(100 * ms)
	if s := q.listen(); s.frames != 0 {
		t.Errorf("to a mute link it says %+v", s)
	}
	q.send(wire.AppendPrune(nil, wire.Prune{NodeID: o.Node, Incarnation: o.Incarnation, Mode: wire.Lazy}))
	w.run(100 * ms)
	if s := q.listen(); len(s.adverts) != 1 || s.adverts[0].To != seq+2 {
		t.Errorf("to a link that is mute no longer it says %+v, want an advert", s)
	}
}

// TestGraftAfterAdvert: what was advertised and not pushed is asked for, of one peer at a time.
func TestGraftAfterAdvert(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	hops := func(n uint32) part {
		return func(b []byte) []byte {
			return wire.AppendAdverts(b, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: seq + 1, Hops: n})
		}
	}
	q.send(frame(hops(5)))
	r.send(frame(hops(3)))
	w.run(9 * ms)
	if q.listen().frames+r.listen().frames+from.listen().frames != 0 {
		t.Error("says something before the graft timer is up")
	}
	w.run(30 * ms)
	if s := r.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq || s.grafts[0].Mode != wire.Eager {
		t.Errorf("the advertiser with the fewest hops hears %+v, want a graft from %d on", s, seq)
	}
	if s := q.listen(); len(s.grafts) != 0 {
		t.Errorf("the other hears %+v", s)
	}
	if got := w.nodes[1].core.Parent(o); got != r.link() {
		t.Errorf("the parent is link %d, want %d", got, r.link())
	}
	if s := from.listen(); len(s.prunes) != 1 || s.prunes[0].Mode != wire.Lazy {
		t.Errorf("the old parent hears %+v, want a prune 25 ms later", s)
	}
	w.run(20 * ms)
	if s := q.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq {
		t.Errorf("when the first does not answer, the other hears %+v, want a graft", s)
	}
	q.send(frame(info(o, seq+1, "k", "w", 100, 0), func(b []byte) []byte {
		return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: seq, To: seq + 1, Repair: true})
	}))
	w.run(500 * ms)
	if s, u := q.listen(), r.listen(); len(s.grafts)+len(u.grafts) != 0 {
		t.Errorf("after the answer they hear %+v and %+v", s, u)
	}
}

// TestGraftSpared: what is pushed before the timer is up is not asked for; what nobody pushes is asked for at once.
func TestGraftSpared(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	q.send(frame(advert(o, seq+1)))
	w.run(5 * ms)
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	w.run(500 * ms)
	if s := q.listen(); len(s.grafts) != 0 {
		t.Errorf("says %+v for what the parent has pushed", s)
	}
	q.send(wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: seq + 2, Pull: true}))
	if s := q.listen(); len(s.grafts) != 1 {
		t.Errorf("after an advert that asks to be grafted it says %+v", s)
	}
}

// TestShorterPath: an advert over two hops less than the parent's path wins the place; the parent is let go later.
func TestShorterPath(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	from.send(frame(info(o, seq+1, "k", "w", 100, 0), claim(o, seq, seq+1)))
	q.send(wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: seq + 1, Hops: 0}))
	if s := q.listen(); len(s.grafts) != 0 {
		t.Errorf("one hop less: says %+v", s)
	}
	w.run(100 * ms)
	from.drop()
	x := core.Origin{Node: 21, Incarnation: 100}
	in := hopsOf(x, 1, 4)
	from.send(frame(in, claim(x, 0, 1)))
	q.send(wire.AppendAdverts(nil, wire.Advert{NodeID: x.Node, Incarnation: x.Incarnation, To: 1, Hops: 2}))
	if s := q.listen(); len(s.grafts) != 1 {
		t.Errorf("two hops less: says %+v, want a graft", s)
	}
	w.run(24 * ms)
	if s := from.listen(); len(s.prunes) != 0 {
		t.Errorf("the old parent hears %+v too early", s)
	}
	w.run(2 * ms)
	if s := from.listen(); len(s.prunes) != 1 {
		t.Errorf("the old parent hears %+v, want a prune", s)
	}
}

// TestNotThroughWhomManyJoin: of two paths of one length, the one that no node has joined through is the parent's, while the tree is a few
// updates old.
func TestNotThroughWhomManyJoin(t *testing.T) {
	for _, tt := range []struct {
		what         string
		parent, peer wire.Reason
		updates      uint64
		hops         uint32 // of the advert; the update has crossed 3 when it is here
		graft        int
	}{
		{"as short", wire.Join, wire.Chord, 3, 2, 1},
		{"longer", wire.Join, wire.Chord, 3, 3, 0},
		{"too young a tree", wire.Join, wire.Chord, 2, 2, 0},
		{"a tree that is almost old", wire.Join, wire.Chord, 4, 2, 1},
		{"an old tree", wire.Join, wire.Chord, 5, 2, 0},
		{"another by which a node joined", wire.Join, wire.Join, 3, 2, 0},
		{"no parent by which a node joined", wire.Chord, wire.Chord, 3, 2, 0},
	} {
		t.Run(tt.what, func(t *testing.T) {
			w := newWorld(1, nil)
			w.start(1)
			parent, q := w.admitted(t, 10, 1, tt.parent), w.admitted(t, 11, 1, tt.peer)
			o := core.Origin{Node: 20, Incarnation: 100}
			for seq := uint64(1); seq <= tt.updates; seq++ {
				parent.send(update(o, seq, 3))
				w.run(100 * ms)
			}
			q.drop()
			q.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: tt.updates, Hops: tt.hops}))
			if said := q.listen(); len(said.grafts) != tt.graft {
				t.Errorf("says %+v, want %d grafts", said, tt.graft)
			}
		})
	}
}

// TestShorterPathOnce: who was asked for a shorter path is given up for one two hops shorter than that, and the others hear how
// long it is.
func TestShorterPathOnce(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	s := w.admitted(t, 13, 1, wire.Chord)
	seq++
	from.send(update(o, seq, 9))
	for _, tt := range []struct {
		peer  *peer
		hops  uint32
		graft int
	}{{q, 5, 1}, {r, 6, 0}, {r, 5, 0}, {r, 4, 1}} {
		tt.peer.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: tt.hops}))
		if said := tt.peer.listen(); len(said.grafts) != tt.graft {
			t.Errorf("an advert of %d hops is answered with %+v, want %d grafts", tt.hops, said, tt.graft)
		}
	}
	w.run(50 * ms)
	if said := s.listen(); len(said.adverts) != 1 || said.adverts[0].Hops != 5 {
		t.Errorf("the others hear %+v, want an advert of 5 hops", said)
	}
}
