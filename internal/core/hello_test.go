package core_test

import (
	"slices"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// dialer returns a running node that dials its seed, and the peer that is there. The node's Hello is the next frame.
func dialer(t testing.TB, id uint64, set func(*core.Config)) (*world, *peer) {
	t.Helper()
	w := newWorld(1, set)
	w.handDials = true
	w.nodes[1].seeds = []wire.Addr{addrOf(id)}
	w.start(1)
	if n := len(w.nodes[1].dials); n != 1 {
		t.Fatalf("%d dials, want 1", n)
	}
	return w, w.answer(t, 1, w.nodes[1].dials[0], id)
}

// TestHandshake: what two nodes say first, and that they are linked then.
func TestHandshake(t *testing.T) {
	w := newWorld(2, nil)
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.start(1, 2)
	for side, want := range []struct {
		from, to int
		verdict  wire.Verdict
	}{{2, 1, wire.Asked}, {1, 2, wire.Admitted}} {
		if n := len(w.wire(want.from, want.to).out); n != 1 {
			t.Fatalf("node %d says %d frames, want 1", want.from, n)
		}
		f, err := decode(w.wire(want.from, want.to).out[0])
		if err != nil {
			t.Fatal(err)
		}
		n := &w.nodes[want.from]
		if f.NodeID != uint64(want.from) || f.Addr != n.cfg.Addr || f.Hello == nil {
			t.Fatalf("node %d says %+v, want a Hello, with its ID and address", want.from, f)
		}
		h := f.Hello
		if h.Verdict != want.verdict || h.Reason != wire.Join || h.ClusterID != "test" || h.Incarnation != n.core.Incarnation() ||
			h.Instance == 0 || h.MinVersion != 1 || h.MaxVersion != 1 || h.Leaf {
			t.Errorf("node %d greets with %+v", want.from, h)
		}
		if linked := w.linkOf(want.to, want.from) != 0; linked {
			t.Errorf("frame %d: node %d is linked before it was greeted", side, want.to)
		}
		w.pass(want.from, want.to)
		if w.linkOf(want.to, want.from) == 0 || w.saw(want.to, core.LinkUp) != 1 {
			t.Errorf("frame %d: node %d is not linked", side, want.to)
		}
	}
}

// TestRefusals: whom a node that is dialled refuses, and with what word.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name  string
		id    uint64
		hello wire.Hello
		want  wire.Refusal
	}{
		{"another cluster", 10, wire.Hello{ClusterID: "other"}, wire.OtherCluster},
		{"no cluster yet", 10, wire.Hello{}, 0},
		{"a newer protocol", 10, wire.Hello{MinVersion: 2, MaxVersion: 3, ClusterID: "test"}, wire.Version},
		{"a newer protocol that is also this one", 10, wire.Hello{MinVersion: 1, MaxVersion: 3, ClusterID: "test"}, 0},
		{"itself", 1, wire.Hello{ClusterID: "test", Instance: 2001}, wire.Self},
		{"another node with its ID, older", 1, wire.Hello{ClusterID: "test", Incarnation: 5}, wire.DuplicateNode},
		{"no reason", 10, wire.Hello{ClusterID: "test", Reason: -1}, wire.Misbehaved},
		{"a reason nobody knows", 10, wire.Hello{ClusterID: "test", Reason: wire.Near + 1}, wire.Misbehaved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.start(1)
			p := w.dialIn(t, tt.id, 1)
			switch tt.hello.Reason {
			case 0:
				tt.hello.Reason = wire.Join
			case -1:
				tt.hello.Reason = 0
			}
			p.hello(tt.hello)
			f := p.recv()
			if f == nil || f.Hello == nil {
				t.Fatalf("answers %+v, want a Hello", f)
			}
			verdict := wire.Admitted
			if tt.want != 0 {
				verdict = wire.Refused
			}
			if f.Hello.Verdict != verdict || f.Hello.Refusal != tt.want {
				t.Errorf("verdict %d, refusal %d; want %d, %d", f.Hello.Verdict, f.Hello.Refusal, verdict, tt.want)
			}
			if links := w.nodes[1].core.Links(); len(links) != 1 || links[0].Admitted != (tt.want == 0) {
				t.Errorf("links %+v", links)
			}
			if got := w.saw(1, core.PeerRefused); (got == 1) != (tt.want != 0) {
				t.Errorf("%d events of a refusal", got)
			}
			if tt.want == 0 {
				return
			}
			p.send(frame(info(core.Origin{Node: 10, Incarnation: 5}, 1, "k", "v", 1, 0)))
			if r := w.nodes[1].core.Record("k"); r != nil {
				t.Errorf("takes %s from a peer that it refused", show(r))
			}
			p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
			if w.saw(1, core.LinkUp) != 0 {
				t.Error("is talked round by a second Hello")
			}
			if !p.up() || w.saw(1, core.PeerRefused) != 1 {
				t.Errorf("does not leave it to the other end to close the link: up %t, events %+v", p.up(), w.nodes[1].events)
			}
			w.run(second + ms)
			if p.up() {
				t.Error("a second after its refusal the link is still there")
			}
		})
	}
	t.Run("a protocol before the first", func(t *testing.T) {
		w := newWorld(1, nil)
		w.start(1)
		p := w.dialIn(t, 10, 1)
		p.send(wire.AppendHello(nil, 10, addrOf(10), &wire.Hello{ClusterID: "test", Instance: 7, Incarnation: 7, Reason: wire.Join}, false))
		if f := p.recv(); f.Hello.Refusal != wire.Version {
			t.Errorf("refusal %d, want %d", f.Hello.Refusal, wire.Version)
		}
	})
}

