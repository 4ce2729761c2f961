package core_test

import (
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// busy has p's link carry something until free is called.
func busy(w *world, p *peer) (free func()) {
	w.slowSends = true
	p.send(wire.AppendPing(nil, wire.Ping{Ask: true, ID: 7}))
	return func() {
		w.slowSends = false
		w.do(1, core.Input{Kind: core.InSent, Link: p.link()})
		w.run(20 * ms)
	}
}

// TestGraftBehindGraft: where a peer asks for an origin while a graft of it waits for the link, that is taken back: each would push to the other. Unless nobody
// else pushes, or this node is the one of two who gets what it asks for.
func TestGraftBehindGraft(t *testing.T) {
	for _, tt := range []struct {
		what     string
		parents  int
		high     bool // this node has the higher ID
		hops     uint32
		alone    bool // the former parent is gone
		kept     bool
		notAsked bool // the peer changes its mind
	}{
		{what: "a parent", parents: 1},
		{what: "a parent, which then asks for nothing", parents: 1, notAsked: true},
		{what: "a parent, with nobody in its place", parents: 1, alone: true, kept: true},
		{what: "a second parent, with the lower ID", parents: 2, hops: 3},
		{what: "a second parent, with the higher ID", parents: 2, hops: 3, high: true, kept: true},
	} {
		w, from, q, _, o, seq := hubWith(t, func(c *core.Config) {
			if c.Parents = tt.parents; tt.high {
				c.Node += 100
			}
		})
		seq++
		from.send(update(o, seq, 3))
		free := busy(w, q)
		to := seq
		if tt.alone {
			from.close()
			to++
		}
		q.send(advertOver(o, to, tt.hops))
		if p, s := w.nodes[1].core.Parent(o), w.nodes[1].core.Second(o); p != q.link() && s != q.link() {
			t.Fatalf("%s: the parents are links %d and %d, want that of who advertises", tt.what, p, s)
		}
		q.send(frame(graft(o, to)))
		if tt.notAsked {
			q.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Lazy}))
		}
		if p, s := w.nodes[1].core.Parent(o), w.nodes[1].core.Second(o); p == q.link() || s == q.link() {
			t.Errorf("%s: it is still one, the parents are links %d and %d", tt.what, p, s)
		}
		free()
		if s := q.listen(); (len(s.grafts) == 1) != tt.kept || (len(s.prunes) == 1) == tt.kept {
			t.Errorf("%s: hears %+v, a graft: want %v, else a prune", tt.what, s, tt.kept)
		}
		if tt.alone { // the graft is answered
			q.send(frame(info(o, to, "k", "v", int64(to), 0), func(b []byte) []byte {
				return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: to - 1, To: to, Repair: true})
			}))
			if p := w.nodes[1].core.Parent(o); p != q.link() {
				t.Errorf("%s: the parent is link %d, want who has answered", tt.what, p)
			}
			continue
		}
		seq++
		from.send(update(o, seq, 3))
		if s := q.listen(); (len(s.infos) == 0) != tt.notAsked {
			t.Errorf("%s: is pushed %+v, want an info unless it asks for none", tt.what, s)
		}
	}
}

// TestGraftBehindMarks: an orphan asks the peer that it joins through, which turns out to have nothing of the origin while the graft waits for the link. With somebody else to ask
// it takes that back: else both would push.
func TestGraftBehindMarks(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.nodes[1].seeds = []wire.Addr{addrOf(30)}
	w.start(1)
	from, q := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord)
	o, other := core.Origin{Node: 20, Incarnation: 100}, core.Origin{Node: 21, Incarnation: 100}
	for seq := uint64(1); seq <= 6; seq++ {
		from.send(update(o, seq, 1))
		from.send(update(other, seq, 1))
		w.run(50 * ms)
	}
	from.close()
	w.slowSends = true
	p := w.answer(t, 1, w.nodes[1].dials[0], 30) // the Hello waits, too
	p.hello(wire.Hello{ClusterID: "test", Verdict: wire.Admitted})
	if got := w.nodes[1].core.Parent(o); got != p.link() {
		t.Fatalf("the parent is link %d, want %d, by which the node joins", got, p.link())
	}
	q.send(advertOver(o, 6, 1))
	p.send(wire.AppendMarksEnd(wire.AppendMark(nil, wire.Mark{NodeID: other.Node, Incarnation: other.Incarnation, Seq: 6})))
	if got := w.nodes[1].core.Parent(o); got != q.link() {
		t.Errorf("the parent is link %d, want %d", got, q.link())
	}
	var grafts []wire.Graft
	for range 3 {
		grafts = append(grafts, p.listen().grafts...)
		w.run(20 * ms)
	}
	if len(grafts) != 1 || grafts[0].NodeID != other.Node {
		t.Errorf("who has only one of two origins is asked for %+v", grafts)
	}
	for _, err := range w.check() {
		t.Error(err)
	}
}

