package core_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// Traps are what protocols of this kind fell into when they were simulated. Each has a test that is named after it; docs/proofs.md
// lists them all. These are about trees and repair.

func advertOver(o core.Origin, to uint64, hops uint32) []byte {
	return wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, Incarnation: o.Incarnation, To: to, Hops: hops})
}

// next is what comes behind update seq of o when its parent pushes it.
func next(o core.Origin, seq uint64) []byte {
	return frame(info(o, seq+1, "k", fmt.Sprint(seq+1), int64(seq)+1, 0), claim(o, seq, seq+1))
}

// TestTrapCrossedPrunes: two nodes that push the same to each other prune both directions of their link, whichever frame is first. Each
// has another parent, which keeps its place; and the link still carries adverts, so that either can ask later.
func TestTrapCrossedPrunes(t *testing.T) {
	const push, prune = "push", "prune"
	for _, arrives := range [][]string{{push}, {prune}, {push, prune}, {prune, push}} {
		w, from, q, _, o, seq := hub(t)
		q.send(frame(graft(o, seq)))
		from.send(next(o, seq))
		for _, what := range arrives {
			if what == push {
				q.send(next(o, seq)) // on its way when that of the node was
			} else {
				q.send(wire.AppendPrune(nil, wire.Prune{NodeID: o.Node, Incarnation: o.Incarnation, Mode: wire.Lazy}))
			}
		}
		w.run(100 * ms)
		q.drop()
		from.send(next(o, seq+1))
		w.run(100 * ms)
		if s := q.listen(); len(s.infos) != 0 || len(s.adverts) != 1 {
			t.Errorf("after %v the peer hears %+v of the next update, want an advert", arrives, s)
		}
		if s := from.listen(); len(s.prunes) != 0 || w.nodes[1].core.Parent(o) != from.link() {
			t.Errorf("after %v the parent is link %d and hears %+v, want link %d, and nothing", arrives, w.nodes[1].core.Parent(o), s, from.link())
		}
		q.send(advertOver(o, seq+3, 1))
		from.close()
		w.run(50 * ms)
		if s := q.listen(); len(s.grafts) == 0 {
			t.Errorf("after %v and the end of the parent, the peer hears %+v, want a graft", arrives, s)
		}
	}
}

// TestTrapGraftPerInfo: who lacks many infos of an origin asks for all of them at once, and does not ask again while the answer is under
// way, however many adverts come.
func TestTrapGraftPerInfo(t *testing.T) {
	w, _, q, r, o, seq := hub(t)
	asked := func() int { return len(q.listen().grafts) + len(r.listen().grafts) }
	for i := range uint64(50) {
		q.send(advertOver(o, seq+1+i, 1))
		r.send(advertOver(o, seq+1+i, 1))
	}
	grafts := 0
	for i := uint64(50); i < 70 && grafts == 0; i++ {
		w.run(ms)
		grafts += asked()
	}
	for i := uint64(70); i < 110; i++ {
		q.send(advertOver(o, seq+1+i, 1))
		r.send(advertOver(o, seq+1+i, 1))
		w.run(ms)
		grafts += asked()
	}
	if grafts != 1 {
		t.Errorf("%d grafts for 110 infos, want 1", grafts)
	}
}

// TestTrapBothEndsPush: where a link comes up between two nodes that each have what the other lacks, that crosses it, once, and nothing
// else: who lacks something asks for it.
func TestTrapBothEndsPush(t *testing.T) {
	s := newStage(t)
	s.play("both ends push", 1, `
		nodes 4
		dials 1-2 2-3 3-4
		start 1
		start 2 seed=1
		start 3 seed=2
		run 1s
		start 4 seed=3`)
	for i := range 20 {
		s.input(func() { s.add(1, fmt.Sprint("both", i), "v", 0) })
	}
	s.play("both ends push", 2, `
		run 1s
		partition 1 2 | 3 4
		cut 2 3`)
	for i := range 5 {
		s.input(func() { s.add(1, fmt.Sprint("one", i), "v", 0) })
		s.input(func() { s.add(4, fmt.Sprint("four", i), "v", 0) })
	}
	s.play("both ends push", 3, "run 1s")
	said := s.play("both ends push", 4, `
		heal
		run 10s -Origin
		agree`)
	infos := map[string]int{}
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "2->3") || strings.HasPrefix(line, "3->2") {
			infos["one"] += strings.Count(line, "Info one")
			infos["four"] += strings.Count(line, "Info four")
			infos["both"] += strings.Count(line, "Info both")
		}
	}
	want := map[string]int{"one": 5, "four": 5, "both": 0}
	if !maps.Equal(infos, want) || !strings.HasSuffix(said, "1 2 3 4 agree\n") {
		t.Errorf("the new link carries %v, want %v, and all to agree:\n%s", infos, want, said)
	}
}

