package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestExchangeRefused: a request that is refused is answered with the reason, and nothing of it is taken in.
func TestExchangeRefused(t *testing.T) {
	o := core.Origin{Node: 50, Incarnation: uint64(epoch) + 50}
	nameless := core.Origin{Node: 50}
	for _, tt := range []struct {
		name  string
		id    uint64
		x     wire.Exchange
		parts []part
		want  wire.Refusal
	}{
		{"other cluster", 50, wire.Exchange{MaxSeq: -1, ClusterID: "other"}, nil, wire.OtherCluster},
		{"the ID of the node", 1, wire.Exchange{MaxSeq: -1}, nil, wire.DuplicateNode},
		{"an earlier life", 60, wire.Exchange{MaxSeq: -1, Incarnation: 5}, nil, wire.DuplicateNode},
		{"info without incarnation", 50, wire.Exchange{MaxSeq: -1}, []part{info(nameless, 1, "l", "v", 1, 0)}, wire.Misbehaved},
		{"range without incarnation", 50, wire.Exchange{MaxSeq: -1}, []part{claim(nameless, 0, 1)}, wire.Misbehaved},
		{"standin without incarnation", 50, wire.Exchange{MaxSeq: -1}, []part{standin(nameless, 1, "k")}, wire.Misbehaved},
		{"impossible incarnation", 50, wire.Exchange{MaxSeq: -1}, []part{claim(core.Origin{Node: 50, Incarnation: 1 << 62}, 0, 1)}, wire.Misbehaved},
	} {
		w := newWorld(1, nil)
		w.start(1)
		w.client(t, 60).call(1, claim(core.Origin{Node: 60, Incarnation: 6}, 0, 1))
		c := w.client(t, tt.id)
		p := c.request(1, tt.x, append([]part{info(o, 1, "k", "v", second, 0), claim(o, 0, 1)}, tt.parts...)...)
		f := p.recv()
		if f == nil || f.Bye == nil || f.Bye.Reason != tt.want || f.NodeID != 1 || len(f.Infos) > 0 || f.Exchange.MaxSeq != 0 {
			t.Errorf("%s: answers %+v, want a Bye for %d", tt.name, f, tt.want)
		}
		if r := w.nodes[1].core.Record("k"); (r != nil || w.nodes[1].core.Marks()[o] != 0) && tt.name != "impossible incarnation" {
			t.Errorf("%s: %s is taken in", tt.name, show(r))
		}
		if e := w.nodes[1].events; len(e) == 0 || e[len(e)-1].Kind != core.PeerRefused || e[len(e)-1].Refusal != tt.want {
			t.Errorf("%s: says %+v", tt.name, e)
		}
		w.run(2 * second)
		if p.up() {
			t.Errorf("%s: the link is still there", tt.name)
		}
	}
}

// TestExchangeFull: a node without a place names its neighbours, but takes in what it is brought.
func TestExchangeFull(t *testing.T) {
	w := full(t, 3)
	w.add(1, "a", "1", 0)
	c := w.client(t, 11) // which holds a link, too: it has its place already
	if f := c.call(1); keysOf(f) != "a" {
		t.Errorf("a neighbour is told %+v", f)
	}
	c = w.client(t, 50)
	o := c.origin()
	for range 2 {
		p := c.ask(1, info(o, 1, "k", "v", second, 0), claim(o, 0, 1))
		var m gossippb.Response
		if err := m.UnmarshalVT(p.bytes()); err != nil {
			t.Fatal(err)
		}
		alternates := m.GetBye().GetAlternates()
		if len(m.Delta) > 0 || m.MaxSeq != 0 || m.Cursor != nil || m.GetBye().GetReason() != gossippb.Refusal_BUSY || len(alternates) != 3 ||
			m.GetAlternate().GetAddress() != alternates[0].GetAddr().GetAddress() {
			t.Fatalf("answers %v, want three alternates and no delta", &m)
		}
	}
	if r := w.nodes[1].core.Record("k"); r == nil || r.Value != "v" {
		t.Errorf("has %s, want what the request brought", show(r))
	}
	if n := len(w.nodes[1].core.Links()); n != 3+2 && n != 3 { // none of the callers
		t.Errorf("%d links: %+v", n, w.nodes[1].core.Links())
	}
}

