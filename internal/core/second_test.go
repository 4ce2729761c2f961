package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// twice returns a node as hub does, that is to have two parents.
func twice(t *testing.T) (w *world, from, q, r *peer, o core.Origin, seq uint64) {
	t.Helper()
	return hubWith(t, func(c *core.Config) { c.Parents = 2 })
}

// parents fails the test unless those are the parents of o.
func parents(t *testing.T, w *world, o core.Origin, first, second core.LinkID) {
	t.Helper()
	if p, s := w.nodes[1].core.Parent(o), w.nodes[1].core.Second(o); p != first || s != second {
		t.Errorf("the parents are links %d and %d, want %d and %d", p, s, first, second)
	}
}

// TestSecondParent: of those who advertise what is here already, the first one is asked to push too, and the others are not. What it
// pushes is no reason to prune; whoever brings an update first is the parent.
func TestSecondParent(t *testing.T) {
	w, from, q, r, o, seq := twice(t)
	from.send(next(o, seq))
	q.send(advertOver(o, seq+1, 2))
	if s := q.listen(); len(s.grafts) != 1 || s.grafts[0].From != seq+1 || s.grafts[0].Mode != wire.Eager {
		t.Errorf("the first who advertises hears %+v, want a graft from %d on", s, seq+1)
	}
	r.send(advertOver(o, seq+1, 1))
	if s := r.listen(); len(s.grafts) != 0 {
		t.Errorf("the second one hears %+v, want no graft", s)
	}
	parents(t, w, o, from.link(), q.link())
	seq++
	from.send(next(o, seq))
	q.send(next(o, seq))
	parents(t, w, o, from.link(), q.link())
	seq++
	q.send(next(o, seq))
	from.send(next(o, seq))
	parents(t, w, o, q.link(), from.link())
	r.send(next(o, seq))
	parents(t, w, o, q.link(), from.link())
	w.run(200 * ms)
	for p, want := range map[*peer]int{from: 0, q: 0, r: 1} {
		if s := p.listen(); len(s.prunes) != want || len(s.grafts) != 0 {
			t.Errorf("peer %d hears %+v, want %d prunes", p.id, s, want)
		}
	}
}

// TestNoSecondParent: who may be a descendant is not asked, nor is anybody in the first two updates of an origin, or by a node that
// is to have one parent.
func TestNoSecondParent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		parents int
		hops    uint32
		child   bool
		first   bool // the origin's first update
		want    int
	}{
		{name: "one hop more", parents: 2, hops: 2, want: 1},
		{name: "two hops more", parents: 2, hops: 3},
		{name: "a child", parents: 2, hops: 2, child: true},
		{name: "a first update", parents: 2, hops: 1, first: true},
		{name: "one parent", parents: 1, hops: 1},
	} {
		_, from, q, _, o, seq := hubWith(t, func(c *core.Config) { c.Parents = tt.parents })
		if tt.first {
			o, seq = core.Origin{Node: 21, Incarnation: 100}, 0
		}
		if tt.child {
			q.send(frame(graft(o, seq)))
		}
		from.send(next(o, seq))
		q.send(advertOver(o, seq+1, tt.hops))
		if s := q.listen(); len(s.grafts) != tt.want {
			t.Errorf("%s: says %+v, want %d grafts", tt.name, s, tt.want)
		}
	}
}

// TestSecondParentIsNone: a second parent that advertises does not push, whatever became of the graft, and is asked once more; one
// that asks to be pushed to has found its parent here.
func TestSecondParentIsNone(t *testing.T) {
	w, from, q, r, o, seq := twice(t)
	from.send(next(o, seq))
	q.send(advertOver(o, seq+1, 1))
	q.drop()
	seq++
	from.send(next(o, seq))
	q.send(advertOver(o, seq+1, 1))
	if s := q.listen(); len(s.grafts) != 1 {
		t.Errorf("a second parent that advertises hears %+v, want a graft", s)
	}
	parents(t, w, o, from.link(), q.link())
	q.send(frame(graft(o, seq+1)))
	parents(t, w, o, from.link(), 0)
	r.send(advertOver(o, seq+1, 1))
	parents(t, w, o, from.link(), r.link())
}

// TestSecondParentHears: a peer that is pushed to hears adverts once it is one of two parents, since it has what it pushes. One that asks
// anew does not push any more: the other one is the parent.
func TestSecondParentHears(t *testing.T) {
	w, from, q, _, o, seq := twice(t)
	q.send(frame(graft(o, seq)))
	q.send(next(o, seq))
	from.send(next(o, seq))
	seq++
	from.send(next(o, seq))
	parents(t, w, o, from.link(), q.link())
	if s := q.listen(); len(s.infos) != 0 {
		t.Errorf("the second parent is pushed %+v", s)
	}
	q.send(next(o, seq))
	from.send(frame(graft(o, seq+1)))
	parents(t, w, o, q.link(), 0)
	seq++
	q.send(next(o, seq))
	if s := from.listen(); len(s.infos) != 1 {
		t.Errorf("who was the parent, and asks, is told %+v, want an info", s)
	}
}

