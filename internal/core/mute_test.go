package core_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// update is the seq-th update of an origin, after so many hops, with its claim.
func update(o core.Origin, seq uint64, hops uint32) []byte {
	return frame(of("k", &gossippb.Info{
		NodeId: o.Node, Incarnation: o.Incarnation, Seq: seq, Hops: hops,
		Value: &gossippb.Value{RawBytes: []byte{byte(seq)}, Timestamp: &gossippb.Timestamp{WallTime: epoch + int64(seq)}},
	}), claim(o, seq-1, seq))
}

// TestNearerIsAdvertised: a mute link hears of an update where that would be a shorter path for the peer than the last one
// either end spoke of there, and of no other.
func TestNearerIsAdvertised(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	w.admitted(t, 13, 1, wire.Chord) // two others advertise
	mute := wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute})
	for _, tt := range []struct {
		peer uint32 // what the peer says to be its hops; 0: nothing
		hops uint32
		want int
	}{{0, 1, 0}, {9, 8, 0}, {0, 7, 1}, {0, 6, 0}, {0, 5, 1}, {0, 5, 0}, {6, 5, 0}, {1 << 20, 1 << 20, 0}, {0, 14, 0}, {0, 13, 1}} {
		if tt.peer > 0 {
			q.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: tt.peer}))
		}
		q.send(mute)
		q.drop()
		seq++
		from.send(update(o, seq, tt.hops))
		w.run(100 * ms)
		s := q.listen()
		if len(s.adverts) != tt.want || len(s.infos) != 0 || tt.want > 0 && s.adverts[0].Hops != tt.hops {
			t.Errorf("after %d hops, a mute link hears %+v, want %d adverts", tt.hops, s, tt.want)
		}
	}
}

// crowd has the node know n members, through p. Its dials of them have no end.
func crowd(w *world, p *peer, n uint64) {
	w.handDials = true // nobody is there to answer
	for id := 1000 + n; id > 1000; id-- {
		o := core.Origin{Node: id, Incarnation: 1}
		p.send(frame(info(o, 1, fmt.Sprint("node:", id), descriptor(id), 1, 0), claim(o, 0, 1)))
	}
	w.run(100 * ms)
	p.drop()
}

// TestMute: among many, two links that do not belong to the tree stay open for adverts; the others are closed, by whoever hears
// an advert there first.
func TestMute(t *testing.T) {
	for _, members := range []uint64{90, 110} {
		w, from, q, r, o, seq := hub(t)
		s := w.admitted(t, 13, 1, wire.Chord)
		crowd(w, from, members)
		muted := map[uint64]int{}
		for range 3 {
			seq++
			from.send(update(o, seq, 3))
			for _, p := range []*peer{q, r, s} {
				p.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: 3}))
				w.run(100 * ms)
				for _, prune := range p.listen().prunes {
					if prune.Mode == wire.Mute {
						muted[p.id]++
					}
				}
			}
		}
		want := map[uint64]int{11: 1}
		if members < 100 {
			want = map[uint64]int{}
		}
		if !maps.Equal(muted, want) {
			t.Errorf("with %d members, these are asked to be mute, so often: %v, want %v", members, muted, want)
		}
		seq++
		from.send(update(o, seq, 3))
		w.run(100 * ms)
		if got := len(q.listen().adverts) > 0; got != (members < 100) {
			t.Errorf("with %d members, the first to advertise hears an advert: %v", members, got)
		}
		seq++
		from.send(update(o, seq, 3))
		s.send(wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, To: seq, Hops: 1}))
		w.run(100 * ms)
		if said := s.listen(); len(said.grafts) != 1 {
			t.Errorf("with %d members, an advert two hops shorter is answered with %+v, want a graft", members, said)
		}
	}
}

// modes lists what a peer hears of prunes.
func (s said) modes() (modes []wire.Mode) {
	for _, p := range s.prunes {
		modes = append(modes, p.Mode)
	}
	return modes
}