// TestExchangePlace: a caller holds a place until ten intervals without a request, or until a node needs it.
func TestExchangePlace(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 2 })
	w.handDials = true
	w.start(1)
	w.admitted(t, 10, 1, wire.Join)
	w.client(t, 50).call(1)
	places := func() (ids []uint64) {
		for _, l := range w.nodes[1].core.Links() {
			if l.Caller && (!l.Admitted || l.Link != 0 || l.Dialed || l.Addr != addrOf(l.Node)) {
				t.Errorf("a caller is %+v", l)
			}
			if l.Caller {
				ids = append(ids, l.Node)
			}
		}
		return ids
	}
	late := w.client(t, 51)
	if f := late.take(late.ask(1)); f.Bye == nil || fmt.Sprint(places()) != "[50]" {
		t.Errorf("answers %+v with places of %v, want an alternate: there are two places", f, places())
	}
	p := w.dialIn(t, 12, 1)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
	if h := p.recv().Hello; h.Verdict != wire.Redirected {
		t.Errorf("a node that joins is answered %+v, want alternates", h)
	}
	w.run(1999 * ms)
	if got := fmt.Sprint(places()); got != "[50]" {
		t.Errorf("places of %v just before ten intervals", got)
	}
	w.run(ms)
	if got := fmt.Sprint(places()); got != "[]" {
		t.Errorf("places of %v after ten intervals", got)
	}
	late.seq = -1
	if f := late.call(1); f.Bye != nil || fmt.Sprint(places()) != "[51]" {
		t.Errorf("answers %+v with places of %v", f, places())
	}
	w.run(1500 * ms)
	w.admitted(t, 10, 1, wire.Join) // its pings have gone unanswered meanwhile
	late.seq = -1
	late.call(1)
	w.admitted(t, 13, 1, wire.Ring)
	if got := fmt.Sprint(places()); got != "[]" {
		t.Errorf("places of %v, want none: a node of the ring needs it", got)
	}
}

// TestExchangeLeaving: a node that has left names its neighbours, and takes nothing in.
func TestExchangeLeaving(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	w.admitted(t, 10, 1, wire.Join)
	w.admitted(t, 11, 1, wire.Join)
	w.command(1, core.Command{Op: core.OpLeave})
	if f := w.client(t, 11).call(1); len(f.Bye.Alternates) != 1 || f.Bye.Alternates[0].NodeID != 10 {
		t.Errorf("answers one of its neighbours %+v, want the other one named", f.Bye)
	}
	c := w.client(t, 50)
	f := c.call(1, info(c.origin(), 1, "k", "v", second, 0), claim(c.origin(), 0, 1))
	if f.Bye == nil || f.Bye.Reason != wire.Leaving || len(f.Bye.Alternates) != 2 {
		t.Errorf("answers %+v, want a Bye that names nodes 10 and 11", f)
	}
	if r := w.nodes[1].core.Record("k"); r != nil {
		t.Errorf("has %s", show(r))
	}
}

// TestExchangeMakesRoom: callers, however many and however often they call, do not keep the first nodes from joining.
func TestExchangeMakesRoom(t *testing.T) {
	w := newWorld(2, func(c *core.Config) { c.MaxPeers = 3 })
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.start(1)
	w.describe(1)
	var callers []*client
	for id := range uint64(3) {
		callers = append(callers, w.client(t, 50+id))
	}
	call := func() {
		for _, c := range callers {
			c.seq = -1
			c.call(1)
		}
	}
	call()
	w.start(2)
	w.describe(2)
	for range 20 {
		w.run(100 * ms)
		call()
	}
	if w.linkOf(1, 2) == 0 {
		t.Error("a node that joins finds no place")
	}
}

