package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// joined has a peer join, a leaf if its ID is 0, and returns it with the verdict.
func joined(t *testing.T, w *world, id uint64) (*peer, wire.Verdict) {
	t.Helper()
	p := w.dialIn(t, id, 1)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Leaf: id == 0, Instance: 5000 + uint64(len(w.conns))})
	return p, p.recv().Hello.Verdict
}

// TestLeavesTakeNoPlaces: leaves are no part of the overlay. Those that join end no link of it, be there room or not, and once it has settled, those who join find as many
// places as there were. While members come, a leaf counts: it may be one soon.
func TestLeavesTakeNoPlaces(t *testing.T) {
	for _, tt := range []struct {
		what          string
		maxPeers      int
		settled       bool
		leaves, joins int // let in, of twelve leaves and then of twelve who join
		chords        int // that are left
	}{
		{what: "while members come", maxPeers: 40, leaves: 3, chords: 3},
		{what: "once settled", maxPeers: 40, settled: true, leaves: 12, joins: 12, chords: 0},
		{what: "while members come, with little room", maxPeers: 6, leaves: 2, chords: 3},
		{what: "once settled, with little room", maxPeers: 6, settled: true, leaves: 2, joins: 3, chords: 0},
	} {
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = tt.maxPeers })
		w.handDials = true
		w.start(1)
		w.describe(1)
		p := w.admitted(t, 10, 1, wire.Ring)
		var chords []*peer
		for id := range uint64(3) {
			chords = append(chords, w.admitted(t, 11+id, 1, wire.Chord))
		}
		o := core.Origin{Node: 20, Incarnation: 1}
		p.send(frame(info(o, 1, "node:20", descriptor(o.Node), 1, 0), claim(o, 0, 1)))
		if tt.settled {
			w.run(second)
		}
		left := func() (n int) {
			for _, c := range chords {
				if c.admitted() {
					n++
				}
			}
			return n
		}
		leaves, joins := 0, 0
		for range 12 {
			if _, v := joined(t, w, 0); v == wire.Admitted {
				leaves++
			} else if v != wire.Redirected {
				t.Errorf("%s: a leaf is answered with verdict %v", tt.what, v)
			}
		}
		if leaves != tt.leaves || left() != 3 {
			t.Errorf("%s: %d of 12 leaves are let in, want %d; %d of 3 chords are left", tt.what, leaves, tt.leaves, left())
		}
		for id := range uint64(12) {
			if _, v := joined(t, w, 50+id); v == wire.Admitted {
				joins++
			}
			if id == 0 && tt.settled && tt.maxPeers == 40 && left() != 3 {
				t.Errorf("%s: the first who joins ends a chord, as if leaves counted", tt.what)
			}
		}
		if joins != tt.joins || left() != tt.chords {
			t.Errorf("%s: 12 join behind the leaves, and %d are let in, want %d; %d chords are left, want %d", tt.what, joins, tt.joins, left(), tt.chords)
		}
	}
}

// TestLeafGetsID: a leaf that gets its ID counts from then on. Where there are more links than are for those who join, one of them ends for it, not its own. Not so while
// members come, nor because of other leaves, nor where a node says again who it is.
func TestLeafGetsID(t *testing.T) {
	for _, tt := range []struct {
		what          string
		chords, rings int
		leaves        int  // others
		moving        bool // members come
		again         bool // it is no leaf
		twice         bool // its node is linked already, in a newer life
		ends          int
	}{
		{what: "many links", chords: 6, rings: 1, ends: 1},
		{what: "few links, and leaves", chords: 6, leaves: 4},
		{what: "while members come", chords: 6, rings: 1, moving: true},
		{what: "it had one", chords: 6, rings: 2, again: true},
		{what: "its node is linked", chords: 6, rings: 2, twice: true, ends: 1},
	} {
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = 40 })
		w.handDials = true
		w.start(1)
		w.describe(1)
		var peers []*peer
		for id := range uint64(tt.chords + tt.rings) {
			reason := wire.Chord
			if id >= uint64(tt.chords) {
				reason = wire.Ring
			}
			peers = append(peers, w.admitted(t, 10+id, 1, reason))
		}
		member := func(id uint64) {
			o := core.Origin{Node: id, Incarnation: 1}
			peers[0].send(frame(info(o, 1, fmt.Sprint("node:", id), descriptor(id), 1, 0), claim(o, 0, 1)))
		}
		member(30)
		w.run(second)
		p := peers[1]
		if !tt.again {
			for range tt.leaves + 1 {
				var v wire.Verdict
				if p, v = joined(t, w, 0); v != wire.Admitted {
					t.Fatalf("%s: it is answered with verdict %v", tt.what, v)
				}
				peers = append(peers, p)
			}
			p.id = 60
		}
		for i := range 6 { // for five seconds, its link would not be ended
			if w.run(second); i == 3 {
				member(31) // else links would be shed
			}
			for _, p := range peers {
				p.send(wire.AppendPing(nil, wire.Ping{}))
			}
		}
		if tt.moving {
			member(32)
		}
		up := func() (n int) {
			for _, l := range w.nodes[1].core.Links() {
				if l.Admitted {
					n++
				}
			}
			return n
		}
		before := up()
		if p.inc++; tt.twice {
			p.id, p.inc = peers[0].id, peers[0].inc-1
		}
		p.hello(wire.Hello{ClusterID: "test"})
		if got := before - up(); got != tt.ends || p.admitted() == tt.twice {
			t.Errorf("%s: %d of %d links end, want %d; its own is left: %v", tt.what, got, before, tt.ends, p.admitted())
		}
		joined(t, w, 70) // in the place of a link that is older
		if p.admitted() == tt.twice {
			t.Errorf("%s: another one joins; its link is left: %v", tt.what, p.admitted())
		}
		for _, l := range peers[tt.chords+tt.rings:] {
			if !l.admitted() && l != p {
				t.Errorf("%s: another one joins, and a leaf's link ends", tt.what)
			}
		}
	}
}