// TestMuteIsRefused: who needs a link open says so, and from then on only the one that needs it may close it.
func TestMuteIsRefused(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	crowd(w, from, 110)
	prune := func(p *peer, m wire.Mode) {
		p.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: m}))
		w.run(50 * ms)
	}
	prune(q, wire.Mute)
	if s := q.listen(); !slices.Equal(s.modes(), []wire.Mode{wire.Lazy}) {
		t.Fatalf("with one other link, being asked to be mute is answered with %+v, want a request for adverts", s)
	}
	w.admitted(t, 13, 1, wire.Chord)
	prune(q, wire.Mute)
	if s := q.listen(); len(s.prunes) != 0 {
		t.Fatalf("with two other links, being asked to be mute is answered with %+v, want nothing", s)
	}
	prune(q, wire.Lazy) // q needs it
	q.drop()
	advert := func(p *peer, hops uint32) said {
		p.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: hops}))
		w.run(50 * ms)
		return p.listen()
	}
	seq++
	from.send(update(o, seq, 3))
	w.run(100 * ms)
	if s := q.listen(); len(s.adverts) != 1 {
		t.Errorf("who needs adverts hears %+v, want one", s)
	}
	if s := advert(q, 3); len(s.prunes) != 0 {
		t.Errorf("who needs the link is answered with %+v after an advert", s)
	}
	if s := advert(r, 3); !slices.Equal(s.modes(), []wire.Mode{wire.Mute}) {
		t.Errorf("who has not said so is answered with %+v after an advert, want a request to be mute", s)
	}
	prune(q, wire.Mute)
	if s := q.listen(); !slices.Equal(s.modes(), []wire.Mode{wire.Lazy}) {
		t.Errorf("with one other link that is open, being asked to be mute is answered with %+v", s)
	}
	w.admitted(t, 14, 1, wire.Chord)
	if s := advert(q, 3); !slices.Equal(s.modes(), []wire.Mode{wire.Mute}) {
		t.Errorf("who has needed the link, and does not any more, is answered with %+v after an advert, want a request to be mute", s)
	}
}

// TestMuteThatCrossesAGraft: who was asked to push before its MUTE came is the parent, and hears nothing of it.
func TestMuteThatCrossesAGraft(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	crowd(w, from, 110)
	from.close()
	q.send(wire.AppendAdverts(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq + 1, Hops: 3}))
	w.run(5 * ms)
	if s := q.listen(); len(s.grafts) != 1 {
		t.Fatalf("without a parent, an advert is answered with %+v, want a graft", s)
	}
	q.send(wire.AppendPrune(nil, wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
	w.run(50 * ms)
	if s := q.listen(); len(s.prunes) != 0 {
		t.Errorf("the parent's MUTE is answered with %+v", s)
	}
}

// TestParentLostOpensLinks: a node that has lost its parent hears over two links that may have been mute, and is heard there.
func TestParentLostOpensLinks(t *testing.T) {
	w, from, q, r, o, seq := hub(t)
	s := w.admitted(t, 13, 1, wire.Chord)
	peers := []*peer{q, r, s, w.admitted(t, 14, 1, wire.Chord), w.admitted(t, 15, 1, wire.Chord)}
	crowd(w, s, 110)
	for _, p := range []*peer{q, r} {
		p.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
	}
	w.run(50 * ms)
	for _, p := range peers {
		p.drop()
	}
	from.close()
	w.run(50 * ms)
	var opened []*peer
	for _, p := range []*peer{q, r} {
		if slices.Contains(p.listen().modes(), wire.Lazy) {
			opened = append(opened, p)
		}
	}
	if len(opened) == 0 {
		t.Fatal("neither of two mute links is opened when the parent is lost: try another seed of the node")
	}
	for range 2 {
		seq++
		s.send(update(o, seq, 3))
		w.run(100 * ms)
	}
	for _, p := range opened {
		if n := len(p.listen().adverts); n == 0 {
			t.Errorf("node %d hears no advert over the link that was opened", p.id)
		}
		p.send(wire.AppendAdverts(nil, wire.Advert{NodeID: o.Node, To: seq, Hops: 3}))
		w.run(100 * ms)
		if got := p.listen().modes(); !slices.Equal(got, []wire.Mode{wire.Mute}) {
			t.Errorf("node %d advertises over a link that others make needless, and is answered %v, want a request to be mute", p.id, got)
		}
	}
}
