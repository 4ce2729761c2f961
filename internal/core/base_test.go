package core_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// descriptors returns a base of what n nodes gossip of themselves, who all live under incarnation 100.
func descriptors(at core.Now, n int) *core.Base {
	records := make([]core.Record, n)
	for i := range records {
		id := uint64(i) + 1
		records[i] = core.Record{
			Body:        wire.NewBody(fmt.Sprint("node:", id), descriptor(id), id, 1, wire.Stamp{Wall: at.Wall}, 2*hour, 0, wire.Live, false, 0),
			Incarnation: 100, Born: at.Mono, Taken: at.Mono, Expires: at.Mono + 2*hour,
		}
	}
	return core.NewBase(at, records)
}

// resumed returns a world of one node, which goes on from a base of n nodes with links to the four of IDs 2 to 5.
func resumed(t testing.TB, n int) (*world, []*peer, *core.Base) {
	w := newWorld(1, nil)
	base := descriptors(core.Now{Mono: w.now, Wall: epoch + w.now}, n)
	x := &w.nodes[1]
	x.cfg.Base = base
	x.core, x.up, x.view = core.New(x.cfg), true, viewOf(base)
	w.do(1, core.Input{Kind: core.InResume, Incarnation: 100})
	var peers []*peer
	for id := uint64(2); id <= 5; id++ {
		c := w.link(0, 1)
		p := &peer{t: t, w: w, k: len(w.conns) - 1, to: 1, id: id, inc: 100}
		w.do(1, core.Input{Kind: core.InLinked, Link: c.ends[1].id, Frame: helloOf(id, base.Digest())})
		peers = append(peers, p)
	}
	return w, peers, base
}

// helloOf is the frame by which a node has dialled.
func helloOf(id, digest uint64) *wire.Frame {
	return &wire.Frame{NodeID: id, Addr: addrOf(id), Hello: &wire.Hello{
		MinVersion: 1, MaxVersion: 1, ClusterID: "test", Incarnation: 100, Instance: 77_000 + id, Reason: wire.Chord, Digest: digest,
	}}
}

