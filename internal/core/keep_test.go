package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestKeep: what a node keeps is written again when half its life is over, no sooner and no later.
func TestKeep(t *testing.T) {
	w := newWorld(1, func(c *core.Config) { c.Keep = []core.Keep{{Key: "sentinel", Value: "s", TTL: 10 * second}} })
	w.start(1)
	seq := func() uint64 { return w.nodes[1].core.Record("sentinel").Seq }
	if got := seq(); got != 1 {
		t.Fatalf("the first write has seq %d, want 1", got)
	}
	for i := range uint64(3) {
		w.run(5*second - 1)
		if got := seq(); got != i+1 {
			t.Errorf("write %d comes too early", got)
		}
		w.run(1)
		if got := seq(); got != i+2 {
			t.Errorf("after half a life it is write %d, want %d", got, i+2)
		}
	}
}

// TestLowerKeeper: a node that sees what it keeps written by a lower ID, alive for more than half its life, skips its
// turn; by a higher ID, with other bytes or by one that dies, it does not.
func TestLowerKeeper(t *testing.T) {
	low, high := core.Origin{Node: 3, Incarnation: 100}, core.Origin{Node: 20, Incarnation: 100}
	const ttl = 10 * second
	tests := []struct {
		name  string
		o     core.Origin
		value string
		age   int64
		want  int64 // when the node writes again, at the latest 5 s from the beginning
	}{
		{"lower", low, "s", 0, 9 * second}, // 4 s, and 5 until half of that life is over
		{"lower, old", low, "s", 4 * second, 5 * second},
		{"higher", high, "s", 0, 5 * second},
		{"lower, other bytes", low, "t", 0, 5 * second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, func(c *core.Config) {
				c.Node, c.Keep = 5, []core.Keep{{Key: "sentinel", Value: "s", TTL: ttl}}
			})
			w.start(1)
			begin := w.now
			p := w.admitted(t, 10, 1, wire.Chord)
			idle := func(until int64) {
				for w.now < until {
					w.run(min(second, until-w.now))
					p.send(wire.AppendPing(nil, wire.Ping{}))
				}
			}
			idle(begin + 4*second)
			p.send(frame(of("sentinel", infoOf(tt.o, 1, tt.value, 4*second+100*ms, ttl, tt.age)), claim(tt.o, 0, 1)))
			own := w.nodes[1].core.Marks()[w.origin(1)]
			idle(begin + tt.want - 1)
			if got := w.nodes[1].core.Marks()[w.origin(1)]; got != own {
				t.Errorf("writes again before %d ms", tt.want/ms)
			}
			idle(begin + tt.want)
			if got := w.nodes[1].core.Marks()[w.origin(1)]; got != own+1 {
				t.Errorf("does not write again at %d ms", tt.want/ms)
			}
			if r := w.nodes[1].core.Record("sentinel"); r.Node != 5 {
				t.Errorf("holds %s, want its own", show(r))
			}
		})
	}
}

// TestD20DescriptorRefresh: a node writes its descriptor again each hour, to live for two; less often where so many do that
// all together would make more than two updates a second.
func TestD20DescriptorRefresh(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.describe(1)
	for i := range uint64(3) {
		r := w.nodes[1].core.Record("node:1")
		if r.Seq != i+1 || r.TTL != 2*hour {
			t.Errorf("after %d h it holds %s with ttl %d s", i, show(r), r.TTL/second)
		}
		w.now += hour
		w.do(1, core.Input{Kind: core.InDeadline})
	}
	for n, want := range map[int]int64{1: hour, 7200: hour, 7202: 3601 * second, 72_000: 10 * hour} {
		if got := core.DescriptorPeriod(n); got != want {
			t.Errorf("of %d nodes each writes its own all %d s, want %d", n, got/second, want/second)
		}
	}
}