// TestExchangeKeepsPlace: a node, or a leaf, that joins a full one is let in once the network has settled; callers keep their places, but
// for the one that has been silent for longest, where there is no other.
func TestExchangeKeepsPlace(t *testing.T) {
	for _, tt := range []struct {
		maxPeers int
		joins    uint64
		keep     []uint64
	}{{10, 60, []uint64{51, 50}}, {9, 60, []uint64{50}}, {10, 0, []uint64{51, 50}}, {9, 0, []uint64{50}}} {
		k := newThrong(t, tenIDs()[:7], 7, 1)
		k.w.nodes[1].core.SetMaxPeers(tt.maxPeers)
		k.w.client(t, 51).call(1)
		k.run(100 * ms)
		k.w.client(t, 50).call(1)
		k.run(second)
		if _, v := joined(t, k.w, tt.joins); v != wire.Admitted {
			t.Fatalf("%d places: a node that joins is answered with verdict %v", tt.maxPeers, v)
		}
		var got []uint64
		for _, l := range k.w.nodes[1].core.Links() {
			if l.Caller {
				got = append(got, l.Node)
			}
		}
		if !slices.Equal(got, tt.keep) {
			t.Errorf("%d places, 7 links and two callers: %d keep theirs, want %d", tt.maxPeers, got, tt.keep)
		}
	}
}

// TestExchangeNamesake: a caller that does not say in which life it is may be a new one: it is told what the one before it
// wrote or brought.
func TestExchangeNamesake(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	c, other := w.client(t, 50), core.Origin{Node: 60, Incarnation: 1}
	c.call(1, info(c.origin(), 1, "own", "v", second, 0), claim(c.origin(), 0, 1))
	next := w.client(t, 50)
	next.inc = 0
	next.call(1, info(other, 1, "brought", "v", second, 0))
	next.seq = -1
	if f := next.call(1); keysOf(f) != "own brought" {
		t.Errorf("is told %q, want all", keysOf(f))
	}
}

// TestExchangeNewerLife: what a caller says of a newer life of the node, in whatever part of a request, makes that take
// a newer one.
func TestExchangeNewerLife(t *testing.T) {
	for name, say := range map[string]func(core.Origin) part{
		"range":   func(o core.Origin) part { return claim(o, 0, 1) },
		"standin": func(o core.Origin) part { return standin(o, 1, "k") },
		"info":    func(o core.Origin) part { return info(o, 1, "k", "v", second, 0) },
	} {
		w := newWorld(1, nil)
		w.start(1)
		newer := core.Origin{Node: 1, Incarnation: w.nodes[1].core.Incarnation() + 10}
		w.client(t, 50).call(1, say(newer))
		if got := w.nodes[1].core.Incarnation(); got <= newer.Incarnation {
			t.Errorf("%s: the incarnation is %d, want more than %d", name, got, newer.Incarnation)
		}
	}
}

// TestExchangeElsewhere: a caller each of whose requests goes to another node than the last goes on with each where it was,
// however much there is to tell.
func TestExchangeElsewhere(t *testing.T) {
	const nodes, infos = 3, 200
	w := newWorld(nodes, nil)
	for i := 1; i <= nodes; i++ {
		w.nodes[i].seeds = []wire.Addr{addrOf(1)}
		w.start(i)
	}
	value := strings.Repeat("v", 1000)
	for i := range infos {
		w.add(1+i%nodes, fmt.Sprint("k", i), value, 0)
	}
	w.run(2 * second)
	c := w.client(t, 50)
	known := 0
	for i := 0; len(c.infos) < infos; i++ {
		f := c.call(1 + i%nodes)
		if got := len(f.Exchange.Cursor.Elsewhere); got != min(i, nodes-1) {
			t.Fatalf("after %d calls, %d places elsewhere", i+1, got)
		}
		if i%nodes == 0 && i > 0 && len(c.infos) == known {
			t.Fatalf("after %d calls it knows %d infos, no more than a round before", i+1, known)
		}
		if i%nodes == 0 {
			known = len(c.infos)
		}
		if i > 30 {
			t.Fatal("no end")
		}
	}
	for range 2 * nodes { // the claims, and what some have told and others have not
		for i := 1; i <= nodes; i++ {
			p := c.ask(i)
			w.run(300 * ms)
			c.take(p)
		}
	}
	w.add(2, "news", "1", 0)
	w.run(200 * ms)
	for i := 1; i <= nodes; i++ {
		if f := c.call(i); keysOf(f) != "news" {
			t.Errorf("node %d tells %s, want what is new since it was last asked", i, keysOf(f))
		}
	}
	// A node that has restarted begins anew, and the others do not.
	w.crash(3)
	w.run(second)
	w.start(3)
	w.run(second)
	if f := c.call(3); len(f.Infos) < 20 || len(f.Exchange.Cursor.Elsewhere) != nodes-1 {
		t.Errorf("a new life of a node tells %d infos, and of %d places", len(f.Infos), len(f.Exchange.Cursor.Elsewhere))
	}
	w.add(2, "news", "2", 0)
	w.run(200 * ms)
	if f := c.call(2); keysOf(f) != "news" {
		t.Errorf("node 2 tells %s, want the news", keysOf(f))
	}
}