// TestGraftBehindPush: a graft waits for the link while somebody else pushes all that is missing: it is not sent, and the peer
// hears once that it is not to push, and that the link, which may have been closed, is open for adverts.
func TestGraftBehindPush(t *testing.T) {
	for _, tt := range []struct {
		what        string
		lost, asked bool // the parent; and the peer has asked this node
		more        bool // of what the peer has than is pushed
		grafts      int
	}{
		{what: "late by the parent"},
		{what: "for an orphan", lost: true},
		{what: "for an orphan, and the peer has asked", lost: true, asked: true},
		{what: "for an orphan, but for one", lost: true, more: true, grafts: 1},
	} {
		w, from, q, r, o, seq := hub(t)
		free := busy(w, q)
		by := from
		if tt.lost {
			from.close()
			by = r
		}
		to := seq + 1
		if tt.more {
			to++
		}
		q.send(advertOver(o, to, 3))
		w.run(50 * ms)
		if p := w.nodes[1].core.Parent(o); p != q.link() {
			t.Fatalf("%s: the parent is link %d, want %d, which is to be asked", tt.what, p, q.link())
		}
		if tt.asked {
			q.send(frame(graft(o, seq)))
		}
		by.send(update(o, seq+1, 3))
		free()
		w.run(100 * ms)
		if s := q.listen(); len(s.grafts) != tt.grafts || len(s.prunes) != 1-tt.grafts || len(s.infos) != 1 && tt.asked {
			t.Errorf("%s: who would be asked hears %+v, want %d grafts, else a prune", tt.what, s, tt.grafts)
		}
		if p := w.nodes[1].core.Parent(o); !tt.more && p != by.link() {
			t.Errorf("%s: the parent is link %d, want %d, which has pushed", tt.what, p, by.link())
		}
	}
}

// TestWithdrawnOpens: the link over which an alternate's graft waited was closed for adverts. It is open at both ends once that is not needed any more.
func TestWithdrawnOpens(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	w.admitted(t, 13, 1, wire.Chord)
	q.send(advertOver(o, seq, 1))
	q.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
	w.run(50 * ms)
	if m := w.nodes[1].core.Mode(q.link(), o); m != wire.Mute {
		t.Fatalf("the alternate's link has mode %d, want that it is closed", m)
	}
	q.drop()
	free := busy(w, q)
	from.close()
	r.send(update(o, seq+1, 3))
	free()
	if s, m := q.listen(), w.nodes[1].core.Mode(q.link(), o); len(s.grafts) != 0 || !slices.Contains(s.modes(), wire.Lazy) || m != wire.Lazy {
		t.Errorf("the peer hears %+v, and this end's mode is %d, want a prune that opens, and an open link", s, m)
	}
}

// TestLetGoUnasked: a parent that another one takes the place of before the graft leaves is not asked any more once it is let go.
func TestLetGoUnasked(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	from.send(update(o, seq+1, 6))
	q.drop()
	free := busy(w, q)
	q.send(advertOver(o, seq+1, 3))
	r.send(advertOver(o, seq+1, 1))
	if p := w.nodes[1].core.Parent(o); p != r.link() {
		t.Fatalf("the parent is link %d, want %d, the nearest", p, r.link())
	}
	w.run(1000 * ms)
	free()
	if s := q.listen(); len(s.grafts) != 0 || !slices.Contains(s.modes(), wire.Lazy) {
		t.Errorf("who was the parent in between hears %+v, want not to be asked", s)
	}
}

// TestSecondGraftStays: the graft of a second parent waits for the link while somebody else takes the parent's place: it is sent.
func TestSecondGraftStays(t *testing.T) {
	w, from, q, r, o, seq := twice(t)
	free := busy(w, q)
	seq++
	from.send(update(o, seq, 3))
	q.send(advertOver(o, seq, 3))
	parents(t, w, o, from.link(), q.link())
	r.send(update(o, seq+1, 3))
	free()
	if s := q.listen(); len(s.grafts) != 1 {
		t.Errorf("the second parent hears %+v, want a graft", s)
	}
	parents(t, w, o, r.link(), q.link())
}