// TestD23NodeWithoutID: it joins, takes in and relays, has no place in the overlay and publishes nothing; told its ID, it
// says so on its links, and is a node like any other.
func TestD23NodeWithoutID(t *testing.T) {
	w := newWorld(3, func(c *core.Config) {
		if c.Node == 2 {
			c.Node = 0
			c.Keep = []core.Keep{{Key: "kept", Value: "by 2", TTL: hour}}
		}
	})
	w.handDials = true
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.nodes[3].seeds = []wire.Addr{addrOf(2)}
	w.nodes[2].cfg.Addr, w.nodes[3].cfg.Addr = addrOf(2), addrOf(3)
	w.start(1, 2)
	w.describe(1)
	w.connect(2, w.nodes[2].dials[0])
	w.drain()
	if f, err := decode(w.wire(2, 1).out[0]); err != nil || f.NodeID != 0 || !f.Hello.Leaf {
		t.Errorf("greets with %+v, want a leaf without an ID", f)
	}
	w.settle()
	w.start(3)
	w.connect(3, w.nodes[3].dials[0])
	w.drain()
	w.settle()
	w.add(1, "k", "v", 0)
	w.run(second)
	for i := 2; i <= 3; i++ {
		if live(w.nodes[i].core.Record("k")) == nil || live(w.nodes[i].core.Record("node:1")) == nil {
			t.Errorf("node %d has not got what node 1 wrote", i)
		}
	}
	if err := w.add(2, "mine", "v", 0); err != core.NoNodeID {
		t.Errorf("a write without an ID ends with %d, want %d", err, core.NoNodeID)
	}
	if r := w.nodes[2].core.Record("kept"); r != nil {
		t.Errorf("without an ID it keeps %s", show(r))
	}
	p, member := w.admitted(t, 10, 1, wire.Chord), core.Origin{Node: 30, Incarnation: 100}
	p.send(frame(info(member, 1, "node:30", descriptor(30), 1, 0), claim(member, 0, 1)))
	w.run(5 * second)
	if live(w.nodes[2].core.Record("node:30")) == nil {
		t.Error("it does not get to know of a member")
	}
	if n := len(w.nodes[2].dials); n != 1 {
		t.Errorf("without an ID it dials %+v, want nobody but its seed", w.nodes[2].dials)
	}
	w.describe(2)
	var declared []wire.Origin
	for _, b := range w.wire(2, 1).out {
		f, err := decode(b)
		if err != nil {
			t.Fatal(err)
		}
		declared = append(declared, f.Origins...)
	}
	if len(declared) == 0 || declared[0].NodeID != 2 || declared[0].Sponsor != 1 {
		t.Errorf("told its ID it declares %+v, want itself with sponsor 1", declared)
	}
	w.settle()
	for _, l := range w.nodes[1].core.Links()[:1] {
		if l.Node != 2 || l.Incarnation != w.nodes[2].core.Incarnation() || !l.Admitted {
			t.Errorf("node 1 knows the link as %+v, want one of node 2", l)
		}
	}
	w.run(second)
	for i := 1; i <= 3; i++ {
		if live(w.nodes[i].core.Record("node:2")) == nil || live(w.nodes[i].core.Record("kept")) == nil {
			t.Errorf("node %d does not know node 2, or what it keeps", i)
		}
	}
	if err := w.command(2, core.Command{Op: core.OpDescriptor, Node: 7, Key: "node:7"}); err != core.NodeIDSet {
		t.Errorf("a second ID is answered %d, want %d", err, core.NodeIDSet)
	}
	for _, err := range w.check() {
		t.Error(err)
	}
}

