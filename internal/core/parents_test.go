package core_test

import (
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestParentLost: when the parent's link ends, the alternate is asked at once; where there is none, the first who
// advertises something is.
func TestParentLost(t *testing.T) {
	_, from, q, r, o, seq := hub(t)
	q.send(wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: seq, Hops: 1}))
	from.close()
	if s := q.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq || s.grafts[0].Mode != wire.Eager {
		t.Errorf("the alternate hears %+v, want a graft from %d on", s, seq)
	}
	if s := r.listen(); len(s.grafts) != 0 {
		t.Errorf("who advertised nothing hears %+v", s)
	}
	q.close()
	if s := r.listen(); s.frames != 0 {
		t.Errorf("who advertised nothing hears %+v", s)
	}
	r.send(frame(advert(o, seq+1)))
	if s := r.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq {
		t.Errorf("without a parent, an advert is answered %+v, want a graft from %d on, at once", s, seq)
	}
}

// TestChildIsNoAlternate: a peer that asks to be pushed to has its parent here, and cannot be asked when the parent's link ends.
func TestChildIsNoAlternate(t *testing.T) {
	for _, first := range []bool{true, false} { // the child is the first of two alternates
		_, from, q, r, o, seq := hub(t)
		child, other := q, r
		if !first {
			child, other = r, q
		}
		for _, p := range []*peer{q, r} {
			p.send(advertOver(o, seq, 1))
		}
		child.send(frame(graft(o, seq)))
		from.close()
		if s := child.listen(); len(s.grafts) != 0 {
			t.Errorf("the child, which was the first alternate: %v, hears %+v, want no graft", first, s)
		}
		if s := other.listen(); len(s.grafts) != 1 {
			t.Errorf("the other alternate hears %+v, want a graft", s)
		}
	}
}

// TestAlternates: there are two alternates. Where the link of one has ended, or it is the second parent meanwhile, the other one is asked.
func TestAlternates(t *testing.T) {
	for _, parents := range []int{1, 2} {
		w := newWorld(1, func(c *core.Config) { c.Parents = parents })
		w.start(1)
		from, q, r := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord), w.admitted(t, 12, 1, wire.Chord)
		o, seq := core.Origin{Node: 20, Incarnation: 100}, uint64(1)
		from.send(update(o, seq, 3))
		for _, p := range []*peer{q, r} { // too early for a second parent
			p.send(advertOver(o, seq, 3))
		}
		for range 4 {
			seq++
			from.send(update(o, seq, 3))
			w.run(50 * ms)
		}
		if parents == 1 {
			q.close()
		} else {
			q.send(advertOver(o, seq, 3))
			if s := w.nodes[1].core.Second(o); s != q.link() {
				t.Fatalf("the second parent is link %d, want %d", s, q.link())
			}
		}
		r.drop()
		from.close()
		if s := r.listen(); len(s.grafts) != 1 || s.grafts[0].NodeID != o.Node {
			t.Errorf("%d parents: the second alternate hears %+v, want a graft", parents, s)
		}
		for _, err := range w.check() {
			t.Errorf("%d parents: %v", parents, err)
		}
	}
}

// TestOneAlternateTwice: a parent that was asked while the other one's push was under way, and is the first alternate for that, is none once it asks to be pushed to, though it was
// one before.
func TestOneAlternateTwice(t *testing.T) {
	for _, first := range []bool{false, true} { // of two alternates, it was the first
		w, from, q, r, o, seq := hub(t)
		seq++
		from.send(update(o, seq, 3))
		if first {
			r.send(advertOver(o, seq, 3))
		}
		q.send(advertOver(o, seq, 3))
		r.send(advertOver(o, seq, 3))
		w.run(100 * ms)
		seq++
		r.send(advertOver(o, seq, 3))
		w.run(60 * ms)
		if p := w.nodes[1].core.Parent(o); p != r.link() {
			t.Fatalf("the parent is link %d, want %d, which was asked", p, r.link())
		}
		from.send(update(o, seq, 3))
		w.run(200 * ms)
		r.send(frame(graft(o, seq)))
		r.drop()
		from.close()
		if s := r.listen(); len(s.grafts) != 0 {
			t.Errorf("the child, which was the first alternate: %v, is asked to push: %+v", first, s)
		}
		if s := q.listen(); len(s.grafts) != 1 {
			t.Errorf("the other alternate hears %+v, want a graft", s)
		}
	}
}