// TestChildIsNoSecondParent: a parent that has asked to be pushed to is none any more, and does not become the second one.
func TestChildIsNoSecondParent(t *testing.T) {
	w, from, q, _, o, seq := twice(t)
	from.send(frame(graft(o, seq)))
	q.send(next(o, seq))
	parents(t, w, o, q.link(), 0)
	if s := from.listen(); len(s.infos) != 1 {
		t.Errorf("the former parent is told %+v, want an info", s)
	}
}

// TestSecondParentsCross: of two nodes that have asked each other, the one with the lower ID takes that back, and the other one gets what it asked for.
func TestSecondParentsCross(t *testing.T) {
	for _, lower := range []bool{true, false} {
		w, from, q, _, o, seq := hubWith(t, func(c *core.Config) {
			if c.Parents = 2; !lower {
				c.Node += 100
			}
		})
		seq++
		from.send(update(o, seq, 1))
		q.send(advertOver(o, seq, 1))
		q.send(frame(graft(o, seq)))
		s := q.listen()
		if len(s.grafts) != 1 || (len(s.prunes) == 1) != lower {
			t.Fatalf("the lower ID: %v; the other one hears %+v, want a graft, and %v, a prune", lower, s, lower)
		}
		if !lower {
			q.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Lazy}))
		}
		seq++
		from.send(update(o, seq, 1))
		w.run(10 * ms)
		if s := q.listen(); (len(s.infos) == 1) != lower {
			t.Errorf("the lower ID: %v; the other one is pushed %+v", lower, s)
		}
		if lower {
			continue
		}
		q.send(update(o, seq, 2))
		w.run(200 * ms)
		if s := q.listen(); len(s.prunes) != 0 {
			t.Errorf("who pushes what it was asked for hears %+v", s)
		}
		parents(t, w, o, from.link(), q.link())
	}
}

// TestOwnInfosHaveNoParent: who pushes this node's own infos is asked not to, and is no second parent of them.
func TestOwnInfosHaveNoParent(t *testing.T) {
	w, from, _, _, _, _ := twice(t)
	for range 4 {
		w.add(1, "own", "v", 0)
		w.run(100 * ms)
	}
	o := core.Origin{Node: 1, Incarnation: w.nodes[1].core.Incarnation()}
	from.drop()
	from.send(update(o, w.nodes[1].core.Marks()[o], 1))
	w.run(100 * ms)
	if s := from.listen(); len(s.prunes) != 1 {
		t.Errorf("who pushes this node's own infos hears %+v, want a prune", s)
	}
	parents(t, w, o, 0, 0)
}

// TestSecondParentTakesOver: when the parent is lost, or asks to be pushed to, the other one is it, without a word, and the alternate is asked to be the second
// one; so it is when that is lost.
func TestSecondParentTakesOver(t *testing.T) {
	for _, tt := range []struct{ second, asks bool }{{false, false}, {false, true}, {true, false}} {
		w, from, q, r, o, seq := twice(t)
		from.send(next(o, seq))
		q.send(advertOver(o, seq+1, 1))
		r.send(advertOver(o, seq+1, 1))
		w.run(100 * ms)
		q.drop()
		r.drop()
		lost, left := from, q
		if tt.second {
			lost, left = q, from
		}
		if tt.asks {
			lost.send(frame(graft(o, seq+1)))
		} else {
			lost.close()
		}
		if s := left.listen(); len(s.grafts) != 0 {
			t.Errorf("the parent that is left hears %+v", s)
		}
		if s := r.listen(); len(s.grafts) != 1 {
			t.Errorf("the alternate hears %+v, want a graft", s)
		}
		parents(t, w, o, left.link(), r.link())
	}
}

// TestAdvertisingChild: whom this node pushes to advertises too, if it has another parent. It is not asked once a parent is lost: it may have lost its
// other one since.
func TestAdvertisingChild(t *testing.T) {
	for _, child := range []bool{false, true} {
		w, from, q, r, o, seq := twice(t)
		if child {
			r.send(frame(graft(o, seq)))
		}
		from.send(next(o, seq))
		q.send(advertOver(o, seq+1, 1))
		r.send(advertOver(o, seq+1, 1))
		w.run(100 * ms)
		r.drop()
		from.close()
		if asked := len(r.listen().grafts) > 0; asked == child {
			t.Errorf("a child: %v; it is asked: %v", child, asked)
		}
	}
}

// TestSecondParentLate: what neither parent pushes is asked for. The one that was the parent is let go; a node that had but one keeps
// it as the second.
func TestSecondParentLate(t *testing.T) {
	for _, had := range []int{1, 2} {
		w, from, q, r, o, seq := twice(t)
		if had == 2 {
			from.send(next(o, seq))
			q.send(advertOver(o, seq+1, 1))
			w.run(100 * ms)
			q.drop()
			seq++
		}
		from.drop()
		r.send(advertOver(o, seq+1, 1))
		w.run(45 * ms)
		if s := r.listen(); len(s.grafts) != 1 {
			t.Errorf("of %d parents, none pushes: who advertises hears %+v, want a graft", had, s)
		}
		if s := from.listen(); len(s.prunes) != had-1 {
			t.Errorf("the former of %d parents hears %+v, want %d prunes", had, s, had-1)
		}
		if had == 2 {
			parents(t, w, o, r.link(), q.link())
		} else {
			parents(t, w, o, r.link(), from.link())
		}
	}
}
