package core_test

import (
	"fmt"
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

// TestProbesLessOften: a node that is alone asks a member each second how far it is; the longer nothing comes of it, the less often: each
// 64 seconds in the end. Once one is near, it asks as often as in the beginning.
func TestProbesLessOften(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.start(1)
	w.describe(1)
	first := w.admitted(t, 10, 1, wire.Chord)
	peers := []*peer{first}
	members := map[wire.Addr]uint64{}
	for id := uint64(100); id < 220; id++ {
		members[addrOf(id)] = id
		x := core.Origin{Node: id, Incarnation: uint64(epoch) + id}
		first.send(frame(info(x, 1, fmt.Sprint("node:", id), descriptor(id), 1, 0), claim(x, 0, 1)))
	}
	first.send(wire.AppendPing(nil, wire.Ping{Far: true}))
	var probes []int64
	dials := 0
	// run goes on for d. Each dial is answered after 40 ms and leads to a link; a probe is answered after the given time, and to none.
	run := func(d, trip int64) {
		for end := w.now + d; w.now < end; w.run(second) {
			for ; dials < len(w.nodes[1].dials); dials++ {
				p := w.answer(t, 1, w.nodes[1].dials[dials], members[w.nodes[1].dials[dials].Addr])
				if h := p.recv().Hello; h.Reason == wire.Probe {
					probes = append(probes, w.now)
					w.run(trip)
					p.hello(wire.Hello{ClusterID: "test", Reason: h.Reason, Verdict: wire.Refused, Refusal: wire.Busy})
				} else {
					w.run(40 * ms)
					p.hello(wire.Hello{ClusterID: "test", Reason: h.Reason, Verdict: wire.Admitted})
					peers = append(peers, p)
				}
			}
			for _, p := range peers {
				p.send(wire.AppendPing(nil, wire.Ping{}))
			}
		}
	}
	gap := func(i int) int64 { return probes[i] - probes[i-1] }
	run(15*60*second, 40*ms)
	if n := len(probes); n < 50 || n > 60 {
		t.Fatalf("%d probes in a quarter of an hour, want about 55", n)
	}
	if n := len(probes) - 1; gap(3) > 3*second || gap(n) < 64*second || gap(n) > 67*second {
		t.Errorf("%d ms are between two probes in the beginning, and %d in the end, want about 1000 and 64000", gap(3)/ms, gap(n)/ms)
	}
	links := len(peers)
	run(70*second, 2*ms)
	if len(peers) == links {
		t.Fatal("a member that is near is not dialled")
	}
	n := len(probes)
	run(200*second, 40*ms)
	if len(probes) < n+4 || gap(n+2) > 3*second {
		t.Errorf("after one was near, there are probes at %d", probes[n-1:])
	}
}