// TestOrphanIsTold: an orphan that hears an advert of what is here asks who sent it, unless that is farther than this node in a network where hops say how far. It is
// the parent, not a second one, and where it asks too, is no parent of either kind.
func TestOrphanIsTold(t *testing.T) {
	for _, tt := range []struct {
		parents int
		apart   bool
	}{{1, false}, {2, false}, {1, true}} {
		w, from, q, r, o, seq := hubWith(t, func(c *core.Config) { c.Parents = tt.parents })
		seq++
		from.send(update(o, seq, 3))
		w.run(100 * ms)
		from.close()
		hops := uint32(3)
		if tt.apart {
			w.nodes[1].core.Apart()
			hops = 4
		} else {
			r.send(advertOver(o, seq, 4))
			if s := r.listen(); len(s.grafts) != 0 {
				t.Errorf("%+v: whoever is one hop farther hears %+v, want no graft", tt, s)
			}
		}
		q.send(advertOver(o, seq, hops))
		if p, s := w.nodes[1].core.Parent(o), w.nodes[1].core.Second(o); p != q.link() || s != 0 || len(q.listen().grafts) != 1 {
			t.Errorf("%+v: the parents are links %d and %d, want %d alone, which is asked", tt, p, s, q.link())
		}
		q.send(frame(graft(o, seq)))
		w.run(20 * ms)
		if s := q.listen(); w.nodes[1].core.Parent(o) != 0 || len(s.prunes) != 0 {
			t.Errorf("%+v: who asks too, and nobody else pushes, hears %+v; the parent is link %d", tt, s, w.nodes[1].core.Parent(o))
		}
	}
}

// TestShrunk: links that were closed for adverts when there were many members are opened where a parent is lost when there are few.
func TestShrunk(t *testing.T) {
	w, from, q, r, o, _ := hub(t)
	s := w.admitted(t, 13, 1, wire.Ring)
	crowd(w, from, 90)
	r.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
	w.run(50 * ms)
	q.close()
	s.close()
	r.drop()
	from.close()
	w.run(10 * ms)
	if m := r.listen().modes(); !slices.Contains(m, wire.Lazy) {
		t.Errorf("the only link stays closed for adverts: %v", m)
	}
}

// TestAskedInVain: who was asked twice and brought nothing is no parent. The alternate is asked to be.
func TestAskedInVain(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	seq++
	from.send(update(o, seq, 3))
	r.send(advertOver(o, seq, 3))
	w.run(100 * ms)
	q.send(advertOver(o, seq+1, 3))
	for range 30 {
		w.run(100 * ms)
		for _, p := range []*peer{q, r} {
			p.send(wire.AppendPing(nil, wire.Ping{}))
		}
		if w.now > 2*second {
			from.send(wire.AppendPing(nil, wire.Ping{}))
		}
	}
	if n := len(q.listen().grafts); n != 2 {
		t.Errorf("who has nothing is asked %d times, want twice", n)
	}
	if p := w.nodes[1].core.Parent(o); p != from.link() && p != r.link() || p == 0 {
		t.Errorf("the parent is link %d, want that of an alternate", p)
	}
}

