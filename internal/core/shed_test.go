package core_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// throng is a node 1 with links to peers, of which the first have joined through it and the others found it when two networks met. There
// are some more members. Its degree is 4, of which it keeps 5, and it has up to 7 links by joins.
type throng struct {
	w     *world
	peers []*peer
}

func newThrong(t *testing.T, ids []uint64, joined int, more uint64, set ...func(*core.Config)) *throng {
	t.Helper()
	k := &throng{w: newWorld(1, func(c *core.Config) {
		for _, f := range set {
			f(c)
		}
	})}
	k.w.handDials = true
	k.w.start(1)
	k.w.describe(1)
	for i, id := range ids {
		reason := wire.Heal
		if i < joined {
			reason = wire.Join
		}
		p := k.w.admitted(t, id, 1, reason)
		k.peers = append(k.peers, p)
		k.describe(id, p.inc)
	}
	for id := range more {
		k.describe(100+id, 100)
	}
	return k
}

// describe has the first peer tell of a member.
func (k *throng) describe(id, inc uint64) {
	x := core.Origin{Node: id, Incarnation: inc}
	k.peers[0].send(frame(info(x, 1, fmt.Sprint("node:", id), descriptor(id), 1, hour), claim(x, 0, 1)))
}

// run goes on for d, with all peers alive.
func (k *throng) run(d int64) {
	for end := k.w.now + d; k.w.now < end; {
		k.w.run(100 * ms)
		for _, p := range k.peers {
			p.send(wire.AppendPing(nil, wire.Ping{}))
		}
	}
}

// linked lists whom node 1 has links with.
func (k *throng) linked() map[uint64]bool {
	ids := map[uint64]bool{}
	for _, l := range k.w.nodes[1].core.Links() {
		if l.Admitted {
			ids[l.Node] = true
		}
	}
	return ids
}

// Links beyond what a node keeps are ended one by one, once nothing has changed for five seconds; those by which nodes joined now and then
// only. Their peers are told that this is nobody's fault. A leaf, which has no other link, is spared.
func TestShed(t *testing.T) {
	k := newThrong(t, tenIDs()[:6], 6, 4)
	leaf := k.w.admitted(t, 0, 1, wire.Join)
	for _, id := range tenIDs()[6:9] {
		p := k.w.admitted(t, id, 1, wire.Heal)
		k.describe(id, p.inc)
		k.peers = append(k.peers, p)
	}
	k.peers = append(k.peers, leaf)
	if k.run(4 * second); len(k.linked()) != 10 {
		t.Fatalf("%d links soon after, want all 10", len(k.linked()))
	}
	for _, p := range k.peers {
		p.drop()
	}
	k.run(2 * second)
	if n := len(k.linked()); n != 9 {
		t.Errorf("%d links after six seconds, want one less", n)
	}
	k.run(180 * second)
	if n := len(k.linked()); n != 6 || !leaf.admitted() {
		t.Errorf("%d links in the end, that of the leaf is up: %v; want 5 and that one", n, leaf.admitted())
	}
	for _, p := range k.peers {
		told := 0
		for f := p.recv(); f != nil; f = p.recv() {
			if f.Bye != nil && f.Bye.Reason == wire.NoRefusal {
				told++
			}
		}
		want := 1
		if p.admitted() {
			want = 0
		}
		if told != want {
			t.Errorf("%d, whose link is up: %v, hears %d goodbyes without a reason, want %d", p.id, p.admitted(), told, want)
		}
	}
}

// Of the links by which nodes joined, all nodes together end about four in a tick: each of eleven nodes waits for two or three of its own, on average.
func TestShedOfJoins(t *testing.T) {
	const seeds = 20
	soon := 0
	for seed := range uint64(seeds) {
		k := newThrong(t, tenIDs()[:6], 6, 4, func(c *core.Config) { c.Seed = seed })
		k.run(7 * second)
		soon += 6 - len(k.linked())
		if k.run(60 * second); len(k.linked()) != 5 {
			t.Errorf("seed %d: %d links in the end, want 5", seed, len(k.linked()))
		}
	}
	if soon < 2 || soon > seeds*3/4 {
		t.Errorf("with %d of %d seeds, a link is ended by seven seconds, want some and not most", soon, seeds)
	}
}