// TestAnswers: what a node that dialled makes of the answer.
func TestAnswers(t *testing.T) {
	tests := []struct {
		name  string
		id    uint64
		hello wire.Hello
		event core.EventKind
		why   wire.Refusal
		again int64 // how long it leaves the seed alone, at least; 0: the link is up
	}{
		{"admitted", 10, wire.Hello{Verdict: wire.Admitted, ClusterID: "test"}, core.LinkUp, 0, 0},
		{"no verdict", 10, wire.Hello{ClusterID: "test"}, core.PeerRefused, wire.Misbehaved, 8 * second},
		{"admitted by another cluster", 10, wire.Hello{Verdict: wire.Admitted, ClusterID: "other"}, core.PeerRefused, wire.OtherCluster, 8 * second},
		{"admitted by itself", 0, wire.Hello{Verdict: wire.Admitted, ClusterID: "test", Instance: 2001}, core.PeerRefused, wire.Self, 8 * second},
		{"admitted by its own ID", 1, wire.Hello{Verdict: wire.Admitted, ClusterID: "test", Instance: 5}, core.PeerRefused, wire.DuplicateNode, 8 * second},
		{"other cluster", 10, wire.Hello{Verdict: wire.Refused, Refusal: wire.OtherCluster, ClusterID: "other"}, core.PeerRefusedUs, wire.OtherCluster, 8 * second},
		{"busy", 10, wire.Hello{Verdict: wire.Refused, Refusal: wire.Busy, ClusterID: "test"}, core.PeerRefusedUs, wire.Busy, 75 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := dialer(t, 10, nil)
			p.recv()
			p.id = tt.id
			p.hello(tt.hello)
			events := w.nodes[1].events
			if len(events) != 1 || events[0].Kind != tt.event || events[0].Refusal != tt.why {
				t.Errorf("events %+v, want one of kind %d for reason %d", events, tt.event, tt.why)
			}
			up := tt.again == 0
			if p.up() != up || (len(w.nodes[1].core.Links()) > 0) != up {
				t.Errorf("link is up: %t, want %t", p.up(), up)
			}
			if up {
				return
			}
			for w.now < second+tt.again {
				w.run(min(tt.again, 5*ms))
				if n := len(w.nodes[1].dials); n > 1 && w.now < second+tt.again {
					t.Fatalf("dials again after %d ms", (w.now-second)/ms)
				}
			}
			w.run(5 * second)
			if len(w.nodes[1].dials) < 2 {
				t.Error("never dials again")
			}
		})
	}
}

