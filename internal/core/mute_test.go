package core_test

import (
	"fmt"
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

// TestNearerIsAdvertised: a mute link hears of an update that came over fewer hops than the one before, and of no other.
func TestNearerIsAdvertised(t *testing.T) {
	w, from, q, _, o, seq := hub(t)
	q.send(wire.AppendPrune(frame(declare(o, 0)), wire.Prune{NodeID: o.Node, Mode: wire.Mute}))
	for _, tt := range []struct {
		hops uint32
		want int
	}{{5, 0}, {5, 0}, {4, 1}, {4, 0}, {6, 0}, {1, 1}} {
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

// TestMute: among many, an origin is advertised by two alternates, and the others are asked to be mute: once, though they may advertise
// again that they have come nearer.
func TestMute(t *testing.T) {
	for _, members := range []uint64{90, 110} {
		w, from, q, r, o, seq := hub(t)
		s := w.admitted(t, 13, 1, wire.Chord)
		crowd(w, from, members)
		muted := 0
		for range 3 {
			seq++
			from.send(update(o, seq, 3))
			w.run(100 * ms)
			for _, p := range []*peer{q, r, s} {
				p.drop()
				p.send(wire.AppendAdvert(frame(declare(o, 0)), wire.Advert{NodeID: o.Node, To: seq, Hops: 3}))
				w.run(100 * ms)
				for _, prune := range p.listen().prunes {
					if prune.Mode == wire.Mute {
						muted++
						if p != s {
							t.Errorf("node %d, one of the first two that advertised, is asked to be mute", p.id)
						}
					}
				}
			}
		}
		if want := int(members / 100); muted != want {
			t.Errorf("with %d members, a third advertiser is asked %d times to be mute, want %d", members, muted, want)
		}
		seq++
		from.send(update(o, seq, 3))
		s.send(wire.AppendAdvert(nil, wire.Advert{NodeID: o.Node, To: seq, Hops: 1}))
		w.run(100 * ms)
		if said := s.listen(); len(said.grafts) != 1 {
			t.Errorf("with %d members, an advert two hops shorter is answered with %+v, want a graft", members, said)
		}
	}
}