// TestLeave: a node that leaves deletes its descriptor, waits until its peers have that, counts them, and says goodbye.
func TestLeave(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	w.describe(1)
	p, q, r := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Chord), w.admitted(t, 12, 1, wire.Chord)
	w.run(second)
	for _, x := range []*peer{p, q, r} {
		x.drop()
	}
	w.do(1, core.Input{Kind: core.InCommand, Command: &core.Command{N: 5, Op: core.OpLeave}})
	n := &w.nodes[1]
	answer := func(x *peer) {
		for f := x.recv(); f != nil; f = x.recv() {
			for _, in := range f.Infos {
				if in.Key == "node:1" && in.State == wire.Tombstone && f.Ping != nil && f.Ping.Ask {
					x.send(wire.AppendPing(nil, wire.Ping{ID: f.Ping.ID}))
					return
				}
			}
		}
		t.Errorf("peer %d hears no tombstone with a ping that asks for an answer", x.id)
	}
	replied := func() *core.Reply {
		for i := range n.replies {
			if n.replies[i].N == 5 {
				return &n.replies[i]
			}
		}
		return nil
	}
	answer(p)
	w.run(10 * ms)
	if f := p.recv(); f == nil || f.Bye == nil || f.Bye.Reason != wire.Leaving {
		t.Errorf("who has answered hears %+v, want a Bye", f)
	}
	answer(q)
	if got := replied(); got != nil {
		t.Errorf("done, with %+v, before the last peer has answered", got)
	}
	r.close()
	if got := replied(); got == nil || got.Peers != 2 || got.Err != core.OK {
		t.Errorf("the command ends with %+v, want 2 peers", got)
	}
	if err := w.add(1, "k", "v", 0); err != core.Left {
		t.Errorf("a write after that ends with %d, want %d", err, core.Left)
	}
	s := w.dialIn(t, 13, 1)
	s.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
	if h := s.recv().Hello; h.Refusal != wire.Leaving {
		t.Errorf("a peer that dials is answered %+v", h)
	}
	w.run(5 * second)
	if len(n.dials) != 0 || p.up() || q.up() {
		t.Errorf("after it has left it dials %+v, links are up: %t, %t", n.dials, p.up(), q.up())
	}
	w = newWorld(1, nil)
	w.start(1)
	w.describe(1)
	w.do(1, core.Input{Kind: core.InCommand, Command: &core.Command{N: 6, Op: core.OpLeave}})
	if rs := w.nodes[1].replies; rs[len(rs)-1].N != 6 || rs[len(rs)-1].Peers != 0 {
		t.Errorf("alone, it leaves with %+v", rs)
	}
}

// TestPeerLeaves: who is told that a peer leaves forgets it as a member, and leaves it alone.
func TestPeerLeaves(t *testing.T) {
	w := pair(nil)
	w.do(2, core.Input{Kind: core.InCommand, Command: &core.Command{N: 5, Op: core.OpLeave}})
	w.settle()
	if rs := w.nodes[2].replies; rs[len(rs)-1].N != 5 || rs[len(rs)-1].Peers != 1 {
		t.Errorf("it leaves with %+v, want one peer that knows", rs)
	}
	if live(w.nodes[1].core.Record("node:2")) != nil {
		t.Error("its descriptor is still there")
	}
	n := len(w.nodes[1].dials)
	w.run(7 * second)
	if got := len(w.nodes[1].dials); got != n {
		t.Errorf("it is dialled %d times within 7 s", got-n)
	}
}

// TestLowerKeeperForEver: a lower ID that writes what this node keeps, to live for ever, is not relied on for that long: once it has
// deleted it, this node writes it within half a life.
func TestLowerKeeperForEver(t *testing.T) {
	w := newWorld(1, func(c *core.Config) {
		c.Node, c.Keep = 5, []core.Keep{{Key: "sentinel", Value: "s", TTL: 10 * second}}
	})
	w.start(1)
	p, low := w.admitted(t, 10, 1, wire.Chord), core.Origin{Node: 3, Incarnation: 100}
	p.send(frame(info(low, 1, "sentinel", "s", 2*second, 0), claim(low, 0, 1)))
	w.idle(p, 60*second)
	if r := w.nodes[1].core.Record("sentinel"); r.Node != 3 {
		t.Fatalf("holds %s, want node 3's", show(r))
	}
	p.send(frame(tombstone(low, 2, "sentinel", 70*second, hour), claim(low, 1, 2)))
	w.idle(p, 5*second)
	if r := live(w.nodes[1].core.Record("sentinel")); r == nil || r.Node != 5 {
		t.Errorf("holds %s, want its own", show(r))
	}
}
