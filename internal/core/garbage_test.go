package core_test

import (
	"fmt"
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestGarbage: what a peer must not say ends its link, with the right word, and nothing of it is believed.
func TestGarbage(t *testing.T) {
	good := core.Origin{Node: 20, Incarnation: 100}
	tests := []struct {
		name string
		say  func(own core.Origin) []part
		want wire.Refusal
	}{
		{"an info that the node never wrote", func(own core.Origin) []part { return []part{info(own, 2, "k", "v", 1, 0)} }, wire.DuplicateNode},
		{"a claim of what the node never wrote", func(own core.Origin) []part { return []part{claim(own, 0, 2)} }, wire.Misbehaved},
		{"an advert of what the node never wrote", func(own core.Origin) []part { return []part{advert(own, 2)} }, wire.Misbehaved},
		{"a mark of what the node never wrote", func(own core.Origin) []part {
			return []part{func(b []byte) []byte {
				return wire.AppendMark(b, wire.Mark{NodeID: own.Node, Incarnation: own.Incarnation, Seq: 2})
			}}
		}, wire.DuplicateNode},
		{"an answer", func(core.Origin) []part {
			return []part{func(b []byte) []byte {
				h := wire.Hello{MinVersion: 1, MaxVersion: 1, Incarnation: uint64(epoch) + 10, Verdict: wire.Admitted}
				return wire.AppendHello(b, 10, addrOf(10), &h, false)
			}}
		}, wire.Misbehaved},
		{"another ID", func(core.Origin) []part {
			return []part{func(b []byte) []byte {
				h := wire.Hello{MinVersion: 1, MaxVersion: 1, Incarnation: uint64(epoch) + 10}
				return wire.AppendHello(b, 11, addrOf(11), &h, false)
			}}
		}, wire.Misbehaved},
		{"an older life", func(core.Origin) []part {
			return []part{func(b []byte) []byte {
				h := wire.Hello{MinVersion: 1, MaxVersion: 1, Incarnation: 5}
				return wire.AppendHello(b, 10, addrOf(10), &h, false)
			}}
		}, wire.Misbehaved},
		{"another cluster, later", func(core.Origin) []part {
			return []part{func(b []byte) []byte {
				h := wire.Hello{MinVersion: 1, MaxVersion: 1, Incarnation: uint64(epoch) + 10, ClusterID: "other"}
				return wire.AppendHello(b, 10, addrOf(10), &h, false)
			}}
		}, wire.OtherCluster},
		{"an incarnation beyond all clocks", func(core.Origin) []part {
			return []part{info(core.Origin{Node: 20, Incarnation: 1 << 62}, 1, "k", "v", 1, 0)}
		}, wire.Misbehaved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, p := lone(t, nil)
			w.add(1, "mine", "v", 0)
			own := w.origin(1)
			marks := w.nodes[1].core.Marks()[own]
			p.send(frame(append([]part{info(good, 1, "good", "v", 1, 0), claim(good, 0, 1)}, tt.say(own)...)...))
			n := &w.nodes[1]
			if p.up() || len(n.closes) != 1 || n.closes[0].Reason != tt.want || w.saw(1, core.PeerRefused) != 1 {
				t.Errorf("the link is up: %t; closes %+v, want reason %d; events %+v", p.up(), n.closes, tt.want, n.events)
			}
			if got := n.core.Marks(); got[own] != marks || len(got) > 2 {
				t.Errorf("marks are %v", got)
			}
			if errs := w.check(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
	t.Run("a claim beside an info that is refused", func(t *testing.T) {
		w, p := lone(t, nil)
		p.send(frame(claim(good, 0, 5), info(w.origin(1), 9, "k", "v", 1, 0)))
		if got := w.nodes[1].core.Marks()[good]; got != 0 {
			t.Errorf("covers %d of an origin claimed in that frame, want 0", got)
		}
	})
	t.Run("a link that is not there", func(t *testing.T) {
		w, _ := lone(t, nil)
		f, err := decode(wire.AppendPing(nil, wire.Ping{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []core.Input{{Kind: core.InFrame, Link: 77, Frame: f}, {Kind: core.InSent, Link: 77}, {Kind: core.InDown, Link: 77}, {Kind: core.InBadFrame, Link: 77}, {Kind: core.InDialFailed, Dial: 77}} {
			w.do(1, in)
		}
		if errs := w.check(); len(errs) > 0 {
			t.Error(errs)
		}
	})
}

// TestLimits: a node that holds all it can takes no more, says so, and goes on with what it has.
func TestLimits(t *testing.T) {
	a := core.Origin{Node: 20, Incarnation: 100}
	t.Run("infos", func(t *testing.T) {
		w, p := lone(t, func(c *core.Config) { c.Limits.Infos = 3 })
		for i := range uint64(3) {
			p.send(frame(info(a, i+1, fmt.Sprint("k", i), "v", 1, 0), claim(a, i, i+1)))
		}
		p.send(frame(info(a, 4, "k0", "w", 2, 0), claim(a, 3, 4)))
		if !p.up() || w.nodes[1].core.Record("k0").Value != "w" {
			t.Error("a key that is there cannot be written again")
		}
		if got := w.add(1, "k9", "v", 0); got != core.LimitReached {
			t.Errorf("a write of one more key ends with %d, want %d", got, core.LimitReached)
		}
		if got := w.add(1, "k1", "w", 0); got != core.OK {
			t.Errorf("a write of a key that is there ends with %d", got)
		}
		p.send(frame(info(a, 5, "k9", "v", 2, 0), claim(a, 4, 5)))
		if p.up() || w.nodes[1].closes[0].Reason != wire.Busy || w.saw(1, core.LimitHit) != 1 {
			t.Errorf("one key more: the link is up: %t; closes %+v", p.up(), w.nodes[1].closes)
		}
		if got := w.nodes[1].core.Marks()[a]; got != 4 {
			t.Errorf("covers %d, want 4", got)
		}
	})
	t.Run("origins", func(t *testing.T) {
		w := newWorld(1, func(c *core.Config) { c.Limits.Origins = 3 })
		w.start(1)
		p := w.admitted(t, 10, 1, wire.Chord) // itself, and its peer
		p.send(frame(info(a, 1, "k", "v", 1, 0), claim(a, 0, 1)))
		if !p.up() {
			t.Fatal("the third origin ends the link")
		}
		b := core.Origin{Node: 21, Incarnation: 100}
		p.send(frame(info(b, 1, "k", "w", 2, 0), claim(b, 0, 1)))
		if p.up() || w.nodes[1].closes[0].Reason != wire.Busy || w.saw(1, core.LimitHit) == 0 {
			t.Errorf("one origin more: the link is up: %t; closes %+v", p.up(), w.nodes[1].closes)
		}
		if w.nodes[1].core.Record("k").Value != "v" {
			t.Error("its info was taken in")
		}
	})
}