// TestBaseIsWhatWasTold: a core that begins with a base holds what one does that was told all of it by its first link.
func TestBaseIsWhatWasTold(t *testing.T) {
	w := history(t)
	base := w.nodes[1].core.Base()
	cfg := config(9)
	w.nodes = append(w.nodes, node{cfg: cfg, seeds: []wire.Addr{addrOf(1)}})
	w.start(len(w.nodes) - 1)
	w.settle()
	told := w.nodes[len(w.nodes)-1].core

	cfg.Base = base
	c := core.New(cfg)
	c.Step(core.Now{Mono: w.now, Wall: epoch + w.now}, core.Input{Kind: core.InStart})
	if origins, keys := c.Touched(); origins > 3 || keys > 3 {
		t.Errorf("%d origins and %d keys are touched at the start, want what it writes itself, and strays", origins, keys)
	}
	if !maps.Equal(c.Marks(), told.Marks()) || c.Digest() != told.Digest() || c.Digest() != c.DigestAnew() {
		t.Errorf("marks are %v, want %v, and digests the same", c.Marks(), told.Marks())
	}
	if !slices.Equal(c.Keys(), told.Keys()) {
		t.Errorf("keys are %q, want %q", c.Keys(), told.Keys())
	}
	for range 2 { // untouched, and touched
		for _, key := range told.Keys() {
			got, want := *c.Record(key), *told.Record(key)
			if got.From != core.FromBase || want.From != 1 {
				t.Errorf("%q is from %d there and from %d here", key, want.From, got.From)
			}
			got.From, got.Taken, want.From, want.Taken = 0, 0, 0, 0 // a base is as old as the last step before it
			if got != want {
				t.Errorf("%q is %q, want %q", key, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
			}
		}
		c.TouchAll()
	}
	for _, key := range told.Keys() {
		// A record that lives longer itself does not say what it has replaced.
		own := c.Record(key).Expires
		if got, want := max(c.Hold(key), own), max(told.Hold(key), own); got != want {
			t.Errorf("%q keeps older infos out until %d, want %d", key, got, want)
		}
	}
	for node := uint64(2); node <= 6; node++ {
		suspected, lost := told.Member(node)
		if s, l := c.Member(node); s != suspected || l != lost || lost != (node == 6) {
			t.Errorf("node %d was suspected: %t, is: %t; want %t and %t", node, s, l, suspected, lost)
		}
	}
	for o := range told.Marks() {
		if got, want := c.LastAgain(o), w.nodes[1].core.LastAgain(o); got != want {
			t.Errorf("of %v the last key written again was %d, want %d", o, got, want)
		}
		if got, want := c.LiveIndex(o), told.LiveIndex(o); !slices.Equal(got, want) {
			t.Errorf("index of %v is %q, want %q", o, got, want)
		}
	}
	if got, want := c.Base(), told.Base(); got.Digest() != want.Digest() || !slices.Equal(got.Members(), want.Members()) || len(want.Members()) < 4 {
		t.Errorf("members are %v, want %v", got.Members(), want.Members())
	}
}

// TestBaseGrowsOlder: another process that begins with a base later, with a clock of its own, goes on counting.
func TestBaseGrowsOlder(t *testing.T) {
	at := core.Now{Mono: 500 * second, Wall: epoch}
	record := func(key string, seq uint64, ttl int64) core.Record {
		r := core.Record{
			Body:        wire.NewBody(key, "v", 2, seq, wire.Stamp{Wall: epoch}, ttl, 0, wire.Live, false, 0),
			Incarnation: 100, Born: at.Mono - second, Taken: at.Mono, Expires: at.Mono - second + ttl,
		}
		if ttl == 0 {
			r.Expires = 1<<63 - 1
		}
		return r
	}
	base := core.NewBase(at, []core.Record{record("over", 1, 5*second), record("soon", 2, 20*second), record("never", 3, 0)})
	for name, touch := range map[string]bool{"untouched": false, "touched": true} {
		t.Run(name, func(t *testing.T) {
			cfg := config(1)
			cfg.Base = base
			c := core.New(cfg)
			now := core.Now{Mono: 7 * second, Wall: epoch + 10*second} // 10 s later by the wall clock
			out := c.Step(now, core.Input{Kind: core.InStart})
			if len(out.Changes) != 1 || out.Changes[0].Kind != core.Expired || out.Changes[0].Record.Key != "over" {
				t.Errorf("changes at the start are %+v, want that \"over\" has expired", out.Changes)
			}
			if touch {
				c.TouchAll()
			}
			soon := c.Record("soon")
			if born, expires := now.Mono-11*second, now.Mono+9*second; soon.Born != born || soon.Expires != expires {
				t.Errorf("\"soon\" was born at %d and expires at %d, want %d and %d", soon.Born, soon.Expires, born, expires)
			}
			for now.Mono < 16*second {
				now.Wall += c.Next() - now.Mono
				now.Mono = c.Next()
				out = c.Step(now, core.Input{Kind: core.InDeadline})
				for _, ch := range out.Changes {
					if ch.Kind != core.Expired || ch.Record.Key != "soon" || now.Mono != 16*second {
						t.Errorf("%d: %s, want \"soon\" to expire at 16 s", now.Mono, show(ch.Record))
					}
				}
			}
			if c.Record("soon").State != wire.Skeleton || c.Record("never").State != wire.Live {
				t.Errorf("in the end there are %s and %s", show(c.Record("soon")), show(c.Record("never")))
			}
			again := c.Base()
			if got := again.Live(); len(got) != 1 || got[0].Key != "never" || got[0].Born != 7*second-11*second {
				t.Errorf("a base of it has %+v", got)
			}
		})
	}
}

// TestBaseIsLeftAlone: what happens to links touches nothing in the base but what is talked about.
func TestBaseIsLeftAlone(t *testing.T) {
	const nodes = 500
	w, peers, base := resumed(t, nodes)
	w.handDials = true
	c := w.nodes[1].core
	want := 1 // its own
	touched := func(what string) {
		t.Helper()
		if origins, _ := c.Touched(); origins != want {
			t.Fatalf("%s: %d origins are touched, want %d", what, origins, want)
		}
	}
	touched("at the start")
	if rec := c.Record("node:1"); rec.From != 0 || rec.Hops != 0 || c.Record("node:2").From != core.FromBase {
		t.Errorf("its own info is from %d, over %d hops; want 0", rec.From, rec.Hops)
	}
	w.do(1, core.Input{Kind: core.InDown, Link: peers[0].link()})
	w.run(900 * ms) // in which it doubts, and dials others
	touched("a link is lost")
	var p *peer
	dial := func(id uint64) {
		p = w.dialIn(t, id, 1)
		p.inc = 100
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Ring, Digest: c.Digest()})
		w.run(10 * ms)
	}
	dial(6)
	touched("a link comes")
	marks := func(of func(id uint64) (seq uint64)) {
		var b []byte
		for id := uint64(1); id <= nodes; id++ {
			if seq := of(id); seq > 0 {
				b = wire.AppendMark(b, wire.Mark{NodeID: id, Incarnation: 100, Seq: seq})
			}
		}
		p.drop()
		p.send(wire.AppendMarksEnd(b))
		w.run(100 * ms)
	}
	marks(func(uint64) uint64 { return 1 })
	touched("equal marks")
	if f := p.recv(); f != nil && len(f.Adverts) > 0 {
		t.Errorf("a peer that has all hears of %+v", f.Adverts)
	}
	dial(206) // no link's marks are taken twice in so short a time
	marks(func(id uint64) uint64 {
		if id == 77 || id == 1 {
			return 0
		}
		return 1
	})
	want++
	touched("marks that lack one")
	if f := p.recv(); f == nil || len(f.Adverts) != 2 || f.Adverts[1].NodeID != 77 {
		t.Errorf("a peer that lacks two origins is told %+v", f)
	}
	dial(306)
	marks(func(id uint64) uint64 { return 1 + id/nodes })
	want++
	touched("marks that have one more")
	if f := p.recv(); f == nil || len(f.Grafts) != 1 || f.Grafts[0].NodeID != nodes || f.Grafts[0].From != 1 {
		t.Errorf("a peer that has one more is told %+v, want a graft", f)
	}
	p.drop()
	p.send(frame(graft(core.Origin{Node: 88, Incarnation: 100}, 0)))
	want++
	touched("a graft")
	if f := p.recv(); f == nil || len(f.Infos) != 1 || f.Infos[0].Key != "node:88" {
		t.Errorf("a peer that asks for an origin is sent %+v", f)
	}
	if got := c.Known(peers[1].link(), core.Origin{Node: 88, Incarnation: 100}); got != 1 {
		t.Errorf("a peer with the same digest is taken to cover %d of the origin, want 1", got)
	}
	r := w.dialIn(t, 7, 1)
	r.inc = 100
	r.hello(wire.Hello{ClusterID: "test", Reason: wire.Ring, Digest: 1})
	for _, o := range []uint64{89, 90} { // it shows some of its marks, and the last of them when 89 is touched
		var b []byte
		for id := uint64(1); id <= nodes; id++ {
			if id < 400 == (o == 89) {
				b = wire.AppendMark(b, wire.Mark{NodeID: id, Incarnation: 100, Seq: 1})
			}
		}
		if o == 90 {
			b = wire.AppendMarksEnd(b)
		}
		r.send(b)
		p.send(frame(graft(core.Origin{Node: o, Incarnation: 100}, 0)))
		want++
		touched("another graft")
		if got := c.Known(r.link(), core.Origin{Node: o, Incarnation: 100}); got != 1 {
			t.Errorf("a peer is taken to cover %d of what it has shown a mark of, want 1", got)
		}
	}
	q := w.dialIn(t, 1000, 1)
	q.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
	q.send(wire.AppendMarksEnd(nil))
	w.run(second)
	want = nodes + 1
	touched("a node joins that has nothing")
	if base.Digest() != descriptors(core.Now{Mono: second, Wall: epoch + second}, nodes).Digest() {
		t.Error("the base has changed")
	}
}