// TestClosedParent: whose push makes it a parent is one over whose link adverts go again, in both directions, though it was closed for them: once it is none any more, that is
// as open as others that were.
func TestClosedParent(t *testing.T) {
	for _, tt := range []struct {
		what    string
		parents int
		lost    bool // the parent
		late    bool // the push brings nothing new
	}{
		{what: "the first of an update", parents: 1},
		{what: "an orphan's, of what is here", parents: 1, lost: true, late: true},
		{what: "a second parent's", parents: 2, late: true},
	} {
		w, from, q, r, o, seq := hubWith(t, func(c *core.Config) { c.Parents = tt.parents })
		closed := []*peer{q, r, w.admitted(t, 13, 1, wire.Chord), w.admitted(t, 14, 1, wire.Chord), w.admitted(t, 15, 1, wire.Chord)}
		crowd(w, from, 110)
		for _, p := range closed {
			p.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
		}
		if tt.lost {
			from.close()
		}
		i := slices.IndexFunc(closed, func(p *peer) bool { return w.nodes[1].core.Mode(p.link(), o) == wire.Mute })
		if i < 0 {
			t.Fatalf("%s: no link is closed", tt.what)
		}
		q = closed[i]
		if !tt.late {
			seq++
		}
		q.send(update(o, seq, 1))
		if a, b := w.nodes[1].core.Parent(o), w.nodes[1].core.Second(o); a != q.link() && b != q.link() {
			t.Errorf("%s: the parents are links %d and %d, want %d", tt.what, a, b, q.link())
		}
		for _, err := range w.check() {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}

// TestPushCrossesPrune: a push that is under way when its sender is told to push no more, and that is the first to come, is no reason to take the sender
// for the parent without a word: the other one would be told, too, and nobody push.
func TestPushCrossesPrune(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	seq++
	from.send(update(o, seq, 2))
	q.send(update(o, seq, 2))
	q.send(update(o, seq, 2))
	if s := q.listen(); len(s.prunes) != 2 || len(s.grafts) != 0 {
		t.Fatalf("who pushes what is here, twice, hears %+v, want a prune each time", s)
	}
	seq++
	q.send(frame(info(o, seq, "k", "v", int64(seq), 0), func(b []byte) []byte {
		return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: seq - 1, To: seq, Repair: true})
	}))
	w.run(10 * ms)
	if s := q.listen(); len(s.grafts) != 0 {
		t.Errorf("who only answers hears %+v", s)
	}
	from.send(update(o, seq, 2))
	seq++
	q.send(update(o, seq, 2))
	from.send(update(o, seq, 2))
	w.run(10 * ms)
	if s := q.listen(); len(s.grafts) != 1 || len(s.prunes) != 0 {
		t.Errorf("whose push was under way, and was the first, hears %+v, want a graft", s)
	}
	if s := from.listen(); len(s.prunes) != 1 {
		t.Errorf("the former parent hears %+v, want a prune", s)
	}
	seq++
	q.send(update(o, seq, 2))
	w.run(10 * ms)
	if s := q.listen(); len(s.grafts)+len(s.prunes) != 0 {
		t.Errorf("the parent hears %+v", s)
	}
}

// TestPruneAndGraft: in one frame, the graft wins. What it brings is no reason to ask again.
func TestPruneAndGraft(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	seq++
	from.send(update(o, seq, 5))
	q.send(wire.AppendAdverts(update(o, seq, 5), wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: seq, Hops: 1}))
	w.run(10 * ms)
	if s := q.listen(); len(s.prunes) != 1 || len(s.grafts) != 1 || s.frames != 1 {
		t.Fatalf("who pushes what is here, and is nearer, hears %+v, want a prune and a graft in one frame", s)
	}
	seq++
	q.send(update(o, seq, 2))
	w.run(10 * ms)
	if s := q.listen(); len(s.prunes)+len(s.grafts) != 0 {
		t.Errorf("who pushes what it was asked for hears %+v", s)
	}
}

// TestParentAsks: a parent that asks to be pushed to does not push any more. The alternate is asked at once; where there is none, the first who
// advertises something is. Two nodes that have taken each other for the parent so find others.
func TestParentAsks(t *testing.T) {
	_, from, q, r, o, seq := hub(t)
	q.send(advertOver(o, seq, 1))
	from.send(frame(graft(o, seq)))
	if s := q.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq || s.grafts[0].Mode != wire.Eager {
		t.Errorf("the alternate hears %+v, want a graft from %d on", s, seq)
	}
	q.send(next(o, seq))
	if s := from.listen(); len(s.infos) != 1 || len(s.prunes) != 1 || s.prunes[0].Mode != wire.Lazy || len(s.grafts) != 0 {
		t.Errorf("the former parent hears %+v, want that it is not to push, and the info", s)
	}
	q.send(frame(graft(o, seq+1)))
	for _, p := range []*peer{from, q, r} {
		if s := p.listen(); len(s.grafts)+len(s.prunes) != 0 {
			t.Errorf("with no alternate, %d hears %+v", p.id, s)
		}
	}
	r.send(advertOver(o, seq+2, 3))
	if s := r.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq+1 {
		t.Errorf("without a parent, an advert is answered %+v, want a graft from %d on, at once", s, seq+1)
	}
}