// TestTrapGraftTimerBesideSlowPushes: where pushes regularly come later than adverts, as with frames that wait for company, nobody asks
// for what is about to come.
func TestTrapGraftTimerBesideSlowPushes(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	for late := 4 * ms; late <= 25*ms; late += ms / 2 {
		q.send(advertOver(o, seq+1, 1))
		w.run(late)
		from.send(next(o, seq))
		seq++
		w.run(100 * ms)
		if s := q.listen(); len(s.grafts) != 0 {
			t.Fatalf("pushes are %d ms behind adverts, and it says %+v", late/ms, s)
		}
	}
}

// TestTrapTreesThatAreStillLearned: the first updates of an origin run over detours, and are waited for longer than later ones.
func TestTrapTreesThatAreStillLearned(t *testing.T) {
	w, q := lone(t, nil)
	o := core.Origin{Node: 20, Incarnation: 100}
	for seq, latencies := range []int64{2, 3, 3, 3, 1, 1} {
		q.send(advertOver(o, uint64(seq)+1, 1))
		w.run(latencies*10*ms - ms)
		if s := q.listen(); len(s.grafts) != 0 {
			t.Errorf("update %d is asked for within %d latencies", seq+1, latencies)
		}
		w.run(2 * ms)
		if s := q.listen(); len(s.grafts) != 1 {
			t.Errorf("after %d latencies, for update %d: says %+v, want a graft", latencies, seq+1, s)
		}
		seq := uint64(seq)
		q.send(frame(info(o, seq+1, "k", "v", int64(seq), 0), func(b []byte) []byte {
			return wire.AppendRange(b, wire.Range{NodeID: o.Node, Incarnation: o.Incarnation, From: seq, To: seq + 1, Repair: true})
		}))
		w.run(200 * ms)
		q.drop()
	}
}

// TestTrapNewLinksAreEager: a new link, for whatever it was dialled but joining, is not pushed what the peer has not asked for.
func TestTrapNewLinksAreEager(t *testing.T) {
	for _, reason := range []wire.Reason{wire.Ring, wire.Chord, wire.Heal} {
		w, from, _, _, o, seq := hub(t)
		p := w.admitted(t, 30, 1, reason)
		from.send(next(o, seq))
		w.run(100 * ms)
		if s := p.listen(); len(s.infos) != 0 || len(s.adverts) == 0 {
			t.Errorf("over a new link, dialled for reason %d, the peer hears %+v, want an advert", reason, s)
		}
	}
}

// TestTrapDescendantAsParent: who loses its parent does not ask somebody who has the updates from itself: that one advertises more hops.
func TestTrapDescendantAsParent(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	q.send(frame(graft(o, seq))) // a child
	from.send(next(o, seq))
	r.send(advertOver(o, seq+1, 3)) // a child of the child
	w.run(100 * ms)
	from.close()
	for _, p := range []*peer{q, r} {
		if s := p.listen(); len(s.grafts) != 0 {
			t.Errorf("the descendant %d hears %+v", p.id, s)
		}
	}
	up := w.admitted(t, 31, 1, wire.Chord)
	up.send(advertOver(o, seq+2, 1))
	if s := up.listen(); len(s.grafts) != 1 {
		t.Errorf("who advertises something new hears %+v, want a graft", s)
	}
}

// TestTrapMuteTail: where an origin's adverts are mute but for few links, and the parent and all of these die, the others are asked to
// advertise again, at once and without anything missing.
func TestTrapMuteTail(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	peers := []*peer{q, r, w.admitted(t, 13, 1, wire.Chord)}
	crowd(w, from, 110)
	var mute []*peer
	for range 3 {
		seq++
		from.send(update(o, seq, 3))
		for _, p := range peers {
			p.send(advertOver(o, seq, 3))
		}
		w.run(100 * ms)
		for _, p := range peers {
			if slices.Contains(p.listen().modes(), wire.Mute) {
				mute = append(mute, p)
			}
		}
	}
	if len(mute) != 1 {
		t.Fatalf("%d of three that advertise are asked to be mute, want 1", len(mute))
	}
	for _, p := range append(peers, from) {
		if p != mute[0] {
			p.close()
		}
	}
	if s := mute[0].listen(); !slices.Contains(s.modes(), wire.Lazy) && len(s.grafts) == 0 {
		t.Errorf("who was mute hears %+v, want to be asked to advertise again, or to push", s)
	}
}