// TestLateIDs: nodes that join without an ID and get it once they are linked are let in like others: neither the one that all join through nor any other keeps more links for it, be
// they many at a time or few.
func TestLateIDs(t *testing.T) {
	const n = 31
	for _, tt := range []struct {
		what  string
		pause int64 // between two that start
	}{
		{"many at a time", 20 * ms},
		{"one after the other, each once the others have settled", 2 * second},
	} {
		w := newWorld(n, func(c *core.Config) {
			if c.MaxPeers = 40; c.Node > 1 {
				c.Node = 0
			}
		})
		links := func(i int) int { return len(w.nodes[i].core.Links()) }
		for i := 1; i <= n; i++ {
			if i > 1 {
				w.nodes[i].seeds = []wire.Addr{addrOf(1)}
			}
			w.start(i)
			w.run(30 * ms)
			if err := w.describe(i); err != 0 {
				t.Fatalf("%s: node %d gets its ID: %v", tt.what, i, err)
			}
			w.run(tt.pause)
			if d := links(1); d > 9 {
				t.Errorf("%s: with %d nodes, the one they join through has %d links, want 9 at most", tt.what, i, d)
			}
		}
		w.run(30 * second)
		for i := 1; i <= n; i++ {
			if d := links(i); d > 8 {
				t.Errorf("%s: node %d has %d links half a minute later, want 8 at most", tt.what, i, d)
			}
		}
		for _, err := range w.check() {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}

// TestLeafEndsNothing: whatever a leaf asks for, no link of the overlay ends for it. It may join, and nothing else.
func TestLeafEndsNothing(t *testing.T) {
	for _, reason := range []wire.Reason{wire.Join, wire.Ring, wire.Chord, wire.Heal, wire.Near} {
		w := newWorld(1, func(c *core.Config) { c.MaxPeers = 6 })
		w.handDials = true
		w.start(1)
		w.describe(1)
		peers := []*peer{w.admitted(t, 10, 1, wire.Ring)}
		for id := range uint64(3) {
			peers = append(peers, w.admitted(t, 11+id, 1, wire.Chord))
		}
		o := core.Origin{Node: 20, Incarnation: 1}
		peers[0].send(frame(info(o, 1, "node:20", descriptor(o.Node), 1, 0), claim(o, 0, 1)))
		w.run(second)
		for i := range uint64(12) {
			p := w.dialIn(t, 0, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: reason, Leaf: true, Instance: 7000 + i})
			if v := p.recv().Hello.Verdict; reason != wire.Join && v != wire.Refused {
				t.Errorf("a leaf that asks for reason %d is answered with verdict %v, want that it is refused", reason, v)
			}
		}
		for _, again := range []wire.Reason{wire.Join, reason} { // in the place of its own link
			p := w.dialIn(t, 0, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: again, Leaf: true, Instance: 7000})
			if v := p.recv().Hello.Verdict; again != wire.Join && v != wire.Refused {
				t.Errorf("a leaf that has joined, and asks for reason %d, is answered with verdict %v, want that it is refused", again, v)
			}
		}
		for _, p := range peers {
			if !p.admitted() {
				t.Errorf("twelve leaves come, reason %d, and the link to %d ends", reason, p.id)
			}
		}
	}
}

// TestLeafIsNoCompany: a node that nobody but a leaf is linked to looks for others, as one without a link does.
func TestLeafIsNoCompany(t *testing.T) {
	for _, id := range []uint64{0, 99} {
		w := newWorld(1, nil)
		w.start(1)
		w.describe(1)
		p, v := joined(t, w, id)
		if v != wire.Admitted {
			t.Fatalf("it is answered with verdict %v", v)
		}
		for range 60 {
			w.run(second)
			p.send(wire.AppendPing(nil, wire.Ping{}))
		}
		if asks := w.nodes[1].asks; (asks > 20) != (id == 0) {
			t.Errorf("linked to %d alone, it asks its resolvers %d times in a minute", id, asks)
		}
	}
}