// TestTwoOrphans: two nodes whose common parent is gone, and of which one has its last update, ask each other while a link end is busy: one pushes to the other
// then, and the other one knows that it has no parent.
func TestTwoOrphans(t *testing.T) {
	for _, asked := range []bool{true, false} {
		w, from, q, r, o, seq := hub(t)
		r.close()
		free := busy(w, q)
		from.close()
		q.send(advertOver(o, seq+1, 3))
		if asked {
			q.send(frame(graft(o, seq+1)))
		}
		free()
		if s := q.listen(); len(s.grafts) != 1 || s.grafts[0].Mode != wire.Eager || s.grafts[0].From != seq {
			t.Errorf("asked: %v: the other one hears %+v, want to be asked to push", asked, s)
		}
		if p := w.nodes[1].core.Parent(o); (p == 0) != asked {
			t.Errorf("asked: %v: the parent is link %d", asked, p)
		}
	}
}

// TestLateAnswer: the first of an origin comes, late, from who was asked first. Who is asked since is the parent, and is pushed nothing, though many are while the network
// assembles.
func TestLateAnswer(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	a, b := w.admitted(t, 10, 1, wire.Join), w.admitted(t, 11, 1, wire.Chord)
	o := core.Origin{Node: 20, Incarnation: 100}
	for _, p := range []*peer{b, a} {
		p.send(wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: 1, Hops: 1, Pull: true}))
	}
	w.run(70 * ms)
	if p := w.nodes[1].core.Parent(o); p != a.link() {
		t.Fatalf("the parent is link %d, want %d, which was asked last", p, a.link())
	}
	b.send(frame(info(o, 1, "k", "v", 1, 0), func(b []byte) []byte {
		return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: 0, To: 1, Repair: true})
	}))
	for _, err := range w.check() {
		t.Error(err)
	}
}

// TestOrphanIsPushed: whom this node pushes to is not taken for the parent because something of it comes that is here already: both would wait for each
// other. Anybody else is.
func TestOrphanIsPushed(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	from.send(frame(graft(o, seq)))
	if p := w.nodes[1].core.Parent(o); p != 0 {
		t.Fatalf("the parent is link %d, want none: it has asked for the origin itself", p)
	}
	from.send(update(o, seq, 3)) // it has crossed something
	if p := w.nodes[1].core.Parent(o); p != 0 {
		t.Errorf("the parent is link %d, which asks for the origin and pushes what is here", p)
	}
	q.send(update(o, seq, 3))
	if p := w.nodes[1].core.Parent(o); p != q.link() {
		t.Errorf("the parent is link %d, want %d, which pushes what is here and has asked for nothing", p, q.link())
	}
	for _, err := range w.check() {
		t.Error(err)
	}
}

// TestOrphanHears: where a parent is lost, or asks to be pushed to, and nobody takes its place, two of the links that are closed for adverts are opened. None of
// the tree is: neither a parent that is left nor who is pushed to.
func TestOrphanHears(t *testing.T) {
	for _, tt := range []struct {
		lost    bool
		parents int
		want    int
	}{{false, 1, 2}, {true, 1, 2}, {true, 2, 2}} {
		heard := map[uint64]int{}
		for seed := range uint64(40) {
			w, from, q, r, o, seq := hubWith(t, func(c *core.Config) { c.Seed, c.Parents = seed, tt.parents })
			peers := []*peer{from, q, r}
			for id := range uint64(6) {
				peers = append(peers, w.admitted(t, 13+id, 1, wire.Ring))
			}
			crowd(w, from, 110)
			closed := peers[2:6]
			if tt.parents > 1 {
				seq++
				from.send(update(o, seq, 3))
				q.send(advertOver(o, seq, 3))
			}
			for _, p := range closed {
				p.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
			}
			peers[6].send(frame(graft(o, seq)))
			w.run(50 * ms)
			for _, p := range peers {
				p.drop()
			}
			if tt.lost {
				from.close()
			} else {
				from.send(frame(graft(o, seq)))
			}
			w.run(10 * ms)
			n := 0
			for _, p := range peers {
				if p.up() && slices.Contains(p.listen().modes(), wire.Lazy) {
					heard[p.id]++
					n++
				}
			}
			if n != tt.want {
				t.Errorf("%+v, seed %d: %d links are opened", tt, seed, n)
			}
		}
		for id, n := range heard {
			if id < 12 || id > 15 || n < 10 || n > 30 {
				t.Errorf("%+v: of 40 times, links are opened %v, want those of 12 to 15, each half of the time", tt, heard)
				break
			}
		}
	}
}