// In networks of more than 16 nodes, links by which nodes joined stay. Others go.
func TestShedInLargerNetworks(t *testing.T) {
	for more, want := range map[uint64]int{7: 5, 8: 7} {
		k := newThrong(t, tenIDs()[:8], 7, more)
		if k.run(180 * second); len(k.linked()) != want {
			t.Errorf("%d links in the end in a network of %d, want %d", len(k.linked()), 1+8+more, want)
		}
	}
}

// Leaves are not counted: however many there are, the other links stay, chords are let in, and what is missing is dialled.
func TestShedForgetsLeaves(t *testing.T) {
	const leaves = 3
	for _, others := range []int{2, 4} {
		k := newThrong(t, tenIDs()[:others], 0, 4)
		for i := range leaves {
			p := k.w.dialIn(t, 0, 1)
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Instance: uint64(1000 + i)})
			k.peers = append(k.peers, p)
		}
		k.run(20 * second)
		for i, p := range k.peers {
			if !p.up() {
				t.Errorf("beside %d leaves, of %d links that of the peer at %d is ended", leaves, others+leaves, i)
			}
		}
		dialled := map[wire.Addr]bool{}
		for _, d := range k.w.nodes[1].dials {
			dialled[d.Addr] = true
		}
		if others == 2 && len(dialled) < 2 {
			t.Errorf("%d members are dialled, want two or more: so many links are missing", len(dialled))
		}
		if others == 4 {
			k.w.admitted(t, 30, 1, wire.Chord)
		}
	}
}

// While members come, no link is shed.
func TestNotShedWhileMembersCome(t *testing.T) {
	k := newThrong(t, tenIDs(), 6, 4)
	for id := uint64(200); id < 210; id++ {
		k.run(2 * second)
		k.describe(id, 100)
	}
	if len(k.linked()) != 10 {
		t.Errorf("%d links, want all 10", len(k.linked()))
	}
}

// The links of the ring stay, and those that trees run over before others; of the rest, the first go.
func TestShedSparesTreesAndRing(t *testing.T) {
	ids := tenIDs()
	ring := append(tenIDs(), 1)
	slices.SortFunc(ring, func(a, b uint64) int { return cmp.Compare(core.RingPos(a), core.RingPos(b)) })
	i := slices.Index(ring, 1)
	next, last := ring[(i+1)%len(ring)], ring[(i+len(ring)-1)%len(ring)]
	ids = slices.DeleteFunc(ids, func(id uint64) bool { return id == next || id == last })
	ids = slices.Insert(ids, 1, next, last)
	k := newThrong(t, ids, 0, 0)
	for node := uint64(50); node < 53; node++ {
		k.peers[3].send(update(core.Origin{Node: node, Incarnation: 100}, 1, 3))
	}
	k.run(20 * second)
	got := k.linked()
	for i, id := range ids {
		if want := i < 4 || i > 8; got[id] != want {
			t.Errorf("the peer %d: linked %v, want %v", i, got[id], want)
		}
	}
}

func tenIDs() []uint64 { return []uint64{10, 11, 12, 13, 14, 15, 16, 17, 18, 19} }

// A link that is younger than five seconds is not shed, though no trees run over it yet.
func TestShedSparesYoungLinks(t *testing.T) {
	k := newThrong(t, tenIDs()[:9], 6, 4)
	for i, p := range k.peers[6:] {
		p.send(update(core.Origin{Node: uint64(50 + i), Incarnation: 100}, 1, 3))
	}
	k.run(4 * second)
	k.peers = append(k.peers, k.w.admitted(t, 30, 1, wire.Heal))
	k.run(3 * second)
	if got := k.linked(); len(got) > 9 || !got[30] {
		t.Errorf("after three seconds, the link to 30 is there: %v, of %d; want it to be, and less than 10", got[30], len(got))
	}
}
