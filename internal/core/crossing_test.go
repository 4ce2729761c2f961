package core_test

import (
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

// TestGraftBehindGraft: a peer that asks for an origin while a graft of it waits for the link hears one that asks for what is missing only: both
// would push.
func TestGraftBehindGraft(t *testing.T) {
	for _, tt := range []struct {
		what    string
		parents int
		high    bool // this node has the higher ID
		hops    uint32
		alone   bool // the former parent is gone
		missing bool
	}{
		{what: "a parent", parents: 1},
		{what: "a parent, with nobody in its place", parents: 1, alone: true},
		{what: "a parent, with nobody in its place, for what it has advertised", parents: 1, alone: true, missing: true},
		{what: "a second parent, with the lower ID", parents: 2, hops: 3},
		{what: "a second parent, with the higher ID", parents: 2, hops: 3, high: true},
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
		if !tt.missing {
			to = seq
		}
		q.send(frame(graft(o, to)))
		free()
		s := q.listen()
		if len(s.grafts) != 1 || s.grafts[0].From != seq || s.grafts[0].Mode != wire.Lazy {
			t.Errorf("%s: hears %+v, want a graft of what is missing only", tt.what, s)
		}
		if p, s := w.nodes[1].core.Parent(o), w.nodes[1].core.Second(o); p == q.link() || s == q.link() {
			t.Errorf("%s: it is still one, the parents are links %d and %d", tt.what, p, s)
		}
		if tt.alone {
			continue
		}
		seq++
		from.send(update(o, seq, 3))
		if s := q.listen(); len(s.infos) != 1 {
			t.Errorf("%s: is pushed %+v, want an info", tt.what, s)
		}
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

// TestOrphanHears: where a parent asks to be pushed to and nobody takes its place, two of the links that may be closed for adverts are opened, in a large
// network. Its own is none of them.
func TestOrphanHears(t *testing.T) {
	for _, members := range []uint64{90, 110} {
		heard := map[uint64]int{}
		for seed := range uint64(20) {
			w, from, q, r, o, seq := hubWith(t, func(c *core.Config) { c.Seed = seed })
			crowd(w, from, members)
			from.send(frame(graft(o, seq)))
			for _, p := range []*peer{from, q, r} {
				for _, mode := range p.listen().modes() {
					if mode == wire.Lazy {
						heard[p.id]++
					}
				}
			}
		}
		if members < 100 && len(heard) > 0 {
			t.Errorf("%d members: links are opened: %v", members, heard)
		}
		if members > 100 && (heard[10] > 0 || heard[11] < 10 || heard[12] < 10 || heard[11]+heard[12] > 40) {
			t.Errorf("%d members: of 20 times, links are opened %v, want mostly both but that of 10, which has asked", members, heard)
		}
	}
}
