package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// declare names the sponsor of an origin.
func declare(o core.Origin, sponsor uint64) part {
	return func(b []byte) []byte {
		return wire.AppendOrigins(b, wire.Origin{NodeID: o.Node, Incarnation: o.Incarnation, Sponsor: sponsor})
	}
}

// grown has a node take its network for settled: a second member comes long after the first.
func grown(w *world, p *peer) {
	for i, o := range []core.Origin{{Node: 8, Incarnation: 1}, {Node: 9, Incarnation: 1}} {
		p.send(frame(info(o, 1, []string{"node:8", "node:9"}[i], descriptor(o.Node), 1, 0), claim(o, 0, 1)))
		w.run(second)
		p.send(wire.AppendPing(nil, wire.Ping{}))
	}
}

// TestStrangers: the first update of an origin goes along the links that nodes joined through while the network is
// assembling; then along the tree of its sponsor; and where that is unknown it is advertised, with the request to ask.
func TestStrangers(t *testing.T) {
	sponsor, o := core.Origin{Node: 40, Incarnation: 100}, core.Origin{Node: 41, Incarnation: 100}
	first := []part{info(o, 1, "k", "v", 1, 0), claim(o, 0, 1)}
	tests := []struct {
		name   string
		settle bool
		by     uint64
		pushed [2]bool // over the join link, over the chord whose peer asked for the sponsor
		pull   bool
	}{
		{"while young", false, 0, [2]bool{true, false}, false},
		{"of a known sponsor", true, 40, [2]bool{false, true}, false},
		{"of an unknown sponsor", true, 77, [2]bool{false, false}, true},
		{"without a sponsor", true, 0, [2]bool{false, false}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(1, nil)
			w.handDials = true
			w.start(1)
			from, join, chord := w.admitted(t, 10, 1, wire.Chord), w.admitted(t, 11, 1, wire.Join), w.admitted(t, 12, 1, wire.Chord)
			from.send(frame(info(sponsor, 1, "s", "v", 1, 0), claim(sponsor, 0, 1)))
			if tt.settle {
				grown(w, from)
			}
			chord.send(frame(graft(sponsor, 1)))
			join.send(wire.AppendPrune(nil, wire.Prune{NodeID: sponsor.Node, Incarnation: sponsor.Incarnation}))
			w.run(100 * ms)
			join.drop()
			chord.drop()
			from.send(frame(append([]part{declare(o, tt.by)}, first...)...))
			for i, p := range []*peer{join, chord} {
				s := p.listen()
				if got := len(s.infos) == 1; got != tt.pushed[i] {
					t.Errorf("peer %d: pushed at once: %t, want %t", p.id, got, tt.pushed[i])
				}
				if got := len(s.adverts) == 1 && s.adverts[0].Pull; got != tt.pull {
					t.Errorf("peer %d: at once it hears adverts %+v, want one to pull: %t", p.id, s.adverts, tt.pull)
				}
			}
		})
	}
}

// TestOwnSponsor: a node that joined through a peer pushes what it writes there, and says through whom it joined.
func TestOwnSponsor(t *testing.T) {
	w, p := dialer(t, 10, nil)
	p.recv()
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	other := w.admitted(t, 11, 1, wire.Chord)
	w.add(1, "k", "v", 0)
	for f := p.recv(); ; f = p.recv() {
		if f == nil {
			t.Fatal("nothing is pushed to the node that it joined through")
		}
		if len(f.Infos) > 0 {
			if len(f.Origins) != 1 || f.Origins[0].NodeID != 1 || f.Origins[0].Sponsor != 10 {
				t.Errorf("it declares %+v, want itself with sponsor 10", f.Origins)
			}
			break
		}
	}
	if s := other.listen(); len(s.infos) != 0 {
		t.Errorf("another peer hears %+v", s)
	}
}
