package core_test

import (
	"testing"

	"github.com/grapevine-go/grapevine/internal/core"
	"github.com/grapevine-go/grapevine/internal/wire"
)

// TestTwoMemoriesAreNoDuplicate: two peers that remember different earlier lives of this node are not another node.
func TestTwoMemoriesAreNoDuplicate(t *testing.T) {
	w := newWorld(1, nil)
	w.handDials = true
	w.nodes[1].seeds = []wire.Addr{addrOf(10), addrOf(11)}
	w.start(1)
	n := &w.nodes[1]
	inc := n.core.Incarnation()
	for i := range uint64(2) {
		p := w.answer(t, 1, n.dials[len(n.dials)-1], 10+i)
		p.drop()
		p.hello(wire.Hello{ClusterID: "test", Reason: wire.Join, Verdict: wire.Refused, Refusal: wire.DuplicateNode, KnownIncarnation: inc + 1000*(i+1)})
		p.close()
		w.run(200 * ms)
	}
	if n.fatal != 0 || n.core.Incarnation() != inc+2001 {
		t.Errorf("fatal %d, incarnation +%d, want 0 and +2001", n.fatal, n.core.Incarnation()-inc)
	}
}

// TestIDWithANewerLife: a node that is told an ID whose newer life it knows already takes a life after that.
func TestIDWithANewerLife(t *testing.T) {
	w := newWorld(2, func(c *core.Config) {
		if c.Node == 2 {
			c.Node = 0
		}
	})
	w.nodes[2].seeds = []wire.Addr{addrOf(1)}
	w.start(1)
	p := w.admitted(t, 10, 1, wire.Chord)
	known := core.Origin{Node: 2, Incarnation: uint64(epoch + hour)} // when its clock was ahead
	p.send(frame(info(known, 1, "k", "v", 1, 0), claim(known, 0, 1)))
	w.start(2)
	w.run(second)
	w.describe(2)
	w.run(10 * second)
	if got := w.nodes[2].core.Incarnation(); got <= known.Incarnation {
		t.Errorf("node 2 publishes under %d, want one after %d", got, known.Incarnation)
	}
}