// TestFirstFrame: a link begins with a Hello, in time, and only the right one.
func TestFirstFrame(t *testing.T) {
	ping := wire.AppendPing(nil, wire.Ping{})
	t.Run("something else", func(t *testing.T) {
		w := newWorld(1, nil)
		w.start(1)
		p := w.dialIn(t, 10, 1)
		p.send(ping)
		if p.up() || w.nodes[1].closes[0].Reason != wire.Misbehaved {
			t.Errorf("the link is up: %t; closes %+v", p.up(), w.nodes[1].closes)
		}
	})
	t.Run("an answer that nobody asked for", func(t *testing.T) {
		w := newWorld(1, nil)
		w.start(1)
		p := w.dialIn(t, 10, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
		if p.up() || w.nodes[1].closes[0].Reason != wire.Misbehaved {
			t.Errorf("the link is up: %t; closes %+v", p.up(), w.nodes[1].closes)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		w := newWorld(1, nil)
		w.start(1)
		p := w.dialIn(t, 10, 1)
		w.run(3*second - 1)
		if !p.up() {
			t.Error("ended in less than three seconds")
		}
		w.run(1)
		if p.up() {
			t.Error("still up after three seconds")
		}
	})
	t.Run("no answer", func(t *testing.T) {
		w, p := dialer(t, 10, nil)
		w.run(3 * second)
		if p.up() || w.saw(1, core.DialFailed) != 0 {
			t.Errorf("up: %t after three seconds, events %+v", p.up(), w.nodes[1].events)
		}
	})
	t.Run("the bytes of none", func(t *testing.T) {
		w, p := lone(t, nil)
		w.do(1, core.Input{Kind: core.InBadFrame, Link: p.link(), Reason: wire.Corrupt})
		if p.up() || w.nodes[1].closes[0].Reason != wire.Corrupt {
			t.Errorf("the link is up: %t; closes %+v", p.up(), w.nodes[1].closes)
		}
	})
}

// TestClusterAdopted: a node without a cluster takes the first it hears of, and then no other.
func TestClusterAdopted(t *testing.T) {
	none := func(c *core.Config) { c.ClusterID = "" }
	a := core.Origin{Node: 10, Incarnation: 100}
	tests := []struct {
		name string
		play func(w *world)
	}{
		{"of a peer that dials", func(w *world) {
			w.dialIn(t, 10, 1).hello(wire.Hello{ClusterID: "first", Reason: wire.Join})
		}},
		{"of a peer that answers", func(w *world) {
			p := w.answer(t, 1, w.nodes[1].dials[0], 10)
			p.hello(wire.Hello{ClusterID: "first", Reason: wire.Join, Verdict: wire.Admitted})
		}},
		{"of an info", func(w *world) {
			p := w.dialIn(t, 10, 1)
			p.hello(wire.Hello{Reason: wire.Join})
			p.send(frame(info(a, 1, "cluster-id", "first", 1, 0), claim(a, 0, 1)))
		}},
		{"of its application", func(w *world) { w.add(1, "cluster-id", "first", 0) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, none)
			w.handDials = true
			w.nodes[1].seeds = []wire.Addr{addrOf(10)}
			w.start(1)
			tt.play(w)
			if !slices.ContainsFunc(w.nodes[1].events, func(e core.Event) bool { return e.Kind == core.ClusterAdopted && e.Text == "first" }) {
				t.Errorf("events %+v, want one of the cluster adopted", w.nodes[1].events)
			}
			q := w.dialIn(t, 11, 1)
			q.hello(wire.Hello{ClusterID: "second", Reason: wire.Join})
			if f := q.recv(); f.Hello.Refusal != wire.OtherCluster || f.Hello.ClusterID != "first" {
				t.Errorf("answers another cluster %+v", f.Hello)
			}
			r := w.dialIn(t, 12, 1)
			r.hello(wire.Hello{Reason: wire.Join})
			b := core.Origin{Node: 12, Incarnation: 100}
			r.send(frame(info(b, 1, "cluster-id", "second", 9, 0), claim(b, 0, 1)))
			if rec := w.nodes[1].core.Record("cluster-id"); rec != nil && rec.Value == "second" || w.saw(1, core.InfoRefused) != 1 || !r.up() {
				t.Errorf("the ID of another cluster: holds %s, events %+v, the link is up: %t", show(rec), w.nodes[1].events, r.up())
			}
			if got := w.add(1, "cluster-id", "second", 0); got != core.OtherCluster {
				t.Errorf("a write of another cluster's ID ends with %d, want %d", got, core.OtherCluster)
			}
		})
	}
}

// TestRaisedIncarnationWaits: a node says nothing under an incarnation before that is durable.
func TestRaisedIncarnationWaits(t *testing.T) {
	w := newWorld(1, nil)
	w.handSaves = true
	w.nodes[1].seeds = []wire.Addr{addrOf(10)}
	w.start(1)
	n := &w.nodes[1]
	w.run(5 * second)
	p := w.dialIn(t, 10, 1)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join})
	w.run(second)
	if len(n.dials) > 0 || p.bytes() != nil {
		t.Fatalf("dials %v or answers before its incarnation is durable", n.dials)
	}
	w.saved(1)
	w.drain()
	f := p.recv()
	if f == nil || f.Hello == nil || f.Hello.Incarnation != n.saves[0] {
		t.Fatalf("says %+v, want a Hello with incarnation %d", f, n.saves[0])
	}
	w.run(second)
	p.drop()
	p.send(wire.AppendOrigins(nil, wire.Origin{NodeID: 1, Incarnation: n.saves[0] + 5}))
	if want := n.saves[0] + 6; len(n.saves) != 2 || n.saves[1] != want || w.saw(1, core.IncarnationRaised) != 1 {
		t.Fatalf("told of a newer life it saves %v, want %d; events %+v", n.saves, want, n.events)
	}
	w.add(1, "k", "v", 0)
	w.run(second)
	if b := p.bytes(); b != nil {
		t.Error("says something under an incarnation that is not durable")
	}
	w.do(1, core.Input{Kind: core.InPersisted, Incarnation: n.saves[0]})
	if b := p.bytes(); b != nil {
		t.Error("takes an older incarnation's being durable for this one's")
	}
	w.saved(1)
	w.drain()
	f = p.recv()
	if f == nil || f.Hello == nil || f.Hello.Incarnation != n.saves[1] {
		t.Errorf("says %+v, want a Hello that announces incarnation %d", f, n.saves[1])
	}
	if errs := w.check(); len(errs) > 0 {
		t.Error(errs)
	}
}
