package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/gossip/gossippb"
	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestSeedOfAMember: a seed is greeted again once the member that was there is found elsewhere.
func TestSeedOfAMember(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	n := &w.nodes[1]
	n.seeds = []wire.Addr{addrOf(10)}
	w.start(1)
	w.describe(1)
	p := w.answer(t, 1, n.dials[0], 10)
	p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Admitted})
	n.dials, n.seeds = nil, []wire.Addr{addrOf(10), addrOf(20)} // it has joined: from here on it greets
	w.command(1, core.Command{Op: core.OpResolvers, Resolvers: 1})
	o := core.Origin{Node: 20, Incarnation: 100}
	moved := func(seq uint64, addr string) {
		d := gossippb.NodeDescriptor{NodeId: 20, Address: &gossippb.UnresolvedAddr{Network: "test", Address: addr}}
		b, err := d.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		p.send(claim(o, seq-1, seq)(info(o, seq, "node:20", string(b), int64(seq), 0)(nil)))
	}
	dials := func() (at20 int) { // none of which is answered
		for range 20 {
			w.run(second)
			p.send(frame(wire.AppendMarksEnd))
			for _, d := range n.dials {
				if d.Addr == addrOf(20) {
					at20++
				}
				w.do(1, core.Input{Kind: core.InDialFailed, Dial: d.ID})
			}
			n.dials = nil
		}
		return at20
	}
	moved(1, "n20")
	if dials() == 0 {
		t.Error("the member is not dialled")
	}
	moved(2, "elsewhere")
	if dials() == 0 {
		t.Error("the seed where a member was is not greeted")
	}
	if !p.up() {
		t.Error("the only link has ended")
	}
}