// TestBaseWithStrays: what stands beyond the marks is part of a base, and of its digest, until it is covered.
func TestBaseWithStrays(t *testing.T) {
	o := core.Origin{Node: 20, Incarnation: 100}
	w, p := lone(t, nil)
	p.send(claim(o, 0, 2)(info(o, 2, "covered", "v", 1, 0)(nil)))
	p.send(info(o, 5, "stray", "v", 2, 0)(nil))
	base := w.nodes[1].core.Base()
	if got, want := base.Digest(), w.nodes[1].core.Digest(); got != want || got != w.nodes[1].core.DigestAnew() {
		t.Errorf("the base has digest %x, the core %x", got, want)
	}
	x, q := lone(t, func(c *core.Config) { c.Base = base })
	c := x.nodes[1].core
	if got, want := c.Digest(), c.DigestAnew(); got != want || got != base.Digest() {
		t.Errorf("digest is %x, want %x and that of the base, %x", got, want, base.Digest())
	}
	q.send(claim(o, 2, 5)(nil))
	if got, want := c.Digest(), c.DigestAnew(); got != want || c.Marks()[o] != 5 {
		t.Errorf("digest is %x, want %x, with marks %v", got, want, c.Marks())
	}
}

// TestBaseCounts: what is in the base counts against limits.
func TestBaseCounts(t *testing.T) {
	base := descriptors(core.Now{Mono: second, Wall: epoch + second}, 10)
	w := newWorld(1, func(c *core.Config) {
		c.Base, c.Limits.Infos, c.Limits.Origins = base, 11, 11
		c.Node = 100
	})
	w.start(1)
	if got := w.add(1, "new", "v", 0); got != core.OK {
		t.Errorf("the 11th info: %v, want OK", got)
	}
	if got := w.add(1, "newer", "v", 0); got != core.LimitReached {
		t.Errorf("the 12th info: %v, want LimitReached", got)
	}
	if got := w.add(1, "node:3", "v", 0); got != core.OK {
		t.Errorf("an info in the place of another: %v, want OK", got)
	}
	p := w.admitted(t, 10, 1, wire.Chord)
	if p.send(claim(core.Origin{Node: 3, Incarnation: 100}, 1, 2)(nil)); !p.up() {
		t.Error("a link ends over an origin that is known")
	}
	if p.send(claim(core.Origin{Node: 3, Incarnation: 101}, 0, 2)(nil)); p.up() {
		t.Error("a link goes on although it has named the 12th origin")
	}
}

// TestBaseMemory: what is in the base costs a core nothing as long as it is left alone.
func TestBaseMemory(t *testing.T) {
	const nodes, cores = 10_000, 50
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	now := core.Now{Mono: second, Wall: epoch + second}
	base := descriptors(now, nodes)
	before := held()
	all := make([]*core.Core, cores)
	for i := range all {
		cfg := config(uint64(i) + 1)
		cfg.Base = base
		all[i] = core.New(cfg)
		all[i].Step(now, core.Input{Kind: core.InResume, Incarnation: 100})
		for k := range uint64(20) {
			all[i].Step(now, core.Input{Kind: core.InLinked, Link: core.LinkID(k + 1), Frame: helloOf(5000+k, base.Digest())})
		}
	}
	got := float64(held()-before) / cores / nodes
	t.Logf("%.2f bytes for each node and origin", got)
	if got > 5 {
		t.Errorf("%.2f bytes for each node and origin it has not touched, want at most 5", got)
	}
	if origins, _ := all[cores-1].Touched(); origins != 1 || all[0].Digest() != base.Digest() {
		t.Errorf("%d origins are touched, want 1", origins)
	}
	runtime.KeepAlive(base)
}