// TestOrphansAskNewLinks: an origin without a parent, which is lost or asks to be pushed to, is asked for over the next link by which a node
// joins that knows it. One that knows others only is behind this node.
func TestOrphansAskNewLinks(t *testing.T) {
	for _, tt := range []struct{ asks, knows, others bool }{
		{false, false, false}, {false, true, false}, {true, true, false}, {false, false, true}, {true, false, true}, {true, true, true},
	} {
		w, from, q, r, o, seq := hub(t)
		for _, p := range []*peer{q, r} {
			p.close()
		}
		if tt.asks {
			from.send(frame(graft(o, seq)))
		} else {
			from.close()
		}
		p := w.dialIn(t, 30, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
		var b []byte
		if tt.others {
			b = wire.AppendMark(b, wire.Mark{NodeID: 40, Incarnation: 1, Seq: 1})
		}
		if tt.knows {
			b = wire.AppendMark(b, wire.Mark{NodeID: o.Node, Incarnation: o.Incarnation, Seq: seq})
		}
		p.send(wire.AppendMarksEnd(b))
		s := p.listen()
		if got := slices.ContainsFunc(s.grafts, func(g wire.Graft) bool { return g.NodeID == o.Node && g.From == seq }); got != tt.knows {
			t.Errorf("%+v: the new link hears %+v", tt, s)
		}
		if got := w.nodes[1].core.Parent(o); (got == p.link()) != tt.knows {
			t.Errorf("%+v: the parent is link %d; the new one is %d", tt, got, p.link())
		}
	}
}

// TestPartedTrees: where a peer ends a link because it can do without it, what came over that is asked for at once: of the nearest one whose own
// infos came over it, too. What writes a lot finds better ones, and after a crash that one may have nothing itself.
func TestPartedTrees(t *testing.T) {
	for _, tt := range []struct {
		name             string
		crash, elsewhere bool
		child            bool // who is beyond has asked this node
		second           bool // q is the second parent
		updates          uint64
		want             bool
	}{
		{name: "of one that wrote little", updates: 1, want: true},
		{name: "of one that wrote a lot", updates: 4},
		{name: "after a crash", crash: true, updates: 1},
		{name: "where nobody's infos came over it", elsewhere: true, updates: 1},
		{name: "from here", updates: 1, child: true},
		{name: "with a second parent", updates: 3, second: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, func(c *core.Config) { c.Parents = 2 })
			w.start(1)
			from, q := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord)
			far, r := w.admitted(t, 12, 1, wire.Chord), w.admitted(t, 13, 1, wire.Chord)
			by := from
			if tt.elsewhere {
				by = q
			}
			by.send(update(core.Origin{Node: far.id, Incarnation: far.inc}, 1, 5))
			by.send(update(core.Origin{Node: r.id, Incarnation: r.inc}, 1, 2))
			o := core.Origin{Node: 20, Incarnation: 100}
			for seq := uint64(1); seq <= tt.updates; seq++ {
				from.send(update(o, seq, 3))
			}
			w.run(100 * ms)
			if tt.second {
				q.send(advertOver(o, tt.updates, 3))
			}
			for _, p := range []*peer{q, r, far} {
				p.drop()
			}
			if tt.child {
				r.send(frame(graft(o, tt.updates)))
			}
			if tt.crash {
				from.close()
			} else {
				from.send(wire.AppendBye(nil, wire.Bye{}))
			}
			for _, p := range []*peer{q, far} {
				if s := p.listen(); len(s.grafts) != 0 {
					t.Errorf("peer %d, which is not beyond the link, or is farther, hears %+v", p.id, s)
				}
			}
			s := r.listen()
			if got := slices.ContainsFunc(s.grafts, func(g wire.Graft) bool { return g.NodeID == o.Node && g.Mode == wire.Eager }); got != tt.want {
				t.Errorf("who is beyond the link hears %+v, a graft: want %v", s, tt.want)
			}
		})
	}
}
