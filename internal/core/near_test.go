package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestProbe: who only asks how far a node is gets an answer, and nothing else comes of it, whatever room there is.
func TestProbe(t *testing.T) {
	w := newWorld(1, nil)
	w.start(1)
	linked := w.admitted(t, 10, 1, wire.Chord)
	events := len(w.nodes[1].events)
	for _, id := range []uint64{10, 11} {
		p := w.dialIn(t, id, 1)
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Probe})
		if f := p.recv(); f == nil || f.Hello == nil || f.Hello.Verdict != wire.Refused || f.Hello.Refusal != wire.Busy {
			t.Errorf("node %d is answered %+v, want a refusal for want of room", id, f)
		}
		p.close()
	}
	if got := w.nodes[1].events[events:]; len(got) > 0 {
		t.Errorf("events %+v, want none", got)
	}
	if !linked.up() || w.saw(1, core.LinkUp) != 1 {
		t.Errorf("the link that was there is up %t, of %d, want one", linked.up(), w.saw(1, core.LinkUp))
	}
}

// TestParted: a peer that can do without a link says so. That is no refusal, and no reason to doubt that the peer is there.
func TestParted(t *testing.T) {
	w := three(t)
	dials := dialsTo(w, 1, 3)
	k := w.wire(3, 1)
	k.out = append(k.out, wire.AppendBye(nil, wire.Bye{}))
	w.settle()
	if w.linkOf(1, 3) != 0 {
		t.Fatal("the link is still there")
	}
	if n := w.saw(1, core.PeerRefusedUs); n > 0 {
		t.Errorf("%d events of a refusal, want none", n)
	}
	w.run(5 * second)
	if n := dialsTo(w, 1, 3) + dialsTo(w, 3, 1) - dials; w.linkOf(1, 3) == 0 || n == 0 {
		t.Errorf("after %d dials, the nodes have no link, which both need", n)
	}
	for i := 1; i <= 3; i++ {
		if got := suspicions(w, i, 3); len(got) > 0 {
			t.Errorf("node %d holds suspicions %q", i, got)
		}
	}
}