// TestExchangePlacesElsewhere: places are handed back as far as they can be of use.
func TestExchangePlacesElsewhere(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	inc := w.nodes[1].core.Incarnation()
	place := func(node uint64, inc uint64, seq int64) wire.Place {
		return wire.Place{NodeID: node, Incarnation: inc, MaxSeq: seq, Claimed: 7}
	}
	cursor := wire.Cursor{NodeID: 2, Incarnation: 20, Claimed: 7, Elsewhere: []wire.Place{
		place(3, 30, 31), place(1, inc-1, 5), place(2, 19, 5), place(0, 40, 41), place(0, 50, 51), place(4, 60, 0), place(5, 70, 71), place(6, 80, 81),
	}}
	f := w.client(t, 50).request(1, wire.Exchange{MaxSeq: 21, ClusterID: "test", Cursor: cursor}).recv()
	want := []wire.Place{place(2, 20, 21), place(3, 30, 31), place(0, 40, 41), place(0, 50, 51), place(5, 70, 71), place(6, 80, 81)}
	if got := f.Exchange.Cursor.Elsewhere; !slices.Equal(got, want) {
		t.Errorf("places %+v, want %+v", got, want)
	}
	cursor.Elsewhere = nil
	for id := range uint64(wire.MaxPlaces) {
		cursor.Elsewhere = append(cursor.Elsewhere, place(10+id, 1, 1))
	}
	f = w.client(t, 50).request(1, wire.Exchange{MaxSeq: 21, ClusterID: "test", Cursor: cursor}).recv()
	if got := f.Exchange.Cursor.Elsewhere; len(got) != wire.MaxPlaces || got[0].NodeID != 2 {
		t.Errorf("places %+v, want the latest %d", got, wire.MaxPlaces)
	}
}

// TestExchangeHurry: as many callers wait for news as there are places, and no more: with one more, the first is answered.
func TestExchangeHurry(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.MaxPeers = 3 })
	w.start(1)
	w.add(1, "a", "1", 0)
	c := w.client(t, 0)
	c.inc = 0
	c.call(1)
	seq := c.seq
	var waiting []*peer
	for i := range 10 {
		waiting = append(waiting, c.ask(1))
		w.run(ms)
		for k, p := range waiting {
			f := p.recv()
			if answered := f != nil; answered != (k == i-3) {
				t.Fatalf("after %d requests, number %d is answered: %t", i+1, k+1, answered)
			}
			if f != nil && (len(f.Infos) > 0 || f.Exchange.MaxSeq != seq) {
				t.Errorf("is told %+v, want nothing new", f)
			}
		}
	}
	w.add(1, "b", "1", 0)
	for k, p := range waiting[7:] {
		if f := p.recv(); f == nil || keysOf(f) != "b" {
			t.Errorf("number %d is told %+v, want the news", k+8, f)
		}
	}
}
